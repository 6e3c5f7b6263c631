"""What the user chose for a migration, and how it is read from options and settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from migrate.callsites.data import Data


class Style(NamedTuple):
    """How Dockerfiles are converted: the options of that name of ``migrate.settings.Settings``."""

    fidelity: str = "clean"
    fallback: str = "dockerfile"
    helper_image: str = "busybox"


_STYLE = Style()


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose: carriers to look at, the tool that calls are written for."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    tool: str = "earth"
    docs: bool = False
    force: bool = False
    """Replace an Earthfile that no migration made."""
    style: Style = _STYLE
    compose: str = "keep"
    """Whether services keep ``build:``, or ``replace``."""
    remove_dockerfiles: bool = False

    @property
    def replaces_builds(self) -> bool:
        """Whether ``build:`` goes from compose files."""
        return self.compose == "replace" or self.remove_dockerfiles

    def wants(self, carrier: str) -> bool:
        """Whether call sites in ``carrier`` are looked for."""
        if carrier == "markdown" and not self.docs:
            return False
        return (not self.only or carrier in self.only) and carrier not in self.skip


_LISTS = ("only", "skip")
OPTIONS = (*_LISTS, "tool", "docs", "force", "compose", "remove-dockerfiles", "fidelity", "fallback", "helper-image")
"""The options of ``repo`` that make a choice, as the command line and settings name them."""


class ChoiceError(ValueError):
    """Values that make no choice; ``option`` is the one that is wrong, the text says why."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(why)
        self.option = option


def chosen(values: Mapping[str, Any], data: Data, base: Choice | None = None) -> Choice:
    """``base`` with what ``values`` say of OPTIONS; kinds of files are a text with commas, a list, or None.

    Raises ChoiceError.
    """
    base = base or Choice()
    fields = {name.replace("-", "_"): value for name, value in values.items()}
    for name in _LISTS:
        if name in fields:
            fields[name] = _kinds(fields[name], name, data)
    style = base.style._replace(**{name: fields.pop(name) for name in Style._fields if name in fields})
    choice = dataclasses.replace(base, style=style, **fields)
    if choice.remove_dockerfiles and (choice.only or choice.skip):
        why = "every kind of file has to be looked into: leave out --only and --skip"
        raise ChoiceError("remove-dockerfiles", why)
    return choice


def _kinds(names: str | Iterable[str] | None, option: str, data: Data) -> frozenset[str]:
    written = names.split(",") if isinstance(names, str) else names or ()
    found = frozenset(name.strip() for name in written if name.strip())
    if unknown := sorted(found - data.kinds.keys()):
        raise ChoiceError(option, f"{unknown[0]} is none of {', '.join(data.kinds)}")
    return found
