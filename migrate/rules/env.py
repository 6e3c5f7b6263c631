"""ENV: one pair per command, in an order in which every value still sees what it saw in Docker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, Pair, PairsDetail
from migrate.earthfile.model import Command, Item
from migrate.layout import comments_before
from migrate.ownnames import is_builtin
from migrate.recipe import NotExpressible, Recipe, command, pair_not_converted
from migrate.scope import ENVIRONMENT, Binding
from migrate.twicedeclared import free_name
from migrate.words import Literal, Variable, Word, literal_text, renamed, variables

EQUALS = ("=", (Literal("="),))


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """All values of one ENV see the environment before it (facts/dockerfile.md 3); earth takes one pair per ENV."""
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    pairs: list[tuple[str, Pair]] = []
    previous = 0
    above: dict[int, tuple[str, ...]] = {}
    for pair in detail.pairs:
        above[id(pair)] = comments_before(instruction, pair.start, previous)
        previous = pair.start
        try:
            pairs.append((_key(pair, instruction, stage), pair))
        except NotExpressible as problem:
            yield pair_not_converted(pair, problem, instruction, stage, above.pop(id(pair)))
    values = {id(pair): words.parse_word(pair.value or "", stage.escape) for _, pair in pairs}
    old = {id(pair): stage.scope.static(values[id(pair)]) for _, pair in pairs}
    later: dict[str, list[Command]] = {}
    waits = _reads_an_argument(pairs, values, stage)
    kept: dict[str, str] = {}
    try:
        ordered, lets = _ordered(pairs, values, instruction, stage, waits=waits)
    except NotExpressible:
        kept = _kept_values(pairs, values, instruction, stage)
        yield from _keeping(kept, instruction, stage)
        ordered, lets, waits = _last_ones(pairs), [], False
    for key, pair in ordered:
        seen = {name: other for name, other in kept.items() if name != key}
        try:
            made = list(_set(key, pair, values[id(pair)], instruction, stage, seen))
        except NotExpressible as problem:
            yield pair_not_converted(pair, problem, instruction, stage, above[id(pair)])
            continue
        yield made[0]._replace(above=above[id(pair)])
        if waits:
            later[key] = made[1:]
        else:
            yield from made[1:]
    for key, _ in lets:
        yield from later.get(key, ())
    derived = {id(pair): stage.scope.is_overridable(values[id(pair)]) for _, pair in pairs}
    for key, pair in pairs:
        binding = Binding(ENVIRONMENT, old[id(pair)], derived=derived[id(pair)])
        stage.scope.bind(key, binding)
        stage.scope.environment[key] = binding


def _key(pair: Pair, instruction: Instruction, stage: Recipe) -> str:
    word = words.parse_word(pair.key, stage.escape)
    key = literal_text(word)
    if key is None:
        key = stage.scope.static(word)
    if key is None or not key.isascii() or not key.isidentifier():
        raise NotExpressible("EM310", instruction.span_of(pair.start, pair.end), key=pair.key)
    if stage.scope.is_overridable(word):
        name = variables(word)[0].name
        stage.warn("EM306", instruction, pair.start, pair.end, written=pair.key, value=key, name=name)
    return key


def _reads_an_argument(pairs: Sequence[tuple[str, Pair]], values: dict[int, Word], stage: Recipe) -> bool:
    """Whether a pair reads a name that another pair sets and an ARG holds: then every LET waits for the last ENV."""
    held = {key for key, _ in pairs} & stage.scope.declared
    return any(variable.name in held - {key} for key, pair in pairs for variable in variables(values[id(pair)]))


def _ordered(
    pairs: Sequence[tuple[str, Pair]],
    values: dict[int, Word],
    instruction: Instruction,
    stage: Recipe,
    *,
    waits: bool,
) -> tuple[list[tuple[str, Pair]], list[tuple[str, Pair]]]:
    """The pairs so that none is written before another that reads its old value; ties keep their order.

    Of two pairs with one key the first is without effect. The second list is the order of the LETs that wait.
    """
    left = _last_ones(pairs)
    reads = {id(pair): {variable.name for variable in variables(values[id(pair)])} for _, pair in left}
    lets: list[tuple[str, Pair]] = []
    if waits:
        _check_lets(left, reads, instruction, stage)
        lets = _sorted([entry for entry in left if entry[0] in stage.scope.declared], reads, instruction)
        # What an ARG of this target holds keeps its old value until the LETs after all pairs.
        reads = {key: names - stage.scope.declared for key, names in reads.items()}
    ordered = _sorted(left, reads, instruction)
    if ordered != _last_ones(pairs):
        stage.warn("EM316", instruction)
    return ordered, lets


def _last_ones(pairs: Sequence[tuple[str, Pair]]) -> list[tuple[str, Pair]]:
    """The pairs that have an effect: the last of each key."""
    last = dict(pairs)
    return [(key, pair) for key, pair in pairs if last[key] is pair]


def _kept_values(
    pairs: Sequence[tuple[str, Pair]], values: dict[int, Word], instruction: Instruction, stage: Recipe
) -> dict[str, str]:
    """What must be kept of the old values when the pairs stand in their order: a name that a later pair reads -> the
    name of its old value."""
    left = _last_ones(pairs)
    reads = [{variable.name for variable in variables(values[id(pair)])} for _, pair in left]
    kept: dict[str, str] = {}
    for index, (key, _) in enumerate(left):
        if any(key in names for names in reads[index + 1 :]):
            name = free_name(f"OLD_{key}", stage)
            if name is None:
                raise NotExpressible("EM311", instruction.span, names=", ".join(name for name, _ in left))
            kept[key] = name
    return kept


def _keeping(kept: dict[str, str], instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """The old values under their other names: LET reaches no image."""
    for key, name in kept.items():
        keyword = stage.scope.assigning(name)
        stage.scope.helpers[name] = None
        yield command(
            keyword, [(name, (Literal(name),)), EQUALS, (f"${key}", (Variable(key),))], instruction, separator=""
        )
    stage.warn("EM335", instruction, names=", ".join(kept.values()))


def _sorted(
    pairs: Sequence[tuple[str, Pair]], reads: dict[int, set[str]], instruction: Instruction
) -> list[tuple[str, Pair]]:
    """``pairs``, readers of a name in front of what sets it. A ring (``A=$B B=$A``) has no order."""
    left, ordered = list(pairs), []
    while left:
        free = next(
            (entry for entry in left if not any(entry[0] in reads[id(pair)] for key, pair in left if key != entry[0])),
            None,
        )
        if free is None:
            raise NotExpressible("EM311", instruction.span, names=", ".join(key for key, _ in left))
        ordered.append(free)
        left.remove(free)
    return ordered


def _check_lets(
    pairs: Sequence[tuple[str, Pair]], reads: dict[int, set[str]], instruction: Instruction, stage: Recipe
) -> None:
    """A LET after all pairs must not read a name that one of them set."""
    changed = {key for key, _ in pairs} - stage.scope.declared
    for key, pair in pairs:
        if key in stage.scope.declared and reads[id(pair)] & (changed - {key}):
            raise NotExpressible("EM311", instruction.span, names=", ".join(name for name, _ in pairs))


def _set(
    key: str, pair: Pair, value: Word, instruction: Instruction, stage: Recipe, kept: dict[str, str]
) -> Iterator[Command]:
    """The ENV for a pair, and the LET where an ARG would hide it. ``kept``: old values under their other names."""
    if kept.keys().isdisjoint(variable.name for variable in variables(value)):
        written = pair.value or ""
        spelling, meaning = stage.word(written, instruction)
    else:
        meaning, written = renamed(stage.adapt(value, instruction), kept), None
        spelling = stage.spell(meaning)
    spelling = spelling or '""'
    yield command("ENV", [(key, (Literal(key),)), EQUALS, (spelling, meaning)], instruction, separator="")
    if key not in stage.scope.declared or value == (Variable(key),):
        return
    if is_builtin(key):
        raise NotExpressible("EM319", instruction.span_of(pair.start, pair.end), key=key)
    # An ARG of this name would hide the ENV from here on; Docker's later line wins.
    keyword = stage.scope.assigning(key)
    spelling = stage.spell(meaning, written, "argument") or '""'
    yield command(keyword, [(key, (Literal(key),)), EQUALS, (spelling, meaning)], instruction, separator="")
