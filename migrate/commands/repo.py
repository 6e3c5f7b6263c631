"""``earthmigrate repo``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrate.commands.configured import RepositoryCommand, choice_of
from migrate.commands.options import (
    COLOR,
    EXIT_FINDINGS,
    EXIT_NOTHING,
    FAIL_ON,
    FORMAT,
    MAPPINGS,
    QUIET,
    colored_on,
    facts_file,
    migrating,
    overlaid,
    write_stdout,
)

if TYPE_CHECKING:
    from migrate.mappings import Mappings
    from migrate.repodriver import RepositoryJob, RepositoryOutcome
    from migrate.repoverify import Wish


@click.command(cls=RepositoryCommand)
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(exists=True, file_okay=False))
@click.option("--write", is_flag=True, help="Make the change; otherwise it is only shown.")
@click.option("--check", is_flag=True, help="Print nothing on stdout; exit with 1 when --write would change something.")
@click.option("--allow-dirty", is_flag=True, help="With --write: also in a work tree with changes of your own.")
@click.option("--force", is_flag=True, help="Replace Earthfiles and ignore files that no migration made.")
@click.option("--only", metavar="CARRIERS", help="Look only into these kinds of files, such as shell,compose,renovate.")
@click.option("--skip", metavar="CARRIERS", help="Leave these kinds of files alone.")
@migrating
@click.option(
    "--report",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write a page for the pull request, in Markdown, into this folder.",
)
@click.option("--verify", is_flag=True, help="Build both sides of every pair with the real builders and compare.")
@click.option("--registry", metavar="HOST[:PORT][/PREFIX]", help="With --verify: read earth's images from there.")
@click.option("--engine", metavar="docker|podman|PATH", help="With --verify: the engine that earth loads images into.")
@click.option("--docker-buildkit-host", "docker_host", metavar="ADDRESS", help="With --verify: BuildKit of Docker.")
@click.option("--earth-buildkit-host", "earth_host", metavar="ADDRESS", help="With --verify: the BuildKit of earth.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="With --verify: how long one build may take; otherwise an hour.",
)
@MAPPINGS
@FAIL_ON
@FORMAT
@COLOR
@QUIET
def repo(path: str, **options: Any) -> None:
    """Migrate a whole repository: Earthfiles, ignore files, and every place that calls docker build.

    The change is one patch on stdout, for git apply -p1 in the root of PATH. With --write it is made. What was found,
    what is left to do by hand and what to try first go to stderr.
    """
    if options["write"] and options["check"]:
        raise click.UsageError("Use --write or --check, not both.")
    for_verify = [options[name] for name in ("registry", "engine", "docker_host", "earth_host", "timeout")]
    if not options["verify"] and any(value is not None for value in for_verify):
        raise click.UsageError("--registry, --engine, --timeout and the BuildKit hosts are for --verify.")
    from migrate.repodriver import RepositoryJob

    inspect = options["inspect"]
    job = RepositoryJob(
        Path(path),
        choice_of(options),
        options["write"],
        options["allow_dirty"],
        options["style"] == "json",
        inspect=options["inspect_from"] if inspect else None,
        facts=facts_file(options["facts"], inspect=inspect),
        report=Path(options["report"]) if options["report"] is not None else None,
        verify=_wish(options["tool"], *for_verify) if options["verify"] else None,
    )
    sys.exit(_repository(job, options))


def _wish(
    tool: str,
    registry: str | None,
    engine: str | None,
    docker_host: str | None,
    earth_host: str | None,
    timeout: float | None,
) -> Wish:
    from migrate.repoverify import Wish
    from migrate.verify.tools import Choice

    choice = Choice(docker_host=docker_host, earth=tool, earth_host=earth_host, registry=registry, engine=engine)
    return Wish(choice, timeout or 3600.0)


def _repository(job: RepositoryJob, options: dict[str, Any]) -> int:
    from migrate.diagnostics import Severity, visible
    from migrate.report import text

    color, check, quiet, fail_on = (options[name] for name in ("color", "check", "quiet", "fail_on"))
    outcome = _executed(job, overlaid(options["mappings"]), quiet=quiet)
    if outcome.stdout and not (check and not job.json):
        shown = outcome.stdout.decode("utf-8", "surrogateescape")
        if colored_on(color, sys.stdout) and not job.json:
            from migrate.report.diff import painted

            shown = painted(shown)
        write_stdout(shown)
    colored = colored_on(color, sys.stderr)
    least = Severity.ERROR if quiet else Severity.INFO
    found = text.render_found(text.together(outcome.diagnostics), outcome.lines, color=colored, least=least)
    click.echo(found, err=True, nl=False, color=colored)
    click.echo(outcome.verdicts, err=True, nl=bool(outcome.verdicts))
    for line in () if quiet else outcome.summary:
        click.echo(visible(line), err=True)
    if outcome.failed:
        return EXIT_NOTHING
    if outcome.verdict:
        return outcome.verdict
    limit = None if fail_on == "never" else Severity[fail_on.upper()]
    reached = limit is not None and any(item.severity >= limit for item in outcome.diagnostics)
    return EXIT_FINDINGS if reached or (check and outcome.changes) else 0


def _executed(job: RepositoryJob, mappings: Mappings | None, *, quiet: bool) -> RepositoryOutcome:
    from migrate.repodriver import execute

    if job.verify is None:
        return execute(job, mappings)
    from migrate.verify.processes import Stopped, ending_on_signals
    from migrate.verify.progress import Progress

    stream = None if quiet else sys.stderr
    progress = Progress(stream, live=stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb")
    try:
        with ending_on_signals():
            return execute(job, mappings, progress)
    except Stopped as stop:
        sys.exit(128 + stop.number)
    finally:
        progress.close()
