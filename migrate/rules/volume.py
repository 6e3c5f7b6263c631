"""VOLUME: words or a JSON array, both expanded by the builder."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction, WordsDetail
from migrate.earthfile.model import Item
from migrate.layout import lines_of
from migrate.recipe import Recipe, command, with_lines


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Every volume as a word of its own; both languages refuse an empty list."""
    detail = instruction.detail
    assert isinstance(detail, WordsDetail)
    volumes = command("VOLUME", [stage.word(item.text, instruction) for item in detail.operands], instruction)
    yield volumes if instruction.exec_form is not None else with_lines(volumes, lines_of(instruction))
