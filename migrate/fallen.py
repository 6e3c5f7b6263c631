"""What is known of a stage that is built FROM DOCKERFILE instead of being spelled out (design 5.9)."""

from __future__ import annotations

from typing import NamedTuple

from migrate.dockerfile.model import Instruction
from migrate.recipe import Recipe
from migrate.words import Word


class PassedArgument(NamedTuple):
    """A build argument of the Dockerfile that the fallen target hands on.

    ``default`` is the one default that the fallen stages see, with its ``text`` as written; None when there are several
    or none: then the argument is passed only when somebody sets it. ``builtin`` is the argument of earth that has the
    value of a platform argument.
    """

    name: str
    default: Word | None
    text: str | None
    instruction: Instruction
    builtin: str | None = None


class FallenStage(NamedTuple):
    """``recipe`` is the state after the stage's last line, as its native form left it: children go on from there.

    ``why`` is the comment that the target gets. ``native``: it is built for the platform of the builder.
    """

    recipe: Recipe
    passed: tuple[PassedArgument, ...]
    why: str
    native: bool = False
    reads: frozenset[str] = frozenset()
    """The global arguments that it reads."""
