"""A docker or podman engine as the place where an image waits to be read: under a name of its own, removed after."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from migrate.verify.builders import CLEANING, QUESTION, run_build
from migrate.verify.processes import Runner


def unique_name() -> str:
    """An image name that nobody else uses."""
    return f"localhost/earthmigrate-verify/{secrets.token_hex(8)}:latest"


@dataclass(frozen=True, slots=True)
class Engine:
    """``kind`` is docker or podman, ``program`` where it is."""

    kind: str
    program: str

    def answers(self, runner: Runner) -> bool:
        """Whether there is an engine behind the program."""
        field = "{{.ServerVersion}}" if self.kind == "docker" else "{{.Version.Version}}"
        return bool((runner.within(QUESTION).output([self.program, "info", "--format", field]) or "").strip())

    def save(self, name: str, archive: Path, runner: Runner) -> None:
        """Write the image ``name`` to ``archive``. Raises VerifyError."""
        form = ["--format=docker-archive"] if self.kind == "podman" else []
        run_build(runner, [self.program, "save", *form, f"--output={archive}", name], what=f"the image {name}")

    def remove(self, name: str, runner: Runner) -> None:
        """Remove the image ``name``, if there is one."""
        runner.within(CLEANING).output([self.program, "image", "rm", "--force", name])
