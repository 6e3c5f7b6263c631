"""``earthmigrate repo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.commands.options import (
    COLOR,
    EXIT_FINDINGS,
    EXIT_NOTHING,
    FAIL_ON,
    FORMAT,
    MAPPINGS,
    QUIET,
    colored_on,
    overlaid,
    write_stdout,
)

if TYPE_CHECKING:
    from migrate.repodriver import RepositoryJob


@click.command()
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(exists=True, file_okay=False))
@click.option("--write", is_flag=True, help="Make the change; otherwise it is only shown.")
@click.option("--check", is_flag=True, help="Print nothing on stdout; exit with 1 when --write would change something.")
@click.option("--allow-dirty", is_flag=True, help="With --write: also in a work tree with changes of your own.")
@click.option("--force", is_flag=True, help="Replace Earthfiles and ignore files that no migration made.")
@click.option("--only", metavar="CARRIERS", help="Look only into these kinds of files, such as shell,compose,renovate.")
@click.option("--skip", metavar="CARRIERS", help="Leave these kinds of files alone.")
@click.option("--docs", is_flag=True, help="Rewrite commands in fenced blocks of Markdown, too.")
@click.option("--tool", type=click.Choice(["earth", "earthly"]), default="earth", help="The tool of the new calls.")
@MAPPINGS
@FAIL_ON
@FORMAT
@COLOR
@QUIET
def repo(
    path: str,
    write: bool,
    check: bool,
    allow_dirty: bool,
    force: bool,
    only: str | None,
    skip: str | None,
    docs: bool,
    tool: str,
    mappings: str | None,
    fail_on: str,
    style: str,
    color: str,
    quiet: bool,
) -> None:
    """Migrate a whole repository: Earthfiles, ignore files, and every place that calls docker build.

    The change is one patch on stdout, for git apply -p1 in the root of PATH. With --write it is made. What was found,
    what is left to do by hand and what to try first go to stderr.
    """
    if write and check:
        raise click.UsageError("Use --write or --check, not both.")
    from migrate.repodriver import RepositoryJob
    from migrate.survey import Choice

    choice = Choice(carriers(only, "--only"), carriers(skip, "--skip"), tool, docs, force)
    job = RepositoryJob(Path(path), choice, write, allow_dirty, style == "json")
    sys.exit(_repository(job, mappings, fail_on, color, check=check, quiet=quiet))


def carriers(text: str | None, option: str) -> frozenset[str]:
    """The carriers that ``text`` names; others are a usage error of ``option``."""
    from migrate.callsites.data import builtin

    known = dict.fromkeys((*builtin().discovery["carriers"], *builtin().neighbours))
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    for name in sorted(names - known.keys()):
        raise click.BadParameter(f"{name} is none of {', '.join(known)}.", param_hint=option)
    return names


def _repository(job: RepositoryJob, mappings: str | None, fail_on: str, color: str, *, check: bool, quiet: bool) -> int:
    from migrate.diagnostics import Severity, visible
    from migrate.repodriver import execute
    from migrate.report import text

    outcome = execute(job, overlaid(mappings))
    if outcome.stdout and not (check and not job.json):
        shown = outcome.stdout.decode("utf-8", "surrogateescape")
        if colored_on(color, sys.stdout) and not job.json:
            from migrate.report.diff import painted

            shown = painted(shown)
        write_stdout(shown)
    colored = colored_on(color, sys.stderr)
    least = Severity.ERROR if quiet else Severity.INFO
    found = text.render_found(outcome.diagnostics, outcome.lines, color=colored, least=least)
    click.echo(found, err=True, nl=False, color=colored)
    for line in () if quiet else outcome.summary:
        click.echo(visible(line), err=True)
    if outcome.failed:
        return EXIT_NOTHING
    limit = None if fail_on == "never" else Severity[fail_on.upper()]
    reached = limit is not None and any(item.severity >= limit for item in outcome.diagnostics)
    return EXIT_FINDINGS if reached or (check and outcome.changes) else 0
