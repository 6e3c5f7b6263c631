"""The config blob of an image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from migrate.verify.config import read_config
from migrate.verify.errors import VerifyError
from migrate.verify.model import Healthcheck, ImageConfig

CHECK = {"Test": ["CMD", "x"], "Interval": 1, "Timeout": 2, "StartPeriod": 3, "StartInterval": 4, "Retries": 5}
WHOLE = {
    "os": "linux",
    "architecture": "arm",
    "variant": "v7",
    "author": "me",
    "created": "2024-01-01T00:00:00Z",
    "history": [{"created_by": "x"}],
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
    "config": {
        "Env": ["A=1", "B=x=y", "C="],
        "Cmd": ["a", "b"],
        "Entrypoint": ["/e"],
        "User": "web",
        "WorkingDir": "/w",
        "Labels": {"l": "v"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "Healthcheck": CHECK,
        "StopSignal": "SIGINT",
        "Shell": ["/bin/bash"],
        "OnBuild": ["RUN x"],
        "ArgsEscaped": True,
        "Tty": False,
        "StopTimeout": 5,
    },
}


def read(data: Any) -> tuple[ImageConfig, tuple[str, ...]]:
    return read_config(json.dumps(data).encode(), "image.tar")


def test_every_field() -> None:
    config, diff_ids = read(WHOLE)
    assert diff_ids == ("sha256:1", "sha256:2")
    assert config == ImageConfig(
        os="linux",
        architecture="arm",
        variant="v7",
        author="me",
        env=("A=1", "B=x=y", "C="),
        cmd=("a", "b"),
        entrypoint=("/e",),
        user="web",
        working_dir="/w",
        labels={"l": "v"},
        exposed_ports=frozenset({"80/tcp"}),
        volumes=frozenset({"/data"}),
        healthcheck=Healthcheck(("CMD", "x"), 1, 2, 3, 4, 5),
        stop_signal="SIGINT",
        shell=("/bin/bash",),
        on_build=("RUN x",),
        others={
            "ArgsEscaped": "true",
            "StopTimeout": "5",
            ".created": '"2024-01-01T00:00:00Z"',
            ".history": '[{"created_by": "x"}]',
        },
    )
    assert config.platform == "linux/arm/v7"


def test_absent_null_and_empty_are_the_same() -> None:
    empty: dict[str, Any] = {"Env": [], "Cmd": None, "Labels": {}, "Healthcheck": {}, "OnBuild": None, "User": ""}
    assert read({"config": empty}) == read({}) == read({"config": None, "rootfs": None})


def test_old_images_have_a_text_for_a_list() -> None:
    assert read({"config": {"Cmd": "sh"}})[0].cmd == ("sh",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ([], "the whole is not an object"),
        ({"config": []}, "config is not an object"),
        ({"config": {"Env": [1]}}, "Env is not a list of texts"),
        ({"config": {"Cmd": {}}}, "Cmd is not a list of texts"),
        ({"config": {"User": 5}}, "User is not a text"),
        ({"config": {"Healthcheck": {"Retries": "3"}}}, "Healthcheck.Retries is not a whole number"),
        ({"rootfs": {"diff_ids": "x y", "type": 1}, "os": []}, "os is not a text"),
    ],
)
def test_a_malformed_config(data: Any, reason: str) -> None:
    with pytest.raises(VerifyError) as caught:
        read(data)
    assert caught.value.code == "EM909"
    assert str(caught.value.fields["reason"]) == reason


@pytest.mark.parametrize("blob", [b"", b"{", b"\xff", b"[" * 100_000])
def test_no_json(blob: bytes) -> None:
    with pytest.raises(VerifyError) as caught:
        read_config(blob, "image.tar")
    assert caught.value.code == "EM909"
