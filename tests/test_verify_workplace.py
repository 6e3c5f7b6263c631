"""The temporary folders: nothing of the user's changes, and nothing stays."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.mappings import builtin
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Pair, read
from migrate.verify.workplace import copy_tree, prepared, remove_tree, without_frontend

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of one's own, empty again after each test."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_bytes(b"# syntax=docker/dockerfile:1\nFROM alpine\nCOPY . /x\n")
    (folder / "file").write_bytes(b"data")
    return folder


def pair(context: Path) -> Pair:
    return read(context / "Dockerfile", context, mappings=builtin())


def snapshot(folder: Path) -> list[tuple[str, int, int]]:
    found = [(path, path.lstat()) for path in sorted(folder.rglob("*"))]
    return [(str(path), status.st_mode, status.st_mtime_ns) for path, status in found]


def test_a_conversion_is_laid_over_a_copy(context: Path) -> None:
    before = snapshot(context)
    with prepared(pair(context)) as place:
        copy = place.earthfiles / place.reference
        assert (copy / "file").read_bytes() == b"data"
        assert (copy / "Earthfile").read_text(encoding="utf-8").startswith("VERSION 0.8\n")
        assert "Earthfile" in (copy / ".earthlyignore").read_text(encoding="utf-8")
        assert sorted(path.name for path in place.earthfiles.iterdir()) == ["context"]
        assert (place.dockerfile, place.ignore) == (context / "Dockerfile", None)
        assert list(place.archives.iterdir()) == []
    assert snapshot(context) == before


def test_what_the_ignore_file_leaves_out_is_not_copied(context: Path) -> None:
    for name in ("build/big", "build/keep/me", "logs/x.log", "src/a.log", "src/main"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_bytes(b"x")

    def copied(ignore: str) -> set[str]:
        (context / ".dockerignore").write_text(ignore, encoding="utf-8")
        with prepared(pair(context)) as place:
            copy = place.earthfiles / place.reference
            return {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}

    always = {"Dockerfile", "Earthfile", ".earthlyignore", "file", "src/main", ".dockerignore"}
    assert copied("build\n**/*.log\n") == always
    assert copied("build\n!build/keep\n**/*.log\nDockerfile\n") == {*always, "build/keep/me"}
    assert copied("[") == {*always, "build/big", "build/keep/me", "logs/x.log", "src/a.log"}


@POSIX
def test_an_existing_earthfile_is_linked_to_and_hidden_from_docker(context: Path) -> None:
    (context / "Earthfile").write_text("VERSION 0.8\ndocker:\n    FROM alpine\n", encoding="utf-8")
    (context / ".dockerignore").write_bytes(b"*.log\n!Earthfile")
    before = snapshot(context)
    with prepared(pair(context)) as place:
        assert (place.earthfiles / place.reference).resolve() == context.resolve()
        assert place.dockerfile != context / "Dockerfile"
        assert place.dockerfile.read_bytes() == (context / "Dockerfile").read_bytes()
        assert place.ignore == place.dockerfile.with_name("Dockerfile.dockerignore")
        assert place.ignore.read_bytes() == b"*.log\n!Earthfile\nEarthfile\n.earthlyignore\n"
    assert snapshot(context) == before


def test_the_dockerfiles_own_ignore_file_is_found(context: Path) -> None:
    (context / "Dockerfile.dockerignore").write_bytes(b"x\n")
    with prepared(pair(context)) as place:
        assert place.ignore == context / "Dockerfile.dockerignore"
    (context / "Earthfile").write_text("VERSION 0.8\ndocker:\n    FROM alpine\n", encoding="utf-8")
    with prepared(pair(context)) as place:
        assert place.ignore is not None
        assert place.ignore.read_bytes() == b"x\nEarthfile\n.earthlyignore\n"


def test_the_frontend_line_goes_on_request(context: Path) -> None:
    with prepared(pair(context), own_frontend=True) as place:
        assert place.dockerfile.read_bytes() == b"FROM alpine\nCOPY . /x\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"# escape=`\n# syntax=x\nFROM a\n", b"# escape=`\nFROM a\n"),
        (b"#syntax = x\r\nFROM a\r\n", b"FROM a\r\n"),
        (b"// syntax=x\nFROM a\n", b"FROM a\n"),
        (b"FROM a\n# syntax=x\n", b"FROM a\n# syntax=x\n"),
        (b'{"syntax": "x"}\n', b'{"syntax": "x"}\n'),
        (b"FROM a # \xff\n", b"FROM a # \xff\n"),
    ],
)
def test_only_a_directive_asks_for_a_frontend(before: bytes, after: bytes) -> None:
    assert without_frontend(before) == after


@POSIX
def test_a_copied_context_is_the_same(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "d" / "e").mkdir(parents=True)
    (source / "d" / "f").write_bytes(b"1")
    os.link(source / "d" / "f", source / "d" / "e" / "same")
    (source / "link").symlink_to("/nowhere")
    (source / "run").write_bytes(b"#!")
    os.mkfifo(source / "pipe", 0o640)
    for name, mode in (("run", 0o4755), ("d/f", 0o600), ("d/e", 0o2750), ("d", 0o555)):
        os.chmod(source / name, mode)
        os.utime(source / name, (1, 1_000_000_000))
    copy_tree(source, target, lambda path: path.name == "left-out")
    assert [(path[len(str(source)) :], mode, time) for path, mode, time in snapshot(source)] == [
        (path[len(str(target)) :], mode, time) for path, mode, time in snapshot(target)
    ]
    assert os.readlink(target / "link") == "/nowhere"
    assert (target / "d" / "f").samefile(target / "d" / "e" / "same")
    assert not (target / "d" / "f").samefile(source / "d" / "f")
    remove_tree(target)
    assert not target.exists()
    os.chmod(source / "d", 0o755)


def test_the_temporary_folder_inside_the_context_is_no_part_of_it(
    context: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = context / "tmp"
    inside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(inside))
    with prepared(pair(context)) as place:
        assert list((place.earthfiles / place.reference / "tmp").iterdir()) == []
    assert list(inside.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_has_its_own_message(context: Path) -> None:
    os.chmod(context / "file", 0)
    with pytest.raises(VerifyError) as caught, prepared(pair(context)):
        pass
    assert caught.value.code == "EM935"


def test_a_disk_that_refuses_has_its_own_message(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/x")

    monkeypatch.setattr("migrate.verify.workplace.shutil.copyfile", full)
    with pytest.raises(VerifyError) as caught, prepared(pair(context)):
        pass
    assert (caught.value.code, caught.value.fields["reason"]) == ("EM935", "/x: No space left on device")


@POSIX
def test_what_is_written_protected_can_be_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "b" / "f").write_bytes(b"")
    os.chmod(top / "a" / "b", stat.S_IRUSR | stat.S_IXUSR)
    remove_tree(top)
    assert not top.exists()


def test_a_dockerfile_outside_stands_where_it_stood(tmp_path: Path) -> None:
    """A stage may be built FROM DOCKERFILE -f ../docker/Dockerfile."""
    context = tmp_path / "src" / "app"
    context.mkdir(parents=True)
    (context / "a").write_text("a", encoding="utf-8")
    dockerfile = tmp_path / "docker" / "Dockerfile"
    dockerfile.parent.mkdir()
    dockerfile.write_text('FROM alpine:3.20\nCMD ["echo", "\\u001b[1m"]\n', encoding="utf-8")
    found = read(dockerfile, context, mappings=builtin())
    assert "FROM DOCKERFILE -f ../../docker/Dockerfile ." in found.earthfile
    with prepared(found) as place:
        copy = place.earthfiles / place.reference
        assert (copy / "a").read_text(encoding="utf-8") == "a"
        assert (copy / "../../docker/Dockerfile").read_bytes() == dockerfile.read_bytes()
        assert sorted(one.name for one in copy.iterdir()) == ["Earthfile", "a"]
