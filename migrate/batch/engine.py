"""Many calls over any concurrent.futures.Executor, few of them at a time, and each one is answered.

A call that ends its worker is tried once more, alone and last; so are those that went down with it in an executor that
breaks as a whole. A call that the executor cancels is handed to it again, a few times.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from itertools import chain, islice
from typing import Generic, NamedTuple, TypeVar

from migrate.batch.pool import WorkerDied

_J = TypeVar("_J")
_A = TypeVar("_A")
_TICK = 0.2
_TOGETHER = 500
"""So many of those that were not reached are told at once."""
_CANCELLED = 3
"""A call that was cancelled so often is given up."""


class Ended(NamedTuple, Generic[_J, _A]):
    """What became of one call: an answer, or why there is none; neither: it was not reached."""

    job: _J
    answer: _A | None = None
    error: BaseException | None = None


class Engine(Generic[_J, _A]):
    """Runs ``function`` on jobs. ``window`` says how many may be under way, 0 while the executor takes none.

    ``stopped`` says whether to end early.

    What then still runs is left to the owner of the executor.
    ``renew`` gives another executor after one that broke.
    """

    def __init__(
        self,
        function: Callable[[_J], _A],
        executor: Executor,
        window: Callable[[], int],
        stopped: Callable[[], bool] = lambda: False,
        renew: Callable[[], Executor] | None = None,
    ) -> None:
        self._function = function
        self.executor = executor
        self._window = window
        self._stopped = stopped
        self._renew = renew
        self._running: dict[Future[_A], tuple[_J, Executor]] = {}
        """What is under way, and who has it: an executor that broke ends its calls one after the other."""
        self._suspects: list[_J] = []
        self._again: deque[_J] = deque()
        self._cancelled: Counter[int] = Counter()
        """Identity of a job under way -> how often its call was cancelled."""

    def run(self, jobs: Iterable[_J]) -> Iterator[list[Ended[_J, _A]]]:
        """What became of each of ``jobs``, as it comes; those that came together are one list."""
        waiting = iter(jobs)
        more = True
        while (more or self._again or self._running) and not self._stopped():
            while (more or self._again) and len(self._running) < self._window():
                job = self._again.popleft() if self._again else next(waiting, None)
                if job is None:
                    more = False
                elif not self._submitted(job):
                    break
            if self._running:
                yield self._finished(alone=False)
            elif more or self._again:
                time.sleep(_TICK)  # the executor takes none now
        while (self._suspects or self._again) and not self._stopped():
            if not self._window():
                time.sleep(_TICK)
                continue
            job = self._again.popleft() if self._again else self._suspects.pop()
            while not self._submitted(job):
                job = self._suspects.pop()
            while self._running and not self._stopped():
                yield self._finished(alone=True)
        left = [*(job for job, _ in self._running.values()), *self._again, *self._suspects]
        self._running.clear()
        if self._stopped():
            rest = chain(left, waiting)
            while group := [Ended[_J, _A](job) for job in islice(rest, _TOGETHER)]:
                yield group

    def _submitted(self, job: _J) -> bool:
        """Hand ``job`` to the executor; False when that is broken: then it is a new one, and the job waits."""
        try:
            self._running[self.executor.submit(self._function, job)] = job, self.executor
        except BrokenExecutor:
            self._suspects.append(job)
            self._broken(self.executor)
            return False
        return True

    def _broken(self, executor: Executor) -> None:
        """Have another one than ``executor``, unless that was replaced already."""
        if executor is not self.executor:
            return
        if self._renew is None:
            raise RuntimeError("the executor is broken, and there is no other")
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._renew()

    def _finished(self, *, alone: bool) -> list[Ended[_J, _A]]:
        done, _ = wait(self._running, timeout=_TICK, return_when=FIRST_COMPLETED)
        found: list[Ended[_J, _A]] = []
        for future in done:
            job, executor = self._running.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if isinstance(error, CancelledError) and self._cancelled[id(job)] < _CANCELLED:
                self._cancelled[id(job)] += 1
                self._again.append(job)
                continue
            self._cancelled.pop(id(job), None)
            if error is None:
                found.append(Ended(job, future.result()))
            elif isinstance(error, (WorkerDied, BrokenExecutor)):
                if alone:
                    found.append(Ended(job, None, error))
                else:
                    self._suspects.append(job)
                if isinstance(error, BrokenExecutor):
                    self._broken(executor)
            else:
                found.append(Ended(job, None, error))
        return found
