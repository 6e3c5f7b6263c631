"""Workers that die, hang or talk, and an engine that has an answer for every job over any executor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import batchcalls
import pytest
from batchprocesses import wait_until

from migrate.batch.engine import Ended, Engine
from migrate.batch.pool import TookTooLong, Worker, WorkerDied, WorkerPool

posix = pytest.mark.skipif(os.name == "nt", reason="process groups")


@contextmanager
def pool(size: int = 2, seconds: float | None = None) -> Iterator[WorkerPool]:
    made = WorkerPool(size, seconds)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


def answers(engine: Engine[Any, Any], jobs: Any) -> dict[Any, Ended[Any, Any]]:
    found = [ended for group in engine.run(jobs) for ended in group]
    assert len({ended.job for ended in found}) == len(found), "each job ends once"
    return {ended.job: ended for ended in found}


def gone(process: int) -> bool:
    """Whether a process has ended; a zombie that nobody waits for has."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@posix
def test_the_processes_of_a_pool_start_at_once() -> None:
    with pool() as executor:
        end = time.monotonic() + 30
        while len(executor._workers) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        processes = {worker._process.pid for worker in executor._workers}
        assert len(processes) == 2
        assert {executor.submit(os.getpid).result() for _ in range(9)} <= processes
    assert all(map(gone, processes)), "also those that were never called"


def test_a_batch_itself_loads_no_conversion() -> None:
    code = "import sys, migrate.batch.run, migrate.batch.worker; sys.exit('migrate.convert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_pool_is_an_executor() -> None:
    with pool() as executor:
        assert sorted(executor.map(batchcalls.double, range(20))) == [2 * number for number in range(20)]
        with pytest.raises(ValueError, match="1 is odd"):
            executor.submit(batchcalls.odd_fails, 1).result()
        with pytest.raises(RuntimeError, match="Local"):
            executor.submit(batchcalls.says_and_raises).result()
        assert "" not in executor.submit(batchcalls.path).result()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(batchcalls.double, 1)


def test_a_worker_that_dies_takes_nothing_with_it() -> None:
    with pool() as executor:
        futures = {number: executor.submit(batchcalls.thirteen_kills, number) for number in (1, 13, 2, 3)}
        with pytest.raises(WorkerDied, match=r"SIGKILL|exit code"):
            futures[13].result()
        assert [futures[number].result() for number in (1, 2, 3)] == [1, 2, 3]


@posix
def test_a_call_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "processes"
    with pool(1, 1.5) as executor:
        with pytest.raises(TookTooLong):
            executor.submit(batchcalls.hangs, str(mark)).result()
        assert executor.submit(batchcalls.double, 1).result() == 2
    assert all(gone(int(process)) for process in mark.read_text(encoding="utf-8").split())


@posix
def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    worker, mark = Worker(), tmp_path / "processes"
    future = ThreadPoolExecutor(1).submit(worker.call, batchcalls.hangs, (str(mark),), None)
    wait_until(lambda: mark.exists() and mark.read_text(encoding="utf-8"))
    pipe = worker._process.stdin
    assert pipe is not None
    pipe.close()  # what the system does when the parent is killed
    assert all(gone(int(process)) for process in mark.read_text(encoding="utf-8").split())
    with pytest.raises(WorkerDied):
        future.result()
    worker.close()


@pytest.mark.parametrize("make", [lambda: WorkerPool(2), lambda: ThreadPoolExecutor(2)], ids=["ours", "threads"])
def test_any_executor_will_do(make: Callable[[], Executor]) -> None:
    with make() as executor:
        found = answers(Engine(batchcalls.odd_fails, executor, lambda: 3), range(10))
    assert [found[number].answer for number in range(0, 10, 2)] == list(range(0, 10, 2))
    assert all(isinstance(found[number].error, ValueError) for number in range(1, 10, 2))


def test_the_one_that_kills_workers_is_set_aside() -> None:
    with pool() as executor:
        found = answers(Engine(batchcalls.thirteen_kills, executor, lambda: 4), range(30))
    assert isinstance(found.pop(13).error, WorkerDied)
    assert [found[number].answer for number in sorted(found)] == sorted(found)


