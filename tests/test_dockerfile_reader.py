"""The reader as a whole: layout, positions, the order of errors, and what holds for any text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from migrate.dockerfile import errors
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import Directive, Dockerfile, Instruction, Line, OnbuildDetail
from migrate.dockerfile.reader import read
from migrate.spans import Position, Span

CATALOGUE = YAML(typ="safe").load(
    (Path(__file__).resolve().parent.parent / "mappings/diagnostics/reading.yaml").read_text(encoding="utf-8")
)


def failure(source: str | bytes) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read(source)
    return caught.value


def test_a_file() -> None:
    text = (
        "# syntax=docker/dockerfile:1\n# top\n\nFROM a AS b\n\n# run\nRUN x \\\n  # in\n  y\n"
        "COPY <<E /z\nhi\nE\n# end\n"
    )
    found = read(text)
    assert found.directives == (Directive("syntax", "docker/dockerfile:1", 1),)
    assert (found.escape, found.newline) == ("\\", "\n")
    assert found.lines == tuple(text.split("\n")[:-1])
    base, run, copy = found.instructions
    assert base.above == (Line(2, "# top", "comment"), Line(3, "", "blank"))
    assert run.above == (Line(5, "", "blank"), Line(6, "# run", "comment"))
    assert run.lines == (Line(7, "RUN x \\", "code"), Line(8, "  # in", "comment"), Line(9, "  y", "code"))
    assert (run.text, run.chunks) == ("x   y", ((0, 7, 5), (2, 9, 1)))
    assert run.span == Span.of(7, 1, 9, 4)
    assert copy.lines == (Line(10, "COPY <<E /z", "code"), Line(11, "hi", "heredoc"), Line(12, "E", "heredoc"))
    assert copy.span == Span.of(10, 1, 12, 2)
    assert found.trailing == (Line(13, "# end", "comment"),)


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [
        ("FROM a\n  RUN  \tb c", 2, Position(2, 11)),
        ("FROM a\nRUN b\\\nc\\\n\\\n d", 1, Position(3, 1)),
        ("FROM a\nRUN b\\\nc\\\n\\\n d", 3, Position(5, 2)),
        ("FROM a\n\\\n  RUN b", 0, Position(3, 7)),
        ("FROM a\nR\\\nUN b", 0, Position(3, 4)),
        ("FROM a\nRUN\\\n b", 0, Position(3, 2)),
        ("FROM a\r\nRUN é😀b", 2, Position(2, 7)),
        ("\ufeffFROM a", 0, Position(1, 6)),
    ],
)
def test_positions(text: str, offset: int, position: Position) -> None:
    assert read(text).instructions[-1].position(offset) == position


def test_a_keyword_may_be_cut() -> None:
    found = read("FROM a\nR\\\nUN b").instructions[-1]
    assert (found.keyword, found.text, found.span) == ("RUN", "b", Span.of(2, 1, 3, 5))


def test_line_endings_and_marks() -> None:
    found = read(b"\xef\xbb\xbfFROM a\r\nRUN b \\\r\n c\r\nCOPY <<E /x\r\nd\r\nE\r\n")
    assert found.newline == "\r\n"
    assert found.lines == ("FROM a", "RUN b \\", " c", "COPY <<E /x", "d", "E")
    assert found.instructions[1].text == "b  c"
    assert found.instructions[2].heredocs[0].body == "d\r\n"


def test_the_escape() -> None:
    found = read("# escape=`\nFROM a\nRUN b `\n c\\\nENV A=d` e")
    assert found.escape == "`"
    assert [instruction.text for instruction in found.instructions] == ["a", "b  c\\", "A=d` e"]


@pytest.mark.parametrize(
    ("source", "code", "span"),
    [
        (b"FROM a\nRUN \xff", errors.NOT_UTF8, Span.of(2, 5, 2, 6)),
        ("FROM a\nRUN é\ud800", errors.NOT_UTF8, Span.of(2, 6, 2, 7)),
        ("FROM a\nRUN \0", errors.NUL_BYTE, Span.of(2, 5, 2, 6)),
        ("\ufeffFROM \0", errors.NUL_BYTE, Span.of(1, 6, 1, 7)),
        ("", errors.EMPTY_FILE, None),
        ("\ufeff", errors.EMPTY_FILE, None),
        ("\n", errors.NO_INSTRUCTIONS, None),
        ("# a\n\n # b\n", errors.NO_INSTRUCTIONS, None),
        ("# escape=`\n", errors.NO_INSTRUCTIONS, None),
        ("# " + "x" * 65535, errors.NO_INSTRUCTIONS, None),
        ("ARG A=1\n", errors.NO_STAGE, None),
        ("ARG A=1\nENV B=c\nFROM a", errors.BEFORE_FROM, Span.of(2, 1, 2, 8)),
        ("ENV B=c \\\n D=e", errors.BEFORE_FROM, Span.of(1, 1, 2, 5)),
        ("\\\n", errors.UNKNOWN_INSTRUCTION, Span.of(1, 1, 1, 1)),
        ("FROM a\n RUNN x", errors.UNKNOWN_INSTRUCTION, Span.of(2, 2, 2, 6)),
        ("FROM a\nRU\\\nNN x", errors.UNKNOWN_INSTRUCTION, Span.of(2, 1, 2, 4)),
        ("FROM a\nRUN " + "x" * 65536, errors.LINE_TOO_LONG, Span.of(2, 1, 2, 1)),
        ("# escape=x\nFROM a", errors.BAD_DIRECTIVE, Span.of(1, 1, 1, 11)),
        ("# check=x\nFROM a", errors.BAD_DIRECTIVE, Span.of(1, 1, 1, 10)),
        ("# escape=`\n# escape=`\nFROM a", errors.DUPLICATE_DIRECTIVE, Span.of(2, 1, 2, 11)),
        ("# syntax=a/b\nFROM", errors.FOREIGN_FRONTEND, Span.of(1, 1, 1, 13)),
        ("FROM a\nRUN <<E\nx", errors.UNTERMINATED_HEREDOC, Span.of(2, 1, 2, 8)),
    ],
)
def test_whole_files_that_are_refused(source: str | bytes, code: str, span: Span | None) -> None:
    error = failure(source)
    assert (error.code, error.span) == (code, span)


@pytest.mark.parametrize(("code", "entry"), CATALOGUE.items())
def test_the_catalogue_shows_what_happens(code: str, entry: dict[str, str]) -> None:
    if "before" in entry:
        assert failure(entry["before"]).code == code
    if "after" in entry:
        read(entry["after"])


def test_every_error_has_an_entry_with_these_fields() -> None:
    codes = {value for name, value in vars(errors).items() if name.isupper()}
    assert codes == set(CATALOGUE)


# --- any text ---------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("FROM a\n", "FROM a AS b\n", "ARG A=1\n", "RUN x", "COPY a b", "ENV A=b", "ONBUILD ", "HEALTHCHECK CMD x"),
        *("CMD ", "SHELL ", "VOLUME ", "LABEL ", "ADD ", "EXPOSE 80", "USER ", "WORKDIR /", "STOPSIGNAL 9"),
        *("<<E", "<<-'E'", "\nE\n", "\n\tE\n", '["a", "b"]', "[1]", "--mount=type=cache,target=/x ", "--from=b "),
        *("# c\n", "\\\n", "\\ \n", "`\n", "\n", "\r\n", "\n\n", " ", "\t", "'", '"', "\\", "$A", "${A:-b}", "${"),
        *("# escape=`\n", "# syntax=docker/dockerfile:1\n", "\ufeff", "\u00a0", "é", "=", "{{ x }}", "\x1c", "--"),
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=16).map("".join))


def outcome(source: str | bytes) -> Dockerfile | None:
    """What ``read`` returns, None for a refusal whose place and fields are in order; all else fails the test."""
    try:
        return read(source)
    except DockerfileError as error:
        told = error
    entry = CATALOGUE[told.code]
    (entry["message"] + entry["hint"]).format(**told.fields)
    if told.span is not None:
        text = source if isinstance(source, str) else source.decode(errors="replace")
        lines = text.removeprefix("\ufeff").split("\n")
        for position in (told.span.start, told.span.end):
            assert 1 <= position.line <= len(lines)
            assert 1 <= position.column <= len(lines[position.line - 1]) + 2
        assert told.span.start <= told.span.end
    return None


@given(TEXTS)
@example("FROM a\nRUN \\\n\\\n# c\n")
@example("FROM a\nONBUILD ONBUILD RUN <<E\n")
def test_any_text_is_read_or_refused(text: str) -> None:
    outcome(text)
    outcome("FROM a\n" + text)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome(data)
    outcome(b"FROM a\nRUN " + data)


@given(TEXTS)
def test_every_line_belongs_to_one_place(text: str) -> None:
    found = outcome("FROM a\n" + text)
    if found is None:
        return
    numbers = [directive.line for directive in found.directives]
    for instruction in found.instructions:
        numbers += [line.number for line in (*instruction.above, *instruction.lines)]
        assert {line.kind for line in instruction.above} <= {"comment", "blank"}
    numbers += [line.number for line in found.trailing]
    assert sorted(numbers) == list(range(1, len(found.lines) + 1))
    assert numbers == sorted(numbers)


@given(TEXTS)
def test_every_character_has_its_place(text: str) -> None:
    found = outcome("FROM a\n" + text)
    for instruction in found.instructions if found else ():
        check_places(instruction, found.lines if found else ())


def check_places(instruction: Instruction, lines: tuple[str, ...]) -> None:
    places = [instruction.position(offset) for offset in range(len(instruction.text))]
    assert [lines[place.line - 1][place.column - 1] for place in places] == list(instruction.text)
    assert places == sorted(places)
    start = instruction.span.start
    assert lines[start.line - 1][start.column - 1 :].startswith(instruction.written[:1])
    if isinstance(instruction.detail, OnbuildDetail):
        check_places(instruction.detail.trigger, lines)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN b \\\n" + "  c d e \\\n" * 20000 + "  f\n",
        "FROM a\n" + ("ENV " + 'A="b c" ' * 8000 + "\n") * 2,
        "FROM a\nCOPY <<E /x\n" + "line $x\n" * 30000 + "E\n",
        "FROM a\nRUN b " + "<<E " * 8000 + "\n" + "x\nE\n" * 8000,
        "FROM a\nRUN " + "--mount=type=cache,target=/x " * 2000 + "\n",
        "FROM a\n" + "# c\n" * 50000,
        "FROM a\nENV A=" + "${x:-" * 10000,
        "FROM a\nUSER " + "${x##*" * 10000,
        "FROM a\nCMD " + "[" * 60000,
        "FROM a\nCMD [" + '"a",' * 15000 + '"b"]',
        "FROM a\n" + "ONBUILD " * 8000,
        "# syntax= " + " " * 60000 + "a",
        "# check=" + ";" * 60000 + "\nFROM a",
        "FROM " + "{{" * 30000,
        "FROM a\n" + "{" * 60000,
        "FROM " + "@a" * 30000,
        "FROM a\n" + "".join(f"FROM a AS s{index}\n" for index in range(10000)),
    ],
    ids=range(17),
)
def test_large_input_takes_no_more_than_its_share(text: str) -> None:
    began = time.perf_counter()
    outcome(text)
    assert time.perf_counter() - began < 5
