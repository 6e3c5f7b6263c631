"""All changes or none: what is there after success, an error in the middle, a kill."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from migrate import changes, disk
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


def test_an_error_in_the_middle_undoes_the_rest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)
    real = disk.write_file

    def failing(path: Path, data: bytes) -> None:
        if path.name == "c" and data == b"new c":
            raise DiskError("EM195", path="c", reason="no room")
        real(path, data)

    monkeypatch.setattr(changes, "write_file", failing)
    with pytest.raises(DiskError):
        changes.make(root, WANTED, git=True)
    assert tree(root) == before


def test_ctrl_c_in_the_middle_undoes_the_rest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(root)
    real = disk.write_file

    def interrupted(path: Path, data: bytes) -> None:
        real(path, data)
        if data == b"new c":
            raise KeyboardInterrupt

    monkeypatch.setattr(changes, "write_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        changes.make(root, WANTED, git=True)
    assert tree(root) == before


@pytest.mark.parametrize("git", [True, False])
def test_the_next_run_knows_how_to_go_back(root: Path, git: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process tidies nothing up: its journal stays, and the commands in it bring the old tree back."""
    before = tree(root)
    if git:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
            subprocess.run(["git", *arguments], cwd=root, check=True)
    assert changes.interrupted(root) is None
    real_put = changes._put

    class Killed(BaseException):
        pass

    def put(path: Path, data: bytes | None) -> None:
        real_put(path, data)
        if path.name == "c":
            raise Killed

    monkeypatch.setattr(changes, "_put", put)
    monkeypatch.setattr(changes, "_undo", lambda root, done: None)  # nobody is there to undo
    with pytest.raises(Killed):
        changes.make(root, WANTED, git=git)
    found = changes.interrupted(root)
    assert found is not None
    for command in found.commands:
        subprocess.run(["sh", "-c", command], cwd=root, check=True)
    assert changes.interrupted(root) is None
    kept = {name: data for name, data in tree(root).items() if not name.startswith((".git/", changes.BACKUP))}
    assert kept == before


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
