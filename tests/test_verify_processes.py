"""Programs are run to their end or ended; what they print is masked, cut and kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrate.verify.processes import (
    TAIL,
    Finished,
    Masker,
    Missing,
    Runner,
    Stopped,
    TimedOut,
    end,
    ending_on_signals,
    find,
    plain,
    shortened,
)

POSIX = pytest.mark.skipif(os.name == "nt", reason="process groups of POSIX")


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", script, *arguments]


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/status")
        return not status.exists() or "zombie" not in status.read_text(encoding="utf-8")
    return False


def gone(pid: int, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_output_comes_line_by_line_and_its_end_is_kept() -> None:
    seen: list[str] = []
    script = "import sys\nfor n in range(100): print('line', n)\nprint('last', file=sys.stderr)\nsys.exit(3)"
    done = Runner(on_line=seen.append).run(python(script))
    assert done.code == 3
    assert len(seen) == 101
    assert "last" in seen
    assert done.tail == tuple(seen[-TAIL:])


def test_arguments_reach_the_program_untouched(tmp_path: Path) -> None:
    nasty = ["$(touch x)", "a b", "'", '"', "*", "; touch y", "ä\n"]
    done = Runner().output(python("import sys; print(ascii(sys.argv[1:]))", *nasty))
    assert done == ascii(nasty)


def test_the_environment_is_laid_over_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EM_GONE", "1")
    monkeypatch.setenv("EM_KEPT", "2")
    runner = Runner(environment={"EM_GONE": None, "EM_NEW": "3"})
    script = "import os; print(sorted((k, v) for k, v in os.environ.items() if k.startswith('EM_')))"
    assert runner.output(python(script), environment={"EM_MORE": "4"}) == str(
        [("EM_KEPT", "2"), ("EM_MORE", "4"), ("EM_NEW", "3")]
    )


def test_a_program_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing, match="no-such-program-of-ours"):
        Runner().run(["no-such-program-of-ours"])
    assert Runner().output(["no-such-program-of-ours"]) is None
    assert find("no-such-program-of-ours") is None
    assert find(sys.executable) == sys.executable


def test_a_failing_question_has_no_answer() -> None:
    assert Runner().output(python("print('x'); raise SystemExit(1)")) is None


def test_secrets_are_masked_in_lines_and_in_the_tail() -> None:
    seen: list[str] = []
    runner = Runner(mask=Masker(["hunter2secret", "first line\nsecond line\n", "ab"]), on_line=seen.append)
    script = "print('token=hunter2secret;'); print('a first line b'); print('second line'); print('ab')"
    done = runner.run(python(script))
    assert list(done.tail) == seen == ["token=***;", "a *** b", "***", "ab"]


def test_a_secret_in_a_long_line_is_masked_before_the_line_is_cut() -> None:
    script = "print('x' * 1990 + 'hunter2secret' + 'y' * 100)"
    done = Runner(mask=Masker(["hunter2secret"])).run(python(script))
    assert "hunter" not in done.tail[0]
    assert done.tail[0].endswith(" ...")
    assert shortened("short") == "short"


def test_an_endless_line_is_cut_and_what_follows_is_read() -> None:
    script = "import sys; sys.stdout.write('x' * 5_000_000 + '\\n' + 'end\\n')"
    done = Runner().run(python(script))
    assert [len(line) for line in done.tail] == [2004, 3]
    assert done.tail[1] == "end"


def test_lines_are_made_harmless() -> None:
    assert plain(b"\x1b[31mred\x1b[0m\x1b[K done \x07\x00x \xff") == "red done   x �"
    assert plain(b"\x1b]0;title\x07text") == "text"
    done = Runner().run(python("import sys; sys.stdout.write('10%\\r20%\\rdone\\r\\n')"))
    assert done == Finished(0, ("10%", "20%", "done"))


@POSIX
def test_when_the_time_is_up_the_program_and_its_children_are_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    script = (
        "import subprocess, sys, os, time\n"
        f"one = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{one.pid}}')\n"
        "time.sleep(60)\n"
    )
    runner = Runner().within(3)
    begun = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        runner.run(python(script))
    assert time.monotonic() - begun < 30
    assert caught.value.seconds == 3
    assert caught.value.tail == ("up",)
    for pid in pids.read_text(encoding="utf-8").split():
        assert gone(int(pid))


@POSIX
def test_what_a_program_leaves_behind_does_not_hold_us(tmp_path: Path) -> None:
    inner = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    script = f"import subprocess, sys; print(subprocess.Popen({inner}).pid)"
    begun = time.monotonic()
    done = Runner().run(python(script))
    assert done.code == 0
    assert time.monotonic() - begun < 30
    assert gone(int(done.tail[0]))


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_that_runs(number: signal.Signals, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom migrate.verify.processes import Runner, Stopped, ending_on_signals\n"
        "inner = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'\n"
        "try:\n    with ending_on_signals():\n"
        "        Runner(on_line=lambda line: print(line, flush=True)).run([sys.executable, '-c', inner])\n"
        "except (Stopped, KeyboardInterrupt) as stop:\n    print('stopped', type(stop).__name__, flush=True)\n"
    )
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(python(script), stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        inner = int(process.stdout.readline())
        assert alive(inner)
        process.send_signal(number)
        expected = "Stopped" if number is signal.SIGTERM else "KeyboardInterrupt"
        assert process.stdout.readline() == f"stopped {expected}\n"
    assert gone(inner)


@POSIX
def test_signals_are_as_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as caught, ending_on_signals():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_ending_what_has_ended_is_no_error() -> None:
    process = subprocess.Popen(python("pass"))
    process.wait()
    end(process)
    assert process.returncode == 0
