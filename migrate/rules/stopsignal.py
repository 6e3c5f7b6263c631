"""STOPSIGNAL: an Earthfile has no such command yet (earth: "command STOPSIGNAL not yet supported")."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import NotExpressible, Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The line stays as a comment; ``docker run --stop-signal`` says the same at run time."""
    raise NotExpressible("EM611", signal=instruction.operand)
    yield
