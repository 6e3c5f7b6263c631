"""The stage graph: names, bases, edges and what is reachable, resolved as BuildKit resolves them.

Source of the facts: docs.docker.com/reference/dockerfile and dockerfile2llb of moby/buildkit; facts/dockerfile.md 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import (
    Dockerfile,
    FromDetail,
    Instruction,
    OnbuildDetail,
    PairsDetail,
    RefusedDetail,
    RunDetail,
)
from migrate.dockerfile.words import WordError, expand, parse_word
from migrate.images import is_legal
from migrate.spans import Span
from migrate.words import Literal, Word, variables

SCRATCH = "scratch"
#: Set by BuildKit itself before the first FROM.
_AUTOMATIC = frozenset(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT", "STAGE")
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One build stage: its FROM, what follows it, and what the FROM names.

    ``instructions`` begins with the ONBUILD triggers of that stage. ``base`` is the index of the stage it is FROM,
    None for an image. ``image`` is the word before expansion; ``reference`` its value with the default arguments,
    None when that cannot be known. ``selects`` are the indexes of earlier stages that the word could name with other
    argument values.
    """

    index: int
    name: str | None
    instruction: Instruction
    instructions: tuple[Instruction, ...]
    image: Word
    base: int | None
    reference: str | None
    selects: tuple[int, ...] = ()

    @property
    def is_scratch(self) -> bool:
        """Whether it starts empty."""
        return self.base is None and self.reference == SCRATCH


class Source(NamedTuple):
    """What a ``--from`` or a mount's ``from=`` names: a stage by index, or an image (or named context) by its text."""

    stage: int | None
    image: str
    instruction: Instruction
    span: Span


@dataclass(frozen=True, slots=True)
class StageGraph:
    """All stages of a file with their edges; ``arguments`` are the ARG instructions before the first FROM."""

    dockerfile: Dockerfile
    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    sources: Mapping[int, tuple[Source, ...]]
    """For each stage index, what its COPY --from and mounts name, in text order."""
    named: frozenset[int] = frozenset()
    """The stages that use a named context (see ``namedcontexts``)."""

    def chain(self, index: int) -> tuple[int, ...]:
        """``index`` and the stages it is FROM, nearest first."""
        found = [index]
        while (base := self.stages[found[-1]].base) is not None:
            found.append(base)
        return tuple(found)

    def needs(self, index: int) -> tuple[int, ...]:
        """The stages that stage ``index`` uses directly."""
        stage = self.stages[index]
        direct = [] if stage.base is None else [stage.base]
        direct += stage.selects
        direct += [source.stage for source in self.sources.get(index, ()) if source.stage is not None]
        return tuple(dict.fromkeys(direct))

    def reachable(self, index: int) -> frozenset[int]:
        """Every stage that building ``index`` can use, itself included."""
        seen: set[int] = set()
        queue = [index]
        while queue:
            if (current := queue.pop()) not in seen:
                seen.add(current)
                queue += self.needs(current)
        return frozenset(seen)

    def find_target(self, name: str) -> int | None:
        """The stage that ``--target name`` selects: case-insensitive, the last of that name; no numbers."""
        found = [stage.index for stage in self.stages if stage.name == name.lower()]
        return found[-1] if found else None


Firing: TypeAlias = Callable[[Instruction, str], tuple[Instruction, ...]]
"""The FROM of an image and its name -> what the image's own triggers add to the stage."""


def build(dockerfile: Dockerfile, firing: Firing = lambda _, image: ()) -> StageGraph:
    """The stage graph of ``dockerfile``. ``firing`` knows the ONBUILD triggers of base images.

    Raises DockerfileError for what BuildKit refuses here, whatever is built: an empty base, a variable in ``--from``, a
    forward or circular reference, what can name no image.
    """
    arguments, blocks = _blocks(dockerfile.instructions)
    defaults = default_arguments(arguments, dockerfile.escape)
    declared = {pair.key for item in arguments if isinstance(item.detail, PairsDetail) for pair in item.detail.pairs}
    stages: list[Stage] = []
    latest: dict[str, int] = {}
    """The stage that a FROM finds under a name so far."""
    for index, block in enumerate(blocks):
        stage = _stage(index, block, stages, latest, defaults, declared, dockerfile.escape)
        if stage.base is None and _is_literal(stage.image) and stage.reference is not None:
            fired = firing(stage.instruction, stage.reference)
            stage = replace(stage, instructions=(*fired, *stage.instructions)) if fired else stage
        stages.append(stage)
        if stage.name is not None:
            latest[stage.name] = index
    last = {stage.name: stage.index for stage in stages if stage.name is not None}
    sources = {
        stage.index: tuple(_sources(stage, stages, last)) for stage in stages if _may_have_sources(stage.instructions)
    }
    return StageGraph(dockerfile, arguments, tuple(stages), sources)


def check_needed(graph: StageGraph, target: str | None) -> None:
    """Raise DockerfileError for the first instruction that BuildKit refuses when it builds ``target``, or the last
    stage."""
    final = graph.find_target(target) if target is not None else None
    for index in sorted(graph.reachable(len(graph.stages) - 1 if final is None else final)):
        for instruction in graph.stages[index].instructions:
            if isinstance(instruction.detail, RefusedDetail):
                raise DockerfileError(*instruction.detail)


def default_arguments(arguments: tuple[Instruction, ...], escape: str) -> dict[str, str]:
    """The values of the global arguments when nobody passes a build argument; those without one are absent."""
    values: dict[str, str] = {}
    for instruction in arguments:
        for pair in instruction.detail.pairs:  # type: ignore[union-attr]  # the reader gives ARG a PairsDetail
            if pair.value is not None:
                try:
                    values[pair.key] = expand(parse_word(pair.value, escape), values)
                except WordError:  # ${X:?message}: nobody can know the value
                    values.pop(pair.key, None)
    return values


