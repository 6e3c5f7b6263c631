"""Words of a script that something else decides: variables that are docker, and holes that another program fills."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from migrate.callsites.shellwords import Command
from migrate.callsites.values import Piece, Value


def tools_in(commands: Sequence[Command]) -> Iterator[str]:
    """The variables, as they are written, that the script sets to docker, once, before all branches."""
    found: dict[str, list[tuple[str | None, bool]]] = {}
    for command in commands:
        for word in command.setting:
            name, _, value = (word.text or word.head).partition("=")
            # In front of a command it is set for that command alone.
            certain = not (command.conditional or command.function or (command.assignments and command.words))
            found.setdefault(name.rstrip("+"), []).append((value if word.text is not None else None, certain))
    for name, values in found.items():
        if values == [("docker", True)]:
            yield from (f"${name}", f"${{{name}}}")


def with_tools(command: Command, tools: Set[str]) -> Command:
    """``command`` with the variable that is docker, as its first word or behind a runner, known."""

    def named(word: Value) -> Value:
        if len(word.pieces) == 1 and word.text is None and word.pieces[0].raw in tools:
            return word._replace(pieces=(word.pieces[0]._replace(text="docker"),))
        return word

    return replace(command, words=tuple(named(word) for word in command.words))


def with_holes(command: Command, holes: tuple[str, ...]) -> Command:
    """``command`` with every piece that holds one of ``holes`` unknown: to the shell it would be plain text."""
    if not holes:
        return command

    mark = re.compile("(" + "|".join(re.escape(hole) for hole in holes) + ")")

    def opened(word: Value) -> Value:
        return word._replace(pieces=tuple(new for piece in word.pieces for new in _split(piece, mark)))

    return replace(
        command,
        words=tuple(opened(word) for word in command.words),
        assignments=tuple(opened(word) for word in command.assignments),
    )


def _split(piece: Piece, mark: re.Pattern[str]) -> Iterable[Piece]:
    """``piece`` cut at the holes in it."""
    for index, part in enumerate(mark.split(piece.raw)):
        if index % 2:
            yield Piece(part, None, piece.quote)
        elif part:
            yield Piece(part, part if piece.text is not None and piece.raw == piece.text else None, piece.quote)
        elif not piece.raw:
            yield piece
