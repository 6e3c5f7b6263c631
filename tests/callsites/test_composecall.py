"""Commands of docker compose: which build, what they name, and what is not certain."""

from __future__ import annotations

import pytest

from migrate.callsites import composecall, shellwords
from migrate.callsites.composecall import ComposeCall


def call(text: str) -> ComposeCall | None:
    return composecall.read(shellwords.commands(text)[0].words)


@pytest.mark.parametrize(
    ("text", "services"),
    [
        ("docker compose build", ()),
        ("docker-compose build web api", ("web", "api")),
        ("/usr/bin/docker-compose build --build-arg A=1 web", ("web",)),
        ("docker compose build --memory 1g -m 2g web", ("web",)),
        ("docker compose -p x --ansi never build web", ("web",)),
        ("docker compose --progress=plain build web", ("web",)),
        ("docker compose up --build --scale web=2 -t 3 api", ("api",)),
        ("docker compose create --build", ()),
        ("docker compose run --build -e A=1 -v x:/y web build x", ("web",)),
    ],
)
def test_what_is_built(text: str, services: tuple[str, ...]) -> None:
    found = call(text)
    assert found is not None
    assert (found.problem, found.services, found.plain) == ("", services, False)


@pytest.mark.parametrize("text", ["docker compose ps", "docker compose logs build", "docker build .", "docker-compose"])
def test_other_commands(text: str) -> None:
    assert call(text) is None


@pytest.mark.parametrize(
    "text", ["docker compose up -d", "docker compose up --build=false", "docker compose run web x --build"]
)
def test_starts_that_build_only_what_is_missing(text: str) -> None:
    found = call(text)
    assert found is not None
    assert found.plain


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("docker compose $FILES build", "which files $FILES names is only known when it runs"),
        ('docker compose -f "$F" build', "which files it reads is only known when it runs"),
        ("docker compose build $S", "which services $S names is only known when it runs"),
        ("docker compose build --ssh default", "--ssh asks for more than a build"),
        ("docker compose build --surprise", "--surprise is not known"),
        ("docker compose --env-file x build", "--env-file changes what it builds"),
        ("docker compose build --build-arg A", "--build-arg A: its value comes from the environment"),
        ("$COMPOSE build", "which program $COMPOSE is, is only known when it runs"),
        ("$DC up --build", "which program $DC is, is only known when it runs"),
    ],
)
def test_what_is_not_certain(text: str, problem: str) -> None:
    found = call(text)
    assert found is not None
    assert found.problem == problem


def test_files_profiles_and_flags() -> None:
    found = call("docker compose -f a.yml --file=b.yml --profile x build --no-cache --pull --push --build-arg A=1")
    assert found is not None
    assert found.files == ("a.yml", "b.yml")
    assert found.profiles == {"x"}
    assert [flag.text for flag in found.flags] == ["--no-cache", "--pull", "--push"]
    assert [value.text for value in found.arguments] == ["A=1"]


@pytest.mark.parametrize(("text", "needs"), [("up --build", True), ("up --build --no-deps", False), ("build", False)])
def test_whether_dependencies_are_built(text: str, needs: bool) -> None:
    found = call(f"docker compose {text}")
    assert found is not None
    assert found.needs == needs
