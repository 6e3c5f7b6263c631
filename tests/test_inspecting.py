"""Looking at base images: which ones a file names, docker's answer, a registry on loopback, and failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from imagefiles import Blobs, layer, member
from registryserver import Shop, serving

from migrate import inspecting
from migrate.imagefacts import ImageFacts
from migrate.inspecting import Wanted, images_of, inspect
from migrate.verify import registry

CONFIG = {
    "User": "web",
    "Env": ["PATH=/bin", "A=1", "A=2"],
    "Shell": ["/bin/bash", "-c"],
    "OnBuild": ["RUN a"],
    "Entrypoint": ["/e"],
    "WorkingDir": "/w",
    "Healthcheck": {"Test": ["CMD", "x"]},
    "StopSignal": "SIGINT",
}
FACTS = ImageFacts("web", ("A", "PATH"), ("/bin/bash", "-c"), ("RUN a",), ("/e",), "/w", ("CMD", "x"), "SIGINT")


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials, no docker, no waiting."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(registry, "_WAITS", (0, 0))
    monkeypatch.setattr(inspecting.shutil, "which", lambda _: None)  # type: ignore[attr-defined]


@pytest.fixture
def shop() -> Iterator[Shop]:
    blobs = Blobs()
    image = blobs.image([layer(member("a"))], CONFIG)
    arm = blobs.image([layer(member("a"))], {"User": "arm"}, architecture="arm64")
    old = blobs.image([layer(member("a"))], {"User": "old"}, architecture="ppc64le")
    items = [
        {**item, "platform": {"os": "linux", "architecture": machine}}
        for item, machine in ((old, "ppc64le"), (arm, "arm64"))
    ]
    with serving(Shop(blobs=blobs.data)) as opened:
        opened.put("1", blobs.data[image["digest"]])
        opened.manifests[arm["digest"]] = blobs.data[arm["digest"]]
        opened.put("arm", blobs.index(*items))
        yield opened


def test_which_images() -> None:
    text = b"""ARG V=3
ARG UNSET
FROM --platform=linux/arm64 alpine:$V AS a
FROM a
COPY --from=nginx:1 /x /x
COPY --from=a /x /x
RUN --mount=from=docker.io/library/alpine:3,target=/m true
FROM scratch
FROM --platform=$BUILDPLATFORM golang
FROM $UNSET
"""
    found = images_of(text)
    assert found == (Wanted("alpine:3", "linux/arm64"), Wanted("nginx:1"), Wanted("golang"))
    assert images_of(b"BOGUS") == ()


def test_a_registry_is_asked_for_the_config_alone(shop: Shop) -> None:
    found, problems = inspect([Wanted(f"{shop.host}/team/app:1")])
    assert found == {f"{shop.host}/team/app:1": FACTS}
    assert problems == []
    assert [path.split("/")[-2] for path, _ in shop.asked] == ["manifests", "blobs"]


def test_the_platform(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{shop.host}/team/app:arm"
    for machine in ("x86_64", "s390x", "aarch64"):  # an image for another machine says nearly the same
        monkeypatch.setattr(inspecting.platform, "machine", lambda machine=machine: machine)  # type: ignore[attr-defined]
        assert inspect([Wanted(name)])[0][name].user == "arm"
    found, (problem,) = inspect([Wanted(name, "linux/s390x")])
    assert (found, problem.images, problem.error.code) == ({}, (name,), "EM907")


def test_a_registry_that_is_down_is_asked_once() -> None:
    names = [f"127.0.0.1:1/{name}" for name in "abc"]
    found, problems = inspect([*map(Wanted, names), Wanted("127.0.0.1:2/d")])
    assert found == {}
    assert [(problem.images, problem.error.code) for problem in problems] == [
        (tuple(names), "EM910"),
        (("127.0.0.1:2/d",), "EM910"),
    ]


def test_a_missing_image_is_no_reason_to_stop(shop: Shop) -> None:
    names = [f"{shop.host}/team/app:{tag}" for tag in ("2", "1")]
    found, (problem,) = inspect(map(Wanted, names))
    assert list(found) == [names[1]]
    assert (problem.images, problem.error.code) == ((names[0],), "EM912")


def test_a_name_that_is_none() -> None:
    found, (problem,) = inspect(
        [
            Wanted("Acme/App"),
        ]
    )
    assert (found, problem.error.code) == ({}, "EM915")


def engine(data: Any) -> inspecting.Run:
    return lambda command: json.dumps(data).encode() if command[:4] == ["docker", "image", "inspect", "--"] else None


def test_docker_is_asked_first(shop: Shop) -> None:
    run = engine([{"Os": "linux", "Architecture": "amd64", "Config": CONFIG}])
    assert inspect([Wanted("acme/app")], run=run) == ({"acme/app:latest": FACTS}, [])
    name = f"{shop.host}/team/app:arm"
    assert inspect([Wanted(name, "linux/arm64")], run=run)[0][name].user == "arm"  # docker has another platform
    assert inspect([Wanted(name)], "registry", run=run)[0][name].user == "arm"


@pytest.mark.parametrize("answer", [[], {}, [1], [{"NamesHistory": [], "Config": CONFIG}], [{"Config": {"Env": 1}}]])
def test_what_docker_does_not_say(answer: Any) -> None:
    found, (problem,) = inspect([Wanted("acme/app")], "engine", run=engine(answer))
    assert (found, problem.error.code) == ({}, "EM649")


def test_programs_that_fail_say_nothing() -> None:
    assert inspecting._run(["/nonexistent/docker"]) is None


@pytest.mark.parametrize("user", ["", "0", "root", "0:0"])
def test_root_by_any_name(user: str) -> None:
    run = engine([{"Os": "linux", "Architecture": "amd64", "Config": {"User": user}}])
    assert inspect([Wanted("a")], run=run)[0]["a:latest"] == ImageFacts()
