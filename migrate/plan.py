"""Which target each stage becomes, what it saves, where arguments and image names go: decided before any rule runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from migrate import timestamps
from migrate.artifacts import Artifact, clean, minimal, needed
from migrate.dockerfile.model import Instruction, Pair, PairsDetail, RunDetail
from migrate.dockerfile.words import parse_word
from migrate.fallen import FallenStage
from migrate.images import parse_reference
from migrate.mappings import Mappings
from migrate.recipe import Reporter
from migrate.scope import without_variables
from migrate.settings import Settings
from migrate.stages import SCRATCH, Source, Stage, StageGraph
from migrate.words import Literal, Variable, Word, variables

if TYPE_CHECKING:
    from migrate.ownership import Doubt

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Commands that show all variables: ``env``, ``printenv``, ``export -p``, ``set`` without anything after them.
_LISTING = re.compile(r"(?:^|[\s;&|(`])(?:env|printenv|(?:export|declare)\s+-p|set)\s*(?:-0\s*)?(?:$|[|>;&)`\\])")
#: Names that only choose an image; nothing reads them from the environment (hard-cases.md 2).
_HARMLESS = frozenset(("VERSION", "TAG", "IMAGE", "VARIANT", "DIGEST", "RELEASE"))


class GlobalArgument(NamedTuple):
    """An ARG before the first FROM. ``everywhere`` asks for ``ARG --global``; ``default`` is None for a bare one."""

    name: str
    default: Word | None
    text: str | None
    instruction: Instruction
    everywhere: bool
    imported: bool
    passed: bool = False
    """Whether a stage that is built FROM DOCKERFILE gets it."""


class Helper(NamedTuple):
    """A target of its own for an image: ``COPY --from=image``, or a FROM whose arguments must stay out of the stage."""

    target: str
    image: Word
    before: int
    """The stage in front of which it stands."""
    artifacts: tuple[Artifact, ...] = ()
    arguments: tuple[str, ...] = ()
    platform: Word | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions that concern more than one stage. Stage-indexed tuples and mappings follow the graph's order."""

    graph: StageGraph
    targets: tuple[str, ...]
    artifacts: Mapping[int, tuple[Artifact, ...]]
    image_helpers: Mapping[str, Helper]
    aliases: Mapping[int, Helper]
    globals: Mapping[str, GlobalArgument]
    mentions: tuple[frozenset[str], ...]
    final: int
    image_target: str | None
    """A thin target that saves the final image, when another target is FROM the final stage."""
    saved: Mapping[int, str]
    """Stages besides the last whose images are kept -> the thin target that does so."""
    workshops: frozenset[int]
    """Stages that others only take files from: what a bind mount would leave behind there does no harm."""
    platform_arguments: Mapping[int, tuple[str, ...]]
    """Builtin arguments that a stage must declare before its FROM."""
    fallen: Mapping[int, FallenStage] = field(default_factory=dict)
    """The stages that are built FROM DOCKERFILE."""
    owner_doubts: dict[tuple[int, str], Doubt | None] = field(default_factory=dict, compare=False)
    """What migrate.ownership found out, so that nothing is looked up twice."""


def make(
    graph: StageGraph,
    settings: Settings,
    mappings: Mappings,
    report: Reporter,
    fallen: Mapping[int, FallenStage] | None = None,
) -> Plan:
    """The plan for ``graph``; findings about names and arguments go to ``report``.

    ``fallen`` are the stages that are built FROM DOCKERFILE: they need no artifact, no helper and no global argument.
    """
    fallen = fallen or {}
    native = [stage for stage in graph.stages if stage.index not in fallen]
    sources = {index: found for index, found in graph.sources.items() if index not in fallen}
    mentions = tuple(_mentions(stage.instructions) for stage in graph.stages)
    taken: set[str] = set(settings.reserved)
    targets = tuple(_target_names(graph, settings.prefix, taken, report))
    final = _final(graph, settings, report)
    names = _globals(graph)
    private = settings.private_arguments
    leaking = {name for name in names if name in private or _leaks(name, graph, mentions, mappings)}
    closures = [() if stage.index in fallen else _closure(_from_variables(stage), names) for stage in graph.stages]
    aliased = {stage.index for stage in graph.stages if leaking & set(closures[stage.index])}
    everywhere = _everywhere(native, names, closures, aliased, leaking)
    imports = {pair.key for stage in native for pair in _bare_arguments(stage)}
    passed = {argument.name for stage in fallen.values() for argument in stage.passed}
    globals_ = {
        name: GlobalArgument(name, word, text, instruction, name in everywhere, name in imports, name in passed)
        for name, (word, text, instruction) in names.items()
    }
    platform_arguments = {stage.index: _before_from(stage, mappings) for stage in native}
    aliases = {
        index: _alias(graph.stages[index], closures[index], taken, platform_arguments[index])
        for index in sorted(aliased)
    }
    helpers = _image_helpers(graph, sources, taken, exact=settings.fidelity == "exact")
    workshops = _workshops(graph, final)
    base_of = {stage.base for stage in graph.stages} | {chosen for stage in graph.stages for chosen in stage.selects}
    image_target = unique_name(f"{targets[final]}-image", taken) if final in base_of else None
    wanted = {graph.find_target(saved.stage) for saved in settings.saved} - {None, final}
    kept = sorted(index for index in wanted if index is not None)
    saved = {index: unique_name(f"{targets[index]}-image", taken) for index in kept}
    return Plan(
        graph,
        targets,
        _artifacts(graph, sources, workshops, mappings, exact=settings.fidelity == "exact"),
        helpers,
        aliases,
        globals_,
        mentions,
        final,
        image_target,
        saved,
        workshops,
        platform_arguments,
        fallen,
    )


