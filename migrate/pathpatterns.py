"""Patterns of paths as gitignore(5) writes them, matched in bounded time whatever the pattern is.

CODEOWNERS, .gitattributes, path filters of workflows and GitLab's ``changes`` use the same core: ``*`` and ``?`` stay
within one name, ``**`` is any number of folders.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: No path is longer.
_LONGEST = 4096
_BRACKET = re.compile(r"\[([!^]?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)


class PathPattern(NamedTuple):
    """One test for each name of a path; None stands for any number of folders."""

    parts: tuple[re.Pattern[str] | None, ...]

    def matches(self, path: str) -> bool:
        """Whether all of ``path`` fits.

        As with ``*`` in a name it is enough to go back to the last ``**``: an earlier one that took more would leave
        less for the rest.
        """
        names = path.split("/")
        parts, at, back, resume = self.parts, 0, -1, 0
        index = 0
        while index < len(names):
            if at < len(parts) and parts[at] is None:
                back, resume = at, index
                at += 1
            elif at < len(parts) and _fits(parts[at], names[index]):
                at += 1
                index += 1
            elif back >= 0:
                resume += 1
                at, index = back + 1, resume
            else:
                return False
        return all(part is None for part in parts[at:])


def _fits(part: re.Pattern[str] | None, name: str) -> bool:
    return part is not None and part.fullmatch(name) is not None


def pattern(text: str, *, anchored: bool) -> PathPattern | None:
    """The pattern ``text``, without a slash at its ends; None for one that can fit nothing.

    One that is not ``anchored`` fits at any depth.
    """
    if len(text) > _LONGEST:
        return None
    names = text.split("/")
    parts: list[re.Pattern[str] | None] = [] if anchored else [None]
    for index, name in enumerate(names):
        if name == "**" and len(names) > 1:
            parts += [None] if not parts or parts[-1] is not None else []
            if index == len(names) - 1:
                parts.append(re.compile(".+", re.DOTALL))
            continue
        one = _name(name)
        if one is None:
            return None
        parts.append(one)
    return PathPattern(tuple(parts))


def _name(text: str) -> re.Pattern[str] | None:
    """The test of one name. Each ``*`` takes what it takes once and for all, so that nothing is tried twice."""
    fixed = [""]
    index = 0
    while index < len(text):
        char = text[index]
        index += 1
        if char == "*":
            fixed += [""] if fixed[-1] or len(fixed) == 1 else []
        elif char == "?":
            fixed[-1] += "."
        elif char == "[" and (bracket := _BRACKET.match(text, index - 1)) is not None:
            fixed[-1] += _class(bracket)
            index = bracket.end()
        else:
            if char == "\\" and index < len(text):
                char = text[index]
                index += 1
            fixed[-1] += re.escape(char)
    first, *rest = fixed
    middle = "".join(f"(?=(?P<g{number}>.*?{part}))(?P=g{number})" for number, part in enumerate(rest[:-1]))
    try:
        return re.compile(first + middle + (f".*{rest[-1]}" if rest else ""), re.DOTALL)
    except (re.error, RecursionError, OverflowError):  # a range that runs backwards
        return None


def _class(bracket: re.Match[str]) -> str:
    inverted, members = bracket.groups()
    inner = re.sub(r"\\(.)|([\\\[\]&~|^])", lambda found: re.escape(found[1] or found[2]), members, flags=re.DOTALL)
    return f"[{'^' if inverted else ''}{inner}]"
