"""Which paths a stage must save so that others can copy them (hard-cases.md 4, earthfile.md 4)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from migrate.words import Literal, Word, literal_text

WILDCARDS = frozenset("*?[")
#: What cannot stand first behind ``--if-exists``, which puts the first character into brackets: a wildcard would be a
#: plain character, the others break the brackets (filepath.Match).
NOT_IN_BRACKETS = WILDCARDS | frozenset("-]^\\")
ROOT = "/"


class Artifact(NamedTuple):
    """One SAVE ARTIFACT: an absolute path without a slash at the end, ``/`` for the whole root.

    ``keep_times`` asks for --keep-ts.
    """

    path: str
    keep_times: bool = False

    def covers(self, other: Artifact) -> bool:
        """Whether saving this makes saving ``other`` unnecessary."""
        return self.path in (ROOT, other.path) or other.path.startswith(self.path + "/")


def clean(path: str) -> str:
    """``path`` rooted at ``/`` with dots resolved, as BuildKit reads a source of ``--from``."""
    cleaned = posixpath.normpath("/" + path)
    return "/" + cleaned.lstrip("/")


def needed(word: Word) -> Artifact:
    """What must be saved so that ``word``, a source of ``COPY --from``, can be copied whatever its variables are."""
    text = literal_text(word)
    if text is None:
        first = word[0]
        known = first.text if isinstance(first, Literal) else ""
        return Artifact(clean(known.rpartition("/")[0]))
    path = clean(text)
    if not WILDCARDS & set(path):
        return Artifact(path)
    # A pattern saves its folder: SAVE ARTIFACT fails when nothing matches, and its --if-exists saves nothing at all
    # below a WORKDIR; COPY --if-exists then takes the files.
    parts = path.split("/")
    stop = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    return Artifact("/".join(parts[:stop]) or ROOT)


def related(one: str, other: str) -> bool:
    """Whether one path is the other or lies below it."""
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def minimal(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """``artifacts`` without those that another one covers, in first-use order."""
    unique = list(dict.fromkeys(artifacts))
    return tuple(
        artifact for artifact in unique if not any(other != artifact and other.covers(artifact) for other in unique)
    )


def rooted(word: Word) -> Word:
    """The source ``word`` of a ``--from`` as the path of an artifact: from the root, dots resolved."""
    text = literal_text(word)
    if text is not None:
        path = clean(text)
        slash = "/" if text.endswith("/") and path != ROOT else ""
        return (Literal(path + slash),)
    first, rest = word[0], word[1:]
    if not isinstance(first, Literal):
        return (Literal("/"), *word)
    head, _, tail = first.text.rpartition("/")
    return (Literal(f"{clean(head).rstrip('/')}/{tail}"), *rest)
