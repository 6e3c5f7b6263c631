"""The JSON object, as docs/json.md describes it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from migrate import __version__
from migrate.convert import Conversion, OutputFile, TargetResult
from migrate.diagnostics import Diagnostic, Grade, Severity
from migrate.report.json import to_json
from migrate.spans import Span

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "json.md"
FOUND = Diagnostic("EM999", "n", Severity.WARNING, Grade.DIFFERS, "m", "h", "Dockerfile", Span.of(1, 2, 3, 4))
FULL = Conversion(
    "Dockerfile",
    (OutputFile("Earthfile", "VERSION 0.8\n"), OutputFile(".earthlyignore", "é\n")),
    (FOUND,),
    source_map=((3, Span.of(1, 1, 1, 5)),),
    targets=(TargetResult("build", "build", Grade.EQUAL), TargetResult("docker", None, Grade.DIFFERS)),
    hidden=(FOUND,),
)


def test_all_fields() -> None:
    span = {"start": {"line": 1, "column": 2}, "end": {"line": 3, "column": 4}}
    found = {"code": "EM999", "name": "n", "severity": "warning", "grade": "differs", "message": "m", "hint": "h"}
    found_here = {**found, "path": "Dockerfile", "span": span}
    assert json.loads(to_json(FULL)) == {
        "format": 1,
        "tool": {"name": "earthmigrate", "version": __version__},
        "path": "Dockerfile",
        "earthfile": "VERSION 0.8\n",
        "grade": "differs",
        "files": [{"name": "Earthfile", "text": "VERSION 0.8\n"}, {"name": ".earthlyignore", "text": "é\n"}],
        "targets": [
            {"target": "build", "stage": "build", "grade": "equal"},
            {"target": "docker", "stage": None, "grade": "differs"},
        ],
        "diagnostics": [found_here],
        "ignored": [found_here],
        "source_map": [{"line": 3, "span": {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 5}}}],
    }


def test_nothing_converted() -> None:
    data = json.loads(to_json(Conversion("x", (), ())))
    assert (data["earthfile"], data["grade"], data["files"]) == (None, None, [])


def test_extra_fields_come_last() -> None:
    assert list(json.loads(to_json(FULL, {"changes": []})))[-1] == "changes"


def test_odd_file_names_stay_valid_json() -> None:
    text = to_json(Conversion("Docker\udcff", (), ()))
    assert json.loads(text.encode())["path"] == "Docker\udcff"


def keys(data: Any) -> set[str]:
    if isinstance(data, dict):
        return set(data) | {name for value in data.values() for name in keys(value)}
    return {name for item in data for name in keys(item)} if isinstance(data, list) else set()


def test_the_document_names_every_field() -> None:
    named = set(re.findall(r"`([a-z_]+)`", DOCUMENT.read_text(encoding="utf-8")))
    assert keys(json.loads(to_json(FULL, {"changes": [{"path": "", "change": ""}], "diff": ""}))) <= named
