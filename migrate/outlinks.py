"""Links that a RUN makes and that lead out of a folder: a copy of the folder alone would not find their ends."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from migrate.artifacts import clean

_LINKS = r"\bln\b([^;&|\n]*)"


def lead_out(texts: Iterable[str], folder: str) -> bool:
    """Whether one of the RUN ``texts`` may put a link below ``folder`` whose end lies outside of it."""
    return any(
        _leads_out(match[1].split(), folder) for text in texts if "ln" in text for match in re.finditer(_LINKS, text)
    )


def _leads_out(words: list[str], folder: str) -> bool:
    names = [word.strip("\"'") for word in words if not word.startswith("-")]
    is_symbolic = any(re.match(r"-\w*s|--symbolic", word) for word in words)
    if not is_symbolic or not names:
        return False
    if len(names) == 1:
        names.append(".")  # ln -s TARGET: a link in the working directory
    *targets, place = names
    here = clean(place) + ("/" if place.endswith("/") else "")
    if place.startswith("/") and "$" not in place and not here.startswith(folder.rstrip("/") + "/"):
        return False  # elsewhere, or the folder itself: that link is followed
    return any(_is_outside(target, place, folder) for target in targets)


def _is_outside(target: str, place: str, folder: str) -> bool:
    if "$" in target or "`" in target:
        return True
    if not target.startswith("/"):
        if not place.startswith("/"):
            return ".." in target.split("/")
        target = posixpath.join(posixpath.dirname(place), target)
    end = clean(target)
    return end != folder and not end.startswith(folder.rstrip("/") + "/")
