"""``buildctl``: the plain client of a BuildKit daemon at an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from migrate.verify.builders import (
    QUESTION,
    Built,
    DockerfileBuild,
    Tool,
    Watching,
    comma,
    run_build,
    version_in,
)
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner


@dataclass(frozen=True, slots=True)
class Buildctl:
    """``program`` talks to the daemon at ``address``, None: BUILDKIT_HOST or the default socket."""

    program: str
    address: str | None = None

    def tool(self, runner: Runner) -> Tool:
        """Daemon and frontend version; an older daemon does not tell that of its frontend."""
        text = runner.within(QUESTION).output([*self._client(), "debug", "info"])
        if text is None and runner.within(QUESTION).output([*self._client(), "debug", "workers"]) is None:
            raise VerifyError("EM928", what="the Dockerfile", program="buildctl", reason=self.address or "no address")
        fields = dict(re.findall(r"^(\w+):\s*(.*)$", text or "", re.MULTILINE))
        return Tool("buildctl", version_in(fields.get("BuildKit")), version_in(fields.get("Dockerfile")))

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """Build into an OCI archive."""
        watching = Watching.over(runner)
        run_build(watching.runner, self.command(asked, archive), what="the Dockerfile", environment=PLAIN)
        return Built(archive, watching.bases)

    def command(self, asked: DockerfileBuild, archive: Path) -> list[str]:
        """The whole command line."""
        inputs = asked.inputs
        options = {"filename": asked.file.name, "target": asked.stage, "platform": inputs.platform}
        command = [*self._client(), "build", "--progress=plain", "--frontend=dockerfile.v0"]
        command += [f"--local=context={asked.context}", f"--local=dockerfile={asked.file.parent}"]
        command += [f"--opt={name}={value}" for name, value in options.items() if value is not None]
        command += [f"--opt=build-arg:{name}={value}" for name, value in inputs.arguments]
        for secret in inputs.secrets:
            source = f"env={secret.variable}" if secret.variable is not None else f"src={secret.file}"
            command.append(f"--secret={comma(f'id={secret.id}')},{comma(source)}")
        command += ["--ssh=default"] if inputs.ssh else []
        command += ["--no-cache"] if inputs.no_cache else []
        return [*command, f"--output=type=oci,{comma(f'dest={archive}')}"]

    def _client(self) -> list[str]:
        return [self.program, *(["--addr", self.address] if self.address else [])]


PLAIN: dict[str, str | None] = {"NO_COLOR": "1", "SOURCE_DATE_EPOCH": None}
"""A date in the environment would become a build argument of one side only."""
