"""Patterns of paths as gitignore(5) writes them, matched in bounded time whatever the pattern is.

CODEOWNERS, .gitattributes, path filters of workflows and GitLab's ``changes`` use the same core: ``*`` and ``?`` stay
within one name, ``**`` is any number of folders.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: No path is longer.
_LONGEST = 4096
_BRACKET = re.compile(r"\[([!^]?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)


class _Name(NamedTuple):
    """The test of one name: what it starts with, and the whole as a regular expression, "" where that is all."""

    start: str
    expression: str

    def fits(self, name: str) -> bool:
        """Whether all of ``name`` fits."""
        if not self.expression:
            return name == self.start
        return name.startswith(self.start) and _compiled(self.expression).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


class PathPattern(NamedTuple):
    """One test for each name of a path; None stands for any number of folders."""

    parts: tuple[_Name | None, ...]

    def matches(self, path: str) -> bool:
        """Whether all of ``path`` fits.

        As with ``*`` in a name it is enough to go back to the last ``**``: an earlier one that took more would leave
        less for the rest.
        """
        if len(self.parts) == 2 and self.parts[0] is None and (last := self.parts[1]) is not None:
            return last.fits(path.rpartition("/")[2])
        names = path.split("/")
        parts, at, back, resume = self.parts, 0, -1, 0
        index = 0
        while index < len(names):
            if at < len(parts) and parts[at] is None:
                back, resume = at, index
                at += 1
            elif at < len(parts) and (part := parts[at]) is not None and part.fits(names[index]):
                at += 1
                index += 1
            elif back >= 0:
                resume += 1
                at, index = back + 1, resume
            else:
                return False
        return all(part is None for part in parts[at:])


def pattern(text: str, *, anchored: bool) -> PathPattern | None:
    """The pattern ``text``, without a slash at its ends; None for one that can fit nothing.

    One that is not ``anchored`` fits at any depth.
    """
    if len(text) > _LONGEST:
        return None
    names = text.split("/")
    parts: list[_Name | None] = [] if anchored else [None]
    for index, name in enumerate(names):
        if name == "**" and len(names) > 1:
            parts += [None] if not parts or parts[-1] is not None else []
            if index == len(names) - 1:
                parts.append(_Name("", ".+"))
            continue
        one = _name(name)
        if one is None:
            return None
        parts.append(one)
    return PathPattern(tuple(parts))


def _name(text: str) -> _Name | None:
    """The test of one name. Each ``*`` takes what it takes once and for all, so that nothing is tried twice."""
    fixed = [""]
    plain: list[str] | None = []
    start = ""
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        bracket = _BRACKET.match(text, index - 1) if char == "[" else None
        if plain is not None and (char in "*?" or bracket is not None):
            start, plain = "".join(plain), None
        if char == "*":
            fixed += [""] if fixed[-1] or len(fixed) == 1 else []
        elif char == "?":
            fixed[-1] += "."
        elif bracket is not None:
            fixed[-1] += _class(bracket)
            index = bracket.end()
        else:
            if char == "\\" and index < len(text):
                char = text[index]
                index += 1
            fixed[-1] += re.escape(char)
            if plain is not None:
                plain.append(char)
    if plain is not None:
        return _Name("".join(plain), "")
    first, *rest = fixed
    middle = "".join(f"(?=(?P<g{number}>.*?{part}))(?P=g{number})" for number, part in enumerate(rest[:-1]))
    expression = first + middle + (f".*{rest[-1]}" if rest else "")
    try:
        if "[" in text:
            _compiled(expression)
    except (re.error, RecursionError, OverflowError):  # a range that runs backwards
        return None
    return _Name(start, expression)


def _class(bracket: re.Match[str]) -> str:
    inverted, members = bracket.groups()
    inner = re.sub(r"\\(.)|([\\\[\]&~|^])", lambda found: re.escape(found[1] or found[2]), members, flags=re.DOTALL)
    return f"[{'^' if inverted else ''}{inner}]"
