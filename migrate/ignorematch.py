"""Which files of a build context an ignore file leaves out, decided as BuildKit and earth decide it.

Source: moby/patternmatcher (its ignorefile reader, its translation to regular expressions, the results that a folder
hands down to what lies in it) and fsutil's walk.
"""

from __future__ import annotations

import posixpath
import re
from typing import Literal, NamedTuple, TypeAlias

from migrate.wildcards import BRACKET, NOT_SLASH, Automaton, Step

Kind: TypeAlias = Literal["exact", "prefix", "suffix", "regex"]

#: No path is longer; what Docker makes of such a line takes it minutes, too.
_LONGEST = 4096
#: patternmatcher means to escape | { } too, but a byte overflows there.
_ESCAPED = frozenset(".+()$")
_DEEP = "(.*/)?"
_CLASS = r"\[\^?(?:\[:\^?\w+:\]|\\.|[^\\])(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]"
_OPERATOR = r"\||\{\d+(?:,\d*)?\}"
_ATOM = rf"(?:({re.escape(_DEEP)})|(\^)|({_CLASS})|(\\.)|({_OPERATOR})|(.))(\*?)"
_WELL_FORMED = rf"(?:{BRACKET}|\\.|[^\[\\])*"
_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t-\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
#: Letters that mean a class behind a backslash in Go's regular expressions; other letters are not followed here.
_SHORT = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}


class PatternError(Exception):
    """A line that makes the build fail, or that means something nobody meant; the text says what."""


class Pattern(NamedTuple):
    """One line: its cleaned text, whether ``!`` stood in front, and how it is matched."""

    text: str
    is_exception: bool
    kind: Kind
    automaton: Automaton | None

    def matches(self, path: str) -> bool:
        """Whether ``path`` itself fits, whatever its folders do."""
        if self.kind == "exact":
            return path == self.text
        if self.kind == "prefix":
            return path.startswith(self.text[:-2])
        if self.kind == "suffix":
            return path.endswith(self.text[2:]) or self.text[2:] == "/" + path
        return self.automaton is not None and self.automaton.matches(path)


class IgnoreRules:
    """The patterns of one ignore file. Raises PatternError for a text with a line that cannot be followed."""

    def __init__(self, text: str) -> None:
        self.patterns = tuple(_pattern(line) for line in patterns(text))
        self.has_exceptions = any(pattern.is_exception for pattern in self.patterns)
        self._folders: dict[str, tuple[bool, ...]] = {}

    def excludes(self, path: str) -> bool:
        """Whether the file or folder at ``path`` (relative, clean) is left out.

        A folder that is left out stays, empty otherwise, when ``!`` brings something in it back.
        """
        return self._judged(path)[0]

    def _judged(self, path: str) -> tuple[bool, tuple[bool, ...]]:
        """The verdict on ``path``, and for each pattern whether it matched, which then holds for all below it."""
        folder = path.rpartition("/")[0]
        above = self._matched_by(folder) if folder else (False,) * len(self.patterns)
        excluded = False
        found = []
        for pattern, match in zip(self.patterns, above, strict=True):
            # A pattern that would change nothing is not looked at, so it hands nothing down either.
            if not match and pattern.is_exception == excluded:
                match = pattern.matches(path)
            if match:
                excluded = not pattern.is_exception
            found.append(match)
        return excluded, tuple(found)

    def _matched_by(self, folder: str) -> tuple[bool, ...]:
        if folder not in self._folders:
            self._folders[folder] = self._judged(folder)[1]
        return self._folders[folder]


def patterns(text: str) -> tuple[str, ...]:
    """The patterns of an ignore file, cleaned: ``#`` lines and blank ones go, and a slash in front."""
    found = []
    for line in text.removeprefix("\ufeff").split("\n"):
        pattern = "" if line.startswith("#") else line.strip()
        if not pattern:
            continue
        mark = "!" if pattern[0] == "!" else ""
        pattern = pattern[1:].strip() if mark else pattern
        if pattern:
            pattern = _clean(pattern)
            pattern = pattern[1:] if len(pattern) > 1 and pattern[0] == "/" else pattern
        found.append(mark + pattern)
    return tuple(found)


