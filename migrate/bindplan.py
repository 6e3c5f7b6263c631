"""Which bind mounts become copies in place, and what happens to the copies (hard-cases.md 3).

A mount shows its files to one RUN, hides what is below them, and is gone. A copy stays and hides nothing: nothing after
the RUN may see it, or it is removed again; and it must not meet anything that was there before.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from migrate.artifacts import clean, related
from migrate.caches import commands
from migrate.dockerfile.model import CopyDetail, Instruction, Mount, RunDetail
from migrate.images import base_image
from migrate.mappings import Mappings
from migrate.stages import Source, StageGraph
from migrate.steps import Step, joined, standard_folders, steps_of

_TARGET = ("target", "dst", "destination")
_SOURCE = ("source", "src")
_MAKES = re.compile(r"\bmkdir\b([^;&|]*)")
_REDIRECTION = re.compile(r">\s*(?!&|/dev/)[^\s;&|]")
_PLAIN_FILES = frozenset("Makefile Dockerfile Gemfile Pipfile Procfile Rakefile LICENSE gradlew mvnw".split())  # noqa: SIM905


class Form(Enum):
    """What becomes of the copy."""

    STAYS = "nothing sees it"
    REMOVED = "a RUN removes it"
    ALONE = "a RUN removes what was there before, and nothing sees it"
    INSIDE = "it lies in another copy and goes where that goes"


class Bind(NamedTuple):
    """One bind mount: ``path`` of the context (``source`` None), a stage or an image at ``place``."""

    mount: Mount
    place: str
    path: str
    source: Source | None
    form: Form


class _Shown(NamedTuple):
    """Files of ``origin`` (None: the context) from ``path`` on are at ``place``."""

    place: str
    path: str
    origin: int | str | None


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


def planned(
    graph: StageGraph, workshops: frozenset[int], wanted: Mapping[int, Iterable[str]], mappings: Mappings
) -> Mapping[int, tuple[Bind, ...]]:
    """The binds of each RUN that becomes copies, by ``id()`` of the instruction; those of other RUNs are absent.

    ``wanted`` are the paths that others take from each stage.
    """
    found: dict[int, tuple[Bind, ...]] = {}
    left: dict[int, list[_Shown]] = {}
    for stage in graph.stages:
        if not any(_binds(item) for item in stage.instructions):
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
        )
        for number in range(known.first, len(steps)):
            made = _converted(number, known, graph, left, mappings) if _binds(steps[number].instruction) else None
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
    for mount in _binds(source.instruction):
        path = mount.get(*_SOURCE) or "/"
        if mount.get("from") == source.image and "$" not in path:
            yield clean(path)


def _binds(instruction: Instruction) -> list[Mount]:
    detail = instruction.detail
    return [mount for mount in detail.mounts if mount.type == "bind"] if isinstance(detail, RunDetail) else []


# One RUN


def _converted(
    number: int, stage: _Stage, graph: StageGraph, left: dict[int, list[_Shown]], mappings: Mappings
) -> tuple[Bind, ...] | None:
    """The binds of the RUN at ``number``, parents first; None when one of them cannot be a copy."""
    step = stage.steps[number]
    sources = {
        source.image: source
        for source in graph.sources.get(stage.number, ())
        if source.instruction is step.instruction and (source.stage is not None or source.image != "scratch")
    }
    wanted: list[tuple[_Shown, Mount, Source | None]] = []
    for mount in _binds(step.instruction):
        name = mount.get("from")
        shown = _shown(mount, step, sources.get(name or ""))
        if shown is None or (name is not None and name not in sources):
            return None
        wanted.append((shown, mount, sources.get(name or "")))
    if not _are_apart([shown.place for shown, _, _ in wanted], step):
        return None
    found: list[Bind] = []
    for shown, mount, source in sorted(wanted, key=lambda entry: entry[0].place.count("/")):
        form = _form(shown, found, number, stage, left, mappings)
        if form is None:
            return None
        found.append(Bind(mount, shown.place, shown.path, source, form))
        if form is Form.STAYS:
            left.setdefault(stage.number, []).append(shown)
    return tuple(found)


def _shown(mount: Mount, step: Step, source: Source | None) -> _Shown | None:
    place, path = joined(step.folder, mount.get(*_TARGET) or "."), mount.get(*_SOURCE) or "/"
    if place is None or place == "/" or "$" in path:
        return None
    origin = None if source is None else source.image if source.stage is None else source.stage
    return _Shown(place, clean(path), origin)


def _are_apart(places: Sequence[str], step: Step) -> bool:
    """Whether no two binds have one place, and no mount of another type stands at or above one."""
    detail = step.instruction.detail
    assert isinstance(detail, RunDetail)
    others = [joined(step.folder, mount.get(*_TARGET) or ".") for mount in detail.mounts if mount.type != "bind"]
    return len(set(places)) == len(places) and not any(_is_hidden(place, others) for place in places)


def _is_hidden(place: str, others: Sequence[str | None]) -> bool:
    """Whether a mount of another type may stand at or above ``place``."""
    return any(other is None or place == other or place.startswith(other.rstrip("/") + "/") for other in others)


def _form(
    item: _Shown, before: list[Bind], number: int, stage: _Stage, left: dict[int, list[_Shown]], mappings: Mappings
) -> Form | None:
    outer = [bind for bind in before if item.place.startswith(bind.place + "/")]
    if any(bind.form in (Form.REMOVED, Form.INSIDE) for bind in outer):
        return Form.INSIDE
    known = mappings.mounts["bind"]
    earlier, later = stage.steps[:number], stage.steps[number + 1 :]
    is_file = _is_file(item)
    unseen = (
        stage.is_workshop
        and not any(related(path, item.place) for path in stage.saved)
        and not any(_sees(step, item, known) for step in later)
    )
    text = _text(stage.steps[number].instruction)[stage.steps[number].instruction.operand_start :]
    there = left.get(stage.number, ())
    filled = _is_filled(item, earlier, there, known, text=text, strict=False)
    if unseen and (is_file or not filled):
        return Form.STAYS
    if outer:
        return None
    can_remove = stage.has_shell and (stage.steps[number].is_root or _is_restorable(stage.steps[number].user))
    is_standard = item.place in mappings.ownership["existing-folders"]
    if unseen and can_remove and not is_standard and not _is_system(item.place, known):
        return Form.ALONE
    if (
        can_remove
        and item.path != "/"
        and not _is_filled(item, earlier, there, known, text=text, strict=True)
        and _exists(posixpath.dirname(item.place), earlier, stage.folders)
    ):
        return Form.REMOVED
    return None


def _is_restorable(user: str | None) -> bool:
    return user is not None and "$" not in user


def _is_file(item: _Shown) -> bool:
    """Whether the name looks like a file's."""
    name = posixpath.basename(item.path)
    return "." in name.lstrip(".") or name in _PLAIN_FILES


