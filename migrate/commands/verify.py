"""``earthmigrate verify``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate.commands.configured import ConfiguredCommand
from migrate.commands.options import (
    EXIT_FINDINGS,
    FORMAT,
    IMAGE_FACTS,
    INSPECT,
    INSPECT_FROM,
    MAPPINGS,
    NothingProduced,
    facts_file,
    overlaid,
    write_stdout,
)

if TYPE_CHECKING:
    from migrate.mappings import Mappings
    from migrate.verify.run import Request


@click.command(cls=ConfiguredCommand)
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(exists=True))
@click.option(
    "--target",
    "stages",
    metavar="STAGE[=TARGET]",
    multiple=True,
    help="Compare this stage instead of the last; may be repeated. TARGET is its name in the Earthfile.",
)
@click.option("--all-targets", "every", is_flag=True, help="Compare every stage.")
@click.option("--build-arg", "arguments", metavar="NAME[=VALUE]", multiple=True, help="As for docker build.")
@click.option("--secret", "secrets", metavar="id=NAME,src=FILE|env=NAME", multiple=True, help="As for docker build.")
@click.option("--ssh", is_flag=True, help="Let builds use the ssh agent (SSH_AUTH_SOCK).")
@click.option("--platform", metavar="OS/ARCH", help="Build both sides for this platform.")
@click.option(
    "--context",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="The build context; otherwise the folder of the Dockerfile.",
)
@click.option("--fresh", is_flag=True, help="Convert anew, even where an Earthfile stands in the context.")
@click.option(
    "--fidelity",
    type=click.Choice(["clean", "exact"]),
    default="clean",
    show_default=True,
    help="exact compares modification times, too, and builds without cache.",
)
@click.option(
    "--baseline",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="When to build the Dockerfile again without cache, to find the paths that no two builds share.",
)
@click.option(
    "--docker-builder",
    type=click.Choice(["auto", "buildx", "buildctl", "podman", "buildah"]),
    default="auto",
    show_default=True,
    help="What builds the Dockerfile.",
)
@click.option("--docker-buildkit-host", "docker_host", metavar="ADDRESS", help="The BuildKit of the Docker side.")
@click.option("--earth", metavar="earth|earthly|PATH", help="What builds the Earthfile; otherwise what is on PATH.")
@click.option("--earth-buildkit-host", "earth_host", metavar="ADDRESS", help="The BuildKit of earth.")
@click.option(
    "--registry",
    metavar="HOST[:PORT][/PREFIX]",
    help="Read earth's image from this registry, on this machine or your own, instead of from an engine.",
)
@click.option("--engine", metavar="docker|podman|PATH", help="The container engine into which earth loads its image.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    help="How long one build may take.",
)
@click.option(
    "--no-syntax",
    "own_frontend",
    is_flag=True,
    help="Ignore the # syntax= line: the builder's own frontend reads the Dockerfile.",
)
@click.option("--static", is_flag=True, help="Build nothing: only check the Earthfile by itself. This is no proof.")
@MAPPINGS
@INSPECT
@INSPECT_FROM
@IMAGE_FACTS
@FORMAT
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def verify(
    path: str,
    stages: tuple[str, ...],
    every: bool,
    arguments: tuple[str, ...],
    secrets: tuple[str, ...],
    ssh: bool,
    platform: str | None,
    context: str | None,
    fresh: bool,
    fidelity: str,
    baseline: str,
    docker_builder: str,
    docker_host: str | None,
    earth: str | None,
    earth_host: str | None,
    registry: str | None,
    engine: str | None,
    timeout: float,
    own_frontend: bool,
    static: bool,
    mappings: str | None,
    inspect: bool,
    inspect_from: str,
    facts: str | None,
    style: str,
    quiet: bool,
) -> None:
    """Build a Dockerfile and its Earthfile with the real builders, and compare the images.

    PATH is a Dockerfile, its folder, or a repository with Earthfiles in it: then every pair. Without an Earthfile the
    Dockerfile is converted into a temporary folder. Nothing in your folders is changed.

    Exit codes: 0 no difference; 4 a difference; 3 something could not be built; 2 wrong usage. With --static: 1 for
    findings.
    """
    if every and stages:
        raise click.UsageError("Use --target or --all-targets, not both.")
    from migrate.verify.builders import Inputs
    from migrate.verify.run import Request, parse_argument, parse_secret
    from migrate.verify.tools import Choice

    try:
        pairs = [found for text in arguments if (found := parse_argument(text, os.environ))]
        known = tuple(parse_secret(text, os.environ, Path.is_file) for text in secrets)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    kept = facts_file(facts, inspect=inspect)
    request = Request(
        path=Path(path),
        context=Path(context) if context is not None else None,
        stages=stages,
        every=every,
        inputs=Inputs(tuple(pairs), known, ssh, platform),
        choice=Choice(docker_builder, docker_host, earth, earth_host, registry, engine),
        baseline=baseline,
        fidelity=fidelity,
        timeout=timeout,
        fresh=fresh,
        own_frontend=own_frontend,
        inspect=inspect_from if inspect else None,
        facts=kept,
    )
    sys.exit(_verify(request, overlaid(mappings), static=static, json=style == "json", quiet=quiet))


def _verify(request: Request, mappings: Mappings | None, *, static: bool, json: bool, quiet: bool) -> int:
    from migrate.mappings import builtin
    from migrate.report import verification
    from migrate.verify.errors import VerifyError
    from migrate.verify.processes import Stopped, ending_on_signals
    from migrate.verify.progress import Progress
    from migrate.verify.run import check, execute
    from migrate.verify.session import exit_code

    known = mappings or builtin()
    explain = verification.explainer(known)
    stream = None if quiet else sys.stderr
    progress = Progress(stream, live=stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb")
    try:
        with ending_on_signals():
            if static:
                checked = check(request, known)
                write_stdout(verification.static_json(checked) if json else verification.static_text(checked))
                return EXIT_FINDINGS if any(found for _, found in checked) else 0
            outcome = execute(request, known, progress)
    except VerifyError as error:
        progress.close()
        raise NothingProduced("\n".join(verification.why(error, explain, request.path.as_posix()))) from None
    except Stopped as stop:
        progress.close()
        return 128 + stop.number
    progress.close()
    report = verification.to_json if json else verification.text
    write_stdout(report(outcome, explain))
    return exit_code(outcome.results)
