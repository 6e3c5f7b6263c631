"""The Earthfile that rules build: commands in targets, with comments and line breaks."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from migrate.spans import Span
from migrate.words import Word


class TextLine(NamedTuple):
    """One physical line of a command. A ``verbatim`` line stands inside quotes: the printer adds no indentation."""

    text: str
    verbatim: bool = False


class ShellText(NamedTuple):
    """What a shell-form RUN must hand to ``/bin/sh -c``, blanks between words apart; ``wrapped`` is as good as
    ``text``."""

    text: str
    wrapped: str | None = None


class Words(NamedTuple):
    """What the arguments of a command must expand to, flags included."""

    words: tuple[Word, ...]


class Items(NamedTuple):
    """The array that an exec form must decode to."""

    items: tuple[str, ...]


Meaning: TypeAlias = ShellText | Words | Items


class Command(NamedTuple):
    """One command: ``keyword`` (``RUN``, ``SAVE ARTIFACT``, ...) and the lines after it.

    The first line follows the keyword after one blank; every other line is indented like the command plus what its own
    text begins with. Continuation backslashes are part of the lines. ``above`` holds comment lines (``# ...``) and
    blank lines (``""``) printed before it. ``depth`` is the nesting inside IF blocks. ``source`` is the Dockerfile
    span.
    ``meaning`` is what earth must read in it; ``alternatives`` are other spellings to try when it does not.
    """

    keyword: str
    lines: tuple[TextLine, ...] = ()
    above: tuple[str, ...] = ()
    source: Span | None = None
    depth: int = 0
    meaning: Meaning | None = None
    alternatives: tuple[tuple[TextLine, ...], ...] = ()

    @classmethod
    def of(
        cls,
        keyword: str,
        text: str = "",
        *,
        above: tuple[str, ...] = (),
        source: Span | None = None,
        depth: int = 0,
        meaning: Meaning | None = None,
    ) -> Command:
        """A command on one line."""
        return cls(keyword, (TextLine(text),) if text else (), above, source, depth, meaning)


class Remark(NamedTuple):
    """Comment and blank lines that belong to no command: what was not converted, comments at a recipe's end."""

    lines: tuple[str, ...]
    source: Span | None = None
    depth: int = 0


Item: TypeAlias = Command | Remark


class Target(NamedTuple):
    """A target: ``above`` are the comment lines printed over its header."""

    name: str
    items: tuple[Item, ...]
    above: tuple[str, ...] = ()
    source: Span | None = None


class Earthfile(NamedTuple):
    """A whole file: ``VERSION`` arguments, base recipe items, targets, comment lines at the end."""

    base: tuple[Item, ...]
    targets: tuple[Target, ...]
    version: str = "0.8"
    trailing: tuple[str, ...] = ()
    newline: str = "\n"
