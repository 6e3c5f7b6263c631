"""Physical lines: which belong to one instruction, which are comments, blanks, directives or heredoc text.

Source: parser/parser.go. Nothing here knows what an instruction means, except that RUN, COPY and ADD open heredocs.
"""

from __future__ import annotations

from migrate.dockerfile.directives import DirectiveZone, check_escape
from migrate.dockerfile.errors import BAD_HEREDOC, LINE_TOO_LONG, UNTERMINATED_HEREDOC, DockerfileError
from migrate.dockerfile.flags import Command, split_command
from migrate.dockerfile.gotext import SPACE, first_word, lower
from migrate.dockerfile.heredocs import Header, find_headers
from migrate.dockerfile.jsonform import NotStrings, json_strings
from migrate.dockerfile.model import Directive, Heredoc, LineKind
from migrate.dockerfile.words import WordError
from migrate.spans import Position, Span

LONGEST = 65535
"""The longest physical line, in bytes without its newline, that BuildKit reads."""

_BOM = "\ufeff"
_OPENS_HEREDOC = frozenset({"run", "copy", "add"})


class Block:
    """The lines of one instruction, 0-based: ``first`` to ``last`` are its text, up to ``end`` its heredocs."""

    __slots__ = ("end", "first", "heredocs", "keyword", "last")

    def __init__(self, first: int, last: int, keyword: str) -> None:
        self.first = first
        self.last = last
        self.end = last
        self.keyword = keyword
        self.heredocs: tuple[Heredoc, ...] = ()


class Scan:
    """A file cut into lines.

    ``kinds`` has one entry per line; ``shares`` is what a code line gives to its instruction (continuation token and,
    on the first line, leading space removed), None for other lines. ``error`` is where reading stops; what stands
    before it is complete, because BuildKit may refuse that first.
    """

    __slots__ = ("blocks", "directives", "error", "escape", "kinds", "lines", "newline", "shares")

    def __init__(self, lines: list[str], newline: str) -> None:
        self.lines = lines
        self.kinds: list[LineKind | None] = ["blank"] * len(lines)
        self.shares: list[str | None] = [None] * len(lines)
        self.newline = newline
        self.escape = "\\"
        self.blocks: list[Block] = []
        self.directives: list[Directive] = []
        self.error: DockerfileError | None = None

    def joined(self, first: int, last: int) -> str:
        """The text of the code lines ``first`` to ``last`` as BuildKit joins them."""
        return "".join([share for share in self.shares[first : last + 1] if share is not None])


def scan(text: str) -> Scan:
    """Cut ``text`` into lines and instructions; never raises, see ``Scan.error``."""
    raw = text.removeprefix(_BOM).split("\n")
    if raw[-1] == "":
        raw.pop()
    lines = [line.rstrip("\r") for line in raw]
    result = Scan(lines, "\r\n" if raw and raw[0].endswith("\r") else "\n")
    try:
        _Scanner(result, raw, _readable(raw)).run()
    except DockerfileError as error:
        result.error = error
    return result


def _readable(raw: list[str]) -> int:
    """The number of lines before the first one that is too long."""
    for index, line in enumerate(raw):
        if len(line) * 4 > LONGEST and len(line.encode()) > LONGEST:
            return index
    return len(raw)


class _Scanner:
    def __init__(self, result: Scan, raw: list[str], end: int) -> None:
        self.result = result
        self.raw = raw
        self.end = end
        self.index = 0

    def run(self) -> None:
        self._directives()
        lines, kinds, end = self.result.lines, self.result.kinds, self.end
        while self.index < end:
            index = self.index
            text = lines[index].lstrip(SPACE)
            self.index += 1
            if not text:
                continue
            if text[0] == "#":
                kinds[index] = "comment"
                continue
            self._instruction(index, text)
        if end < len(self.raw):
            raise DockerfileError(LINE_TOO_LONG, Span.of(end + 1, 1, end + 1, 1), {"limit": str(LONGEST)})

    def _directives(self) -> None:
        zone = DirectiveZone()
        self.result.directives = zone.found
        while self.index < self.end and zone.take(self.result.lines[self.index].lstrip(SPACE), self.index + 1):
            directive = zone.found[-1]
            check_escape(directive, len(self.result.lines[self.index]))
            if directive.name == "escape":
                self.result.escape = directive.value
            self.result.kinds[self.index] = None
            self.index += 1

    def _instruction(self, first: int, text: str) -> None:
        lines, kinds, shares = self.result.lines, self.result.kinds, self.result.shares
        escape, end = self.result.escape, self.end
        share, continues = _without_token(text, escape)
        kinds[first] = "code"
        shares[first] = share
        index = first
        while continues and index + 1 < end:
            index += 1
            line = lines[index]
            text = line.lstrip(SPACE)
            if not text:
                continue
            if text[0] == "#":
                kinds[index] = "comment"
                continue
            kinds[index] = "code"
            shares[index], continues = _without_token(line, escape)
        self.index = index + 1
        joined = share if index == first else self.result.joined(first, index)
        self._finish(first, index, joined)

    def _finish(self, first: int, last: int, joined: str) -> None:
        command = split_command(joined, self.result.escape) if "<<" in joined else None
        keyword = command.keyword if command else first_word(joined)
        block = Block(first, last, keyword)
        self.result.blocks.append(block)
        if command and _may_open(command, self.result.escape):
            block.heredocs = tuple(self._heredocs(first, last, joined))
            block.end = self.index - 1

    def _heredocs(self, first: int, last: int, joined: str) -> list[Heredoc]:
        try:
            headers = find_headers(joined)
        except WordError as error:
            raise DockerfileError(BAD_HEREDOC, self._span(first, last), {"problem": error.message}) from None
        return [self._body(header, first, last) for header in headers]

    def _body(self, header: Header, first: int, last: int) -> Heredoc:
        lines, kinds, start = self.result.lines, self.result.kinds, self.index
        while self.index < self.end:
            kinds[self.index] = "heredoc"
            self.index += 1
            if header.ends(lines[self.index - 1]):
                body = "".join([line + "\n" for line in self.raw[start : self.index - 1]])
                return Heredoc(header.name, body, header.expand, header.chomp, header.fd, start + 1, self.index - 1)
        raise DockerfileError(UNTERMINATED_HEREDOC, self._span(first, last), {"name": header.name})

    def _span(self, first: int, last: int) -> Span:
        line = self.result.lines[first]
        start = Position(first + 1, len(line) - len(line.lstrip(SPACE)) + 1)
        return Span(start, Position(last + 1, len(self.result.lines[last]) + 1))


def _without_token(line: str, escape: str) -> tuple[str, bool]:
    """``line`` without its continuation token, and whether it had one (two of them are none)."""
    text = line.rstrip(" \t")
    if text.endswith(escape) and text[-2:-1] != escape:
        return text[:-1], True
    return line, False


def _may_open(command: Command, escape: str) -> bool:
    if lower(command.keyword) == "onbuild":
        command = split_command(command.text[command.operand_start :], escape)
    if lower(command.keyword) not in _OPENS_HEREDOC:
        return False
    try:
        return json_strings(command.text[command.operand_start :]) is None
    except NotStrings:
        return False
