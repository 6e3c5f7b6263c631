"""A RUN of our own: as root, whoever the USER is before and after it."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, Words
from migrate.recipe import Recipe
from migrate.words import Literal, Word


def is_possible(stage: Recipe) -> bool:
    """Whether the USER is root, or one that can be set again."""
    return stage.user.root is True or (stage.user.text is not None and "$" not in stage.user.text)


def commands(run: Command, instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """``run``, between two USERs where it needs them; ``instruction`` is what it stands for."""
    if stage.user.root is True:
        yield run
        return
    spelling, word = stage.word(stage.user.text or "", instruction)
    yield _user("root", (Literal("root"),), instruction)
    yield run
    yield _user(spelling, word, instruction)


def _user(spelling: str, word: Word, instruction: Instruction) -> Command:
    return Command.of("USER", spelling, source=instruction.span, meaning=Words((word,)))
