"""Regular expressions that are compiled when they are first used: most files need few of them."""

from __future__ import annotations

import re
from typing import Any, cast

compiled = re.compile


class _Late:
    """Stands for the pattern; what was asked for once is an attribute of its own from then on."""

    def __init__(self, text: str, flags: int) -> None:
        self._source = text, flags
        self._made: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = compiled(*self._source)
        found = getattr(self._made, name)
        setattr(self, name, found)
        return found


def late(text: str, flags: int = 0) -> re.Pattern[str]:
    """``re.compile(text, flags)``, for a pattern that few files need."""
    return cast("re.Pattern[str]", _Late(text, flags))
