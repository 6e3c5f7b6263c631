"""What two builds of one Dockerfile do not have in common: no difference between two images can rest on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from migrate.verify.model import Entry, Kind

Tree: TypeAlias = Mapping[bytes, Entry]
_Look: TypeAlias = tuple[Kind, int, int, int]


def unstable_paths(docker: Tree, again: Tree, earth: Tree) -> frozenset[bytes]:
    """The paths that differ between ``docker`` and ``again``, two builds of one Dockerfile, timestamps apart.

    Names may be random, too (``/tmp/build-x81a``): in a folder where the two builds disagree about names, a name that
    only ``earth`` has counts as one of those, as long as there are not more of its type, mode and owner than the
    builds had, and a name that ``earth`` lacks only as long as it has as many others.
    """
    both = docker.keys() | again.keys()
    changed = {path for path in docker.keys() & again.keys() if not alike(docker[path], again[path])}
    one_sided = {path for path in both if (path in docker) != (path in again)}
    random_names = {path for path in one_sided if folder(path) not in one_sided}
    strange = {path for path in earth.keys() - docker.keys() - again.keys() if folder(path) in both - one_sided}
    excused, wanting = _matched(docker, again, earth, random_names, strange)
    wanting = _with_below(wanting, one_sided)
    return frozenset((changed | one_sided | _with_below(excused, earth.keys() - both)) - wanting)


def folder(path: bytes) -> bytes:
    """The path of what holds ``path``."""
    return path.rpartition(b"/")[0]


def alike(one: Entry, other: Entry) -> bool:
    """Equal apart from the time; who shares a file's hard links is looked at elsewhere."""
    return one._replace(mtime=None, group=b"") == other._replace(mtime=None, group=b"")


def _matched(
    docker: Tree, again: Tree, earth: Tree, random_names: set[bytes], strange: set[bytes]
) -> tuple[set[bytes], set[bytes]]:
    """Which of earth's own names the builds' random names excuse, and which random names it should have had."""
    places: dict[tuple[bytes, _Look], tuple[list[bytes], list[bytes], list[bytes]]]
    places = defaultdict(lambda: ([], [], []))
    for path in sorted(random_names):
        tree, side = (docker, 0) if path in docker else (again, 1)
        places[folder(path), _look(tree[path])][side].append(path)
    hits = Counter((folder(path), _look(earth[path])) for path in random_names if path in earth)
    for path in sorted(strange):
        places[folder(path), _look(earth[path])][2].append(path)
    excused: set[bytes] = set()
    wanting: set[bytes] = set()
    for place, (first, second, ours) in places.items():
        excused.update(ours[: max(len(first), len(second))])
        short = min(len(first), len(second)) - len(ours) - hits[place]
        wanting.update([path for path in first if path not in earth][: max(short, 0)])
    return excused, wanting


def _with_below(tops: set[bytes], paths: Iterable[bytes]) -> set[bytes]:
    """``tops`` and those of ``paths`` that lie below one of them."""
    found = set(tops)
    if tops:
        found.update(path for path in sorted(paths) if folder(path) in found or _parents(path) & tops)
    return found


def _parents(path: bytes) -> set[bytes]:
    parts = path.split(b"/")
    return {b"/".join(parts[:length]) for length in range(1, len(parts))}


def _look(entry: Entry) -> _Look:
    return entry.kind, entry.mode, entry.uid, entry.gid
