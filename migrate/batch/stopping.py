"""The end of a run by a signal. Nothing heavy is imported here: a signal may come before anything else is loaded."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn


class Stop:
    """Turns the first SIGINT or SIGTERM into a flag. The second unwinds the process, a third kills it.

    Either way the exit code is that of a shell for the signal.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._at_once = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        second = self()
        self.signal = number
        if second or self._at_once:
            self._end()

    def _end(self) -> NoReturn:
        for number in self._before:
            signal.signal(number, signal.SIG_DFL)
        raise SystemExit(128 + (self.signal or 0))

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Here also the first one ends the process: what is waited for may never come."""
        self._at_once = True
        try:
            if self():
                self._end()
            yield
        finally:
            self._at_once = False

    def __call__(self) -> bool:
        return self.signal is not None
