"""Inputs, the context on disk, and writing."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from migrate.context import Context
from migrate.disk import (
    LARGEST_INPUT,
    DiskContext,
    DiskError,
    context_parts,
    find_dockerfile,
    link_text,
    read_existing,
    read_input,
    shown,
    write_file,
)

posix = pytest.mark.skipif(os.name == "nt", reason="needs links and modes")


@pytest.mark.parametrize(
    ("path", "base", "expected"),
    [
        (PurePosixPath("/work/web/Dockerfile"), PurePosixPath("/work"), "web/Dockerfile"),
        (PurePosixPath("/work/Dockerfile"), PurePosixPath("/other"), "/work/Dockerfile"),
        (PurePosixPath("web/Dockerfile"), PurePosixPath("/work"), "web/Dockerfile"),
        (PurePosixPath("../Dockerfile"), PurePosixPath("/work"), "../Dockerfile"),
        (PureWindowsPath("C:\\Work\\web\\Dockerfile"), PureWindowsPath("c:\\work"), "web/Dockerfile"),
        (PureWindowsPath("web\\Dockerfile"), PureWindowsPath("C:\\work"), "web/Dockerfile"),
        (PureWindowsPath("D:\\web\\Dockerfile"), PureWindowsPath("C:\\work"), "D:/web/Dockerfile"),
        (PureWindowsPath("\\\\host\\share\\Dockerfile"), PureWindowsPath("C:\\work"), "//host/share/Dockerfile"),
    ],
)
def test_shown_paths_have_slashes(path: PurePath, base: PurePath, expected: str) -> None:
    assert shown(path, base) == expected


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a/b", ("a", "b")),
        ("./a//b/", ("a", "b")),
        ("/a", ("a",)),
        ("", ()),
        (".", ()),
        ("a/../../b", ("b",)),
        ("../../etc/passwd", ("etc", "passwd")),
        ("a\0b", None),
    ],
)
@pytest.mark.parametrize("windows", [False, True])
def test_context_parts(path: str, parts: tuple[str, ...] | None, windows: bool) -> None:
    assert context_parts(path, windows=windows) == parts


@pytest.mark.parametrize("path", ["C:", "C:/x", "a\\..\\..\\b", "x/C:\\b", "a:stream", "a|b"])
def test_names_that_would_leave_a_windows_folder(path: str) -> None:
    assert context_parts(path, windows=True) is None
    parts = context_parts(path, windows=False)
    assert parts is not None
    assert PurePosixPath("/root", *parts).is_relative_to("/root")


@pytest.mark.parametrize("path", ["a/b", "../../x", "/abs", "a/./b"])
def test_parts_stay_inside_a_windows_folder(path: str) -> None:
    parts = context_parts(path, windows=True)
    assert parts is not None
    assert PureWindowsPath("C:\\root", *parts).is_relative_to("C:\\root")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a/b", "a/b"), ("..\\b", "../b"), ("\\\\?\\C:\\x", "C:/x"), ("/abs", "/abs"), ("./a/", "./a/")],
)
def test_link_text(text: str, expected: str) -> None:
    assert link_text(text) == expected


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(b"text of " + path.name.encode())
    return root


def test_context_answers(tmp_path: Path) -> None:
    context: Context = DiskContext(tree(tmp_path, "a/b.txt", "a/c.md", "empty/", ".env"))
    assert context.known()
    assert [context.exists(path) for path in ("a", "/a/b.txt", "a/x", "a/b.txt/x", "", "../..", "x\0")] == [
        True, True, False, False, True, True, False,
    ]  # fmt: skip
    assert [context.is_directory(path) for path in ("a", "empty/", ".", "a/b.txt", "x")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert context.head("a/b.txt", 4) == b"text"
    assert context.head("a") is None
    assert context.head("x") is None
    assert context.link_target("a") is None
    assert context.matches("a/*") == ("a/b.txt", "a/c.md")
    assert context.matches("*/b.*") == ("a/b.txt",)
    assert context.matches("*") == (".env", "a", "empty")
    assert context.matches("./a/b.txt") == ("a/b.txt",)
    assert context.matches("nothing*") == ()
    assert context.matches("a/[") is None


@posix
def test_links_are_told_and_never_lead_out(tmp_path: Path) -> None:
    tree(tmp_path, "outside/secret", "root/real/file")
    root = tmp_path / "root"
    for name, target in {
        "inside": "real",
        "absolute": "/real",
        "out": "../outside",
        "full": str(tmp_path / "outside"),
        "loop": "loop",
        "real/up": "../real/file",
        "far": "../../../../real",
    }.items():
        (root / name).symlink_to(target)
    context = DiskContext(root)
    assert context.link_target("out") == "../outside"
    assert context.exists("out") is True
    assert context.is_directory("inside") is False
    assert context.head("inside/file") == b"text of file"
    assert context.head("absolute/file") == b"text of file"
    assert context.head("far/file") == b"text of file"
    assert context.head("real/up") == b"text of file"
    assert context.link_target("inside/up") == "../real/file"
    for path in ("out/secret", "full/secret", "loop/x"):
        assert context.exists(path) is False
        assert context.head(path) is None
    assert context.head("loop") is None
    assert context.matches("out/*") == ()
    assert context.matches("in*/*") == (), "wildcards do not look behind links, as in BuildKit"
    assert context.matches("inside/*") == ("inside/file", "inside/up")


def test_ignore_files(tmp_path: Path) -> None:
    root = tree(tmp_path, "Dockerfile", "sub/")
    context = DiskContext(root, root / "Dockerfile")
    assert context.ignore_text() is None
    assert context.earth_ignore_text() is None
    (root / ".dockerignore").write_bytes(b"\xef\xbb\xbf*.md\r\n\xff\n")
    assert context.ignore_text() is None, "one context sees one state of the file"
    assert DiskContext(root, root / "Dockerfile").ignore_text() == (".dockerignore", "*.md\r\n\udcff\n")
    (root / "Dockerfile.dockerignore").write_bytes(b"")
    assert DiskContext(root, root / "Dockerfile").ignore_text() == ("Dockerfile.dockerignore", "")
    assert DiskContext(root).ignore_text() == (".dockerignore", "*.md\r\n\udcff\n")
    (root / ".earthignore").write_bytes(b"a")
    assert context.earth_ignore_text() == (".earthignore", "a")
    (root / ".earthlyignore").write_bytes(b"b")
    assert context.earth_ignore_text() == (".earthlyignore", "b")
    elsewhere = tree(tmp_path, "docker/web.Dockerfile", "docker/web.Dockerfile.dockerignore")
    assert DiskContext(root, elsewhere / "docker" / "web.Dockerfile").ignore_text() == (
        "docker/web.Dockerfile.dockerignore",
        "text of web.Dockerfile.dockerignore",
    )


def test_finding_the_dockerfile(tmp_path: Path) -> None:
    assert find_dockerfile(tmp_path / "missing") == tmp_path / "missing"
    with pytest.raises(DiskError) as caught:
        find_dockerfile(tmp_path)
    assert caught.value.code == "EM191"
    tree(tmp_path, "Containerfile")
    assert find_dockerfile(tmp_path) == tmp_path / "Containerfile"
    tree(tmp_path, "Dockerfile")
    assert find_dockerfile(tmp_path) == tmp_path / "Dockerfile"


def code(path: Path) -> str:
    with pytest.raises(DiskError) as caught:
        read_input(path)
    return caught.value.code


def test_reading_odd_inputs(tmp_path: Path) -> None:
    assert code(tmp_path / "missing") == "EM190"
    assert code(tmp_path / "missing" / "\0") == "EM192"
    assert code(tmp_path) == "EM192"
    (tmp_path / "large").write_bytes(b"#" * (LARGEST_INPUT + 1))
    assert code(tmp_path / "large") == "EM193"
    (tmp_path / "fits").write_bytes(b"#" * LARGEST_INPUT)
    assert len(read_input(tmp_path / "fits")) == LARGEST_INPUT


@posix
def test_reading_from_an_endless_device() -> None:
    assert code(Path("/dev/zero")) == "EM193"


@posix
def test_reading_and_writing_what_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    if os.access(tmp_path / "secret", os.R_OK):
        pytest.skip("nothing is forbidden to this user")
    assert code(tmp_path / "secret") == "EM192"
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(DiskError, match="EM195"):
        write_file(tmp_path / "closed" / "Earthfile", b"x")


def test_writing_keeps_the_mode_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "Earthfile"
    write_file(path, b"one\r\n")
    assert path.read_bytes() == b"one\r\n"
    if os.name != "nt":
        umask = os.umask(0)
        os.umask(umask)
        assert path.stat().st_mode & 0o777 == 0o666 & ~umask
        path.chmod(0o640)
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["Earthfile"]


@posix
def test_writing_replaces_a_link_and_spares_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"keep")
    (tmp_path / "Earthfile").symlink_to("precious")
    assert read_existing(tmp_path / "Earthfile") == b""
    write_file(tmp_path / "Earthfile", b"new")
    assert (tmp_path / "precious").read_bytes() == b"keep"
    assert not (tmp_path / "Earthfile").is_symlink()


def test_writing_where_a_folder_stands(tmp_path: Path) -> None:
    (tmp_path / "Earthfile").mkdir()
    assert read_existing(tmp_path / "Earthfile") == b""
    with pytest.raises(DiskError) as caught:
        write_file(tmp_path / "Earthfile", b"x")
    assert caught.value.code == "EM195"
    assert os.listdir(tmp_path) == ["Earthfile"]


def test_writing_into_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught:
        write_file(tmp_path / "missing" / "Earthfile", b"x")
    assert caught.value.code == "EM195"


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_writing_to_a_device() -> None:
    write_file(Path("/dev/null"), b"x")
    with pytest.raises(DiskError) as caught:
        write_file(Path("/dev/full"), b"x")
    assert caught.value.code == "EM195"


def test_existing_files(tmp_path: Path) -> None:
    assert read_existing(tmp_path / "x") is None
    assert read_existing(tree(tmp_path, "a") / "a" / "b") is None
    assert read_existing(tmp_path / "a") == b"text of a"
