"""What travels between a batch and its workers: plain values that can be pickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any, NamedTuple

from migrate import __version__
from migrate.batch.inputs import Entry, plain
from migrate.choice import Choice
from migrate.imagefacts import ImageFacts
from migrate.results import Result


class Mode(NamedTuple):
    """What is done with the change of a repository. Neither ``patches`` nor ``write``: it is only told."""

    patches: bool = False
    write: bool = False
    branch: str | None = None
    """With ``write``: commit on this new branch instead of changing the work tree."""
    message: str = ""
    allow_dirty: bool = False


class Inspection(NamedTuple):
    """What is found out of base images, as ``repo --inspect --image-facts`` does it."""

    where: str | None = None
    """Where they are looked at: ``auto``, ``engine`` or ``registry``; None: nowhere."""
    facts: str | None = None
    """The text of the file of --image-facts, as it was at the start."""
    cache: str | None = None
    """The folder in which the workers of a machine share what they found."""


class Seen(NamedTuple):
    """A base image that a worker looked at: its canonical name, the platform that was asked for, and its facts."""

    name: str
    platform: str
    facts: ImageFacts


class Earlier(NamedTuple):
    """What an earlier run of the same report found: enough to tell that nothing has changed."""

    state: str
    settings: str
    commit: str | None
    changes: tuple[str, ...]
    branch: str | None
    images: tuple[tuple[str, str], ...] = ()


class Job(NamedTuple):
    """One repository: everything that a worker needs, wherever it runs."""

    entry: Entry
    choice: Choice
    mode: Mode
    mappings: str | None = None
    """The text of --mappings."""
    workdir: str | None = None
    """Where clones stand and stay. None: a temporary folder."""
    scratch: str | None = None
    """Where temporary folders are made. None: where the system has them."""
    earlier: Earlier | None = None
    given: frozenset[str] = frozenset()
    """The options of ``repo`` that the command line or the list gives: they win over what a repository says itself."""
    inspection: Inspection | None = None

    @property
    def settings(self) -> str:
        """A digest of everything beside the repository that decides the result."""
        mode = self.mode._replace(allow_dirty=False)
        parts: list[Any] = [
            __version__,
            plain(asdict(self.choice)),
            mode,
            self.mappings,
            self.entry.ref,
            sorted(self.given),
        ]
        if self.inspection is not None:  # of the facts, only those of its own images count
            parts += [self.inspection.where, self.inspection.facts is not None]
        text = json.dumps(parts, sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


class Answer(NamedTuple):
    """The result of a job, the patch where one was asked for, and the base images that were looked at for it."""

    result: Result
    patch: bytes | None = None
    seen: tuple[Seen, ...] = ()
