"""Where registry credentials are found."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from migrate.verify.credentials import Credentials, find


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    (tmp_path / "docker").mkdir()
    (tmp_path / "run" / "containers").mkdir(parents=True)
    return tmp_path


def write(path: Path, data: Any) -> None:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_nothing_is_there() -> None:
    assert find("r.example.com") is None


@pytest.mark.parametrize("name", ["r.example.com", "https://r.example.com", "https://r.example.com/v2/"])
def test_a_password_in_the_file(folders: Path, name: str) -> None:
    write(folders / "docker" / "config.json", {"auths": {name: auth("me:pass:word")}})
    found = find("r.example.com")
    assert found == Credentials("me", "pass:word")
    assert found.basic == "Basic " + base64.b64encode(b"me:pass:word").decode()
    assert "pass" not in repr(found)
    assert find("other.example.com") is None


def test_docker_hub_has_an_old_name(folders: Path) -> None:
    write(folders / "docker" / "config.json", {"auths": {"https://index.docker.io/v1/": auth("me:x")}})
    assert find("docker.io") == Credentials("me", "x")


def test_podman_keeps_its_own(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folders / "run" / "containers" / "auth.json", {"auths": {"r.example.com": auth("pod:x")}})
    assert find("r.example.com") == Credentials("pod", "x")
    write(folders / "chosen.json", {"auths": {"r.example.com": auth("chosen:x")}})
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(folders / "chosen.json"))
    assert find("r.example.com") == Credentials("chosen", "x")


DAMAGED = ["", "[", "[]", '{"auths": []}', '{"auths": {"r.example.com": {"auth": "eA"}}}']
DAMAGED += ['{"auths": {"r.example.com": 1}}', '{"auths": {"r.example.com": {"auth": "ü"}}}']


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_counts_as_none(folders: Path, text: str) -> None:
    write(folders / "docker" / "config.json", text)
    assert find("r.example.com") is None


HELPER = """\
#!{python}
import json, sys
host = sys.stdin.read()
if host != "r.example.com":
    print("credentials not found in native keychain")
    sys.exit(1)
print(json.dumps({{"ServerURL": host, "Username": "{user}", "Secret": "s3cret"}}))
"""


@pytest.mark.skipif(os.name == "nt", reason="the helper is a script")
@pytest.mark.parametrize("where", ["credsStore", "credHelpers"])
def test_a_helper_is_asked(folders: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    program = folders / "docker-credential-test"
    write(program, HELPER.format(python=sys.executable, user="helped"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folders), prepend=os.pathsep)
    write(folders / "docker" / "config.json", {where: "test" if where == "credsStore" else {"r.example.com": "test"}})
    assert find("r.example.com") == Credentials("helped", "s3cret")
    assert find("other.example.com") is None
    write(program, HELPER.format(python=sys.executable, user="<token>"))
    assert find("r.example.com") == Credentials("", "", "s3cret")


@pytest.mark.parametrize("helper", ["not-installed", "../../bin/sh", "", 5])
def test_a_helper_that_cannot_be_asked(folders: Path, helper: object) -> None:
    write(folders / "docker" / "config.json", {"credsStore": helper, "auths": {"r.example.com": auth("me:x")}})
    assert find("r.example.com") == Credentials("me", "x")
