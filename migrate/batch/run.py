"""One run of a batch: jobs to an executor, results to the report, the patches and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import NamedTuple

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
    """How it went: how many of each status, and the worst severity that was found."""

    counts: Counter[str]
    worst: str
    seen: frozenset[Seen] = frozenset()
    """The base images that workers looked at."""
    kept: int = 0
    """How many were not reached and have an earlier result."""


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
    ledger: Ledger | None,
    progress: Progress,
    show: Callable[[Result], None],
) -> Summary:
    """Do all jobs; every result is in the ledger before it is shown."""
    worst = kept = 0
    seen: set[Seen] = set()
    for ended in engine.run(jobs(plan, ledger)):
        results = [_settled(one, plan, ledger) for one in ended if not _has_earlier(one, ledger)]
        kept += len(ended) - len(results)
        seen.update(*(one.answer.seen for one in ended if one.answer is not None))
        if ledger is not None:
            ledger.add(results)
        for result in results:
            show(result)
            worst = max([worst, *(_SEVERITIES.index(item.severity) for item in result.findings)])
        progress.add(results)
    counts = progress.counts + Counter({"not reached": kept})
    return Summary(counts, _SEVERITIES[worst], frozenset(seen), kept)


def _has_earlier(ended: Ended[Job, Answer], ledger: Ledger | None) -> bool:
    """Whether the job was not reached, and an earlier run's result stays the last word."""
    if ledger is None or ended.error is not None or ended.answer is not None:
        return False
    return ledger.known(ended.job.entry)


def _settled(ended: Ended[Job, Answer], plan: Plan, ledger: Ledger | None) -> Result:
    """The result of one job."""
    job = ended.job
    if ended.error is not None:
        return _lost(job, ended.error, plan).result
    if ended.answer is None:
        return answers.blank(job, "not reached")
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
