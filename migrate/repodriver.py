"""One ``repo`` run on a real repository: plan, show or write, verify, and say how it went."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from migrate import changes, discovery, reportfile
from migrate.callsites import data as callsite_data
from migrate.choice import Choice
from migrate.diagnostics import Collector, Diagnostic
from migrate.disk import LARGEST_INPUT, DiskError, reason
from migrate.gitpatch import FileChange, patch
from migrate.mappings import Mappings, builtin
from migrate.records import RecordError
from migrate.report import summary
from migrate.report.tally import Tally, conversions_of, tally
from migrate.repository import Migration, migrate
from migrate.survey import find

if TYPE_CHECKING:
    from migrate.repoverify import Wish
    from migrate.verify import run
    from migrate.verify.session import Watcher


class RepositoryJob(NamedTuple):
    """What the command line asks for."""

    root: Path
    choice: Choice
    write: bool = False
    allow_dirty: bool = False
    json: bool = False
    inspect: str | None = None
    """Where base images are looked at: ``auto``, ``engine`` or ``registry``; None: nowhere."""
    facts: Path | None = None
    """The file that keeps what was found there."""
    report: Path | None = None
    """The folder that gets the page for the pull request."""
    verify: Wish | None = None


class RepositoryOutcome(NamedTuple):
    """What to print and how it went: ``failed`` is exit code 3, ``changes`` that ``--write`` would change a file.

    ``verdict`` is the exit code of verify, ``verdicts`` what it says.
    """

    stdout: bytes
    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[str, Sequence[str]]
    summary: tuple[str, ...] = ()
    changes: bool = False
    failed: bool = False
    verdict: int = 0
    verdicts: str = ""


def execute(job: RepositoryJob, mappings: Mappings | None = None, watcher: Watcher | None = None) -> RepositoryOutcome:
    """Do ``job``; everything that goes wrong becomes a diagnostic."""
    mappings = mappings or builtin()
    try:
        files = found(job.root)
        mappings, findings, notes = _informed(job, files, mappings)
        migration = migrate(files, callsite_data.builtin(), mappings, job.choice)
        migration = migration._replace(diagnostics=(*findings, *migration.diagnostics))
        if job.report is not None:
            reportfile.check(job.report, job.root, migration, files)
        if job.verify is not None:
            _ready(job.verify)
        exposed = write(job, files, migration) if job.write else frozenset()
        verified = _verified(job, migration, mappings, watcher)
        back = undo(migration.changes, git=files.git, exposed=exposed)
        return _told(job, migration, mappings, verified, back, notes)
    except DiskError as error:
        return _failed(error.code, error.fields, mappings)
    except RecordError as error:
        return _failed("EM737", {"problem": str(error)}, mappings)


def found(root: Path) -> discovery.Files:
    """The files of the repository in ``root``. Raises DiskError, also when an earlier run was killed in there."""
    before = changes.interrupted(root)
    if before is not None:
        raise DiskError("EM736", commands=" && ".join(before.commands))
    return discovery.discover(root.resolve(), callsite_data.builtin().discovery)


def _informed(
    job: RepositoryJob, files: discovery.Files, mappings: Mappings
) -> tuple[Mappings, tuple[Diagnostic, ...], tuple[str, ...]]:
    """``mappings`` with what is found out of base images, each looked at once; findings, and what was written."""
    if job.inspect is None and job.facts is None:
        return mappings, (), ()
    from migrate.imageknowledge import gathered  # only such a run pays for it

    known = gathered(dockerfiles(files, job.choice, mappings), job.inspect, job.facts, mappings)
    return known.mappings, told(known.findings, mappings), known.notes


def dockerfiles(files: discovery.Files, choice: Choice, mappings: Mappings) -> list[bytes]:
    """The Dockerfiles of a repository."""
    names = find(files, callsite_data.builtin(), mappings, choice).dockerfiles
    return [files.read(name, LARGEST_INPUT) or b"" for name in names]


def told(findings: Iterable[tuple[str, Mapping[str, str]]], mappings: Mappings) -> tuple[Diagnostic, ...]:
    """Findings (code, fields) about no file in particular."""
    collector = Collector(".", mappings.diagnostics)
    for code, fields in findings:
        collector.report(code, None, **fields)
    return collector.diagnostics


def _ready(wish: Wish) -> None:
    from migrate import repoverify
    from migrate.verify.errors import VerifyError

    try:
        repoverify.ready(wish)
    except VerifyError as error:
        raise _as_disk_error(error) from None


def _as_disk_error(error: Any) -> DiskError:
    """An error of verify with the fields that a message needs."""
    return DiskError(error.code, **{name: str(value) for name, value in error.fields.items() if name != "lines"})


def _verified(
    job: RepositoryJob, migration: Migration, mappings: Mappings, watcher: Watcher | None
) -> run.Outcome | None:
    if job.verify is None:
        return None
    from migrate import repoverify
    from migrate.verify.errors import VerifyError
    from migrate.verify.progress import Progress

    watching = watcher or Progress(None, live=False)
    try:
        return repoverify.verify(job.root, migration, job.verify, mappings, watching, written=job.write)
    except VerifyError as error:
        raise _as_disk_error(error) from None


def _told(
    job: RepositoryJob,
    migration: Migration,
    mappings: Mappings,
    verified: run.Outcome | None,
    back: Sequence[str],
    notes: Sequence[str],
) -> RepositoryOutcome:
    """Everything that is said about a run, and the report where one is wanted."""
    counted = tally(migration, mappings)
    extra, lines, verdict, verdicts = _verdicts(verified, mappings)
    if job.report is not None:
        place, inside = _reported(job, migration, counted, back, verified, mappings)
        notes = (*notes, f"wrote {place}" + (" (inside the repository: keep it out of the commit)" if inside else ""))
    if job.json:
        from migrate.report.repository import to_json

        stdout = to_json(migration, counted, mappings, undo=back, extra=extra)
    else:
        stdout = b"" if job.write else patch(migration.changes)
    texts: dict[str, Sequence[str]] = {conversion.path: conversion.lines for conversion in conversions_of(migration)}
    texts |= {item.carrier.path: item.carrier.text.split("\n") for item in migration.rewritten}
    said = summary.lines(
        migration,
        counted,
        callsite_data.builtin(),
        job.choice.tool,
        written=job.write,
        undo=back,
        extra=(*lines, *notes),
    )
    changed = bool(migration.changes)
    return RepositoryOutcome(
        stdout, migration.diagnostics, texts, tuple(said), changed, verdict=verdict, verdicts=verdicts
    )


def _verdicts(verified: run.Outcome | None, mappings: Mappings) -> tuple[dict[str, Any], tuple[str, ...], int, str]:
    """For JSON, for the summary, the exit code, and in full."""
    if verified is None:
        return {}, (), 0, ""
    from migrate.report import verification
    from migrate.verify.session import exit_code

    explain = verification.explainer(mappings)
    data = {"verification": verification.outcome_data(verified, explain)}
    line = f"verified {verification.summary(verified.results)}"
    return data, (line,), exit_code(verified.results), verification.text(verified, explain)


def _reported(
    job: RepositoryJob,
    migration: Migration,
    counted: Tally,
    back: Sequence[str],
    verified: run.Outcome | None,
    mappings: Mappings,
) -> tuple[str, bool]:
    """Write the page; where it is, and whether that is inside the repository."""
    from migrate.report import pullrequest

    rows = None
    if verified is not None:
        from migrate import repoverify
        from migrate.report.verification import explainer

        rows = repoverify.rows(verified.results, explainer(mappings))
    known = callsite_data.builtin().earth_tools[job.choice.tool]
    text = pullrequest.page(migration, counted, known, back, rows)
    assert job.report is not None
    return reportfile.write(job.report, job.root, text)


def _failed(code: str, fields: Mapping[str, str], mappings: Mappings) -> RepositoryOutcome:
    collector = Collector(".", mappings.diagnostics)
    collector.report(code, None, **fields)
    return RepositoryOutcome(b"", collector.diagnostics, {}, failed=True)


def write(job: RepositoryJob, files: discovery.Files, migration: Migration) -> frozenset[str]:
    """Make the change. Raises DiskError, with the tree as it was.

    Gives the changed files that git does not hold as they were: those have copies in the backup folder.
    """
    dirty = _dirty(job.root) if files.git else frozenset()
    if dirty and not job.allow_dirty:
        named = sorted(dirty)
        raise DiskError("EM738", files=", ".join(named[:3]) + (", ..." if len(named) > 3 else ""))
    existing = [change.path for change in migration.changes if change.before is not None]
    exposed = frozenset(path for path in existing if path in dirty or not files.is_file(path)) if files.git else ()
    changes.make(job.root, migration.changes, git=files.git, exposed=exposed)
    return frozenset(exposed)


def _dirty(root: Path) -> frozenset[str]:
    """The paths below ``root``, seen from there, with changes that are not committed."""
    command = [*discovery.SAFE_GIT, "status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--", "."]
    try:
        environment = discovery.environment_without_filters(root)
        done = subprocess.run(command, cwd=root, capture_output=True, check=False, env=environment)
        prefix = _prefix(root)
    except OSError as error:
        raise DiskError("EM192", path=str(root), reason=reason(error)) from None
    found = [os.fsdecode(entry[3:]) for entry in done.stdout.split(b"\0") if len(entry) > 3]
    return frozenset(path.removeprefix(prefix) for path in found)


def _prefix(root: Path) -> str:
    """The way from the top of the work tree to ``root``, with its last slash: git names paths from the top."""
    command = [*discovery.SAFE_GIT, "rev-parse", "--show-prefix"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False, env=discovery.git_environment())
    return os.fsdecode(done.stdout.rstrip(b"\n"))


def undo(made: Iterable[FileChange], *, git: bool, exposed: Collection[str] = ()) -> list[str]:
    """The commands that take a migration back; ``exposed`` as ``write`` gives it."""
    changed, added = summary.undone(made)
    return changes.undo_commands(changed, added, git=git, exposed=exposed)
