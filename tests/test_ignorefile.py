"""The ignore file: an Earthfile reads .earthlyignore alone, and brings files of its own into ``COPY .``."""

from __future__ import annotations

import pytest
from support import BASE, DictContext, converted, file_codes

from migrate.ignorefile import with_own_files


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Earthfile\n.earthlyignore\n"),
        ("node_modules\n", "node_modules\nEarthfile\n.earthlyignore\n"),
        ("a", "a\nEarthfile\n.earthlyignore\n"),
        # Last, so that no ! line brings them back.
        ("*\n!src\n", "*\n!src\nEarthfile\n.earthlyignore\n"),
        ("Earthfile\n!*\n", "Earthfile\n!*\nEarthfile\n.earthlyignore\n"),
        ("a\nEarthfile\n.earthlyignore\n", "a\nEarthfile\n.earthlyignore\n"),
    ],
)
def test_with_own_files(text: str, expected: str) -> None:
    assert with_own_files(text) == expected


@pytest.mark.parametrize(
    ("copy", "ignore", "own", "wanted", "written"),
    [
        ("COPY a.txt /x", None, None, set(), None),
        ("COPY . .", None, None, {"EM701"}, "Earthfile\n.earthlyignore\n"),
        ("COPY * .", None, None, {"EM701"}, "Earthfile\n.earthlyignore\n"),
        ("COPY d/ .", "*.log\n", None, {"EM701"}, "*.log\nEarthfile\n.earthlyignore\n"),
        ("COPY d/ .", "# nothing\n\n", None, set(), None),
        ("RUN a", "*.log\n", None, set(), None),
        ("COPY . .", "*.log\n", "*.log\nEarthfile\n.earthlyignore\n", set(), None),
        ("COPY . .", "*.log\n", "*.tmp\n", {"EM703"}, None),
    ],
)
def test_when_it_is_needed(
    copy: str, ignore: str | None, own: str | None, wanted: set[str], written: str | None
) -> None:
    context = DictContext({"a.txt": b"", "d": None, "Earthfile": b""}, ignore, own)
    conversion = converted(f"{BASE}{copy}\n", context)
    assert {code for code in file_codes(conversion) if code.startswith("EM70") and code != "EM704"} == wanted
    assert [file.text for file in conversion.files if file.name == ".earthlyignore"] == ([written] if written else [])


def test_nobody_is_told_who_gets_it_written() -> None:
    conversion = converted(f"{BASE}COPY . .\n", DictContext({}), writes=True)
    assert "EM701" not in file_codes(conversion)
    assert [file.name for file in conversion.files] == ["Earthfile", ".earthlyignore"]


def test_an_unknown_context_is_said_once() -> None:
    conversion = converted(f"{BASE}COPY src /x\nCOPY lib /y\n")
    assert [item.code for item in conversion.diagnostics].count("EM702") == 1
    assert "EM705" in file_codes(converted(f"{BASE}COPY . .\n"))
    assert "EM702" not in file_codes(converted(f"{BASE}RUN a\n"))
