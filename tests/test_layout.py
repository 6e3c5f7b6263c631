"""Long instructions keep their lines and comments where earth reads the same in them."""

from __future__ import annotations

import pytest
from support import BASE, body, converted

from migrate.dockerfile.reader import read
from migrate.layout import lines_of, spellings


def lines(text: str) -> list[str]:
    return [line.text for line in lines_of(read(BASE + text).instructions[1])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a", ["a"]),
        ("RUN a && \\\n    b", ["a && \\", "    b"]),
        ("RUN a \\\n\n  # c\n  b", ["a \\", "  # c", "  b"]),
        ("RUN a \\\n# c\n\tb", ["a \\", "    # c", "    b"]),
        # A line that says nothing goes, its comment stays.
        ("RUN a \\\n  \\\n  b", ["a \\", "  b"]),
        # Glued to the backslash: a blank, where the next line begins with one.
        ("RUN a;\\\n  b", ["a; \\", "  b"]),
    ],
)
def test_lines(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


def test_edits() -> None:
    instruction = read(BASE + "RUN --network=default a \\\n  b c").instructions[1]
    flag = instruction.flags[0]
    start = instruction.text.index("b")
    edited = lines_of(instruction, [(flag.start, flag.end + 1, ""), (start, start + 1, "new")])
    assert [line.text for line in edited] == ["a \\", "  new c"]
    _, (joined,) = spellings(instruction, [(flag.start, flag.end + 1, "")])
    assert joined.text == "a   b c"


def test_blanks_that_begin_a_line_inside_a_quote_move_up_or_the_lines_are_joined() -> None:
    instruction = read(BASE + 'RUN a "x \\\n   y" \\\n   b').instructions[1]
    first, moved, whole, (joined,) = spellings(instruction)
    assert [line.text for line in moved] == ['a "x    \\', '   y" \\', "   b"]
    assert [line.text for line in first] == ['a "x \\', '   y" \\', "   b"]
    assert [line.text for line in whole] == ['a "x    y" \\', "   b"]
    assert joined.text == 'a "x    y"    b'


@pytest.mark.parametrize("text", ["a", "a 'b' \"c\""])
def test_one_line_has_one_spelling(text: str) -> None:
    assert len(list(spellings(read(BASE + f"RUN {text}").instructions[1]))) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a 'b\\' \\\n c", 2),  # inside single quotes a backslash means nothing to a shell
        ('a "b\\" \\\n c"', 4),
        ("a \\' \\\n c", 2),
        ('a "\'" \\\n c', 2),
        ("a '\"' \\\n c", 2),
        ("a ' \\\n c'", 4),
        ("a '\\\nc'", 3),  # nothing parts the lines
    ],
)
def test_an_open_quote_is_seen(text: str, count: int) -> None:
    assert len(list(spellings(read(BASE + f"RUN {text}").instructions[1]))) == count


def test_comments_and_blank_lines_between_instructions() -> None:
    conversion = converted("# top\n\n# of the stage\nFROM alpine:3.20\n\n  # above\nRUN a\n\n\n\n# last\n")
    text = conversion.earthfile or ""
    expected = (
        "VERSION 0.8\n\n# top\n\n# of the stage\ndocker:\n    FROM alpine:3.20\n\n    # above\n    RUN a\n"
        "    # last\n    SAVE IMAGE --push app:latest\n"
    )
    assert text == expected or text == expected.replace("    # last", "\n    # last")


def test_line_endings_stay() -> None:
    text = converted("FROM alpine:3.20\r\nRUN a \\\r\n  b\r\n").earthfile or ""
    assert text.count("\r\n") == text.count("\n") > 4


def test_directives_go_and_comments_stay() -> None:
    text = (
        converted("# syntax=docker/dockerfile:1\n# escape=`\n# real\nFROM alpine:3.20\nRUN a `\n  b\n").earthfile or ""
    )
    assert "syntax" not in text
    assert "escape" not in text
    assert "# real" in text
    assert "RUN a \\\n" in text


@pytest.mark.parametrize("bad", ["#\r X=1", "# a\rRUN b"])
def test_a_carriage_return_ends_no_comment(bad: str) -> None:
    """Only a newline ends a line in Docker; to earth a carriage return does as well."""
    text = converted(f"{bad}\nFROM alpine:3.20\n{bad}\nRUN c\n{bad}\n").earthfile or ""
    assert "\r" not in text


def test_comments_inside_an_instruction_that_becomes_one_line() -> None:
    assert body(converted(BASE + "ENTRYPOINT a \\\n  # why\n  b\n"))[0] == "# why"


@pytest.mark.parametrize("rest", ["FROM alpine", "ARG X=2\nFROM alpine\nARG X", "FROM alpine:$X", "FROM alpine\nARG X"])
def test_comments_inside_a_global_argument(rest: str) -> None:
    text = converted(f"ARG \\\n  # why\n  X=1\n{rest}\n").earthfile or ""
    assert text.count("# why") == 1
