"""What several commands share: options, exit codes, how results are written."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from migrate.mappings import Mappings

EXIT_FINDINGS = 1
EXIT_NOTHING = 3
_EXIT_PIPE = 141
"""What a shell says of a program that SIGPIPE has ended."""
SEVERITIES = ("error", "warning", "info")

MAPPINGS = click.option(
    "--mappings",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Lay the mappings in this YAML file over those of the tool.",
)
FAIL_ON = click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
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
INSPECT = click.option(
    "--inspect", is_flag=True, help="Look at the configs of the base images, which needs the network."
)
INSPECT_FROM = click.option(
    "--inspect-from",
    type=click.Choice(["auto", "engine", "registry"]),
    default="auto",
    show_default=True,
    help="Where to look: docker's own images, the registries, or both in this order.",
)
IMAGE_FACTS = click.option(
    "--image-facts",
    "facts",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Read what --inspect found before; with --inspect, keep what it finds.",
)


def _helper_image(_: click.Context, __: click.Parameter, text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][A-Za-z0-9._:/@-]*", text):
        raise click.BadParameter(f"{text!r} is no image.")
    return text


FIDELITY = click.option(
    "--fidelity",
    type=click.Choice(["clean", "exact"]),
    default="clean",
    show_default=True,
    help="clean keeps the modification times that programs need; exact all of them, and drops earth's own labels.",
)
HELPER_IMAGE = click.option(
    "--helper-image",
    metavar="IMAGE",
    default="busybox",
    show_default=True,
    callback=_helper_image,
    help="The image of helper targets that can use no image of the Dockerfile; it needs a shell.",
)
FALLBACK = click.option(
    "--fallback",
    type=click.Choice(["dockerfile", "comment", "fail"]),
    default="dockerfile",
    show_default=True,
    help="For a line that an Earthfile cannot say: build its stage FROM DOCKERFILE, leave a comment, or fail.",
)

COMPOSE = click.option(
    "--compose",
    type=click.Choice(["keep", "replace"]),
    default="keep",
    help="Whether compose files keep build:, or name the images that earth builds.",
)
REMOVE_DOCKERFILES = click.option(
    "--remove-dockerfiles",
    is_flag=True,
    help="Remove Dockerfiles that nothing needs any more; compose files are as with --compose replace.",
)
DOCS = click.option("--docs", is_flag=True, help="Rewrite commands in fenced blocks of Markdown, too.")
TOOL = click.option(
    "--tool", type=click.Choice(["earth", "earthly"]), default="earth", help="The tool of the new calls."
)


def migrating(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that shape the migration of a repository, in the order of the help."""
    shaping = (DOCS, COMPOSE, REMOVE_DOCKERFILES, TOOL, FIDELITY, FALLBACK, HELPER_IMAGE)
    for option in reversed((*shaping, INSPECT, INSPECT_FROM, IMAGE_FACTS)):
        command = option(command)
    return command


class NothingProduced(click.ClickException):
    """Ends the run with a message and exit code 3."""

    exit_code = EXIT_NOTHING

    def show(self, file: Any = None) -> None:
        """See ClickException; ``file`` is always stderr."""
        write_stderr(f"Error: {self.format_message()}")


class NobodyReads(SystemExit):
    """Ends the run at once, and says nothing: standard output is a pipe that was closed at its other end."""


def write_stdout(text: str) -> None:
    """Results are UTF-8 bytes with the newlines they have, whatever the locale and the system.

    Raises NothingProduced and NobodyReads.
    """
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except OSError as error:
        sys.stdout = None  # or Python tries once more at the end, and prints a traceback
        if isinstance(error, BrokenPipeError):
            raise NobodyReads(_EXIT_PIPE) from None
        raise NothingProduced(f"standard output cannot be written: {error.strerror}") from None


def write_stderr(text: str) -> None:
    """A line beside the results. When it cannot be written, the exit code still says how the run went."""
    try:
        click.echo(text, err=True)
    except OSError:
        sys.stderr = None  # as above


def overlaid(path: str | None) -> Mappings | None:
    if path is None:
        return None
    from migrate.mappings import MappingError, builtin, overlay

    try:
        return overlay(builtin(), Path(path).read_text(encoding="utf-8"), path)
    except MappingError as error:
        raise click.BadParameter(str(error), param_hint="--mappings") from None
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--mappings") from None


def facts_file(facts: str | None, *, inspect: bool) -> Path | None:
    """The file of --image-facts, which must be there unless --inspect makes it."""
    if facts is not None and not inspect and not os.path.exists(facts):
        raise click.UsageError(f"{facts} does not exist; --inspect makes it.")
    return Path(facts) if facts is not None else None


def colored_on(choice: str, stream: TextIO | None) -> bool:
    """Whether to colour: on request, else on a terminal unless NO_COLOR or a dumb terminal forbids it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()
