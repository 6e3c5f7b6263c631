"""What every kind of neighbour works with: which Earthfile stands for which Dockerfile, and what was found."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from migrate.callsites.edits import Edit


class Move(NamedTuple):
    """A Dockerfile that was converted, and the files of its build in the context folder; ``ignore`` may be ""."""

    dockerfile: str
    earthfile: str
    ignore: str

    @property
    def files(self) -> tuple[str, ...]:
        """What stands for the Dockerfile now."""
        return tuple(path for path in (self.earthfile, self.ignore) if path)

    @property
    def docker_ignore(self) -> str:
        """The ignore file that docker reads for this build."""
        return posixpath.join(posixpath.dirname(self.earthfile), ".dockerignore")


class Scene(NamedTuple):
    """What a reader needs to know of the migration. ``written`` are new files, ``removed`` those that go."""

    moves: tuple[Move, ...]
    tool: Mapping[str, str]
    written: tuple[str, ...] = ()
    removed: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    """All files of the repository."""


class Said(NamedTuple):
    """A finding at ``text[start:end]``."""

    start: int
    end: int
    code: str
    fields: Mapping[str, str]


class Found(NamedTuple):
    """What one reader wants changed, and what it says."""

    edits: tuple[Edit, ...] = ()
    said: tuple[Said, ...] = ()


NOTHING = Found()


def newline(text: str) -> str:
    """The line ending of ``text``."""
    return "\r\n" if "\r\n" in text else "\n"


def lines(text: str) -> list[tuple[int, str]]:
    """(offset, line without its ending) of each line."""
    found, position = [], 0
    for line in text.split("\n"):
        found.append((position, line.rstrip("\r")))
        position += len(line) + 1
    return found


def line_end(text: str, offset: int) -> int:
    """Where the line of ``offset`` ends, before its line ending."""
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    return end - 1 if end > offset and text[end - 1] == "\r" else end
