"""Where the page for the pull request may be written: beside the change, never into it."""

from __future__ import annotations

from pathlib import Path

from migrate.discovery import Files
from migrate.disk import DiskError, reason, shown, write_file
from migrate.repository import Migration

NAME = "pull-request.md"


def check(folder: Path, root: Path, migration: Migration, files: Files) -> None:
    """Raise DiskError where the page would become part of the repository or of the change."""
    place = _inside(folder, root)
    if place is None:
        return
    path = f"{place}/{NAME}" if place else NAME
    parts = path.split("/")
    if ".git" in parts or files.is_file(path) or any(change.path == path for change in migration.changes):
        raise DiskError("EM870", path=shown(folder / NAME))


def write(folder: Path, root: Path, text: str) -> tuple[str, bool]:
    """Write the page; its path for people, and whether it lies inside the repository. Raises DiskError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError("EM195", path=shown(folder), reason=reason(error)) from None
    write_file(folder / NAME, text.encode("utf-8", "surrogateescape"))
    return shown(folder / NAME), _inside(folder, root) is not None


def _inside(folder: Path, root: Path) -> str | None:
    """The way from ``root`` to ``folder``, None where it leads elsewhere; links resolved."""
    there, here = folder.resolve(), root.resolve()
    if not there.is_relative_to(here):
        return None
    way = there.relative_to(here).as_posix()
    return "" if way == "." else way