def _mentions(instructions: Iterable[Instruction]) -> frozenset[str]:
    """Every identifier in the text of a stage: what may be the name of a variable there."""
    return frozenset(_NAME.findall("\n".join(line.text for item in instructions for line in item.lines)))


def _target_names(graph: StageGraph, prefix: str, taken: set[str], report: Reporter) -> Iterable[str]:
    """Legal, unique target names; the names that need no change are given out first."""
    last = graph.stages[-1].index
    wanted = [stage.name or ("docker" if stage.index == last else f"stage-{stage.index}") for stage in graph.stages]
    if prefix:
        unnamed = graph.stages[-1].name is None
        wanted = [prefix if index == last and unnamed else f"{prefix}-{name}" for index, name in enumerate(wanted)]
    legal = [_legal(name) for name in wanted]
    free = [
        name == better and wanted.index(name) == index and name not in taken
        for index, (name, better) in enumerate(zip(wanted, legal, strict=True))
    ]
    taken.update(name for name, is_free in zip(wanted, free, strict=True) if is_free)
    for index, (name, better) in enumerate(zip(wanted, legal, strict=True)):
        chosen = better if free[index] else unique_name(better, taken)
        stage = graph.stages[index]
        if chosen != name and stage.name is not None:
            report("EM201", stage.instruction.span, stage=stage.name, target=chosen)
        yield chosen


def _legal(name: str) -> str:
    """A name that an Earthfile reference accepts: ``[a-z][a-zA-Z0-9.-]*`` and not the reserved ``base``."""
    legal = re.sub(r"[^a-z0-9.-]", "-", name.lower())
    if not legal[:1].isalpha():
        legal = f"stage-{legal}".rstrip("-")
    return "base-image" if legal == "base" else legal


def unique_name(name: str, taken: set[str]) -> str:
    """``name``, numbered when it is already given out; the result counts as taken."""
    chosen = name
    number = 2
    while chosen in taken:
        chosen = f"{name}-{number}"
        number += 1
    taken.add(chosen)
    return chosen


def _final(graph: StageGraph, settings: Settings, report: Reporter) -> int:
    if settings.target is not None:
        found = graph.find_target(settings.target)
        if found is not None:
            return found
        names = ", ".join(stage.name for stage in graph.stages if stage.name) or "none has a name"
        report("EM209", None, target=settings.target, names=names)
    return graph.stages[-1].index


def _globals(graph: StageGraph) -> dict[str, tuple[Word | None, str | None, Instruction]]:
    """name -> (default, its text, instruction); a later default wins, a later bare ARG changes nothing."""
    found: dict[str, tuple[Word | None, str | None, Instruction]] = {}
    for instruction in graph.arguments:
        detail = instruction.detail
        assert isinstance(detail, PairsDetail)
        for pair in detail.pairs:
            if pair.value is not None:
                _freeze(found, pair.key)
                found.pop(pair.key, None)
                found[pair.key] = (parse_word(pair.value, graph.dockerfile.escape), pair.value, instruction)
            else:
                found.setdefault(pair.key, (None, None, instruction))
    return found


