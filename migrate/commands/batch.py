"""``earthmigrate batch``."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from migrate.commands.configured import choice_of
from migrate.commands.options import (
    EXIT_FINDINGS,
    EXIT_NOTHING,
    FAIL_ON,
    FORMAT,
    MAPPINGS,
    QUIET,
    SEVERITIES,
    NobodyReads,
    NothingProduced,
    facts_file,
    migrating,
    overlaid,
    write_stderr,
    write_stdout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from migrate.batch.engine import Engine
    from migrate.batch.inputs import Entries
    from migrate.batch.jobs import Answer, Inspection, Job
    from migrate.batch.ledger import Ledger
    from migrate.batch.pool import WorkerPool
    from migrate.batch.progress import Progress
    from migrate.batch.run import Plan, Summary
    from migrate.batch.stopping import Stop
    from migrate.mappings import Mappings
    from migrate.results import Result

    _Working = tuple[Engine[Job, Answer], Callable[[], str]]
    """What does the jobs, and what says why it has stopped by itself, "" when it has not."""

_MOST_PAGES = 500
"""Of more, a run that was stopped writes no page each: somebody waits for its end."""
_SUBJECT = "Build with Earthfiles"
_SCHEDULER = re.compile(r"(?:(?:tcp|tls|ucxx?|wss?)://)?(?:\[[^\s\[\]]+\]|[^\s:/\[\]]+):\d+")


def _seconds(_: click.Context, __: click.Parameter, seconds: float) -> float:
    import threading

    if seconds != seconds:
        raise click.BadParameter("nan is no time.")
    return seconds if seconds <= threading.TIMEOUT_MAX else 0  # no timer goes so far


@click.command()
@click.argument("repositories", nargs=-1, metavar="[REPO]...")
@click.option("--from", "lists", multiple=True, metavar="FILE", help="Read repositories from FILE; - is stdin.")
@click.option("--patches", type=click.Path(file_okay=False), metavar="DIR", help="Write a patch for each into DIR.")
@click.option("--write", is_flag=True, help="Make the change in each.")
@click.option("--branch", metavar="NAME", help="With --write: commit it on this new branch instead; nothing is pushed.")
@click.option("--message", metavar="TEXT", help="The message of that commit.")
@click.option("--report", type=click.Path(file_okay=False), metavar="DIR", help="Write the report here; again: resume.")
@click.option("--workdir", type=click.Path(file_okay=False), metavar="DIR", help="Keep clones here.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="So many at a time; default: the cores.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster, such as tcp://HOST:8786.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    callback=_seconds,
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="What one repository may take, its clone included; 0: as long as it wants.",
)
@click.option("--allow-dirty", is_flag=True, help="With --write: also in work trees with changes of your own.")
@click.option("--force", is_flag=True, help="Replace Earthfiles and ignore files that no migration made.")
@click.option("--only", metavar="CARRIERS", help="Look for calls only in these, such as shell,compose.")
@click.option("--skip", metavar="CARRIERS", help="Look for no calls in these.")
@migrating
@MAPPINGS
@FAIL_ON
@FORMAT
@QUIET
def batch(repositories: tuple[str, ...], lists: tuple[str, ...], **options: Any) -> None:
    """Migrate many repositories: folders, patterns, and URLs, which git clones.

    Without --write or --patches they are only audited: nothing is written but the report. stdout gets a line for each
    repository, with --format json the lines of results.jsonl. One that fails never stops the others.
    """
    from migrate.batch.stopping import Stop

    with Stop() as stop:  # from here on a signal is noted, and everything that follows accounts for it
        _check(options)
        found = _entries(repositories, lists, stop)
        if any(entry.url for entry in found.entries) and options["write"] and options["workdir"] is None:
            raise click.UsageError("--write for URLs needs --workdir: the clones stay there.")
        sys.exit(_batch(found, options, stop))


def _check(options: dict[str, Any]) -> None:
    if options["branch"] is not None:
        if not options["write"]:
            raise click.UsageError("--branch needs --write.")
        from migrate.batch.urls import good_ref

        if not good_ref(options["branch"]):
            raise click.BadParameter(f"{options['branch']} is no name of a branch.", param_hint="--branch")
    elif options["message"] is not None:
        raise click.UsageError("--message needs --branch.")
    scheduler = options["scheduler"]
    if scheduler is None:
        return
    if not _SCHEDULER.fullmatch(scheduler):
        raise click.BadParameter(f"{scheduler!r} is no address such as tcp://HOST:8786.", param_hint="--scheduler")
    if options["write"]:
        raise click.UsageError("--write works on this machine; with --scheduler use --patches.")


def _entries(repositories: tuple[str, ...], lists: tuple[str, ...], stop: Stop) -> Entries:
    from migrate.batch import inputs
    from migrate.callsites.data import builtin

    wanted = [inputs.Wanted(text) for text in repositories]
    for source in lists:
        try:
            whole = source != "-" and os.path.isfile(source)
            with contextlib.nullcontext() if whole else stop.at_once():  # a pipe may have no end
                text = inputs.file_text(source, _standard_input() if source == "-" else None)
            wanted += inputs.read_list(text, source, builtin())
        except OSError as error:
            raise click.BadParameter(f"{source}: {error.strerror}", param_hint="--from") from None
        except inputs.InputError as error:
            raise click.BadParameter(str(error), param_hint="--from") from None
    if not wanted and not lists:
        raise click.UsageError("Name repositories, or a list of them with --from.")
    return inputs.entries(wanted)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise click.BadParameter("-: standard input is closed", param_hint="--from")
    return sys.stdin.buffer.read()


def _batch(found: Entries, options: dict[str, Any], stop: Stop) -> int:
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(_scratch())
        working = stack.enter_context(contextlib.ExitStack())
        pool = _pool(found, options, working) if options["scheduler"] is None else None
        from migrate.batch import branches, inputs  # workers load their modules while this process loads its own
        from migrate.batch.progress import Progress
        from migrate.batch.run import run

        mappings = overlaid(options["mappings"])  # what is wrong with it is said once, before anything is made
        inspection = _inspection(options, scratch)
        stack.enter_context(_needing_the_report())
        ledger = _ledger(options, stack)
        if ledger is not None:
            found = found._replace(entries=inputs.named(found.entries, ledger.names()))
        plan = _plan(found, options)
        plan = plan._replace(scratch=Path(scratch), inspection=inspection)
        seen = options["style"] == "text" and sys.stdout is not None and sys.stdout.isatty()
        progress = Progress(len(plan.entries), None if options["quiet"] else sys.stderr, failures=not seen)
        stack.callback(progress.clear)
        output = _Output(options["style"], progress, needed=ledger is None)
        engine, lost = _local_engine(pool, stop) if pool else _remote_engine(plan, options, stop, working)
        if ledger is not None:
            ledger.start(**_facts(found, options))
        summary = run(plan, engine, ledger, progress, output.show)
        gone = lost()
        working.close()
        if options["branch"] is not None:
            branches.tidy_below(Path(scratch))
        progress.clear()
        if gone:
            write_stderr(f"Error: {options['scheduler']} {gone}")
        if ledger is not None:
            many = ledger.size() > _MOST_PAGES
            _render(ledger.folder, mappings, options, lambda: many and (stop() or bool(gone)))
    _keep_facts(plan, summary, options)
    code = _ended(summary, options, found.duplicates, stop)
    if output.problem is not None and not stop():
        raise output.problem
    return code


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    import tempfile

    try:
        folder = tempfile.TemporaryDirectory(prefix="earthmigrate-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NothingProduced(f"a temporary folder cannot be made: {error.strerror}") from None
    with folder as path:
        yield path


@contextlib.contextmanager
def _needing_the_report() -> Iterator[None]:
    """A report that cannot be used, or takes no more results, ends the run."""
    from migrate.batch.ledger import LedgerError

    try:
        yield
    except LedgerError as error:
        raise NothingProduced(str(error)) from None


def _ledger(options: dict[str, Any], stack: contextlib.ExitStack) -> Ledger | None:
    from migrate.batch.ledger import Ledger

    if not options["report"]:
        return None
    ledger = Ledger(Path(options["report"]))
    stack.callback(ledger.close)
    return ledger


def _pool(found: Entries, options: dict[str, Any], stack: contextlib.ExitStack) -> WorkerPool:
    from migrate.batch.pool import WorkerPool

    size = options["jobs"] or os.cpu_count() or 1
    pool = WorkerPool(min(size, len(found.entries) or 1), options["timeout"] or None)
    stack.callback(pool.shutdown, cancel_futures=True)
    return pool


def _local_engine(pool: WorkerPool, stop: Stop) -> _Working:
    from migrate.batch.engine import Engine
    from migrate.batch.worker import perform

    return Engine(perform, pool, lambda: 2 * pool.size, stop), str


def _remote_engine(plan: Plan, options: dict[str, Any], stop: Stop, stack: contextlib.ExitStack) -> _Working:
    from concurrent.futures import ThreadPoolExecutor

    from migrate.batch.cluster import Cluster, ClusterError
    from migrate.batch.engine import Engine
    from migrate.batch.worker import perform

    try:
        cluster = Cluster(options["scheduler"], stop)
    except ClusterError as error:
        if stop():
            return Engine(perform, ThreadPoolExecutor(1), lambda: 0, stop), str  # which is given nothing
        raise NothingProduced(f"{options['scheduler']} cannot be used: {error}") from None
    stack.callback(cluster.close)
    most = options["jobs"]
    engine = Engine(
        cluster.function(plan.seconds),
        cluster.executor,
        lambda: min(most or sys.maxsize, cluster.window()),
        lambda: stop() or bool(cluster.lost()),
    )
    return engine, cluster.lost


def _plan(found: Entries, options: dict[str, Any]) -> Plan:
    from migrate import configuration
    from migrate.batch.branches import once_each
    from migrate.batch.inputs import largest_first
    from migrate.batch.jobs import Mode
    from migrate.batch.run import Plan

    mappings = Path(options["mappings"]).read_text(encoding="utf-8") if options["mappings"] else None
    choice = choice_of(options)
    branch = options["branch"]
    message = (options["message"] or _SUBJECT) if branch is not None else ""
    mode = Mode(options["patches"] is not None, options["write"], branch, message, options["allow_dirty"])
    workdir, patches = (Path(options[name]).resolve() if options[name] else None for name in ("workdir", "patches"))
    try:
        for folder in (workdir, patches):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NothingProduced(f"{error.filename} cannot be made: {error.strerror}") from None
    sources = click.get_current_context()
    # Only what a repository may say itself: nothing else decides what its result is.
    given = frozenset(
        name
        for name in configuration.KEYS.keys() - {"fail-on"}
        if sources.get_parameter_source(name.replace("-", "_")) is not ParameterSource.DEFAULT
    )
    seconds = options["timeout"] or None
    entries = tuple(once_each(found.entries)) if branch is not None else found.entries
    entries = entries if options["jobs"] == 1 else largest_first(entries)
    return Plan(entries, choice, mode, mappings, workdir=workdir, patches=patches, seconds=seconds, given=given)


def _inspection(options: dict[str, Any], scratch: str) -> Inspection | None:
    """How workers know base images. What is wrong with the file of facts is said once, before anything starts."""
    facts = facts_file(options["facts"], inspect=options["inspect"])
    if facts is None and not options["inspect"]:
        return None
    from migrate import imageknowledge
    from migrate.batch.jobs import Inspection

    with _nothing_without():
        text = imageknowledge.kept(facts)
        imageknowledge.parsed(text, facts)
    where = options["inspect_from"] if options["inspect"] else None
    return Inspection(where, (text or '{"images": {}}') if facts is not None else None, f"{scratch}/images")


def _keep_facts(plan: Plan, summary: Summary, options: dict[str, Any]) -> None:
    """Write what workers found of base images, where the command line says so."""
    if plan.inspection is None or plan.inspection.where is None or options["facts"] is None or not summary.seen:
        return
    from migrate import imageknowledge
    from migrate.batch import knowledge

    facts = Path(options["facts"])
    with _nothing_without():
        known = imageknowledge.parsed(plan.inspection.facts, facts)
        said = imageknowledge.keep(facts, knowledge.merged(known, summary.seen))
    if not options["quiet"]:
        write_stderr(said)


@contextlib.contextmanager
def _nothing_without() -> Iterator[None]:
    """A file that cannot be read or written ends the run with its diagnostic."""
    from migrate.disk import DiskError
    from migrate.mappings import builtin

    try:
        yield
    except DiskError as error:
        raise NothingProduced(builtin().diagnostics[error.code].message.format(**error.fields)) from None


def _render(folder: Path, mappings: Mappings | None, options: dict[str, Any], brief: Callable[[], bool]) -> None:
    """The pages of the report, from all that results.jsonl holds; while ``brief``, those that tell of all of them."""
    from migrate import auditfiles
    from migrate.disk import reason

    try:
        written = auditfiles.write(folder, mappings, brief)
    except OSError as error:
        raise NothingProduced(f"{error.filename} cannot be written: {reason(error)}") from None
    if not options["quiet"]:
        more = f" (for a page of each repository: earthmigrate report {folder})" if brief() else ""
        write_stderr(f"report: {written.page.as_posix()}{more}")


def _facts(found: Entries, options: dict[str, Any]) -> dict[str, Any]:
    """What the report says of this run."""
    from datetime import datetime, timezone

    from migrate import __version__

    mode = "branch" if options["branch"] else "write" if options["write"] else "audit"
    return {
        "version": __version__,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "patches": _way(options["patches"], options["report"]),
        "mode": "patches" if mode == "audit" and options["patches"] else mode,
        "repositories": len(found.entries),
        "duplicates": found.duplicates,
    }


def _way(patches: str | None, report: str) -> str:
    """How the report's pages lead to the patches, "" when there are none."""
    try:
        return Path(os.path.relpath(patches, report)).as_posix() if patches is not None else ""
    except ValueError:  # another drive of Windows
        return Path(patches or "").resolve().as_posix()


