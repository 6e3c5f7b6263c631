"""Calls of earth as text for a POSIX shell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.callsites.translate import EarthCall
from migrate.callsites.values import Value

_LINE_END = re.compile(r"(?:\\\r?\n)+\Z")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def on_one_line(made: EarthCall, tool: str) -> str:
    """The call as a line for the shell, what it needs in its environment in front."""
    first, arguments = in_parts(made, tool)
    return environment(made) + " ".join([first, *arguments])


def in_parts(made: EarthCall, tool: str) -> tuple[str, list[str]]:
    """The call up to its target, and the arguments behind that."""
    first = " ".join([tool, *map(spelled, made.flags), quoted(made.reference)])
    return first, [*map(spelled, made.arguments)]


def environment(made: EarthCall) -> str:
    """What stands in front of a call: the variables that it needs."""
    return "".join(f"{name}={spelled(value)} " for name, value in made.environment)


def spelled(value: Value) -> str:
    """``value`` as a shell word."""
    result, quote = "", ""
    for piece in value.pieces:
        kind = piece.quote if piece.quote in ('"', "'") else ""
        if kind != quote:
            result += quote + kind
            quote = kind
        result += quoted(piece.text or "") if piece.quote == "new" else piece.raw
    # A line end without a blank before it belongs to the word that it follows.
    return _LINE_END.sub("", result + quote)


def quoted(text: str) -> str:
    """``text`` as one shell word that means just that."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def like_before(made: EarthCall, text: str, words: Sequence[Value], tool: str) -> str:
    """The call on one line, or on several where the old one, ``words`` of ``text``, was."""
    first, arguments = in_parts(made, tool)
    begin, end = words[0].start, words[-1].end
    gap = re.search(r"(\\\r?\n)([ \t]*)", text[begin:end])
    if gap is None or not arguments:
        return " ".join([first, *arguments])
    line = text[text.rfind("\n", 0, begin) + 1 : begin]
    own = line[: len(line) - len(line.lstrip(" \t"))]
    indent = gap[2] if len(gap[2]) > len(own) or not gap[2].startswith(own) else f"{own}    "
    return f" {gap[1]}{indent}".join([first, *arguments])
