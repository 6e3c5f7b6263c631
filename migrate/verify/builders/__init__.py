"""One file per real builder. What they are asked, and what they give back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from migrate.verify.errors import VerifyError
from migrate.verify.processes import Missing, Runner, TimedOut

QUESTION = 30.0
"""Seconds for a question such as a tool's version."""
CLEANING = 60.0
"""Seconds for removing an image, also after a time-out."""

_BASE = re.compile(r"\bFROM (?P<name>[^\s@]+)@(?P<digest>sha256:[0-9a-f]{64})")


class Secret(NamedTuple):
    """A build secret: its id, and the file or the environment variable that holds it. Its value never leaves there."""

    id: str
    file: Path | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What both sides are built with. ``platform`` None is the builder's own."""

    arguments: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    ssh: bool = False
    platform: str | None = None
    no_cache: bool = False


@dataclass(frozen=True, slots=True)
class DockerfileBuild:
    """One build of the Docker side. ``ignore`` is the ignore file for builders that do not look beside ``file``."""

    file: Path
    context: Path
    stage: str | None
    inputs: Inputs
    ignore: Path | None = None


@dataclass(frozen=True, slots=True)
class EarthfileBuild:
    """One build of the Earthfile's side: ``reference`` is what a FROM in an Earthfile in ``folder`` says."""

    folder: Path
    reference: str
    inputs: Inputs


class Tool(NamedTuple):
    """What did the build, for the report; "" for what it does not tell.

    ``version`` is BuildKit's where the program is a client of it. ``frontend`` is that of what reads the Dockerfile,
    ``engine`` that of a docker engine with a BuildKit inside.
    """

    name: str
    version: str
    frontend: str = ""
    engine: str = ""
    buildkit: bool = True


class Registry(NamedTuple):
    """An image in a registry."""

    host: str
    repository: str
    tag: str

    @property
    def name(self) -> str:
        """As in SAVE IMAGE."""
        return f"{self.host}/{self.repository}:{self.tag}"


class Built(NamedTuple):
    """Where the image is, and which digests its bases had: the name as the builder prints it -> digest.

    ``mounts`` are paths at which the builder may leave an empty file of its own.
    """

    image: Path | Registry
    bases: Mapping[str, str] = {}
    mounts: frozenset[bytes] = frozenset()


class DockerfileBuilder(Protocol):
    """Builds Dockerfiles."""

    def tool(self, runner: Runner) -> Tool:
        """What it is. Raises VerifyError when it cannot work here."""

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """Build, and put the image at ``archive``; nothing else is left behind. Raises VerifyError."""


class EarthfileBuilder(Protocol):
    """Builds Earthfiles."""

    def tool(self, runner: Runner) -> Tool:
        """What it is. Raises VerifyError when it cannot work here."""

    def build(self, asked: EarthfileBuild, archive: Path, runner: Runner) -> Built:
        """Build, and put the image at ``archive`` or into a registry, from where ``discard`` removes it."""

    def discard(self, built: Built) -> bool:
        """Remove what ``build`` has left outside of ``archive``; whether nothing is left."""


class Watching(NamedTuple):
    """A runner that also gathers what the output says about bases."""

    runner: Runner
    bases: dict[str, str]

    @classmethod
    def over(cls, runner: Runner) -> Watching:
        """``runner`` with eyes."""
        bases: dict[str, str] = {}

        def heard(line: str) -> None:
            found = _BASE.search(line)
            if found:
                bases[found["name"]] = found["digest"]
            runner.on_line(line)

        return cls(Runner(runner.environment, runner.deadline, runner.seconds, runner.mask, heard), bases)


def run_build(
    runner: Runner,
    command: Sequence[str],
    *,
    what: str,
    environment: Mapping[str, str | None] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a build's ``command``; ``what`` names what is built. Raises VerifyError with the last lines."""
    try:
        done = runner.run(command, environment=environment, folder=folder)
    except Missing as error:
        raise VerifyError("EM922", program=command[0], reason=error) from None
    except TimedOut as error:
        raise VerifyError("EM925", what=what, seconds=f"{error.seconds:g}", lines=error.tail) from None
    if done.code != 0:
        raise failure(what, command[0], done.code, done.tail)


def failure(what: str, program: str, code: int, lines: Sequence[str]) -> VerifyError:
    """The message that fits what a failed builder printed last."""
    text = "\n".join(lines)
    for pattern, found in _REASONS:
        if match := pattern.search(text):
            return VerifyError(found, what=what, program=Path(program).name, reason=match[0], lines=tuple(lines))
    return VerifyError("EM923", what=what, program=Path(program).name, code=code, lines=tuple(lines))


_REASONS = (
    (re.compile(r"no space left on device"), "EM945"),
    (re.compile(r"exec format error|no match for platform in manifest[^\n]*|does not provide[^\n]* platform"), "EM929"),
    (re.compile(r"failed to resolve source metadata for \S*docker/dockerfile\S*: [^\n]*"), "EM924"),
    (
        re.compile(
            r"failed to resolve source metadata for [^\n]*|initializing source docker://[^\n]*"
            r"|resolve image config for [^\n]*(?:failed to do request|not found|denied|unauthorized)[^\n]*"
        ),
        "EM944",
    ),
    (
        re.compile(
            r"failed to push[^\n]*|failed to SAVE IMAGE: failed to do request[^\n]*"
            r"|server gave HTTP response to HTTPS client|push access denied[^\n]*"
            r"|unexpected status from (?:POST|PUT|HEAD) request[^\n]*"
        ),
        "EM927",
    ),
    (
        re.compile(
            r"failed to list workers[^\n]*|could not connect to buildkit[^\n]*|buildkit failed to start[^\n]*"
            r"|Cannot connect to the Docker daemon[^\n]*|timeout[^\n]*buildkitd[^\n]*"
            r"|could not determine buildkit address[^\n]*"
        ),
        "EM928",
    ),
)


def comma(field: str) -> str:
    """``field`` as one field of a comma-separated option, quoted as CSV where it must be."""
    return '"' + field.replace('"', '""') + '"' if set(field) & {",", '"', "\n"} else field


def first_line(text: str | None) -> str:
    """The first line that is not blank."""
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")


def version_in(text: str | None) -> str:
    """The first thing in ``text`` that looks like a version: ``0.29.0`` in ``github.com/moby/buildkit v0.29.0``."""
    found = re.search(r"\bv?(\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.+-]*)?)", text or "")
    return found[1] if found and not found[1].startswith("0.0.0") else ""