def test_one_death_is_forgiven(tmp_path: Path) -> None:
    with pool(1) as executor:
        found = answers(Engine(batchcalls.dies_once, executor, lambda: 2), [str(tmp_path / "a")])
    assert [ended.answer for ended in found.values()] == ["done"]


def test_an_executor_that_breaks_as_a_whole_is_replaced() -> None:
    made: list[Executor] = []

    def renew() -> Executor:
        made.append(ProcessPoolExecutor(2, mp_context=get_context("spawn")))
        return made[-1]

    engine = Engine(batchcalls.thirteen_kills, renew(), lambda: 4, renew=renew)
    found = answers(engine, range(8, 20))
    engine.executor.shutdown()
    assert isinstance(found.pop(13).error, Exception)
    assert [found[number].answer for number in sorted(found)] == sorted(found)
    assert len(made) == 3  # the first, the one after the break, the one after the culprit was tried alone


class Breaks(Executor):
    """Breaks with its second call, and ends the first of its calls only once another executor has one."""

    def __init__(self) -> None:
        self.calls: list[Future[Any]] = []

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        if len(self.calls) == 2:
            raise BrokenExecutor("a worker is gone")
        self.calls.append(Future())
        if len(self.calls) == 2:
            self.calls[1].set_exception(BrokenExecutor("a worker is gone"))
        return self.calls[-1]


def test_an_executor_is_replaced_once_however_late_its_calls_end() -> None:
    first, made = Breaks(), []

    class Good(Flapping):
        def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
            if not first.calls[0].done():
                first.calls[0].set_exception(BrokenExecutor("a worker is gone"))
            return super().submit(fn, *arguments)

    def renew() -> Executor:
        made.append(Good(0))
        return made[-1]

    found = answers(Engine(batchcalls.double, first, lambda: 2, renew=renew), range(6))
    assert {number: ended.answer for number, ended in found.items()} == {number: 2 * number for number in range(6)}
    assert len(made) == 1


class Flapping(Executor):
    """Cancels the first calls that it gets, as a scheduler does that goes away and comes back."""

    def __init__(self, cancels: int) -> None:
        self.cancels = cancels

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.cancels:
            self.cancels -= 1
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(fn(*arguments))
        return future


def test_what_is_cancelled_is_handed_over_again() -> None:
    rooms = iter([2, 2, 2, 0, 0, 0])  # it is away for a while
    found = answers(Engine(batchcalls.double, Flapping(2), lambda: next(rooms, 2)), range(6))
    assert {number: ended.answer for number, ended in found.items()} == {number: 2 * number for number in range(6)}


def test_what_is_cancelled_each_time_is_given_up() -> None:
    (ended,) = answers(Engine(batchcalls.double, Flapping(99), lambda: 1), [1]).values()
    assert isinstance(ended.error, CancelledError)


def test_while_the_executor_takes_none_nothing_is_lost() -> None:
    start = time.monotonic()
    engine = Engine(batchcalls.double, Flapping(0), lambda: 0, lambda: time.monotonic() - start > 0.5)
    found = answers(engine, [1, 2])
    assert [(ended.answer, ended.error) for ended in found.values()] == [(None, None), (None, None)]


def test_jobs_are_taken_when_there_is_room() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(1) as executor:
        ended = 0
        for group in Engine(batchcalls.double, executor, lambda: 3).run(jobs()):
            ended += len(group)
            assert len(taken) - ended <= 3
    assert ended == 100


@posix
def test_the_end_comes_at_once_and_leaves_nothing() -> None:
    stopped: list[bool] = []
    with pool() as executor:
        engine = Engine(batchcalls.odd_hangs, executor, lambda: 4, lambda: bool(stopped))
        found: dict[int, Ended[int, int]] = {}
        for group in engine.run(iter([0, 2, 1, 3, 4, 5])):
            found |= {ended.job: ended for ended in group}
            if len(found) == 2 and not stopped:
                processes = [worker._process.pid for worker in executor._workers]
                stopped.append(True)
                start = time.monotonic()
    assert time.monotonic() - start < 5
    assert {job: ended.answer for job, ended in found.items()} == {0: 0, 2: 2, 1: None, 3: None, 4: None, 5: None}
    assert not any(ended.error for ended in found.values())
    assert len(processes) == 2
    assert all(gone(process) for process in processes)
