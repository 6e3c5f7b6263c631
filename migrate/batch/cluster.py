"""A Dask cluster in the place of the local pool: its workers may be other machines, and share no disk with this one.

Each call runs in a process of its own beside the Dask worker, so that it can be stopped and takes no worker with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from functools import partial
from typing import Any, ParamSpec, TypeVar

from migrate import __version__
from migrate.batch.jobs import Answer, Job
from migrate.batch.pool import TookTooLong, Worker, WorkerDied
from migrate.batch.worker import perform

INSTALL = "pip install 'earthmigrate[dask]'"
_SECONDS = 25.0
_CHECKING = 10.0
_IMPORTING = 60.0
"""What a busy worker may take to load this package."""
_ENDING = 3.0
_PULSE = 2.0
_TICK = 0.2
_LOST = 30.0
"""A scheduler that has not answered for so long is given up."""
_T = TypeVar("_T")
_P = ParamSpec("_P")


class ClusterError(Exception):
    """A cluster that cannot be used; the text says why."""


class Cluster:
    """A connection to the scheduler at ``address``. Raises ClusterError, also when ``stopped`` comes to hold."""

    def __init__(self, address: str, stopped: Callable[[], bool] = lambda: False) -> None:
        self._run = uuid.uuid4().hex
        self._stopped = stopped
        self._client = _client(address, stopped)
        try:
            self._check()
        except BaseException:
            self._left()
            raise
        self.executor: Executor = _Submitting(self._client.get_executor(pure=False))
        self._size, self._answered = 1, time.monotonic()
        self._closed = threading.Event()
        threading.Thread(target=self._ask, daemon=True).start()

    def function(self, seconds: float | None) -> Callable[[Job], Answer]:
        """What the executor is to do with a job that may take ``seconds``."""
        return partial(remote, self._run, seconds)

    def window(self) -> int:
        """How many jobs may be under way: the workers come and go. None while the scheduler is away."""
        return 2 * self._size if self._client.status == "running" else 0

    def lost(self) -> str:
        """That the scheduler has been away, or silent, for too long; "" while it has not."""
        if self._client.status == "closed":
            return "has gone; the same command goes on with the rest"
        if time.monotonic() - self._answered > _LOST:
            return f"has not answered for {_LOST:.0f} seconds; the same command goes on with the rest"
        return ""

    def close(self) -> None:
        """Leave the cluster; what still runs for us there is ended."""
        self._closed.set()
        if self._client.status == "running":
            with contextlib.suppress(Exception):  # a worker or a scheduler that has gone has ended it, too
                _within(_ENDING, self._client.run, end, self._run)
        self._left()

    def _left(self) -> None:
        with contextlib.suppress(Exception):  # nothing of ours is left there, whether it hears that or not
            _within(_ENDING + 1, partial(self._client.close, timeout=_ENDING))

    def _ask(self) -> None:
        """Know now and then how many workers there are, and that the scheduler lives."""
        while not self._closed.wait(_PULSE):
            try:
                self._size = sum(self._client.nthreads().values())
            except Exception:  # whatever Dask says of a scheduler that is away: its silence is what counts
                continue
            self._answered = time.monotonic()

    def _check(self) -> None:
        """There are workers, and they have this version. Raises ClusterError."""
        try:
            waiting = partial(self._client.wait_for_workers, 1, timeout=_CHECKING)
            _within(_CHECKING + _ENDING, waiting, stopped=self._stopped)
        except (TimeoutError, FutureTimeout):
            raise ClusterError("it has no workers") from None
        try:
            asking = partial(self._client.run, version, on_error="return")
            versions = _within(_IMPORTING, asking, stopped=self._stopped)
        except FutureTimeout:
            raise ClusterError("its workers do not answer") from None
        for worker, found in versions.items():
            if isinstance(found, Exception):
                raise ClusterError(f"its worker {worker} cannot run earthmigrate: {found}")
            if found != __version__:
                raise ClusterError(f"its worker {worker} has earthmigrate {found}, this is {__version__}")


class _Submitting(Executor):
    """Dask's executor, for which a scheduler that is away only cancels a call: it is no error of whoever submits."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """See Executor."""
        try:
            return self._inner.submit(fn, *args, **kwargs)
        except Exception:  # a client that has just closed says so in several ways
            future: Future[_T] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future


