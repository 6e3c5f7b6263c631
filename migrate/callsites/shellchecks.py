"""Whether a script reads the same after its edits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrate.callsites import shellwords
from migrate.callsites.edits import Edit, apply
from migrate.callsites.shellreading import ShellError
from migrate.callsites.shellwords import Command
from migrate.callsites.shellwriting import quoted, spelled
from migrate.callsites.translate import EarthCall


def reads_again(text: str, edits: Sequence[Edit], inside: int = 0) -> bool:
    """Whether the script has the same commands as before around its edits.

    ``inside``: how many commands now stand inside a compound one that an edit writes.
    """
    after = apply(text, edits)
    try:
        before = _outside(shellwords.commands(text), edits, old=True)
        return _outside(shellwords.commands(after), edits, old=False) == before - inside
    except ShellError:
        return False


def is_whole(text: str, edits: Sequence[Edit], made: EarthCall, tool: str) -> bool:
    """Whether the new command has the words of ``made`` and no other: earth takes what is left over for arguments."""
    after = apply(text, edits)
    words = [tool, *map(spelled, made.flags), quoted(made.reference), *map(spelled, made.arguments)]
    # Edits in front of the call move it.
    start = edits[0].start + sum(len(edit.new) - (edit.end - edit.start) for edit in edits[1:])
    for command in shellwords.commands(after):
        found = [after[word.start : word.end] for word in command.words if word.start >= start]
        if command.words and command.start <= start < command.end and found:
            return found == words
    return False


def _outside(commands: Iterable[Command], edits: Sequence[Edit], *, old: bool) -> int:
    """How many commands do not start inside an edit: substitutions in its words may go with an option."""
    spans, shift = [], 0
    for edit in sorted(edits):
        start = edit.start + (0 if old else shift)
        spans.append((start, edit.end if old else start + len(edit.new)))
        shift += len(edit.new) - (edit.end - edit.start)
    return sum(1 for command in commands if not any(start < command.start < end for start, end in spans))
