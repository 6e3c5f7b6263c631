"""SHELL: an Earthfile always runs /bin/sh, so the shell is written out where it is in force."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import DEFAULT_SHELL, Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """RUN, CMD and ENTRYPOINT name the shell from here on; the image's config cannot (earth drops Shell)."""
    stage.shell = instruction.exec_form or DEFAULT_SHELL
    if stage.delivered:
        stage.warn("EM613", instruction, shell=" ".join(stage.shell))
    else:
        stage.warn("EM614", instruction, shell=" ".join(stage.shell))
    yield from ()
