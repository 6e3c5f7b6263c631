"""``earthmigrate convert``."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.commands.configured import ConfiguredCommand
from migrate.commands.options import (
    COLOR,
    EXIT_FINDINGS,
    EXIT_NOTHING,
    FAIL_ON,
    FALLBACK,
    FIDELITY,
    FORMAT,
    HELPER_IMAGE,
    IMAGE_FACTS,
    INSPECT,
    INSPECT_FROM,
    MAPPINGS,
    QUIET,
    colored_on,
    facts_file,
    overlaid,
    write_stdout,
)

if TYPE_CHECKING:
    from migrate.driver import Job


def _named_contexts(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition("=") for text in texts]
    for name, _equals, value in pairs:
        if not name or not value or not value.isprintable() or any(char.isspace() for char in value):
            raise click.BadParameter("NAME=VALUE is expected, without blanks.")
    return tuple((name, value) for name, _equals, value in pairs)


@click.command(cls=ConfiguredCommand)
@click.argument("path", default=".", metavar="[PATH|-]")
@click.option("-o", "--output", metavar="FILE", help="Write the Earthfile to FILE, whatever it holds now.")
@click.option("--write", is_flag=True, help="Write the Earthfile and its ignore file into the context folder.")
@click.option("--force", is_flag=True, help="With --write: replace files that differ.")
@click.option(
    "--diff", is_flag=True, help="Print what --write would change; without an Earthfile, Dockerfile -> Earthfile."
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when --write would change something.")
@click.option(
    "--context",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="The build context; otherwise the folder of the Dockerfile, and none for standard input.",
)
@click.option("--image", "images", metavar="NAME", multiple=True, help="Save the image under NAME; may be repeated.")
@click.option("--target", metavar="STAGE", help="The stage that the Docker build selects; otherwise the last.")
@FIDELITY
@click.option(
    "--build-context",
    "build_contexts",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_named_contexts,
    help="A named context of the build: docker-image://IMAGE, or target:TARGET of an Earthfile; may be repeated.",
)
@HELPER_IMAGE
@FALLBACK
@MAPPINGS
@INSPECT
@INSPECT_FROM
@IMAGE_FACTS
@FAIL_ON
@FORMAT
@COLOR
@QUIET
def convert(
    path: str,
    output: str | None,
    write: bool,
    force: bool,
    diff: bool,
    check: bool,
    context: str | None,
    images: tuple[str, ...],
    target: str | None,
    fidelity: str,
    build_contexts: tuple[tuple[str, str], ...],
    helper_image: str,
    fallback: str,
    mappings: str | None,
    inspect: bool,
    inspect_from: str,
    facts: str | None,
    fail_on: str,
    style: str,
    color: str,
    quiet: bool,
) -> None:
    """Turn one Dockerfile into an Earthfile.

    PATH is a Dockerfile, or a folder that holds a Dockerfile or Containerfile; - reads standard input. The Earthfile
    goes to stdout, unless -o, --write, --diff, --check or --format json say otherwise; all there is to know about it
    goes to stderr.
    """
    _check_usage(path, output, context, write=write, force=force, diff=diff, check=check)
    known = facts_file(facts, inspect=inspect)
    with _uncollected():
        from migrate.driver import Job

    job = Job(
        path=None if path == "-" else Path(path),
        context=Path(context) if context is not None else None,
        images=images,
        target=target,
        fidelity=fidelity,
        build_contexts=build_contexts,
        helper_image=helper_image,
        fallback=fallback,
        inspect=inspect_from if inspect else None,
        facts=known,
        output=Path(output) if output is not None else None,
        write=write,
        force=force,
        diff=diff,
        check=check,
        json=style == "json",
    )
    with _uncollected():
        code = _run(job, mappings, fail_on, color, quiet)
    sys.exit(code)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection while one file is converted: loading modules sets it off again and again, for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _check_usage(
    path: str, output: str | None, context: str | None, *, write: bool, force: bool, diff: bool, check: bool
) -> None:
    if sum([output is not None, write, diff or check]) > 1:
        raise click.UsageError("Use only one of --output, --write, and --diff or --check.")
    if force and not write:
        raise click.UsageError("--force needs --write.")
    if path == "-" and context is None and (write or check):
        raise click.UsageError("With standard input, --write and --check need the folder: name it with --context.")
    if output is not None and path != "-" and _is_input(path, output):
        raise click.UsageError("--output would overwrite the Dockerfile.")


def _is_input(path: str, other: str) -> bool:
    from migrate.disk import DiskError, find_dockerfile

    try:
        return os.path.samefile(find_dockerfile(Path(path)), other)
    except (OSError, DiskError):
        return False


def _run(job: Job, mappings: str | None, fail_on: str, color: str, quiet: bool) -> int:
    from migrate.diagnostics import Severity, visible
    from migrate.driver import execute
    from migrate.report import text

    outcome = execute(job, overlaid(mappings), colored=colored_on(color, sys.stdout))
    if outcome.stdout:
        write_stdout(outcome.stdout)
    conversion = outcome.conversion
    if not job.json:
        colored = colored_on(color, sys.stderr)
        least = Severity.ERROR if quiet else Severity.INFO
        click.echo(text.render(conversion, color=colored, least=least), err=True, nl=False, color=colored)
    if not quiet:
        for line in (*outcome.notes, text.summary([conversion])):
            click.echo(visible(line), err=True)
    if outcome.failed:
        return EXIT_NOTHING
    limit = None if fail_on == "never" else Severity[fail_on.upper()]
    reached = limit is not None and any(item.severity >= limit for item in conversion.diagnostics)
    return EXIT_FINDINGS if reached or (job.check and outcome.changes) else 0
