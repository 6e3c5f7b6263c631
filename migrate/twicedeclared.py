"""Arguments that a stage gives several values, while what a caller passes replaces each of them.

An Earthfile declares an argument once; LET and SET give it the other values, and win over what is passed. So a LET
keeps what was passed: ``LET MODE_PASSED=$MODE`` and, at each line of the Dockerfile, ``SET MODE=${MODE_PASSED:-slow}``.
What tells that a stage needs it is its first conversion: see ``Recipe.again``.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, Words
from migrate.header import is_environment_name
from migrate.recipe import Recipe
from migrate.words import Literal, Variable, Word

_EQUALS: Word = (Literal("="),)


def declared(name: str, instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """The ARG, and the LET that keeps what is passed; nothing where that is not wanted or the other name is taken."""
    helper = free_name(f"{name}_PASSED", stage)
    if name not in stage.arguments.again.get(stage.stage, ()) or helper is None:
        return
    stage.scope.passed[name] = helper
    stage.scope.helpers[helper] = None
    stage.warn("EM332", instruction, name=name)
    yield Command.of("ARG", name, source=instruction.span, meaning=Words(((Literal(name),),)))
    words = ((Literal(helper),), _EQUALS, (Variable(name),))
    yield Command.of("LET", f"{helper}=${name}", source=instruction.span, meaning=Words(words))


def value(name: str, default: Word, stage: Recipe) -> Word:
    """What was passed as ``name``, or ``default``."""
    return (Variable(stage.scope.passed[name], ":-" if default else "", default),)


def free_name(name: str, stage: Recipe) -> str | None:
    """``name`` for a variable that only RUNs of this stage can see; None where one may ask for it."""
    arguments = stage.arguments
    plan, mappings = arguments.plan, arguments.mappings
    is_taken = name in plan.globals or name in stage.scope.bindings or any(name in names for names in plan.mentions)
    if is_taken or name in mappings.builtin_arguments or is_environment_name(name, mappings):
        return None
    return name
