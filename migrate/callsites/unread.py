"""Files that are not looked through, and yet seem to build: too large, or no text."""

from __future__ import annotations

import re

from migrate.diagnostics import Collector

#: The start of UTF-16 and UTF-32 text.
MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_ENCODINGS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_TOOL = re.compile(r"\b(?:docker|podman)\b")
_BUILD = re.compile(r"\bbuild\b|/build-push-action")


class YamlError(ValueError):
    """Text that is no YAML for us; ``line`` is 1-based. (Here, because ``yamltext`` loads a parser.)"""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def speaks_of_builds(text: str) -> bool:
    """Whether a line of ``text`` has the word build behind docker or podman."""
    for line in text.split("\n"):
        tool = _TOOL.search(line)
        if tool is not None and _BUILD.search(line, tool.end()):
            return True
    return False


def report(raw: bytes | None, limit: int, collector: Collector) -> None:
    """Say that the file with the bytes ``raw`` (None: even larger, or gone) is left out, where it seems to build."""
    if raw is None:
        return
    encoding = next((name for mark, name in _ENCODINGS.items() if raw.startswith(mark)), "")
    text = raw.decode(encoding or "latin-1", "replace")
    if not speaks_of_builds(text):
        return
    if encoding or "\0" in text:
        collector.report("EM747", None, encoding=encoding.upper() or "it has NUL bytes")
    else:
        collector.report("EM746", None, limit=f"{limit // 1024} KiB")
