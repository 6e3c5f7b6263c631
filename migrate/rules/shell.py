"""SHELL: an Earthfile always runs /bin/sh, so the shell is written out where it is in force."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import DEFAULT_SHELL, Recipe


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """RUN, CMD and ENTRYPOINT name the shell from here on; the image's config cannot (earth drops Shell)."""
    stage.shell = instruction.exec_form or DEFAULT_SHELL
    lost = stage.delivered and instruction is _last_shell(stage) and stage.shell != DEFAULT_SHELL
    code = "EM615" if stage.shell == DEFAULT_SHELL else "EM613" if lost else "EM614"
    stage.warn(code, instruction, shell=" ".join(stage.shell))
    yield from ()


def _last_shell(stage: Recipe) -> Instruction | None:
    """The SHELL that the delivered image would record."""
    plan = stage.arguments.plan
    for index in plan.graph.chain(plan.final):
        found = [item for item in plan.graph.stages[index].instructions if item.keyword == "SHELL"]
        if found:
            return found[-1]
    return None
