"""Cache mounts: one cache for each that Docker has, and a mode that does as well."""

from __future__ import annotations

import pytest
from support import BASE, converted, graph_of

from migrate.caches import Cache, commands, planned, programs
from migrate.dockerfile.model import RunDetail
from migrate.dockerfile.reader import read
from migrate.mappings import builtin


def caches(text: str) -> list[tuple[str | None, str | None]]:
    """(id, mode) of every cache mount in order."""
    graph = graph_of(text)
    found = planned(graph, builtin())
    details = [item.detail for stage in graph.stages for item in stage.instructions]
    mounts = [mount for detail in details if isinstance(detail, RunDetail) for mount in detail.mounts]
    return [(found[id(mount)].identity, found[id(mount)].mode) for mount in mounts if mount.type == "cache"]


MOUNT = "RUN --mount=type=cache,{} {}\n"


def runs(*lines: tuple[str, str]) -> str:
    return "".join(MOUNT.format(*line) for line in lines)


@pytest.mark.parametrize(
    ("options", "command", "expected"),
    [
        ("target=/c", "go build", (None, None)),
        ("target=/c", "CGO_ENABLED=0 go build && npm ci", (None, None)),
        ("target=/c", "cp -r /c /out", (None, "0755")),
        ("target=/c", "go build && ./script.sh", (None, "0755")),
        ("target=/c", "$TOOL build", (None, "0755")),
        ("target=/var/cache/apt", "apt-get update", (None, "0755")),
        ("target=/c,mode=700", "go build", (None, "0700")),
        ("target=/c,mode=0755", "go build", (None, "0755")),
        ("target=/c,uid=1000", "go build", (None, "0777")),
        ("target=/c,uid=0,gid=0", "go build", (None, "0755")),
        ("target=/c,id=x", "go build", ("x", None)),
        ("target=/c,id=$X", "go build", ("$X", None)),
    ],
)
def test_one(options: str, command: str, expected: tuple[str | None, str | None]) -> None:
    assert caches(BASE + runs((options, command))) == [expected]


def test_a_mode_holds_for_all_that_use_the_cache() -> None:
    text = BASE + runs(("target=/c", "go build"), ("target=/c", "cp -r /c /o"), ("target=/d", "go build"))
    assert caches(text) == [(None, "0755"), (None, "0755"), (None, None)]


@pytest.mark.parametrize("user", ["app", "1000", "$USER"])
def test_another_user_gets_the_mode_of_docker(user: str) -> None:
    text = f"{BASE}{runs(('target=/c', 'go build'))}USER {user}\n{runs(('target=/c', 'go build'))}"
    assert caches(text) == [(None, "0755"), (None, "0755")]
    assert caches(f"{BASE}USER root\n{runs(('target=/c', 'go build'))}") == [(None, None)]
    assert caches(f"FROM registry.example.com/a\n{runs(('target=/c', 'go build'))}") == [(None, "0755")]


def test_stages_share_a_cache_by_its_path() -> None:
    one = runs(("target=/c", "go build"), ("target=/only", "go build"))
    other = runs(("target=/c/", "go build"), ("target=c", "go build"))
    found = caches(f"{BASE}{one}FROM alpine:3.20\nWORKDIR /w\n{other}")
    assert found == [("/c", None), (None, None), ("/c", None), (None, None)]


def test_an_id_may_be_the_path_of_another() -> None:
    text = BASE + runs(("target=/c", "go build"), ("target=/d,id=/c", "go build"))
    assert caches(text) == [("/c", None), ("/c", None)]


def test_another_owner_mode_or_content_is_another_cache() -> None:
    text = BASE + runs(
        ("target=/c", "ls"),
        ("target=/c,mode=0755", "ls"),
        ("target=/c,uid=5", "ls"),
        ("target=/c,uid=6", "ls"),
        ("target=/c,from=a", "ls"),
        ("target=/c,mode=755,uid=0", "ls"),
    )
    assert caches(text) == [
        (None, "0755"),
        ("/c-2", "0755"),
        (None, "0777"),
        ("/c-2", "0777"),
        ("/c-3", "0755"),
        ("/c-2", "0755"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a && b; c | d", {"a", "b", "c", "d"}),
        ("A=1 B=2 /usr/bin/a x", {"a"}),
        ("if a; then b; else c; fi", {"a", "b", "c"}),
        ("for x in 1 2; do a; done", {"a"}),
        ("x=$(a b) y", {"a"}),
        ("\"$X\" y && 'b'", {"?"}),
        ("! a || (b)", {"a", "b"}),
        ("echo `a`", {"echo", "a"}),
    ],
)
def test_programs(text: str, expected: set[str]) -> None:
    found = programs(read(f"{BASE}RUN {text}\n").instructions[-1])
    assert expected <= found
    assert found <= expected | {"y", "in"}


def test_programs_of_arrays_and_heredocs() -> None:
    assert programs(read(f'{BASE}RUN ["/bin/cp", "a;b"]\n').instructions[-1]) == {"cp"}
    assert programs(read(f"{BASE}RUN <<EOF\n# no\na b\nc\nEOF\n").instructions[-1]) >= {"a", "c"}
    assert commands(read(f"{BASE}RUN go mod download\n").instructions[-1]) == [["go", "mod", "download"]]


def test_the_earthfile_says_it() -> None:
    text = f"{BASE}{runs(('target=/c,sharing=private,ro', 'ls'))}"
    assert "RUN --mount=type=cache,target=/c,sharing=private,ro,mode=0755 ls" in (converted(text).earthfile or "")
    assert Cache(None, None) == (None, None)
