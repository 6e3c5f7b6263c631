"""Named build contexts (``docker build --build-context NAME=...``): what NAME stands for takes its place.

BuildKit looks for one in the place of a stage of that name, and of an image that a FROM, --from or mount names, written
as people do: without ``docker.io/library/`` and ``:latest`` (facts/dockerfile.md 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import FromDetail
from migrate.images import parse_reference
from migrate.settings import LocalBase
from migrate.spans import Span
from migrate.stages import SCRATCH, Source, Stage, StageGraph
from migrate.words import Literal, variables

_IMAGE = "docker-image://"
_TARGET = "target:"


class Note(NamedTuple):
    """A finding: its code, place and fields."""

    code: str
    span: Span | None
    fields: Mapping[str, str]


def applied(graph: StageGraph, contexts: Iterable[tuple[str, str]]) -> tuple[StageGraph, tuple[Note, ...]]:
    """``graph`` with the named contexts in place, and what there is to say.

    An image or a target takes the place of the name; a folder, a repository or an archive has no form in an Earthfile:
    DockerfileError where one is used.
    """
    work = _Work({_familiar(name): value for name, value in contexts}, [], set(), set())
    stages = tuple(_stage(stage, work) for stage in graph.stages)
    sources = {index: tuple(_source(index, source, work) for source in found) for index, found in graph.sources.items()}
    gone = {stage.index for stage in stages if stage.name is not None and _familiar(stage.name) in work.contexts}
    kept = {index: () if index in gone else found for index, found in sources.items()}
    for name in work.contexts.keys() - work.used:
        work.notes.append(Note("EM233", None, {"name": name}))
    return replace(graph, stages=stages, sources=kept, named=frozenset(work.named)), tuple(work.notes)


def with_targets(graph: StageGraph, bases: Iterable[LocalBase]) -> StageGraph:
    """``graph`` with the target of each of ``bases`` in the place of the image that it builds."""
    references = {base.written: base.reference for base in bases}

    def put(stage: Stage) -> Stage:
        detail = stage.instruction.detail
        reference = references.get(detail.image.text) if isinstance(detail, FromDetail) else None
        if reference is None or stage.base is not None or stage.selects:
            return stage
        return replace(stage, image=(Literal(reference),), reference=reference)

    return replace(graph, stages=tuple(map(put, graph.stages)))


class _Work(NamedTuple):
    contexts: Mapping[str, str]
    notes: list[Note]
    used: set[str]
    named: set[int]
    """The stages that use a named context."""


def _familiar(text: str) -> str:
    """An image reference as people write it."""
    image = parse_reference(text)
    tag = f":{image.tag}" if image.tag not in (None, "latest") else ""
    digest = f"@{image.digest}" if image.digest else ""
    return f"{image.name}{tag}{digest}"


def _reference(value: str) -> str | None:
    """What a FROM says for a context: an image, or a target with its plus sign; None for anything else."""
    if value.startswith(_IMAGE):
        return value.removeprefix(_IMAGE)
    if value.startswith(_TARGET):
        target = value.removeprefix(_TARGET)
        return target if "+" in target else f"+{target}"
    return None


def _found(text: str, index: int, span: Span, work: _Work) -> str | None:
    """What the name ``text`` stands for, None when it is no named context."""
    name = _familiar(text)
    if text == SCRATCH or name not in work.contexts:
        return None
    work.used.add(name)
    work.named.add(index)
    reference = _reference(work.contexts[name])
    if reference is None:
        raise DockerfileError("EM229", span, {"name": name, "value": work.contexts[name]})
    return reference


def _stage(stage: Stage, work: _Work) -> Stage:
    here = stage.instruction.span
    reference = _found(stage.name, stage.index, here, work) if stage.name is not None else None
    if reference is not None:
        whole = Span(here.start, (stage.instructions or (stage.instruction,))[-1].span.end)
        work.notes.append(Note("EM230", whole, {"stage": stage.name or "", "value": reference}))
        return replace(stage, instructions=(), image=(Literal(reference),), base=None, reference=reference, selects=())
    if stage.base is not None or stage.reference is None:
        return stage
    reference = _found(stage.reference, stage.index, here, work)
    if reference is None:
        return stage
    code = "EM232" if variables(stage.image) else "EM231"
    work.notes.append(Note(code, here, {"name": stage.reference, "value": reference}))
    return replace(stage, image=(Literal(reference),), reference=reference)


def _source(index: int, source: Source, work: _Work) -> Source:
    reference = _found(source.image, index, source.span, work) if source.stage is None else None
    if reference is None:
        return source
    work.notes.append(Note("EM231", source.span, {"name": source.image, "value": reference}))
    return source._replace(image=reference)
