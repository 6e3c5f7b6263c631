"""Finds the pairs at a path: one Dockerfile, or all of a repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from migrate.callsites.data import builtin
from migrate.discovery import is_dockerfile, is_template
from migrate.disk import DiskError, find_dockerfile, shown
from migrate.mappings import Mappings
from migrate.verify import migrated
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import EARTHFILE, Pair, Unread, read


def find(
    path: Path, *, context: Path | None, fresh: bool, fidelity: str, mappings: Mappings
) -> tuple[Pair | Unread, ...]:
    """The pairs at ``path``: a Dockerfile, its folder, or a repository with Earthfiles in it.

    ``fresh`` leaves existing Earthfiles alone and converts anew. Raises VerifyError when there is nothing.
    """
    if context is None and not fresh:
        root = migrated.root_of(path)
        if root is not None and (known := migrated.pairs(root, path, mappings)):
            return known
    if path.is_dir() and context is None and not fresh:
        files = [found for folder in _folders(path) if (folder / EARTHFILE).is_file() for found in _beside(folder)]
        if len(files) > 1:
            return tuple(_tried(file, fidelity, mappings) for file in files)
        path = files[0] if files else path
    try:
        dockerfile = find_dockerfile(path)
    except DiskError as error:
        raise VerifyError(error.code, **error.fields) from None
    folder = context if context is not None else dockerfile.parent
    return (read(dockerfile, folder, fresh=fresh, fidelity=fidelity, mappings=mappings),)


def _tried(file: Path, fidelity: str, mappings: Mappings) -> Pair | Unread:
    try:
        return read(file, file.parent, fidelity=fidelity, mappings=mappings)
    except VerifyError as error:
        return Unread(shown(file), error)


def _folders(top: Path) -> Iterator[Path]:
    skipped = builtin().discovery["skipped-folders"]
    for folder, names, _ in os.walk(top):
        names[:] = sorted(name for name in names if name not in skipped)
        yield Path(folder)


def _beside(folder: Path) -> list[Path]:
    """The Dockerfiles in a folder, by their usual names."""
    data = builtin().discovery
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file())
    return [folder / name for name in names if is_dockerfile(name, data) and not is_template(name, data)]
