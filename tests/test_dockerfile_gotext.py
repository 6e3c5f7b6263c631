"""Text as Go sees it."""

from __future__ import annotations

from migrate.dockerfile.errors import suggestion
from migrate.dockerfile.gotext import BLANKS, SPACE, first_word, lower


def test_spaces_are_gos() -> None:
    assert all(char.isspace() for char in SPACE)
    assert not set("\x1c\x1d\x1e\x1f") & set(SPACE)  # Python takes these for spaces
    assert BLANKS.split("a\u00a0b \t\v\f\rc") == ["a\u00a0b", "c"]


def test_lowering_keeps_the_length() -> None:
    assert lower("RUN") == "run"
    assert lower("\u0130\u212a") == "ik"
    assert len(lower("\u0130" * 3)) == 3


def test_the_first_word() -> None:
    assert first_word(" RUN\tx ") == "RUN"
    assert first_word("RUN\u00a0x") == "RUN\u00a0x"
    assert first_word("\u00a0RUN\u00a0") == "RUN"
    assert first_word("") == ""


def test_suggestions() -> None:
    assert suggestion("COPPY", ["COPY", "RUN"]) == ", did you mean COPY?"
    assert suggestion("XYZ", ["COPY", "RUN"]) == ""
