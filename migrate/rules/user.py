"""USER: the same, and who owns what a COPY brings from here on."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import Recipe, User, command

ROOT = frozenset({"root", "0"})


def is_root(value: str) -> bool:
    """Whether ``user[:group]`` is root in both parts: earth gives copies the group as well."""
    user, _, group = value.partition(":")
    return (user in ROOT or value == "") and (not group or group in ROOT)


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """USER takes the whole rest of its line as one word (facts/dockerfile.md 3); an empty value means root again."""
    text = instruction.operand
    spelling = stage.word(text, instruction)
    value = stage.known(text)
    overridable = stage.scope.is_overridable(spelling[1])
    root = None if value is None or overridable else is_root(value)
    stage.user = User(text, root)
    yield command("USER", [spelling], instruction)
