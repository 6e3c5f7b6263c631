"""HEALTHCHECK: flags as written, the text quoted so that earth neither expands nor unquotes it."""

from __future__ import annotations

from collections.abc import Iterator

from migrate import configured
from migrate.dockerfile.model import HealthcheckDetail, Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, TextLine, Words
from migrate.recipe import DEFAULT_SHELL, Recipe
from migrate.words import Literal, Word, literal_text


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """``NONE`` or shell text; for an array, which earth would take for the text ``[a,b]``, see ``rootfiles``."""
    detail = instruction.detail
    assert isinstance(detail, HealthcheckDetail)
    place = stage.arguments.roots.of(stage.stage, instruction)
    if place is not None:
        yield configured.remark(instruction, place, stage)
        return
    # Docker takes an empty value for none, earth refuses it.
    flags = [f"--{flag.name}={flag.value}" for flag in instruction.flags if flag.value]
    words: list[Word] = [(Literal(flag),) for flag in flags]
    if detail.none:
        yield Command.of("HEALTHCHECK", "NONE", source=instruction.span, meaning=Words(((Literal("NONE"),),)))
        return
    if detail.exec_form is not None:
        raise configured.refusal(instruction, "EM605", stage)
    if stage.shell != DEFAULT_SHELL and not detail.text.startswith(stage.shell[0]):
        stage.warn("EM606", instruction, shell=" ".join(stage.shell))
    text, meaning = _text(detail.text)
    words += [(Literal("CMD"),), *meaning]
    joined = " ".join([*flags, "CMD", text])
    check = Command.of("HEALTHCHECK", joined, source=instruction.span, meaning=Words(tuple(words)))
    if flags and instruction.position(instruction.operand_start).line > instruction.position(0).line:
        lines = (TextLine(" ".join(flags) + " \\"), TextLine(f"    CMD {text}"))
        check = check._replace(lines=lines, alternatives=(check.lines,))
    yield check


def _text(text: str) -> tuple[str, list[Word]]:
    """The plain text when earth keeps every word of it, otherwise one single-quoted argument."""
    pieces = text.split(" ")
    if all(pieces) and not any(char in text for char in "\"'\\$`()#\t\n") and all(map(_reads_alike, pieces)):
        return text, [(Literal(piece),) for piece in pieces]
    return quoting.encode_single(text), [(Literal(text),)]


def _reads_alike(piece: str) -> bool:
    try:
        return literal_text(quoting.parse_word(piece)) == piece
    except quoting.WordError:
        return False
