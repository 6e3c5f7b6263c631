"""``verify`` as a user runs it, without builders: usage, missing tools, and the static level."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrate.cli import main

POSIX = pytest.mark.skipif(os.name == "nt", reason="programs are made of shell here")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project called ``web``, seen from above; no program is on PATH."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_bytes(b"FROM alpine\nRUN echo hello\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "web"


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments], prog_name="earthmigrate")


def program(folder: Path, name: str, script: str) -> None:
    file = folder.parent / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("web", "--target=a", "--all-targets"), "not both"),
        (("nowhere",), "does not exist"),
        (("web", "--secret=id=x,src=nowhere"), "nowhere is not a file"),
        (("web", "--secret=id=x,env=EM_NOT_SET"), "EM_NOT_SET is not set"),
        (("web", "--build-arg==x"), "NAME[=VALUE]"),
        (("web", "--timeout=0"), "--timeout"),
        (("web", "--baseline=sometimes"), "--baseline"),
        (("web", "--image-facts=nowhere.json"), "nowhere.json does not exist"),
        (("web", "--inspect", "--inspect-from=anywhere"), "--inspect-from"),
    ],
)
def test_wrong_usage(folder: Path, arguments: Sequence[str], said: str) -> None:
    result = verify(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_without_builders_the_message_says_what_to_install_and_what_can_be_done(folder: Path) -> None:
    result = verify("web")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "EM920[no-docker-builder]" in result.stderr
    assert "buildah" in result.stderr
    assert "--static" in result.stderr


@POSIX
def test_without_earth_the_message_says_so(folder: Path) -> None:
    program(folder, "buildah", "echo buildah version 1.0.0")
    result = verify("web")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "EM921[no-earth]" in result.stderr


def test_nothing_to_verify(folder: Path) -> None:
    (folder / "Dockerfile").unlink()
    result = verify("web")
    assert (result.exit_code, "EM191" in result.stderr) == (3, True)


def test_the_static_level_needs_no_builder_and_claims_nothing(folder: Path) -> None:
    result = verify("web", "--static")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "static check only, nothing was built or compared: 1 Earthfile, 0 findings\n"
    (folder / "Earthfile").write_text("VERSION 0.8\ndocker:\n    FROM +nope\n", encoding="utf-8")
    result = verify("web", "--static")
    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "web/Earthfile:3: EM941[reference-to-nothing]: +nope is not a target of this Earthfile",
            "  help: correct the name, or add the target",
            "static check only, nothing was built or compared: 1 Earthfile, 1 finding",
        ],
    )
    data = json.loads(verify("web", "--static", "--format=json").stdout)
    assert (data["static"], data["results"][0]["findings"][0]["code"]) == (True, "EM941")


@POSIX
def test_the_static_level_asks_earth_where_it_is(folder: Path) -> None:
    says = "test \"$*\" = 'debug ast Earthfile' && test -f Earthfile && echo Error: no good"
    program(folder, "earthly", f"{says}; exit 1")
    result = verify("web", "--static")
    assert result.exit_code == 1
    assert "EM943[refused-by-earth]: earth refuses the Earthfile: no good" in result.stdout


@POSIX
def test_a_failing_builder_is_a_result(folder: Path) -> None:
    answers = "--version) echo buildah version 1.0.0;; build) echo bad luck; exit 9;;"
    program(folder, "buildah", f'case "$1" in {answers} esac')
    program(folder, "earthly", "echo earthly version v0.8.16 abc")
    result = verify("web", "--registry=127.0.0.1:1")
    assert result.exit_code == 3
    assert result.stderr == "web/Dockerfile +docker: building the Dockerfile\n"
    lines = result.stdout.splitlines()
    assert lines[:2] == ["Dockerfile built by buildah 1.0.0", "Earthfile built by earthly 0.8.16"]
    assert "  EM923[build-failed]: buildah did not build the Dockerfile (exit code 9)" in lines
    assert "  | bad luck" in lines
    assert lines[-1] == "1 target: 1 not built"
    quiet = verify("web", "--registry=127.0.0.1:1", "--quiet", "--format=json")
    assert (quiet.exit_code, quiet.stderr) == (3, "")
    assert json.loads(quiet.stdout)["results"][0]["error"]["lines"] == ["bad luck"]
