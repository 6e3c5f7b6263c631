"""What the image at the root of a chain is given by a helper Dockerfile, because no Earthfile command says it.

STOPSIGNAL and a HEALTHCHECK in exec form are config that every target below keeps, and nothing before the end reads
them: so they can be set at the root (hard-cases.md 10). ONBUILD triggers of a base image fire there by themselves, and
an archive that a stage begins with is unpacked there. All else stays native.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from migrate.artifacts import clean
from migrate.context import Context
from migrate.dockerfile.model import CopyDetail, Fired, HealthcheckDetail, Instruction
from migrate.images import base_image
from migrate.mappings import Mappings
from migrate.plan import Plan
from migrate.spans import Span
from migrate.stages import Stage, StageGraph

#: Where a STOPSIGNAL or HEALTHCHECK ends: in a root's Dockerfile, under a later one of its kind, or in no image at all.
ROOT, OVERRIDDEN, UNUSED = "root", "overridden", "unused"

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@%+,=~^*?-]+")
#: Instructions that neither touch files nor change what an ADD with an absolute destination does.
_CONFIG = frozenset(
    ("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL",
     "STOPSIGNAL", "USER", "VOLUME")
)  # fmt: skip


_Key: TypeAlias = tuple[int, Span, str, str]


class RootFile(NamedTuple):
    """What a helper Dockerfile adds to the image of a stage: its lines after FROM, and the target that writes it."""

    target: str
    lines: tuple[str, ...]
    in_context: bool
    """Whether it reads the build context."""
    sources: tuple[str, ...]
    """What it takes from there; triggers may take all."""
    above: tuple[str, ...]
    """The comment over the target."""


class Roots(NamedTuple):
    """The decisions for one file. ``files``: root stage -> what its image is given; stages may share a target.

    ``placed``: an instruction of a stage -> (one of the words above, the target that has it).
    ``extra``: stage -> the instructions that it carries though its Dockerfile does not say so.
    """

    files: Mapping[int, RootFile]
    placed: Mapping[_Key, tuple[str, str]]
    extra: Mapping[int, tuple[str, ...]]

    def of(self, stage: int, instruction: Instruction) -> tuple[str, str] | None:
        """What became of ``instruction`` of stage ``stage``, None when nothing was decided for it."""
        return self.placed.get(_key(stage, instruction))


NOTHING = Roots({}, {}, {})


def decide(plan: Plan, context: Context, mappings: Mappings, unique: Callable[[str], str]) -> Roots:
    """What each root of ``plan`` is given. ``unique`` makes a target name that nothing else has."""
    graph = plan.graph
    files: dict[int, RootFile] = {}
    placed: dict[_Key, tuple[str, str]] = {}
    extra: dict[int, list[str]] = {}
    names: dict[tuple[tuple[str, ...], bool], str] = {}
    for root in graph.stages:
        if root.base is not None or root.selects or root.index in plan.fallen:
            continue
        lines: list[str] = []
        parts: list[str] = []
        held: list[tuple[int, Instruction]] = []
        triggers = _has_triggers(root, mappings)
        fired = any(isinstance(item, Fired) for item in root.instructions)
        for instruction in _unpacked(root, context, mappings) if not (triggers or fired) else ():
            lines.append(f"ADD {instruction.operand.strip()}")
            parts.append("ADD")
            held.append((root.index, instruction))
        for kind in ("STOPSIGNAL", "HEALTHCHECK"):
            found = _configured(kind, root, plan)
            if found is None:
                continue
            lines += [found.line] if found.line else []
            parts += [kind] if found.line else []
            held += found.held
            placed.update({_key(*item): (word, "") for item, word in found.settled})
            for stage in found.carriers:
                extra.setdefault(stage, []).append(found.line)
        if not lines and not triggers:
            continue
        in_context = triggers or "ADD" in parts
        key = (tuple(lines), in_context)
        if key not in names:
            names[key] = unique(_name(parts, triggers=triggers))
        sources = (".",) if triggers else tuple(_sources(held))
        comment = _comment(parts, triggers=triggers)
        files[root.index] = RootFile(names[key], tuple(lines), in_context, sources, comment)
        placed.update({_key(stage, instruction): (ROOT, names[key]) for stage, instruction in held})
    return Roots(files, placed, {stage: tuple(found) for stage, found in extra.items()})


def _sources(held: Iterable[tuple[int, Instruction]]) -> Iterator[str]:
    for _, instruction in held:
        if isinstance(instruction.detail, CopyDetail):
            yield from (clean(source.text)[1:] for source in instruction.detail.sources)


def _key(stage: int, instruction: Instruction) -> _Key:
    return stage, instruction.span, instruction.keyword, instruction.text


def _name(parts: Iterable[str], *, triggers: bool) -> str:
    """A target name that says what is in the Dockerfile."""
    names = {"ADD": "root-files", "STOPSIGNAL": "stop-signal", "HEALTHCHECK": "health-check"}
    found = list(dict.fromkeys(names[part] for part in parts))
    if triggers:
        return "onbuild"
    return found[0] if len(found) == 1 or found[0] == "root-files" else "image-config"


def _comment(parts: Iterable[str], *, triggers: bool) -> tuple[str, ...]:
    what = {"ADD": "an ADD that unpacks", "STOPSIGNAL": "STOPSIGNAL", "HEALTHCHECK": "HEALTHCHECK with an array"}
    said = [what[part] for part in dict.fromkeys(parts)]
    if triggers:
        said.append("an image's ONBUILD triggers")
    return (
        f"# A Dockerfile for what an Earthfile cannot say: {' and '.join(said)}.",
        "# The image is an argument of it, where an update bot may not look.",
    )


def _has_triggers(root: Stage, mappings: Mappings) -> bool:
    if any(isinstance(item, Fired) for item in root.instructions):
        return False  # they are instructions of the stage already
    image = base_image(root.reference, mappings) if root.reference else None
    return image is not None and bool(image.onbuild)


class _Configured(NamedTuple):
    """One kind of config at one root: the line that it needs there, and what became of the instructions."""

    line: str
    held: list[tuple[int, Instruction]]
    settled: list[tuple[tuple[int, Instruction], str]]
    carriers: list[int]


def _configured(kind: str, root: Stage, plan: Plan) -> _Configured | None:
    """What ``kind`` needs at ``root``; None when no instruction of it lacks a native form, or no place is right."""
    graph = plan.graph
    tree = [stage.index for stage in graph.stages if graph.chain(stage.index)[-1] == root.index]
    written = [(index, item) for index in tree for item in graph.stages[index].instructions if item.keyword == kind]
    foreign = [(index, item) for index, item in written if _line(item) is not None]
    if not foreign:
        return None
    if any(set(graph.stages[index].selects) - {graph.stages[index].base} for index in tree):
        return None  # an argument may select a stage with another root
    effective = {index: _effective(kind, index, graph) for index in tree}
    shipped = [index for index in tree if is_shipped(index, plan)]
    if not shipped:
        return _Configured("", [], [(item, UNUSED) for item in foreign], [])
    certain = [index for index in shipped if index == plan.final or index in plan.saved] or shipped
    leader = certain[-1]
    wanted = effective[leader]
    if any(not _same(effective[index], wanted) for index in certain):
        return None
    line = _line(wanted[1]) if wanted is not None else None
    # What a later line in the chain of an image overrides must not stand natively; the rest of the tree keeps its say.
    chains = {index for one in certain for index in graph.chain(one)}
    counts = [effective[index] for index in certain]
    above = [item for item in written if item[0] in chains and item not in counts]
    if line is None:
        return _Configured("", [], [(item, OVERRIDDEN) for item in above if item in foreign], [])
    if "$" in line and kind == "STOPSIGNAL":
        return None
    held = [item for item in foreign if _line(item[1]) == line and item not in above]
    settled = [(item, OVERRIDDEN) for item in above]
    settled += [
        (item, UNUSED)
        for item in foreign
        if item not in above and item not in held and not any(item[0] in graph.chain(index) for index in shipped)
    ]
    native = [item for item in written if item not in foreign and item not in above]
    carriers = [
        index
        for index in shipped
        if not _same(effective[index], wanted) and not any(stage in graph.chain(index) for stage, _ in native)
    ]
    return _Configured(line, held, settled, carriers)


def _same(one: tuple[int, Instruction] | None, other: tuple[int, Instruction] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one[1].operand == other[1].operand and one[1].text == other[1].text


def wants_file(root: Stage, graph: StageGraph) -> bool:
    """Whether something in the stages that begin with ``root`` can only be said at their root."""
    if root.base is not None:
        return False
    tree = (stage for stage in graph.stages if graph.chain(stage.index)[-1] == root.index)
    return any(_line(item) is not None for stage in tree for item in stage.instructions)


def is_shipped(index: int, plan: Plan) -> bool:
    """Whether stage ``index`` may end in an image: it is one to build, or nothing in the file uses it."""
    if index == plan.final or index in plan.saved:
        return True
    return not any(index in plan.graph.needs(other.index) for other in plan.graph.stages)


def _effective(kind: str, index: int, graph: StageGraph) -> tuple[int, Instruction] | None:
    """The last instruction of ``kind`` on the way from the root to stage ``index``, with its stage."""
    for stage in graph.chain(index):
        found = [item for item in graph.stages[stage].instructions if item.keyword == kind]
        if found:
            return stage, found[-1]
    return None


def _line(instruction: Instruction) -> str | None:
    """The line for the helper Dockerfile, None for what an Earthfile can say itself."""
    if instruction.keyword == "STOPSIGNAL":
        return f"STOPSIGNAL {instruction.operand.strip()}"
    detail = instruction.detail
    if not isinstance(detail, HealthcheckDetail) or detail.exec_form is None:
        return None
    flags = "".join(f"--{flag.name}={flag.value} " for flag in instruction.flags if flag.value is not None)
    return f"HEALTHCHECK {flags}CMD {json.dumps(list(detail.exec_form), ensure_ascii=False)}"


def _unpacked(root: Stage, context: Context, mappings: Mappings) -> Iterator[Instruction]:
    """The ADDs of archives that the stage begins with, as far as they can go into the root's Dockerfile."""
    for instruction in root.instructions:
        if instruction.keyword in _CONFIG:
            continue
        detail = instruction.detail
        if instruction.keyword != "ADD" or not isinstance(detail, CopyDetail) or instruction.flags:
            return
        words = [*(source.text for source in detail.sources), detail.destination.text]
        plain = all(_PLAIN_WORD.fullmatch(word) for word in words) and instruction.exec_form is None
        if not plain or not detail.destination.text.startswith("/"):
            return
        from migrate import archives  # only a Dockerfile with ADD pays for it

        sources = words[:-1]
        if not all(map(archives.is_local, sources)) or not any(archives.is_archive(word, context) for word in sources):
            return
        found = archives.members(sources, context)
        special = mappings.ownership["special-folders"]
        if not root.is_scratch and archives.is_mergeable(clean(words[-1]), found, special):
            return
        yield instruction
