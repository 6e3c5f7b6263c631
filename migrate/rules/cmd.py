"""CMD: an exec form with the shell written out (migrate/execform.py)."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.execform import exec_command
from migrate.recipe import Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The last CMD wins in both languages."""
    yield exec_command("CMD", instruction, stage)
