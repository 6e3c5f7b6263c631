"""The fallback (design 5.9): a stage with a line that an Earthfile cannot say becomes FROM DOCKERFILE --target.

Its whole chain falls with it (one build, one state of the package lists). Stages that copy from it, or are FROM it,
stay native. Where the frontend inside earth would not be equal (migrate/embedded.py), nothing falls, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from migrate import embedded, leftout, passing
from migrate.diagnostics import Collector, Diagnostic, Grade
from migrate.fallen import FallenStage
from migrate.mappings import Mappings
from migrate.plan import Plan
from migrate.recipe import Recipe, Reporter
from migrate.stages import StageGraph


class Draft(Protocol):
    """One conversion, as far as this module looks at it."""

    @property
    def collector(self) -> Collector:
        """Where its findings are."""

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Everything reported."""

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The state of each stage after its last line."""

    @property
    def plan(self) -> Plan:
        """What was decided about the stages."""


class _Cause(NamedTuple):
    """Why a stage falls: ``findings`` of its own, or (``other``) the stage that it falls with."""

    findings: tuple[Diagnostic, ...]
    other: int | None = None


def forbid(findings: Iterable[Diagnostic], mappings: Mappings, report: Reporter) -> None:
    """``--fallback fail``: an error for each line that an Earthfile cannot say."""
    for finding in findings:
        if finding.code in mappings.fallback["falls"]:
            report("EM226", finding.span, code=finding.code, problem=finding.message)


_Any = TypeVar("_Any", bound=Draft)


def settled(first: _Any, again: Callable[[Mapping[int, FallenStage]], _Any], mappings: Mappings) -> _Any:
    """The conversion in which every stage has fallen that asks for it and may.

    ``first`` is the conversion without fallen stages; ``again`` converts with some: what is native then may have
    findings of its own. What fell, what could not and what still differs is reported to the result.
    """
    graph = first.plan.graph
    causes: dict[int, _Cause] = {}
    refused: dict[Diagnostic, embedded.Refusal] = {}
    draft = first
    while _fell(draft, causes, refused, mappings):
        draft = again({index: _fallen(index, causes, first, mappings) for index in sorted(causes)})
    _report(causes, refused, first, draft.collector.report)
    for finding in _kept(first, causes, mappings):
        draft.collector.keep(finding)
    for index in causes:
        leftout.report(graph, index, first.recipes[index].context, mappings, draft.collector.report)
    return draft


def _fallen(index: int, causes: Mapping[int, _Cause], first: Draft, mappings: Mappings) -> FallenStage:
    graph = first.plan.graph
    native = passing.is_native(graph, index, graph.chain(first.plan.final))
    arguments = passing.passed(graph, index, mappings, native=native)
    reads = passing.read_names(graph, graph.reachable(index))
    return FallenStage(first.recipes[index], arguments, _remark(index, causes, first), native, reads)


def _report(
    causes: Mapping[int, _Cause], refused: Mapping[Diagnostic, embedded.Refusal], first: Draft, say: Reporter
) -> None:
    """Say which stages fell and why, and which lines found no way."""
    for index, (findings, other) in causes.items():
        name = _name(index, first)
        for finding in findings:
            say("EM222", finding.span, stage=name, code=finding.code, problem=finding.message)
        if other is not None:
            place, reason = first.plan.graph.stages[index].instruction.span, causes[other].findings[0]
            line = reason.span.start.line if reason.span is not None else 0
            relation = "which is FROM it" if index < other else "which it is FROM"
            say("EM223", place, stage=name, other=_name(other, first), relation=relation, code=reason.code, line=line)
    for finding, refusal in refused.items():
        say("EM224", finding.span, code=finding.code, reason=refusal.reason, line=refusal.span.start.line)


def _fell(
    draft: Draft, causes: dict[int, _Cause], refused: dict[Diagnostic, embedded.Refusal], mappings: Mappings
) -> bool:
    """Add to ``causes`` the stages that fall because of ``draft``, to ``refused`` what may not; whether one fell."""
    graph, known = draft.plan.graph, mappings.fallback
    before = set(causes)
    groups: dict[tuple[int, bool], tuple[embedded.Group, embedded.Refusal | None]] = {}
    for finding in draft.findings:
        if finding.code not in known["falls"] or finding in refused:
            continue
        for index in sorted(stages_at(graph, finding) - before):
            key = (index, _descends(finding, graph, mappings))
            if key not in groups:
                group = _group(index, draft, mappings, descends=key[1])
                groups[key] = group, embedded.refusal(group)
            group, refusal = groups[key]
            if refusal is not None:
                refused[finding] = refusal
                continue
            for member in sorted(group.selected):
                causes.setdefault(member, _Cause((), index))
            causes[index] = _Cause((*causes[index].findings, finding))
    return len(causes) > len(before)


def _descends(finding: Diagnostic, graph: StageGraph, mappings: Mappings) -> bool:
    """Whether the stages FROM the one of ``finding`` must fall with it."""
    keyword = mappings.fallback["descends"].get(finding.code)
    line = finding.span.start.line if finding.span is not None else 0
    return keyword is not None and any(
        item.keyword == keyword and item.span.start.line <= line <= item.span.end.line
        for item in graph.dockerfile.instructions
    )


def _group(index: int, draft: Draft, mappings: Mappings, *, descends: bool) -> embedded.Group:
    """The stages that fall with stage ``index``: those it is FROM, and with ``descends`` those that are FROM it."""
    graph, recipe = draft.plan.graph, draft.recipes[index]
    delivered = graph.chain(draft.plan.final)
    found = set(graph.chain(index))
    shared = {index} if descends else set()
    # What starts from an image of another platform goes on for it; only FROM DOCKERFILE itself knows that.
    shared |= {
        one
        for one in found
        if passing.is_for_another_platform(graph, one) and not passing.is_native(graph, one, delivered)
    }
    for stage in graph.stages:
        if stage.base in shared or shared & set(stage.selects):
            shared.add(stage.index)
    selected = frozenset(parent for member in found | shared for parent in graph.chain(member))
    return embedded.Group(
        graph,
        selected,
        frozenset(delivered),
        tuple(item for member in sorted(selected) for item in passing.passed(graph, member, mappings)),
        recipe.settings,
        mappings,
        recipe.context,
        frozenset((item.span.start.line, item.code) for item in draft.findings if item.span is not None),
    )


def stage_at(graph: StageGraph, finding: Diagnostic) -> int | None:
    """The stage that a finding stands in."""
    if finding.span is None:
        return None
    line = finding.span.start.line
    found = [stage.index for stage in graph.stages if stage.instruction.span.start.line <= line]
    return found[-1] if found else None


def stages_at(graph: StageGraph, finding: Diagnostic) -> frozenset[int]:
    """The stages that a finding is about: for the trigger in an ONBUILD those that run it, for a global argument those
    that read it."""
    if finding.span is None:
        return frozenset()
    line = finding.span.start.line
    index = stage_at(graph, finding)
    if index is None:
        return passing.readers(graph, line)
    for item in graph.stages[index].instructions:
        if item.keyword == "ONBUILD" and item.span.start.line <= line <= item.span.end.line:
            return frozenset(stage.index for stage in graph.stages if stage.base == index)
    return frozenset((index,))


def _kept(first: Draft, fallen: Mapping[int, _Cause], mappings: Mappings) -> tuple[Diagnostic, ...]:
    """What differs in the fallen stages either way."""
    gone = {*mappings.fallback["falls"], *mappings.fallback["settled"]}
    kept = (item for item in first.findings if item.grade >= Grade.DIFFERS and item.code not in gone)
    graph = first.plan.graph
    return tuple(item for item in kept if {stage_at(graph, item), *stages_at(graph, item)} & fallen.keys())


def _remark(index: int, causes: Mapping[int, _Cause], first: Draft) -> str:
    """The comment over FROM DOCKERFILE."""
    findings, other = causes[index]
    if other is None:
        codes = ", ".join(dict.fromkeys(finding.code for finding in findings))
        return f"This stage stays in the Dockerfile ({codes})."
    target = first.plan.targets[other]
    relation = f"+{target} is FROM it" if index < other else f"it is FROM +{target}"
    return f"This stage stays in the Dockerfile: {relation}."


def _name(index: int, first: Draft) -> str:
    return first.plan.graph.stages[index].name or first.plan.targets[index]
