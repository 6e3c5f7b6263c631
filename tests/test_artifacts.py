"""Which paths are saved, and how they are referred to (hard-cases.md 4)."""

from __future__ import annotations

import pytest

from migrate.artifacts import ROOT, Artifact, clean, minimal, needed, rooted
from migrate.dockerfile.words import parse_word
from migrate.words import Literal, Variable


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b", "/a/b"),
        ("a", "/a"),
        ("./a/../b", "/b"),
        ("../../a", "/a"),
        ("/a/", "/a"),
        ("/", "/"),
        ("//a", "/a"),
        (".", "/"),
    ],
)
def test_clean(path: str, expected: str) -> None:
    assert clean(path) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/a/b", Artifact("/a/b")),
        ("b/", Artifact("/b")),
        # SAVE ARTIFACT --if-exists saves nothing below a WORKDIR, so a pattern needs its folder saved.
        ("/out/*.so", Artifact("/out")),
        ("/out/lib?/x", Artifact("/out")),
        ("/*", Artifact(ROOT)),
        ("/", Artifact(ROOT)),
        ("/*/x", Artifact(ROOT)),
        # Whatever the variable holds, it stays below the folder in front of it.
        ("/out/$A", Artifact("/out")),
        ("/out/x-$A/y", Artifact("/out")),
        ("$A/x", Artifact(ROOT)),
    ],
)
def test_needed(source: str, expected: Artifact) -> None:
    assert needed(parse_word(source, "\\")) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["/a", "/a"], ["/a"]),
        (["/a/b", "/a"], ["/a"]),
        (["/a", "/ab"], ["/a", "/ab"]),
        (["/x", "/", "/y/z"], ["/"]),
    ],
)
def test_minimal(wanted: list[str], expected: list[str]) -> None:
    assert [artifact.path for artifact in minimal(map(Artifact, wanted))] == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/a/b", (Literal("/a/b"),)),
        ("a/", (Literal("/a/"),)),
        ("/", (Literal("/"),)),
        ("/out/$A", (Literal("/out/"), Variable("A"))),
        ("out/../x-$A", (Literal("/x-"), Variable("A"))),
        ("$A/x", (Literal("/"), Variable("A"), Literal("/x"))),
    ],
)
def test_rooted(source: str, expected: tuple[object, ...]) -> None:
    assert rooted(parse_word(source, "\\")) == expected
