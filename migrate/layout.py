"""Keeps the line breaks and comments of a long instruction in the command it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import TextLine

_MARKS = re.compile(r"""\\[\s\S]?|['"]""")
Edit = tuple[int, int, str]
"""Replace ``Instruction.text[start:end]`` by a text without newlines."""


def lines_of(instruction: Instruction, edits: Sequence[Edit] = (), *, start: int = 0) -> tuple[TextLine, ...]:
    """The physical lines of ``instruction.text[start:]`` after ``edits``, each but the last ending in a backslash.

    Comment lines inside stay on lines of their own, blank ones vanish (Docker ignores both); a line that the edits
    leave empty vanishes. Nothing is proven here: checked.py lexes the result and falls back to other spellings.
    """
    return _formatted(_pieces(instruction, edits, start), instruction)


def spellings(instruction: Instruction, edits: Sequence[Edit] = ()) -> Iterator[tuple[TextLine, ...]]:
    """``lines_of``; the same with the blanks that begin a line inside an open quote one line up (earth drops them), or
    with these lines joined; joined as Docker joins it. Each only where it is another one."""
    pieces = _pieces(instruction, edits, 0)
    yield _formatted(pieces, instruction)
    has_quotes = any("'" in text or '"' in text for _, text in pieces)
    joined = _with_whole_quotes(pieces) if has_quotes and len(pieces) > 1 else pieces
    if len(joined) < len(pieces):
        moved, exact = _with_moved_blanks(pieces)
        if exact:
            yield _formatted(moved, instruction, exact)
        yield _formatted(joined, instruction)
    if len(pieces) > 1:
        yield (TextLine("".join(text for _, text in pieces).strip(" \t")),)


def _with_whole_quotes(pieces: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    joined: list[tuple[int, str]] = []
    quote = ""
    for number, text in pieces:
        if quote:
            joined[-1] = (number, joined[-1][1] + text)
        else:
            joined.append((number, text))
        quote = _open_quote(text, quote)
    return joined


def _with_moved_blanks(
    pieces: Sequence[tuple[int, str]],
) -> tuple[list[tuple[int, str]], frozenset[int]]:
    """The pieces with the blanks that begin a line inside an open quote at the end of the line before, where earth
    reads them; and the lines that end so. Joined are lines with nothing to part them."""
    moved: list[tuple[int, str]] = []
    exact: set[int] = set()
    quote = ""
    for number, text in pieces:
        if quote:
            before, said = moved.pop()
            body = text.lstrip(" \t")
            whole = said + text[: len(text) - len(body)]
            if body and whole[-1:] == " ":
                exact.add(before)
                moved += [(before, whole), (number, text)]
            else:
                moved.append((number, said + text))
        else:
            moved.append((number, text))
        quote = _open_quote(text, quote)
    return moved, frozenset(exact)


def lines_inside_quotes(instruction: Instruction, text: str) -> tuple[TextLine, ...]:
    """The lines of an instruction whose only line breaks are inside quotes; () for another, and where it is written
    as another ``text`` now."""
    pieces = _pieces(instruction, (), instruction.operand_start)
    moved, exact = _with_moved_blanks(pieces)
    same = "".join(piece for _, piece in pieces).strip(" \t") == text
    return _formatted(moved, instruction, exact) if same and len(exact) == len(moved) - 1 else ()


def _formatted(
    pieces: Sequence[tuple[int, str]], instruction: Instruction, exact: frozenset[int] = frozenset()
) -> tuple[TextLine, ...]:
    """One line a piece; each piece comes with the number of its last physical line.

    No blank is added to those, or taken from them, whose number is in ``exact``.
    """
    comments = {line.number: line.text.strip() for line in instruction.lines if line.kind == "comment"}
    kept = [(number, text) for number, text in pieces if text.strip(" \t")]
    if not kept:
        return (TextLine(""),)
    result: list[TextLine] = []
    previous: int | None = None
    for index, (number, text) in enumerate(kept):
        if previous is not None:
            indent = " " * (len(indent_in_blanks(text)) - len(text.lstrip(" \t"))) or "    "
            result += [TextLine(indent + comments[line]) for line in range(previous + 1, number) if line in comments]
        previous = number
        body = text.lstrip(" \t") if index == 0 else indent_in_blanks(text)
        if number in exact:
            result.append(TextLine(f"{body}\\"))
        else:
            result.append(TextLine(body.rstrip(" \t") if index == len(kept) - 1 else _continued(body)))
    return tuple(result)


def indent_in_blanks(text: str) -> str:
    """``text`` with the tabs that begin it as four blanks each."""
    rest = text.lstrip(" \t")
    return text[: len(text) - len(rest)].replace("\t", "    ") + rest


def _open_quote(text: str, quote: str) -> str:
    """The quote that is open after ``text``, given the one open before it: a shell's rules, comments ignored."""
    for mark in _MARKS.finditer(text):
        char = mark[0][-1] if quote == "'" else mark[0]
        if char in ("'", '"') and quote in ("", char):
            quote = "" if quote else char
    return quote


def comments_before(instruction: Instruction, start: int, previous: int) -> tuple[str, ...]:
    """The comment lines inside ``instruction`` between the lines of two offsets in its text."""
    first, last = instruction.position(previous).line, instruction.position(start).line
    return tuple(
        line.text.strip() for line in instruction.lines if line.kind == "comment" and first <= line.number < last
    )


def _continued(text: str) -> str:
    """``text`` with a continuation that earth does not glue to the next line's first word."""
    stripped = text.rstrip(" \t")
    return f"{stripped} \\"


def _pieces(instruction: Instruction, edits: Sequence[Edit], start: int) -> list[tuple[int, str]]:
    """(line number, text) for each physical line's share of the joined text, edits applied."""
    text = instruction.text
    chunks = instruction.chunks
    bounds = [*[chunk[0] for chunk in chunks[1:]], len(text)]
    ordered = sorted(edits)
    pieces: list[tuple[int, str]] = []
    for (begin, number, _), end in zip(chunks, bounds, strict=True):
        low = max(begin, start)
        if end < start or (low >= end and begin < start):
            continue
        if not ordered:
            pieces.append((number, text[low:end]))
            continue
        parts: list[str] = []
        cursor = low
        for first, last, new in ordered:
            is_insertion = first == last and low <= first
            if (last <= cursor and not (is_insertion and first >= cursor)) or first >= end:
                continue
            if first >= low:
                parts += [text[cursor:first], new]
            cursor = max(cursor, min(last, end))
        parts.append(text[cursor:end])
        pieces.append((number, "".join(parts)))
    return pieces
