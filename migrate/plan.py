"""Which target each stage becomes, what it saves, where arguments and image names go: decided before any rule runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from migrate import header, outlinks, timestamps
from migrate.artifacts import ROOT, WILDCARDS, Artifact, minimal, needed
from migrate.context import Context, UnknownContext
from migrate.dockerfile.model import CopyDetail, Instruction, RunDetail
from migrate.dockerfile.words import parse_word
from migrate.fallen import FallenStage
from migrate.header import GlobalArgument
from migrate.images import parse_reference
from migrate.mappings import Mappings
from migrate.recipe import Reporter
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import SCRATCH, Source, Stage, StageGraph
from migrate.words import Literal, Variable, Word, variables

if TYPE_CHECKING:
    from migrate.bindplan import Bind
    from migrate.ownership import Doubt


LAST = "(last)"
"""Stands for the name of a last stage without one, which its number would not outlive."""


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
    binds: Mapping[int, tuple[Bind, ...]]
    """What each RUN with bind mounts copies in their place, by ``id()`` of the instruction."""
    platform_arguments: Mapping[int, tuple[str, ...]]
    """Builtin arguments that a stage must declare before its FROM."""
    fallen: Mapping[int, FallenStage] = field(default_factory=dict)
    """The stages that are built FROM DOCKERFILE."""
    foreign_archives: set[Span] = field(default_factory=set, compare=False)
    """The ADDs whose archives may hold files of other users than root."""
    owner_doubts: dict[tuple[int, str], Doubt | None] = field(default_factory=dict, compare=False)
    """What migrate.ownership found out, so that nothing is looked up twice."""


def make(
    graph: StageGraph,
    settings: Settings,
    mappings: Mappings,
    report: Reporter,
    fallen: Mapping[int, FallenStage] | None = None,
    context: Context | None = None,
) -> Plan:
    """The plan for ``graph``; findings about names and arguments go to ``report``.

    ``fallen`` are the stages that are built FROM DOCKERFILE: they need no artifact, no helper and no global argument.
    """
    fallen = fallen or {}
    native = [stage for stage in graph.stages if stage.index not in fallen]
    sources = {index: found for index, found in graph.sources.items() if index not in fallen}
    mentions = tuple(header.mentions(stage.instructions) for stage in graph.stages)
    taken: set[str] = set(settings.reserved)
    targets = tuple(_target_names(graph, settings, taken, report))
    final = _final(graph, settings, report)
    names = header.declared(graph, mappings.builtin_arguments)
    private = settings.private_arguments
    leaking = {name for name in names if name in private or header.leaks(name, graph, mentions, mappings)}
    closures = [
        () if stage.index in fallen else header.closure(_from_variables(stage), names) for stage in graph.stages
    ]
    aliased = {stage.index for stage in graph.stages if leaking & set(closures[stage.index])}
    everywhere = header.everywhere(native, names, closures, aliased, leaking)
    imports = {pair.key for stage in native for pair in header.bare_arguments(stage)}
    passed = {argument.name for stage in fallen.values() for argument in stage.passed}
    globals_ = {
        name: GlobalArgument(name, *entry[:3], name in everywhere, name in imports, name in passed, entry.of)
        for name, entry in names.items()
    }
    platform_arguments = {stage.index: _before_from(stage, names, mappings) for stage in native}
    aliases = {
        index: _alias(graph.stages[index], closures[index], taken, platform_arguments[index])
        for index in sorted(aliased)
    }
    base_of = {stage.base for stage in graph.stages} | {chosen for stage in graph.stages for chosen in stage.selects}
    image_target = unique_name(f"{targets[final]}-image", taken) if final in base_of else None
    wanted = {graph.find_target(saved.stage) for saved in settings.saved} - {None, final}
    kept = sorted(index for index in wanted if index is not None)
    saved = {index: unique_name(f"{targets[index]}-image", taken) for index in kept}
    binds = _bind_mounts(graph, (final, *kept), mappings, context or UnknownContext())
    taking = _Taking(graph, sources, binds, exact=settings.fidelity == "exact")
    helpers = _image_helpers(taking, taken)
    return Plan(
        graph,
        targets,
        _artifacts(taking, mappings),
        helpers,
        aliases,
        globals_,
        mentions,
        final,
        image_target,
        saved,
        binds,
        platform_arguments,
        fallen,
    )


def _target_names(graph: StageGraph, settings: Settings, taken: set[str], report: Reporter) -> Iterable[str]:
    """Legal, unique target names; those of an earlier run and those that need no change are given out first."""
    last, prefix = graph.stages[-1].index, settings.prefix
    wanted = [stage.name or ("docker" if stage.index == last else f"stage-{stage.index}") for stage in graph.stages]
    if prefix:
        unnamed = graph.stages[-1].name is None
        wanted = [prefix if index == last and unnamed else _prefixed(prefix, name) for index, name in enumerate(wanted)]
    earlier = dict(settings.target_names)
    kept = [earlier.get(stage.name or (LAST if stage.index == last else ""), "") for stage in graph.stages]
    kept = [name if _legal(name) == name and name not in taken and kept.count(name) == 1 else "" for name in kept]
    asked, wanted = wanted, [old or name for old, name in zip(kept, wanted, strict=True)]
    legal = [_legal(name) for name in wanted]
    free = [
        name == better and wanted.index(name) == index and name not in taken
        for index, (name, better) in enumerate(zip(wanted, legal, strict=True))
    ]
    taken.update(name for name, is_free in zip(wanted, free, strict=True) if is_free)
    for index, (_, better) in enumerate(zip(wanted, legal, strict=True)):
        chosen = better if free[index] else unique_name(better, taken)
        stage = graph.stages[index]
        if chosen != asked[index] and stage.name is not None:
            report("EM201", stage.instruction.span, stage=stage.name, target=chosen)
        yield chosen


def _prefixed(prefix: str, name: str) -> str:
    """``name`` after ``prefix``, which a stage of server.Dockerfile may have in its name already."""
    return name if name == prefix or name.startswith(f"{prefix}-") else f"{prefix}-{name}"


def _legal(name: str) -> str:
    """A name that an Earthfile reference accepts: ``[a-z][a-zA-Z0-9.-]*`` and not the reserved ``base``."""
    legal = legal_text(name)
    if not legal[:1].isalpha():
        legal = f"stage-{legal}".rstrip("-")
    return "base-image" if legal == "base" else legal


def legal_text(text: str) -> str:
    """``text`` with what no name of a target may hold replaced."""
    return re.sub(r"[^a-z0-9.-]", "-", text.lower())


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


def _image_variables(stage: Stage) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variable.name for variable in variables(stage.image)))


def _from_variables(stage: Stage) -> tuple[str, ...]:
    names = [variable.name for variable in variables(stage.image)]
    flag = stage.instruction.flag("platform")
    if flag is not None and flag.value:
        names += [variable.name for variable in variables(parse_word(flag.value, "\\"))]
    return tuple(dict.fromkeys(names))


def earth_name(name: str, mappings: Mappings) -> str | None:
    """What the platform argument ``name`` is called in an Earthfile, None for any other name."""
    entry = mappings.builtin_arguments.get(name)
    if entry is None or not entry["kind"].endswith("-platform"):
        return None
    found: str | None = entry["earthfile"]
    return found


def _before_from(stage: Stage, names: Mapping[str, header.Declared], mappings: Mappings) -> tuple[str, ...]:
    """Platform arguments that the FROM line uses, or that would be the wrong platform's after a FROM with
    --platform."""
    flag = stage.instruction.flag("platform")
    platform = flag.value if flag is not None and flag.value else ""
    dropped = whole_platform(platform)
    used = _image_variables(stage) if stage.base is not None else _from_variables(stage)
    wanted = [name for name in used if name != dropped]
    if platform and stage.base is None and dropped != "TARGETPLATFORM":
        bare = [pair.key for pair in header.bare_arguments(stage)]
        defaults = [names[name].word or () for name in header.closure(bare, names)]
        read = [variable.name for word in defaults for variable in variables(word) if variable.name not in names]
        wanted += [name for name in (*bare, *read) if name.startswith("TARGET")]
    found = [earth_name(name, mappings) for name in wanted]
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


def _image_helpers(taking: _Taking, taken: set[str]) -> dict[str, Helper]:
    """One helper for each image that a COPY --from or a bind mount names, in front of its first user."""
    wanted: dict[str, list[Artifact]] = {}
    first: dict[str, tuple[int, Source]] = {}
    for index, source in taking.each():
        if source.stage is None and source.image != SCRATCH:
            first.setdefault(source.image, (index, source))
            wanted.setdefault(source.image, []).extend(taking.paths(source))
    helpers = {}
    for image, (index, source) in first.items():
        name = _legal(_basename(image) or "image")
        if name in taken or name == "docker":  # "earth +docker" is what people build
            name = f"{name}-image"
        saved = tuple(artifact._replace(keep_times=taking.exact) for artifact in minimal(wanted[image]))
        helpers[image] = Helper(unique_name(name, taken), (Literal(image),), index, artifacts=saved, source=source)
    return helpers


def _basename(image: str) -> str:
    return parse_reference(image.rpartition("+")[2]).repository.rpartition("/")[2]


class _Taking(NamedTuple):
    """What the stages take from other stages and from images."""

    graph: StageGraph
    sources: Mapping[int, tuple[Source, ...]]
    binds: Mapping[int, tuple[Bind, ...]]
    exact: bool

    def each(self) -> Iterable[tuple[int, Source]]:
        """Every source that a command will take something from, with the stage it stands in."""
        for index, found in self.sources.items():
            for source in found:
                if source.instruction.keyword == "COPY" or id(source.instruction) in self.binds:
                    yield index, source

    def paths(self, source: Source) -> Iterable[Artifact]:
        """The artifacts that are taken from ``source``."""
        if source.instruction.keyword == "COPY":
            yield from _paths(source.instruction, self.graph.dockerfile.escape)
        else:
            binds = self.binds[id(source.instruction)]
            yield from (Artifact(bind.path) for bind in binds if bind.source is source)


def _artifacts(taking: _Taking, mappings: Mappings) -> dict[int, tuple[Artifact, ...]]:
    wanted: dict[int, list[Artifact]] = {}
    folders: dict[int, set[str]] = {}
    for _, source in taking.each():
        if source.stage is not None:
            wanted.setdefault(source.stage, []).extend(taking.paths(source))
            folders.setdefault(source.stage, set()).update(_pattern_folders(source.instruction))
    return {
        index: tuple(
            artifact._replace(
                keep_times=taking.exact or timestamps.matter(taking.graph, index, artifact.path, mappings)
            )
            for artifact in _widened(minimal(paths), paths, folders[index], taking.graph, index)
        )
        for index, paths in wanted.items()
    }


def _pattern_folders(instruction: Instruction) -> Iterable[str]:
    """The folders in which the sources of a COPY have wildcards."""
    detail = instruction.detail
    for operand in detail.sources if isinstance(detail, CopyDetail) else ():
        if WILDCARDS & set(operand.text) and "$" not in operand.text:
            yield needed((Literal(operand.text),)).path


def _widened(
    saved: tuple[Artifact, ...], paths: Iterable[Artifact], patterns: set[str], graph: StageGraph, index: int
) -> tuple[Artifact, ...]:
    """``saved``, or the whole root where a link in a saved folder leads out of it.

    A pattern, and a path below a folder that is saved whole, follow such a link; in the root its end is there.
    """
    inner = [one for one in saved if one.path in patterns or any(one != it and one.covers(it) for it in paths)]
    if not inner:
        return saved
    texts = run_texts(graph, index)
    return (Artifact(ROOT),) if any(outlinks.lead_out(texts, one.path) for one in inner) else saved


def run_texts(graph: StageGraph, index: int) -> list[str]:
    """What each RUN of a stage, and of the stages it is FROM, executes."""
    runs = [item for stage in graph.chain(index) for item in graph.stages[stage].instructions if item.keyword == "RUN"]
    return ["".join(item.texts) for item in runs]


def _bind_mounts(
    graph: StageGraph, delivered: Iterable[int], mappings: Mappings, context: Context
) -> Mapping[int, tuple[Bind, ...]]:
    """The bind mounts that become copies; ``delivered`` are the stages whose images are kept."""
    details = [item.detail for stage in graph.stages for item in stage.instructions]
    if not any(isinstance(one, RunDetail) and any(mount.type == "bind" for mount in one.mounts) for one in details):
        return {}
    from migrate import bindplan  # few files need it

    images = {parent for index in delivered for parent in graph.chain(index)}
    bases = {stage.base for stage in graph.stages} | {index for stage in graph.stages for index in stage.selects}
    workshops = frozenset(stage.index for stage in graph.stages if stage.index not in bases | images)
    wanted = bindplan.wanted_paths(graph)
    for found in graph.sources.values():
        for source in found:
            if source.stage is not None and source.instruction.keyword == "COPY":
                paths = _paths(source.instruction, graph.dockerfile.escape)
                wanted.setdefault(source.stage, []).extend(artifact.path for artifact in paths)
    return bindplan.planned(graph, workshops, wanted, mappings, context)


def _paths(instruction: Instruction, escape: str) -> Iterable[Artifact]:
    """The artifacts that the sources of a ``COPY --from`` need."""
    for operand in instruction.detail.sources:  # type: ignore[union-attr]  # the reader gives COPY a CopyDetail
        if operand.heredoc is None:
            yield needed(parse_word(operand.text, escape))
