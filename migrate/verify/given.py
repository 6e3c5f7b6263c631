"""What the build arguments of a run alone make different: those that Docker's builder treats in a way of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.diagnostics import Collector, Diagnostic
from migrate.headerlines import EPOCH, is_source
from migrate.mappings import Mappings


def findings(
    arguments: Iterable[tuple[str, str]], dockerfile: str, path: str, mappings: Mappings
) -> tuple[Diagnostic, ...]:
    """The differences that ``arguments`` (name, value) bring about in the Dockerfile of the text ``dockerfile``."""
    collector = Collector(path, mappings.diagnostics)
    runs = re.search(r"(?im)^\s*(?:onbuild\s+)?run\s", dockerfile) is not None
    for name, value in arguments:
        kind = mappings.builtin_arguments.get(name, {}).get("kind")
        if name == EPOCH and is_source(value) and EPOCH in dockerfile:
            collector.report("EM329", None, value=value)
        elif kind == "proxy" and value and runs:
            collector.report("EM330", None, name=name)
    return collector.diagnostics
