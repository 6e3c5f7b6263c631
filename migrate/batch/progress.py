"""How far a batch is: a line that renews itself on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from migrate.diagnostics import visible
from migrate.results import Result

_REDRAW = 0.1
_CI_EVERY = 30.0


class Progress:
    """Counts what has ended of ``total`` and says so on ``stream``; None: on nothing.

    ``failures``: name each repository that failed, too.
    """

    def __init__(self, total: int, stream: TextIO | None, *, failures: bool = True) -> None:
        self.total = total
        self._failures = failures
        self.counts: Counter[str] = Counter()
        self._stream = stream
        self._live = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._start = self._last = time.monotonic()
        self._drawn = False

    def add(self, results: Sequence[Result]) -> None:
        """Take these into account, and say it when it is time to."""
        for result in results:
            self.counts[result.status] += 1
            if result.status == "failed" and self._failures:
                self._say(f"{result.name}: {visible(result.why)}")
        now = time.monotonic()
        if now - self._last >= (_REDRAW if self._live else _CI_EVERY):
            self._last = now
            self._draw(self.line(now - self._start))

    def clear(self) -> None:
        """Make room for a line of another stream; at the end leave the terminal as it was."""
        if self._live and self._drawn:
            self._draw("")

    def line(self, seconds: float) -> str:
        """What the line says ``seconds`` after the start."""
        done = sum(self.counts.values())
        counted = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        rate = done / seconds if seconds else 0.0
        left = f"{_time((self.total - done) / rate)} left" if rate else "-:-- left"
        share = done * 20 // self.total if self.total else 20
        bar = f"[{'#' * share}{'.' * (20 - share)}]"
        return f"{bar} {done}/{self.total}: {counted or 'none yet'}; {rate:.1f}/s, {left}"

    def _say(self, text: str) -> None:
        self._write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")

    def _draw(self, text: str) -> None:
        self._drawn = bool(text)
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r\x1b[K{text[:width]}" if self._live else f"{text}\n")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # nobody reads it any more, which is no reason to stop
            if self._stream is sys.stderr:
                sys.stderr = None  # or Python tries once more at the end, and changes the exit code
            self._stream = None


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