class _Output:
    """Lines for stdout. When that takes no more, the run goes on if there is a report, which has them all."""

    def __init__(self, style: str, progress: Progress, *, needed: bool) -> None:
        self._style = style
        self._progress = progress
        self._needed = needed
        self._open = needed or sys.stdout is not None
        self.problem: NothingProduced | None = None
        """What to end with when the report is written."""

    def show(self, result: Result) -> None:
        from migrate import results
        from migrate.batch.run import line
        from migrate.diagnostics import visible

        if not self._open:
            return
        self._progress.clear()
        try:
            write_stdout(results.line(result) if self._style == "json" else visible(line(result)) + "\n")
        except (NobodyReads, NothingProduced) as error:
            if self._needed:
                raise
            self._open = False
            self.problem = error if isinstance(error, NothingProduced) else None


def _ended(summary: Summary, options: dict[str, Any], duplicates: int, stop: Stop) -> int:
    """Say how it went, and the exit code."""
    counts = summary.counts
    if not options["quiet"]:
        total = sum(counts.values())
        parts = [f"{counts[status]} {status}" for status in counts]
        kept = f" ({summary.kept} of them have an earlier result)" if summary.kept else ""
        more = f"; {duplicates} named again" if duplicates else ""
        told = ": " + ", ".join(parts) if parts else ""
        write_stderr(f"{total} {'repository' if total == 1 else 'repositories'}{told}{kept}{more}")
    if stop.signal is not None:
        return 128 + stop.signal
    if counts["failed"] or counts["not reached"]:
        return EXIT_NOTHING
    reached = options["fail_on"] != "never" and summary.worst
    limit = SEVERITIES[: SEVERITIES.index(options["fail_on"]) + 1] if reached else ()
    return EXIT_FINDINGS if summary.worst in limit else 0
