"""EXPOSE: words that are split again after expansion in Docker, but not in an Earthfile."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, Operand, WordsDetail
from migrate.earthfile.model import Item
from migrate.layout import lines_of
from migrate.recipe import Recipe, command, with_lines
from migrate.words import Literal, Variable, Word


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Ports keep their spelling; a variable known to hold several ports, or none, is written out."""
    detail = instruction.detail
    assert isinstance(detail, WordsDetail)
    ports: list[tuple[str, Word]] = []
    for operand in detail.operands:
        ports += _ports(operand, instruction, stage)
    if not ports:
        return
    exposed = command("EXPOSE", ports, instruction)
    unchanged = [spelling for spelling, _ in ports] == [operand.text for operand in detail.operands]
    yield with_lines(exposed, lines_of(instruction)) if unchanged else exposed


def _ports(operand: Operand, instruction: Instruction, stage: Recipe) -> list[tuple[str, Word]]:
    word = words.parse_word(operand.text, stage.escape)
    lost = max((index for index, part in enumerate(word) if isinstance(part, Variable) and part.operator), default=0)
    if lost:
        # BuildKit forgets what stands in front of a substitution with an operator.
        stage.warn("EM617", instruction, operand.start, operand.end, written=operand.text)
        meaning = stage.adapt(word[lost:], instruction)
        return [(stage.spell(meaning), meaning)]
    names = [part.name for part in word if isinstance(part, Variable)]
    plain = bool(word) and all(isinstance(part, Variable) and not part.operator for part in word)
    if plain and all(stage.scope.is_bare_argument(name) for name in names):
        stage.warn("EM608", instruction, operand.start, operand.end, written=operand.text)
        return []
    if plain and all(stage.scope.is_unset(name) for name in names):
        known = stage.scope.image_environment is not None
        stage.warn("EM616" if known else "EM601", instruction, operand.start, operand.end, written=operand.text)
        return []
    value = stage.known(operand.text) if names else None
    if value is not None and not value.split() and not stage.scope.is_overridable(word):
        stage.warn("EM616", instruction, operand.start, operand.end, written=operand.text)
        return []
    if value is not None and len(value.split()) != 1:
        if stage.scope.is_overridable(word):
            stage.warn(
                "EM306", instruction, operand.start, operand.end, written=operand.text, value=value, name=names[0]
            )
        return [(port, (Literal(port),)) for port in value.lower().split()]
    if plain and stage.scope.is_overridable(word):
        stage.warn("EM618", instruction, operand.start, operand.end, written=operand.text)
    if not names and operand.text != operand.text.lower():
        return [(operand.text.lower(), (Literal(operand.text.lower()),))]
    return [stage.word(operand.text, instruction)]
