"""The figures of an audit: what each repository comes to, and all of them together. Nothing here knows of HTML.

A repository is taken in with ``Figures.add`` and forgotten but for its ``Row``, so that ten thousand of them fit into
little memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from migrate.results import GRADES, OUTCOMES, Finding, Result

BY_HAND = ("error", "warning")
"""Findings of these severities are work for somebody."""
_KEPT_MESSAGES = 500
"""Different messages that are counted for a code; a message that comes up later is in the places only."""


class State(Enum):
    """Where a repository stands: a label, and what it means."""

    READY = ("ready", "every Dockerfile is converted to equal images, and nothing is left to do by hand")
    TASKS = ("work left", "every Dockerfile is converted, and something is left to do by hand")
    BLOCKED = ("blocked", "a Dockerfile is not converted, or an error stands in the way; the rest can go ahead")
    EMPTY = ("nothing to move", "there is no Dockerfile, and no call that builds one")
    FAILED = ("failed", "the repository could not be looked at")
    SKIPPED = ("skipped", "left out on purpose")
    NOT_REACHED = ("not reached", "the run ended before its turn")

    @property
    def key(self) -> str:
        """A name for attributes, file formats and style sheets."""
        return self.name.lower().replace("_", "-")

    @property
    def label(self) -> str:
        """The words that people read."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """The sentence that says when a repository is in this state."""
        return self.value[1]


MOVING = (State.READY, State.TASKS, State.BLOCKED)
"""The repositories that have something to move: what the percentages of an audit are of."""
_WITHOUT_RESULT = {"failed": State.FAILED, "skipped": State.SKIPPED, "not reached": State.NOT_REACHED}


class Effort(NamedTuple):
    """Minutes, from mappings/effort.yaml."""

    repository: int
    dockerfile: int
    differs: int
    failed: int
    call: int
    warning: int
    second_wave: int

    @classmethod
    def of(cls, section: Mapping[str, int]) -> Effort:
        """The constants in the data."""
        return cls(**{name.replace("-", "_"): minutes for name, minutes in section.items()})


class Row(NamedTuple):
    """What is kept of a repository. ``others`` are warnings and errors beside calls and bad Dockerfiles."""

    name: str
    page: str
    repository: str
    state: State
    grades: tuple[int, ...] = (0, 0, 0, 0)
    """Dockerfiles by grade, in the order of GRADES."""
    stages: tuple[int, ...] = (0, 0, 0, 0)
    calls: tuple[int, ...] = (0, 0, 0)
    """Call sites by outcome, in the order of OUTCOMES."""
    fallback: int = 0
    errors: int = 0
    warnings: int = 0
    others: int = 0
    blockers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    minutes: int = 0
    wave: int = 0
    why: str = ""
    commit: str = ""
    branch: str = ""
    patch: str = ""
    commands: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """The call sites that are left to somebody."""
        return self.calls[1]

    @property
    def order(self) -> tuple[int, int, str]:
        """First waves first, in them what takes least."""
        return (self.wave or 9, self.minutes, self.name)


@dataclass(slots=True)
class CodeFigures:
    """One diagnostic code: where it stands, and what it says how often. ``by_hand``: whether it makes work."""

    code: str
    by_hand: bool = False
    places: int = 0
    alone: int = 0
    """The repositories in which no other code makes work."""
    rows: list[tuple[int, int]] = field(default_factory=list)
    """(index of the repository, places in it)."""
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(message, hint) -> repositories."""

    @property
    def order(self) -> tuple[int, int, str]:
        """What concerns most repositories first."""
        return (-len(self.rows), -self.places, self.code)


