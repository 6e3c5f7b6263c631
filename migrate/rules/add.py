"""ADD: a COPY where it adds a plain file or folder; archives, URLs and git have no native form yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate import copying, heredocfiles
from migrate.dockerfile.model import CopyDetail, Instruction, Operand
from migrate.earthfile.model import Item
from migrate.recipe import NotExpressible, Recipe

_URL = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_GIT = re.compile(r"(?:git@|git://|ssh://)|https?://[^?#]*\.git(?:[?#].*)?\Z", re.IGNORECASE)
_ARCHIVE_NAME = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tzst|tar\.\w+|gz|bz2|xz|zst)\Z", re.IGNORECASE)
#: First bytes of what ADD unpacks: gzip, bzip2, xz, zstd; a tar has "ustar" at 257.
_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Every source must be a plain file or folder; what cannot be looked at is judged by its name, and said."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    if all(source.heredoc is not None for source in detail.sources):
        yield from heredocfiles.convert(instruction, stage)
        return
    if any(source.heredoc is not None for source in detail.sources):
        raise NotExpressible("EM403", None, reason="it mixes heredocs and files")
    unpack = instruction.flag("unpack")
    keeps_archives = unpack is not None and unpack.value == "false"
    for source in detail.sources:
        _check(source, instruction, stage, keeps_archives=keeps_archives)
    yield from copying.convert(instruction, stage)


def _check(source: Operand, instruction: Instruction, stage: Recipe, *, keeps_archives: bool) -> None:
    at = instruction.span_of(source.start, source.end)
    value = stage.known(source.text)
    text = source.text if value is None else value
    if _GIT.match(text):
        raise NotExpressible("EM422", at, source=text)
    if _URL.match(text):
        raise NotExpressible("EM421", at, source=text)
    if keeps_archives:
        return
    path = text.strip("/").removeprefix("./")
    if text.endswith("/") or path in ("", ".") or stage.context.is_directory(path):
        return
    head = stage.context.head(path) if value is not None else None
    if head is not None:
        if head.startswith(_MAGIC) or head[257:262] == b"ustar":
            raise NotExpressible("EM420", at, source=text)
        return
    if _ARCHIVE_NAME.search(text):
        raise NotExpressible("EM420", at, source=text)
    stage.report("EM423", at, source=text)
