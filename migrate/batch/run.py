"""One run of a batch: jobs to an executor, results to the report, the patches and the terminal."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from migrate.batch import answers
from migrate.batch.engine import Ended, Engine
from migrate.batch.inputs import Entry
from migrate.batch.jobs import Answer, Inspection, Job, Mode, Seen
from migrate.batch.ledger import Ledger
from migrate.batch.pool import TookTooLong, WorkerDied
from migrate.batch.progress import Progress
from migrate.choice import Choice, ChoiceError
from migrate.disk import DiskError, reason, write_file
from migrate.results import Result

_SEVERITIES = ("", "info", "warning", "error")


class Plan(NamedTuple):
    """What the command line asks for."""

    entries: tuple[Entry, ...]
    choice: Choice
    mode: Mode = Mode()
    mappings: str | None = None
    workdir: Path | None = None
    scratch: Path | None = None
    patches: Path | None = None
    seconds: float | None = None
    given: frozenset[str] = frozenset()
    """Which options of ``repo`` the command line gives."""
    inspection: Inspection | None = None


class Summary(NamedTuple):
    """How it went: how many of each status, the worst severity that was found, whether it was stopped by a signal."""

    counts: Counter[str]
    worst: str
    signal: int | None
    seen: frozenset[Seen] = frozenset()
    """The base images that workers looked at."""


class Stop:
    """Turns the first SIGINT or SIGTERM into a flag; the next one ends the process as ever."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        self.__exit__()

    def __call__(self) -> bool:
        return self.signal is not None


def jobs(plan: Plan, ledger: Ledger | None) -> Iterator[Job]:
    """The jobs of ``plan``, each made when it is its turn."""
    workdir, scratch = (str(path) if path is not None else None for path in (plan.workdir, plan.scratch))
    for entry in plan.entries:
        earlier = ledger.earlier(entry, plan.patches) if ledger is not None else None
        given = plan.given | {name for name, _ in entry.settings}
        try:
            choice = entry.choice(plan.choice)
        except ChoiceError as error:
            entry, choice = entry._replace(problem=f"{error.option}: {error}"), plan.choice
        yield Job(entry, choice, plan.mode, plan.mappings, workdir, scratch, earlier, given, plan.inspection)


def run(
    plan: Plan,
    engine: Engine[Job, Answer],
    stop: Stop,
    ledger: Ledger | None,
    progress: Progress,
    show: Callable[[Result], None],
) -> Summary:
    """Do all jobs; every result is in the ledger before it is shown."""
    worst = 0
    seen: set[Seen] = set()
    for ended in engine.run(jobs(plan, ledger)):
        results = [result for one in ended if (result := _settled(one, plan, ledger)) is not None]
        seen.update(*(one.answer.seen for one in ended if one.answer is not None))
        if ledger is not None:
            ledger.add(results)
        for result in results:
            show(result)
            worst = max([worst, *(_SEVERITIES.index(item.severity) for item in result.findings)])
        progress.add(results)
    return Summary(progress.counts, _SEVERITIES[worst], stop.signal, frozenset(seen))


def _settled(ended: Ended[Job, Answer], plan: Plan, ledger: Ledger | None) -> Result | None:
    """The result of one job; None where an earlier run's result stays the last word."""
    job = ended.job
    if ended.error is not None:
        return _lost(job, ended.error, plan).result
    if ended.answer is None:
        known = ledger is not None and ledger.known(job.entry)
        return None if known else answers.blank(job, "not reached")
    result = ended.answer.result
    if result.status == "unchanged" and ledger is not None:
        return ledger.again(job.entry.name)
    if plan.patches is None or result.status != "done":
        return result
    name = f"{job.entry.name}.patch"
    try:
        if ended.answer.patch is None:
            (plan.patches / name).unlink(missing_ok=True)  # that of an earlier run, whose change is there by now
            return result
        write_file(plan.patches / name, ended.answer.patch)
    except DiskError as error:
        return answers.failed(job, error.code, **error.fields).result
    except OSError as error:
        return answers.failed(job, "EM195", path=name, reason=reason(error)).result
    return result._replace(patch=name)


def _lost(job: Job, error: BaseException, plan: Plan) -> Answer:
    """The answer for a job whose worker gave none."""
    if isinstance(error, TookTooLong):
        return answers.failed(job, "EM952", seconds=f"{plan.seconds or 0:g}")
    if isinstance(error, (WorkerDied, BrokenExecutor)) or type(error).__name__ == "KilledWorker":
        return answers.failed(job, "EM953", reason=str(error) or type(error).__name__)
    return answers.failed(job, "EM955", problem=f"{type(error).__name__}: {error}")


def line(result: Result) -> str:
    """One repository for people."""
    if result.status not in ("done", "unchanged"):
        return f"{result.name}: {result.status}" + (f": {result.why}" if result.why else "")
    grades = Counter(item.grade for item in result.dockerfiles)
    outcomes = Counter(item.outcome for item in result.sites)
    parts = [
        _counted(len(result.dockerfiles), "Dockerfile", grades, ("exact", "equal", "differs", "failed")),
        _counted(len(result.sites), "call site", outcomes, ("rewritten", "left", "unchanged")),
        _counted(len(result.changes), "changed file", {}, ()),
    ]
    status = " (unchanged)" if result.status == "unchanged" else ""
    return f"{result.name}{status}: " + ", ".join(parts)


def _counted(number: int, noun: str, counts: Counter[str] | dict[str, int], order: Sequence[str]) -> str:
    text = f"{number} {noun}" if number == 1 else f"{number} {noun}s"
    shown = ", ".join(f"{counts[name]} {name}" for name in order if counts.get(name))
    return f"{text} ({shown})" if shown else text
