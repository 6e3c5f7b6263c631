"""How a batch ends: signals at every moment, full disks, streams that nobody reads. Exit code 1 means findings only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from batchprocesses import wait_until
from batchrepos import repository
from batchstrikes import ROOT, script, struck

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals, limits and streams of POSIX")
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes in /proc")
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
FEW_PAGES = "from migrate.commands import batch; batch._MOST_PAGES = 1"


def statuses(report: Path) -> dict[str, str]:
    read = [json.loads(line) for line in (report / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    return {line["name"]: line["status"] for line in read if line["kind"] == "repository"}


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """Two repositories."""
    return [str(repository(tmp_path / name)) for name in ("one", "two")]


@SIGNALS
@pytest.mark.parametrize(
    "place", ["migrate.batch.inputs:entries", "migrate.commands.batch:_pool", "migrate.batch.ledger:Ledger"]
)
def test_a_signal_at_the_start(tmp_path: Path, two: list[str], place: str, number: int) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    done = struck(place, (number,), "batch", *two, "--report", str(report), scratch=scratch)
    assert done.returncode == 128 + number, done.stderr
    assert statuses(report) == {"one": "not reached", "two": "not reached"}
    assert "2 repositories: 2 not reached" in done.stderr
    assert "not reached" in (report / "index.html").read_text(encoding="utf-8")
    assert not list(scratch.iterdir())


def test_ctrl_c_before_the_command_is_loaded_is_no_finding(tmp_path: Path, two: list[str]) -> None:
    done = struck("importlib:import_module", (signal.SIGINT,), "batch", *two, scratch=tmp_path / "scratch")
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGINT, "", "")


@SIGNALS
def test_the_second_signal_ends_it_at_once(tmp_path: Path, two: list[str], number: int) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    arguments = ("batch", *two, "--report", str(report))
    done = struck("migrate.auditfiles:write", (number, number), *arguments, scratch=scratch)
    assert done.returncode == 128 + number, done.stderr
    assert statuses(report) == {"one": "done", "two": "done"}
    assert not (report / "index.html").exists()
    assert "Traceback" not in done.stderr
    assert not list(scratch.iterdir())


@linux
@SIGNALS
def test_a_list_that_does_not_come_is_not_waited_for(number: int) -> None:
    command = script("", (), "batch", "--from", "-")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stderr=pipe, encoding="utf-8") as process:
        wait_until(lambda: catches(process.pid, signal.SIGTERM))
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == ""


def catches(process: int, number: int) -> bool:
    """Whether ``process`` has a handler for the signal."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    caught = next(line.split()[1] for line in text.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (number - 1))


@SIGNALS
def test_of_many_results_a_stopped_run_writes_few_pages(tmp_path: Path, two: list[str], number: int) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    assert struck("", (), "batch", *two, "--report", str(report), scratch=scratch).returncode == 0
    for page in (report / "pages").iterdir():
        page.unlink()
    arguments = ("batch", two[0], "--report", str(report))
    done = struck("migrate.batch.run:run", (number,), *arguments, scratch=scratch, before=FEW_PAGES)
    assert done.returncode == 128 + number, done.stderr
    assert not list((report / "pages").iterdir()), "of this run there is one result, of the report there are more"
    assert f"for a page of each repository: earthmigrate report {report}" in done.stderr
    assert "1 repository: 1 not reached (1 of them have an earlier result)" in done.stderr
    assert statuses(report) == {"one": "done", "two": "done"}


@SIGNALS
def test_a_signal_while_pages_are_written(tmp_path: Path, two: list[str], number: int) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    arguments = ("batch", *two, "--report", str(report))
    done = struck("migrate.report.audit.pages:repository", (number,), *arguments, scratch=scratch, before=FEW_PAGES)
    assert done.returncode == 128 + number, done.stderr
    assert [path.name for path in (report / "pages").iterdir()] == ["one.html"]
    assert not (report / "codes").exists()
    index = (report / "index.html").read_text(encoding="utf-8")
    assert "pages/one.html" in index
    assert "pages/two.html" in index