def _is_system(place: str, known: Mapping[str, list[str]]) -> bool:
    """Whether an image is likely to have something of its own around ``place``."""
    if any(place.startswith(folder + "/") for folder in known["free-folders"]):
        return False
    return any(place == folder or place.startswith(folder + "/") for folder in known["system-folders"])


# What was there before, and what looks there afterwards


def _is_filled(
    item: _Shown,
    earlier: Sequence[Step],
    left: Iterable[_Shown],
    known: Mapping[str, list[str]],
    *,
    text: str,
    strict: bool,
) -> bool:
    """Whether something may stand at ``item.place`` that the mount would hide, or (``strict``) anything at all.

    ``text`` is the RUN's own.
    """
    if _is_system(item.place, known) and not (strict and _is_tool(item, earlier, text)):
        return True
    if any(related(other.place, item.place) and (strict or not _same(other, item)) for other in left):
        return True
    return any(_may_fill(step, item, known, strict=strict) for step in earlier)


def _is_tool(item: _Shown, earlier: Sequence[Step], text: str) -> bool:
    """A program of another image or stage where programs are, called by the RUN (``text``) and by none before it."""
    folder, name = posixpath.split(item.place)
    called = rf"(?<![\w.-]){re.escape(name)}(?![\w.-])"
    if item.origin is None or not folder.endswith(("/bin", "/sbin")) or not re.search(called, text):
        return False
    return not any(re.search(called, _text(step.instruction)) for step in earlier)


def _may_fill(step: Step, item: _Shown, known: Mapping[str, list[str]], *, strict: bool) -> bool:
    instruction = step.instruction
    if instruction.keyword == "WORKDIR":
        place = joined(step.folder, instruction.operand)
        return strict and (place is None or place == item.place or place.startswith(item.place + "/"))
    if isinstance(instruction.detail, CopyDetail):
        copied = _copied(step)
        if copied is None:
            return True
        return any(related(other.place, item.place) and (strict or not _same(other, item)) for other in copied)
    if instruction.keyword != "RUN":
        return instruction.keyword == "ONBUILD"
    if any(place is None or _is_at_or_below(item.place, place) for place in _mounted_at(step)):
        return False  # the RUN cannot reach the place
    text = _MAKES.sub("", _text(instruction)) if not strict else _text(instruction)
    if item.place in text or (_is_file(item) and posixpath.basename(item.place) in text):
        return True
    if step.folder is None or not related(step.folder, item.place):
        return False
    if step.folder == "/":
        name = item.place.split("/")[1]
        return re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w.-])", text) is not None
    if _is_file(item) and re.search(r"\b(?:init|new|create)\b", text):
        return True
    quiet = [*known["quiet-programs"], *(known["quiet-for-files"] if _is_file(item) else ())]
    return not _is_quiet(instruction, quiet) or _REDIRECTION.search(text) is not None


