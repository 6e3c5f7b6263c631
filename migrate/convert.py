"""The pure core: one Dockerfile's text in, an Earthfile and its diagnostics out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from migrate import ignorefile
from migrate.assemble import Assembled, assemble
from migrate.checked import Printed, checked
from migrate.context import Context, UnknownContext
from migrate.diagnostics import Collector, Diagnostic, Grade
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import Dockerfile, Instruction
from migrate.dockerfile.reader import read
from migrate.earthfile.model import Earthfile
from migrate.fallen import FallenStage
from migrate.images import base_image
from migrate.mappings import Mappings, builtin
from migrate.plan import Plan, make
from migrate.recipe import Recipe
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import StageGraph, build, check_needed
from migrate.suppression import apply

if TYPE_CHECKING:
    from migrate.namedcontexts import Note


class OutputFile(NamedTuple):
    """A file that the conversion wants in the context folder; ``name`` is relative with ``/``."""

    name: str
    text: str


class TargetResult(NamedTuple):
    """One target, the stage it came from (None for helper targets), and its grade."""

    target: str
    stage: str | None
    grade: Grade


class Conversion(NamedTuple):
    """The result for one Dockerfile.

    ``files`` is empty when nothing could be produced (an ``error`` diagnostic says why); otherwise its first entry is
    the Earthfile, an ignore file may follow. ``source_map`` gives (Earthfile line, Dockerfile span), both 1-based,
    for each line that comes from an instruction. ``hidden`` are the diagnostics that an ignore comment took out of
    ``diagnostics``.
    """

    path: str
    files: tuple[OutputFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    source_map: tuple[tuple[int, Span], ...] = ()
    targets: tuple[TargetResult, ...] = ()
    hidden: tuple[Diagnostic, ...] = ()
    lines: tuple[str, ...] = ()
    document: Earthfile | None = None
    """The Earthfile before it was printed."""
    images: tuple[tuple[str, str], ...] = ()
    """(stage, target that saves its image); the stage is "" for the last one."""
    sources: tuple[str, ...] = ()
    """What COPY takes from the context, with wildcards for variables; its root for a stage FROM DOCKERFILE."""
    bases: tuple[str, ...] = ()
    """The images that stages are FROM, as the Dockerfile and its defaults name them; also where nothing is produced."""

    @property
    def earthfile(self) -> str | None:
        """The Earthfile's text, None when the input was not converted."""
        return self.files[0].text if self.files else None


def convert(
    source: str | bytes,
    settings: Settings | None = None,
    *,
    path: str = "Dockerfile",
    context: Context | None = None,
    mappings: Mappings | None = None,
) -> Conversion:
    """Convert one Dockerfile. Never raises for any input: what cannot be read is an ``error`` diagnostic.

    ``path`` is how diagnostics name the file; ``context`` answers questions about the build context (unknown by
    default).
    """
    settings = settings or Settings()
    context = context or UnknownContext()
    mappings = mappings or builtin()
    collector = Collector(path, mappings.diagnostics)
    bases: tuple[str, ...] = ()
    try:
        dockerfile = read(source, every_stage=False)
        graph = _graph(dockerfile, mappings)
        bases = _bases(graph)
        notes: tuple[Note, ...] = ()
        if settings.build_contexts:
            from migrate import namedcontexts  # few builds have any

            graph, notes = namedcontexts.applied(graph, settings.build_contexts)
        if settings.bases:
            from migrate import namedcontexts

            graph = namedcontexts.with_targets(graph, settings.bases)
        check_needed(graph, settings.target)
    except DockerfileError as error:
        collector.report(error.code, error.span, **error.fields)
        return Conversion(path, (), collector.diagnostics, lines=_lines(source), bases=bases)
    visible = ignorefile.applied(context)
    draft: _Draft = _drafted(graph, settings, mappings, visible, path)
    if settings.fallback != "comment" and _may_fall(draft.findings, mappings):
        from migrate import fallback  # few files need it

        if settings.fallback == "fail":
            fallback.forbid(draft.findings, mappings, draft.collector.report)
            shown, hidden = apply(dockerfile, draft.collector)
            return Conversion(path, (), shown, hidden=hidden, lines=dockerfile.lines, bases=bases)
        draft = fallback.settled(
            draft, lambda fallen: _drafted(graph, settings, mappings, visible, path, fallen), mappings
        )
    plan, assembled, collector = draft.plan, draft.assembled, draft.collector
    for code, place, fields in notes:
        collector.report(code, place, **fields)
    taken = ignorefile.Taken(assembled.context_sources, assembled.leftovers, bool(plan.fallen))
    ignore = ignorefile.needed(taken, context, mappings, collector.report, writes=settings.writes)
    printed = draft.printed
    files = [OutputFile("Earthfile", printed.text)]
    if ignore is not None:
        files.append(OutputFile(ignorefile.NAME, ignore))
    shown, hidden = apply(dockerfile, collector)
    best = Grade.EXACT if settings.fidelity == "exact" else Grade.EQUAL
    targets = _grades(plan, assembled.helpers, (*shown, *hidden), best)
    return Conversion(
        path,
        tuple(files),
        shown,
        printed.source_map,
        targets,
        hidden,
        dockerfile.lines,
        printed.document,
        _images(plan),
        (*assembled.context_sources, *(["."] if plan.fallen else [])),
        bases,
    )


