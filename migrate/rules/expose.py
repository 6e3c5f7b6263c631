"""EXPOSE: words that are split again after expansion in Docker, but not in an Earthfile."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, Operand, WordsDetail
from migrate.earthfile.model import Item
from migrate.layout import lines_of
from migrate.recipe import Recipe, command, with_lines
from migrate.scope import without_variables
from migrate.words import Literal, Variable, Word, literal_text, variables


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
        word = word[lost:]
    names = [part.name for part in word if isinstance(part, Variable)]
    plain = bool(word) and all(isinstance(part, Variable) and not part.operator for part in word)
    value = stage.scope.static(word) if names else None
    if names and (plain or value is None) and _is_empty(word, stage):
        known = stage.scope.image_environment is not None
        code = "EM608" if stage.scope.is_overridable(word) else "EM616" if known else "EM601"
        stage.warn(code, instruction, operand.start, operand.end, written=operand.text)
        return []
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
    if lost:
        meaning = stage.adapt(word, instruction)
        return [(stage.spell(meaning), meaning)]
    if not names and operand.text != operand.text.lower():
        return [(operand.text.lower(), (Literal(operand.text.lower()),))]
    return [stage.word(operand.text, instruction)]


def _is_empty(word: Word, stage: Recipe) -> bool:
    """Whether only a build argument, or the image, can make text of ``word``."""
    names = {variable.name for variable in variables(word)}
    unset = all(stage.scope.is_unset(name) or stage.scope.is_bare_argument(name) for name in names)
    return unset and literal_text(without_variables(word, dict.fromkeys(names))) == ""
