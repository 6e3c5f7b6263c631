"""ONBUILD: an Earthfile cannot store a trigger in an image."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction, OnbuildDetail
from migrate.earthfile.model import Item
from migrate.recipe import NotExpressible, Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The line stays as a comment."""
    detail = instruction.detail
    assert isinstance(detail, OnbuildDetail)
    raise NotExpressible("EM612", trigger=detail.trigger.keyword)
    yield
