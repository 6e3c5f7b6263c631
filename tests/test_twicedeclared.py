"""Several values of one argument: what a caller passes replaces each."""

from __future__ import annotations

import pytest
from support import body, codes, converted


def test_each_target_keeps_what_is_passed() -> None:
    conversion = converted("FROM alpine:3.20 AS a\nARG A=1\nRUN x\nARG A=2\nRUN y\nFROM a\nRUN x\nARG A=3\nRUN y\n")
    kept = ["ARG A", "LET A_PASSED=$A"]
    assert body(conversion, "a") == [*kept, "LET A=${A_PASSED:-1}", "RUN x", "SET A=${A_PASSED:-2}", "RUN y"]
    assert body(conversion) == [*kept, "LET A=${A_PASSED:-2}", "RUN x", "SET A=${A_PASSED:-3}", "RUN y"]
    assert codes(conversion) == ["EM332", "EM332"]


def test_an_inherited_bare_one() -> None:
    conversion = converted("FROM alpine:3.20 AS a\nARG A\nRUN x\nFROM a\nRUN x\nARG A=3\nRUN y\n")
    assert body(conversion) == ["ARG A", "LET A_PASSED=$A", "RUN x", "LET A=${A_PASSED:-3}", "RUN y"]


@pytest.mark.parametrize(
    "text",
    [
        "ARG A=1\nARG A_PASSED=2\nARG A=3",
        "ARG A=1\nRUN echo $A_PASSED\nARG A=3",
        # An ENV of that name may be in force: what is passed and what it holds are one.
        "ENV A=0\nARG A\nRUN x\nARG A=3",
    ],
)
def test_where_it_cannot_be_kept(text: str) -> None:
    assert "EM304" in codes(converted(f"FROM alpine:3.20\n{text}\n"))
