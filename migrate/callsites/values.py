"""Words of a command, whatever carrier they stand in: what is known of their text, and how it was written."""

from __future__ import annotations

import re
from typing import NamedTuple

_MOST_UNKNOWN = 3


class Piece(NamedTuple):
    """A stretch of a word. ``text`` is its value, None when only the run knows it; ``raw`` is how it was written.

    ``quote`` is the quote it stands in: ``"``, ``'`` or nothing. ``raw`` comes without these quotes.
    """

    raw: str
    text: str | None
    quote: str = ""


class Value(NamedTuple):
    """One word: its pieces, and where it stands (offsets into the carrier's text)."""

    pieces: tuple[Piece, ...]
    start: int = 0
    end: int = 0

    @property
    def text(self) -> str | None:
        """The word's value, None when a part of it is only known at run time."""
        parts = [piece.text for piece in self.pieces]
        return None if None in parts else "".join(part for part in parts if part is not None)

    @property
    def head(self) -> str:
        """The literal text that the word starts with."""
        found = ""
        for piece in self.pieces:
            if piece.text is None:
                break
            found += piece.text
        return found

    def after(self, size: int) -> Value:
        """The word without its first ``size`` characters, which must be literal."""
        pieces = list(self.pieces)
        while size and pieces:
            first = pieces.pop(0)
            assert first.text is not None
            if len(first.text) <= size:
                size -= len(first.text)
                continue
            # A cut inside escapes cannot be seen in the raw text: write the rest plainly.
            rest = first.text[size:]
            raw = first.raw[size:] if first.raw == first.text else None
            pieces.insert(0, Piece(raw, rest, first.quote) if raw is not None else literal_piece(rest))
            size = 0
        return Value(tuple(pieces), self.start, self.end)

    def before(self, text: str) -> Value:
        """The word with literal ``text`` in front; ``--`` alone goes into the word's own double quotes."""
        if text == "--" and self.pieces and self.pieces[0].quote == "new":
            whole = literal_piece(text + (self.pieces[0].text or ""))
            return Value((whole, *self.pieces[1:]), self.start, self.end)
        first = self.pieces[0].quote if self.pieces else ""
        quote = first if first == '"' and not text.endswith("=") else ""
        return Value((Piece(text, text, quote), *self.pieces), self.start, self.end)


def double_quoted(piece: Piece) -> Piece:
    """``piece`` for a word in double quotes, where it can stand there."""
    if piece.quote in ("new", "'") and piece.text is not None and not set(piece.text) & set('"$`\\!'):
        return Piece(piece.text, piece.text, '"')
    return piece._replace(quote='"') if piece.quote == "" and (piece.raw == piece.text or piece.text is None) else piece


def pattern(value: Value) -> str | None:
    """A regular expression for the paths that ``value`` may be; None with so many unknown parts that it takes long."""
    parts = [".+" if piece.text is None else re.escape(piece.text) for piece in value.pieces]
    joined = re.sub(r"(?:\.\+){2,}", ".+", "".join(parts)).removeprefix(re.escape("./"))
    return joined if sum(piece.text is None for piece in value.pieces) <= _MOST_UNKNOWN else None


def split_at(value: Value, mark: str) -> list[Value]:
    """``value`` cut at each literal ``mark``, a single character that has no spelling of its own in quotes."""
    parts: list[list[Piece]] = [[]]
    for piece in value.pieces:
        for index, text in enumerate((piece.text or "").split(mark) if piece.text is not None else [None]):
            if index:
                parts.append([])
            same = text == piece.text
            if text is None or same:
                parts[-1].append(piece)
            elif text:
                kept = piece.raw == piece.text
                parts[-1].append(Piece(text, text, piece.quote) if kept else literal_piece(text))
    return [Value(tuple(part), value.start, value.end) for part in parts]


def literal(text: str) -> Value:
    """A word whose text is known."""
    return Value((literal_piece(text),))


def literal_piece(text: str) -> Piece:
    """Text that a carrier's own printer has to quote: it has no spelling yet."""
    return Piece("", text, "new")
