"""A Dask cluster in the place of the local pool: its workers may be other machines, and share no disk with this one.

Each call runs in a process of its own beside the Dask worker, so that it can be stopped and takes no worker with it.
"""

from __future__ import annotations

import importlib
import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

from migrate import __version__
from migrate.batch.jobs import Answer, Job
from migrate.batch.pool import TookTooLong, Worker, WorkerDied
from migrate.batch.work import perform

INSTALL = "pip install 'earthmigrate[dask]'"
_SECONDS = 45.0
_ENDING = 5.0
_LOST = 30.0
"""A scheduler that is away for so long is given up."""


class ClusterError(Exception):
    """A cluster that cannot be used; the text says why."""


class Cluster:
    """A connection to the scheduler at ``address``. Raises ClusterError."""

    def __init__(self, address: str) -> None:
        self._run = uuid.uuid4().hex
        self._away: float | None = None
        self._size, self._asked = 1, 0.0
        self._client = _client(address)
        try:
            self._check()
        except BaseException:
            self._client.close(timeout=_ENDING)
            raise
        self.executor: Executor = self._client.get_executor(pure=False)

    def function(self, seconds: float | None) -> Callable[[Job], Answer]:
        """What the executor is to do with a job that may take ``seconds``."""
        return partial(remote, self._run, seconds)

    def window(self) -> int:
        """How many jobs may be under way: the workers come and go."""
        now = time.monotonic()
        if now - self._asked > 2 and not self.lost():
            self._asked = now
            self._size = sum(self._client.nthreads().values())
        return 2 * self._size

    def lost(self) -> bool:
        """Whether the scheduler has been away for too long."""
        if self._client.status == "running":
            self._away = None
            return False
        self._away = self._away or time.monotonic()
        return time.monotonic() - self._away > _LOST

    def close(self, *, early: bool) -> None:
        """Leave the cluster; ``early``: what still runs for us there is ended."""
        if early and self._client.status == "running":
            ending = threading.Thread(target=self._client.run, args=(end, self._run), daemon=True)
            ending.start()
            ending.join(_ENDING)
        self._client.close(timeout=_ENDING)

    def _check(self) -> None:
        """There are workers, and they have this version. Raises ClusterError."""
        try:
            self._client.wait_for_workers(1, timeout=10)
        except TimeoutError:
            raise ClusterError("it has no workers") from None
        for worker, found in self._client.run(version, on_error="return").items():
            if isinstance(found, Exception):
                raise ClusterError(f"its worker {worker} cannot run earthmigrate: {found}")
            if found != __version__:
                raise ClusterError(f"its worker {worker} has earthmigrate {found}, this is {__version__}")


def _client(address: str) -> Any:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(f"Dask is not installed ({error}): {INSTALL}") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is in the results
    try:
        return distributed.Client(address, timeout=_SECONDS, set_as_default=False, name="earthmigrate")
    except (OSError, ValueError) as error:
        raise ClusterError(str(error) or "there is no answer") from None


_lock = threading.Lock()
_idle: list[Worker] = []
_busy: dict[str, set[Worker]] = {}


def remote(run: str, seconds: float | None, job: Job) -> Answer:
    """On a worker: do ``job`` in a process beside it. ``run`` is what ``end`` asks for."""
    with _lock:
        worker = _idle.pop() if _idle else Worker()
        _busy.setdefault(run, set()).add(worker)
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
    """On a worker: stop what runs for ``run``."""
    with _lock:
        workers = [*_busy.get(run, ())]
    for worker in workers:
        worker.kill()


def version() -> str:
    """On a worker: which earthmigrate it has."""
    return __version__
