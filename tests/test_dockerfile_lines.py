"""Physical lines: what belongs to one instruction, and what lies between."""

from __future__ import annotations

import pytest

from migrate.dockerfile.errors import BAD_DIRECTIVE, BAD_HEREDOC, LINE_TOO_LONG, UNTERMINATED_HEREDOC, DockerfileError
from migrate.dockerfile.lines import LONGEST, scan
from migrate.spans import Span


def joined(text: str) -> list[str]:
    found = scan(text)
    assert found.error is None
    return [found.joined(block.first, block.last) for block in found.blocks]


def failure(text: str) -> DockerfileError:
    error = scan(text).error
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b\n", ["FROM a", "RUN b"]),
        ("FROM a", ["FROM a"]),
        ("\n  \n# c\nFROM a", ["FROM a"]),
        ("  FROM a", ["FROM a"]),
        ("\u2003FROM a", ["FROM a"]),
        ("\ufeffFROM a", ["FROM a"]),
        ("FROM a\r\nRUN b \\\r\n c\r\n", ["FROM a", "RUN b  c"]),
        ("RUN a\\\n   b", ["RUN a   b"]),
        ("RUN a \\ \t\n b", ["RUN a  b"]),
        ("RUN a \\\u00a0\nRUN b", ["RUN a \\\u00a0", "RUN b"]),
        ("RUN a \\\\\nRUN b", ["RUN a \\\\", "RUN b"]),
        ("RUN a \\\\\\\nRUN b", ["RUN a \\\\\\", "RUN b"]),
        ("RUN a \\\n\\\n b", ["RUN a  b"]),
        ("\\\nRUN a", ["RUN a"]),
        ("RU\\\nN a", ["RUN a"]),
        ("RUN a \\\n# c\n  # d\n b", ["RUN a  b"]),
        ("RUN 'a \\\n# c\n b'", ["RUN 'a  b'"]),
        ("RUN a \\\n\n \t\n b", ["RUN a  b"]),
        ("RUN a \\\n\nRUN b", ["RUN a RUN b"]),
        ("RUN a \\", ["RUN a "]),
        ("RUN a \\\n# c", ["RUN a "]),
        ("RUN a # c \\\n b", ["RUN a # c  b"]),
        ("# escape=`\nRUN a `\n b\\\nRUN c", ["RUN a  b\\", "RUN c"]),
        ("RUN a\fb\x0bc\x85d\u2028e", ["RUN a\fb\x0bc\x85d\u2028e"]),
        ("RUN a\rb", ["RUN a\rb"]),
    ],
)
def test_lines_are_joined(text: str, expected: list[str]) -> None:
    assert joined(text) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("# escape=`\n# c\n\nFROM a\n", [None, "comment", "blank", "code"]),
        ("RUN a \\\n# c\n\n b\n# d", ["code", "comment", "blank", "code", "comment"]),
        ("RUN <<E\n# c\n\nE\n", ["code", "heredoc", "heredoc", "heredoc"]),
        ("RUN a \\\n\n# c", ["code", "blank", "comment"]),
    ],
)
def test_every_line_has_a_kind(text: str, kinds: list[str | None]) -> None:
    assert scan(text).kinds == kinds


def test_blocks_name_their_lines() -> None:
    found = scan("FROM a\n\n# c\nRUN <<A <<-B \\\n x\nA\n\tB\nCMD x \\\n")
    assert [(block.keyword, block.first, block.last, block.end) for block in found.blocks] == [
        ("FROM", 0, 0, 0),
        ("RUN", 3, 4, 6),
        ("CMD", 7, 7, 7),
    ]


def test_heredoc_bodies_are_raw() -> None:
    (block,) = scan("COPY <<A <<-'B' /x\r\n a \\\r\n# c\r\nA\r\n\t\tb\n \tB\n\tB\nUSER x").blocks[:1]
    first, second = block.heredocs
    assert (first.name, first.body, first.expand, first.chomp) == ("A", " a \\\r\n# c\r\n", True, False)
    assert (first.first_line, first.last_line) == (2, 3)
    assert (second.name, second.body, second.expand, second.chomp) == ("B", "\t\tb\n \tB\n", False, True)
    assert (second.first_line, second.last_line) == (5, 6)


def test_an_empty_body() -> None:
    (heredoc,) = scan("RUN <<A\nA\n").blocks[0].heredocs
    assert (heredoc.body, heredoc.first_line, heredoc.last_line) == ("", 2, 1)


@pytest.mark.parametrize(
    "line", ["CMD <<A", "ENV A=<<A", 'RUN ["<<A"]', "ONBUILD CMD <<A", "ONBUILD ONBUILD RUN <<A", "<<A"]
)
def test_only_some_instructions_open_heredocs(line: str) -> None:
    assert len(scan(f"{line}\nA\n").blocks) == 2


@pytest.mark.parametrize("line", ["RUN <<A", "copy <<A /x", "ADD <<A /x", "ONBUILD RUN <<A", "RUN --mount=a <<A"])
def test_these_do(line: str) -> None:
    assert len(scan(f"{line}\nA\n").blocks) == 1


def test_newlines_are_remembered() -> None:
    assert scan("FROM a\r\n").newline == "\r\n"
    assert scan("FROM a\nRUN b\r\n").newline == "\n"
    assert scan("FROM a").newline == "\n"


def test_an_open_heredoc() -> None:
    error = failure("FROM a\n  RUN x \\\n <<EOF\nEOF \n")
    assert (error.code, error.fields) == (UNTERMINATED_HEREDOC, {"name": "EOF"})
    assert error.span == Span.of(2, 3, 3, 7)


def test_a_broken_heredoc_name() -> None:
    # BuildKit splits the value of a substitution at its spaces, quoted or not.
    assert failure('RUN ${a:-" <<"}x\n').code == BAD_HEREDOC


def test_a_bad_escape_stops_the_scan() -> None:
    found = scan("# escape=x\nFROM a\n")
    assert found.error is not None
    assert found.error.code == BAD_DIRECTIVE
    assert found.blocks == []


@pytest.mark.parametrize("char", ["x", "é", "\U0001f600"])
def test_the_longest_line(char: str) -> None:
    width = len(char.encode())
    fits = "# " + "x" * (LONGEST - 2 - 3 * width) + char * 3
    assert scan(f"FROM a\n{fits}\nRUN b").error is None
    found = scan(f"FROM a\n{fits}x\nRUN b")
    assert found.error is not None
    assert (found.error.code, found.error.span) == (LINE_TOO_LONG, Span.of(2, 1, 2, 1))
    assert len(found.blocks) == 1
