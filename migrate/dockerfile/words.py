"""Words: quotes, escapes and variables by BuildKit's rules (its shell/lex.go), and how instructions split into words.

Nothing here knows an environment until :func:`expand`: a word is first read into ``migrate.words`` parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from migrate.dockerfile.gotext import BLANK, BLANKS, SPACE
from migrate.dockerfile.patterns import PatternError, cut_prefix, cut_suffix, glob, replace
from migrate.words import Literal, Part, Variable, Word, merged

SPECIAL_PARAMETERS = "@*#?-$!"
MAX_DEPTH = 100
"""How deep ``${a:-${b:-...}}`` may nest here (BuildKit has no limit, Python's stack has)."""


class WordError(Exception):
    """A word that BuildKit refuses: why, and the offset in the word where it goes wrong."""

    def __init__(self, message: str, offset: int = 0) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message, offset)


@lru_cache(maxsize=1024)
def parse_word(text: str, escape: str = "\\", *, quotes: bool = True) -> Word:
    """What the one word ``text`` means; ``quotes=False`` is the rule for heredoc bodies (quotes stand for themselves).

    Raises WordError for every spelling that BuildKit refuses whatever the environment is.
    """
    if _special(escape, quotes).search(text) is None:
        return (Literal(text),) if text else ()
    return merged([part for item in _Lexer(text, escape, quotes=quotes).items() for part in item.parts])


def parse_body(body: str) -> Word:
    """What a heredoc body that COPY or ADD expands means: the escape is always a backslash, quotes are literal."""
    return parse_word(body, quotes=False)


def expand(word: Word, env: Mapping[str, str]) -> str:
    """The text of ``word`` in ``env``; raises WordError for ``?`` on an unset name and for a bad pattern."""
    return "".join([part.text if isinstance(part, Literal) else _value(part, env) for part in word])


def expand_words(text: str, env: Mapping[str, str], escape: str = "\\") -> list[str]:
    """The words that one EXPOSE operand becomes: its variables are expanded first, then whitespace splits."""
    return _fold(_Lexer(text, escape).items(), lambda part: expand((part,), env))


def raw_words(line: str) -> list[str]:
    """The words of an instruction in which BuildKit looks for ``<<NAME``: quotes and escapes are still in them.

    Empty when the line cannot be lexed, as BuildKit then sees no heredoc.
    """
    try:
        return _fold(_Lexer(line, "\\", raw_quotes=True, keep=True).items(raw=True), _source)
    except WordError:
        return []


def kept_words(text: str, *, raw_quotes: bool) -> list[str]:
    """The words of a heredoc name, variables left as they are written; raises WordError."""
    return _fold(_Lexer(text, "\\", raw_quotes=raw_quotes, keep=True).items(), _source)


class Piece(NamedTuple):
    """A stretch of an instruction's text: what it says and where; ``text`` may lack a final lone escape."""

    text: str
    start: int
    end: int


def blank_separated(text: str, start: int = 0) -> list[Piece]:
    """The operands of FROM, EXPOSE and the plain form of COPY, ADD and VOLUME: split at blanks, quotes unseen."""
    return [Piece(match.group(), match.start(), match.end()) for match in _non_blanks().finditer(text, start)]


def quoted_words(text: str, start: int, escape: str) -> list[Piece]:
    """The words of ENV, LABEL and ARG: split at spaces outside quotes, quotes and escapes kept."""
    found = []
    for match in _quoted_word(escape).finditer(text, start):
        end = match.end() - (match.lastindex is not None)
        if end > match.start():
            found.append(Piece(text[match.start() : end], match.start(), match.end()))
    return found


def legacy_pair(text: str, start: int) -> tuple[Piece, Piece] | None:
    """The name and the rest of an old-style ``ENV name rest``, None when there is no rest."""
    gap = BLANKS.search(text, start)
    if gap is None:
        return None
    return Piece(text[start : gap.start()], start, gap.start()), Piece(text[gap.end() :], gap.end(), len(text))


@lru_cache(maxsize=1)
def _non_blanks() -> re.Pattern[str]:
    return re.compile(f"[^{BLANK}]+")


@lru_cache(maxsize=8)
def _special(escape: str, quotes: bool) -> re.Pattern[str]:
    return re.compile(("[$'\"\ufeff" if quotes else "[$\ufeff") + re.escape(escape) + "]")


