"""All changes or none: what is there after success, an error in the middle, a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrate import changes, repodriver
from migrate.disk import DiskError
from migrate.gitpatch import FileChange


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"old a\r\n")
    (tmp_path / "b").write_bytes(b"old b")
    return tmp_path


WANTED = [FileChange("a", b"old a\r\n", b"new a"), FileChange("b", b"old b", None), FileChange("c", None, b"new c")]


def test_all_are_made(root: Path) -> None:
    changes.make(root, WANTED, git=True)
    assert tree(root) == {"a": b"new a", "c": b"new c"}


@pytest.mark.parametrize("problem", [OSError("no room"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", range(1, 5))
def test_an_error_or_ctrl_c_at_any_step_undoes_the_rest(
    root: Path, step: int, problem: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a").chmod(0o755)
    before = tree(root)
    real, seen = os.replace, [0]

    def failing(source: Path, place: Path) -> None:
        real(source, place)
        seen[0] += 1
        if seen[0] == step:
            raise problem

    monkeypatch.setattr(os, "replace", failing)
    last = step == 4  # the journal, a and c are renamed, b is removed: nothing is left to fail
    if last:
        changes.make(root, WANTED, git=True)
        return
    with pytest.raises((DiskError, KeyboardInterrupt)):
        changes.make(root, WANTED, git=True)
    assert tree(root) == before
    assert (root / "a").stat().st_mode & 0o777 == 0o755


def test_a_file_where_one_is_prepared_is_not_replaced(root: Path) -> None:
    (root / ".a.0.earthmigrate-new").symlink_to(root / "b")
    with pytest.raises(DiskError):
        changes.make(root, WANTED, git=True)
    assert (root / "b").read_bytes() == b"old b"


def test_files_that_git_does_not_hold_are_copied_first(root: Path) -> None:
    before = tree(root)
    changes.make(root, WANTED, git=True, exposed=["a", "b"])
    commands = changes.undo_commands(["a", "b"], ["c"], git=True, exposed=["a", "b"])
    assert not [command for command in commands if "git" in command]
    for command in commands:
        subprocess.run(["sh", "-c", command], cwd=root, check=True)
    assert {name: data for name, data in tree(root).items() if not name.startswith(changes.BACKUP)} == before


KILLED = """
import builtins, os, signal, sys
limit, count = int(sys.argv[1]), 0
def watched(owner, name, counts):
    real = getattr(owner, name)
    def call(*words, **options):
        global count
        count += counts(words)
        if counts(words) and count == limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **options)
    setattr(owner, name, call)
for name in ("replace", "unlink", "chmod"):
    watched(os, name, lambda words: 1)
watched(builtins, "open", lambda words: int("x" in str(words[1:2])))
from migrate.cli import main
main(["repo", "--write", "--quiet", sys.argv[2]])
"""


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
@pytest.mark.parametrize("git", [True, False])
def test_after_a_kill_at_any_step_the_next_run_knows_how_to_go_back(tmp_path: Path, git: bool) -> None:
    """A killed process tidies nothing up: its journal stays, and the commands in it bring the old tree back."""
    steps, ended = 0, False
    while not ended:
        steps += 1
        root = tmp_path / str(steps)
        (root / "web").mkdir(parents=True)
        (root / "web" / "Dockerfile").write_text("FROM alpine:3.20\nRUN true\n")
        (root / "build.sh").write_text("docker build -t web web\n")
        (root / "build.sh").chmod(0o755)
        if git:
            identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
            for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
                subprocess.run(["git", *arguments], cwd=root, check=True)
        before, modes = tree(root), (root / "build.sh").stat().st_mode
        done = subprocess.run([sys.executable, "-c", KILLED, str(steps), str(root)], capture_output=True, check=False)
        ended = done.returncode == 0
        assert ended or done.returncode == -signal.SIGKILL, done.stderr.decode()
        found = changes.interrupted(root)
        if ended:
            assert found is None
            continue
        if found is not None:
            files = tree(root)
            with pytest.raises(DiskError) as problem:
                repodriver.found(root)
            assert problem.value.code == "EM736"
            assert tree(root) == files
            for command in problem.value.fields["commands"].split(" && "):
                subprocess.run(["sh", "-c", command], cwd=root, check=True)
            assert changes.interrupted(root) is None
        kept = {name: data for name, data in tree(root).items() if not name.startswith((".git/", changes.BACKUP))}
        assert kept == {name: data for name, data in before.items() if not name.startswith(".git/")}
        assert (root / "build.sh").stat().st_mode == modes
    assert steps > 8


def test_a_file_that_changed_meanwhile_stops_everything(root: Path) -> None:
    (root / "a").write_bytes(b"somebody else's")
    with pytest.raises(DiskError) as problem:
        changes.make(root, WANTED, git=True)
    assert problem.value.code == "EM732"
    assert (root / "a").read_bytes() == b"somebody else's"
    assert (root / "b").read_bytes() == b"old b"


def test_links_are_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (root / "linked").symlink_to(outside)
    with pytest.raises(DiskError) as problem:
        changes.make(root, [FileChange("linked/x", None, b"x")], git=True)
    assert problem.value.code == "EM732"
    assert list(outside.iterdir()) == []


def test_a_broken_journal_is_said(root: Path) -> None:
    (root / changes.JOURNAL).write_text("{", encoding="utf-8")
    with pytest.raises(DiskError) as problem:
        changes.interrupted(root)
    assert problem.value.code == "EM733"


DEEP = [FileChange("x/y/Dockerfile", b"FROM a\n", None, True), FileChange("c", None, b"new c")]


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "Dockerfile").write_bytes(b"FROM a\n")
    (tmp_path / "x" / "y" / "Dockerfile").chmod(0o755)
    return tmp_path


def test_folders_that_are_empty_then_go_too(deep: Path) -> None:
    changes.make(deep, DEEP, git=True)
    assert [path.name for path in deep.iterdir()] == ["c"]


def test_a_folder_with_something_else_in_it_stays(deep: Path) -> None:
    (deep / "x" / "other").write_bytes(b"")
    changes.make(deep, DEEP, git=True)
    assert [path.name for path in (deep / "x").iterdir()] == ["other"]


def test_a_removed_file_comes_back_with_its_folder_and_mode(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def interrupted(source: Path, place: Path) -> None:
        real(source, place)
        if Path(place).name == "c":
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        changes.make(deep, DEEP, git=True)
    assert tree(deep) == {"x/y/Dockerfile": b"FROM a\n"}
    assert (deep / "x" / "y" / "Dockerfile").stat().st_mode & 0o111


def test_without_git_the_commands_bring_removed_files_back(deep: Path) -> None:
    before = tree(deep)
    changes.make(deep, DEEP, git=False)
    commands = changes.undo_commands(["x/y/Dockerfile"], ["c"], git=False)
    for command in commands:
        subprocess.run(command, shell=True, cwd=deep, check=True)  # our own words, quoted by shlex
    found = {path: data for path, data in tree(deep).items() if not path.startswith(changes.BACKUP)}
    assert found == before
