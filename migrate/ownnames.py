"""Argument names that earth keeps to itself, or gives another meaning: platforms, its own, HOME."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.dockerfile.model import Instruction
from migrate.mappings import Mappings
from migrate.recipe import Recipe
from migrate.rootfiles import is_shipped
from migrate.scope import ARGUMENT, Binding
from migrate.words import Literal, Word

if TYPE_CHECKING:
    from migrate.arguments import Arguments


def constant(name: str, arguments: Arguments) -> Word | None:
    """The value that Docker gives to an automatic argument which an Earthfile lacks, None for any other name."""
    entry = arguments.mappings.builtin_arguments.get(name)
    if entry is None or entry["earthfile"] is not None:
        return None
    if entry["kind"] == "stage":
        return (Literal(arguments.plan.graph.stages[arguments.plan.final].name or "default"),)
    # The version of an operating system: Windows alone has one.
    return () if entry["kind"].endswith("-platform") else None


def fixed(name: str, default: Word | None, instruction: Instruction, stage: Recipe) -> bool:
    """Take the one value that an argument with a name of earth's own has; False where it has none for certain."""
    value = None if default is None else stage.scope.static(default)
    if default is not None and (value is None or stage.scope.is_overridable(default)):
        return False
    if name in stage.scope.declared:  # an ARG of earth's hides what is said here
        return False
    stage.warn("EM334", instruction, name=name)
    stage.scope.bind(name, Binding(ARGUMENT, value, default))
    stage.scope.fixed[name] = value
    return True


def is_out_of_images(name: str, stage: Recipe) -> bool:
    """Whether an ENV can stand for the first ARG ``name`` of a stage: no image would have it."""
    plan = stage.arguments.plan
    graph, index = plan.graph, stage.stage
    if name in stage.scope.bindings or name in stage.moved_arguments or any(other.selects for other in graph.stages):
        return False
    return not any(is_shipped(one.index, plan) and index in graph.chain(one.index) for one in graph.stages)


def is_builtin(name: str) -> bool:
    """Whether earth itself sets ``name``; BUILD* are free names there."""
    return name.startswith(("TARGET", "NATIVE"))


def is_of_earth(name: str, mappings: Mappings) -> bool:
    """Whether earth gives ``name`` a value that Docker does not know of."""
    entry = mappings.builtin_arguments.get(name)
    return entry is not None and entry["kind"] == "earth"


def keeps_home(instruction: Instruction, stage: Recipe) -> bool:
    """Whether ``ARG HOME=$HOME`` is Docker's bare one: RUN alone reads it there, and the user stays the same.

    earth asks a shell in the image for the value.
    """
    graph = stage.arguments.plan.graph
    later = [item for item in graph.stages[stage.stage].instructions if item.span > instruction.span]
    others = (item for item in later if item.keyword != "RUN")
    is_built_on = any(stage.stage in (one.base, *one.selects) for one in graph.stages)
    return not is_built_on and not any(item.keyword == "USER" or "HOME" in item.text for item in others)
