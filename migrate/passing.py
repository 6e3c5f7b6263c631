"""Which build arguments a fallen stage hands on to FROM DOCKERFILE, and how (hard-cases.md 10).

A build argument beats every default in every stage, so one that is passed with a default of its own must have the same
default wherever the stages built with it declare it. All others are passed only when a caller sets them.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from migrate.dockerfile.model import FromDetail, Instruction, OnbuildDetail, Pair, PairsDetail
from migrate.dockerfile.words import parse_word
from migrate.fallen import PassedArgument
from migrate.mappings import Mappings
from migrate.plan import whole_platform
from migrate.stages import StageGraph
from migrate.words import literal_text, variables

_HEADER = -1


class _Declared(NamedTuple):
    """One ARG of one name; ``stage`` is _HEADER before the first FROM."""

    pair: Pair
    instruction: Instruction
    stage: int


def is_native(graph: StageGraph, index: int, delivered: Container[int]) -> bool:
    """Whether stage ``index``, and all that it is made from, is for the platform of the builder, and no image.

    Then its target can say so: stages that are FROM it go on for that platform in an Earthfile, too.
    """
    header = {item.pair.key for item in _declared(graph.arguments, _HEADER)}
    stages = graph.reachable(index)
    images = [source for one in stages for source in graph.sources.get(one, ()) if source.stage is None]
    return (
        index not in delivered
        and not images
        and "BUILDPLATFORM" not in header
        and all(_platform_of(graph, one) == "BUILDPLATFORM" for one in stages)
    )


def is_for_another_platform(graph: StageGraph, index: int) -> bool:
    """Whether the image that stage ``index`` starts from is chosen for another platform than the one of the build."""
    return _platform_of(graph, index) not in ("", "TARGETPLATFORM")


def _platform_of(graph: StageGraph, index: int) -> str:
    """The platform of the image at a stage's root: a whole variable's name, other text, "" for that of the build."""
    root = graph.stages[graph.chain(index)[-1]]
    flag = root.instruction.flag("platform")
    written = (flag.value or "") if flag is not None else ""
    return whole_platform(written) or written


def passed(graph: StageGraph, index: int, mappings: Mappings, *, native: bool = False) -> tuple[PassedArgument, ...]:
    """The arguments that stage ``index`` and all that it is made from can read, in text order.

    ``native``: FROM DOCKERFILE is told to build for the platform of the builder (see ``is_native``).
    """
    stages = sorted(graph.reachable(index))
    own = [item for index in stages for item in _declared(_unwrapped(graph.stages[index].instructions), index)]
    header = list(_declared(graph.arguments, _HEADER))
    readers = _read_by(graph, stages)
    wanted = _with_defaults({item.pair.key for item in own if item.pair.value is None} | readers.keys(), header, graph)
    all_items = [*(item for item in header if item.pair.key in wanted), *own]
    places = {**readers, **{item.pair.key: item.instruction for item in reversed(all_items)}}
    environment = {key for index in stages for key in _environment(graph.stages[index].instructions)}
    found: list[PassedArgument] = []
    for name in dict.fromkeys([*(item.pair.key for item in all_items), *sorted(wanted)]):
        declared = [item for item in all_items if item.pair.key == name]
        kind = mappings.builtin_arguments.get(name, {}).get("kind", "")
        if kind.endswith("-platform") and not any(item.pair.value is not None for item in declared):
            found += _platform(name, kind, declared, places.get(name), mappings, native=native)
        elif declared and kind in ("", "proxy", "build-platform", "earth"):
            found.append(_passed(declared, graph.dockerfile.escape, is_environment=name in environment))
    return (*found, *_proxies(graph, stages, {argument.name for argument in found}, mappings))


def _proxies(graph: StageGraph, stages: list[int], known: set[str], mappings: Mappings) -> Iterator[PassedArgument]:
    """The proxy arguments that the stages mention undeclared, both spellings: Docker hands them to every RUN."""
    kinds = {name: entry["kind"] for name, entry in mappings.builtin_arguments.items()}
    names = [name for name, kind in kinds.items() if kind == "proxy" and name not in known]
    mention = re.compile(rf"(?i)\b(?:{'|'.join(names)})\b")
    places: dict[str, Instruction] = {}
    for item in (item for index in stages for item in graph.stages[index].instructions if item.keyword == "RUN"):
        for line in item.lines:
            for found in mention.findall(line.text):
                places.setdefault(found.lower(), item)
    yield from (PassedArgument(name, None, None, places[name.lower()]) for name in names if name.lower() in places)


def _platform(
    name: str, kind: str, declared: list[_Declared], place: Instruction | None, mappings: Mappings, *, native: bool
) -> Iterator[PassedArgument]:
    """A platform argument that the frontend inside earth would give another value.

    It takes BUILD* for the target platform, and empties what a bare ARG declares before the first FROM.
    """
    known = mappings.builtin_arguments[name]["earthfile"]
    emptied = any(item.stage == _HEADER for item in declared)
    other = "target-platform" if native else "build-platform"
    if place is not None and known is not None and (kind == other or emptied):
        yield PassedArgument(name, None, None, place, known)


def readers(graph: StageGraph, line: int) -> frozenset[int]:
    """The stages that read the global arguments which the ARG on ``line`` declares."""
    there = [item for item in graph.arguments if item.span.start.line <= line <= item.span.end.line]
    names = {item.pair.key for item in _declared(there, _HEADER)}
    return frozenset(stage.index for stage in graph.stages if names & read_names(graph, [stage.index]))


def read_names(graph: StageGraph, stages: Iterable[int]) -> frozenset[str]:
    """The global arguments that ``stages`` read: in FROM, by a bare ARG, or through the default of another."""
    found: set[str] = set()
    for index in stages:
        own = _declared(_unwrapped(graph.stages[index].instructions), index)
        found |= {item.pair.key for item in own if item.pair.value is None} | _read_by(graph, [index]).keys()
    return frozenset(_with_defaults(found, list(_declared(graph.arguments, _HEADER)), graph))


def _with_defaults(names: set[str], header: list[_Declared], graph: StageGraph) -> set[str]:
    """``names`` and what the header's defaults of them read, and so on."""
    defaults = {item.pair.key: item.pair.value for item in header if item.pair.value is not None}
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [used.name for used in variables(parse_word(defaults.get(name, ""), graph.dockerfile.escape))]
    return found