def _blocks(instructions: tuple[Instruction, ...]) -> tuple[tuple[Instruction, ...], list[list[Instruction]]]:
    arguments: list[Instruction] = []
    blocks: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            blocks.append([instruction])
        elif blocks:
            blocks[-1].append(instruction)
        else:
            arguments.append(instruction)
    return tuple(arguments), blocks


def _stage(
    index: int,
    block: list[Instruction],
    earlier: list[Stage],
    latest: Mapping[str, int],
    defaults: Mapping[str, str],
    declared: set[str],
    escape: str,
) -> Stage:
    instruction = block[0]
    detail = instruction.detail
    assert isinstance(detail, FromDetail)
    word = parse_word(detail.image.text, escape)
    reference = _reference(word, defaults)
    if reference is None and not declared & {variable.name for variable in variables(word)}:
        _refuse_empty(word, instruction, detail)
    base = latest.get(reference) if reference is not None else None
    if base is None and reference is not None and _is_literal(word):
        _refuse_illegal(reference, instruction.span_of(detail.image.start, detail.image.end))
    selects = () if base is not None and _is_literal(word) else _selectable(word, earlier)
    fired = triggers(earlier[base]) if base is not None else ()
    return Stage(index, detail.name, instruction, (*fired, *block[1:]), word, base, reference, selects)


def triggers(stage: Stage) -> tuple[Instruction, ...]:
    """What the ONBUILD lines of ``stage`` hold: it runs at the start of every stage that is FROM it, and only there."""
    details = [item.detail for item in stage.instructions if item.keyword == "ONBUILD"]
    return tuple(detail.trigger._replace(above=()) for detail in details if isinstance(detail, OnbuildDetail))


def _refuse_empty(word: Word, instruction: Instruction, detail: FromDetail) -> None:
    """Refuse a base that no build argument can make more than empty: ``${X:-}`` with an X that nobody declares."""
    try:
        empty = not any(part.name in _AUTOMATIC for part in variables(word)) and not expand(word, {})
    except WordError:
        return
    if empty:
        place = instruction.span_of(detail.image.start, detail.image.end)
        raise DockerfileError("EM111", place, {"keyword": "FROM", "problem": "the image cannot be blank"})


def _refuse_illegal(reference: str, place: Span) -> None:
    if not is_legal(reference):
        raise DockerfileError("EM253", place, {"image": reference})


def _is_literal(word: Word) -> bool:
    return all(isinstance(part, Literal) for part in word)


def _reference(word: Word, defaults: Mapping[str, str]) -> str | None:
    """The base with default arguments; None when it needs a value that only the builder or its caller has."""
    if any(variable.name not in defaults and not variable.operator for variable in variables(word)):
        return None
    try:
        return expand(word, defaults) or None
    except WordError:  # ${X:?message}: the caller must pass it
        return None


def _selectable(word: Word, earlier: list[Stage]) -> tuple[int, ...]:
    """Earlier stages whose name fits ``word`` with its variables as wildcards; a word that is one variable fits
    none."""
    if _is_literal(word) or not any(isinstance(part, Literal) for part in word):
        return ()
    pieces = [part.text if isinstance(part, Literal) else None for part in word]
    return tuple(stage.index for stage in earlier if stage.name is not None and _fits(stage.name, pieces))


def _fits(name: str, pieces: Sequence[str | None]) -> bool:
    """Whether ``name`` can be the pieces in order, None being any text; in one pass, however many there are."""
    position = 0
    is_free = False
    for piece in pieces[:-1]:
        if piece is None:
            is_free = True
            continue
        found = name.find(piece, position) if is_free else position if name.startswith(piece, position) else -1
        if found < 0:
            return False
        position, is_free = found + len(piece), False
    last = pieces[-1]
    if last is None:
        return True
    if not is_free:
        return name[position:] == last
    return len(name) - len(last) >= position and name.endswith(last)


def _may_have_sources(instructions: tuple[Instruction, ...]) -> bool:
    return any(item.keyword in ("COPY", "RUN") and "from" in item.text for item in instructions)


def _sources(stage: Stage, stages: list[Stage], last: Mapping[str, int]) -> Iterator[Source]:
    for instruction in stage.instructions:
        if instruction.keyword == "COPY" and (flag := instruction.flag("from")) is not None and flag.value:
            span = instruction.span_of(flag.start, flag.end)
            yield _resolve(flag.value, instruction, span, stage, stages, last, numbers=True)
        if isinstance(instruction.detail, RunDetail):
            for mount in instruction.detail.mounts:
                if name := mount.get("from"):
                    span = instruction.span_of(mount.flag.start, mount.flag.end)
                    yield _resolve(name, instruction, span, stage, stages, last, numbers=False)


def _resolve(
    name: str,
    instruction: Instruction,
    span: Span,
    stage: Stage,
    stages: list[Stage],
    last: Mapping[str, int],
    *,
    numbers: bool,
) -> Source:
    found = last.get(name.lower())
    if found is None and numbers and _is_index(name):
        found = int(name)
        if not 0 <= found < len(stages):
            raise DockerfileError("EM212", span, {"name": name, "count": str(len(stages))})
    if found is not None and found == stage.index:
        raise DockerfileError("EM213", span, {"name": name})
    if found is not None and found > stage.index:
        raise DockerfileError("EM214", span, {"name": name, "line": str(stages[found].instruction.span.start.line)})
    if found is None:
        _refuse_illegal(name, span)
    return Source(found, name, instruction, span)


def _is_index(name: str) -> bool:
    digits = name[1:] if name[:1] in "+-" else name
    return digits.isascii() and digits.isdigit()
