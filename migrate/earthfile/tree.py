"""What an Earthfile says, as values: the result of ``reader.read``."""

from __future__ import annotations

from typing import NamedTuple


class EarthfileError(Exception):
    """Text that earth refuses; ``line`` and ``column`` are 1-based."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{line}:{column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class Statement(NamedTuple):
    """One command, or one IF, FOR, WITH, WAIT or TRY with its ``blocks``.

    ``args`` are as ``earth debug ast`` prints them: quotes kept, continued lines joined; decoded for ``exec_form``.
    A WITH is named after its command (``WITH DOCKER``). ``docs`` is the comment above.
    """

    name: str
    args: tuple[str, ...]
    exec_form: bool
    line: int
    column: int
    docs: str = ""
    blocks: tuple[Block, ...] = ()


class Block(NamedTuple):
    """One branch of a statement: ``keyword`` is IF, ELSE IF, ELSE, FOR, WITH, WAIT, TRY, CATCH or FINALLY."""

    keyword: str
    args: tuple[str, ...]
    exec_form: bool
    line: int
    column: int
    statements: tuple[Statement, ...]


class Recipe(NamedTuple):
    """A target or a function."""

    name: str
    docs: str
    line: int
    column: int
    statements: tuple[Statement, ...]
    end: int
    """The line with which its last statement ends, what continues it included; that of the header without any."""


class Tree(NamedTuple):
    """A whole Earthfile; ``version`` is None and ``version_line`` 0 when the line is missing."""

    version: tuple[str, ...] | None
    base: tuple[Statement, ...]
    targets: tuple[Recipe, ...]
    functions: tuple[Recipe, ...]
    version_line: int = 0
