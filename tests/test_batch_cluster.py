"""A batch on a real Dask cluster: a scheduler and two workers, processes of their own with folders of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from batchprocesses import children, none_left, processes, wait_until
from batchrepos import FILES, git, repository, url
from batchservers import gate, git_daemon, silent_server
from batchstrikes import struck
from click.testing import CliRunner

from migrate.batch import cluster
from migrate.cli import main

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [
    pytest.mark.dask,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc"),
]


class Dask(NamedTuple):
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def running(name: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """``dask-NAME`` in a folder of its own."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", f"distributed.cli.dask_{name}", "--no-dashboard", *arguments]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    """Two workers of one thread each."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        host = ("--host", "127.0.0.1")
        scheduler = stack.enter_context(
            running("scheduler", tmp_path / "scheduler", *host, "--port", "0", "--scheduler-file", str(file))
        )
        wait_until(lambda: file.exists() and file.read_text(encoding="utf-8").strip())
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        options = (address, *host, "--no-nanny", "--nthreads", "1")
        workers = [stack.enter_context(running("worker", tmp_path / f"worker{n}", *options)) for n in (1, 2)]
        yield Dask(address, scheduler, workers)


def results(text: str) -> dict[str, dict[str, object]]:
    """The results without what differs from run to run, by name."""
    found = [json.loads(line) for line in text.splitlines()]
    return {line["name"]: {**line, "seconds": 0} for line in found}


def test_a_cluster_says_what_this_machine_says(tmp_path: Path, dask: Dask) -> None:
    places = [url(repository(tmp_path / name)) for name in ("one", "two")]
    places.append(url(repository(tmp_path / "three", {**FILES, "Dockerfile": "FROM 127.0.0.1:1/dead\n"})))
    patches = tmp_path / "here", tmp_path / "there"
    arguments = ["batch", *places, "--inspect", "--format", "json", "--patches"]
    here = CliRunner().invoke(main, [*arguments, str(patches[0]), "--jobs", "1"])
    there = CliRunner().invoke(main, [*arguments, str(patches[1]), "--scheduler", dask.address])
    assert (here.exit_code, there.exit_code) == (0, 0), there.output
    assert results(here.stdout) == results(there.stdout)
    assert "EM647" in there.stdout
    names = sorted(path.name for path in patches[0].iterdir())
    assert len(names) == 3
    for name in names:
        assert (patches[0] / name).read_bytes() == (patches[1] / name).read_bytes()
    for worker in (1, 2):
        assert not list((tmp_path / f"worker{worker}").glob("earthmigrate-*")), "clones are gone"


def test_what_a_lost_worker_had_is_done_by_another(tmp_path: Path, dask: Dask) -> None:
    root = repository(tmp_path / "web")
    others = [url(repository(tmp_path / name)) for name in ("one", "two", "three")]
    with git_daemon(tmp_path) as port, gate(port) as held:
        place = f"git://127.0.0.1:{held}/web"
        report = tmp_path / "report"
        listed = tmp_path / "list"
        listed.write_text("\n".join([place, *others]), encoding="utf-8")
        arguments = ["batch", "--from", str(listed), "--report", str(report), "--scheduler", dask.address]
        batch = subprocess.Popen([sys.executable, "-m", "migrate.cli", *arguments], cwd=ROOT)
        try:
            wait_until(lambda: processes(place))
            (busy,) = [
                worker
                for worker in dask.workers
                if any(set(children(ours)) & set(processes(place)) for ours in children(worker.pid))
            ]
            time.sleep(0.5)  # the other one takes what there is
            busy.kill()
            assert batch.wait(60) == 0
        finally:
            batch.kill()
            batch.wait()
    lines = [json.loads(line) for line in (report / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {line["repository"]: line for line in lines if line["kind"] == "repository"}
    assert {line["status"] for line in found.values()} == {"done"}
    assert found[place]["commit"] == git(root, "rev-parse", "HEAD")
    assert len(found) == 4
    assert none_left(place), "what the lost worker had started ended with it"


def test_the_end_comes_at_once_there_too(tmp_path: Path, dask: Dask) -> None:
    with silent_server() as place:
        listed = tmp_path / "list"
        listed.write_text(place, encoding="utf-8")
        arguments = ["batch", "--from", str(listed), "--scheduler", dask.address]
        batch = subprocess.Popen(
            [sys.executable, "-m", "migrate.cli", *arguments], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
        )
        wait_until(lambda: processes(place))
        batch.send_signal(signal.SIGINT)
        stdout, _ = batch.communicate(timeout=10)
        assert batch.returncode == 130
        assert "not reached" in stdout
        assert none_left(place)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "silent"])
def test_a_scheduler_that_dies_in_the_middle(
    tmp_path: Path, dask: Dask, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_LOST", 10.0)
    monkeypatch.setattr(cluster, "_ENDING", 1.0)
    report = tmp_path / "report"
    results = report / "results.jsonl"

    def strike() -> None:
        wait_until(lambda: results.exists() and b'"done"' in results.read_bytes())
        dask.scheduler.send_signal(number)

    with silent_server() as place:
        rest = [url(repository(tmp_path / f"r{n}")) for n in range(30)]
        listed = tmp_path / "list"
        listed.write_text("\n".join([place, *rest]), encoding="utf-8")
        threading.Thread(target=strike, daemon=True).start()
        start = time.monotonic()
        arguments = ["batch", "--from", str(listed), "--report", str(report), "--scheduler", dask.address]
        found = CliRunner().invoke(main, arguments)
        assert time.monotonic() - start < 60
    assert found.exit_code == 3, found.output
    assert f"Error: {dask.address} has" in found.stderr
    assert "Traceback" not in found.stderr
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    counts = Counter(line["status"] for line in lines if line["kind"] == "repository")
    assert set(counts) == {"done", "not reached"}
    assert sum(counts.values()) == 31
    assert "not reached" in (report / "summary.md").read_text(encoding="utf-8")
    again = CliRunner().invoke(main, ["batch", "--jobs", "2", *rest, "--report", str(report)])
    assert again.exit_code == 0
    assert f"{counts['done']} unchanged" in again.stderr


def test_one_that_hangs_or_kills_is_set_aside(tmp_path: Path, dask: Dask) -> None:
    with silent_server() as place:
        one = url(repository(tmp_path / "one"))
        arguments = ["batch", place, one, "--format", "json", "--timeout", "5", "--scheduler", dask.address]
        found = results(CliRunner().invoke(main, arguments).stdout)
    assert found["silent"]["status"] == "failed"
    assert "5 seconds" in str(found["silent"]["why"])
    assert [line["status"] for name, line in found.items() if name != "silent"] == ["done"]


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_SECONDS", 1.0)
    start = time.monotonic()
    found = CliRunner().invoke(main, ["batch", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"])
    assert (found.exit_code, time.monotonic() - start < 30) == (3, True)
    assert "tcp://127.0.0.1:9 cannot be used" in found.stderr


def test_a_scheduler_that_says_nothing(tmp_path: Path) -> None:
    with silent_server() as place:
        address = f"tcp://{place.split('/')[2]}"
        script = "from migrate.batch import cluster; from migrate.cli import main; cluster._SECONDS = 1.0; main()"
        command = [sys.executable, "-c", script, "batch", str(tmp_path), "--scheduler", address]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, "there is no answer" in done.stderr) == (3, True), done.stderr


def test_what_is_no_address_is_wrong_usage(tmp_path: Path) -> None:
    for address in ("foo", "", "127.0.0.1", "http://h:80", "zzz://x:1", "inproc://1", "tcp://", "tcp://:1", "tcp://h:"):
        found = CliRunner().invoke(main, ["batch", str(tmp_path), "--scheduler", address])
        assert (found.exit_code, "is no address such as" in found.stderr) == (2, True), address


def test_addresses_that_dask_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for address in ("h:1", "tcp://h:1", "tls://[::1]:1", "ucx://10.0.0.1:1", "ws://h.example.com:1", "wss://h:1"):
        assert CliRunner().invoke(main, ["batch", str(tmp_path), "--scheduler", address]).exit_code == 3, address


def test_tls_without_the_settings_of_dask(tmp_path: Path) -> None:
    done = struck("", (), "batch", str(tmp_path), "--scheduler", "tls://127.0.0.1:9", scratch=tmp_path / "scratch")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "Dask's TLS settings (distributed.comm.tls, in its own configuration) are missing" in done.stderr


def greet(server: socket.socket) -> None:
    while True:
        try:
            with server.accept()[0] as peer:
                peer.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
                while peer.recv(1024):
                    pass
        except OSError:
            return  # the test is over


def test_what_is_no_scheduler(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        done = struck("", (), "batch", str(tmp_path), "--scheduler", address, scratch=tmp_path / "scratch")
        server.shutdown(socket.SHUT_RDWR)
    expected = f"Error: {address} cannot be used: what answers there is no Dask scheduler\n"
    assert (done.returncode, done.stderr) == (3, expected)


def test_a_signal_while_the_scheduler_is_waited_for(tmp_path: Path) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    arguments = ("batch", str(tmp_path), "--report", str(report), "--scheduler", "tcp://127.0.0.1:9")
    patient = "from migrate.batch import cluster; cluster._SECONDS = 600.0"
    done = struck("migrate.batch.cluster:_seen", (signal.SIGINT,), *arguments, scratch=scratch, before=patient)
    assert done.returncode == 130, done.stderr
    assert "1 repository: 1 not reached" in done.stderr
    assert (report / "index.html").exists()
    assert not list(scratch.iterdir())


def test_dask_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    found = CliRunner().invoke(main, ["batch", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"])
    assert found.exit_code == 3
    assert "pip install 'earthmigrate[dask]'" in found.stderr
