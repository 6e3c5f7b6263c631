"""The pure core: one Dockerfile's text in, an Earthfile and its diagnostics out."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.diagnostics import Diagnostic, Grade
from migrate.spans import Span


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that the conversion wants in the context folder; ``name`` is relative with ``/``."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target, the stage it came from (None for helper targets), and its grade."""

    target: str
    stage: str | None
    grade: Grade


@dataclass(frozen=True, slots=True)
class Conversion:
    """The result for one Dockerfile.

    ``files`` is empty when nothing could be produced (an ``error`` diagnostic says why); otherwise its first entry is the
    Earthfile, an ignore file may follow. ``source_map`` gives (Earthfile line, Dockerfile span), both 1-based, for each line
    that comes from an instruction. ``hidden`` are the diagnostics that an ignore comment took out of ``diagnostics``.
    """

    path: str
    files: tuple[OutputFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    source_map: tuple[tuple[int, Span], ...] = ()
    targets: tuple[TargetResult, ...] = ()
    hidden: tuple[Diagnostic, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def earthfile(self) -> str | None:
        """The Earthfile's text, None when the input was not converted."""
        return self.files[0].text if self.files else None
