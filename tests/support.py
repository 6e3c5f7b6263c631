"""Small helpers of the core's tests: convert a few lines, look at one recipe, a context made of a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from migrate.convert import Conversion, convert
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.mappings import builtin
from migrate.plan import Plan, make
from migrate.settings import Settings
from migrate.stages import StageGraph, build

BASE = "FROM alpine:3.20\n"
"""A base that is known: root, a shell, no variables of its own but PATH."""


class DictContext:
    """A known build context: path -> bytes of a file, None for a folder, text for a link."""

    def __init__(
        self, entries: Mapping[str, bytes | str | None], ignore: str | None = None, own: str | None = None
    ) -> None:
        self.entries = dict(entries)
        self.ignore = ignore
        self.own = own

    def exists(self, path: str) -> bool | None:
        return path in self.entries

    def is_directory(self, path: str) -> bool | None:
        return path in self.entries and self.entries[path] is None

    def link_target(self, path: str) -> str | None:
        found = self.entries.get(path)
        return found if isinstance(found, str) else None

    def head(self, path: str, size: int = 512) -> bytes | None:
        found = self.entries.get(path)
        return found[:size] if isinstance(found, bytes) else None

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        return tuple(sorted(path for path in self.entries if fnmatchcase(path, pattern)))

    def ignore_text(self) -> tuple[str, str] | None:
        return None if self.ignore is None else (".dockerignore", self.ignore)

    def earth_ignore_text(self) -> tuple[str, str] | None:
        return None if self.own is None else (".earthlyignore", self.own)

    def known(self) -> bool:
        return True


def converted(text: str, context: DictContext | None = None, **options: Any) -> Conversion:
    """``text`` converted in a folder named ``app``."""
    options.setdefault("name", "app")
    return convert(text, Settings(**options), context=context)


def graph_of(text: str) -> StageGraph:
    """The stage graph of ``text``."""
    return build(read_dockerfile(text))


def plan_of(text: str, **options: Any) -> tuple[Plan, list[str]]:
    """The plan of ``text`` and the codes that planning reported."""
    found: list[str] = []

    def report(code: str, span: object, /, **fields: object) -> None:
        found.append(code)

    return make(graph_of(text), Settings(**options), builtin(), report), found


def codes(conversion: Conversion) -> list[str]:
    """The codes of what was found at a place of the text, in text order."""
    return [found.code for found in conversion.diagnostics if found.span is not None]


def file_codes(conversion: Conversion) -> set[str]:
    """The codes of what concerns the whole file: ignore files, timestamps, an unknown --target."""
    return {found.code for found in conversion.diagnostics if found.span is None}


def targets(conversion: Conversion) -> dict[str, list[str]]:
    """Target name -> its lines without their indentation and without blank ones; ``""`` is the base recipe."""
    text = conversion.earthfile
    assert text is not None, conversion.diagnostics
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in text.split("\n")[1:]:
        header = re.fullmatch(r"([A-Za-z0-9._-]+):", line)
        if header is not None:
            name = header[1]
            found[name] = []
        elif line.strip():
            found[name].append(line.removeprefix("    ") if name else line)
    return found


def body(conversion: Conversion, target: str | None = None) -> list[str]:
    """The lines of one target (the last one) below its FROM, its SAVE IMAGE left out."""
    recipes = targets(conversion)
    lines = recipes[target if target is not None else list(recipes)[-1]]
    return [line for line in lines if not line.startswith(("FROM ", "SAVE IMAGE "))]


def assert_lines(instructions: str, expected: str, wanted: Iterable[str] = (), *, base: str = BASE) -> None:
    """``instructions`` below ``base`` become the lines ``expected``, with exactly the codes ``wanted``."""
    conversion = converted(base + instructions + "\n")
    assert body(conversion) == [line for line in expected.split("\n") if line.strip()]
    assert codes(conversion) == list(wanted)
