"""ENTRYPOINT: an exec form with the shell written out (migrate/execform.py)."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.execform import exec_command
from migrate.recipe import Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Clears an inherited CMD in both languages, unless this stage set one before."""
    yield exec_command("ENTRYPOINT", instruction, stage)
