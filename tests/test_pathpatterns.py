"""Patterns of paths: what they fit, and that no pattern is slow."""

from __future__ import annotations

import time

import pytest

from migrate.pathpatterns import pattern


@pytest.mark.parametrize(
    ("text", "anchored", "fits", "fits_not"),
    [
        ("*.log", False, ["a.log", "x/y/a.log"], ["a.log/b", "a.txt"]),
        ("docs/*.md", True, ["docs/a.md"], ["a/docs/a.md", "docs/b/a.md"]),
        ("**/Dockerfile", True, ["Dockerfile", "a/Dockerfile", "a/b/Dockerfile"], ["aDockerfile"]),
        ("a/**/b", True, ["a/b", "a/x/b", "a/x/y/b"], ["a/bb", "b"]),
        ("a/**", True, ["a/b", "a/b/c"], ["a", "b/a"]),
        ("a/**/b/**/c*", True, ["a/b/c", "a/b/x/c1", "a/z/b/b/x/c"], ["a/c", "a/b"]),
        ("[a-c]?\\*", True, ["ax*", "c-*"], ["dx*", "axy"]),
        ("[!a]x", True, ["bx"], ["ax"]),
        ("[]a]", True, ["]", "a"], ["b"]),
        ("a*b*c", True, ["abc", "aXbYc", "abbc"], ["acb", "ab"]),
        ("a[b", True, ["a[b"], ["ab"]),
    ],
)
def test_what_fits(text: str, anchored: bool, fits: list[str], fits_not: list[str]) -> None:
    one = pattern(text, anchored=anchored)
    assert one is not None
    assert [path for path in fits if not one.matches(path)] == []
    assert [path for path in fits_not if one.matches(path)] == []


def test_a_range_that_runs_backwards_fits_nothing() -> None:
    assert pattern("[z-a]", anchored=True) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("*a" * 60 + "b", "a" * 4000),
        ("**/a/" * 60 + "b", "a/" * 2000 + "c"),
        ("*" * 3000 + "x", "y" * 250),
        ("[ab]*" * 60 + "c", "ab" * 120),
        ("?" * 200 + "*?" * 40 + "z", "y" * 250),
    ],
)
def test_hostile_patterns_take_no_time(text: str, path: str) -> None:
    start = time.process_time()
    one = pattern(text, anchored=True)
    assert one is not None
    assert not one.matches(path)
    assert time.process_time() - start < 0.5
