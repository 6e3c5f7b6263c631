"""Locks between processes: files that the system frees when their holder ends, however that happens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def taken(path: Path) -> IO[bytes] | None:
    """An open file that holds the lock, None when another has it. Raises OSError when ``path`` cannot be opened."""
    file = path.open("a+b")
    try:
        _lock(file, wait=False)
    except OSError:
        file.close()
        return None
    return file


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The lock, as soon as it is free. Raises OSError when ``path`` cannot be opened."""
    with path.open("a+b") as file:
        _lock(file, wait=True)
        yield


def _lock(file: IO[bytes], *, wait: bool) -> None:
    if os.name == "nt":
        import msvcrt

        while True:
            try:
                file.seek(0)
                msvcrt.locking(  # type: ignore[attr-defined,unused-ignore]
                    file.fileno(),
                    msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK,  # type: ignore[attr-defined,unused-ignore]
                    1,
                )
                return
            except OSError:  # LK_LOCK gives up after ten seconds
                if not wait:
                    raise
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
