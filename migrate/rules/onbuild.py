"""ONBUILD: earth stores no trigger in an image; stages of the same file run it as a command of their own."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction, OnbuildDetail
from migrate.earthfile.model import Item, Remark
from migrate.recipe import NotExpressible, Recipe
from migrate.rootfiles import is_shipped


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """A comment that names the targets that run the trigger (see ``stages.triggers``); an image loses it."""
    detail = instruction.detail
    assert isinstance(detail, OnbuildDetail)
    plan = stage.arguments.plan
    if is_shipped(stage.stage, plan):
        raise NotExpressible("EM612", trigger=detail.trigger.keyword)
    children = [
        plan.targets[other.index]
        for other in plan.graph.stages
        if other.base == stage.stage or stage.stage in other.selects
    ]
    shown = " ".join(f"ONBUILD {instruction.text}".split())
    if children:
        stage.warn("EM644", instruction, trigger=detail.trigger.keyword, targets=", ".join(children))
        names = " and ".join(f"+{name}" for name in children)
        yield Remark((f"# {shown}: see {names}",), instruction.span)
    else:
        stage.warn("EM643", instruction, line=shown)
        yield Remark((f"# {shown}: no stage is made from this one",), instruction.span)
