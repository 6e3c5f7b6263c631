"""``earthmigrate batch`` as a process: every repository is accounted for, whatever happens to it and to the run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from batchprocesses import children, none_left, processes, wait_until
from batchrepos import FILES, commit, git, repository, url, write
from batchservers import git_daemon, silent_server
from click.testing import CliRunner, Result

from migrate.cli import main

ROOT = Path(__file__).resolve().parent.parent
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def batch(*arguments: str, code: int = 0, **options: Any) -> Result:
    found = CliRunner().invoke(main, ["batch", "--jobs", "1", *arguments], **options)
    assert found.exit_code == code, (found.output, found.exception)
    return found


def lines(report: Path) -> list[dict[str, Any]]:
    """The results in a report, each repository's last line, by name."""
    read = [json.loads(line) for line in (report / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    latest = {line["name"]: line for line in read if line["kind"] == "repository"}
    return [latest[name] for name in sorted(latest)]


def statuses(report: Path) -> dict[str, str]:
    return {line["name"]: line["status"] for line in lines(report)}


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own; gone at the end."""
    command = [sys.executable, "-m", "migrate.cli", "batch", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes calls and never answers."""
    with silent_server() as place:
        yield place


def wait_for_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"{word} did not come: {process.stderr.read() if process.stderr else ''}")


def test_each_is_accounted_for(tmp_path: Path) -> None:
    for name in ("a", "b"):
        repository(tmp_path / "all" / name)
    repository(tmp_path / "bad", {"Dockerfile": "FORM x\n"})
    report = tmp_path / "report"
    found = batch(
        str(tmp_path / "all" / "*"),
        str(tmp_path / "bad"),
        str(tmp_path / "gone"),
        *("--report", str(report), "--jobs", "2"),
        code=3,
    )
    assert statuses(report) == {"a": "done", "b": "done", "bad": "done", "gone": "failed"}
    assert sorted(line.partition(":")[0] for line in found.stdout.splitlines()) == ["a", "b", "bad", "gone"]
    assert "1 Dockerfile (1 equal), 1 call site (1 rewritten), 3 changed files" in found.stdout
    assert "4 repositories: 3 done, 1 failed" in found.stderr.replace("1 failed, 3 done", "3 done, 1 failed")
    assert not list((tmp_path / "all").rglob("Earthfile"))


def test_the_exit_code_is_that_of_the_findings(tmp_path: Path) -> None:
    repository(tmp_path / "bad", {"Dockerfile": "FORM x\n"})
    good = str(repository(tmp_path / "good"))
    batch(good)
    batch(good, str(tmp_path / "bad"), code=1)
    batch(good, str(tmp_path / "bad"), "--fail-on", "never")
    unknown = repository(tmp_path / "unknown", {"Dockerfile": "FROM nowhere.example/a:1\nCOPY . /a\n"})
    batch(good, str(unknown), "--fail-on", "warning")
    batch(good, str(unknown), "--fail-on", "info", code=1)


def test_a_repository_keeps_its_name_in_a_report(tmp_path: Path) -> None:
    one, two, three = (str(repository(tmp_path / side / "web")) for side in "abc")
    places = ("--report", str(tmp_path / "report"), "--patches", str(tmp_path / "patches"))
    batch(one, *places)
    batch(two, *places)
    batch(three, two, one, *places)
    names = {line["name"]: (line["repository"], line["status"]) for line in lines(tmp_path / "report")}
    assert names == {"web": (one, "unchanged"), "b-web": (two, "unchanged"), "c-web": (three, "done")}
    assert sorted(path.name for path in (tmp_path / "patches").iterdir()) == ["b-web.patch", "c-web.patch", "web.patch"]


def test_a_patch_goes_with_its_change(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    places = (str(root), "--report", str(tmp_path / "report"), "--patches", str(tmp_path / "patches"))
    batch(*places)
    assert (tmp_path / "patches" / "web.patch").exists()
    git(root, "rm", "--quiet", "Dockerfile", "build.sh")
    commit(root, {})
    batch(*places)
    assert statuses(tmp_path / "report") == {"web": "done"}
    assert not list((tmp_path / "patches").iterdir())


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_branch_is_made_once_in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str) -> None:
    for part in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{part}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{part}_EMAIL", "ann@example.org")
    root = repository(tmp_path / "all", {"Dockerfile": "FROM alpine\n", "web/Dockerfile": "FROM alpine\n"})
    git(root, "worktree", "add", "--quiet", str(tmp_path / "other"))
    report = tmp_path / "report"
    places = (str(root / "web"), str(root), str(tmp_path / "other"))
    batch(*places, "--write", "--branch", "earth", "--report", str(report), "--jobs", jobs, code=3)
    assert statuses(report) == {"all": "failed", "other": "failed", "web": "done"}
    assert all("one git repository" in line["why"] for line in lines(report) if line["status"] == "failed")


def test_a_file_beside_repositories_is_no_module(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    for name in ("json", "types", "enum", "re", "pickle"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import migrate.cli; sys.path.pop(0); migrate.cli.main()"
    command = [sys.executable, "-I", "-c", code, "batch", str(root), "--format=json"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (found.returncode, json.loads(found.stdout)["status"]) == (0, "done"), found.stderr


def test_results_do_not_depend_on_the_number_of_jobs(tmp_path: Path) -> None:
    places = [str(repository(tmp_path / name, {**FILES, "x.sh": f"docker build -t {name} .\n"})) for name in "abcd"]
    found = []
    for jobs in ("1", "3"):
        text = batch(*places, "--jobs", jobs, "--format", "json").stdout
        data = [json.loads(line) for line in text.splitlines()]
        found.append(sorted(json.dumps({**line, "seconds": 0}) for line in data))
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_patches_and_a_list(tmp_path: Path) -> None:
    one, two = repository(tmp_path / "one"), repository(tmp_path / "two", {"README.md": "Nothing.\n"})
    text = f"# all\r\n{one}\r\n{url(two)} main\r\n"
    patches = tmp_path / "new" / "patches"
    report = str(tmp_path / "report")
    found = batch("--from", "-", "--patches", str(patches), "--report", report, input=text.encode())
    assert [path.name for path in patches.iterdir()] == ["one.patch"]
    git(one, "apply", "-p1", str(patches / "one.patch"))
    assert (one / "Earthfile").exists()
    assert "0 changed files" in found.stdout
    (patches / "one.patch").unlink()
    git(one, "checkout", "--quiet", ".")
    (one / "Earthfile").unlink()
    batch("--from", "-", "--patches", str(patches), "--report", report, input=text.encode())
    assert (patches / "one.patch").exists()


def test_what_a_list_says_of_a_repository(tmp_path: Path) -> None:
    one, two = repository(tmp_path / "one"), repository(tmp_path / "two")
    report = tmp_path / "report"
    said = [{"repository": str(one), "only": "makefile"}, {"repository": str(two), "fidelity": "exact"}]
    write(tmp_path, {"list": "\r\n".join(map(json.dumps, said))})
    batch("--from", str(tmp_path / "list"), "--report", str(report))
    assert [len(line["sites"]) for line in lines(report)] == [0, 1]
    batch("--from", str(tmp_path / "list"), "--report", str(report), "--remove-dockerfiles", code=3)
    assert statuses(report) == {"one": "failed", "two": "done"}
    assert "leave out --only" in lines(report)[0]["why"]
    assert ["Dockerfile", "remove"] in lines(report)[1]["changes"]


def test_a_report_is_resumed(tmp_path: Path) -> None:
    one, two = repository(tmp_path / "one"), repository(tmp_path / "two")
    report = tmp_path / "report"
    places = [str(one), url(two)]
    batch(*places, "--report", str(report))
    before = lines(report)
    batch(*places, "--report", str(report))
    assert [line["status"] for line in lines(report)] == ["unchanged", "unchanged"]
    assert [{**line, "status": "done"} for line in lines(report)] == before
    commit(two, {"Dockerfile": "FROM alpine:3.19\n"})
    batch(*places, str(tmp_path / "gone"), "--report", str(report), code=3)
    assert set(statuses(report).values()) == {"unchanged", "done", "failed"}
    batch(*places, "--report", str(report), "--tool", "earthly")
    assert [line["status"] for line in lines(report)][1:] == ["done", "done"]


@posix
def test_a_repository_that_hangs_is_stopped(tmp_path: Path, silent: str) -> None:
    one, report = repository(tmp_path / "one"), tmp_path / "report"
    start = time.monotonic()
    batch(silent, str(one), "--report", str(report), "--timeout", "5", code=3)
    assert time.monotonic() - start < 20
    done, hung = lines(report)
    assert (done["status"], hung["status"], hung["findings"][0]["code"]) == ("done", "failed", "EM952")
    assert none_left(silent)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_with_a_complete_report(tmp_path: Path, silent: str, number: int) -> None:
    one, report, scratch = repository(tmp_path / "one"), tmp_path / "report", tmp_path / "scratch"
    scratch.mkdir()
    rest = [str(repository(tmp_path / name)) for name in ("two", "three")]
    listed = tmp_path / "list"
    write(tmp_path, {"list": "\n".join([str(one), silent, *rest])})
    with started("--from", str(listed), "--report", str(report), "--jobs", "1") as process:
        wait_for_line(process, "one:")
        wait_until(lambda: processes(silent))
        start = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 128 + number
        assert time.monotonic() - start < 10
    assert none_left(silent)
    assert "not reached" in (report / "summary.md").read_text(encoding="utf-8")
    reached = {"one": "done", "silent": "not reached", "two": "not reached", "three": "not reached"}
    assert statuses(report) == reached
    batch(str(one), *rest, "--report", str(report))
    assert statuses(report) == {"one": "unchanged", "silent": "not reached", "two": "done", "three": "done"}


@posix
def test_after_kill_9_nothing_is_lost(tmp_path: Path, silent: str) -> None:
    one, two, report = repository(tmp_path / "one"), repository(tmp_path / "two"), tmp_path / "report"
    write(tmp_path, {"list": f"{one}\n{silent}\n{two}\n"})
    with started("--from", str(tmp_path / "list"), "--report", str(report), "--jobs", "1") as process:
        wait_for_line(process, "one:")
        wait_until(lambda: processes(silent))
        assert "another run is writing" in batch(str(one), "--report", str(report), code=3).stderr
        process.kill()
        process.wait()
    assert none_left(silent), "workers and their git end with the parent"
    assert statuses(report) == {"one": "done"}
    batch(str(one), str(two), "--report", str(report))
    assert statuses(report) == {"one": "unchanged", "two": "done"}


@posix
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, silent: str) -> None:
    one, report = repository(tmp_path / "one"), tmp_path / "report"
    write(tmp_path, {"list": f"{silent}\n{one}\n"})
    with started("--from", str(tmp_path / "list"), "--report", str(report), "--jobs", "1") as process:
        for _ in range(2):  # the second time it is tried alone
            wait_until(lambda: processes(silent))
            (worker,) = children(process.pid)
            os.kill(worker, signal.SIGKILL)
            wait_until(partial(is_replaced, process.pid, worker, silent))
        assert process.wait(20) == 3
    done, killed = lines(report)
    assert (done["status"], killed["status"], killed["findings"][0]["code"]) == ("done", "failed", "EM953")
    assert "SIGKILL" in killed["why"]


def is_replaced(parent: int, worker: int, word: str) -> bool:
    """Whether ``worker`` is gone, with what it had started."""
    return children(parent) != [worker] and not processes(word)


def hooked(folder: Path, hook: str) -> Path:
    """A repository whose commits run ``hook``."""
    root = repository(folder)
    write(root / ".git" / "hooks", {"pre-commit": f"#!/bin/sh\n{hook}\n"})
    (root / ".git" / "hooks" / "pre-commit").chmod(0o755)
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    write(root, {"README.md": "Mine.\n", "staged.txt": "staged\n"})
    git(root, "add", "staged.txt")
    return root


def as_before(root: Path) -> bool:
    """Whether only the main work tree is there, with its changes and its index."""
    return git(root, "worktree", "list").count("\n") == 0 and git(root, "status", "--short").split("\n") == [
        "M README.md",  # git() strips the first blank
        "A  staged.txt",
    ]


@posix
@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_is_killed_leaves_no_worktree(tmp_path: Path, times: int) -> None:
    mark, report = tmp_path / "mark", tmp_path / "report"
    # The hook ends everything that the worker is, itself included.
    root = hooked(tmp_path / "web", f"echo x >> {mark}; [ $(wc -l < {mark}) -gt {times} ] || kill -9 0")
    options = ("--write", "--branch", "earth", "--report", str(report))
    batch(str(root), *options, code=0 if times == 1 else 3)
    assert as_before(root)
    if times == 2:
        assert [line["findings"][0]["code"] for line in lines(report)] == ["EM953"]
        assert git(root, "branch", "--list", "earth") == ""
        batch(str(root), *options)
    assert git(root, "log", "--format=%s", "main..earth") == "Build with Earthfiles"
    assert as_before(root)


@posix
def test_after_kill_9_the_next_run_removes_the_worktree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    mark = tmp_path / "mark"
    root = hooked(tmp_path / "web", f"[ -e {mark} ] || {{ touch {mark}; sleep 600; }}")
    other = tmp_path / "earthmigrate-worktree-mine" / "web"
    git(root, "worktree", "add", "--quiet", "-b", "mine", str(other))
    with started(str(root), "--write", "--branch", "earth") as process:
        wait_until(mark.exists)
        process.kill()
        process.wait()
    assert none_left(str(root))
    assert git(root, "worktree", "list").count("\n") == 2
    batch(str(root), "--write", "--branch", "earth")
    assert git(root, "log", "--format=%s", "main..earth") == "Build with Earthfiles"
    assert other.is_dir(), "what only looks like ours stays"
    git(root, "worktree", "remove", "--force", str(other))
    assert as_before(root)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[str]:
    """The URL of a real git daemon that serves tmp_path."""
    with git_daemon(tmp_path) as port:
        yield f"git://127.0.0.1:{port}"


def test_a_git_daemon(tmp_path: Path, daemon: str) -> None:
    root = repository(tmp_path / "web")
    old = git(root, "rev-parse", "HEAD")
    new = commit(root, {"README.md": "New.\n"})
    report, work = tmp_path / "report", tmp_path / "clones"
    wanted = ["web", "web main", f"web {old}", "web gone", "none"]
    write(tmp_path, {"list": "".join(f"{daemon}/{text}\n" for text in wanted)})
    batch("--from", str(tmp_path / "list"), "--report", str(report), "--workdir", str(work), code=3)
    found = lines(report)
    assert sorted((line["ref"] or "", line["commit"] or "", line["status"]) for line in found) == sorted(
        [("", new, "done"), ("main", new, "done"), (old, old, "done"), ("gone", "", "failed"), ("", "", "failed")]
    )
    logs = {git(clone, "log", "--all", "--format=%H") for clone in work.glob("*/web")}
    assert new in logs, "a shallow clone has one commit"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Name repositories"),
        ([".", "--branch", "x"], "--branch needs --write"),
        ([".", "--write", "--branch=-x"], "no name of a branch"),
        ([".", "--message", "x"], "--message needs --branch"),
        (["https://h/x", "--write"], "needs --workdir"),
        (["--from", "gone"], "No such file"),
        ([".", "--only", "rust"], "rust is none of"),
        ([".", "--only", "shell", "--remove-dockerfiles"], "leave out --only"),
        ([".", "--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage(arguments: list[str], why: str) -> None:
    assert why in batch(*arguments, code=2).stderr


def test_nothing_is_said_of_secrets(tmp_path: Path) -> None:
    report = tmp_path / "report"
    place = "http://me:secretword@127.0.0.1:9/a.git?token=secrettoken"
    found = batch(place, "--report", str(report), "--format", "json", code=3)
    files = [path.read_text(encoding="utf-8") for path in report.rglob("*") if path.is_file()]
    everything = found.output + "".join(files)
    assert "127.0.0.1:9/a.git" in everything
    assert not re.search("secret(word|token)", everything)
