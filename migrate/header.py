"""The arguments before the first FROM: their defaults, who reads them, and which may be ``ARG --global``.

hard-cases.md 2 holds the rules this follows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from migrate.dockerfile.model import Instruction, Pair, PairsDetail
from migrate.dockerfile.words import parse_word
from migrate.mappings import Mappings, longest_pattern
from migrate.scope import without_variables
from migrate.stages import Stage, StageGraph
from migrate.words import Word, renamed, variables

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
    of: str = ""
    """The argument whose earlier default this one keeps, where a later line gives that argument another."""


class Declared(NamedTuple):
    """The default of one argument: the word, its text as written (None when it was changed), and where it stands."""

    word: Word | None
    text: str | None
    instruction: Instruction
    of: str = ""


def declared(graph: StageGraph, automatic: Collection[str] = ()) -> dict[str, Declared]:
    """name -> its default; a later default wins, a later bare ARG changes nothing.

    What read an earlier default has it written out, or reads it under a name of its own (``Declared.of``). A name that
    only a later line declares is unset, unless it is one of ``automatic``, which the builder sets.
    """
    found: dict[str, Declared] = {}
    pairs = [(item, pair) for item in graph.arguments for pair in _pairs(item)]
    for index, (instruction, pair) in enumerate(pairs):
        if pair.value is None:
            found.setdefault(pair.key, Declared(None, None, instruction))
            continue
        written = parse_word(pair.value, graph.dockerfile.escape)
        later = {other.key for _, other in pairs[index + 1 :]} - found.keys() - {pair.key, *automatic}
        word = without_variables(written, dict.fromkeys(later))
        new = Declared(word, pair.value if word == written else None, instruction)
        if pair.key in found and found[pair.key].word == word and not variables(word):
            continue
        if pair.key in found or _reads(word, pair.key):
            new = _again(found, pair.key, new)
        found[pair.key] = new
    return found


def _pairs(instruction: Instruction) -> tuple[Pair, ...]:
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    return detail.pairs


def _again(found: dict[str, Declared], name: str, new: Declared) -> Declared:
    """Take the earlier default of ``name`` out of ``found`` and of all that reads it, ``new`` among them."""
    old = found.get(name)
    value = old.word if old is not None else None
    readers = {other: entry for other, entry in found.items() if other != name and _reads(entry.word, name)}
    if _reads(new.word, name):
        readers[name] = new
    written_out = {other: without_variables(entry.word or (), {name: value}) for other, entry in readers.items()}
    if any(_reads(word, name) for word in written_out.values()):
        kept = next(f"{name}_{number}" for number in range(1, len(found) + 2) if f"{name}_{number}" not in found)
        written_out = {other: renamed(entry.word or (), {name: kept}) for other, entry in readers.items()}
        entries = {kept if other == name else other: entry for other, entry in found.items()}
        if old is not None:
            entries[kept] = old._replace(of=name)
        found.clear()
        found.update(entries)
    else:
        found.pop(name, None)
    for other in readers.keys() - {name}:
        found[other] = readers[other]._replace(word=written_out[other], text=None)
    return new._replace(word=written_out[name], text=None) if name in written_out else new


def _reads(word: Word | None, name: str) -> bool:
    return any(variable.name == name for variable in variables(word or ()))


def mentions(instructions: Iterable[Instruction]) -> frozenset[str]:
    """Every identifier in the text of a stage: what may be the name of a variable there."""
    return frozenset(_NAME.findall("\n".join([line.text for item in instructions for line in item.lines])))


def closure(start: Iterable[str], names: Mapping[str, Declared]) -> tuple[str, ...]:
    """The global arguments among ``start`` and those that their defaults use, in header order."""
    seen: set[str] = set()
    queue = list(start)
    while queue:
        name = queue.pop()
        if name in names and name not in seen:
            seen.add(name)
            queue += [variable.name for variable in variables(names[name].word or ())]
    return tuple(name for name in names if name in seen)


def leaks(name: str, graph: StageGraph, mentioned: tuple[frozenset[str], ...], mappings: Mappings) -> bool:
    """Whether ``ARG --global name`` would show the value where Docker does not and something may read it."""
    if name in mappings.builtin_arguments:
        return False
    runs = any(item.keyword == "RUN" for stage in graph.stages for item in stage.instructions)
    if runs and _HARMLESS.isdisjoint(name.split("_")[1:]) and is_environment_name(name, mappings):
        return True
    return any(
        (name in mentioned[stage.index] or any(map(lists_environment, stage.instructions)))
        and not _imported_before_use(name, stage)
        for stage in graph.stages
    )


def lists_environment(instruction: Instruction) -> bool:
    """Whether a RUN prints every variable that it sees."""
    return instruction.keyword == "RUN" and any(_LISTING.search(line.text) for line in instruction.lines)


def is_environment_name(name: str, mappings: Mappings) -> bool:
    """Whether programs are known to read ``name`` from their environment (mappings/environment-names.yaml)."""
    names = mappings.environment_names
    return name in names or longest_pattern(name, names) is not None


def _imported_before_use(name: str, stage: Stage) -> bool:
    for instruction in stage.instructions:
        if name in mentions((instruction,)) or lists_environment(instruction):
            detail = instruction.detail
            return (
                instruction.keyword == "ARG"
                and isinstance(detail, PairsDetail)
                and any(pair.key == name for pair in detail.pairs)
            )
    return True


def everywhere(
    stages: Iterable[Stage],
    names: Mapping[str, Declared],
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
                    default = names[pair.key].word if pair.key in names else None
                    if instruction.keyword == "ARG" and pair.value is None and default is not None:
                        used = [variable.name for variable in variables(default) if variable.name not in own]
                        found |= set(closure(used, names)) - leaking
                    own.add(pair.key)
    return found


def bare_arguments(stage: Stage) -> Iterable[Pair]:
    for instruction in stage.instructions:
        if instruction.keyword == "ARG" and isinstance(instruction.detail, PairsDetail):
            yield from (pair for pair in instruction.detail.pairs if pair.value is None)
