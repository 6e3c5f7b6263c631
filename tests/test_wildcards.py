"""Wildcards of COPY, by the rules of Go's filepath.Match, in linear time."""

from __future__ import annotations

import time

import pytest

from migrate.wildcards import component


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", ["a", ".hidden", "a.b"], ["a/b"]),
        ("*.txt", ["a.txt", ".txt"], ["a.txt2", "atxt"]),
        ("a?c", ["abc", "a.c"], ["ac", "a/c"]),
        ("[a-c]x", ["ax", "cx"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("[!a]x", ["!x", "ax"], ["bx"]),
        ("\\*", ["*"], ["a"]),
        ("[\\]a]", ["]", "a"], ["\\"]),
        ("a.b", ["a.b"], ["axb"]),
        ("r[^!-~]sum[^!-~]", ["r\u00e9sum\u00e9"], ["resume", "r\u00e9sume"]),
        ("", [""], ["a"]),
        ("[[&&a]", ["[", "&", "a"], ["b"]),
        ("x[0-9]*", ["x1", "x12y"], ["x"]),
    ],
)
def test_wildcards(pattern: str, yes: list[str], no: list[str]) -> None:
    found = component(pattern)
    assert found is not None
    assert [text for text in yes if not found.matches(text)] == []
    assert [text for text in no if found.matches(text)] == []


@pytest.mark.parametrize("pattern", ["[", "[a", "[]", "\\", "[z-a]", "[a-]", "a\\"])
def test_malformed_wildcards(pattern: str) -> None:
    assert component(pattern) is None


def test_many_wildcards_take_no_longer() -> None:
    found = component("*a" * 40 + "b")
    assert found is not None
    started = time.perf_counter()
    assert not found.matches("a" * 4000)
    assert time.perf_counter() - started < 2
