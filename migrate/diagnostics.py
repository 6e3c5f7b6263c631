"""Diagnostics: what differs, where, and what to do. Texts and severities are data in mappings/diagnostics/."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from migrate.spans import Span


class _Labelled(IntEnum):
    """Numbers in order, with a word for people."""

    @property
    def label(self) -> str:
        """The lower-case word used in output and options."""
        return self.name.lower()


class Severity(_Labelled):
    """``error``: an input was not converted; ``warning``: the grade differs; ``info``: a changed name, an
    assumption."""

    INFO = 1
    WARNING = 2
    ERROR = 3


class Grade(_Labelled):
    """How a target compares with its stage (design section 2); a higher value is worse."""

    EXACT = 0
    EQUAL = 1
    DIFFERS = 2
    FAILED = 3


class Entry(NamedTuple):
    """The part of a catalogue entry that a run needs; ``message`` and ``hint`` are ``str.format`` templates."""

    code: str
    name: str
    severity: Severity
    grade: Grade
    message: str
    hint: str


class Diagnostic(NamedTuple):
    """One finding. ``span`` is None when it concerns the whole file; ``source_line`` is the text it points at."""

    code: str
    name: str
    severity: Severity
    grade: Grade
    message: str
    hint: str
    path: str
    span: Span | None = None
    diff: str = ""
    """A change that the hint speaks of, as a unified diff."""
    about: str = ""
    """The name that the message speaks of: a variable, for one."""


class Collector:
    """Gathers the diagnostics of one input; equal findings at one place are kept once."""

    def __init__(self, path: str, catalogue: Mapping[str, Entry]) -> None:
        self.path = path
        self._catalogue = catalogue
        self._found: dict[Diagnostic, None] = {}

    def report(self, code: str, span: Span | None, /, **fields: object) -> Diagnostic:
        """Record ``code`` at ``span``; ``fields`` fill the catalogue's message and hint. Unknown codes are a
        KeyError."""
        entry = self._catalogue[code]
        shown = {key: visible(str(value)) for key, value in fields.items()}
        diagnostic = Diagnostic(
            code,
            entry.name,
            entry.severity,
            entry.grade,
            entry.message.format(**shown),
            entry.hint.format(**shown),
            self.path,
            span,
            about=str(fields.get("name", "")),
        )
        self._found[diagnostic] = None
        return diagnostic

    def show(self, diagnostic: Diagnostic, diff: str) -> None:
        """Add ``diff`` to a finding."""
        self._found = {(item._replace(diff=diff) if item == diagnostic else item): None for item in self._found}

    def keep(self, diagnostic: Diagnostic) -> None:
        """Take over a finding of another collector."""
        self._found[diagnostic] = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, in text order; findings on the whole file come first."""
        return tuple(sorted(self._found, key=_order))


def visible(text: str) -> str:
    """``text`` on one line, control characters spelled out: input is untrusted and ends up on terminals."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _order(diagnostic: Diagnostic) -> tuple[int, int, str, str]:
    start = diagnostic.span.start if diagnostic.span else None
    return (start.line if start else 0, start.column if start else 0, diagnostic.code, diagnostic.message)
