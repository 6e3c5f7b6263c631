"""What can only be said: linters, packages and editors that name Dockerfiles. Patterns: mappings/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from migrate.neighbourfiles.model import Found, Said, Scene

_MOST = 20


def look(text: str, finds: Iterable[Mapping[str, Any]], scene: Scene) -> Found:
    """A finding for each place that one of ``finds`` describes, lines that are comments left out."""
    said: list[Said] = []
    for find in finds:
        for match in re.finditer(find["pattern"], text, re.MULTILINE):
            start = match.start(find.get("group", 0))
            line = text[text.rfind("\n", 0, match.start()) + 1 : start].lstrip()
            if line.startswith(("#", "//")) or match.group().lstrip().startswith(("#", "//")):
                continue
            code = "EM857" if scene.removed and find.get("fails") else "EM856"
            fields = {"what": find["what"], "hint": find["hint"]}
            said.append(Said(start, match.end(find.get("group", 0)), code, fields))
            if len(said) >= _MOST:
                return Found((), tuple(said))
    return Found((), tuple(said))
