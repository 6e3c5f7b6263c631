"""Unified diffs that ``patch`` and ``git apply`` accept, and reviewers read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from migrate.diagnostics import visible

NOTHING = "/dev/null"
_NO_NEWLINE = "\\ No newline at end of file\n"
_COLORS = {"---": "bold", "+++": "bold", "@@ ": "cyan", "+": "green", "-": "red"}


def unified(before: str, after: str, before_name: str, after_name: str) -> str:
    """What turns ``before`` into ``after``, ``""`` for nothing; names get their ``a/`` and ``b/``, NOTHING stays."""
    names = [
        name if name == NOTHING else f"{side}/{name.lstrip('/')}"
        for side, name in (("a", before_name), ("b", after_name))
    ]
    return "".join(_lines(_split(before), _split(after), *names))


def painted(diff: str) -> str:
    """``diff`` for a terminal: coloured, and with control characters spelled out."""
    return "".join(_painted(line) for line in _split(diff))


def _lines(before: list[str], after: list[str], before_name: str, after_name: str) -> Iterator[str]:
    for line in difflib.unified_diff(before, after, before_name, after_name):
        yield line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _split(text: str) -> list[str]:
    """Lines by newline alone: str.splitlines would break at form feeds and more."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _painted(line: str) -> str:
    body = line.rstrip("\n")
    text = "\t".join(visible(part) for part in body.removesuffix("\r").split("\t"))
    style = next((name for mark, name in _COLORS.items() if line.startswith(mark)), None)
    if style is None:
        return text + "\n"
    import click  # only a terminal needs it

    return (click.style(text, bold=True) if style == "bold" else click.style(text, fg=style)) + "\n"
