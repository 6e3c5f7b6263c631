"""Splitting into instructions with the library dockerfile-parse, on a masked text.

The library knows neither heredocs nor comments and blank lines inside an instruction, nor BuildKit's continuation
rules. So the line scanner writes a text of the same number of lines in which these are neutral, the library says which
instructions stand on which lines, and everything else is read from the original text by these lines.
"""

from __future__ import annotations

import re
from io import BytesIO

from dockerfile_parse import DockerfileParser

from migrate.dockerfile.lines import Scan

_ORDINARY = r"([A-Za-z]+)(?:[ \t]|\Z)"
_LONG = 64
"""Lines of one instruction that the library gets to see: it joins them in quadratic time."""


class SplitError(Exception):
    """The library and the scanner disagree: a defect of this package, never of the input."""


def split(scan: Scan) -> list[tuple[int, int]]:
    """First and last line (0-based, heredocs not included) of every instruction, as dockerfile-parse finds them."""
    masked, keywords = mask(scan)
    items = DockerfileParser(fileobj=BytesIO(masked.encode())).structure
    found = [item for item in items if item["instruction"] != "COMMENT" or item["content"] != "#\n"]
    told = [(item["instruction"], item["startline"], item["endline"]) for item in found]
    known = [(word, block.first, block.last) for word, block in zip(keywords, scan.blocks, strict=True)]
    if told != known:
        raise SplitError(f"dockerfile-parse says {told}, the scanner {known}")
    return [(item["startline"], item["endline"]) for item in found]


def mask(scan: Scan) -> tuple[str, list[str]]:
    """The text for the library, and the keyword that it must find for each instruction."""
    masked = [""] * len(scan.lines)
    ordinary_word = re.compile(_ORDINARY).match
    keywords = []
    for block in scan.blocks:
        first = scan.shares[block.first] or ""
        match = ordinary_word(first)
        # A keyword that a line break cuts, or that is no word, is nothing that the library can find.
        ordinary = match is not None and match.group(1) == block.keyword
        keywords.append(block.keyword.upper() if ordinary else "X")
        masked[block.first] = _neutral(first if ordinary else "X", block.last > block.first)
        for index in range(block.first + 1, block.last + 1):
            share = scan.shares[index] or ""
            hidden = index - block.first > _LONG and index < block.last
            masked[index] = "#" if hidden else _inner(share, index < block.last)
    return "\n".join(masked) + "\n", keywords


def _inner(share: str, continues: bool) -> str:
    return _neutral("." + share if share.lstrip().startswith("#") else share, continues)


def _neutral(share: str, continues: bool) -> str:
    """``share`` so that the library sees it continue exactly when it does."""
    text = share.rstrip()
    if continues:
        return text + " \\"
    return text + "." if text.endswith("\\") else text