@dataclass(slots=True)
class Figures:
    """All repositories together; ``rows`` in the order in which they were added."""

    effort: Effort
    rows: list[Row] = field(default_factory=list)
    codes: dict[str, CodeFigures] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    """Base image that the mappings do not know -> repositories."""
    states: Counter[State] = field(default_factory=Counter)
    carriers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind of file, outcome) -> call sites."""

    def add(self, result: Result, page: str) -> Row:
        """Take in one repository, whose page has the file name ``page``."""
        row = counted(result, page, self.effort)
        index = len(self.rows)
        self.rows.append(row)
        self.states[row.state] += 1
        if row.state in (*MOVING, State.EMPTY):
            self.unknown.update(row.unknown)
            self.carriers.update((site.carrier, site.outcome) for site in result.sites)
            self._count_codes(result.findings, index, row.blockers, _alone(result))
        return row

    def _count_codes(
        self, findings: Iterable[Finding], index: int, blockers: tuple[str, ...], alone: str | None
    ) -> None:
        places = Counter(finding.code for finding in findings)
        for code, number in sorted(places.items()):
            known = self.codes.setdefault(code, CodeFigures(code))
            known.places += number
            known.rows.append((index, number))
            known.by_hand |= code in blockers
            known.alone += code == alone
        for code, message, hint in sorted({(item.code, item.message, item.hint) for item in findings}):
            messages = self.codes[code].messages
            if (message, hint) in messages or len(messages) < _KEPT_MESSAGES:
                messages[message, hint] += 1

    @property
    def moving(self) -> int:
        """How many repositories have something to move."""
        return sum(self.states[state] for state in MOVING)

    @property
    def images_only(self) -> int:
        """Repositories that are not ready, but whose Dockerfiles all give equal images."""
        tasks = [row for row in self.rows if row.state is State.TASKS]
        return sum(1 for row in tasks if sum(row.grades) and not row.grades[2])

    def blockers(self) -> list[CodeFigures]:
        """The codes that keep repositories from moving, those of most repositories first."""
        return sorted((code for code in self.codes.values() if code.by_hand), key=lambda code: code.order)

    def ordered(self) -> list[Row]:
        """The repositories in the order in which they are best moved."""
        return sorted(self.rows, key=lambda row: row.order)

    def wave(self, number: int) -> list[Row]:
        """The repositories of one wave, in order."""
        return [row for row in self.ordered() if row.wave == number]

    def unknown_images(self) -> list[tuple[str, int]]:
        """Unknown base images and the number of repositories that use them, most used first."""
        return sorted(self.unknown.items(), key=lambda item: (-item[1], item[0]))

    def calls_by_carrier(self) -> list[tuple[str, tuple[int, ...]]]:
        """Kind of file -> its call sites by outcome, those with most left first."""
        names = {carrier for carrier, _ in self.carriers}
        found = [(name, tuple(self.carriers[name, outcome] for outcome in OUTCOMES)) for name in names]
        return sorted(found, key=lambda item: (-item[1][1], -sum(item[1]), item[0]))

    def total(self, name: str) -> tuple[int, ...]:
        """The sum of one field with counts of all rows: ``grades``, ``stages`` or ``calls``."""
        columns = zip(*(getattr(row, name) for row in self.rows), strict=True)
        return tuple(map(sum, columns)) if self.rows else getattr(Row("", "", "", State.EMPTY), name)


def counted(result: Result, page: str, effort: Effort) -> Row:
    """The row of one repository."""
    row = Row(result.name, page, result.repository, _WITHOUT_RESULT.get(result.status, State.EMPTY), why=result.why)
    row = row._replace(commit=result.commit or "", branch=result.branch or "", patch=result.patch or "")
    if result.status in _WITHOUT_RESULT:
        return row
    found = Counter(finding.severity for finding in result.findings)
    stages = [stage for item in result.dockerfiles for stage in item.stages]
    row = row._replace(
        grades=_by((item.grade for item in result.dockerfiles), GRADES),
        stages=_by((stage.grade for stage in stages if stage.stage is not None), GRADES),
        calls=_by((site.outcome for site in result.sites), OUTCOMES),
        fallback=sum(item.fallback for item in result.dockerfiles),
        errors=found["error"],
        warnings=found["warning"],
        others=sum(1 for _ in _others(result)),
        blockers=tuple(sorted({finding.code for finding in result.findings if finding.severity in BY_HAND})),
        unknown=tuple(sorted({base.name for base in result.bases if not base.known})),
        commands=result.commands,
    )
    row = row._replace(state=_state(row))
    row = row._replace(minutes=_minutes(row, effort))
    return row._replace(wave=_wave(row, effort))


def _by(values: Iterable[str], names: tuple[str, ...]) -> tuple[int, ...]:
    counts = Counter(values)
    return tuple(counts[name] for name in names)


def _others(result: Result) -> Iterator[Finding]:
    """The work that neither a call nor a Dockerfile which differs or failed stands for."""
    calls = {(site.path, site.line) for site in result.sites if site.outcome == "left"}
    bad = {item.path for item in result.dockerfiles if item.grade in ("differs", "failed")}
    for finding in result.findings:
        if finding.severity in BY_HAND and finding.path not in bad and (finding.path, finding.line) not in calls:
            yield finding


def _alone(result: Result) -> str | None:
    """The code that is the only obstacle of a repository, None where there is another."""
    todo = [finding for finding in result.findings if finding.severity in BY_HAND]
    files, places = {finding.path for finding in todo}, {(finding.path, finding.line) for finding in todo}
    codes: set[str | None] = {finding.code for finding in todo}
    codes |= {None for item in result.dockerfiles if item.grade in ("differs", "failed") and item.path not in files}
    codes |= {None for site in result.sites if site.outcome == "left" and (site.path, site.line) not in places}
    return codes.pop() if len(codes) == 1 else None


def _state(row: Row) -> State:
    if row.grades[3] or row.errors:
        return State.BLOCKED
    if row.grades[2] or row.left or row.warnings:
        return State.TASKS
    return State.READY if sum(row.grades) or sum(row.calls) else State.EMPTY


def _minutes(row: Row, effort: Effort) -> int:
    """The effort figure; ``formula`` says the same in words."""
    if row.state not in MOVING:
        return 0
    return (
        effort.repository
        + effort.dockerfile * sum(row.grades)
        + effort.differs * row.grades[2]
        + effort.failed * row.grades[3]
        + effort.call * row.left
        + effort.warning * row.others
    )


def formula(effort: Effort) -> str:
    """The effort figure in words."""
    return (
        f"minutes = {effort.repository} for the repository + {effort.dockerfile} for each Dockerfile"
        f" + {effort.differs} more for each that differs + {effort.failed} more for each that is not converted"
        f" + {effort.call} for each call site that is left + {effort.warning} for each other warning or error"
    )


def _wave(row: Row, effort: Effort) -> int:
    if row.state is State.READY:
        return 1
    if row.state is State.TASKS:
        return 2 if row.minutes <= effort.second_wave else 3
    return 4 if row.state is State.BLOCKED else 0


def waves(effort: Effort) -> dict[int, str]:
    """What each wave holds."""
    return {
        1: "Nothing is left to do by hand: review, build once, merge.",
        2: f"Every Dockerfile is converted, and all there is to do takes no more than {effort.second_wave} minutes.",
        3: "Every Dockerfile is converted, and more is left to do by hand.",
        4: "A Dockerfile is not converted, or an error stands in the way.",
    }


def percent(part: int, whole: int) -> str:
    """``34 %``; never 0 % for some and never 100 % for less than all."""
    if not whole:
        return "–"
    if 0 < part * 100 < whole:
        return "<1 %"
    return f"{part * 100 // whole} %"


def duration(minutes: int) -> str:
    """``45 min``, ``3 h``, ``12 days``: of eight hours, rounded up."""
    if minutes < 90:
        return f"{minutes} min"
    hours = -(-minutes // 60)
    return f"{hours} h" if hours <= 16 else f"{-(-minutes // 480)} days"


def count(number: int, noun: str) -> str:
    """``1 repository``, ``2 repositories``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