def _environment(instructions: Iterable[Instruction]) -> Iterator[str]:
    """The names that ENV sets, as far as they are written out."""
    for instruction in _unwrapped(instructions):
        if instruction.keyword == "ENV" and isinstance(instruction.detail, PairsDetail):
            yield from (pair.key.strip("\"'") for pair in instruction.detail.pairs)


def _passed(declared: list[_Declared], escape: str, *, is_environment: bool) -> PassedArgument:
    """One argument from all its declarations; ``is_environment``: an ENV has its name."""
    name, first = declared[0].pair.key, declared[0].instruction
    texts = {item.pair.value for item in declared if item.pair.value is not None}
    text = next(iter(texts)) if len(texts) == 1 else None
    word = parse_word(text, escape) if text is not None else None
    known = all(_has_value(item, declared, is_environment=is_environment) for item in declared)
    if word is None or literal_text(word) is None or not known:
        return PassedArgument(name, None, None, first)
    return PassedArgument(name, word, text, first)


def _has_value(item: _Declared, declared: list[_Declared], *, is_environment: bool) -> bool:
    """Whether the argument is set at ``item`` when nobody passes it: by itself, by the header, or further up.

    A bare ARG gives way to an ENV in front of it, not to what a caller passes.
    """
    if item.pair.value is not None:
        return True
    origins = (_HEADER,) if is_environment else (_HEADER, item.stage)
    return any(other.pair.value is not None and other.stage in origins for other in declared[: declared.index(item)])


def _declared(instructions: Iterable[Instruction], stage: int) -> Iterator[_Declared]:
    for instruction in instructions:
        if instruction.keyword == "ARG" and isinstance(instruction.detail, PairsDetail):
            yield from (_Declared(pair, instruction, stage) for pair in instruction.detail.pairs)


def _unwrapped(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    """The instructions, triggers in place of the ONBUILD that holds them."""
    for instruction in instructions:
        yield instruction.detail.trigger if isinstance(instruction.detail, OnbuildDetail) else instruction


def _read_by(graph: StageGraph, stages: Iterable[int]) -> dict[str, Instruction]:
    """The names that the FROM lines of ``stages`` read, and the first FROM that does."""
    found: dict[str, Instruction] = {}
    for index in stages:
        instruction = graph.stages[index].instruction
        detail = instruction.detail
        assert isinstance(detail, FromDetail)
        texts = [detail.image.text, (detail.platform.value or "") if detail.platform is not None else ""]
        for text in texts:
            for used in variables(parse_word(text, graph.dockerfile.escape)):
                found.setdefault(used.name, instruction)
    return found