def _clean(path: str) -> str:
    """Go's filepath.Clean: normpath, but two slashes in front are one."""
    return re.sub(r"\A//(?!/)", "/", posixpath.normpath(path))


def _pattern(line: str) -> Pattern:
    if len(line) > _LONGEST:
        raise PatternError(f"a pattern of {len(line)} characters, longer than any path")
    text = _clean(line.strip())
    is_exception = text[0] == "!"
    text = text[1:] if is_exception else text
    if not text:
        raise PatternError('a line with "!" alone')
    if not re.fullmatch(_WELL_FORMED, text, re.DOTALL):
        raise PatternError(f"the malformed pattern {line}")
    kind, expression = _translated(text)
    return Pattern(text, is_exception, kind, _automaton(expression, line) if kind == "regex" else None)


def _translated(text: str) -> tuple[Kind, str]:
    """``text`` as the regular expression that patternmatcher makes of it, or how it is compared without one."""
    kind: Kind = "exact"
    expression = ""
    index = 0
    while index < len(text):
        char, at_start = text[index], index == 0
        index += 1
        if char == "*" and text[index : index + 1] == "*":
            index += 1
            index += text[index : index + 1] == "/"
            if index < len(text):
                kind, expression = "regex", expression + _DEEP
            elif kind == "exact":
                kind = "prefix"
            else:
                kind, expression = "regex", expression + ".*"
            kind = "suffix" if at_start else kind
        elif char in "*?":
            kind, expression = "regex", expression + NOT_SLASH + char.strip("?")
        elif char in _ESCAPED:
            expression += "\\" + char
        elif char == "\\":
            kind, expression = "regex", expression + "\\" + text[index : index + 1]
            index += 1
        else:
            kind = "regex" if char in "[]" else kind
            expression += char
    return kind, expression


def _automaton(expression: str, line: str) -> Automaton:
    steps: list[Step] = []
    for match in re.finditer(_ATOM, expression, re.DOTALL):
        deep, start, bracket, escape, operator, char, star = match.groups()
        if operator:
            raise PatternError(f"a wildcard and {operator} in {line}, which is a regular expression to Docker")
        if deep or start:
            steps.append(Step(None, is_deep=bool(deep), is_start=bool(start)))
            continue
        test = _bracket(bracket) if bracket else _escape(escape) if escape else "." if char == "." else re.escape(char)
        try:
            steps.append(Step(re.compile(test, 0 if char == "." else re.DOTALL), repeats=bool(star)))
        except re.error:
            raise PatternError(f"the malformed pattern {line}") from None
    return Automaton(steps)


def _escape(text: str, *, in_bracket: bool = False) -> str:
    """A backslash and a character of Go's regular expressions, as Python's say it."""
    letter = text[1]
    if letter.isascii() and not letter.isalnum():
        return re.escape(letter)
    short = _SHORT.get(letter.lower())
    if short is None or (in_bracket and letter.isupper()):
        raise PatternError(f"{text}, which is a regular expression to Docker")
    return short if in_bracket else f"[^{short}]" if letter.isupper() else f"[{short}]"


def _bracket(text: str) -> str:
    """A class of Go's regular expressions as Python's."""
    if re.search(r"\[:\^?\w+:\]\Z", text):  # filepath.Match ends the bracket here, the regular expression does not
        raise PatternError(f"the malformed pattern {text}")
    inner = ""
    for match in re.finditer(r"\[:(\^?)(\w+):\]|(\\.)|(.)", text[1:-1], re.DOTALL):
        inverted, posix, escape, char = match.groups()
        if posix and (inverted or posix not in _POSIX):
            raise PatternError(f"[:{inverted}{posix}:], which is a regular expression to Docker")
        inner += _POSIX[posix] if posix else _escape(escape, in_bracket=True) if escape else _plain(char)
    return f"[{inner}]"


def _plain(char: str) -> str:
    return "\\" + char if char in "[]&~|" else char
