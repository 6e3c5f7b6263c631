"""From the Earthfile model to text, with a source map."""

from __future__ import annotations

from migrate.earthfile.model import Command, Earthfile, Item, Remark, Target
from migrate.spans import Span

_INDENT = "    "

SourceMap = tuple[tuple[int, Span], ...]


def render_file(earthfile: Earthfile) -> tuple[str, SourceMap]:
    """The text, and for every output line that comes from the Dockerfile its 1-based number and span.

    ``VERSION`` first, one blank line before the base items and before every target, four blanks per level, no trailing
    blanks outside verbatim lines, one newline at the end, ``earthfile.newline`` throughout.
    """
    page = _Page()
    page.add(f"VERSION {earthfile.version}")
    page.section()
    for item in earthfile.base:
        page.item(item, 0)
    for target in earthfile.targets:
        page.section()
        page.target(target)
    page.section()
    page.notes(earthfile.trailing, "")
    return page.text(earthfile.newline), tuple(page.spans)


def render_target(target: Target, newline: str) -> str:
    """One target by itself, as ``render_file`` prints it."""
    page = _Page()
    page.target(target)
    return page.text(newline)


def render_item(item: Item, newline: str) -> str:
    """One item of the base recipe by itself."""
    page = _Page()
    page.item(item, 0)
    return page.text(newline)


class _Page:
    """Lines written so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.spans: list[tuple[int, Span]] = []
        self._fixed = 0
        self._section = 0
        self._quoted: set[int] = set()
        """The lines that end inside quotes: their line end belongs to the text."""

    def add(self, line: str, source: Span | None = None, *, verbatim: bool = False, ends_quoted: bool = False) -> None:
        if ends_quoted:
            self._quoted.add(len(self.lines))
        self.lines.append(line if verbatim else line.rstrip())
        if verbatim:
            self._fixed = len(self.lines)
        if source is not None:
            self.spans.append((len(self.lines), source))

    def section(self) -> None:
        """Exactly one blank line, however many the items before it left; blank lines after it are left out."""
        self._drop_blanks()
        self.add("")
        self._section = len(self.lines)

    def _drop_blanks(self) -> None:
        while len(self.lines) > self._fixed and self.lines[-1] == "":
            self.lines.pop()
        while self.spans and self.spans[-1][0] > len(self.lines):
            self.spans.pop()

    def notes(self, lines: tuple[str, ...], indent: str, source: Span | None = None) -> None:
        """Comment and blank lines."""
        for line in lines:
            # To earth a carriage return ends the line, and the comment with it.
            text = line.replace("\r", " ").strip()
            if text or (len(self.lines) > max(self._section, self._fixed) and self.lines[-1]):
                self.add(indent + text, source)

    def target(self, target: Target) -> None:
        self.notes(target.above, "")
        self.add(f"{target.name}:", target.source)
        self._section = len(self.lines)
        for item in target.items:
            self.item(item, 1)

    def item(self, item: Item, level: int) -> None:
        indent = _INDENT * (level + item.depth)
        if isinstance(item, Remark):
            self.notes(item.lines, indent, item.source)
        else:
            self.notes(item.above, indent)
            self.command(item, indent)

    def command(self, command: Command, indent: str) -> None:
        if not command.lines:
            self.add(indent + command.keyword, command.source)
        for index, line in enumerate(command.lines):
            start = f"{indent}{command.keyword} " if index == 0 else "" if line.verbatim else indent
            text = line.text
            if not line.verbatim and text.lstrip().startswith("#"):
                text = text.replace("\r", " ")
            open_quote = index + 1 < len(command.lines) and command.lines[index + 1].verbatim
            self.add(start + text, command.source, verbatim=line.verbatim or open_quote, ends_quoted=open_quote)

    def text(self, newline: str) -> str:
        self._drop_blanks()
        if not self._quoted:
            return newline.join([*self.lines, ""])
        return "".join(line + ("\n" if number in self._quoted else newline) for number, line in enumerate(self.lines))
