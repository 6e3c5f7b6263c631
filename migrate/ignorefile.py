"""The ignore file that keeps an Earthfile's context equal to the Dockerfile's (design 5.10, earthfile.md 3)."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from fnmatch import fnmatchcase

from migrate.context import Context
from migrate.recipe import Reporter

NAME = ".earthlyignore"
#: Files that only the Earthfile side has in its context.
OWN_FILES = ("Earthfile", NAME)


def needed(sources: Sequence[str], context: Context, report: Reporter, *, writes: bool) -> str | None:
    """The text of the .earthlyignore that must stand beside the Earthfile, None when none is needed or it exists.

    ``sources`` are the context paths that COPY names. Findings go to ``report``.
    """
    if not sources:
        return None
    takes_own = any(_takes(source, name) for source in sources for name in OWN_FILES)
    if not context.known():
        if takes_own:
            report("EM705", None)
        elif any("." not in source.rpartition("/")[2] for source in sources):
            report("EM702", None)
        return None
    docker = context.ignore_text()
    name = posixpath.basename(docker[0]) if docker is not None else ""
    text = docker[1] if docker is not None else ""
    has_patterns = any(line.strip() and not line.strip().startswith("#") for line in text.splitlines())
    if not takes_own and not has_patterns:
        return None
    wanted = with_own_files(text) if takes_own or has_patterns else text
    existing = context.earth_ignore_text()
    if existing is not None:
        if _patterns(existing[1]) != _patterns(wanted):
            report(
                "EM703",
                None,
                name=posixpath.basename(existing[0]),
                source=name or "the Dockerfile's side, which has none",
            )
        return None
    if not writes:
        report("EM701", None, source=name or "no .dockerignore", text=" ".join(_patterns(wanted)))
    return wanted


def with_own_files(text: str) -> str:
    """``text`` with the files that only the Earthfile side has, last so that no ``!`` line brings them back."""
    lines = text if not text or text.endswith("\n") else text + "\n"
    last: set[str] = set()
    for line in reversed(lines.splitlines()):
        if line.strip() not in OWN_FILES:
            break
        last.add(line.strip())
    added = [name for name in OWN_FILES if name not in last]
    return lines + "".join(f"{name}\n" for name in added)


def _takes(source: str, name: str) -> bool:
    first = source.removeprefix("./").strip("/")
    return first in ("", ".") or ("/" not in first and fnmatchcase(name, first))


def _patterns(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
