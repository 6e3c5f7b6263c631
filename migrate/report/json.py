"""A conversion as one JSON object; docs/json.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from migrate import __version__
from migrate.convert import Conversion
from migrate.diagnostics import Diagnostic
from migrate.spans import Position, Span

FORMAT = 1
"""Raised when a field changes its meaning or goes; new fields do not count."""


def to_json(conversion: Conversion, extra: Mapping[str, Any] | None = None) -> str:
    """``conversion`` as indented JSON with a final newline; ``extra`` holds what the command line adds."""
    text = json.dumps({**as_data(conversion), **(extra or {})}, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # odd bytes of a file name, as JSON spells them


def as_data(conversion: Conversion) -> dict[str, Any]:
    """The same as plain data."""
    grades = [target.grade for target in conversion.targets]
    return {
        "format": FORMAT,
        "tool": {"name": "earthmigrate", "version": __version__},
        "path": conversion.path,
        "earthfile": conversion.earthfile,
        "grade": max(grades).label if grades else None,
        "files": [{"name": file.name, "text": file.text} for file in conversion.files],
        "targets": [
            {"target": target.target, "stage": target.stage, "grade": target.grade.label}
            for target in conversion.targets
        ],
        "diagnostics": diagnostics(conversion.diagnostics),
        "ignored": diagnostics(conversion.hidden),
        "source_map": [{"line": line, "span": _span(span)} for line, span in conversion.source_map],
    }


def diagnostics(found: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Each of ``found`` as plain data."""
    return [
        {
            "code": item.code,
            "name": item.name,
            "severity": item.severity.label,
            "grade": item.grade.label,
            "message": item.message,
            "hint": item.hint,
            "path": item.path,
            "span": _span(item.span),
            **({"diff": item.diff} if item.diff else {}),
        }
        for item in found
    ]


def _span(span: Span | None) -> dict[str, Any] | None:
    return None if span is None else {"start": _position(span.start), "end": _position(span.end)}


def _position(position: Position) -> dict[str, int]:
    return {"line": position.line, "column": position.column}
