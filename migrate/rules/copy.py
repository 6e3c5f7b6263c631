"""COPY: from the context, from a target instead of a stage, from a small target instead of an image."""

from __future__ import annotations

from collections.abc import Iterator

from migrate import copying, mixedsources
from migrate.dockerfile.model import CopyDetail, Instruction
from migrate.earthfile.model import Item
from migrate.recipe import Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Heredoc sources are written by a RUN; everything else stays a COPY."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    if mixedsources.is_mixed(instruction):
        for part in mixedsources.parts(instruction):
            yield from convert(part, stage)
    elif all(source.heredoc is not None for source in detail.sources):
        from migrate import heredocfiles  # few files need it

        yield from heredocfiles.convert(instruction, stage)
    else:
        yield from copying.convert(instruction, stage)
