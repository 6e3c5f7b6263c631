"""Positions in a text: 1-based lines and columns, columns counted in characters."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """One character's place: ``line`` and ``column`` are 1-based."""

    line: int
    column: int


class Span(NamedTuple):
    """A stretch of text; ``end`` is the position just after its last character."""

    start: Position
    end: Position

    @classmethod
    def of(cls, line: int, column: int, end_line: int, end_column: int) -> Span:
        """The span between two line/column pairs."""
        return cls(Position(line, column), Position(end_line, end_column))
