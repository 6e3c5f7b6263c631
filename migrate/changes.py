"""Makes all changes to a tree, or none: prepared beside their places, then renamed; undone after an error or Ctrl-C.

A journal at the root lists what is under way. A run that finds one was killed, and ``interrupted`` says how to go back.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from migrate.disk import DiskError, read_existing, reason, shown, write_file
from migrate.gitpatch import FileChange

JOURNAL = ".earthmigrate-journal.json"
BACKUP = ".earthmigrate-backup"


class Interrupted(NamedTuple):
    """A run that was killed: the commands that bring the old tree back, one a line."""

    commands: tuple[str, ...]


def interrupted(root: Path) -> Interrupted | None:
    """What an earlier run left half done in ``root``, None when nothing."""
    data = read_existing(root / JOURNAL)
    if data is None:
        return None
    try:
        journal = json.loads(data)
        changed, added = [str(item) for item in journal["changed"]], [str(item) for item in journal["added"]]
        git = bool(journal["git"])
    except (ValueError, KeyError, TypeError):
        raise DiskError("EM733", path=shown(root / JOURNAL)) from None
    return Interrupted((*undo_commands(changed, added, git=git), f"rm -f -- {JOURNAL}"))


def undo_commands(changed: Sequence[str], added: Sequence[str], *, git: bool) -> list[str]:
    """Shell commands, for the root, that take the changes back."""
    found = []
    if changed and git:
        found.append(f"git checkout -- {shlex.join(changed)}")
    elif changed:
        found += [f"cp -p -- {shlex.quote(f'{BACKUP}/{path}')} {shlex.quote(path)}" for path in changed]
    if added:
        found.append(f"rm -f -- {shlex.join(added)}")
    return found


def make(root: Path, changes: Sequence[FileChange], *, git: bool) -> None:
    """Bring ``changes`` about below ``root``. Raises DiskError with the tree as it was; so does Ctrl-C."""
    due = [change for change in changes if change.before != change.after]
    for change in due:
        _check(root, change)
    if not due:
        return
    existing = [change for change in due if change.before is not None]
    if not git:
        _back_up(root, existing)
    journal = {
        "changed": [change.path for change in existing],
        "added": [change.path for change in due if change.before is None],
        "git": git,
    }
    write_file(root / JOURNAL, (json.dumps(journal, indent=1) + "\n").encode())
    done: list[FileChange] = []
    try:
        for change in due:
            done.append(change)
            _put(root / change.path, change.after)
    except BaseException:
        _undo(root, done)
        raise
    (root / JOURNAL).unlink()


def _undo(root: Path, done: Sequence[FileChange]) -> None:
    for change in reversed(done):
        _put(root / change.path, change.before)
    (root / JOURNAL).unlink()


def _put(path: Path, data: bytes | None) -> None:
    """``data`` at ``path``; None: nothing there."""
    if data is not None:
        write_file(path, data)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError("EM195", path=shown(path), reason=reason(error)) from None


def _check(root: Path, change: FileChange) -> None:
    """The place is still as it was when the change was planned, and no link leads out of the tree."""
    here = root
    for part in PurePosixPath(change.path).parts[:-1]:
        here = here / part
        if not here.is_dir() or here.is_symlink():
            raise DiskError("EM732", path=change.path)
    path = root / change.path
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        regular = change.before is None
    if not regular or read_existing(path) != change.before:
        raise DiskError("EM732", path=change.path)


def _back_up(root: Path, existing: Sequence[FileChange]) -> None:
    """Copies of what will change: without git nobody else has them."""
    try:
        for change in existing:
            place = root / BACKUP / change.path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, change.before or b"")
    except OSError as error:
        raise DiskError("EM195", path=shown(root / BACKUP), reason=reason(error)) from None
