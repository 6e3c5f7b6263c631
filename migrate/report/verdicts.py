"""What `verify` found, for people and as data: a sentence first, then rows, many of one kind counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from migrate.diagnostics import Grade, visible
from migrate.verify.compare import Aspect, Comparison, Difference
from migrate.verify.flatten import shown
from migrate.verify.unstable import folder


class Origin(NamedTuple):
    """The lines (from 1) that a field of the config comes from; None where no line sets it."""

    dockerfile: int | None = None
    earthfile: int | None = None


Origins = Mapping[tuple[str, str], Origin]
"""(field, key) -> lines, as in Difference: (``Env``, ``PATH``), (``Cmd``, empty). (field, empty) serves for any key."""

_NAMED = 3
"""So many paths of a group are named, the others counted."""
_ROWS = 20
"""So many groups of paths are shown."""
_WIDEST = 200
"""Longer values are cut; the JSON has them whole."""
_SIDES = {
    Aspect.MISSING: "only in the Dockerfile's image",
    Aspect.EXTRA: "only in the Earthfile's image",
}


def render(name: str, comparison: Comparison, origins: Origins | None = None) -> str:
    """The verdict on the target ``name``: its sentence, and a row for each group of differences."""
    lines = [f"{visible(name)}: {sentence(comparison)}"]
    lines += [f"  {row}" for row in _rows(comparison.differences, origins or {})]
    if comparison.unstable:
        lines.append(f"  unstable, as two builds of the Dockerfile differ there: {_named(comparison.unstable)}")
    return "\n".join(lines) + "\n"


def sentence(comparison: Comparison) -> str:
    """``equal, 14 unstable paths``; ``differs in 3 paths and 1 config field (Dockerfile -> Earthfile)``."""
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
    text += f", {_count(len(comparison.unstable), 'unstable path')}" if comparison.unstable else ""
    return text + (" (Dockerfile's image -> Earthfile's image)" if found else "")


def as_data(comparison: Comparison, origins: Origins | None = None) -> dict[str, Any]:
    """The same as plain data, nothing left out."""
    return {
        "grade": comparison.grade.label,
        "paths": comparison.paths,
        "differences": [_data(item, origins or {}) for item in comparison.differences],
        "unstable": ["/" + shown(path) for path in comparison.unstable],
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
    groups = _groups(item for item in found if item.aspect is not Aspect.CONFIG)
    for group in groups[:_ROWS]:
        yield _row(group)
    if rest := [item for group in groups[_ROWS:] for item in group]:
        yield f"and {_count(len(rest), 'difference')} in {_count(len(groups) - _ROWS, 'group')} more (--format json)"


def _config_row(item: Difference, origin: Origin) -> str:
    name = item.field.removeprefix(".") + (f" {item.key}" if item.key else "")
    places = [("Dockerfile", origin.dockerfile), ("Earthfile", origin.earthfile)]
    lines = ", ".join(f"{file} line {line}" for file, line in places if line)
    values = f"{_value(item, item.docker)} -> {_value(item, item.earth)}"
    return f"config {visible(name)}: {values}" + (f" ({lines})" if lines else "")


def _value(item: Difference, text: str | None) -> str:
    """One side's value; the name before the ``=`` of an ENV or LABEL stands in the row already."""
    return "not set" if text is None else _cut(visible(text.removeprefix(f"{item.key}=") if item.key else text)) or '""'


def _groups(found: Iterable[Difference]) -> list[list[Difference]]:
    """Same kind and same folder, modes and owners also by their values; in the order in which they come up.

    What lies below a folder that one side lacks goes with that folder.
    """
    groups: dict[tuple[Aspect, bytes, str | None, str | None], list[Difference]] = {}
    gone: dict[tuple[Aspect, bytes], bytes] = {}
    for item in found:  # sorted by path, so a folder comes before what lies below it
        values = (item.docker, item.earth) if item.aspect in (Aspect.MODE, Aspect.OWNER, Aspect.TYPE) else (None, None)
        place = folder(item.path)
        if item.aspect in _SIDES:
            place = gone.get((item.aspect, place), place)
            gone[item.aspect, item.path] = place
        groups.setdefault((item.aspect, place, *values), []).append(item)
    return list(groups.values())


def _row(group: Sequence[Difference]) -> str:
    first, paths = group[0], [item.path for item in group]
    if first.aspect in _SIDES:
        inside = set(paths)
        tops = [path for path in paths if folder(path) not in inside]
        below = len(paths) - len(tops)
        return f"{_SIDES[first.aspect]}: {_named(tops)}" + (f", with {_count(below, 'path')} below" if below else "")
    return f"{first.aspect.value}{_change(group)}: {_named(paths)}"


def _change(group: Sequence[Difference]) -> str:
    """`` 0755 -> 0644``, where that is the same for all."""
    first = group[0]
    if len({(item.docker, item.earth) for item in group}) > 1:
        return ""
    docker, earth = first.docker or "", first.earth or ""
    if first.aspect is Aspect.CONTENT:
        docker, earth = docker.partition(",")[0], earth.partition(",")[0]
        if docker == earth:
            return f", {docker} on both sides"
    return f" {_cut(visible(docker))} -> {_cut(visible(earth))}"


def _named(paths: Sequence[bytes]) -> str:
    """``/a/b``; or ``12 paths: /a/b, /a/c, /a/d and 9 more``."""
    names = ", ".join("/" + visible(shown(path)) for path in paths[:_NAMED])
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return (f"{len(paths)} paths: " if len(paths) > 1 else "") + names + more


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
