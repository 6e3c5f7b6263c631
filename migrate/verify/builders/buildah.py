"""``buildah build``: podman's builder, by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate.verify.builders import CLEANING, QUESTION, Built, DockerfileBuild, Tool, first_line, run_build, version_in
from migrate.verify.builders.engine import unique_name
from migrate.verify.builders.podman import MOUNT_POINTS, Stages, common_options
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner


@dataclass(frozen=True, slots=True)
class Buildah:
    """``program`` is buildah."""

    program: str

    def tool(self, runner: Runner) -> Tool:
        """Buildah's version."""
        text = runner.within(QUESTION).output([self.program, "--version"])
        if text is None:
            raise VerifyError("EM922", program=self.program, reason="it fails when asked for its version")
        return Tool("buildah", version_in(first_line(text)), buildkit=False)

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        """Build under a name of its own, push into an archive, remove."""
        name, stages = unique_name(), Stages(runner)
        command = [self.program, "build", *common_options(asked), f"--tag={name}", str(asked.context)]
        try:
            run_build(stages.runner, command, what="the Dockerfile")
            push = [self.program, "push", "--quiet", name, f"docker-archive:{archive}:{name}"]
            run_build(runner, push, what=f"the image {name}")
            bases = stages.digests([self.program, "images", "--noheading", "--format", "{{.Digest}}"])
        finally:
            runner.within(CLEANING).output([self.program, "rmi", "--force", name])
        return Built(archive, bases, MOUNT_POINTS)
