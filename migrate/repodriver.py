"""One ``repo`` run on a real repository: plan, show or write, and say how it went."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate import changes, discovery
from migrate.callsites import data as callsite_data
from migrate.convert import Conversion
from migrate.diagnostics import Collector, Diagnostic, Grade
from migrate.disk import DiskError, reason
from migrate.gitpatch import FileChange, patch
from migrate.mappings import Mappings, builtin
from migrate.records import RecordError
from migrate.repository import Migration, migrate
from migrate.survey import Choice


class RepositoryJob(NamedTuple):
    """What the command line asks for."""

    root: Path
    choice: Choice
    write: bool = False
    allow_dirty: bool = False
    json: bool = False


class RepositoryOutcome(NamedTuple):
    """What to print and how it went: ``failed`` is exit code 3, ``changes`` that ``--write`` would change a file."""

    stdout: bytes
    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[str, Sequence[str]]
    summary: tuple[str, ...] = ()
    changes: bool = False
    failed: bool = False


def execute(job: RepositoryJob, mappings: Mappings | None = None) -> RepositoryOutcome:
    """Do ``job``; everything that goes wrong becomes a diagnostic."""
    mappings = mappings or builtin()
    try:
        files = found(job.root)
        migration = migrate(files, callsite_data.builtin(), mappings, job.choice)
        if job.write:
            write(job, files, migration)
    except DiskError as error:
        return _failed(error.code, error.fields, mappings)
    except RecordError as error:
        return _failed("EM737", {"problem": str(error)}, mappings)
    stdout = _json(migration) if job.json else b"" if job.write else patch(migration.changes)
    conversions = [conversion for group in migration.groups for conversion in group.combined.conversions]
    lines: dict[str, Sequence[str]] = {conversion.path: conversion.lines for conversion in conversions}
    lines |= {item.carrier.path: item.carrier.text.split("\n") for item in migration.rewritten}
    summary = tuple(_summary(job, files, migration))
    return RepositoryOutcome(stdout, migration.diagnostics, lines, summary, bool(migration.changes))


def found(root: Path) -> discovery.Files:
    """The files of the repository in ``root``. Raises DiskError, also when an earlier run was killed in there."""
    before = changes.interrupted(root)
    if before is not None:
        raise DiskError("EM736", commands=" && ".join(before.commands))
    return discovery.discover(root.resolve(), callsite_data.builtin().discovery)


def _failed(code: str, fields: Mapping[str, str], mappings: Mappings) -> RepositoryOutcome:
    collector = Collector(".", mappings.diagnostics)
    collector.report(code, None, **fields)
    return RepositoryOutcome(b"", collector.diagnostics, {}, failed=True)


def write(job: RepositoryJob, files: discovery.Files, migration: Migration) -> None:
    """Make the change. Raises DiskError, with the tree as it was."""
    if files.git and not job.allow_dirty and (dirty := _dirty(job.root)):
        raise DiskError("EM738", files=", ".join(dirty[:3]) + (", ..." if len(dirty) > 3 else ""))
    changes.make(job.root, migration.changes, git=files.git)


def _dirty(root: Path) -> list[str]:
    """The paths with changes that are not committed, below ``root``."""
    command = [*discovery.SAFE_GIT, "status", "--porcelain", "-z", "--untracked-files=no", "--", "."]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=False, env=discovery.git_environment())
    except OSError as error:
        raise DiskError("EM192", path=str(root), reason=reason(error)) from None
    return [entry[3:].decode("utf-8", "replace") for entry in done.stdout.split(b"\0") if len(entry) > 3]


def _summary(job: RepositoryJob, files: discovery.Files, migration: Migration) -> Iterator[str]:
    """What to try now, then counts, what is left to do, and how to go back."""
    tool = job.choice.tool
    first = next((group for group in migration.groups if group.combined.text is not None), None)
    if first is not None:
        target = first.combined.everything or dict(first.combined.conversions[0].images)[""]
        place = f"./{first.context}" if first.context else ""
        when = "try it" if job.write else "after --write, try it"
        yield f"{when}: {tool} {place}+{target}"
    conversions = [conversion for group in migration.groups for conversion in group.combined.conversions]
    grades = Counter(_grade(conversion) for conversion in conversions)
    counted = ", ".join(f"{grades[grade]} {grade.label}" for grade in sorted(grades))
    stages = sum(1 for conversion in conversions for target in conversion.targets if target.stage is not None)
    yield f"{_count(len(conversions), 'Dockerfile')}, {_count(stages, 'stage')}" + (f": {counted}" if counted else "")
    outcomes = [outcome for item in migration.rewritten for outcome in item.outcomes]
    done = sum(1 for outcome in outcomes if outcome.edits)
    left = [outcome for outcome in outcomes if outcome.why]
    kept = len(outcomes) - done - len(left)
    yield f"{_count(len(outcomes), 'call site')}: {done} rewritten, {len(left)} left, {kept} unchanged"
    yield from _manual(migration.diagnostics)
    verb = "changed" if job.write else "would change"
    yield f"{verb} {_count(len(migration.changes), 'file')}"
    if job.write and migration.changes:
        commands = undo(migration.changes, git=files.git)
        yield "to undo it: " + " && ".join(commands)


def undo(made: Iterable[FileChange], *, git: bool) -> list[str]:
    """The commands that take a migration back."""
    made = list(made)
    changed = [change.path for change in made if change.before is not None]
    return changes.undo_commands(changed, [change.path for change in made if change.before is None], git=git)


def _manual(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """The call sites that somebody has to look at."""
    todo = [item for item in diagnostics if item.code in ("EM801", "EM806", "EM735")]
    if todo:
        yield f"by hand: {_count(len(todo), 'place')}, first {_place(todo[0])}"


def _place(item: Diagnostic) -> str:
    return f"{item.path}:{item.span.start.line}" if item.span else item.path


def _grade(conversion: Conversion) -> Grade:
    return max((target.grade for target in conversion.targets), default=Grade.FAILED)


def _json(migration: Migration) -> bytes:
    import json

    from migrate import __version__
    from migrate.report.json import FORMAT, diagnostics

    found = {
        "format": FORMAT,
        "tool": {"name": "earthmigrate", "version": __version__},
        "contexts": [
            {
                "context": group.context or ".",
                "dockerfiles": [record.dockerfile for record in group.records],
                "targets": [
                    {"target": target.target, "stage": target.stage, "grade": target.grade.label}
                    for conversion in group.combined.conversions
                    for target in conversion.targets
                ],
            }
            for group in migration.groups
        ],
        "call_sites": [
            {
                "path": outcome.site.path,
                "carrier": outcome.site.carrier,
                "rewritten": bool(outcome.edits),
                "reason": outcome.why or None,
            }
            for item in migration.rewritten
            for outcome in item.outcomes
        ],
        "changes": [
            {"path": change.path, "change": "create" if change.before is None else "replace"}
            for change in migration.changes
        ],
        "diagnostics": diagnostics(migration.diagnostics),
        "diff": patch(migration.changes).decode("utf-8", "surrogateescape"),
    }
    text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
