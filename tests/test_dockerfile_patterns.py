"""Patterns in substitutions: the corners that words do not reach, checked against BuildKit's lexer."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.dockerfile.patterns import PatternError, cut_prefix, cut_suffix, glob, replace


def test_a_pattern_is_characters_and_wildcards() -> None:
    assert glob("a*?") == [("a", False), ("*", True), ("?", True)]
    assert glob(r"\*\?\\") == [("*", False), ("?", False), ("\\", False)]
    assert glob(r"\/\}") == [("/", False), ("}", False)]
    assert glob(r"a\*", backwards=True) == [("*", False), ("a", False)]


@pytest.mark.parametrize("pattern", ["\\", "a\\", "\\a", "\\["])
def test_other_escapes_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        glob(pattern)


@pytest.mark.parametrize(
    ("value", "pattern", "shortest", "longest"),
    [
        ("a/b/c", "*/", "b/c", "c"),
        ("abc", "", "abc", "abc"),
        ("abc", "*", "abc", ""),
        ("abc", "x*", "abc", "abc"),
        ("a\nb", "*", "a\nb", "\nb"),
        ("a\nb", "?\n", "b", "b"),
        ("[a]b", "[a]", "b", "b"),
    ],
)
def test_prefixes(value: str, pattern: str, shortest: str, longest: str) -> None:
    assert cut_prefix(value, pattern, longest=False) == shortest
    assert cut_prefix(value, pattern, longest=True) == longest


@pytest.mark.parametrize(
    ("value", "pattern", "shortest", "longest"),
    [
        ("a/b/c", "/*", "a/b", "a"),
        ("x.tar.gz", ".*", "x.tar", "x"),
        ("a*", "\\*", "a", "a"),
        ("abc", "x", "abc", "abc"),
    ],
)
def test_suffixes(value: str, pattern: str, shortest: str, longest: str) -> None:
    assert cut_suffix(value, pattern, longest=False) == shortest
    assert cut_suffix(value, pattern, longest=True) == longest


@pytest.mark.parametrize(
    ("value", "pattern", "replacement", "first", "every"),
    [
        ("a/b", "/", "-", "a-b", "a-b"),
        ("aaa", "a", "b", "baa", "bbb"),
        ("abc", "*", "x", "x", "x"),
        ("abc", "", "-", "-abc", "-a-b-c-"),
        ("", "*", "x", "x", "x"),
        ("ab", "b", "[$0]", "a[$0]", "a[b]"),
        ("ab", "b", "$x$1.", "a$x$1.", "a."),
        ("ab", "b", "$$0", "a$$0", "a$0"),
        ("ab", "b", "${0}$", "a${0}$", "ab$"),
        ("ab", "b", "${0", "a${0", "a${0"),
        ("ab", "b", "$0x", "a$0x", "a"),
    ],
)
def test_replacements(value: str, pattern: str, replacement: str, first: str, every: str) -> None:
    assert replace(value, pattern, replacement, every=False) == first
    assert replace(value, pattern, replacement, every=True) == every


@given(st.text(alphabet="ab\n", max_size=12), st.text(alphabet="ab*?", max_size=6))
def test_prefixes_agree_with_regular_expressions(value: str, pattern: str) -> None:
    for longest, star in ((True, ".*"), (False, ".*?")):
        match = re.match(pattern.replace("?", ".").replace("*", star), value)
        expected = value[match.end() :] if match else value
        assert cut_prefix(value, pattern, longest=longest) == expected
