"""ADD: what needs no helper Dockerfile is a COPY; see ``adding`` for archives, URLs and Git repositories."""

from __future__ import annotations

from collections.abc import Iterator

from migrate import adding, configured, mixedsources
from migrate.dockerfile.model import CopyDetail, Instruction
from migrate.earthfile.model import Item
from migrate.recipe import Recipe, refuse_flags


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Files, archives and downloads by COPY; heredocs by RUN; what the root's Dockerfile adds is a comment."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    place = stage.arguments.roots.of(stage.stage, instruction)
    if place is not None:
        stage.has_shell = None if stage.has_shell is False else stage.has_shell  # the archive may bring one
        yield configured.remark(instruction, place, stage)
    elif mixedsources.is_mixed(instruction):
        for part in mixedsources.parts(instruction):
            yield from convert(part, stage)
    elif all(source.heredoc is not None for source in detail.sources):
        from migrate import heredocfiles  # few files need it

        yield from heredocfiles.convert(instruction, stage)
    else:
        refuse_flags(instruction, stage.arguments.mappings)
        yield from adding.convert(instruction, stage)
