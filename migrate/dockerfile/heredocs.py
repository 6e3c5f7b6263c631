"""Heredoc headers: which words of an instruction open one, and what their names say. Source: parser/parser.go."""

from __future__ import annotations

import re
from typing import NamedTuple

from migrate.dockerfile.words import WordError, kept_words, raw_words

_HEADER = r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z"
_LARGEST = (1 << 64) - 1


class Header(NamedTuple):
    """``<<NAME``: its name without quotes, whether the body expands, whether ``<<-`` strips tabs, its descriptor."""

    name: str
    expand: bool
    chomp: bool
    fd: int

    def ends(self, line: str) -> bool:
        """Whether ``line`` (no line ending) is the terminator."""
        return (line.lstrip("\t") if self.chomp else line) == self.name


def find_headers(line: str) -> list[Header]:
    """The heredocs that the joined text of an instruction opens, in order; raises WordError for a broken name."""
    if "<<" not in line:
        return []
    headers = [parse_header(word) for word in raw_words(line)]
    return [header for header in headers if header is not None]


def parse_header(word: str) -> Header | None:
    """The heredoc that ``word`` opens, None when it opens none; raises WordError for a broken name."""
    match = re.match(_HEADER, word)
    if match is None or not match.group(3):
        return None
    name = kept_words(match.group(3), raw_quotes=False)
    if len(name) != 1:
        return None
    written = kept_words(match.group(3), raw_quotes=True)
    if len(written) != 1:
        raise WordError("a heredoc name that is not one word")
    digits = match.group(1)
    descriptor = _LARGEST if len(digits) > 20 else min(int(digits or "0"), _LARGEST)
    return Header(name[0], _quotes(name[0]) == _quotes(written[0]), match.group(2) == "-", descriptor)


def chomped(body: str) -> str:
    """``body`` without the tabs that begin its lines, as ``<<-`` asks."""
    return re.sub(r"(?m)^\t+", "", body) if "\t" in body else body


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
