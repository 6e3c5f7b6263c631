from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import daemons
import pytest
from baseimages import Registry
from daemons import DaemonError, Daemons

TESTS = Path(__file__).resolve().parent


def listening(address: str) -> bool:
    host, _, port = address.removeprefix("tcp://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_a_daemon_that_does_not_start_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    script = "import sys; print('address already in use'); sys.exit(3)"
    with pytest.raises(DaemonError, match=r"(?s)fake did not start.*address already in use"):
        daemons.start(tmp_path / "fake", "127.0.0.1", lambda state, address: [sys.executable, "-c", script], processes)
    assert [process.returncode for process in processes] == [3] * daemons.ATTEMPTS


def test_what_ignores_the_polite_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemons, "ENDING", 0.2)
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        daemons.end([process])
    assert process.returncode == -9


@pytest.mark.e2e
def test_the_daemons_answer_and_have_the_images(builders: Daemons) -> None:
    with closing(Registry(builders.registry)) as registry:
        assert registry.call("GET", "/v2/library/alpine/tags/list").status == 200
    for address in (builders.buildkit, builders.earth_buildkit):
        shown = subprocess.run(["buildctl", "--addr", address, "debug", "workers"], capture_output=True, text=True)
        assert "linux/" in shown.stdout, shown.stderr


@pytest.mark.e2e
def test_a_killed_test_run_leaves_nothing(builders: Daemons) -> None:
    script = (
        "import os, daemons\nwith daemons.running() as found:\n"
        " print(found.folder, found.registry, found.buildkit, found.earth_buildkit, flush=True)\n"
        " os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.returncode == -9, done.stderr
    folder, *addresses = done.stdout.split()
    assert folder != builders.folder  # both at once
    until = time.monotonic() + 3 * daemons.ENDING
    while Path(folder).exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(folder).exists()
    assert not any(map(listening, addresses))
    assert folder not in Path("/proc/self/mounts").read_text(encoding="utf-8")
