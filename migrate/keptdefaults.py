"""Defaults of global arguments that read others which a stage cannot see: the header computes them under another name.

``ARG MAJOR=1`` before the first target is seen by the header alone, ``ARG --global RELEASE_DEFAULT=v$MAJOR`` by all
(found by building both).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.header import GlobalArgument, lists_environment
from migrate.recipe import Recipe
from migrate.words import variables

if TYPE_CHECKING:
    from migrate.arguments import Arguments


def kept(name: str, arguments: Arguments, stage: Recipe) -> str | None:
    """The name of an ``ARG --global`` that holds the default of ``name``; None where that may show."""
    plan = arguments.plan
    other = f"{name}_DEFAULT"
    parts = [part for used in (name, *needs(name, arguments)) for part in variables(plan.globals[used].default or ())]
    is_shared = bool(stage.settings.prefix or stage.settings.private_arguments)
    is_taken = other in plan.globals or any(other in names for names in plan.mentions)
    if is_shared or is_taken or any(part.operator not in ("", ":-", ":+") for part in parts):
        return None
    if any(lists_environment(item) for one in plan.graph.stages for item in one.instructions):
        return None
    arguments.kept[other] = name
    return other


def needs(name: str, arguments: Arguments) -> list[str]:
    """The global arguments that the default of ``name`` reads, and those that their defaults read."""
    found: list[str] = []
    queue = [name]
    while queue:
        for used in variables(arguments.plan.globals[queue.pop()].default or ()):
            if used.name in arguments.plan.globals and used.name not in (name, *found):
                found.append(used.name)
                queue.append(used.name)
    return found


def needed(arguments: Arguments) -> list[GlobalArgument]:
    """The arguments that the header must set for ``arguments.kept``, beside the global ones, in its order."""
    wanted = {used for name in arguments.kept.values() for used in needs(name, arguments)}
    return [known for name, known in arguments.plan.globals.items() if name in wanted and not known.everywhere]
