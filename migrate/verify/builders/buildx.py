"""``docker buildx build``: whichever BuildKit its builder stands for.

A builder of the docker driver hands over its image through the engine, every other one writes an archive. Source:
docker/buildx, driver features.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from migrate.verify.builders import (
    CLEANING,
    QUESTION,
    Built,
    DockerfileBuild,
    Tool,
    Watching,
    comma,
    first_line,
    run_build,
    version_in,
)
from migrate.verify.builders.buildctl import PLAIN
from migrate.verify.builders.engine import Engine, unique_name
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner

_ENVIRONMENT = {**PLAIN, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


@dataclass(frozen=True, slots=True)
class Buildx:
    """``docker`` with the buildx plugin; ``address`` is a BuildKit daemon to use instead of the current builder."""

    program: str
    address: str | None = None

    def tool(self, runner: Runner) -> Tool:
        """The version of the builder's BuildKit, where buildx tells it."""
        quick = runner.within(QUESTION)
        if self.address is not None:
            if quick.output([self.program, "buildx", "version"]) is None:
                raise VerifyError("EM922", program="docker buildx", reason="the plugin is not installed")
            return Tool("docker buildx", "")
        text = quick.output([self.program, "buildx", "inspect"])
        if text is None:
            raise VerifyError("EM928", what="the Dockerfile", program="docker buildx", reason="no builder answers")
        daemon = re.search(r"^BuildKit(?: version)?:\s*(\S+)", text, re.MULTILINE | re.IGNORECASE)
        if _driver(text) == "docker":
            server = first_line(quick.output([self.program, "version", "--format", "{{.Server.Version}}"]))
            if not server:
                raise VerifyError("EM928", what="the Dockerfile", program="docker", reason="no docker engine answers")
            return Tool("docker buildx", version_in(daemon[1] if daemon else ""), engine=version_in(server))
        return Tool("docker buildx", version_in(daemon[1] if daemon else ""))

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """Build into an archive: straight, or through the engine under a name of its own."""
        if self.address is not None:
            return self._with_own_builder(asked, archive, runner)
        text = runner.within(QUESTION).output([self.program, "buildx", "inspect"])
        if _driver(text or "") == "docker":
            return self._through_engine(asked, archive, runner)
        return self._straight(asked, archive, runner, {})

    def _straight(
        self, asked: DockerfileBuild, archive: Path, runner: Runner, environment: dict[str, str | None]
    ) -> Built:
        watching = Watching.over(runner)
        command = self.command(asked, f"--output=type=oci,{comma(f'dest={archive}')}")
        run_build(watching.runner, command, what="the Dockerfile", environment={**_ENVIRONMENT, **environment})
        return Built(archive, watching.bases)

    def _through_engine(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        engine, name, watching = Engine("docker", self.program), unique_name(), Watching.over(runner)
        try:
            command = self.command(asked, "--load", f"--tag={name}")
            run_build(watching.runner, command, what="the Dockerfile", environment=_ENVIRONMENT)
            engine.save(name, archive, runner)
        finally:
            engine.remove(name, runner)
        return Built(archive, watching.bases)

    def _with_own_builder(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """A builder for ``address`` in a configuration of its own, so that the user's builders stay as they are."""
        with tempfile.TemporaryDirectory(prefix="earthmigrate-buildx-") as folder:
            name = f"earthmigrate-{secrets.token_hex(6)}"
            environment: dict[str, str | None] = {"BUILDX_CONFIG": folder, "BUILDX_BUILDER": name}
            create = [self.program, "buildx", "create", "--driver=remote", f"--name={name}", self.address or ""]
            run_build(runner, create, what="the Dockerfile", environment=environment)
            try:
                return self._straight(asked, archive, runner, environment)
            finally:
                remove = [self.program, "buildx", "rm", "--force", name]
                runner.within(CLEANING).output(remove, environment=environment)

    def command(self, asked: DockerfileBuild, *output: str) -> list[str]:
        """The whole command line."""
        inputs = asked.inputs
        command = [self.program, "buildx", "build", "--progress=plain", f"--file={asked.file}"]
        command += [f"--target={asked.stage}"] if asked.stage is not None else []
        command += [f"--platform={inputs.platform}"] if inputs.platform is not None else []
        command += [f"--build-arg={name}={value}" for name, value in inputs.arguments]
        for secret in inputs.secrets:
            source = f"env={secret.variable}" if secret.variable is not None else f"src={secret.file}"
            command.append(f"--secret={comma(f'id={secret.id}')},{comma(source)}")
        command += ["--ssh=default"] if inputs.ssh else []
        command += ["--no-cache"] if inputs.no_cache else []
        return [*command, *output, str(asked.context)]


def _driver(inspected: str) -> str:
    found = re.search(r"^Driver:\s*(\S+)", inspected, re.MULTILINE)
    return found[1] if found else ""
