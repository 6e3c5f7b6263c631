"""What `verify` found, for people and as data: a sentence first, then rows, many of one kind counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from migrate.diagnostics import Grade, visible
from migrate.verify.compare import Aspect, Comparison, Difference
from migrate.verify.flatten import shown


class Origin(NamedTuple):
    """The lines (from 1) that a field of the config comes from; None where no line sets it."""

    dockerfile: int | None = None
    earthfile: int | None = None


Origins = Mapping[tuple[str, str], Origin]
"""(field, key) -> lines, as in Difference: (``Env``, ``PATH``), (``Cmd``, empty). (field, empty) serves for any key."""

_NAMED = 3
"""So many paths of a group are named, the others counted."""


def render(name: str, comparison: Comparison, origins: Origins | None = None) -> str:
    """The verdict on the target ``name``: its sentence, and a row for each group of differences."""
    lines = [f"{visible(name)}: {sentence(comparison)}"]
    lines += [f"  {row}" for row in _rows(comparison.differences, origins or {})]
    lines += [f"  unstable: {_paths(comparison.unstable)}"] if comparison.unstable else []
    return "\n".join(lines) + "\n"


def sentence(comparison: Comparison) -> str:
    """``equal, 14 unstable paths``; ``differs in 3 paths and 1 config field``."""
    found = comparison.differences
    config = sum(item.aspect is Aspect.CONFIG for item in found)
    paths = len({item.path for item in found if item.aspect is not Aspect.CONFIG})
    parts = [_count(paths, "path")] if paths else []
    parts += [_count(config, "config field")] if config else []
    text = comparison.grade.label
    if comparison.grade is Grade.DIFFERS:
        text += " in " + " and ".join(parts)
    elif paths:
        text += f", but the timestamps of {_count(paths, 'path')} differ"
    return text + (f", {_count(len(comparison.unstable), 'unstable path')}" if comparison.unstable else "")


def as_data(comparison: Comparison, origins: Origins | None = None) -> dict[str, Any]:
    """The same as plain data, nothing left out."""
    return {
        "grade": comparison.grade.label,
        "paths": comparison.paths,
        "differences": [_data(item, origins or {}) for item in comparison.differences],
        "unstable": [shown(path) for path in comparison.unstable],
    }


def _data(item: Difference, origins: Origins) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": item.aspect.value, "docker": item.docker, "earth": item.earth}
    if item.aspect is not Aspect.CONFIG:
        return {**data, "path": "/" + shown(item.path)}
    origin = _origin(item, origins)
    lines = {"dockerfile_line": origin.dockerfile, "earthfile_line": origin.earthfile}
    return {**data, "field": item.field, "key": item.key or None, **lines}


def _origin(item: Difference, origins: Origins) -> Origin:
    return origins.get((item.field, item.key)) or origins.get((item.field, "")) or Origin()


def _rows(found: Sequence[Difference], origins: Origins) -> Iterator[str]:
    for item in found:
        if item.aspect is Aspect.CONFIG:
            yield _config_row(item, _origin(item, origins))
    trees = sorted((item for item in found if item.aspect is not Aspect.CONFIG), key=_group)
    for (aspect, folder, docker, earth), group in groupby(trees, _group):
        paths = [item.path for item in group]
        what = f"{docker} -> {earth}" if docker else ""
        yield (
            f"{aspect:9} {what:24} {_paths(paths)}".rstrip()
            if len(paths) < 2
            else (f"{aspect:9} {what:24} {_count(len(paths), 'path')} in /{folder}: {_paths(paths)}")
        )


def _config_row(item: Difference, origin: Origin) -> str:
    name = item.field + (f" {item.key}" if item.key else "")
    places = [("Dockerfile", origin.dockerfile), ("Earthfile", origin.earthfile)]
    lines = ", ".join(f"{file} line {line}" for file, line in places if line)
    values = f"{_value(item.docker)} -> {_value(item.earth)}"
    return f"config    {visible(name)}: {values}" + (f" ({lines})" if lines else "")


def _value(text: str | None) -> str:
    return "not set" if text is None else visible(text)


def _group(item: Difference) -> tuple[str, str, str, str]:
    """Same kind, same folder; modes and owners also by their values."""
    same = item.aspect in (Aspect.MODE, Aspect.OWNER, Aspect.TYPE)
    values = (item.docker or "", item.earth or "") if same else ("", "")
    return (item.aspect.value, shown(item.path.rpartition(b"/")[0]), *values)


def _paths(paths: Sequence[bytes]) -> str:
    names = ", ".join("/" + visible(shown(path)) for path in paths[:_NAMED])
    return names + (f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
