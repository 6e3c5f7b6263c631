"""What the migration of one repository comes to: counts, and what is left for people to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites.model import Outcome
from migrate.convert import Conversion
from migrate.diagnostics import Diagnostic, Grade, Severity
from migrate.mappings import Mappings
from migrate.repository import Migration

REWRITTEN, REPORTED, LEFT = "rewritten", "reported", "left"
#: Codes of call sites, neighbours and repositories: what they warn of is done in those files, not in a Dockerfile.
_AROUND = ("EM8", "EM73", "EM74")


class Task(NamedTuple):
    """Something to do by hand. ``line`` is 0 for a whole file; ``command`` is the call of earth to use, if known."""

    path: str
    line: int
    column: int
    code: str
    message: str
    hint: str
    command: str = ""

    @property
    def place(self) -> str:
        """``path:line:column``."""
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


class Tally(NamedTuple):
    """Counts. ``grades`` are those of Dockerfiles: the worst of its targets. ``tasks`` are about call sites and files,
    ``differences`` about images that will not be the same."""

    dockerfiles: int
    earthfiles: int
    stages: int
    grades: Mapping[Grade, int]
    sites: Mapping[str, int]
    tasks: tuple[Task, ...]
    differences: tuple[Task, ...]

    @property
    def found(self) -> int:
        """All call sites."""
        return sum(self.sites.values())


def tally(migration: Migration, mappings: Mappings) -> Tally:
    """Count what ``migration`` does."""
    conversions = conversions_of(migration)
    outcomes = [outcome for item in migration.rewritten for outcome in item.outcomes]
    return Tally(
        dockerfiles=len({conversion.path for conversion in conversions}),
        earthfiles=sum(1 for group in migration.groups if group.combined.text is not None),
        stages=sum(1 for conversion in conversions for target in conversion.targets if target.stage is not None),
        grades=Counter(grade_of(conversion) for conversion in conversions),
        sites=Counter(kind(outcome, mappings) for outcome in outcomes),
        tasks=tuple(task for task in _tasks(migration) if task.code.startswith(_AROUND)),
        differences=tuple(task for task in _tasks(migration) if not task.code.startswith(_AROUND)),
    )


def conversions_of(migration: Migration) -> list[Conversion]:
    """Every Dockerfile in every context."""
    return [conversion for group in migration.groups for conversion in group.combined.conversions]


def grade_of(conversion: Conversion) -> Grade:
    """The worst grade of a Dockerfile's targets."""
    return max((target.grade for target in conversion.targets), default=Grade.FAILED)


def kind(outcome: Outcome, mappings: Mappings) -> str:
    """``rewritten``; ``reported``: somebody has to change it by hand; ``left``: it works on as it is."""
    if outcome.edits:
        return REWRITTEN
    warned = any(mappings.diagnostics[note.code].severity >= Severity.WARNING for note in outcome.notes)
    return REPORTED if outcome.why or warned else LEFT


def _tasks(migration: Migration) -> Iterator[Task]:
    commands = dict(_commands(migration))
    for item in migration.diagnostics:
        if item.severity >= Severity.WARNING:
            line, column = _start(item)
            command = commands.get((item.path, line, column), "") if item.code.startswith(_AROUND) else ""
            yield Task(item.path, line, column, item.code, item.message, item.hint, command)


def _start(item: Diagnostic) -> tuple[int, int]:
    return (item.span.start.line, item.span.start.column) if item.span is not None else (0, 0)


def _commands(migration: Migration) -> Iterator[tuple[tuple[str, int, int], str]]:
    for item in migration.rewritten:
        for outcome in item.outcomes:
            if outcome.suggestion and not outcome.edits:
                line, column = editing.position(item.carrier.text, outcome.site.start)
                yield (outcome.site.path, line, column), outcome.suggestion
