"""The default of a global argument where a stage imports it: what it reads there, and what it read in the header."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migrate.header import GlobalArgument
from migrate.plan import earth_name
from migrate.scope import ARGUMENT, Scope, without_variables
from migrate.words import Part, Variable, Word, merged, variables

if TYPE_CHECKING:
    from migrate.arguments import Arguments


def is_global_here(known: GlobalArgument, scope: Scope) -> bool:
    """Whether the name of a global argument means that argument at this place of a stage."""
    binding = scope.bindings.get(known.name)
    if known.name in scope.declared:
        is_own = binding is None or binding.kind != ARGUMENT or binding.default != known.default
        return not is_own and known.name not in scope.reassigned
    return known.everywhere and binding is None and known.name not in (scope.image_environment or ())


def as_the_header_sees(word: Word, arguments: Arguments) -> Word:
    """``word`` without the names that are unset before the first FROM, whatever the stage gives them."""
    parts: list[Part] = []
    for part in word:
        if not isinstance(part, Variable):
            parts.append(part)
        elif part.name in arguments.plan.globals or earth_name(part.name, arguments.mappings) is not None:
            parts.append(replace(part, operand=as_the_header_sees(part.operand, arguments)))
        elif part.operator in ("-", ":-"):
            parts += as_the_header_sees(part.operand, arguments)
    return merged(parts)


def written_out(name: str, arguments: Arguments, depth: int = 0) -> Word | None:
    """The default of a global argument with the defaults it reads put in, None when it has none."""
    known = arguments.plan.globals.get(name)
    if known is None or known.default is None or depth > len(arguments.plan.globals):
        return None
    used = {variable.name for variable in variables(known.default)} & arguments.plan.globals.keys()
    return without_variables(known.default, {other: written_out(other, arguments, depth + 1) for other in used})
