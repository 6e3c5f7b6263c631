"""Links that a RUN makes and that lead out of a folder, whose ends a copy of it would not find, or to nothing."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from migrate.artifacts import clean

_LINKS = r"\bln\b([^;&|\n]*)"
_SYSTEM = ("/bin/", "/etc/", "/lib/", "/proc/", "/sbin/", "/usr/bin/", "/usr/lib/", "/usr/sbin/", "/usr/share/")


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


def may_dangle(texts: Iterable[str], folder: str) -> bool:
    """Whether one of the RUN ``texts`` may put a link to nothing below a folder in ``folder``.

    What the text names elsewhere, and what stands in a folder of the system, is taken to exist.
    """
    whole = "\n".join(texts)
    if "ln" not in whole:
        return False
    calls = [match[1] for match in re.finditer(_LINKS, whole)]
    rest = re.sub(_LINKS, "", whole)
    named = {posixpath.basename(word.strip("\"'")) for word in re.split(r"[\s;&|()<>]+", rest)}
    links = [link for call in calls for link in _links(call.split())]
    ends = [(posixpath.basename(target), posixpath.basename(place)) for target, place in links]
    named |= {name for end, name in ends if name != end}
    return any(
        _is_deep(place, folder) and not target.startswith(_SYSTEM) and posixpath.basename(target) not in named
        for target, place in links
    )


def _links(words: list[str]) -> Iterator[tuple[str, str]]:
    """(target, place) of each symbolic link that ``ln`` with these words makes; a place may be the folder for it."""
    names = [word.strip("\"'") for word in words if not word.startswith("-")]
    if any(re.match(r"-\w*s|--symbolic", word) for word in words) and names:
        *targets, place = names if len(names) > 1 else [*names, "."]
        for target in targets:
            yield target, posixpath.join(place, posixpath.basename(target)) if place.endswith("/") else place


def _is_deep(place: str, folder: str) -> bool:
    """Whether a link at ``place`` may lie in a folder below ``folder``; one directly in it is another matter."""
    if not place.startswith("/") or "$" in place:
        return True
    return clean(place).removeprefix(folder.rstrip("/") + "/").count("/") > 0 and clean(place).startswith(
        folder.rstrip("/") + "/"
    )
