"""``# earthmigrate: ignore=CODE`` comments: they hide a message and its effect on the exit code, never the grade."""

from __future__ import annotations

import re

from migrate.diagnostics import Collector, Diagnostic
from migrate.dockerfile.model import Dockerfile
from migrate.spans import Span

_PRAGMA = r"#\s*earthmigrate:\s*ignore=([A-Za-z0-9, ]+?)\s*\Z"


def is_pragma(comment: str) -> bool:
    """Whether a comment line is one of ours and so has no place in the Earthfile."""
    return "earthmigrate" in comment and re.match(_PRAGMA, comment.strip()) is not None


def apply(dockerfile: Dockerfile, collector: Collector) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """(shown, hidden) diagnostics; a code that hides nothing is itself reported (``EM199``)."""
    if "earthmigrate" not in "\n".join(dockerfile.lines):
        return collector.diagnostics, ()
    found = collector.diagnostics
    hidden: list[Diagnostic] = []
    for instruction in dockerfile.instructions:
        first, last = instruction.span.start.line, instruction.lines[-1].number
        for line in instruction.above:
            match = re.match(_PRAGMA, line.text.strip()) if line.kind == "comment" else None
            for code in re.split(r"[,\s]+", match[1].upper()) if match else ():
                matching = [
                    item
                    for item in found
                    if item.code == code and item.span is not None and first <= item.span.start.line <= last
                ]
                if not matching:
                    column = len(line.text) - len(line.text.lstrip()) + 1
                    span = Span.of(line.number, column, line.number, len(line.text.rstrip()) + 1)
                    collector.report("EM199", span, code=code)
                hidden += matching
    shown = tuple(item for item in collector.diagnostics if item not in hidden)
    return shown, tuple(hidden)
