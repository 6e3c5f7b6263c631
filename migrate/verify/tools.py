"""Finds the builders: those that are asked for, or the first ones that are there."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from migrate.verify.builders import DockerfileBuilder
from migrate.verify.builders.buildah import Buildah
from migrate.verify.builders.buildctl import Buildctl
from migrate.verify.builders.buildx import Buildx
from migrate.verify.builders.earth import Earth
from migrate.verify.builders.engine import Engine
from migrate.verify.builders.podman import Podman
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner

DOCKER_BUILDERS = ("buildx", "buildctl", "podman", "buildah")
EARTHS = ("earth", "earthly")
ENGINES = ("docker", "podman")
_PROGRAMS = {"buildx": "docker"}
Find = Callable[[str], "str | None"]
"""A program's name -> where it is."""


class Choice(NamedTuple):
    """What the command line asks for. ``earth`` and ``engine`` are a name or a path, None: whatever is there."""

    docker_builder: str = "auto"
    docker_host: str | None = None
    earth: str | None = None
    earth_host: str | None = None
    registry: str | None = None
    engine: str | None = None
    labels: bool = True


def docker_builder(choice: Choice, find: Find, runner: Runner) -> DockerfileBuilder:
    """The builder of the Docker side. Raises VerifyError when there is none."""
    everything = DOCKER_BUILDERS if choice.docker_host is None else ("buildctl", "buildx")
    wanted = (choice.docker_builder,) if choice.docker_builder != "auto" else everything
    made = [builder for name in wanted if (builder := _made(name, choice, find)) is not None]
    if choice.docker_builder != "auto":
        if not made:
            raise VerifyError("EM922", program=choice.docker_builder, reason="it is not on PATH")
        return made[0]
    for builder in made:
        try:
            builder.tool(runner)
        except VerifyError:
            continue  # for example a docker client without a daemon: the next one may do
        return builder
    if made:
        made[0].tool(runner)  # says why
    raise VerifyError("EM920")


def _made(name: str, choice: Choice, find: Find) -> DockerfileBuilder | None:
    program = find(_PROGRAMS.get(name, name))
    if program is None:
        return None
    if name == "buildx":
        return Buildx(program, choice.docker_host)
    if name == "buildctl":
        return Buildctl(program, choice.docker_host)
    return Podman(program) if name == "podman" else Buildah(program)


def earth(choice: Choice, find: Find, runner: Runner) -> Earth:
    """The builder of the Earthfile's side, with a way to get at its image. Raises VerifyError when there is none."""
    wanted = (choice.earth,) if choice.earth is not None else EARTHS
    program = next((found for name in wanted if (found := find(name))), None)
    if program is None:
        if choice.earth is not None:
            raise VerifyError("EM922", program=choice.earth, reason="it is not on PATH")
        raise VerifyError("EM921")
    engine = None if choice.registry is not None else _engine(choice, find, runner)
    return Earth(program, choice.earth_host, choice.registry, engine, choice.labels)


def _engine(choice: Choice, find: Find, runner: Runner) -> Engine | None:
    names = (choice.engine,) if choice.engine is not None else ENGINES
    for name in names:
        program = find(name)
        kind = "podman" if "podman" in os.path.basename(name) else "docker"
        if program is not None and (engine := Engine(kind, program)).answers(runner):
            return engine
    if choice.engine is not None:
        raise VerifyError("EM922", program=choice.engine, reason="no engine answers")
    return None