def _freeze(found: dict[str, tuple[Word | None, str | None, Instruction]], name: str) -> None:
    """Write the old default of ``name`` into the defaults that use it, because it is about to get another one."""
    old = found.get(name)
    if old is None:
        return
    for other, (word, _, instruction) in found.items():
        if word is not None and any(variable.name == name for variable in variables(word)):
            found[other] = (without_variables(word, {name: old[0] or ()}), None, instruction)


def _image_variables(stage: Stage) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variable.name for variable in variables(stage.image)))


def _from_variables(stage: Stage) -> tuple[str, ...]:
    names = [variable.name for variable in variables(stage.image)]
    flag = stage.instruction.flag("platform")
    if flag is not None and flag.value:
        names += [variable.name for variable in variables(parse_word(flag.value, "\\"))]
    return tuple(dict.fromkeys(names))


def _closure(start: Iterable[str], names: Mapping[str, tuple[Word | None, str | None, Instruction]]) -> tuple[str, ...]:
    """The global arguments among ``start`` and those that their defaults use, in header order."""
    seen: set[str] = set()
    queue = list(start)
    while queue:
        name = queue.pop()
        if name in names and name not in seen:
            seen.add(name)
            queue += [variable.name for variable in variables(names[name][0] or ())]
    return tuple(name for name in names if name in seen)


def _leaks(name: str, graph: StageGraph, mentions: tuple[frozenset[str], ...], mappings: Mappings) -> bool:
    """Whether ``ARG --global name`` would show the value where Docker does not and something may read it."""
    if name in mappings.builtin_arguments:
        return False
    runs = any(item.keyword == "RUN" for stage in graph.stages for item in stage.instructions)
    if runs and _HARMLESS.isdisjoint(name.split("_")[1:]) and is_environment_name(name, mappings):
        return True
    return any(
        (name in mentions[stage.index] or any(map(_lists_environment, stage.instructions)))
        and not _imported_before_use(name, stage)
        for stage in graph.stages
    )


def _lists_environment(instruction: Instruction) -> bool:
    """Whether a RUN prints every variable that it sees."""
    return instruction.keyword == "RUN" and any(_LISTING.search(line.text) for line in instruction.lines)


def is_environment_name(name: str, mappings: Mappings) -> bool:
    """Whether programs are known to read ``name`` from their environment (mappings/environment-names.yaml)."""
    names = mappings.environment_names
    return name in names or any(name.startswith(key[:-1]) for key in names if key.endswith("*"))


def _imported_before_use(name: str, stage: Stage) -> bool:
    for instruction in stage.instructions:
        if name in _mentions((instruction,)) or _lists_environment(instruction):
            detail = instruction.detail
            return (
                instruction.keyword == "ARG"
                and isinstance(detail, PairsDetail)
                and any(pair.key == name for pair in detail.pairs)
            )
    return True


def _everywhere(
    stages: Iterable[Stage],
    names: Mapping[str, tuple[Word | None, str | None, Instruction]],
    closures: list[tuple[str, ...]],
    aliased: set[int],
    leaking: set[str],
) -> set[str]:
    """The arguments that become ``ARG --global``: a FROM uses them, or the default of one that a stage imports does."""
    found = {name for index, closure in enumerate(closures) if index not in aliased for name in closure}
    for stage in stages:
        own: set[str] = set()
        """What the stage itself has set before."""
        for instruction in stage.instructions:
            if instruction.keyword in ("ARG", "ENV") and isinstance(instruction.detail, PairsDetail):
                for pair in instruction.detail.pairs:
                    default = names.get(pair.key, ((), "", None))[0]
                    if instruction.keyword == "ARG" and pair.value is None and default is not None:
                        used = [variable.name for variable in variables(default) if variable.name not in own]
                        found |= set(_closure(used, names)) - leaking
                    own.add(pair.key)
    return found


def _bare_arguments(stage: Stage) -> Iterable[Pair]:
    for instruction in stage.instructions:
        if instruction.keyword == "ARG" and isinstance(instruction.detail, PairsDetail):
            yield from (pair for pair in instruction.detail.pairs if pair.value is None)


def earth_name(name: str, mappings: Mappings) -> str | None:
    """What the platform argument ``name`` is called in an Earthfile, None for any other name."""
    entry = mappings.builtin_arguments.get(name)
    if entry is None or not entry["kind"].endswith("-platform"):
        return None
    found: str | None = entry["earthfile"]
    return found


