"""Splitting with dockerfile-parse: it agrees with the line scanner on every text, and costs no more than it must."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.dockerfile.lines import Scan, scan
from migrate.dockerfile.split import SplitError, mask, split

TRICKY = [
    "FROM a\nRUN b \\\n# c\n d\n",
    "FROM a\nRUN b \\\n\n d\n",
    "FROM a\nRUN <<E\nFROM b\nx \\\nE\nUSER c\n",
    "FROM a\nRUN b \\\\\nUSER c\n",
    "FROM a\nRUN b \\",
    "FROM a\nRUN b \\\n# c",
    "FROM a\nRUN",
    "# escape=`\nFROM a\\\nRUN b `\n c\n",
    "# check=skip=all\n# escape=`\nFROM a\\\nRUN b\n",
    "\ufeffFROM a\n",
    "FROM\u00a0a\n",
    "RU\\\nN a\n",
    "RUN\\\n a\n",
    "\\\nRUN a\n",
    "COMMENT a\nCOMMENT\n",
    "RUN a \\\n\x1c# b\n c\n",
    "\x1c# a\n",
    "RUN a \\\u2003\nUSER b\n",
    "RUN a\x0b\\\x0b\nUSER b\n",
    "RUN a\fb\x85c\u2028d\n",
    "RUN " + "a \\\n" * 200 + "b\nUSER c\n",
    "",
]


@pytest.mark.parametrize("text", TRICKY)
def test_the_library_finds_the_same_instructions(text: str) -> None:
    found = scan(text)
    assert split(found) == [(block.first, block.last) for block in found.blocks]


@given(st.text(alphabet="FROMRUNaE \t\\`#<'\n\r\x0b\x1c\u00a0é", max_size=60))
def test_it_does_so_for_any_text(text: str) -> None:
    found = scan(text)
    assert split(found) == [(block.first, block.last) for block in found.blocks]


def test_the_mask_keeps_ordinary_lines() -> None:
    text = "# c\nFROM a\n\nRUN b && \\\n # d\n c\nCOPY <<E /x\nbody\nE\nENV A=b\\\\\n"
    masked, keywords = mask(scan(text))
    assert masked == "\nFROM a\n\nRUN b && \\\n \\\n c\nCOPY <<E /x\n\n\nENV A=b\\\\.\n"
    assert keywords == ["FROM", "RUN", "COPY", "ENV"]


def test_a_disagreement_is_an_error() -> None:
    found = scan("FROM a\nRUN b\n")
    found.blocks[1].keyword = "USER"
    found.blocks[1].last = 0
    with pytest.raises(SplitError):
        split(found)


def test_one_very_long_instruction_takes_linear_time() -> None:
    def cost(lines: int) -> float:
        found: Scan = scan("RUN a \\\n" + "  b c d \\\n" * lines + "  e\n")
        began = time.perf_counter()
        split(found)
        return time.perf_counter() - began

    cost(100)
    assert cost(40000) < 40 * max(cost(4000), 0.002)
