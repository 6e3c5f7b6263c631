"""LABEL: key=value pairs, in an Earthfile as well; the legacy form gets its equals sign."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, Pair, PairsDetail
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, TextLine, Words
from migrate.layout import Edit, lines_of
from migrate.recipe import NotExpressible, Recipe, pair_not_converted
from migrate.words import Literal, Word, literal_text

#: earth keeps these keys to itself: "LABEL keys starting with "dev.earthly." are reserved".
RESERVED = "dev.earthly."


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """All pairs on the lines they stood on; a pair that reads differently is quoted anew, in place."""
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    edits: list[Edit] = []
    spellings: list[str] = []
    meaning: list[Word] = []
    for pair in detail.pairs:
        try:
            spelling, key, value = _pair(pair, instruction, stage)
        except NotExpressible as problem:
            yield pair_not_converted(pair, problem, instruction, stage)
            edits.append((pair.start, pair.end, ""))
            continue
        edits.append((pair.start, pair.end, spelling))
        spellings.append(spelling)
        meaning += [key, (Literal("="),), value]
    if not spellings:
        return
    joined = (TextLine(" ".join(spellings)),)
    label = Command("LABEL", joined, source=instruction.span, meaning=Words(tuple(meaning)))
    lines = lines_of(instruction, edits)
    yield label._replace(lines=lines, alternatives=(joined,)) if len(lines) > 1 else label


def _pair(pair: Pair, instruction: Instruction, stage: Recipe) -> tuple[str, Word, Word]:
    """The spelling of one label, its key and its value."""
    key = stage.adapt(words.parse_word(pair.key, stage.escape), instruction)
    value = stage.adapt(words.parse_word(pair.value or "", stage.escape), instruction)
    if (literal_text(key) or "").startswith(RESERVED):
        raise NotExpressible("EM603", instruction.span_of(pair.start, pair.end), key=pair.key)
    try:
        return quoting.render_label(key, value, prefer=instruction.text[pair.start : pair.end]), key, value
    except quoting.UnrenderableError as error:
        raise NotExpressible("EM320", None, text=str(error)) from None