def _before_from(stage: Stage, mappings: Mappings) -> tuple[str, ...]:
    """Platform arguments that the FROM line uses, or that would be the wrong platform's after a FROM with
    --platform."""
    flag = stage.instruction.flag("platform")
    platform = flag.value if flag is not None and flag.value else ""
    dropped = whole_platform(platform)
    used = _image_variables(stage) if stage.base is not None else _from_variables(stage)
    names = [name for name in used if name != dropped]
    if platform and stage.base is None and dropped != "TARGETPLATFORM":
        names += [pair.key for pair in _bare_arguments(stage) if pair.key.startswith("TARGET")]
    found = [earth_name(name, mappings) for name in names]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def whole_platform(value: str) -> str:
    """``BUILDPLATFORM`` or ``TARGETPLATFORM`` when a --platform value is just that variable, else ``""``."""
    word = parse_word(value, "\\")
    if len(word) == 1 and isinstance(word[0], Variable) and word[0].name in ("BUILDPLATFORM", "TARGETPLATFORM"):
        return word[0].name if word[0].operator in ("", ":-", "-") else ""
    return ""


def _alias(stage: Stage, closure: tuple[str, ...], taken: set[str], builtins: tuple[str, ...]) -> Helper:
    text = "".join(part.text if isinstance(part, Literal) else "" for part in stage.image)
    name = unique_name(_legal(_basename(text) or "from"), taken)
    flag = stage.instruction.flag("platform")
    platform = parse_word(flag.value, "\\") if flag is not None and flag.value else None
    return Helper(name, stage.image, stage.index, arguments=(*builtins, *closure), platform=platform)


def _image_helpers(
    graph: StageGraph, sources: Mapping[int, tuple[Source, ...]], taken: set[str], *, exact: bool
) -> dict[str, Helper]:
    """One helper for each image that a COPY --from names, in front of its first user."""
    wanted: dict[str, list[Artifact]] = {}
    first: dict[str, tuple[int, Source]] = {}
    for index, found in sources.items():
        for source in found:
            if source.stage is None and source.instruction.keyword == "COPY" and source.image != SCRATCH:
                first.setdefault(source.image, (index, source))
                wanted.setdefault(source.image, []).extend(_paths(source.instruction, graph.dockerfile.escape))
    helpers = {}
    for image, (index, source) in first.items():
        name = _legal(_basename(image) or "image")
        if name in taken:
            name = f"{name}-image"
        saved = tuple(artifact._replace(keep_times=exact) for artifact in minimal(wanted[image]))
        helpers[image] = Helper(unique_name(name, taken), (Literal(image),), index, artifacts=saved, source=source)
    return helpers


def _basename(image: str) -> str:
    return parse_reference(image).repository.rpartition("/")[2]


def _artifacts(
    graph: StageGraph,
    sources: Mapping[int, tuple[Source, ...]],
    workshops: frozenset[int],
    mappings: Mappings,
    *,
    exact: bool,
) -> dict[int, tuple[Artifact, ...]]:
    wanted: dict[int, list[Artifact]] = {}
    for index, found in sources.items():
        for source in found:
            if source.stage is not None and source.instruction.keyword == "COPY":
                paths = _paths(source.instruction, graph.dockerfile.escape)
                wanted.setdefault(source.stage, []).extend(paths)
            elif source.stage is not None and index in workshops:
                wanted.setdefault(source.stage, []).extend(_mounted(source.instruction, source.image))
    return {
        index: tuple(
            artifact._replace(keep_times=exact or timestamps.matter(graph, index, artifact.path, mappings))
            for artifact in minimal(paths)
        )
        for index, paths in wanted.items()
    }


def _workshops(graph: StageGraph, delivered: int) -> frozenset[int]:
    """The stages whose only use is that others take files from them: no image, and no stage is FROM them."""
    bases = {stage.base for stage in graph.stages} | {index for stage in graph.stages for index in stage.selects}
    return frozenset(
        stage.index for stage in graph.stages if stage.index not in bases and stage.index not in graph.chain(delivered)
    )


def _mounted(instruction: Instruction, name: str) -> Iterable[Artifact]:
    """What the bind mounts of a RUN take from the stage that they call ``name``."""
    detail = instruction.detail
    if isinstance(detail, RunDetail):
        for mount in detail.mounts:
            if mount.type == "bind" and mount.get("from") == name:
                source = mount.get("source", "src") or "/"
                if "$" not in source:
                    yield Artifact(clean(source))


def _paths(instruction: Instruction, escape: str) -> Iterable[Artifact]:
    """The artifacts that the sources of a ``COPY --from`` need."""
    for operand in instruction.detail.sources:  # type: ignore[union-attr]  # the reader gives COPY a CopyDetail
        if operand.heredoc is None:
            yield needed(parse_word(operand.text, escape))
