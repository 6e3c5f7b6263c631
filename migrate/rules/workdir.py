"""WORKDIR: the same; an Earthfile also takes one word and creates the folder for the current user."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.folders import note_made
from migrate.recipe import Recipe, command
from migrate.words import Literal, Word


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """WORKDIR takes the whole rest of its line as one word, relative to the one before."""
    text = instruction.operand
    spelling, meaning = stage.word(text, instruction)
    value = stage.known(text)
    if value is None:
        stage.workdir = None
    elif value:
        base = stage.workdir if stage.workdir is not None or value.startswith("/") else None
        stage.workdir = (
            posixpath.normpath(posixpath.join(base or "/", value)) if base or value.startswith("/") else None
        )
        if stage.workdir is not None and stage.user.root is not True:
            stage.owners.add(stage.workdir)
    note_made(stage.workdir, stage)
    if not meaning or (value == "" and stage.unclean_workdir is not None):
        spelling, meaning = stage.unclean_workdir or (".", (Literal("."),))
    elif value != "":
        stage.unclean_workdir = _unclean(value, spelling, meaning)
    yield command("WORKDIR", [(spelling, meaning)], instruction)


def _unclean(value: str | None, spelling: str, meaning: Word) -> tuple[str, Word] | None:
    """The word of an absolute path that both tools store as it is, with its slash at the end for example.

    An empty WORKDIR keeps such a path in Docker, while earth cleans it.
    """
    if value is None or not value.startswith("/") or posixpath.normpath(value) == value:
        return None
    return spelling, meaning
