"""commands.txt: what is left to run in all repositories, wave by wave, for somebody who has read it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from migrate.diagnostics import visible
from migrate.report.audit.figures import Figures, waves


def commands(found: Figures) -> bytes | None:
    """The file; None when there is nothing to run."""
    lines = [*_lines(found)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8") if lines else None


def _lines(found: Figures) -> Iterator[str]:
    for wave, meaning in {**waves(found.effort), 0: "What has no wave."}.items():
        rows = [row for row in found.ordered() if row.wave == wave and row.commands]
        if rows:
            yield f"# {f'Wave {wave}' if wave else 'Others'}: {meaning}"
        for row in rows:
            yield f"# {visible(row.name)}"
            yield from map(runnable, row.commands)


def runnable(command: str) -> str:
    """``command`` as it can be run; as a comment where it has a character that no eye and no editor keeps apart."""
    if all(char.isprintable() or unicodedata.category(char) == "Zs" for char in command):
        return command
    return f"# Not to be run as it stands, for a name in it has characters that cannot be shown: {visible(command)}"
