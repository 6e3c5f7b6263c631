"""STOPSIGNAL: set by a helper Dockerfile at the root of the chain (earth: "command STOPSIGNAL not yet supported")."""

from __future__ import annotations

from collections.abc import Iterator

from migrate import configured
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """A comment that says where it is set; where no root may carry it, there is no native form."""
    place = stage.arguments.roots.of(stage.stage, instruction)
    if place is None:
        raise configured.refusal(instruction, "EM611", stage, signal=instruction.operand)
    yield configured.remark(instruction, place, stage)
