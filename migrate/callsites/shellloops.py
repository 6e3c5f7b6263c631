"""Builds in a ``for`` loop over words that are written out: one variant for each, and one call in the place of the old.

The loop goes on as it is: its body goes to the folder that it names, or chooses the target of each word.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from migrate.callsites.buildcall import BuildCall
from migrate.callsites.model import Site, Translator, Tree, placed
from migrate.callsites.shellfolders import Folders
from migrate.callsites.shellwords import Command, Loop
from migrate.callsites.shellwriting import on_one_line, quoted
from migrate.callsites.translate import EarthCall, Left
from migrate.callsites.values import Value, literal_piece

#: What decides the files, the stage and the name of a build.
_CHOOSING = ("file", "target", "image")
_MOST = 100
_MOST_WORK = 500_000


class Loops:
    """The loops of one script: ``folders`` are those of a command in the run for one word."""

    def __init__(self, commands: Sequence[Command], path: str, start: str | None) -> None:
        self.commands, self.path, self.start = commands, path, start
        self.changed = _changed_variables(commands)
        self.known: dict[tuple[Loop, str], dict[int, tuple[str | None, ...]]] = {}

    def _folders(self, loop: Loop, word: str, command: Command) -> tuple[str | None, ...]:
        if (loop, word) not in self.known:
            filled = [_with_word(item, loop, word) if loop in item.loops else item for item in self.commands]
            folders = Folders(filled, self.path, self.start)
            self.known[loop, word] = {item.start: folders.at(item) for item in filled}
        return self.known[loop, word][command.start]

    def varied(self, site: Site, command: Command, tree: Tree) -> Site | None:
        """``site``, whose files are not known, with a variant for each word of a loop; None where none helps."""
        for loop in command.loops:
            too_many = len(self.known) * len(self.commands) > _MOST_WORK
            if too_many or not loop.values or len(loop.values) > _MOST or loop.variable in self.changed:
                continue
            found = {}
            for word in loop.values:
                assert site.call is not None
                fresh = replace(site, call=_with(site.call, loop, word), why="")
                found[word] = placed(fresh, self._folders(loop, word, command), tree)
            choice = f"{{{loop.variable}}}" if loop.braced else loop.variable
            if not any(one.why for one in found.values()):
                return replace(site, why="", variants=found, choice=choice)
        return None


def _with_word(command: Command, loop: Loop, word: str) -> Command:
    return replace(command, words=tuple(_filled(value, loop, word) for value in command.words))


def _filled(value: Value, loop: Loop, word: str) -> Value:
    names = (f"${loop.variable}", f"${{{loop.variable}}}")
    return value._replace(pieces=tuple(literal_piece(word) if piece.raw in names else piece for piece in value.pieces))


def _changed_variables(commands: Iterable[Command]) -> Set[str]:
    """The variables that something else than a loop's header may set."""
    found = set()
    for command in commands:
        found |= {re.split(r"[^\w]", word.head, maxsplit=1)[0] for word in command.setting}
    return found


def _with(call: BuildCall, loop: Loop, word: str) -> BuildCall:
    """``call`` with ``word`` for the loop's variable where that decides what is built."""
    options = tuple(
        option._replace(value=_filled(option.value, loop, word))
        if option.value is not None and option.entry["becomes"] in _CHOOSING
        else option
        for option in call.options
    )
    return replace(call, options=options, context=_filled(call.context, loop, word) if call.context else None)


def translated(site: Site, translate: Translator) -> dict[str, EarthCall]:
    """The call for each word; names are left to the loop's variable where all calls are the same then. Raises Left."""
    calls = {word: translate(one) for word, one in site.variants.items()}
    if len(_without_folders(calls)) == 1:
        return calls
    assert site.call is not None
    own = tuple(option for option in site.call.options if option.entry["becomes"] == "image")
    looser = {}
    for word, one in site.variants.items():
        assert one.call is not None
        rest = tuple(option for option in one.call.options if option.entry["becomes"] != "image")
        try:
            looser[word] = translate(replace(one, call=replace(one.call, options=(*own, *rest))))
        except Left:
            return calls
    return looser if len(_without_folders(looser)) == 1 else calls


def _without_folders(calls: Mapping[str, EarthCall]) -> set[str]:
    return {
        on_one_line(replace(made, reference=f"+{made.reference.rpartition('+')[2]}"), "") for made in calls.values()
    }


def written(site: Site, calls: Mapping[str, EarthCall], tool: str) -> str:
    """The command in the body of the loop."""
    lines = {word: on_one_line(made, tool) for word, made in calls.items()}
    if len(set(lines.values())) == 1:
        return next(iter(lines.values()))
    inside = _without_folders(calls)
    there = all(_folder(made) == posixpath.normpath(word) for word, made in calls.items())
    if there and len(inside) == 1 and "--secret-file" not in min(inside):
        return f'(cd "${site.choice}" && {tool}{min(inside)})'
    arms = "".join(f" {quoted(word)}) {line} ;;" for word, line in lines.items())
    return f'case "${site.choice}" in{arms} esac'


def _folder(made: EarthCall) -> str:
    return posixpath.normpath(made.reference.rpartition("+")[0] or ".").replace("\\+", "+")
