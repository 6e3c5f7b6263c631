"""MAINTAINER: an Earthfile cannot set an image's author."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import NotExpressible, Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """A label instead would be a change of its own, so the line stays as a comment."""
    raise NotExpressible("EM610", author=instruction.operand)
    yield
