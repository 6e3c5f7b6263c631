"""What names mean at one point of a stage, on Docker's side and in the target that is being written.

Docker keeps one table of ENV and ARG in which the last writer wins, and a stage inherits it from the stage it is FROM
(facts/dockerfile.md 5). In an Earthfile LET wins over ARG, ARG over ENV, ENV over ``ARG --global``, and ``FROM
+target`` brings no ARG (facts/earthfile.md 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate.dockerfile.words import WordError, expand
from migrate.words import Literal, Part, Variable, Word, literal_text, merged, variables

ARGUMENT = "argument"
ENVIRONMENT = "environment"


class Binding(NamedTuple):
    """The last writer of a name. ``value`` is its text when no build argument is passed, None when unknown or unset.

    ``default`` is the word an ARG was declared with (None for a bare one), for targets that must declare it again.
    ``derived``: its value came from an argument. ``is_passed``: an ARG without a default stands behind the ENV, so what
    is passed replaces it, in this stage alone. ``at``: when it was written, on the clock of the scope. An automatic
    argument always has a value, which only the builder knows.
    """

    kind: str
    value: str | None
    default: Word | None = None
    derived: bool = False
    is_passed: bool = False
    is_automatic: bool = False
    at: int = 0


class Scope:
    """The bindings of one stage while it is converted; a child stage starts from ``inherit``."""

    def __init__(self, image_environment: frozenset[str] | None) -> None:
        """``image_environment``: the names that the base image's ENV sets, None when unknown."""
        self.image_environment = image_environment
        self.bindings: dict[str, Binding] = {}
        self.environment: dict[str, Binding] = {}
        """What ENV wrote into the image's config, whatever an ARG says since."""
        self.declared: set[str] = set()
        """Names that an ARG of this target declares: a second ARG of that name is an error in an Earthfile."""
        self.reassigned: set[str] = set()
        """Names that a LET of this target holds; from then on only SET changes them."""
        self.passed: dict[str, str] = {}
        """Arguments whose passed value a LET keeps, under another name: see twicedeclared.py."""
        self.helpers: dict[str, None] = {}
        """Names that LETs of ours hold beside those of the Dockerfile."""
        self.fixed: dict[str, str | None] = {}
        """Arguments with a name of earth's own, and their values (None: unset): no ARG declares them."""
        self.clock = 0

    def assigning(self, name: str) -> str:
        """The keyword that gives ``name`` another value here: LET the first time, then SET."""
        keyword = "SET" if name in self.reassigned else "LET"
        self.reassigned.add(name)
        return keyword

    def bind(self, name: str, binding: Binding) -> None:
        """Make ``binding`` the last writer of ``name``."""
        self.clock += 1
        self.fixed.pop(name, None)
        self.bindings[name] = binding._replace(at=self.clock)

    def stale(self, name: str) -> list[str]:
        """The names in the default of argument ``name`` that have been written since: it gives another value now."""
        binding = self.bindings[name]
        used = dict.fromkeys(variable.name for variable in variables(binding.default or ()))
        return [other for other in used if other in self.bindings and self.bindings[other].at >= binding.at]

    def inherit(self) -> Scope:
        """The scope of a stage that is FROM this one: the same bindings, nothing declared."""
        child = Scope(self.image_environment)
        child.clock = self.clock
        child.bindings = dict(self.bindings)
        child.fixed = dict(self.fixed)
        # FROM starts from the config: its ENV hides an inherited ARG of the same name.
        hidden = dict.fromkeys(self.image_environment or (), Binding(ENVIRONMENT, None)) | self.environment
        for name, binding in hidden.items():
            held = child.bindings.get(name)
            if held is not None and (held.kind, held.is_passed) != (binding.kind, binding.is_passed):
                child.bind(name, binding)
        child.environment = dict(self.environment)
        return child

    def may_be_environment(self, name: str) -> bool:
        """Whether an ENV of that name can be in force: written in the text, or set by an image nobody knows."""
        binding = self.bindings.get(name)
        if binding is not None and binding.kind == ENVIRONMENT:
            return True
        return self.image_environment is None or name in self.image_environment

    def is_unset(self, name: str) -> bool:
        """Whether nothing in the text sets ``name`` and the image is not known to."""
        return name not in self.bindings and not (self.image_environment and name in self.image_environment)

    def is_bare_argument(self, name: str) -> bool:
        """Whether ``name`` is an ARG without a value, which callers are meant to pass."""
        binding = self.bindings.get(name)
        return binding is not None and binding.kind == ARGUMENT and binding.default is None and not binding.is_automatic

    def is_always_set(self, name: str) -> bool:
        """Whether ``name`` has a value, maybe an empty one, whatever build arguments are passed."""
        binding = self.bindings.get(name)
        return binding is not None and (
            binding.kind == ENVIRONMENT or binding.default is not None or binding.is_automatic
        )

    def is_never_set(self, name: str) -> bool:
        """Whether nothing can set ``name``: no line of the text, and the image is known not to."""
        return name not in self.bindings and self.image_environment is not None and name not in self.image_environment

    def static(self, word: Word) -> str | None:
        """The value of ``word`` when every name in it is known, else None."""
        values: dict[str, str] = {}
        for variable in variables(word):
            binding = self.bindings.get(variable.name)
            if binding is None:
                if self.may_be_environment(variable.name):
                    return None
            elif binding.value is None:
                if binding.is_automatic or binding.kind == ENVIRONMENT or self.may_be_environment(variable.name):
                    return None
            else:
                values[variable.name] = binding.value
        try:
            return expand(word, values)
        except WordError:
            return None

    def is_overridable(self, word: Word) -> bool:
        """Whether a build argument can change the value of ``word``."""
        return any(
            (binding := self.bindings.get(variable.name)) is not None and (binding.kind == ARGUMENT or binding.derived)
            for variable in variables(word)
        )


def without_variables(word: Word, values: Mapping[str, Word | None]) -> Word:
    """``word`` with the variables that ``values`` knows written out, wherever that can be: None is an unset one.

    What an operator makes of a value that is no plain text stays as it is.
    """
    parts: list[Part] = []
    for part in word:
        if isinstance(part, Variable):
            operand, replacement = without_variables(part.operand, values), without_variables(part.replacement, values)
            inner = replace(part, operand=operand, replacement=replacement)
            parts += _decided(inner, values[part.name]) if part.name in values else (inner,)
        else:
            parts.append(part)
    return merged(parts)


def _decided(part: Variable, value: Word | None) -> Word:
    """``${name<operator>...}`` for a name of that value."""
    if not part.operator:
        return value or ()
    text = None if value is None else literal_text(value)
    if value is not None and text is None:
        return (part,)
    has_value = text is not None if part.operator in ("-", "+", "?") else bool(text)
    if part.operator in ("-", ":-"):
        return (value or ()) if has_value else part.operand
    if part.operator in ("+", ":+"):
        return part.operand if has_value else ()
    if variables((replace(part, name=""),))[1:]:
        return (part,)
    try:
        return (Literal(expand((part,), {} if text is None else {part.name: text})),)
    except WordError:  # ${X:?message}
        return (part,)
