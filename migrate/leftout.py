"""What a fallen stage misses of the build context: FROM DOCKERFILE leaves out the files of earth itself."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.context import Context
from migrate.dockerfile.model import CopyDetail, Instruction, RunDetail
from migrate.ignorefile import taker
from migrate.mappings import Mappings
from migrate.recipe import Reporter
from migrate.stages import StageGraph


def report(graph: StageGraph, stage: int, context: Context, mappings: Mappings, say: Reporter) -> None:
    """Say for stage ``stage``, and all that it is made from, which files its copies and mounts miss."""
    names = [name for name in mappings.fallback["leaves-out"] if context.exists(name)]
    for index in sorted(graph.reachable(stage)) if names else ():
        for instruction in graph.stages[index].instructions:
            taken = taker(tuple(_sources(instruction)))
            for name in names:
                if taken(name):
                    say("EM228", instruction.span, name=name)


def _sources(instruction: Instruction) -> Iterator[str]:
    """What an instruction takes from the build context, ``*`` for what a variable names."""
    detail = instruction.detail
    if isinstance(detail, CopyDetail) and instruction.flag("from") is None:
        yield from ("*" if "$" in source.text else source.text for source in detail.sources if source.heredoc is None)
    elif isinstance(detail, RunDetail):
        for mount in detail.mounts:
            if mount.type == "bind" and mount.get("from") is None:
                yield mount.get("source", "src") or "/"
