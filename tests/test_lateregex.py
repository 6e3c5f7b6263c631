"""Patterns that are compiled late."""

from __future__ import annotations

import re

import pytest

from migrate import lateregex
from migrate.lateregex import late


def test_it_does_what_the_pattern_does() -> None:
    pattern = late(r"a(b)?", re.IGNORECASE)
    assert pattern.sub("x", "AB a") == "x x"
    found = pattern.match("AB", 0)
    assert found is not None
    assert found[1] == "B"
    assert pattern.fullmatch("abc") is None
    assert pattern.pattern == r"a(b)?"


def test_nothing_is_compiled_before(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def compiled(text: str, flags: int) -> re.Pattern[str]:
        made.append(text)
        return re.compile(text, flags)

    monkeypatch.setattr(lateregex, "compiled", compiled)
    pattern = late("a+")
    assert made == []
    assert [pattern.findall("aab"), pattern.findall("ba"), pattern.search("b")] == [["aa"], ["a"], None]
    assert made == ["a+"]