@pytest.mark.parametrize(("size", "name"), [(300, "results.jsonl"), (6000, "one.html")])
def test_a_disk_that_is_full(tmp_path: Path, two: list[str], size: int, name: str) -> None:
    report, scratch = tmp_path / "report", tmp_path / "scratch"
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    done = struck("", (), "batch", two[0], "--report", str(report), scratch=scratch, before=limit)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("Error: ")
    assert f"{name} cannot be written: File too large\n" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(report.rglob("*one.html*")), "no page, and no part of one"
    assert not list(scratch.iterdir())
    assert struck("", (), "batch", two[0], "--report", str(report), scratch=scratch).returncode == 0
    assert set(statuses(report)) == {"one"}


def unread(stream: str, *arguments: str) -> tuple[int, str]:
    """Exit code, and what comes on the other stream, when nobody reads ``stream``."""
    command = [sys.executable, "-m", "migrate.cli", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close() if stream == "stdout" else process.stderr.close()
        text = (process.stderr if stream == "stdout" else process.stdout).read()
    return process.returncode, text


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_report_is_written_though_nobody_reads_stdout(tmp_path: Path, two: list[str], style: str) -> None:
    report = tmp_path / "report"
    assert unread("stdout", "batch", *two, "-q", "--format", style, "--report", str(report)) == (0, "")
    assert statuses(report) == {"one": "done", "two": "done"}
    assert (report / "index.html").exists()


def test_without_a_report_it_ends_like_other_tools(two: list[str]) -> None:
    assert unread("stdout", "batch", *two) == (141, "")
    assert unread("stdout", "explain", "--all") == (141, "")


def test_nobody_reads_stderr(tmp_path: Path, two: list[str]) -> None:
    report, gone = tmp_path / "report", str(tmp_path / "gone")
    code, text = unread("stderr", "batch", gone, *two, "--report", str(report))
    assert (code, text.count("\n")) == (3, 3)
    assert statuses(report) == {"one": "done", "two": "done", "gone": "failed"}
    assert (report / "index.html").exists()
    assert unread("stderr", "batch", *two, "--report", "/dev/null/report") == (3, "")


def shell(line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``earthmigrate`` with ``arguments`` and what the shell makes of its streams."""
    command = ["sh", "-c", f'exec "$@" {line}', "sh", sys.executable, "-m", "migrate.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


def test_streams_that_are_closed(tmp_path: Path, two: list[str]) -> None:
    report = tmp_path / "report"
    done = shell(">&-", "batch", *two, "--report", str(report))
    assert (done.returncode, "2 repositories: 2 done" in done.stderr) == (0, True), done.stderr
    done = shell(">&-", "batch", *two)
    assert (done.returncode, done.stderr) == (3, "Error: standard output cannot be written: Bad file descriptor\n")
    done = shell("2>&-", "batch", *two, "--report", str(report))
    assert (done.returncode, done.stdout.count("(unchanged)")) == (0, 2)
    done = shell("<&-", "batch", "--from", "-")
    assert (done.returncode, "standard input is closed" in done.stderr) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_stdout_on_a_full_disk(tmp_path: Path, two: list[str]) -> None:
    report = tmp_path / "report"
    done = shell("> /dev/full", "batch", *two, "--report", str(report))
    assert done.returncode == 3
    assert done.stderr.endswith("Error: standard output cannot be written: No space left on device\n")
    assert statuses(report) == {"one": "done", "two": "done"}
    assert (report / "index.html").exists()


def test_odd_limits_of_time(tmp_path: Path, two: list[str]) -> None:
    for seconds in ("inf", "1e10"):
        done = struck("", (), "batch", *two, "--timeout", seconds, scratch=tmp_path / "scratch")
        assert (done.returncode, done.stderr) == (0, "2 repositories: 2 done\n")
    done = struck("", (), "batch", *two, "--timeout", "nan", scratch=tmp_path / "scratch")
    assert (done.returncode, "nan is no time" in done.stderr) == (2, True)
