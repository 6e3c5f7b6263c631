"""COPY and ADD of files together with heredocs: first the files, then the heredocs, as BuildKit does."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import CopyDetail, Instruction
from migrate.recipe import NotExpressible


def is_mixed(instruction: Instruction) -> bool:
    """Whether some of the sources are heredocs, and some are not."""
    detail = instruction.detail
    return isinstance(detail, CopyDetail) and len({source.heredoc is None for source in detail.sources}) == 2


def parts(instruction: Instruction) -> Iterator[Instruction]:
    """The same in two instructions on a line each. Raises NotExpressible."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    if instruction.flag("from") is not None or not detail.destination.text.endswith("/"):
        raise NotExpressible("EM403", None, reason="it mixes heredocs and files")
    for is_file in (True, False):
        sources = tuple(source for source in detail.sources if (source.heredoc is None) is is_file)
        # As an array: nothing is left of the lines of the original.
        yield instruction._replace(
            detail=CopyDetail(sources, detail.destination),
            exec_form=() if is_file else instruction.exec_form,
            heredocs=() if is_file else instruction.heredocs,
        )
