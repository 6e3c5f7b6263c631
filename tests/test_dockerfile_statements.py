"""The table that maps an instruction's text back to the file."""

from __future__ import annotations

import pytest

from migrate.dockerfile.lines import scan
from migrate.dockerfile.statements import Chunks, canonical, physical, shifted, statement, trigger
from migrate.spans import Position, Span

TABLE: Chunks = ((0, 1, 5), (4, 2, 1), (9, 4, 1))


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 12, ((0, 1, 5), (4, 2, 1), (9, 4, 1))),
        (2, 10, ((0, 1, 7), (2, 2, 1), (7, 4, 1))),
        (4, 8, ((0, 2, 1), (5, 4, 1))),
        (6, 2, ((0, 2, 3),)),
        (10, 2, ((0, 4, 2),)),
        (12, 0, ((0, 4, 4),)),
    ],
)
def test_a_part_of_the_text_has_a_part_of_the_table(start: int, length: int, expected: Chunks) -> None:
    assert shifted(TABLE, start, length) == expected


def test_a_statement_knows_its_lines() -> None:
    found = scan("FROM a\n# c\nONBUILD \\\n\n\\\n RUN b\n")
    block = found.blocks[1]
    outer = statement(found, 1, block.first, block.last, block)
    assert (outer.name, outer.operand, outer.chunks) == ("ONBUILD", "RUN b", ((0, 6, 2),))
    assert [line.number for line in outer.above] == [2]
    assert [line.kind for line in outer.lines] == ["code", "blank", "code", "code"]
    assert (outer.keyword_span(), outer.header()) == (Span.of(3, 1, 3, 8), Span.of(3, 1, 6, 7))
    inner = trigger(outer, "\\")
    assert (inner.name, inner.operand, inner.start) == ("RUN", "b", Position(6, 2))


def test_directives_are_no_lines_of_an_instruction() -> None:
    found = scan("# escape=`\n# c\nFROM a")
    assert [line.text for line in physical(found, 0, 3)] == ["# c", "FROM a"]


def test_names() -> None:
    assert [canonical(word) for word in ("RUN", "run", "OnBuild", "RUNN", "", "wor\u212adir")] == [
        *("RUN", "RUN", "ONBUILD"),
        *("", "", "WORKDIR"),
    ]
