"""One file per instruction, found by name: ``convert(instruction, stage) -> items``.

A rule yields the commands and remarks that an instruction becomes and updates the stage as Docker would. It reports
what differs; it raises NotExpressible when there is no native form, and the driver keeps the line as a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import TypeAlias

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import Recipe

Rule: TypeAlias = Callable[[Instruction, Recipe], Iterable[Item]]


@cache
def rule(keyword: str) -> Rule:
    """The rule of an instruction; ``from_`` because ``from`` is a Python keyword."""
    name = keyword.lower()
    module = import_module(f"migrate.rules.{'from_' if name == 'from' else name}")
    found: Rule = module.convert
    return found
