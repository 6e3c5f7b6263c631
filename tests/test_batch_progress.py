"""How far a batch is: one line that renews itself on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io

import pytest

from migrate.batch import progress
from migrate.batch.progress import Progress
from migrate.results import Result


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def results(*statuses: str) -> list[Result]:
    return [Result(name, name, status, "why\x1b[1m") for name, status in zip("abcdef", statuses, strict=False)]


def test_the_line() -> None:
    found = Progress(40, None)
    found.add(results("done", "done", "failed", "unchanged"))
    assert found.line(2.0) == "[##..................] 4/40: 2 done, 1 failed, 1 unchanged; 2.0/s, 0:18 left"
    assert Progress(100_000, None).line(0.0).endswith("0/100000: none yet; 0.0/s, -:-- left")
    found = Progress(100_000, None)
    found.add(results("done"))
    assert found.line(1.0).endswith("1.0/s, 27:46:39 left")


def test_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_REDRAW", 0.0)
    stream = Terminal()
    found = Progress(2, stream)
    found.add(results("failed"))
    found.add(results("done"))
    found.clear()
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines[1] == "a: why\\x1b[1m\n", "a failure stays, and what it says cannot paint"
    assert lines[2].startswith("[##########..........] 1/2: 1 failed")
    assert lines[3].startswith("[####################] 2/2: 1 failed, 1 done")
    assert lines[4] == ""
    found.clear()
    assert stream.getvalue().count("\r") == 4, "there is nothing to clear twice"


def test_a_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "_CI_EVERY", 0.0)
    stream = Terminal()
    found = Progress(2, stream)
    found.add(results("failed"))
    found.clear()
    assert stream.getvalue().startswith("a: why\\x1b[1m\n[##########..........] 1/2: 1 failed; ")
    assert "\x1b" not in stream.getvalue()


def test_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    found = Progress(2, stream, failures=False)
    found.add(results("failed"))
    assert stream.getvalue() == ""
    monkeypatch.setattr(progress, "_CI_EVERY", 0.0)
    found.add(results("done"))
    assert stream.getvalue().startswith("[####################] 2/2: 1 failed, 1 done")
    assert stream.getvalue().endswith("left\n")
    assert "\r" not in stream.getvalue()
