"""Finds and loads the mappings: the data that rules, diagnostics and image knowledge are made of.

People edit ``mappings/*.yaml``; ``python dev.py mappings`` compiles them to the two JSON files read here, so that a run
needs no YAML library. In a wheel or zip the folder lies inside the package, in a checkout beside it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from migrate.diagnostics import Entry, Grade, Severity

Section: TypeAlias = Mapping[str, Any]
"""Plain data as in the YAML file: mappings, tuples, strings, numbers, booleans, None."""

_T = TypeVar("_T")

SECTIONS = (
    "base_images",
    "builtin_arguments",
    "effort",
    "environment_names",
    "fallback",
    "instructions",
    "mounts",
    "noise",
    "ownership",
    "secret_files",
    "timestamps",
)
"""The data sections: ``mappings/<name with dashes>.yaml`` each. schema.json says which an overlay may have."""


@dataclass(frozen=True, slots=True)
class Mappings:
    """Everything a conversion looks up.

    ``diagnostics``: code -> entry. ``base_images``: repository -> facts (ask ``migrate.images.base_image``).
    ``builtin_arguments``: name -> what it is. ``environment_names``: name, or pattern with ``*``, -> who reads it.
    ``secret_files``: pattern -> what such a file holds. The others are as their files say.
    """

    diagnostics: Mapping[str, Entry]
    base_images: Section
    builtin_arguments: Section
    effort: Section
    environment_names: Section
    fallback: Section
    instructions: Section
    mounts: Section
    noise: Section
    ownership: Section
    secret_files: Section
    timestamps: Section
    inspected: Section = field(default_factory=dict)
    """What the configs of images say: canonical reference -> fields of ``migrate.images.BaseImage``."""
    derived: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out of all this once and is asked for often; no part of the value."""

    def once(self, key: tuple[str, ...], make: Callable[[], _T]) -> _T:
        """What ``make`` gives, which is asked only once for each ``key``."""
        if key not in self.derived:
            self.derived[key] = make()
        found: _T = self.derived[key]
        return found


class Explanation(NamedTuple):
    """The long part of a catalogue entry, for ``earthmigrate explain``."""

    what: str
    why: str
    do: str
    before: str
    after: str


class MappingError(Exception):
    """A mappings file that cannot be used; the text starts with file, line and column."""


@cache
def builtin() -> Mappings:
    """The mappings that ship with the tool."""
    compiled = json.loads(read_data("compiled.json"))
    entries = {code: _entry(code, fields) for code, fields in compiled["diagnostics"].items()}
    return Mappings(entries, **{name: frozen(compiled[name]) for name in SECTIONS})


def explanation(code: str) -> Explanation | None:
    """What ``code`` means, None for an unknown code."""
    fields = json.loads(read_data("catalogue.json")).get(code)
    return Explanation(**fields) if fields else None


def overlay(base: Mappings, text: str, path: str) -> Mappings:
    """``base`` with the data sections of a YAML file laid over it; ``path`` is only named in errors.

    A mapping extends or overrides the one below it key by key; anything else replaces. Raises MappingError.
    """
    from migrate.mappings_compile import read_overlay  # a YAML library: only for --mappings

    changes = read_overlay(text, path)
    return replace(base, **{name: _merged(getattr(base, name), frozen(data)) for name, data in changes.items()})


def longest_pattern(name: str, section: Section) -> str | None:
    """The longest key ``BEGINNING*`` of ``section`` that ``name`` fits, None when there is none."""
    return next((key for end in range(len(name), -1, -1) if (key := f"{name[:end]}*") in section), None)


def frozen(data: Any) -> Any:
    """``data`` with its lists turned into tuples."""
    if isinstance(data, dict):
        return {key: frozen(value) for key, value in data.items()}
    if isinstance(data, list):
        return tuple(frozen(value) for value in data)
    return data


class _Loader(Protocol):
    def get_data(self, path: str) -> bytes:
        """The bytes of a file beside the module, also inside a zip."""


def read_data(name: str) -> bytes:
    """The bytes of a file in ``mappings/``. importlib.resources would do the same for 16 ms of every start."""
    spec = sys.modules[__name__].__spec__
    loader = cast("_Loader", spec.loader if spec else None)
    package = os.path.dirname(__file__)
    try:
        return loader.get_data(os.path.join(package, "mappings", name))
    except OSError:
        return loader.get_data(os.path.join(os.path.dirname(package), "mappings", name))


def _entry(code: str, fields: Mapping[str, str]) -> Entry:
    severity, grade = Severity[fields["severity"].upper()], Grade[fields["grade"].upper()]
    return Entry(code, fields["name"], severity, grade, fields["message"], fields["hint"])


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **{key: _merged(below.get(key), value) for key, value in above.items()}}
    return above
