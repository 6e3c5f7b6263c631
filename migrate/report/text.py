"""Diagnostics for people: place, code, message, the line with a caret, a hint."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate

import click

from migrate.convert import Conversion
from migrate.diagnostics import Diagnostic, Severity, visible
from migrate.spans import Span

COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_WIDEST = 160
_TAB = 4
_MOST_LINES = 60
_MOST_NAMED = 3


def render(conversion: Conversion, *, color: bool = False, least: Severity = Severity.INFO) -> str:
    """All diagnostics of ``conversion`` from severity ``least`` on, a blank line after each."""
    return render_found(conversion.diagnostics, {conversion.path: conversion.lines}, color=color, least=least)


def render_found(
    diagnostics: Sequence[Diagnostic],
    lines: Mapping[str, Sequence[str]],
    *,
    color: bool = False,
    least: Severity = Severity.INFO,
) -> str:
    """``diagnostics`` of several files; ``lines`` has the text of each by its path."""
    found = [item for item in diagnostics if item.severity >= least]
    return "".join(_rendered(item, lines.get(item.path, ()), color) + "\n\n" for item in found)


def together(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """``diagnostics`` of many files: what several places share stands once, and names the others.

    An info does so for all files, anything else for the lines of one file.
    """
    places: dict[tuple[str, ...], list[Diagnostic]] = {}
    for item in diagnostics:
        places.setdefault(_shared(item), []).append(item)
    found = []
    for first, *others in places.values():
        files = list(dict.fromkeys(other.path for other in others if other.path != first.path))
        lines = [str(other.span.start.line) for other in others if other.span] if not files else []
        lines = lines if first.severity is not Severity.INFO else []
        also = f" (also in {_some(files)})" if files else ""
        also += f" (also on line{'s' if len(lines) > 1 else ''} {_some(lines)})" if lines else ""
        found.append(first._replace(message=first.message + also))
    return found


def _shared(item: Diagnostic) -> tuple[str, ...]:
    """What the places have in common for which one message is enough."""
    return (item.code, item.message) + (() if item.severity is Severity.INFO else (item.path, item.hint))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def summary(conversions: Sequence[Conversion]) -> str:
    """One line: ``1 file converted, grade differs: 2 warnings, 3 infos``."""
    done = [item for item in conversions if item.files]
    counts = Counter(found.severity for item in conversions for found in item.diagnostics)
    grades = [target.grade for item in done for target in item.targets]
    text = f"{_count(len(done), 'file')} converted" + (f", grade {max(grades).label}" if grades else "")
    found = ", ".join(_count(counts[severity], severity.label) for severity in sorted(counts, reverse=True))
    hidden = sum(len(item.hidden) for item in conversions)
    return text + (f": {found}" if found else "") + (f" ({hidden} ignored)" if hidden else "")


def excerpt(line: str, number: int, span: Span) -> tuple[str, str]:
    """The source line as it can be shown, and the carets below it.

    Tabs become blanks, control characters are spelled out, wide characters count twice, a long line is cut.
    """
    start = min(span.start.column - 1, len(line))
    end = span.end.column - 1 if span.end.line == number else len(line.rstrip())
    end = max(min(end, len(line)), start + 1)
    cells = _cells(line)
    first, last = _window(cells, start, end)
    before, marked = cells[first:start], cells[start : min(end, last)]
    lead, tail = "…" if first else "", "…" if last < len(cells) else ""
    carets = "^" * max(sum(map(_width, marked)), 1)
    return lead + "".join(cells[first:last]) + tail, " " * (len(lead) + sum(map(_width, before))) + carets


def _rendered(item: Diagnostic, lines: Sequence[str], color: bool) -> str:
    def style(text: str, **how: object) -> str:
        return click.style(text, **how) if color else text  # type: ignore[arg-type]

    tone = COLORS[item.severity]
    place = visible(item.path) + (f":{item.span.start.line}:{item.span.start.column}" if item.span else "")
    code = style(f"{item.code}[{item.name}]", fg=tone, bold=True)
    head = f"{style(place, bold=True)}: {code} {item.severity.label}: {visible(item.message)}"
    number = item.span.start.line if item.span else 0
    gutter, body = "", []
    if item.span and 0 < number <= len(lines):
        gutter = " " * len(str(number))
        bar = style("|", fg="cyan")
        text, carets = excerpt(lines[number - 1], number, item.span)
        body = [f"{gutter} {bar}", f"{style(str(number), fg='cyan')} {bar} {text}".rstrip()]
        body += [f"{gutter} {bar} {style(carets, fg=tone, bold=True)}"]
    hint = [f"{gutter} {style('=', fg='cyan')} {style('help', bold=True)}: {visible(item.hint)}"] if item.hint else []
    return "\n".join([head, *body, *hint, *_diff(item.diff, color)])


def _diff(text: str, color: bool) -> list[str]:
    """The first lines of a diff: text of files, so control characters are spelled out."""
    lines = text.rstrip("\n").split("\n") if text else []
    shown = [visible(line.removesuffix("\r").replace("\t", "    ")) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"... {len(lines) - _MOST_LINES} more lines")
    tones = [{"+": "green", "-": "red", "@": "cyan"}.get(line[:1]) if color else None for line in shown]
    return [f"    {click.style(line, fg=tone) if tone else line}" for line, tone in zip(shown, tones, strict=True)]


def _cells(line: str) -> list[str]:
    """What is shown for each character of ``line``."""
    cells: list[str] = []
    column = 0
    for char in line:
        cell = " " * (_TAB - column % _TAB) if char == "\t" else visible(char)
        cells.append(cell)
        column += _width(cell)
    return cells


def _window(cells: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """The part of a long line to show: as much of the span as fits, and what stands before it."""
    ends = list(accumulate(map(_width, cells)))
    if not ends or ends[-1] <= _WIDEST:
        return 0, len(cells)
    left = ends[min(start, len(ends) - 1)] - _WIDEST // 3
    if end <= len(ends) and ends[end - 1] <= _WIDEST:
        left = 0
    first = sum(1 for at in ends if at <= left)
    return first, sum(1 for at in ends if at <= left + _WIDEST)


def _width(text: str) -> int:
    """How many columns a terminal takes for ``text``."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
