"""A worker process: does what its standard input asks, one call after the other, until that ends.

When the process that started it is gone, it ends at once, and with it every git that it runs.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import threading
from typing import IO, TYPE_CHECKING, Any

from migrate.batch import frames

if TYPE_CHECKING:
    from migrate.batch.jobs import Answer, Job

_OBJECTS = 100_000
"""New objects between two searches for cycles: the frozen values of a conversion hold hardly any."""


def perform(job: Job) -> Answer:
    """``migrate.batch.work.perform``, for processes that hand jobs on and need not load what does them."""
    from migrate.batch import work

    return work.perform(job)


def main() -> None:
    """Serve standard input; answers go to standard output. What else would use these two gets nothing."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL if name == "SIGTERM" else signal.SIG_IGN)
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, waiting), daemon=True).start()
    import migrate.batch.work  # noqa: F401 - what a call takes is counted from here

    gc.freeze()  # what is loaded stays: nobody need look for cycles in it
    gc.set_threshold(_OBJECTS)
    frames.send(answers, None)
    while True:
        function, arguments = waiting.get()
        try:
            value, problem = function(*arguments), None
        except Exception as error:  # it is the caller's business
            value, problem = None, error
        try:
            frames.send(answers, (value, problem))
        except BrokenPipeError:
            return
        except Exception as error:  # what cannot be pickled
            frames.send(answers, (None, RuntimeError(f"{type(error).__name__}: {error}; {problem!r}")))


def _read(calls: IO[bytes], waiting: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            waiting.put(frames.receive(calls))
        except (EOFError, OSError):
            break
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)
