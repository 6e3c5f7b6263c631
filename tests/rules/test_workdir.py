"""WORKDIR: the whole rest of the line is one folder."""

from __future__ import annotations

import pytest
from support import assert_lines


@pytest.mark.parametrize(
    ("instructions", "expected", "codes"),
    [
        ("WORKDIR /app", "WORKDIR /app", []),
        ("WORKDIR app/b", "WORKDIR app/b", []),
        ('WORKDIR "/a b"', 'WORKDIR "/a b"', []),
        ("WORKDIR /a b", 'WORKDIR "/a b"', []),
        ("ENV D=/x\nWORKDIR $D/y", "ENV D=/x\nWORKDIR $D/y", []),
        ("WORKDIR $HOME/x", "WORKDIR /x", ["EM308"]),
        # An empty one changes nothing; earth would cut the slash off.
        ("WORKDIR $HOME", "WORKDIR .", ["EM308"]),
        ("WORKDIR /a\nWORKDIR $N", "WORKDIR /a\nWORKDIR $N", []),
        ("WORKDIR /a/\nWORKDIR $N", "WORKDIR /a/\nWORKDIR /a/", []),
        ("ENV D=/a//b\nWORKDIR $D\nWORKDIR $N", "ENV D=/a//b\nWORKDIR $D\nWORKDIR $D", []),
        ("WORKDIR /a/\nWORKDIR b\nWORKDIR $N", "WORKDIR /a/\nWORKDIR b\nWORKDIR $N", []),
        ("WORKDIR /a # c", 'WORKDIR "/a # c"', []),
    ],
)
def test_workdir(instructions: str, expected: str, codes: list[str]) -> None:
    assert_lines(instructions, expected, codes)