def _within(
    seconds: float, function: Callable[..., _T], *arguments: Any, stopped: Callable[[], bool] = lambda: False
) -> _T:
    """What ``function`` gives or raises within that time, else TimeoutError: Dask may wait for ever for a peer."""
    end = time.monotonic() + seconds
    found: Future[_T] = Future()

    def call() -> None:
        try:
            found.set_result(function(*arguments))
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    while not found.done() and not stopped() and time.monotonic() < end:
        wait([found], timeout=min(_TICK, seconds))
    return found.result(0)


def _client(address: str, stopped: Callable[[], bool]) -> Any:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(f"Dask is not installed ({error}): {INSTALL}") from None
    for name in ("distributed", "distributed.client"):  # what matters is in the results
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # A client that finds no scheduler tries on when it is closed: first see that there is one.
    seeing = partial(asyncio.run, _seen(distributed, address))
    make = partial(distributed.Client, address, timeout=_SECONDS, set_as_default=False, name="earthmigrate")
    try:
        _within(_SECONDS + _ENDING, seeing, stopped=stopped)
        return _within(_SECONDS + _ENDING, make, stopped=stopped)
    except (TimeoutError, FutureTimeout, asyncio.TimeoutError):  # it takes the connection, and says nothing
        raise ClusterError("there is no answer") from None
    except (OSError, ValueError) as error:
        raise ClusterError(str(error) or "there is no answer") from None
    except MemoryError:  # a greeting of another protocol, read as the size of a message
        raise ClusterError("what answers there is no Dask scheduler") from None
    except ClusterError:
        raise
    except Exception as error:  # Dask has no one kind of it
        raise ClusterError(f"{type(error).__name__}: {error}") from None


async def _seen(distributed: Any, address: str) -> None:
    """Shake hands with what is at ``address``, and go."""
    arguments = distributed.Security().get_connection_args("client")
    if address.startswith("tls:") and arguments.get("ssl_context") is None:
        raise ClusterError("Dask's TLS settings (distributed.comm.tls, in its own configuration) are missing")
    connecting = distributed.comm.connect(address, timeout=_SECONDS, **arguments)
    (await asyncio.wait_for(connecting, _SECONDS + 1)).abort()


_lock = threading.Lock()
_idle: list[Worker] = []
_busy: dict[str, set[Worker]] = {}
_caches: dict[str, tempfile.TemporaryDirectory[str]] = {}


def _cache(run: str) -> str:
    """The folder in which the processes of this worker share what they find of images; those of earlier runs go."""
    for old in _caches.keys() - _busy.keys() - {run}:
        _caches.pop(old).cleanup()
    if run not in _caches:
        _caches[run] = tempfile.TemporaryDirectory(prefix="earthmigrate-", ignore_cleanup_errors=True)
    return _caches[run].name


def remote(run: str, seconds: float | None, job: Job) -> Answer:
    """On a worker: do ``job`` in a process beside it. ``run`` is what ``end`` asks for."""
    with _lock:
        worker = _idle.pop() if _idle else Worker()
        _busy.setdefault(run, set()).add(worker)
        if job.inspection is not None:
            job = job._replace(inspection=job.inspection._replace(cache=_cache(run)))
    try:
        with tempfile.TemporaryDirectory(prefix="earthmigrate-", ignore_cleanup_errors=True) as scratch:
            answer = worker.call(perform, (job._replace(scratch=scratch),), seconds)
    except (WorkerDied, TookTooLong):
        _released(run, worker)
        worker.close()
        raise
    except BaseException:
        _released(run, worker)
        worker.kill()
        raise
    _released(run, worker)
    with _lock:
        _idle.append(worker)
    return answer


def _released(run: str, worker: Worker) -> None:
    with _lock:
        _busy[run].discard(worker)
        if not _busy[run]:
            del _busy[run]


def end(run: str) -> None:
    """On a worker: stop what runs for ``run``, and forget it."""
    with _lock:
        workers = [*_busy.get(run, ())]
        cache = _caches.pop(run, None)
    for worker in workers:
        worker.kill()
    if cache is not None:
        cache.cleanup()


def version() -> str:
    """On a worker: which earthmigrate it has."""
    return __version__