@lru_cache(maxsize=2)
def _quoted_word(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    # The two groups catch an escape at the very end, which belongs to no character and is dropped.
    return re.compile(
        rf"""(?:[^{SPACE}'"{e}]+|{e}(?s:.)|({e})\Z|'[^']*(?:'|\Z)|"(?:[^"{e}]+|{e}(?s:.))*(?:"|({e})?\Z))+"""
    )


class _Item(NamedTuple):
    """A stretch of a word. ``solid``: its spaces do not split words.

    ``restarts``: it holds a ``${name<op>word}``, at which BuildKit forgets the word collected so far (shared buffer).
    """

    solid: bool
    parts: list[Part]
    restarts: bool = False


class _Lexer:
    """One pass over a text. ``raw_quotes`` and ``keep`` are only for heredoc headers: quotes and variables stay."""

    def __init__(
        self, text: str, escape: str, *, quotes: bool = True, raw_quotes: bool = False, keep: bool = False
    ) -> None:
        self.text = text
        self.pos = 1 if text.startswith("\ufeff") else 0
        self.escape = escape
        self.quotes = quotes
        self.raw_quotes = raw_quotes
        self.keep = keep
        self.restarted = False
        self.depth = 0

    def items(self, stop: str = "", *, raw: bool = False) -> list[_Item]:
        """What stands up to ``stop`` (which is consumed) or the end; ``raw`` keeps the escapes."""
        text = self.text
        found: list[_Item] = []
        plain = _plain_run(self.escape, self.quotes, stop)
        while self.pos < len(text):
            char = text[self.pos]
            if char == stop:
                self.pos += 1
                return found
            if char == "$":
                self.restarted = False
                found.append(_Item(False, [self._dollar()], self.restarted))
            elif char == "<":
                found.append(_Item(True, [Literal(self._arrows())]))
            elif char in "'\"" and self.quotes:
                self.restarted = False
                parts = self._single() if char == "'" else self._double(raw)
                found.append(_Item(True, parts, self.restarted))
            elif char == self.escape:
                found += self._escaped(raw)
            else:
                match = plain.match(text, self.pos)
                assert match is not None
                self.pos = match.end()
                found.append(_Item(False, [Literal(match.group())]))
        if stop:
            raise WordError(f"missing '{stop}'", len(text))
        return found

    def _escaped(self, raw: bool) -> list[_Item]:
        kept = self.text[self.pos + (not raw) : self.pos + 2]
        self.pos += 2
        return [_Item(True, [Literal(kept)])] if kept else []

    def _arrows(self) -> str:
        start = self.pos
        self.pos += 1
        if self.text.startswith("<", self.pos):
            self.pos += 1
            while self.pos < len(self.text) and self.text[self.pos] in "\t\r ":
                self.pos += 1
        return self.text[start : self.pos]

    def _single(self) -> list[Part]:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            raise WordError("no matching single quote", self.pos)
        inner = self.text[self.pos + 1 : end]
        self.pos = end + 1
        return [Literal(f"'{inner}'" if self.raw_quotes else inner)]

    def _double(self, raw: bool) -> list[Part]:
        text, opening = self.text, self.pos
        parts: list[Part] = [Literal('"')] if self.raw_quotes else []
        self.pos += 1
        plain = _quoted_run(self.escape)
        while self.pos < len(text):
            char = text[self.pos]
            if char == '"':
                self.pos += 1
                return [*parts, Literal('"')] if self.raw_quotes else parts
            if char == "$":
                parts.append(self._dollar())
            elif char == self.escape:
                parts.append(Literal(self._escaped_in_quotes(raw)))
            else:
                match = plain.match(text, self.pos)
                assert match is not None
                self.pos = match.end()
                parts.append(Literal(match.group()))
        raise WordError("no matching double quote", opening)

    def _escaped_in_quotes(self, raw: bool) -> str:
        following = self.text[self.pos + 1 : self.pos + 2]
        kept = self.escape if raw else ""
        if following and following in '"$' + self.escape:
            self.pos += 2
            return kept + following
        self.pos += 1
        # When escapes are kept, BuildKit writes one that escapes nothing twice.
        return kept + self.escape if following else kept

    def _name(self) -> str:
        text, start = self.text, self.pos
        first = text[start : start + 1]
        if first.isdecimal():
            while self.pos < len(text) and text[self.pos].isdecimal():
                self.pos += 1
        elif first and first in SPECIAL_PARAMETERS:
            self.pos += 1
        else:
            while self.pos < len(text) and _in_name(text[self.pos]):
                self.pos += 1
        return text[start : self.pos]

    def _dollar(self) -> Part:
        start = self.pos
        self.pos += 1
        if self.text.startswith("{", self.pos):
            self.pos += 1
            return self._braced(start)
        name = self._name()
        if not name or self.keep:
            return Literal("$" + name)
        return Variable(name)

    def _braced(self, start: int) -> Part:
        text = self.text
        if self.pos >= len(text):
            raise WordError("missing '}'", start)
        if text[self.pos] in "{}:":
            raise WordError("no variable name", start)
        name = self._name()
        operator = text[self.pos : self.pos + 1]
        self.pos += 1
        if operator == "}":
            return Literal(f"${{{name}}}") if self.keep else Variable(name)
        if operator == "/":
            return self._replacement(name, start)
        if operator == ":":
            operator += text[self.pos : self.pos + 1]
            self.pos += 1
        if operator == ":" or operator[:1] not in (":", "+", "-", "?", "#", "%") or operator in (":#", ":%"):
            raise _unsupported(operator, start)
        return self._operated(name, operator, start)

    def _operated(self, name: str, operator: str, start: int) -> Part:
        operand = self._operand("}", operator in "#%", start)
        if self.keep:
            return Literal(f"${{{name}{operator}{_source_of(operand)}}}")
        if operator not in ("-", ":-", "+", ":+", "?", ":?", "#", "%"):
            raise _unsupported(operator, start)
        if operator in "#%":
            operator, operand = _doubled(operator, operand)
            _check_pattern(operand, operator[0] == "%", start)
        return Variable(name, operator, operand)

    def _replacement(self, name: str, start: int) -> Part:
        operator = "/"
        if self.text.startswith("/", self.pos):
            operator = "//"
            self.pos += 1
        pattern = self._operand("/", True, start)
        replacement = self._operand("}", True, start)
        if self.keep:
            return Literal(f"${{{name}/{_source_of(pattern)}/{_source_of(replacement)}}}")
        _check_pattern(pattern, False, start)
        return Variable(name, operator, pattern, replacement)

    def _operand(self, stop: str, raw: bool, start: int) -> Word:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WordError("substitutions nest too deeply", start)
        try:
            items = self.items(stop, raw=raw)
        except WordError as error:
            # Running off the end is told at the place where the variable begins.
            raise WordError(error.message, start if error.offset >= len(self.text) else error.offset) from None
        self.depth -= 1
        self.restarted = True
        return merged([part for item in items for part in item.parts])


def _in_name(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


@lru_cache(maxsize=16)
def _plain_run(escape: str, quotes: bool, stop: str) -> re.Pattern[str]:
    return re.compile("[^$<" + ("'\"" if quotes else "") + re.escape(escape + stop) + "]+")


@lru_cache(maxsize=2)
def _quoted_run(escape: str) -> re.Pattern[str]:
    return re.compile('[^$"' + re.escape(escape) + "]+")


def _unsupported(operator: str, start: int) -> WordError:
    return WordError(f"'{operator}' is no operator of a substitution" if operator else "missing '}'", start)


def _doubled(operator: str, operand: Word) -> tuple[str, Word]:
    first = operand[0] if operand else None
    if isinstance(first, Literal) and first.text.startswith(operator):
        return operator * 2, merged([Literal(first.text[1:]), *operand[1:]])
    return operator, operand


def _check_pattern(pattern: Word, backwards: bool, start: int) -> None:
    if any(not isinstance(part, Literal) for part in pattern):
        return
    try:
        glob(_source_of(pattern), backwards=backwards)
    except PatternError as error:
        raise WordError(str(error), start) from None


def _source(part: Part) -> str:
    assert isinstance(part, Literal)
    return part.text


def _source_of(word: Word) -> str:
    return "".join(_source(part) for part in word)


def _fold(items: list[_Item], text_of: Callable[[Part], str]) -> list[str]:
    """Words out of items: spaces split only in plain text and in the values of unquoted variables."""
    words: list[str] = []
    buffer, in_word = "", False
    for item in items:
        text = "".join(text_of(part) for part in item.parts)
        if item.restarts:
            buffer = ""
        if item.solid:
            buffer, in_word = buffer + text, True
            continue
        for run, space in _runs(text):
            if not space:
                buffer, in_word = buffer + run, True
            elif in_word and buffer:
                words.append(buffer)
                buffer, in_word = "", False
    return [*words, buffer] if buffer else words


def _runs(text: str) -> list[tuple[str, bool]]:
    runs = re.finditer(f"([{SPACE}]+)|[^{SPACE}]+", text)
    return [(match.group(), match.lastindex is not None) for match in runs]


def _value(part: Part, env: Mapping[str, str]) -> str:
    assert isinstance(part, Variable)
    value = env.get(part.name)
    operand = expand(part.operand, env)
    replacement = expand(part.replacement, env)
    operator = part.operator
    if operator in ("", "-", ":-", "+", ":+", "?", ":?"):
        return _chosen(part.name, operator, value, operand)
    try:
        if operator in ("/", "//"):
            return replace(value or "", operand, replacement, every=operator == "//")
        cut = cut_prefix if operator[0] == "#" else cut_suffix
        if len(operator) == 1 and operand.startswith(operator):
            return cut(value or "", operand[1:], longest=True)
        return cut(value or "", operand, longest=len(operator) == 2)
    except PatternError as error:
        raise WordError(str(error)) from None


def _chosen(name: str, operator: str, value: str | None, operand: str) -> str:
    missing = value is None or (operator.startswith(":") and value == "")
    if operator.endswith("-"):
        return operand if missing else value or ""
    if operator.endswith("+"):
        return "" if missing else operand
    if operator.endswith("?") and missing:
        raise WordError(f"{name}: {operand or ('must not be empty' if value == '' else 'must be set')}")
    return value or ""
