"""Parser directives, and the frontend that a file asks for."""

from __future__ import annotations

import pytest

from migrate.dockerfile.directives import DirectiveZone, check_escape, check_rules, frontend
from migrate.dockerfile.errors import BAD_DIRECTIVE, DUPLICATE_DIRECTIVE, DockerfileError
from migrate.dockerfile.model import Directive
from migrate.spans import Span


def directives(*lines: str) -> list[tuple[str, str, int]]:
    zone = DirectiveZone()
    for number, line in enumerate(lines, 1):
        zone.take(line, number)
    return [(found.name, found.value, found.line) for found in zone.found]


def test_directives_are_read_until_a_line_is_none() -> None:
    assert directives("#syntax=a", "# ESCAPE = `", "# check=skip=all") == [
        ("syntax", "a", 1),
        ("escape", "`", 2),
        ("check", "skip=all", 3),
    ]
    for other in ("", "# comment", "# foo=bar", "FROM a", "#! /bin/sh", "# syntax", "# syntax=", "# sýntax=a"):
        assert directives(other, "# escape=`") == []


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("# syntax=a b ", "a b"),
        ("#\u00a0syntax=a", "a"),
        ("#syntax\t=\ta\t", "a"),
        ("# syntax=  ", " "),
        ("# syntax=a=b", "a=b"),
        ("# syntax= " + " " * 60000 + "a", "a"),
    ],
)
def test_values(line: str, value: str) -> None:
    assert directives(line) == [("syntax", value, 1)]


def test_a_repeated_directive_is_refused() -> None:
    with pytest.raises(DockerfileError) as caught:
        directives("# check=skip=all", "#check=skip=all")
    assert caught.value.code == DUPLICATE_DIRECTIVE
    assert caught.value.span == Span.of(2, 1, 2, 16)
    assert caught.value.fields == {"directive": "check"}


def test_the_escape_is_a_backslash_or_a_backtick() -> None:
    for value in ("\\", "`"):
        check_escape(Directive("escape", value, 1), 10)
    with pytest.raises(DockerfileError) as caught:
        check_escape(Directive("escape", "/", 1), 10)
    assert caught.value.code == BAD_DIRECTIVE


@pytest.mark.parametrize(
    "value", ["skip=all", "skip=A,B;error=true", "error=1", "experimental=x", "skip=a;error=F;skip"]
)
def test_checks(value: str) -> None:
    refused = value.endswith(";skip")
    try:
        check_rules([f"# check={value}"])
    except DockerfileError:
        assert refused
    else:
        assert not refused


@pytest.mark.parametrize("value", ["foo", "foo=bar", "error=maybe", "skip=a;;"])
def test_bad_checks(value: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        check_rules([f"# check={value}"])
    assert caught.value.code == BAD_DIRECTIVE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# syntax=a\nFROM b", ("a", 1)),
        ("# check=skip=all\n# syntax=a b\nFROM b", ("a", 2)),
        ("#!/bin/x\n# syntax=a\nFROM b", ("a", 2)),
        ("// syntax=a\nFROM b", ("a", 1)),
        ('{"syntax": "a"}', ("a", 1)),
        ('{\n "syntax": "a"}', ("a", 1)),
        ('#!/bin/x\n{"syntax": "a"}', ("a", 2)),
        ('{"syntax": 1}', None),
        ('{"syntax": "a"', None),
        ("[1]", None),
        (" # syntax=a\nFROM b", None),
        ("# x\n# syntax=a", None),
        ("\n# syntax=a", None),
        ("", None),
    ],
)
def test_the_frontend(text: str, expected: tuple[str, int] | None) -> None:
    found = frontend(text.split("\n"), text)
    assert (found and (found.value, found.line)) == expected
