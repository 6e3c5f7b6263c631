"""Calls of earth that stand in a repository: what is read of them, and what is said when they name nothing."""

from __future__ import annotations

import pytest

from migrate.earthcalls import asked, calls, lost
from migrate.mappings import builtin


@pytest.mark.parametrize(
    ("carrier", "path", "text", "expected"),
    [
        ("shell", "a.sh", "earth +x\n", [("", "x", ())]),
        ("shell", "a.sh", 'cd web\nearth --push +x --A=1 --B "$C"\n', [("web", "x", ("A", "B"))]),
        ("shell", "a.sh", "earthly ./a/b+x\nearth ../c+y\n", [("a/b", "x", ())]),
        ("shell", "a.sh", 'cd "$D"\nearth +x\n', []),
        ("shell", "a.sh", "echo earth +x # earth +y\n", []),
        ("shell", "a.sh", "unearth +x; my-earth +x\n", []),
        ("makefile", "web/Makefile", "x:\n\tearth \\\n\t  ./api+y --V=$(V)\n", [("web/api", "y", ("V",))]),
        ("makefile", "Makefile", "x:\n\tcd web && earth +y\n", []),
        ("workflows", ".github/workflows/a.yml", "      - run: earth --ci +y --A=$A # x\n", [("", "y", ("A",))]),
        ("workflows", ".github/workflows/a.yml", "      - run: earth +y\n        working-directory: web\n", []),
        ("packagejson", "web/package.json", '{"scripts": {"x": "earth +y && true"}}', [("web", "y", ())]),
        ("compose", "compose.yaml", "earth +x", []),
    ],
)
def test_what_is_read(carrier: str, path: str, text: str, expected: list[object]) -> None:
    found = [(call.folders[0], call.target, call.arguments) for call in calls(path, carrier, text)]
    assert found == expected


def test_what_is_said() -> None:
    text = "earth +gone\nearth +x --A=1 --B=2\nearth ./other+x\n"
    earthfile = "VERSION 0.8\n\nx:\n    ARG --required A\n    FROM a\n"
    found = lost(calls("a.sh", "shell", text), {"a.sh": text}, {"": earthfile}, builtin())
    assert [(item.code, item.span and item.span.start.line) for item in found] == [("EM816", 1), ("EM817", 2)]
    assert asked(calls("a.sh", "shell", text)) == {"": {"A", "B"}, "other": frozenset()}


def test_a_script_may_run_in_its_own_folder() -> None:
    text = "earth +x\n"
    found = calls("web/a.sh", "shell", text)
    assert found[0].folders == ("", "web")
    assert lost(found, {"web/a.sh": text}, {"": "VERSION 0.8\n", "web": "VERSION 0.8\nx:\n"}, builtin()) == []
