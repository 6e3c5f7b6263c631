"""Which processes run, for the tests of batches. Only where /proc tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def processes(word: str) -> list[int]:
    """The processes whose command line or environment has ``word``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if word.encode() in text:
            found.append(int(folder.name))
    return found


def children(parent: int) -> list[int]:
    """The processes that ``parent`` has started, zombies left out."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(file.parent.name))
    return found


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until ``condition`` holds; a test that never gets there fails instead of waiting for ever."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def none_left(word: str) -> bool:
    for _ in range(100):
        if not processes(word):
            return True
        time.sleep(0.05)
    return False
