"""Where each command of a shell script runs: what cd, pushd, functions and subshells do to the working directory."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.callsites.model import joined
from migrate.callsites.shellanchors import Anchors
from migrate.callsites.shellwords import Command

#: A folder that only the run knows, for ``start``.
UNKNOWN = "\0"
_MOVES = ("cd", "pushd", "popd")


class Folders:
    """Asked for the commands of one script in text order; ``at`` gives the folders in which each may run.

    ``start`` is the folder of the first; None: the repository's root or that of the script ``path``; UNKNOWN.
    """

    def __init__(self, commands: Sequence[Command], path: str, start: str | None) -> None:
        self.anchors = Anchors(commands, path)
        own = self.anchors.own
        starts: tuple[str | None, ...] = (start,) if start is not None else tuple(dict.fromkeys(("", own)))
        self.known: dict[tuple[int, ...], tuple[str | None, ...]] = {(): (None,) if start == UNKNOWN else starts}
        self.pushed: dict[tuple[int, ...], list[tuple[str | None, ...]]] = {}
        self.chains = _Chains()
        moves = [command for command in commands if command.name in _MOVES]
        self.movers = frozenset(move.function for move in moves if move.function)
        self.last_move = max((move.start for move in moves if not move.function), default=-1)

    def at(self, command: Command) -> tuple[str | None, ...]:
        """The folders in which ``command`` may run, None for one that nobody knows."""
        scope = command.scope
        while scope not in self.known:
            scope = scope[:-1]
        outside = scope != command.scope and self._moved_outside(command)
        here = self.known.setdefault(command.scope, (None,) if outside else self.known[scope])
        if self.chains.may_have_moved(command):
            here = self.known[command.scope] = (None,)
        if command.name in _MOVES:
            self._move(command, here)
        elif command.name in self.movers:
            self.known[command.scope] = (None,)
        return here

    def _moved_outside(self, command: Command) -> bool:
        """Whether a function may start in another folder than where its text stands."""
        return bool(command.function) and bool(self.movers - {command.function} or self.last_move > command.start)

    def _move(self, command: Command, here: tuple[str | None, ...]) -> None:
        stack = self.pushed.setdefault(command.scope, [])
        if command.name == "popd" and stack and not command.conditional:
            self.known[command.scope] = stack.pop()
            return
        if command.name == "pushd":
            stack.append(here)
        self.known[command.scope] = tuple(_changed(command, folder, self.anchors) for folder in here)


class _Chains:
    """Lists with ``&&`` and ``||``: after ``[ -d web ] && cd web`` nobody knows the folder.

    ``cd web && make && cd ..`` ends where it began, or the script has failed.
    """

    def __init__(self) -> None:
        self.last: dict[tuple[int, ...], Command] = {}
        self.moved_first: dict[tuple[int, ...], bool] = {}
        self.doubtful: set[tuple[int, ...]] = set()

    def may_have_moved(self, command: Command) -> bool:
        """Whether ``command``, the next in text order, stands behind a list that may have changed the folder."""
        scope, move = command.scope, command.name in _MOVES
        last = self.last.get(scope)
        self.last[scope] = command
        if command.before not in ("&&", "||"):
            self.moved_first[scope] = move
            doubtful = scope in self.doubtful
            self.doubtful.discard(scope)
            return doubtful
        if move and not (last is not None and last.after == command.before and self.moved_first.get(scope)):
            self.doubtful.add(scope)
        return False


def _changed(command: Command, folder: str | None, anchors: Anchors) -> str | None:
    """The working directory after a cd."""
    operands = [word for word in command.words[1:] if not (word.text or "x").startswith("-") or word.text == "-"]
    if command.conditional and command.before not in ("&&", "||"):
        return None
    if len(operands) != 1 or command.words[0].text == "popd":
        return None
    if operands[0].text is None:
        return anchors.folder(operands[0])
    return joined(folder, operands[0].text) if folder is not None else None
