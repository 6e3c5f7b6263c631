"""Makes all changes to a tree, or none: everything is prepared beside its place, then renamed; undone after an error or
Ctrl-C.

A journal at the root lists what is under way. A run that finds one was killed, and ``interrupted`` says how to go back.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from migrate.disk import DiskError, mode_for, read_existing, reason, shown, write_file
from migrate.gitpatch import FileChange

JOURNAL = ".earthmigrate-journal.json"
BACKUP = ".earthmigrate-backup"
_UNFINISHED = f"{JOURNAL}.new"
_PREPARED = ".earthmigrate-new"


class Interrupted(NamedTuple):
    """A run that was killed: the commands that bring the old tree back, one a line."""

    commands: tuple[str, ...]


class _Step(NamedTuple):
    """One change: where it goes, what is put there (None: nothing), and what was there, with its mode."""

    place: Path
    prepared: Path | None
    before: bytes | None
    mode: int | None


def interrupted(root: Path) -> Interrupted | None:
    """What an earlier run left half done in ``root``, None when nothing."""
    data = read_existing(root / JOURNAL)
    if data is None:
        # Killed before the journal stood in its place: nothing else was touched.
        unfinished = os.path.lexists(root / _UNFINISHED)
        return Interrupted((f"rm -f -- {_UNFINISHED}",)) if unfinished else None
    try:
        journal = json.loads(data)
        changed, added, exposed, prepared = (
            [str(item) for item in journal[name]] for name in ("changed", "added", "exposed", "prepared")
        )
        git = bool(journal["git"])
    except (ValueError, KeyError, TypeError):
        raise DiskError("EM733", path=shown(root / JOURNAL)) from None
    back = undo_commands(changed, [*added, *prepared], git=git, exposed=exposed)
    return Interrupted((*back, f"rm -f -- {_UNFINISHED} {JOURNAL}"))


def undo_commands(
    changed: Sequence[str], added: Sequence[str], *, git: bool, exposed: Collection[str] = ()
) -> list[str]:
    """Shell commands, for the root, that take the changes back.

    ``exposed`` are changed files that git does not hold as they were: their copies are in the backup folder.
    """
    held = [path for path in changed if git and path not in exposed]
    found = [f"git checkout -- {shlex.join(held)}"] if held else []
    copies = [path for path in changed if path not in held]
    folders = dict.fromkeys(path.rpartition("/")[0] for path in copies if "/" in path)
    found += [f"mkdir -p -- {shlex.join(folders)}"] if folders else []
    found += [f"cp -p -- {shlex.quote(f'{BACKUP}/{path}')} {shlex.quote(path)}" for path in copies]
    if added:
        found.append(f"rm -f -- {shlex.join(added)}")
    return found


def make(root: Path, changes: Sequence[FileChange], *, git: bool, exposed: Collection[str] = ()) -> None:
    """Bring ``changes`` about below ``root``. Raises DiskError with the tree as it was; so does Ctrl-C.

    Without ``git``, and for files that git does not hold as they are (``exposed``), copies are made first.
    """
    due = [change for change in changes if change.before != change.after]
    for change in due:
        _check(root, change)
    if not due:
        return
    existing = [change for change in due if change.before is not None]
    _back_up(root, [change for change in existing if not git or change.path in exposed])
    steps = [_step(root, change, index) for index, change in enumerate(due)]
    journal = {
        "changed": [change.path for change in existing],
        "added": [change.path for change in due if change.before is None],
        "prepared": [step.prepared.relative_to(root).as_posix() for step in steps if step.prepared is not None],
        "exposed": sorted(exposed),
        "git": git,
    }
    done: list[_Step] = []
    try:
        _begin(root, journal)
        for step, change in zip(steps, due, strict=True):
            _prepare(step, change)
        for step in steps:
            done.append(step)
            _put(step, root)
        _remove(root / JOURNAL)
    except BaseException:
        _undo(root, steps, done)
        raise


def _step(root: Path, change: FileChange, index: int) -> _Step:
    place = root / change.path
    prepared = place.with_name(f".{place.name[:60]}.{index}{_PREPARED}") if change.after is not None else None
    mode = stat.S_IMODE(os.lstat(place).st_mode) if change.before is not None else None
    return _Step(place, prepared, change.before, mode)


def _begin(root: Path, journal: object) -> None:
    """The journal, whole or not at all, under names that the next run knows."""
    try:
        (root / _UNFINISHED).write_text(json.dumps(journal, indent=1) + "\n", encoding="utf-8")
        os.replace(root / _UNFINISHED, root / JOURNAL)
    except OSError as error:
        raise DiskError("EM195", path=shown(root / JOURNAL), reason=reason(error)) from None


def _prepare(step: _Step, change: FileChange) -> None:
    """Write what will be renamed. Nothing may stand there: a link would lead elsewhere."""
    if step.prepared is None or change.after is None:
        return
    try:
        with open(step.prepared, "xb") as file:
            file.write(change.after)
        os.chmod(step.prepared, mode_for(step.mode))
    except OSError as error:
        raise DiskError("EM195", path=shown(step.prepared), reason=reason(error)) from None


def _put(step: _Step, root: Path) -> None:
    try:
        if step.prepared is not None:
            os.replace(step.prepared, step.place)
        else:
            step.place.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError("EM195", path=shown(step.place), reason=reason(error)) from None
    if step.prepared is None:
        _without_empty_folders(step.place, root)


def _without_empty_folders(place: Path, root: Path) -> None:
    """The folders that are empty without ``place`` go too, as with ``git apply``."""
    for folder in place.parents:
        if folder == root:
            return
        try:
            folder.rmdir()
        except OSError:
            return  # something else is in it


def _undo(root: Path, steps: Sequence[_Step], done: Sequence[_Step]) -> None:
    for step in reversed(done):
        if step.before is None:
            _remove(step.place)
        else:
            step.place.parent.mkdir(parents=True, exist_ok=True)
            write_file(step.place, step.before)
            os.chmod(step.place, mode_for(step.mode))
    for step in steps:
        if step.prepared is not None:
            _remove(step.prepared)
    for name in (_UNFINISHED, JOURNAL):
        _remove(root / name)


def _remove(path: Path) -> None:
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
    """Copies of what will change: nobody else has them."""
    if existing and (root / BACKUP).is_symlink():
        raise DiskError("EM732", path=BACKUP)
    try:
        for change in existing:
            place = root / BACKUP / change.path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, change.before or b"")
            os.chmod(place, stat.S_IMODE(os.lstat(root / change.path).st_mode))
    except OSError as error:
        raise DiskError("EM195", path=shown(root / BACKUP), reason=reason(error)) from None
