"""Options of ``verify`` as values, notes about builders, and the static level with earth asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.disk import shown
from migrate.mappings import builtin
from migrate.verify.builders import Registry, Secret, Tool
from migrate.verify.processes import Runner
from migrate.verify.run import Request, check, notes, parse_argument, parse_secret, pinned_frontend, refused

ENVIRONMENT = {"TOKEN": "x", "A": "1"}
KEY = Path("/keys/id").absolute()


def test_build_arguments() -> None:
    assert parse_argument("A=b=c", ENVIRONMENT) == ("A", "b=c")
    assert parse_argument("A=", ENVIRONMENT) == ("A", "")
    assert parse_argument("A", ENVIRONMENT) == ("A", "1")
    assert parse_argument("UNSET", ENVIRONMENT) is None
    with pytest.raises(ValueError, match="NAME"):
        parse_argument("=x", ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("TOKEN", Secret("TOKEN", variable="TOKEN")),
        ("id=TOKEN", Secret("TOKEN", variable="TOKEN")),
        ("id=t,env=TOKEN", Secret("t", variable="TOKEN")),
        ("type=env,id=t,env=TOKEN", Secret("t", variable="TOKEN")),
        (f"id=t,src={KEY}", Secret("t", file=KEY)),
        (f"id=t,source={KEY},type=file", Secret("t", file=KEY)),
    ],
)
def test_secrets(text: str, secret: Secret) -> None:
    assert parse_secret(text, ENVIRONMENT, lambda path: path == KEY) == secret


@pytest.mark.parametrize(
    "text", ["", "id=", "src=/x", "id=t,env=NOPE", "id=NOPE", "id=t,src=/nope", "id=t,mode=4", "id=t,type=x"]
)
def test_wrong_secrets(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_secret(text, ENVIRONMENT, lambda path: path == KEY)


@pytest.mark.parametrize(
    ("tool", "codes"),
    [
        (Tool("buildctl", "0.29.0", "1.23.0"), []),
        (Tool("buildctl", "", ""), []),
        (Tool("buildctl", "0.20.0-rc1", "1.14.0-dev"), []),
        (Tool("buildctl", "0.8+unknown"), ["EM936"]),
        (Tool("buildctl", "0.29.0", "1.4.0"), ["EM936"]),
        (Tool("docker buildx", "", "", "20.10.24+dfsg1"), ["EM936"]),
        (Tool("docker buildx", "0.8", "", "20.10"), ["EM936"]),
        (Tool("podman", "4.3.1", buildkit=False), ["EM937"]),
    ],
)
def test_an_old_or_another_reader_of_dockerfiles_is_named(tool: Tool, codes: list[str]) -> None:
    assert [note.code for note in notes(tool, [], "Dockerfile", builtin())] == codes


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("# syntax=docker/dockerfile:1.4", "1.4"),
        ("# syntax = docker.io/docker/dockerfile:1.2.1-labs", "1.2"),
        ("# syntax=docker/dockerfile-upstream:1.20-labs", "1.20"),
        ("# syntax=docker/dockerfile:1", None),
        ("# syntax=docker/dockerfile:experimental", None),
        ("# syntax=example.com/other/dockerfile:1.4", None),
        ("# just a comment", None),
    ],
)
def test_the_frontend_that_a_dockerfile_holds_fast(line: str, version: str | None) -> None:
    assert pinned_frontend(f"{line}\nFROM alpine\n") == version


def test_an_image_that_a_registry_keeps_is_named() -> None:
    (note,) = notes(Tool("buildctl", ""), [Registry("h:5000", "x/y", "latest")], "Dockerfile", builtin())
    assert (note.code, "h:5000/x/y:latest" in note.message) == ("EM939", True)


def test_the_static_level_without_earth(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\n", encoding="utf-8")
    request = Request(tmp_path)
    request = Request(tmp_path, choice=request.choice._replace(earth="no-such-program-of-ours"))
    ((name, found),) = check(request, builtin())
    assert (name, found) == (shown(tmp_path / "Dockerfile"), ())
    (tmp_path / "Earthfile").write_text("VERSION 0.8\na:\n    FROM +b\n", encoding="utf-8")
    ((_, found),) = check(request, builtin())
    assert [(item.code, item.path, item.span and item.span.start.line) for item in found] == [
        ("EM941", (tmp_path / "Earthfile").as_posix(), 3)
    ]


@pytest.mark.earth
def test_earth_is_asked_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "Earthfile").write_text("VERSION 0.8\na:\n    FROM b\n", encoding="utf-8")
    assert refused("earth", tmp_path, Runner()) == ""
    (tmp_path / "Earthfile").write_text("VERSION 0.8\na:\n    NOPE b\n", encoding="utf-8")
    assert "NOPE" in refused("earth", tmp_path, Runner())
    assert "no-such-program" in refused("no-such-program-of-ours", tmp_path, Runner())


def test_facts_of_base_images_reach_the_conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate import inspecting
    from migrate.imagefacts import ImageFacts
    from migrate.verify.errors import VerifyError
    from migrate.verify.run import informed

    asked: list[str] = []

    def inspect(images: tuple[inspecting.Wanted, ...], where: str) -> object:
        asked.extend([*(one.image for one in images), where])
        gone = inspecting.Problem(("gone:1",), VerifyError("EM912", registry="x", image="gone:1"))
        return {"acme/base:1": ImageFacts("app")}, [gone]

    monkeypatch.setattr(inspecting, "inspect", inspect)
    (tmp_path / "Dockerfile").write_text("FROM gone:1\nFROM acme/base:1\n", encoding="utf-8")
    facts = tmp_path / "facts.json"
    known, findings = informed(Request(tmp_path, inspect="registry", facts=facts), builtin())
    assert asked == ["gone:1", "acme/base:1", "registry"]
    assert [item.code for item in findings] == ["EM647"]
    assert known.inspected["acme/base:1"]["user"] == "app"
    again, findings = informed(Request(tmp_path, facts=facts), builtin())
    assert (again.inspected, findings) == (known.inspected, ())
    facts.write_text("no", encoding="utf-8")
    with pytest.raises(VerifyError, match="EM648"):
        informed(Request(tmp_path, facts=facts), builtin())
    assert informed(Request(tmp_path), builtin()) == (builtin(), ())
