"""Runs other programs: argument lists, never a shell; output line by line; nothing outlives its time or a Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple

TAIL = 40
"""So many of the last lines are kept for messages."""
_LONGEST_LINE = 2000
_MOST_KEPT = 1 << 20
_GRACE = 10.0
"""Seconds that a program gets to end by itself, before it is killed."""
_AFTER_EXIT = 2.0
"""Seconds to wait for the rest of the output of a program that has ended: something it started may hold the pipe."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_SHORTEST_MASKED = 3
MASK = "***"


class Missing(Exception):
    """The program does not exist or cannot be run."""


class TimedOut(Exception):
    """The time was up; ``tail`` are the last lines."""

    def __init__(self, seconds: float, tail: tuple[str, ...]) -> None:
        super().__init__(f"after {seconds:g} seconds")
        self.seconds = seconds
        self.tail = tail


class Stopped(BaseException):
    """A signal asked this run to end: like KeyboardInterrupt, nothing but cleaning up may hold it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Finished(NamedTuple):
    """How a program ended, and the last lines that it printed."""

    code: int
    tail: tuple[str, ...]


class Masker:
    """Replaces secret values in text. Values of one or two characters are left: they would blot out everything."""

    def __init__(self, values: Sequence[str] = ()) -> None:
        lines = {line.strip() for value in values for line in (value, *value.splitlines())}
        self._values = sorted((line for line in lines if len(line) >= _SHORTEST_MASKED), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """``text`` without the values."""
        for value in self._values:
            text = text.replace(value, MASK)
        return text


def _ignore(_: str) -> None:
    """For output that nobody looks at."""


@dataclass(frozen=True, slots=True)
class Runner:
    """How programs are run: the environment on top of ours, where the time ends, who hears each line.

    ``deadline`` is a value of ``time.monotonic``. ``environment`` maps a name to its value, or to None to leave it out.
    """

    environment: Mapping[str, str | None] = field(default_factory=dict)
    deadline: float | None = None
    seconds: float = 0.0
    mask: Callable[[str], str] = str
    on_line: Callable[[str], None] = _ignore

    def run(
        self, command: Sequence[str], *, environment: Mapping[str, str | None] | None = None, folder: Path | None = None
    ) -> Finished:
        """Run ``command`` to its end. Raises Missing, TimedOut; whatever ends this run ends the program first."""
        tail: deque[str] = deque(maxlen=TAIL)

        def heard(line: str) -> None:
            tail.append(line)
            self.on_line(line)

        process = self._started(command, environment, folder, subprocess.STDOUT)
        code = self._followed(process, heard, tail)
        return Finished(code, tuple(tail))

    def output(self, command: Sequence[str], *, environment: Mapping[str, str | None] | None = None) -> str | None:
        """What a short ``command`` prints on stdout, its long lines cut; None when it fails or does not exist."""
        lines: list[str] = []
        try:
            process = self._started(command, environment, None, subprocess.DEVNULL)
        except Missing:
            return None
        return "\n".join(lines) if self._followed(process, lines.append, lines) == 0 else None

    def within(self, seconds: float) -> Runner:
        """The same, silent, with at most ``seconds`` left: for a question, and for cleaning up after a time-out."""
        until = time.monotonic() + seconds
        return Runner(self.environment, until, seconds, self.mask)

    def _started(
        self,
        command: Sequence[str],
        environment: Mapping[str, str | None] | None,
        folder: Path | None,
        errors: int,
    ) -> subprocess.Popen[bytes]:
        merged = {**os.environ, **self.environment, **(environment or {})}
        known = {name: value for name, value in merged.items() if value is not None}
        try:
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=known,
                cwd=folder,
                creationflags=_OWN_GROUP,
                start_new_session=not _OWN_GROUP,
            )
        except (OSError, ValueError) as error:
            raise Missing(f"{command[0]}: {getattr(error, 'strerror', None) or error}") from None

    def _followed(self, process: subprocess.Popen[bytes], heard: Callable[[str], None], tail: Sequence[str]) -> int:
        with process:  # closes the pipe and waits
            try:
                for line in self._lines(process):
                    heard(shortened(self.mask(line)))
            except queue.Empty:
                end(process)
                raise TimedOut(self.seconds, tuple(tail)[-TAIL:]) from None
            except BaseException:
                end(process)
                raise
        return process.returncode

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[str]:
        """The lines until the program has ended. Raises queue.Empty when the time is up."""
        assert process.stdout is not None
        waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process.stdout, waiting.put), daemon=True).start()
        ended: float | None = None
        while True:
            now = time.monotonic()
            if ended is None and process.poll() is not None:
                ended = now + _AFTER_EXIT
            if ended is None and self.deadline is not None and now >= self.deadline:
                raise queue.Empty
            if ended is not None and now >= ended:
                end(process)  # what it has left behind holds the pipe
                return
            with contextlib.suppress(queue.Empty):
                line = waiting.get(timeout=0.2)
                if line is None:
                    self._wait(process)
                    return
                yield line

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """The pipe is closed: usually the program has ended, too."""
        left = None if self.deadline is None else max(self.deadline - time.monotonic(), 0.1)
        try:
            process.wait(left)
        except subprocess.TimeoutExpired:
            raise queue.Empty from None


def end(process: subprocess.Popen[bytes]) -> None:
    """End ``process`` and everything it has started: a request first, then by force."""
    with contextlib.suppress(OSError):
        _signal(process, force=False)
    if process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
    with contextlib.suppress(OSError):
        _signal(process, force=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)


def find(name: str) -> str | None:
    """The program ``name`` on PATH, or at the path that it is."""
    return shutil.which(name)


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """While this holds, SIGTERM and SIGHUP raise Stopped, so that whatever is running is cleaned up."""

    def stop(number: int, _: FrameType | None) -> None:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)  # a second one would break off the cleaning up
        raise Stopped(number)

    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # only the main thread may ask for signals
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if sys.platform == "win32":
    _OWN_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP

    def _signal(process: subprocess.Popen[bytes], *, force: bool) -> None:
        if not force:
            process.send_signal(signal.CTRL_BREAK_EVENT)
            return
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False, timeout=_GRACE, **quiet)

else:
    _OWN_GROUP = 0

    def _signal(process: subprocess.Popen[bytes], *, force: bool) -> None:
        os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)


def _read(pipe: IO[bytes], put: Callable[[str | None], None]) -> None:
    """Hand on each line of ``pipe``, a carriage return ending one, too; None at the end."""
    rest, cut = b"", False
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(pipe.fileno(), 65536):
            *lines, rest = re.split(rb"\r\n|\n|\r", rest + data)
            for line in lines:
                if not cut:
                    put(plain(line))
                cut = False
            if len(rest) > _MOST_KEPT:  # the rest of such a line is dropped, so that no half secret slips through
                if not cut:
                    put(plain(rest))
                rest, cut = b"", True
    if rest and not cut:
        put(plain(rest))
    put(None)


def plain(line: bytes) -> str:
    """A line of output for people: no escape sequences, no control characters."""
    text = _ESCAPE.sub("", line.decode("utf-8", "replace")).rstrip()
    return "".join(char if char.isprintable() else " " for char in text)


def shortened(line: str) -> str:
    """``line``, cut where nobody reads on."""
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..."
