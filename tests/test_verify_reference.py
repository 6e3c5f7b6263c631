"""Image names as places in a registry."""

from __future__ import annotations

import pytest

from migrate.verify.errors import VerifyError
from migrate.verify.reference import Reference, parse

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("alpine", ("docker.io", "library/alpine", "latest")),
        ("alpine:3.20", ("docker.io", "library/alpine", "3.20")),
        ("docker.io/team/app:1", ("docker.io", "team/app", "1")),
        ("team/app", ("docker.io", "team/app", "latest")),
        ("localhost/app:1", ("localhost", "app", "1")),
        ("127.0.0.1:5000/a/b-c/d__e:V_1.0", ("127.0.0.1:5000", "a/b-c/d__e", "V_1.0")),
        (f"gcr.io/x/y:tag@{DIGEST}", ("gcr.io", "x/y", DIGEST)),
    ],
)
def test_names(text: str, parts: tuple[str, str, str]) -> None:
    assert parse(text) == parts


ODD = ["", "Upper", "a b", "x.io/a?b", "x.io/../a", "a:b c", "x.io/a@sha256:12", "ho st.io/a", "a:$T"]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(VerifyError) as caught:
        parse(text)
    assert caught.value.code == "EM915"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1:5000", True),
        ("127.8.9.1", True),
        ("localhost:5000", True),
        ("[::1]:5000", True),
        ("r.localhost", True),
        ("10.0.0.1:5000", False),
        ("127.0.0.1.example.com", False),
        ("registry.example.com", False),
        ("docker.io", False),
    ],
)
def test_what_is_on_this_machine(host: str, local: bool) -> None:
    assert Reference(host, "a", "b").is_local is local


def test_docker_hub_is_asked_under_another_name() -> None:
    assert parse("alpine").server == "registry-1.docker.io"
    assert parse("gcr.io/a").server == "gcr.io"
    assert str(parse("alpine")) == "docker.io/library/alpine:latest"
    assert str(parse(f"gcr.io/a@{DIGEST}")) == f"gcr.io/a@{DIGEST}"
