"""What `verify` found, for people and as data: a sentence first, then rows, many of one kind counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
_ROWS = 8
"""So many rows one kind of difference takes at most."""
_WIDEST = 200
"""Longer values are cut; the JSON has them whole."""
_SAME = (Aspect.TYPE, Aspect.MODE, Aspect.OWNER)
"""A row of these holds paths that differ in the same way."""
_TITLES = {
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
        "ignored": list(comparison.ignored),
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
    """The config first, then each kind of difference between the trees."""
    for item in found:
        if item.aspect is Aspect.CONFIG:
            yield _config_row(item, _origin(item, origins))
    for aspect in Aspect:
        groups = _groups([item for item in found if item.aspect is aspect and aspect is not Aspect.CONFIG])
        yield from map(_row, groups[:_ROWS])
        if rest := sum(len(group.items) for group in groups[_ROWS:]):
            yield f"{_TITLES.get(aspect, aspect.value)}: {_count(rest, 'path')} more (--format json names them)"


def _config_row(item: Difference, origin: Origin) -> str:
    name = item.field.removeprefix(".") + (f" {item.key}" if item.key else "")
    places = [("Dockerfile", origin.dockerfile), ("Earthfile", origin.earthfile)]
    lines = ", ".join(f"{file} line {line}" for file, line in places if line)
    values = f"{_value(item, item.docker)} -> {_value(item, item.earth)}"
    return f"config {visible(name)}: {values}" + (f" ({lines})" if lines else "")


def _value(item: Difference, text: str | None) -> str:
    """One side's value; the name before the ``=`` of an ENV or LABEL stands in the row already, as a port does."""
    if text is None or text == item.key:
        return "not set" if text is None else "set"
    return _cut(visible(text.removeprefix(f"{item.key}=") if item.key else text)) or '""'


class _Group(NamedTuple):
    """Differences of one kind below one folder."""

    folder: bytes
    items: list[Difference]


def _groups(found: Sequence[Difference]) -> list[_Group]:
    """Same change, same folder; where that makes too many rows, the folders above."""
    tops: dict[tuple[str, bytes], bytes] = {}
    placed: list[tuple[str, bytes, Difference]] = []
    for item in found:  # sorted by path, so a folder comes before what lies below it
        change, above = _change(item) if item.aspect in _SAME else "", folder(item.path)
        place = tops.get((change, above), above)
        tops[change, item.path] = place
        placed.append((change, place, item))
    groups: dict[tuple[str, bytes], list[Difference]] = {}
    for depth in range(max((place.count(b"/") + 1 for _, place, _ in placed), default=0), -1, -1):
        groups = {}
        for change, place, item in placed:
            groups.setdefault((change, b"/".join(place.split(b"/")[:depth])), []).append(item)
        if len(groups) <= _ROWS:
            break
    return [_Group(place, items) for (_, place), items in groups.items()]


def _change(item: Difference) -> str:
    """`` 0755 -> 0644``: how the two sides differ."""
    docker, earth = item.docker or "", item.earth or ""
    if item.aspect is Aspect.CONTENT:
        docker, earth = docker.partition(",")[0], earth.partition(",")[0]
        if docker == earth:
            return f", {docker} on both sides"
    return f" {_cut(visible(docker))} -> {_cut(visible(earth))}" if docker and earth else ""


def _row(group: _Group) -> str:
    first, paths = group.items[0], [item.path for item in group.items]
    inside = set(paths)
    tops = [path for path in paths if folder(path) not in inside or path == b""]
    below = len(paths) - len(tops)
    change = _change(first) if first.aspect in _SAME or len(paths) == 1 else ""
    row = f"{_TITLES.get(first.aspect, first.aspect.value)}{change}: {_named(tops, group.folder)}"
    return row + (f", with {_count(below, 'path')} below" if below else "")


def _named(paths: Sequence[bytes], place: bytes | None = None) -> str:
    """``/a/b``; or ``12 paths below /a: /a/b, /a/c, /a/d and 9 more``."""
    names = ", ".join("/" + visible(shown(path)) for path in paths[:_NAMED])
    if len(paths) <= _NAMED:
        return names
    where = f" below /{visible(shown(place))}" if place is not None else ""
    return f"{len(paths)} paths{where}: {names} and {len(paths) - _NAMED} more"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
