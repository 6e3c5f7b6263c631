"""ARG: one per command; how it is declared is decided in migrate/arguments.py."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.arguments import declare
from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, PairsDetail
from migrate.earthfile.model import Item
from migrate.recipe import Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Each pair by itself, in order: a later one may read an earlier one."""
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    for pair in detail.pairs:
        default = None if pair.value is None else words.parse_word(pair.value, stage.escape)
        yield from declare(pair.key, default, pair.value, instruction, stage, stage.arguments)
