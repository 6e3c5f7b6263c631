"""The command line: options to settings, one call, results to stdout, the rest to stderr, an exit code.

Only click and the standard library are imported here; everything else is, inside the commands, when one of them runs.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from migrate import __version__

if TYPE_CHECKING:
    from migrate.driver import Job
    from migrate.mappings import Mappings
    from migrate.repodriver import RepositoryJob
    from migrate.verify.run import Request

EXIT_FINDINGS = 1
EXIT_NOTHING = 3
_SEVERITIES = ("error", "warning", "info")

# Options that several commands have.
MAPPINGS = click.option(
    "--mappings",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Lay the mappings in this YAML file over those of the tool.",
)
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice([*_SEVERITIES, "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 for findings of this severity or above.",
)
FORMAT = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What stdout gets.",
)
COLOR = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True, help="When to colour."
)
QUIET = click.option("-q", "--quiet", is_flag=True, help="Report nothing but errors on stderr.")


class NothingProduced(click.ClickException):
    """Ends the run with a message and exit code 3."""

    exit_code = EXIT_NOTHING


def _named_contexts(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition("=") for text in texts]
    for name, _equals, value in pairs:
        if not name or not value or not value.isprintable() or any(char.isspace() for char in value):
            raise click.BadParameter("NAME=VALUE is expected, without blanks.")
    return tuple((name, value) for name, _equals, value in pairs)


def _helper_image(_: click.Context, __: click.Parameter, text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][A-Za-z0-9._:/@-]*", text):
        raise click.BadParameter(f"{text!r} is no image.")
    return text


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def main() -> None:
    """Move from Dockerfiles to Earthfiles.

    Exit codes: 0 done; 1 findings reach --fail-on, or --check would change something; 2 wrong usage; 3 an input could
    not be read, or nothing could be produced or written for it; 4 verify found a difference.
    """


@main.command()
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
@click.option(
    "--fidelity",
    type=click.Choice(["clean", "exact"]),
    default="clean",
    show_default=True,
    help="clean keeps the modification times that programs need; exact all of them, and drops earth's own labels.",
)
@click.option(
    "--build-context",
    "build_contexts",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_named_contexts,
    help="A named context of the build: docker-image://IMAGE, or target:TARGET of an Earthfile; may be repeated.",
)
@click.option(
    "--helper-image",
    metavar="IMAGE",
    default="busybox",
    show_default=True,
    callback=_helper_image,
    help="The image of helper targets that can use no image of the Dockerfile; it needs a shell.",
)
@click.option(
    "--fallback",
    type=click.Choice(["dockerfile", "comment", "fail"]),
    default="dockerfile",
    show_default=True,
    help="For a line that an Earthfile cannot say: build its stage FROM DOCKERFILE, leave a comment, or fail.",
)
@MAPPINGS
@click.option("--inspect", is_flag=True, help="Look at the configs of the base images, which needs the network.")
@click.option(
    "--inspect-from",
    type=click.Choice(["auto", "engine", "registry"]),
    default="auto",
    show_default=True,
    help="Where to look: docker's own images, the registries, or both in this order.",
)
@click.option(
    "--image-facts",
    "facts",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Read what --inspect found before; with --inspect, keep what it finds.",
)
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
    if facts is not None and not inspect and not os.path.exists(facts):
        raise click.UsageError(f"{facts} does not exist; --inspect makes it.")
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
        facts=Path(facts) if facts is not None else None,
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


@main.command()
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
    )
    sys.exit(_verify(request, _overlaid(mappings), static=static, json=style == "json", quiet=quiet))


@main.command()
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(exists=True, file_okay=False))
@click.option("--write", is_flag=True, help="Make the change; otherwise it is only shown.")
@click.option("--check", is_flag=True, help="Print nothing on stdout; exit with 1 when --write would change something.")
@click.option("--allow-dirty", is_flag=True, help="With --write: also in a work tree with changes of your own.")
@click.option("--force", is_flag=True, help="Replace Earthfiles and ignore files that no migration made.")
@click.option("--only", metavar="CARRIERS", help="Look for calls only in these, such as shell,compose.")
@click.option("--skip", metavar="CARRIERS", help="Look for no calls in these.")
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
    from migrate.repository import Choice

    choice = Choice(_carriers(only, "--only"), _carriers(skip, "--skip"), tool, docs, force)
    job = RepositoryJob(Path(path), choice, write, allow_dirty, style == "json")
    sys.exit(_repository(job, mappings, fail_on, color, check=check, quiet=quiet))


def _carriers(text: str | None, option: str) -> frozenset[str]:
    from migrate.callsites.data import builtin

    known = builtin().discovery["carriers"]
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    for name in sorted(names - known.keys()):
        raise click.BadParameter(f"{name} is none of {', '.join(known)}.", param_hint=option)
    return names


def _repository(job: RepositoryJob, mappings: str | None, fail_on: str, color: str, *, check: bool, quiet: bool) -> int:
    from migrate.diagnostics import Severity, visible
    from migrate.repodriver import execute
    from migrate.report import text

    outcome = execute(job, _overlaid(mappings))
    if outcome.stdout and not (check and not job.json):
        shown = outcome.stdout.decode("utf-8", "surrogateescape")
        if _colored(color, sys.stdout) and not job.json:
            from migrate.report.diff import painted

            shown = painted(shown)
        write_stdout(shown)
    colored = _colored(color, sys.stderr)
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


@main.command()
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="List all codes.")
@FORMAT
def explain(code: str | None, every: bool, style: str) -> None:
    """Tell what a diagnostic means, why it is there, and what to do.

    CODE is a code such as EM190, or a name such as input-not-found.
    """
    from migrate.report import explanations

    if (code is None) != every:
        raise click.UsageError("Name one code, or ask for --all.")
    if code is None:
        write_stdout(explanations.listing(as_json=style == "json"))
        return
    text = explanations.explained(code, as_json=style == "json")
    if text is None:
        close = explanations.similar(code)
        raise click.BadParameter(
            f"{code} is not known." + (f" Did you mean {' or '.join(close)}?" if close else ""), param_hint="CODE"
        )
    write_stdout(text)


def write_stdout(text: str) -> None:
    """Results are UTF-8 bytes with the newlines they have, whatever the locale and the system."""
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # click ends the run quietly
    except OSError as error:
        sys.stdout = None  # or Python tries once more at the end, and prints a traceback
        raise NothingProduced(f"standard output cannot be written: {error.strerror}") from None


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

    outcome = execute(job, _overlaid(mappings), colored=_colored(color, sys.stdout))
    if outcome.stdout:
        write_stdout(outcome.stdout)
    conversion = outcome.conversion
    if not job.json:
        colored = _colored(color, sys.stderr)
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


def _overlaid(path: str | None) -> Mappings | None:
    if path is None:
        return None
    from migrate.mappings import MappingError, builtin, overlay

    try:
        return overlay(builtin(), Path(path).read_text(encoding="utf-8"), path)
    except MappingError as error:
        raise click.BadParameter(str(error), param_hint="--mappings") from None
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--mappings") from None


def _colored(choice: str, stream: TextIO | None) -> bool:
    """Whether to colour: on request, else on a terminal unless NO_COLOR or a dumb terminal forbids it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


if __name__ == "__main__":
    main(prog_name="earthmigrate")
