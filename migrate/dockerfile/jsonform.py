"""The JSON (exec) form of an operand: all or nothing, as Go's decoder takes it. Source: parser/line_parsers.go."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from math import isinf

from migrate.dockerfile.gotext import SPACE

_STRING = r'"(?:[^"\\]|\\.)*"'
_SURROGATE = "[\ud800-\udfff]"


class NotStrings(Exception):
    """A JSON array that holds something else than strings: BuildKit refuses it."""


def json_strings(text: str) -> tuple[str, ...] | None:
    """The strings of the JSON array that ``text`` is; None when it is no JSON array (then it is ordinary text).

    Raises NotStrings for an array of anything else.
    """
    trimmed = text.lstrip(SPACE)
    if not trimmed.startswith("["):
        return None
    try:
        values = _decoder().decode(trimmed)
    except (ValueError, RecursionError):
        return None
    if any(not isinstance(value, str) for value in values):
        raise NotStrings
    return tuple(value if value.isascii() else re.sub(_SURROGATE, "\ufffd", value) for value in values)


def string_spans(text: str, start: int) -> list[tuple[int, int]]:
    """Where the strings of a JSON array of strings stand in ``text``, quotes included."""
    return [match.span() for match in re.compile(_STRING).finditer(text, start)]


@lru_cache(maxsize=1)
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refuse)


def _number(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(text)
    return value


def _refuse(text: str) -> None:
    raise ValueError(text)
