"""Tells what is going on: a line per step; on a terminal also the newest line of a builder's output, in place."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

_CLEAR = "\r\x1b[K"
_BETWEEN = 0.1


class Progress:
    """Writes to ``stream``; ``live`` says that it is a terminal. A closed stream is no reason to stop."""

    def __init__(self, stream: TextIO | None, *, live: bool) -> None:
        self._stream = stream
        self._live = live
        self._begun = time.monotonic()
        self._shown = 0.0

    def step(self, text: str) -> None:
        """One line that stays."""
        self._write(f"{self._cleared()}{text}\n")

    def line(self, text: str) -> None:
        """The newest line of output."""
        now = time.monotonic()
        if not self._live or not text.strip() or now - self._shown < _BETWEEN:
            return
        self._shown = now
        width = shutil.get_terminal_size().columns - 1
        self._write(f"{_CLEAR}{f'  {now - self._begun:4.0f} s  {text.strip()}'[:width]}")

    def close(self) -> None:
        """Take the last live line away."""
        self._write(self._cleared())

    def _cleared(self) -> str:
        return _CLEAR if self._live else ""

    def _write(self, text: str) -> None:
        if self._stream is None or not text:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None
