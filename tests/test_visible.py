"""The context as BuildKit sends it, and what two ignore files do differently."""

from __future__ import annotations

import pytest
from support import DictContext

from migrate.context import Context
from migrate.ignorematch import IgnoreRules
from migrate.visible import MOST_FILES, Difference, VisibleContext, difference

FILES = {"a.txt": b"a", "b.log": b"b", "d": None, "d/x.txt": b"x", "d/y.log": b"y", "e": None, "l": "a.txt"}


def visible(text: str) -> Context:
    return VisibleContext(DictContext(FILES, text), IgnoreRules(text))


def test_what_is_left_out_is_not_there() -> None:
    context = visible("**/*.log\ne\nl\n")
    assert context.exists("a.txt")
    assert context.exists("b.log") is False
    assert context.is_directory("d")
    assert context.is_directory("e") is False
    assert context.link_target("l") is None
    assert context.head("b.log") is None
    assert context.head("a.txt") == b"a"
    assert context.matches("*.log") == ()
    assert context.children("") == ("a.txt", "d")
    assert context.children("d") == ("x.txt",)
    assert context.ignore_text() == (".dockerignore", "**/*.log\ne\nl\n")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("d", "d/x.txt", True),
        ("d", "d", True),
        ("d\n!d/x.txt", "d", False),
        ("d\n!d/none", "d", True),
        ("*\n!a.txt", "e", True),
        ("*\n!a.txt", ".", False),
        ("dist", "dist", True),
        # It is not there, so nobody knows what a ! line would bring back.
        ("dist\n!dist/keep", "dist", False),
    ],
)
def test_what_is_ignored(text: str, path: str, expected: bool) -> None:
    assert visible(text).is_ignored(path) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("*.log", "/*.log\n", Difference((), ())),
        ("*.log", "**/*.log", Difference(("d/y.log",), ())),
        ("d", "", Difference((), ("d", "d/x.txt", "d/y.log"))),
        ("d/*", "d", Difference(("d",), ())),
        ("d\n!d/x.txt", "d/y.log", Difference((), ())),
        ("e", "d", Difference(("d", "d/x.txt", "d/y.log"), ("e",))),
    ],
)
def test_difference(first: str, second: str, expected: Difference) -> None:
    assert difference(DictContext(FILES), IgnoreRules(first), IgnoreRules(second)) == expected


def test_too_many_files_are_not_looked_at() -> None:
    many = DictContext({f"f{number}": b"" for number in range(MOST_FILES + 1)})
    assert difference(many, IgnoreRules("a"), IgnoreRules("b")) is None