def _mounted_at(step: Step) -> Iterator[str | None]:
    detail = step.instruction.detail
    if isinstance(detail, RunDetail):
        yield from (joined(step.folder, mount.get(*_TARGET) or ".") for mount in detail.mounts if mount.type == "bind")


def _is_quiet(instruction: Instruction, quiet: Sequence[str]) -> bool:
    """Whether a RUN calls only what puts nothing into its working directory; entries may name a subcommand."""
    for words in commands(instruction):
        named = any(" ".join(words[:count]) in quiet for count in range(1, 4))
        if not named or any(word in (".", "-e", "-t", "--target", "--editable") or word[:2] == "./" for word in words):
            return False
    return True


def _sees(step: Step, item: _Shown, known: Mapping[str, list[str]]) -> bool:
    """Whether an instruction after the RUN may notice what the copy left at ``item.place``."""
    instruction = step.instruction
    if isinstance(instruction.detail, CopyDetail):
        copied = _copied(step)
        return copied is None or any(related(o.place, item.place) and not _same(o, item) for o in copied)
    if instruction.keyword != "RUN":
        return False
    for mount in _binds(instruction):
        place = joined(step.folder, mount.get(*_TARGET) or ".")
        other = _Shown(place or "", clean(mount.get(*_SOURCE) or "/"), mount.get("from"))
        if place is not None and _is_at_or_below(item.place, place) and _same(other, item):
            return False
    text = _text(instruction)
    if any(re.search(rf"{re.escape(folder)}(?![\w.-])", text) for folder in _ancestors(item.place)):
        return True
    if step.folder is not None and not related(step.folder, item.place):
        return False
    return not _is_quiet(instruction, known["quiet-programs"])


def _ancestors(place: str) -> Iterator[str]:
    while place not in ("", "/"):
        yield place
        place = posixpath.dirname(place)


def _is_at_or_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _same(one: _Shown, other: _Shown) -> bool:
    """Whether both show the same file at every place that both cover."""
    if one.origin != other.origin:
        return False
    if _is_at_or_below(other.place, one.place):
        one, other = other, one
    return clean(other.path + one.place[len(other.place) :]) == one.path


def _copied(step: Step) -> list[_Shown] | None:
    """Where a COPY puts what; None when that is not plain."""
    detail = step.instruction.detail
    assert isinstance(detail, CopyDetail)
    target = joined(step.folder, detail.destination.text)
    if target is None or {flag.name for flag in step.instruction.flags} - {"from", "link"}:
        return None
    flag = step.instruction.flag("from")
    # An ADD may unpack; names of stages are compared with nothing.
    origin = "another" if flag is not None or step.instruction.keyword == "ADD" else None
    in_folder = detail.destination.text.endswith("/") or detail.destination.text in (".", "") or len(detail.sources) > 1
    found = []
    for source in detail.sources:
        if source.heredoc is not None or "$" in source.text:
            return None
        path = clean(source.text)
        if set(path) & set("*?["):
            path = posixpath.dirname(path)
            found.append(_Shown(target, path, "another" if set(path) & set("*?[") else origin))
        elif path != "/" and not source.text.endswith("/") and _is_file(_Shown("", path, None)) and in_folder:
            found.append(_Shown(clean(f"{target}/{posixpath.basename(path)}"), path, origin))
        else:
            found.append(_Shown(target, path, origin))
    return found


def _exists(folder: str, earlier: Sequence[Step], known: Sequence[str]) -> bool:
    """Whether ``folder`` is there for certain."""
    if folder == "/" or folder in known:
        return True
    for step in earlier:
        if step.instruction.keyword == "WORKDIR":
            made = [joined(step.folder, step.instruction.operand)]
        elif step.instruction.keyword == "RUN":
            words = [word for match in _MAKES.finditer(_text(step.instruction)) for word in match[1].split()]
            made = [joined(step.folder, word) for word in words if not set(word) & set("$*?{-\"'`")]
        else:
            continue
        if any(place is not None and _is_at_or_below(place, folder) for place in made):
            return True
    return False


def _text(instruction: Instruction) -> str:
    return "\n".join((instruction.text, *(heredoc.body for heredoc in instruction.heredocs)))
