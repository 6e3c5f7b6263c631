"""Image references and what is known about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.images import BaseImage, ImageReference, base_image, image_name, is_legal, parse_reference
from migrate.mappings import builtin, overlay


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpine", ImageReference("", "alpine")),
        ("alpine:3.22", ImageReference("", "alpine", "3.22")),
        ("docker.io/library/alpine:3.22", ImageReference("", "alpine", "3.22")),
        ("library/alpine", ImageReference("", "alpine")),
        ("index.docker.io/grafana/grafana", ImageReference("", "grafana/grafana")),
        ("localhost:5000/app", ImageReference("localhost:5000", "app")),
        ("localhost/app:1", ImageReference("localhost", "app", "1")),
        ("gcr.io/distroless/static:nonroot", ImageReference("gcr.io", "distroless/static", "nonroot")),
        ("alpine:3@sha256:ab", ImageReference("", "alpine", "3", "sha256:ab")),
        ("alpine@sha256:ab", ImageReference("", "alpine", None, "sha256:ab")),
        ("node:$VERSION", ImageReference("", "node", "$VERSION")),
        ("node:${VERSION:-20:x}-alpine", ImageReference("", "node", "${VERSION:-20:x}-alpine")),
        ("${IMAGE:-a/b:c}", ImageReference("", "${IMAGE:-a/b:c}")),
        ("${REGISTRY}/app:1", ImageReference("", "${REGISTRY}/app", "1")),
        ("", ImageReference("", "")),
    ],
)
def test_parse_reference(text: str, expected: ImageReference) -> None:
    assert parse_reference(text) == expected


def test_name_is_the_key_of_the_mappings() -> None:
    assert parse_reference("docker.io/library/alpine:3").name == "alpine"
    assert parse_reference("gcr.io/distroless/cc").name == "gcr.io/distroless/cc"


@pytest.mark.parametrize(
    ("reference", "user"),
    [
        ("alpine", "root"),
        ("docker.io/library/debian:12-slim@sha256:ab", "root"),
        ("amd64/ubuntu:24.04", "root"),
        ("public.ecr.aws/docker/library/node:22", "root"),
        ("haproxy:2.2-alpine", "root"),
        ("haproxy:3.2", "haproxy"),
        ("haproxy@sha256:ab", None),
        ("gcr.io/distroless/base-debian12", "root"),
        ("gcr.io/distroless/base-debian12:debug-nonroot", "65532"),
        ("gcr.io/distroless/base-debian12@sha256:ab", None),
        ("mcr.microsoft.com/dotnet/aspnet:9.0-noble-chiseled", "1654"),
        ("mcr.microsoft.com/dotnet/aspnet:9.0", "root"),
        ("mcr.microsoft.com/dotnet/aspnet:$TAG", None),
        ("bitnami/postgresql:16", "1001"),
        ("bitnami/minideb:bookworm", "root"),
        ("wordpress:cli-php8.3", "www-data"),
        ("elasticsearch:7.17.0", None),
        ("cgr.dev/chainguard/wolfi-base", None),
    ],
)
def test_user(reference: str, user: str | None) -> None:
    found = base_image(reference)
    assert found is not None
    assert found.user == user


@pytest.mark.parametrize(
    "reference",
    ["example.com/alpine", "someone/alpine", "$IMAGE", "${REGISTRY}/alpine", "amd64/some/thing", "", "alpine-extra"],
)
def test_anything_else_is_unknown_never_root(reference: str) -> None:
    assert base_image(reference) is None


def test_other_facts() -> None:
    assert base_image("tomcat:10") == BaseImage("root", None, False, True, workdir="/usr/local/tomcat")
    assert base_image("pypy:2-onbuild") == BaseImage("root", None, True, True)
    assert base_image("pypy:$V") == BaseImage("root", None, None, True)
    folders = ("/etc", "/home", "/root", "/tmp", "/var")
    assert base_image("gcr.io/distroless/static") == BaseImage("root", None, False, False, folders=folders)
    bash = ("/bin/bash", "-o", "pipefail", "-c")
    assert base_image("quay.io/jupyter/base-notebook") == BaseImage("1000", bash, False, True, sets=("HOME",))


def test_environments() -> None:
    assert base_image("debian:12") == BaseImage("root", None, False, True, ("PATH",), workdir="/")
    found = base_image("node:$V")
    assert found is not None
    assert found.environment is not None
    assert "NODE_VERSION" in found.environment
    assert all("PATH" in entry["environment"] for entry in builtin().base_images.values() if "environment" in entry)


def test_an_overlay_adds_images() -> None:
    mappings = overlay(builtin(), "base-images:\n  example.com/team/*: {user: root}\n  node: {user: node}\n", "my.yaml")
    assert base_image("example.com/team/base:1", mappings) == BaseImage("root", None, False, True)
    changed = base_image("node:8-onbuild", mappings)
    assert changed is not None
    assert (changed.user, changed.onbuild) == ("node", True)
    assert base_image("example.com/team/base:1") is None


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("web", "web"),
        ("My Web App", "my-web-app"),
        ("a..b", "a-b"),
        ("a--b__c___d", "a-b__c-d"),
        ("-x_", "x"),
        ("Ünï", "n"),
        ("日本", None),
        ("", None),
    ],
)
def test_image_name(folder: str, name: str | None) -> None:
    assert image_name(folder) == name


def test_every_listed_pattern_is_reachable() -> None:
    """A key that a longer wildcard or the official list hides would be a line without effect."""
    for key, entry in builtin().base_images.items():
        reference = key.replace("*", "alpine" if entry.get("official") else "something")
        assert base_image(reference) is not None, key
        assert parse_reference(key).name == key
        assert Path(key).name == key.rpartition("/")[2]


@pytest.mark.parametrize(
    ("reference", "legal"),
    [
        *((name, True) for name in ("alpine", "a/b/c:1", "localhost:5000/a", "Foo.Bar/x", "[::1]:5000/x", "al__p--x")),
        *((name, False) for name in ("NGINX", "a/B", "a:", "a@", "a:1:2", "a//b", "http://x", "host:port/x", "a___b")),
        ("-a", False),
        ("a@sha256:12", False),
        ("a:" + 128 * "x", True),
        ("a:" + 129 * "x", False),
        ("a@sha256:" + 64 * "0", True),
    ],
)
def test_what_builders_take_for_a_reference(reference: str, legal: bool) -> None:
    assert is_legal(reference) == legal
