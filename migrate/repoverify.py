"""Verifies what a migration made or would make: each Dockerfile against its Earthfile, with the real builders.

Before a migration is written its Earthfiles are laid over copies of their contexts; nothing in the repository changes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate.convert import OutputFile
from migrate.ignorefile import NAME as IGNORE
from migrate.mappings import Mappings
from migrate.report.pullrequest import Verified
from migrate.report.verification import Explain
from migrate.repository import Migration
from migrate.verify import run
from migrate.verify.compare import Difference
from migrate.verify.pairs import EARTHFILE, Pair
from migrate.verify.processes import Runner
from migrate.verify.processes import find as find_program
from migrate.verify.session import Result, Verdict, Watcher
from migrate.verify.tools import Choice, docker_builder, earth

_MOST_DIFFERENCES = 3


class Wish(NamedTuple):
    """What the command line asks for."""

    choice: Choice = run.ANYTHING
    timeout: float | None = None


def ready(wish: Wish) -> None:
    """Raise VerifyError unless both builders are there: better said before anything is written."""
    runner = Runner()
    docker_builder(wish.choice, find_program, runner).tool(runner)
    earth(wish.choice, find_program, runner).tool(runner)


def verify(
    root: Path, migration: Migration, wish: Wish, mappings: Mappings, watcher: Watcher, *, written: bool
) -> run.Outcome:
    """Build and compare every pair of ``migration``. Raises VerifyError when nothing could be begun."""
    pairs = tuple(_pairs(root, migration, written=written))
    request = run.Request(root, choice=wish.choice, timeout=wish.timeout)
    return run.execute(request, mappings, watcher, pairs)


def _pairs(root: Path, migration: Migration, *, written: bool) -> Iterator[Pair]:
    foreign = {item.path for item in migration.diagnostics if item.code == "EM735"}
    for group in migration.groups:
        text = group.combined.text
        earthfile = posixpath.join(group.context, EARTHFILE)
        if text is None or {earthfile, posixpath.join(group.context, IGNORE)} & foreign:
            continue  # an Earthfile of somebody else is not ours to judge
        files = [OutputFile(EARTHFILE, text)]
        if group.combined.ignore is not None:
            files.append(OutputFile(IGNORE, group.combined.ignore))
        for record, conversion in zip(group.records, group.combined.conversions, strict=True):
            if conversion.earthfile is None:
                continue
            yield Pair(
                name=record.dockerfile,
                dockerfile=root / record.dockerfile,
                context=root / group.context,
                conversion=conversion,
                earthfile=text,
                overlay=None if written else tuple(files),
                written=text,
            )


def rows(results: Sequence[Result], explain: Explain) -> tuple[Verified, ...]:
    """A line for each target."""
    return tuple(
        Verified(
            result.name,
            result.job.target if result.job is not None else "",
            result.verdict.value,
            _why(result, explain),
        )
        for result in results
    )


def _why(result: Result, explain: Explain) -> str:
    if result.error is not None:
        found = explain(result.error, result.name)
        return f"{found.code}: {found.message}"
    if result.verdict is not Verdict.DIFFERS or result.comparison is None:
        return ""
    differences = result.comparison.differences
    shown = ", ".join(_named(item) for item in differences[:_MOST_DIFFERENCES])
    more = f" and {len(differences) - _MOST_DIFFERENCES} more" if len(differences) > _MOST_DIFFERENCES else ""
    codes = ", ".join(dict.fromkeys(item.code for item in result.announced))
    return f"{shown}{more}" + (f" (announced: {codes})" if codes else " (not announced)")


def _named(difference: Difference) -> str:
    if difference.field:
        return f"{difference.field} {difference.key}".rstrip()
    return "/" + difference.path.decode("utf-8", "replace").lstrip("/")
