"""Which builders are taken when several are there, or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.verify.builders.buildah import Buildah
from migrate.verify.builders.buildctl import Buildctl
from migrate.verify.builders.buildx import Buildx
from migrate.verify.builders.podman import Podman
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner
from migrate.verify.tools import Choice, docker_builder, earth

POSIX = pytest.mark.skipif(os.name == "nt", reason="programs are made of shell here")
Programs = Callable[..., Callable[[str], "str | None"]]


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Makes programs that print what they are told to, and finds them by name."""

    def make(**scripts: str) -> Callable[[str], str | None]:
        for name, script in scripts.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (tmp_path / name).chmod(0o755)
        return lambda name: str(tmp_path / name) if name in scripts else None

    return make


def code(call: Callable[[], object]) -> str:
    with pytest.raises(VerifyError) as caught:
        call()
    return caught.value.code


DEAD_DOCKER = 'case "$1" in buildx) printf "Driver: docker\\n";; *) exit 1;; esac'
DOCKER = 'case "$1" in buildx) printf "Driver: docker\\nBuildKit version: v0.29.0\\n";; *) echo 28.5.1;; esac'
DAEMON = 'case "$*" in *"debug info"*) printf "BuildKit: moby/buildkit v0.29.0\\nDockerfile: 1.23.0\\n";; esac'
OLD_DAEMON = 'case "$*" in *"debug info"*) echo "BuildKit: github.com/moby/buildkit v0.9.3 abc";; esac'
NO_DAEMON = "exit 1"
VERSION = 'echo "x version 4.3.1"'


@POSIX
def test_the_first_that_works_is_taken(programs: Programs) -> None:
    runner = Runner()
    everything = programs(docker=DOCKER, buildctl=DAEMON, podman=VERSION, buildah=VERSION)
    found = docker_builder(Choice(), everything, runner)
    assert isinstance(found, Buildx)
    assert found.tool(runner) == ("docker buildx", "0.29.0", "", "28.5.1", True)
    found = docker_builder(Choice(), programs(docker=DEAD_DOCKER, buildctl=DAEMON), runner)
    assert isinstance(found, Buildctl)
    assert found.tool(runner) == ("buildctl", "0.29.0", "1.23.0", "", True)
    found = docker_builder(Choice(), programs(docker=DEAD_DOCKER, buildctl=NO_DAEMON, podman=VERSION), runner)
    assert isinstance(found, Podman)
    assert found.tool(runner) == ("podman", "4.3.1", "", "", False)
    assert isinstance(docker_builder(Choice(), programs(buildah=VERSION), runner), Buildah)


@POSIX
def test_an_address_speaks_for_buildkit(programs: Programs) -> None:
    everything = programs(docker=DOCKER, buildctl=OLD_DAEMON, podman=VERSION)
    found = docker_builder(Choice(docker_host="tcp://h:1"), everything, Runner())
    assert found == Buildctl(everything("buildctl") or "", "tcp://h:1")
    assert found.tool(Runner()) == ("buildctl", "0.9.3", "", "", True)
    alone = programs(docker=DOCKER, podman=VERSION)
    assert docker_builder(Choice(docker_host="tcp://h:1"), alone, Runner()) == Buildx(
        alone("docker") or "", "tcp://h:1"
    )


@POSIX
def test_a_builder_by_name_is_taken_or_missing(programs: Programs) -> None:
    everything = programs(docker=DEAD_DOCKER, podman=VERSION)
    assert isinstance(docker_builder(Choice("podman"), everything, Runner()), Podman)
    chosen = docker_builder(Choice("buildx"), everything, Runner())
    assert code(lambda: chosen.tool(Runner())) == "EM928"
    assert code(lambda: docker_builder(Choice("buildah"), everything, Runner())) == "EM922"


@POSIX
def test_without_any_builder_the_message_says_what_to_install(programs: Programs) -> None:
    assert code(lambda: docker_builder(Choice(), programs(), Runner())) == "EM920"
    assert code(lambda: docker_builder(Choice(), programs(docker=DEAD_DOCKER), Runner())) == "EM928"


@POSIX
def test_earth_and_its_engine(programs: Programs) -> None:
    runner = Runner()
    find = programs(earth=VERSION, earthly=VERSION, docker="exit 1", podman=VERSION)
    found = earth(Choice(), find, runner)
    assert (found.program, found.registry) == (find("earth"), None)
    assert found.engine is not None
    assert (found.engine.kind, found.engine.program) == ("podman", find("podman"))
    assert found.tool(runner) == ("earth", "4.3.1", "", "", True)
    assert earth(Choice(registry="h:5000"), find, runner).engine is None
    assert earth(Choice(earth="earthly"), find, runner).program == find("earthly")
    assert earth(Choice(), programs(earthly=VERSION, docker=DOCKER), runner).program.endswith("earthly")


@POSIX
def test_what_earth_lacks_is_said(programs: Programs) -> None:
    assert code(lambda: earth(Choice(), programs(), Runner())) == "EM921"
    assert code(lambda: earth(Choice(earth="earthly"), programs(earth=VERSION), Runner())) == "EM922"
    assert code(lambda: earth(Choice(engine="docker"), programs(earth=VERSION), Runner())) == "EM922"
    without = earth(Choice(), programs(earth=VERSION), Runner())
    assert code(lambda: without.tool(Runner())) == "EM926"
