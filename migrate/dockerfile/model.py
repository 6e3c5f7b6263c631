"""What a Dockerfile is once it is read: frozen instructions with exact spans, comments and layout."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Literal as OneOf
from typing import NamedTuple, TypeAlias

from migrate.spans import Position, Span

LineKind: TypeAlias = OneOf["code", "comment", "blank", "heredoc"]


class Line(NamedTuple):
    """One physical line: its 1-based number, its text without line ending, and what it is."""

    number: int
    text: str
    kind: LineKind


class Directive(NamedTuple):
    """A parser directive (``syntax``, ``escape``, ``check``); ``name`` is lower case."""

    name: str
    value: str
    line: int


class Flag(NamedTuple):
    """``--name=value`` before the operands, quotes and escapes removed as BuildKit does.

    ``value`` is None for a bare ``--name``. ``start``/``end`` are offsets in ``Instruction.text``.
    """

    name: str
    value: str | None
    start: int
    end: int


class Operand(NamedTuple):
    """One whitespace-separated (or JSON) operand: its text before expansion and its offsets in ``Instruction.text``.

    For a heredoc operand ``heredoc`` is set and ``text`` is its header word (``<<EOF``).
    """

    text: str
    start: int
    end: int
    heredoc: Heredoc | None = None


class Pair(NamedTuple):
    """A ``key=value`` of ENV, LABEL or ARG, both still quoted as written; ``value`` is None for ``ARG key``."""

    key: str
    value: str | None
    start: int
    end: int


class Heredoc(NamedTuple):
    """``<<NAME`` and its body.

    ``body`` is the raw text up to the terminator line, newlines as in the file, tabs kept even when ``chomp``
    (``<<-``) asks to strip them. ``expand`` is False when the name was quoted. ``first_line``/``last_line`` are the
    1-based lines of the body; the terminator stands on ``last_line + 1``.
    """

    name: str
    body: str
    expand: bool
    chomp: bool
    fd: int
    first_line: int
    last_line: int


class FromDetail(NamedTuple):
    """FROM: image reference and platform before expansion; ``name`` is lower-cased as BuildKit does, None if none."""

    image: Operand
    platform: Flag | None
    name: str | None


class PairsDetail(NamedTuple):
    """ENV, LABEL and ARG; ``legacy`` is the one-pair ``KEY rest of line`` form."""

    pairs: tuple[Pair, ...]
    legacy: bool = False


class CopyDetail(NamedTuple):
    """COPY and ADD: sources (heredocs included, in order) and destination, before expansion."""

    sources: tuple[Operand, ...]
    destination: Operand


class Mount(NamedTuple):
    """One ``--mount`` of a RUN: its options in order (keys lower-cased, bare ones have None) and its type."""

    type: str
    options: tuple[tuple[str, str | None], ...]
    flag: Flag

    def get(self, *names: str) -> str | None:
        """The value of the last option with one of these names, else None."""
        found = [value for key, value in self.options if key in names]
        return found[-1] if found else None

    def has(self, *names: str) -> bool:
        """Whether one of these options was written, with or without a value."""
        return any(key in names for key, _ in self.options)


class RunDetail(NamedTuple):
    """RUN: its mounts; the command is ``Instruction.exec_form`` or ``Instruction.operand`` plus heredocs."""

    mounts: tuple[Mount, ...]


class HealthcheckDetail(NamedTuple):
    """HEALTHCHECK: ``none``, or a command in exec form or as shell text."""

    none: bool
    exec_form: tuple[str, ...] | None
    text: str


class WordsDetail(NamedTuple):
    """EXPOSE and VOLUME: their operands before expansion."""

    operands: tuple[Operand, ...]


class OnbuildDetail(NamedTuple):
    """ONBUILD: the instruction it triggers (its offsets and spans are those of the same text)."""

    trigger: Instruction


class RefusedDetail(NamedTuple):
    """What BuildKit refuses when it builds the stage: why, as in a DockerfileError."""

    code: str
    span: Span
    fields: Mapping[str, str]


Detail: TypeAlias = (
    FromDetail
    | PairsDetail
    | CopyDetail
    | RunDetail
    | HealthcheckDetail
    | WordsDetail
    | OnbuildDetail
    | RefusedDetail
    | None  # CMD, ENTRYPOINT, SHELL, USER, WORKDIR, STOPSIGNAL, MAINTAINER: see operand and exec_form
)


class Instruction(NamedTuple):
    """One instruction.

    ``text`` is what follows the keyword and its blanks, continuation lines joined as BuildKit joins them (comment and
    blank lines dropped, leading blanks of continuation lines kept); heredoc bodies are not part of it.
    ``operand_start`` is the offset in ``text`` where flags end. ``exec_form`` is the JSON array, when BuildKit takes it
    as one. ``lines`` are the physical lines from keyword to end, heredoc bodies and terminators included;
    ``above`` the comment and blank lines between the instruction before and this one. ``chunks`` maps offsets in
    ``text`` to the file: (offset, line, column) for the start of each physical line's share.
    """

    keyword: str
    span: Span
    text: str
    operand_start: int
    flags: tuple[Flag, ...]
    exec_form: tuple[str, ...] | None
    heredocs: tuple[Heredoc, ...]
    lines: tuple[Line, ...]
    above: tuple[Line, ...]
    chunks: tuple[tuple[int, int, int], ...]
    detail: Detail = None
    written: str = ""
    """The keyword as it stands in the file."""

    @property
    def operand(self) -> str:
        """``text`` after the flags."""
        return self.text[self.operand_start :]

    def flag(self, name: str) -> Flag | None:
        """The last flag of that name, else None."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None) if self.flags else None

    def position(self, offset: int) -> Position:
        """Where the character ``text[offset]`` stands in the file."""
        index = max(bisect_right(self.chunks, (offset, 1 << 60, 0)) - 1, 0)
        start, line, column = self.chunks[index]
        return Position(line, column + offset - start)

    @property
    def texts(self) -> tuple[str, ...]:
        """The operand, and the bodies of the heredocs."""
        return (self.operand, *(heredoc.body for heredoc in self.heredocs))

    def span_of(self, start: int, end: int) -> Span:
        """The span of ``text[start:end]`` in the file."""
        if end <= start:
            return Span(self.position(start), self.position(start))
        last = self.position(end - 1)
        return Span(self.position(start), Position(last.line, last.column + 1))


class Fired(Instruction):
    """An ONBUILD trigger of a base image: it stands in no file, so every place in it is that of the FROM (``span``)."""

    __slots__ = ()

    def position(self, offset: int) -> Position:
        """Where the FROM stands."""
        return self.span.start

    def span_of(self, start: int, end: int) -> Span:
        """The span of the FROM."""
        return self.span


class Dockerfile(NamedTuple):
    """A whole file. ``trailing`` are the comment and blank lines after the last instruction."""

    instructions: tuple[Instruction, ...]
    directives: tuple[Directive, ...]
    trailing: tuple[Line, ...]
    escape: str = "\\"
    newline: str = "\n"
    lines: tuple[str, ...] = ()
    """Every physical line of the file without its ending, for excerpts in reports."""
