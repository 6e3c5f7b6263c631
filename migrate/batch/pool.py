"""A pool of processes whose every call can be stopped: one call a process at a time, each process a group of its own.

concurrent.futures.ProcessPoolExecutor loses all calls under way when one process dies, and cannot stop a call.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from migrate.batch import frames

_T = TypeVar("_T")
_P = ParamSpec("_P")

#: The first thing it does is to forget the current folder, which Python puts first on the path: a file in it must not
#: be taken for a module, not even for one of Python's own.
_START = (
    "import sys; sys.path[:] = [entry for entry in sys.path if entry]; "
    "import json; sys.path[:] = json.loads(sys.argv[1]); from migrate.batch.worker import main; main()"
)
_START_SECONDS = 120.0
_MOST_CALLS = 400
"""A process is replaced after so many: what its memory has gathered goes with it."""


class WorkerDied(Exception):
    """The process that did the call is gone; the text says how it ended."""


class TookTooLong(Exception):
    """The call was stopped after the time it had."""


class Worker:
    """One process. Not for several threads at once, but for ``kill``."""

    def __init__(self) -> None:
        path = [entry or os.getcwd() for entry in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._ending = threading.Lock()
        self._gone = False
        self.calls = 0

    def call(self, function: Callable[..., _T], arguments: tuple[Any, ...], seconds: float | None) -> _T:
        """``function(*arguments)`` in the process. Raises what it raises, WorkerDied or TookTooLong."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.calls += 1
        limit = _Limit(self.kill, _START_SECONDS if self.calls == 1 else seconds)
        try:
            if self.calls == 1:
                frames.receive(self._process.stdout)  # it is ready
                if not limit.end():
                    limit = _Limit(self.kill, seconds)
            frames.send(self._process.stdin, (function, arguments))
            value, problem = frames.receive(self._process.stdout)
        except (EOFError, OSError):
            late = limit.end()
            self.kill()
            if late:
                raise TookTooLong from None
            raise WorkerDied(_how(self._process.wait())) from None
        finally:
            late = limit.end()
        if late:
            raise TookTooLong
        if problem is not None:
            raise problem
        return value  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End the process and all that it started."""
        with self._ending:
            if not self._gone:
                self._gone = True
                try:
                    if hasattr(os, "killpg"):
                        os.killpg(self._process.pid, signal.SIGKILL)
                    else:
                        self._process.kill()
                except (ProcessLookupError, PermissionError):
                    pass  # it has ended by itself, and nothing of its group is left
        self._process.wait()

    def close(self) -> None:
        """End it, and give back its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # bytes that the dead process never read
                    pipe.close()


class _Limit:
    """Calls ``stop`` after some time, unless ``end`` comes first."""

    def __init__(self, stop: Callable[[], None], seconds: float | None) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._ended = self._late = False
        self._timer = threading.Timer(seconds, self._strike) if seconds else None
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def _strike(self) -> None:
        with self._lock:
            if not self._ended:
                self._late = True
                self._stop()

    def end(self) -> bool:
        """No stop from here on; whether there was one."""
        with self._lock:
            self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        return self._late


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class WorkerPool(Executor):
    """An Executor over ``size`` workers, which start at once. ``seconds``: what a call may take."""

    def __init__(self, size: int, seconds: float | None = None) -> None:
        self.size = size
        self._seconds = seconds
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]] | None] = (
            queue.SimpleQueue()
        )
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """See Executor. The function and its arguments must be picklable."""
        assert not kwargs, "positional arguments only"
        if self._stopped:
            raise RuntimeError("the pool has been shut down")
        future: Future[_T] = Future()
        self._calls.put((future, fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See Executor. ``cancel_futures`` also stops the calls under way."""
        self._stopped = True
        if cancel_futures:
            self._drain()
            with self._lock:
                for worker in self._workers:
                    worker.kill()
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _drain(self) -> None:
        while True:
            try:
                item = self._calls.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[0].cancel()

    def _serve(self) -> None:
        worker: Worker | None = None
        with contextlib.suppress(OSError, WorkerDied):  # the first call tries again, and says what is wrong
            worker = self._started()
        while (item := self._calls.get()) is not None:
            future, function, arguments = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._started()
                value = worker.call(function, arguments, self._seconds)
            except BaseException as error:
                if isinstance(error, (WorkerDied, TookTooLong)):
                    self._end(worker)
                    worker = None
                future.set_exception(error)
            else:
                future.set_result(value)
                if worker.calls >= _MOST_CALLS:
                    self._end(worker)
                    worker = None
            del item, future, arguments
        self._end(worker)

    def _started(self) -> Worker:
        with self._lock:
            if self._stopped:
                raise WorkerDied("the pool has been shut down")
            worker = Worker()
            self._workers.add(worker)
            return worker

    def _end(self, worker: Worker | None) -> None:
        if worker is not None:
            with self._lock:
                self._workers.discard(worker)
            worker.close()
