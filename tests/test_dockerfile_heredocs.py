"""Heredoc headers: which words open one, under which name."""

from __future__ import annotations

import pytest

from migrate.dockerfile.heredocs import Header, chomped, find_headers, parse_header
from migrate.dockerfile.words import WordError


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("<<EOF", Header("EOF", True, False, 0)),
        ("<<-EOF", Header("EOF", True, True, 0)),
        ("<< EOF", Header("EOF", True, False, 0)),
        ("3<<EOF", Header("EOF", True, False, 3)),
        ("<<'EOF'", Header("EOF", False, False, 0)),
        ('<<"EOF"', Header("EOF", False, False, 0)),
        ("<<E'O'F", Header("EOF", False, False, 0)),
        ("<<\\EOF", Header("EOF", True, False, 0)),
        ("<<'E F'", Header("E F", False, False, 0)),
        ("<<EOF>/x", Header("EOF>/x", True, False, 0)),
        ("<<EOF;", Header("EOF;", True, False, 0)),
        ("<<$A", Header("$A", True, False, 0)),
        ("<<${A:-b}", Header("${A:-b}", True, False, 0)),
        ("99999999999999999999999<<EOF", Header("EOF", True, False, (1 << 64) - 1)),
        ("<<", None),
        ("<<-", None),
        ("<<<x", None),
        ("cat<<EOF", None),
        ("<EOF", None),
        ("\u0661<<EOF", None),
    ],
)
def test_a_word_opens_a_heredoc(word: str, expected: Header | None) -> None:
    assert parse_header(word) == expected


def test_a_broken_name_is_an_error() -> None:
    with pytest.raises(WordError):
        parse_header("<<'EOF")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("RUN cat <<A > /x", ["A"]),
        ("RUN <<A <<-'B' && y", ["A", "B"]),
        ("RUN cat << A", ["A"]),
        ("RUN <<A; x", ["A;"]),
        ("RUN cat<<A", []),
        ('RUN x "$(cat <<A"', []),
        ("RUN echo $((1 << 2))", ["2))"]),
        ("RUN echo $((1<<2))", []),
        ("RUN cat <<<x", []),
        ("RUN it's <<A", []),
        ("COPY <<A <<A /x", ["A", "A"]),
    ],
)
def test_the_heredocs_of_a_line(line: str, names: list[str]) -> None:
    assert [header.name for header in find_headers(line)] == names


def test_the_terminator() -> None:
    plain, tabs = Header("EOF", True, False, 0), Header("EOF", True, True, 0)
    assert plain.ends("EOF")
    assert not plain.ends("\tEOF")
    assert not plain.ends("EOF ")
    assert tabs.ends("\t\tEOF")
    assert not tabs.ends(" EOF")


def test_chomping_strips_leading_tabs() -> None:
    assert chomped("\ta\n\t\tb\n \tc\nd\te\n") == "a\nb\n \tc\nd\te\n"
