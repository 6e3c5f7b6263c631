"""Equal targets of several Dockerfiles in one Earthfile: each stands there once.

Equal means the same commands, word for word, once the names of shared targets are put in: so the same base, the same
arguments in scope, the same steps. What others take from the stage (SAVE ARTIFACT) is put together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from migrate.convert import Conversion
from migrate.earthfile.model import Command, Item, Remark, Target

_REFERENCE = re.compile(r"(?<![^\s(\"'=])\+([a-z][a-zA-Z0-9.-]*)(?![a-zA-Z0-9.-])")
_REFERRING = frozenset(("FROM", "FROM DOCKERFILE", "COPY", "BUILD"))
_SAVE = "SAVE ARTIFACT"


class Shared(NamedTuple):
    """A target that is not written: number of its conversion, its name, and the name of the equal one."""

    number: int
    target: Target
    of: str


def shared(conversions: Sequence[Conversion], kept: Collection[str]) -> tuple[list[Conversion], list[Shared]]:
    """``conversions`` without targets that an earlier one has, and which these are. ``kept`` are names that stay."""
    done: list[list[Target]] = []
    places: dict[tuple[object, ...], tuple[int, int]] = {}
    found: list[Shared] = []
    for index, conversion in enumerate(conversions):
        done.append([])
        renamed: dict[str, str] = {}
        stages = {result.target for result in conversion.targets if result.stage is not None}
        for target in conversion.document.targets if conversion.document is not None else ():
            target = _renamed(target, renamed)
            key = _key(target)
            place = places.get(key)
            if place is not None and target.name not in kept and (place[0] != index or target.name not in stages):
                other = done[place[0]][place[1]]
                joined = _joined(other, target)
                if joined is not None:
                    done[place[0]][place[1]] = joined
                    renamed[target.name] = other.name
                    found.append(Shared(index, target, other.name))
                    continue
            places.setdefault(key, (index, len(done[-1])))
            done[-1].append(target)
    return [
        _with_targets(conversion, targets, {item.target.name: item.of for item in found if item.number == index})
        for index, (conversion, targets) in enumerate(zip(conversions, done, strict=True))
    ], found


def _with_targets(conversion: Conversion, targets: Sequence[Target], renamed: Mapping[str, str]) -> Conversion:
    if conversion.document is None:
        return conversion
    return conversion._replace(
        document=conversion.document._replace(targets=tuple(targets)),
        targets=tuple(
            result._replace(target=renamed.get(result.target, result.target)) for result in conversion.targets
        ),
        images=tuple((stage, renamed.get(target, target)) for stage, target in conversion.images),
    )


def _key(target: Target) -> tuple[object, ...]:
    """What must be equal; a target that saves an image is like no other."""
    items: list[object] = []
    for item in target.items:
        if isinstance(item, Remark):
            items.append(item.lines)
        elif item.keyword == "SAVE IMAGE":
            return (target.name, target)
        elif item.keyword != _SAVE:
            items.append((item.keyword, item.lines, item.depth))
    return tuple(items)


def _joined(first: Target, second: Target) -> Target | None:
    """``first`` with what ``second`` saves, too; None where one artifact lies in another or is saved otherwise."""
    saves = {item.lines: item for target in (first, second) for item in _saves(target)}
    paths = [lines[-1].text.rpartition(" ")[2].rstrip("/") + "/" for lines in saves]
    if len(saves) > len(_saves(first)) and any(
        one.startswith(other) for index, one in enumerate(paths) for place, other in enumerate(paths) if index != place
    ):
        return None
    body: list[Item] = [item for item in first.items if item not in _saves(first)]
    return first._replace(items=(*body, *saves.values()))


def _saves(target: Target) -> list[Command]:
    return [item for item in target.items if isinstance(item, Command) and item.keyword == _SAVE]


def _renamed(target: Target, names: Mapping[str, str]) -> Target:
    """``target`` with other names in its references."""
    if not names:
        return target

    def put(text: str) -> str:
        return _REFERENCE.sub(lambda found: f"+{names.get(found.group(1), found.group(1))}", text)

    items: list[Item] = []
    for item in target.items:
        if isinstance(item, Command) and item.keyword in _REFERRING:
            lines = tuple(line._replace(text=put(line.text)) for line in item.lines)
            items.append(item._replace(lines=lines))
        else:
            items.append(item._replace(lines=tuple(map(put, item.lines))) if isinstance(item, Remark) else item)
    return target._replace(items=tuple(items))
