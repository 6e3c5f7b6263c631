"""Targets for compose projects in later runs: kept as they are, changed by hand, joined by new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.callsites.data import builtin as callsite_data
from migrate.changes import make
from migrate.choice import Choice
from migrate.discovery import discover
from migrate.mappings import builtin
from migrate.repository import Migration, migrate

DOCKERFILE = "FROM alpine:3.20\nRUN echo hello > /hello\n"
COMPOSE = "services:\n  a:\n    build: a\n  b:\n    image: b:${TAG:-1}\n    build: a\n"


def run(root: Path, compose: str = "replace") -> Migration:
    migration = migrate(discover(root, callsite_data().discovery), callsite_data(), builtin(), Choice(compose=compose))
    make(root, migration.changes, git=True)
    return migration


@pytest.fixture(params=["", "a"])
def root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A repository whose Earthfile with ``all`` is one of its own, or that of the Dockerfile."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Dockerfile").write_text(DOCKERFILE)
    text = COMPOSE.replace("build: a", "build: .") if request.param else COMPOSE
    folder = tmp_path / str(request.param)
    (folder / "compose.yaml").write_text(text)
    run(tmp_path)
    return folder


def top(root: Path) -> Path:
    return root.parent if root.name == "a" else root


def test_the_target_is_there_and_stays(root: Path) -> None:
    text = (root / "Earthfile").read_text()
    assert "\nall:\n    ARG TAG\n" in text
    for compose in ("replace", "keep"):
        assert run(top(root), compose).changes == ()
    assert (root / "Earthfile").read_text() == text


def test_what_is_added_behind_it_stays_there(root: Path) -> None:
    text = (root / "Earthfile").read_text() + "\nmine:\n    BUILD +all\n"
    (root / "Earthfile").write_text(text)
    assert run(top(root)).changes == ()
    assert (root / "Earthfile").read_text() == text


def test_a_target_that_was_changed_stays(root: Path) -> None:
    text = (root / "Earthfile").read_text().replace("    ARG TAG\n", "    ARG TAG=mine\n")
    (root / "Earthfile").write_text(text)
    run(top(root))
    assert (root / "Earthfile").read_text() == text


def test_a_new_service_joins_the_target(root: Path) -> None:
    file = root / "compose.yaml"
    build = "." if root.name == "a" else "a"
    file.write_text(file.read_text() + f"  c:\n    image: c\n    build: {build}\n")
    run(top(root))
    text = (root / "Earthfile").read_text()
    assert text.count("\nall:\n") == 1
    assert text.count("BUILD ") == 3
    assert "--image=c" in text
    assert run(top(root)).changes == ()


def test_an_earthfile_of_somebody_else_gets_no_target(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / "build.sh").write_text("docker compose build\n")
    (tmp_path / "Earthfile").write_text("VERSION 0.8\n\nx:\n    FROM busybox\n")
    run(tmp_path)
    assert (tmp_path / "Earthfile").read_text() == "VERSION 0.8\n\nx:\n    FROM busybox\n"
    assert (tmp_path / "build.sh").read_text() == ('earth ./a+docker && earth ./a+docker --image=b:"${TAG:-1}"\n')
