"""``podman build``: another reader of Dockerfiles than BuildKit, with differences of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from migrate.verify.builders import (
    QUESTION,
    Built,
    DockerfileBuild,
    Tool,
    first_line,
    run_build,
    version_in,
)
from migrate.verify.builders.engine import Engine, unique_name
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner

_FROM = re.compile(r"^(?:\[\d+/\d+\] )?STEP \d+/\d+: FROM (?:--\S+ )*(?P<name>\S+)", re.IGNORECASE)
MOUNT_POINTS = frozenset((b"etc/hosts", b"etc/resolv.conf", b"etc/hostname", b"run/.containerenv"))
"""Where buildah mounts files of its own while RUN runs; it leaves empty files there, which BuildKit takes away."""


@dataclass(frozen=True, slots=True)
class Podman:
    """``program`` is podman."""

    program: str

    def tool(self, runner: Runner) -> Tool:
        """Podman's version."""
        text = runner.within(QUESTION).output([self.program, "--version"])
        if text is None:
            raise VerifyError("EM922", program=self.program, reason="it fails when asked for its version")
        return Tool("podman", version_in(first_line(text)), buildkit=False)

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """Build under a name of its own, save, remove."""
        engine, name, stages = Engine("podman", self.program), unique_name(), Stages(runner)
        command = [self.program, "build", *common_options(asked), f"--tag={name}", str(asked.context)]
        try:
            run_build(stages.runner, command, what="the Dockerfile")
            engine.save(name, archive, runner)
            bases = stages.digests([self.program, "image", "inspect", "--format", "{{.Digest}}"])
        finally:
            engine.remove(name, runner)
        return Built(archive, bases, MOUNT_POINTS)


class Stages:
    """Remembers which images a build was FROM, so that their digests can be asked for afterwards."""

    def __init__(self, runner: Runner) -> None:
        self._quick = runner.within(QUESTION)
        self._names: dict[str, None] = {}

        def heard(line: str) -> None:
            found = _FROM.match(line)
            if found and found["name"] != "scratch":
                self._names[found["name"]] = None
            runner.on_line(line)

        self.runner = Runner(runner.environment, runner.deadline, runner.seconds, runner.mask, heard)

    def digests(self, command: Iterable[str]) -> dict[str, str]:
        """Name -> digest of those that ``command`` knows; a name that is a stage's has none."""
        asked = {name: first_line(self._quick.output([*command, name])) for name in self._names}
        return {name: digest for name, digest in asked.items() if digest.startswith("sha256:")}


def common_options(asked: DockerfileBuild) -> list[str]:
    """What podman and buildah understand alike. Docker's format holds health checks; a label of theirs would differ.

    Without ``--layers`` nothing but the result stays in the store.
    """
    inputs = asked.inputs
    options = ["--format=docker", "--layers=false", "--force-rm", "--identity-label=false", "--http-proxy=false"]
    options += [f"--file={asked.file}"]
    options += [f"--ignorefile={asked.ignore}"] if asked.ignore is not None else []
    options += [f"--target={asked.stage}"] if asked.stage is not None else []
    options += [f"--platform={inputs.platform}"] if inputs.platform is not None else []
    options += [f"--build-arg={name}={value}" for name, value in inputs.arguments]
    for secret in inputs.secrets:
        source = f"env={secret.variable}" if secret.variable is not None else f"src={secret.file}"
        options.append(f"--secret=id={secret.id},{source}")
    options += ["--ssh=default"] if inputs.ssh else []
    return [*options, "--no-cache"] if inputs.no_cache else options
