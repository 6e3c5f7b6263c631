"""Edits: stretches of a text and what takes their place. Everything outside them stays, byte for byte."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Edit(NamedTuple):
    """``text[start:end]`` becomes ``new``; offsets count characters."""

    start: int
    end: int
    new: str


class OverlapError(ValueError):
    """Two edits touch the same characters: a defect of the carrier that made them."""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with all edits made. Raises OverlapError."""
    result: list[str] = []
    position = 0
    for edit in sorted(edits):
        if edit.start < position:
            raise OverlapError(f"edits overlap at {edit.start}")
        result += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*result, text[position:]])


def decoded(data: bytes) -> str | None:
    """A file's text such that ``encoded`` gives the same bytes; None for what is no text (NUL, UTF-16)."""
    if b"\0" in data[:8192] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of ``text``; stray bytes of the original come back as they were."""
    return text.encode("utf-8", "surrogateescape")


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of ``offset``."""
    starts = _line_starts(text)
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


@lru_cache(maxsize=4)  # many places in one file after the other
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]
