"""A logical instruction between its lines and its meaning, with the table that maps its text back to the file."""

from __future__ import annotations

from bisect import bisect_right

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.flags import Command, flag_table, split_command
from migrate.dockerfile.gotext import SPACE, lower
from migrate.dockerfile.lines import Block, Scan
from migrate.dockerfile.model import Detail, Flag, Heredoc, Instruction, Line, Pair
from migrate.spans import Position, Span

Chunks = tuple[tuple[int, int, int], ...]


class Statement:
    """One instruction that is being read. ``name`` is its upper-case keyword, empty when there is no such instruction.

    The last four fields are filled by the first of the two passes that BuildKit makes (instructions.py).
    """

    __slots__ = (
        *("name", "command", "chunks", "start", "end", "lines", "above", "heredocs"),
        *("exec_form", "pairs", "legacy", "trigger"),
    )

    def __init__(
        self,
        command: Command,
        chunks: Chunks,
        span: tuple[Position, Position],
        lines: tuple[Line, ...],
        above: tuple[Line, ...],
        heredocs: tuple[Heredoc, ...],
    ) -> None:
        self.name = canonical(command.keyword)
        self.command = command
        self.chunks = chunks
        self.start, self.end = span
        self.lines = lines
        self.above = above
        self.heredocs = heredocs
        self.exec_form: tuple[str, ...] | None = None
        self.pairs: tuple[Pair, ...] = ()
        self.legacy = False
        self.trigger: Statement | None = None

    @property
    def operand(self) -> str:
        """The text after the flags."""
        return self.command.text[self.command.operand_start :]

    def finished(self, flags: tuple[Flag, ...] = (), detail: Detail = None) -> Instruction:
        """The instruction with what its keyword makes of it."""
        command = self.command
        return Instruction(
            self.name,
            Span(self.start, self.end),
            command.text,
            command.operand_start,
            flags,
            self.exec_form,
            self.heredocs,
            self.lines,
            self.above,
            self.chunks,
            detail,
            command.keyword,
        )

    def header(self) -> Span:
        """From the keyword to the end of the text, heredocs aside."""
        text = self.command.text
        if text:
            return Span(self.start, self.finished().span_of(0, len(text)).end)
        return self.keyword_span()

    def keyword_span(self) -> Span:
        """The keyword alone, as far as it stands on one line."""
        line = next(line for line in self.lines if line.number == self.start.line)
        end = min(self.start.column + len(self.command.keyword), len(line.text) + 1)
        return Span(self.start, Position(self.start.line, end))

    def error(self, code: str, place: tuple[int, int] | None = None, /, **fields: str) -> DockerfileError:
        """``code`` at the offsets ``place`` of the text, or at the whole instruction."""
        span = self.finished().span_of(*place) if place else self.header()
        return DockerfileError(code, span, {"keyword": self.name or self.command.keyword, **fields})


def statement(scan: Scan, above: int, first: int, last: int, block: Block) -> Statement:
    """The instruction on the lines ``first`` to ``last`` (0-based), those from ``above`` on standing above it."""
    joined = scan.joined(first, last)
    command = split_command(joined, scan.escape)
    table = _table(scan, first, last)
    lead = len(joined) - len(joined.lstrip(SPACE))
    return Statement(
        command,
        shifted(table, command.start, len(command.text)),
        (_place(table, lead), Position(block.end + 1, len(scan.lines[block.end]) + 1)),
        physical(scan, first, block.end + 1),
        physical(scan, above, first),
        block.heredocs,
    )


def trigger(outer: Statement, escape: str) -> Statement:
    """The instruction that an ONBUILD holds, on the same lines."""
    offset = outer.command.operand_start
    command = split_command(outer.operand, escape)
    return Statement(
        command,
        shifted(outer.chunks, offset + command.start, len(command.text)),
        (_place(outer.chunks, offset), outer.end),
        outer.lines,
        outer.above,
        outer.heredocs,
    )


def canonical(keyword: str) -> str:
    """The upper-case name of an instruction, empty when there is no such instruction."""
    name = keyword.upper()
    if name in flag_table():
        return name
    name = lower(keyword).upper()
    return name if name in flag_table() else ""


def physical(scan: Scan, start: int, end: int) -> tuple[Line, ...]:
    """The lines ``start`` to ``end`` (0-based, end excluded) of the file, directives left out."""
    lines, kinds = scan.lines, scan.kinds
    if end - start == 1:
        kind = kinds[start]
        return (Line(end, lines[start], kind),) if kind else ()
    return tuple([Line(index + 1, lines[index], kind) for index in range(start, end) if (kind := kinds[index])])


def shifted(chunks: Chunks, start: int, length: int) -> Chunks:
    """The table for ``text[start:start + length]`` of the text that ``chunks`` describes."""
    if len(chunks) == 1:
        offset, line, column = chunks[0]
        return ((0, line, column + start - offset),)
    first = max(bisect_right(chunks, (start, 1 << 60, 0)) - 1, 0)
    offset, line, column = chunks[first]
    found = [(0, line, column + start - offset)]
    for offset, line, column in chunks[first + 1 :]:
        if offset >= start + length:
            break
        found.append((offset - start, line, column))
    return tuple(found)


def _table(scan: Scan, first: int, last: int) -> Chunks:
    """Where the joined text of these lines comes from; lines that give nothing to it are left out."""
    line = scan.lines[first]
    column = len(line) - len(line.lstrip(SPACE)) + 1
    if first == last:
        return ((0, first + 1, column),)
    found = [(0, first + 1, column)]
    offset = 0
    for index in range(first, last + 1):
        share = scan.shares[index]
        if not share:
            continue
        if offset == 0:
            found = [(0, index + 1, column if index == first else 1)]
        else:
            found.append((offset, index + 1, 1))
        offset += len(share)
    return tuple(found)


def _place(chunks: Chunks, offset: int) -> Position:
    start, line, column = chunks[max(bisect_right(chunks, (offset, 1 << 60, 0)) - 1, 0)]
    return Position(line, column + offset - start)
