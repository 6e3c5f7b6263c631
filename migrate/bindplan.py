"""Which bind mounts become copies in place, and what happens to the copies (hard-cases.md 3).

A mount shows its files to one RUN, hides what is below them, and is gone. A copy stays and hides nothing: nothing after
the RUN may see it, or it is removed again; and it must not meet anything that was there before, or that is moved aside
for the time of the RUN.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import NamedTuple

from migrate.artifacts import clean, related
from migrate.bindtraces import (
    ROOT,
    SOURCE,
    TARGET,
    Shown,
    binds,
    exists,
    is_file,
    is_filled,
    is_system,
    sees,
    text_of,
    tries_to_write,
)
from migrate.context import Context
from migrate.contextsize import is_small
from migrate.dockerfile.model import Mount, RunDetail
from migrate.images import base_image
from migrate.mappings import Mappings
from migrate.stages import Source, StageGraph
from migrate.steps import Step, joined, standard_folders, steps_of


class Form(Enum):
    """What becomes of the copy."""

    STAYS = "nothing sees it"
    REMOVED = "a RUN removes it"
    SWAPPED = "a RUN moves aside what was there before, and another brings it back"
    ALONE = "a RUN removes what was there before, and nothing sees it"
    INSIDE = "it lies in another copy and goes where that goes"


class Bind(NamedTuple):
    """One bind mount: ``path`` of the context (``source`` None), a stage or an image at ``place``."""

    mount: Mount
    place: str
    path: str
    source: Source | None
    form: Form
    removed: str
    """What a RUN clears away: the place, or the folder above it that came with it."""
    is_there: bool
    """Whether something stands at the place for certain."""
    hides: bool
    """Whether the copy that it lies in may have a folder of its own there."""


class _Stage(NamedTuple):
    """What is known about a stage whose RUN has bind mounts."""

    number: int
    steps: tuple[Step, ...]
    """Of the whole chain, in order."""
    first: int
    """The first step of the stage itself."""
    is_workshop: bool
    saved: tuple[str, ...]
    """What others take from it."""
    has_shell: bool
    folders: tuple[str, ...]
    """What the base image has for certain."""
    context: Context
    is_light: Callable[[], bool]
    """Whether the bytes of the whole context may lie in a layer of an image."""


def planned(
    graph: StageGraph,
    workshops: frozenset[int],
    wanted: Mapping[int, Iterable[str]],
    mappings: Mappings,
    context: Context,
) -> Mapping[int, tuple[Bind, ...]]:
    """The binds of each RUN that becomes copies, by ``id()`` of the instruction; those of other RUNs are absent.

    ``wanted`` are the paths that others take from each stage.
    """
    found: dict[int, tuple[Bind, ...]] = {}
    left: dict[int, list[Shown]] = {}
    for stage in graph.stages:
        if not any(binds(item) for item in stage.instructions):
            continue
        steps = tuple(steps_of(graph, stage.index, mappings))
        root = graph.stages[graph.chain(stage.index)[-1]]
        image = base_image(root.reference, mappings) if root.reference is not None else None
        known = _Stage(
            stage.index,
            steps,
            len(steps) - len(stage.instructions),
            stage.index in workshops,
            tuple(wanted.get(stage.index, ())),
            not root.is_scratch and (image is None or image.has_shell is not False),
            standard_folders(image, mappings),
            context,
            cache(lambda: is_small(context, mappings)),
        )
        for number in range(known.first, len(steps)):
            made = _converted(number, known, graph, left, mappings) if binds(steps[number].instruction) else None
            if made is not None:
                found[id(steps[number].instruction)] = made
    return found


def wanted_paths(graph: StageGraph) -> dict[int, list[str]]:
    """What the bind mounts of any RUN take from each stage."""
    found: dict[int, list[str]] = {}
    for sources in graph.sources.values():
        for source in sources:
            if source.stage is not None:
                found.setdefault(source.stage, []).extend(mounted(source))
    return found


def mounted(source: Source) -> Iterator[str]:
    """The paths that bind mounts take from ``source``."""
    for mount in binds(source.instruction):
        path = mount.get(*SOURCE) or "/"
        if mount.get("from") == source.image and "$" not in path:
            yield clean(path)


# One RUN


def _converted(
    number: int, stage: _Stage, graph: StageGraph, left: dict[int, list[Shown]], mappings: Mappings
) -> tuple[Bind, ...] | None:
    """The binds of the RUN at ``number``, parents first; None when one of them cannot be a copy."""
    step = stage.steps[number]
    sources = {
        source.image: source
        for source in graph.sources.get(stage.number, ())
        if source.instruction is step.instruction and (source.stage is not None or source.image != "scratch")
    }
    wanted: list[tuple[Shown, Mount, Source | None]] = []
    for mount in binds(step.instruction):
        name = mount.get("from")
        shown = _shown(mount, step, sources.get(name or ""))
        if shown is None or (name is not None and name not in sources):
            return None
        if not mount.has("rw", "readwrite") and tries_to_write(step, shown.place):
            return None
        wanted.append((shown, mount, sources.get(name or "")))
    if not _are_apart([shown.place for shown, _, _ in wanted], step):
        return None
    found: list[Bind] = []
    for shown, mount, source in sorted(wanted, key=lambda entry: entry[0].place.count("/")):
        form = _form(shown, found, number, stage, left, mappings)
        if form is None:
            return None
        earlier = stage.steps[:number]
        is_there = exists(shown.place, earlier, stage.folders)
        removed = _highest(shown.place, earlier, stage) if form is Form.REMOVED else shown.place
        hides = form is Form.INSIDE and not is_file(shown) and _may_hold(found, shown.place, stage.context)
        found.append(Bind(mount, shown.place, shown.path, source, form, removed, is_there, hides))
        if form is Form.STAYS:
            left.setdefault(stage.number, []).append(shown)
    return tuple(found)


def _shown(mount: Mount, step: Step, source: Source | None) -> Shown | None:
    place, path = joined(step.folder, mount.get(*TARGET) or "."), mount.get(*SOURCE) or "/"
    if place is None or place == "/" or "$" in path:
        return None
    origin = None if source is None else source.image if source.stage is None else source.stage
    return Shown(place, clean(path), origin)


def _are_apart(places: Sequence[str], step: Step) -> bool:
    """Whether no two binds have one place, and no mount of another type stands at or above one."""
    detail = step.instruction.detail
    assert isinstance(detail, RunDetail)
    others = [joined(step.folder, mount.get(*TARGET) or ".") for mount in detail.mounts if mount.type != "bind"]
    return len(set(places)) == len(places) and not any(_is_hidden(place, others) for place in places)


def _is_hidden(place: str, others: Sequence[str | None]) -> bool:
    """Whether a mount of another type may stand at or above ``place``."""
    return any(other is None or place == other or place.startswith(other.rstrip("/") + "/") for other in others)


def _form(
    item: Shown, before: list[Bind], number: int, stage: _Stage, left: dict[int, list[Shown]], mappings: Mappings
) -> Form | None:
    outer = [bind for bind in before if item.place.startswith(bind.place + "/")]
    if any(bind.form in (Form.REMOVED, Form.SWAPPED, Form.INSIDE) for bind in outer):
        return Form.INSIDE
    known = mappings.mounts["bind"]
    step, earlier, later = stage.steps[number], stage.steps[:number], stage.steps[number + 1 :]
    unseen = (
        stage.is_workshop
        and not any(related(path, item.place) for path in stage.saved)
        and not any(sees(other, item, known) for other in later)
    )
    text = text_of(step.instruction)[step.instruction.operand_start :]
    there = left.get(stage.number, ())
    if unseen and (is_file(item) or not is_filled(item, earlier, there, known, text=text, strict=False)):
        return Form.STAYS
    if outer or not stage.has_shell or not (step.is_root or _is_restorable(step.user)):
        return None
    is_standard = item.place in mappings.ownership["existing-folders"]
    if unseen and not is_standard and not is_system(item.place, known):
        return Form.ALONE
    if item.path == "/" and not stage.is_workshop and not (item.origin is None and stage.is_light()):
        return None
    is_there = exists(item.place, earlier, stage.folders)
    if not is_there and not is_filled(item, earlier, there, known, text=text, strict=True):
        top = _highest(item.place, earlier, stage)
        above = item._replace(place=top)
        if top == item.place or not is_filled(above, earlier, there, known, text=text, strict=True):
            return Form.REMOVED
    is_special = item.place in mappings.ownership["special-folders"]
    return Form.SWAPPED if not is_special and _can_move(item.place, step, earlier, stage, known) else None


def _may_hold(before: Sequence[Bind], place: str, context: Context) -> bool:
    """Whether the innermost of the binds around ``place`` may show something there."""
    outer = [bind for bind in before if place.startswith(bind.place + "/")][-1]
    inside = posixpath.join(outer.path, place[len(outer.place) + 1 :]).lstrip("/")
    return outer.source is not None or context.exists(inside) is not False


def _can_move(place: str, step: Step, earlier: Sequence[Step], stage: _Stage, known: Mapping[str, list[str]]) -> bool:
    """Whether what stands at ``place`` can be elsewhere while the RUN of ``step`` runs.

    The RUN is not in a folder below it and does not look at the root, where it goes; mv keeps all but capabilities.
    """
    texts = [text_of(other.instruction) for other in (*earlier, step)]
    return (
        not is_system(place, known)
        and exists(posixpath.dirname(place), earlier, stage.folders)
        and not (step.folder or "/").startswith(place + "/")
        and not ROOT.search(texts[-1])
        and not any("setcap" in text for text in texts)
    )


def _highest(place: str, earlier: Sequence[Step], stage: _Stage) -> str:
    """The highest folder of ``place`` that is not there for certain, or ``place``: a copy makes it."""
    folder = posixpath.dirname(place)
    return place if exists(folder, earlier, stage.folders) else _highest(folder, earlier, stage)


def _is_restorable(user: str | None) -> bool:
    return user is not None and "$" not in user