def _graph(dockerfile: Dockerfile, mappings: Mappings) -> StageGraph:
    """The stage graph, with what is known of the ONBUILD triggers of base images."""
    if not mappings.inspected:
        return build(dockerfile)
    from migrate import firing, rootfiles  # only where images were inspected

    left: set[str] = set()

    def fire(origin: Instruction, image: str) -> tuple[Instruction, ...]:
        known = base_image(image, mappings)
        texts = known.triggers if known is not None and image not in left else None
        return firing.fired(texts, origin, image) if texts else ()

    graph = build(dockerfile, fire)
    # A Dockerfile for the root would run the triggers once more: there they are left to it.
    left.update(stage.reference or "" for stage in graph.stages if rootfiles.wants_file(stage, graph))
    return build(dockerfile, fire) if left else graph


@dataclass(frozen=True, slots=True)
class _Draft:
    """A conversion with some stages fallen, maybe none."""

    plan: Plan
    assembled: Assembled
    collector: Collector
    printed: Printed

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything reported so far."""
        return self.collector.diagnostics

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The state of each stage after its last line."""
        return self.assembled.recipes


def _drafted(
    graph: StageGraph,
    settings: Settings,
    mappings: Mappings,
    context: Context,
    path: str,
    fallen: Mapping[int, FallenStage] | None = None,
) -> _Draft:
    again: dict[int, set[str]] = {}
    while True:
        collector = Collector(path, mappings.diagnostics)
        plan = make(graph, settings, mappings, collector.report, fallen, context)
        assembled = assemble(plan, settings, mappings, context, collector.report, again)
        found = {recipe.stage: recipe.again | again.get(recipe.stage, set()) for recipe in assembled.recipes}
        if all(names <= again.get(stage, set()) for stage, names in found.items()):
            return _Draft(plan, assembled, collector, checked(assembled.earthfile, collector.report))
        again = found


def _bases(graph: StageGraph) -> tuple[str, ...]:
    found = (stage.reference for stage in graph.stages if stage.base is None and not stage.is_scratch)
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _images(plan: Plan) -> tuple[tuple[str, str], ...]:
    others = tuple((plan.graph.stages[index].name or str(index), target) for index, target in plan.saved.items())
    return (("", plan.image_target or plan.targets[plan.final]), *others)


def _may_fall(findings: Sequence[Diagnostic], mappings: Mappings) -> bool:
    """Whether something was found that FROM DOCKERFILE may settle."""
    codes = mappings.fallback["falls"]
    return any(finding.code in codes for finding in findings)


def _lines(source: str | bytes) -> tuple[str, ...]:
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def _grades(
    plan: Plan, helpers: Mapping[str, int], diagnostics: tuple[Diagnostic, ...], best: Grade
) -> tuple[TargetResult, ...]:
    """The grade of each target: the worst finding on its stage or on a stage that it is made from."""
    graph = plan.graph
    own: list[Grade] = [best for _ in graph.stages]
    for diagnostic in diagnostics:
        for index in _stages_at(plan, graph.dockerfile, diagnostic):
            own[index] = max(own[index], diagnostic.grade)
    results = []
    for stage in graph.stages:
        # Only earlier stages can be used, so theirs are final already.
        own[stage.index] = max(own[index] for index in (stage.index, *graph.needs(stage.index)))
        results.append(TargetResult(plan.targets[stage.index], stage.name or str(stage.index), own[stage.index]))
    results += [TargetResult(name, None, own[index]) for name, index in helpers.items()]
    return tuple(results)


def _stages_at(plan: Plan, dockerfile: Dockerfile, diagnostic: Diagnostic) -> list[int]:
    """The stages that a finding concerns: the one it stands in; all, when it stands in none."""
    stages = plan.graph.stages
    if diagnostic.span is not None:
        line = diagnostic.span.start.line
        found = [stage.index for stage in stages if stage.instruction.span.start.line <= line]
        if found:
            return found[-1:]
    return [stage.index for stage in stages]
