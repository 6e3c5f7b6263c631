"""Which files a repository has, and what they are by their names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.callsites.data import builtin
from migrate.discovery import carrier_of, discover, first_fit, is_dockerfile, is_template
from migrate.disk import DiskError
from migrate.gitignores import Ignored, any_ignores

DATA = builtin().discovery
FILES = {
    "Dockerfile": "FROM a\n",
    "src/app.py": "x\n",
    "src/out.log": "x\n",
    "build/keep.txt": "x\n",
    "node_modules/a/Dockerfile": "FROM b\n",
    ".gitignore": "*.log\nbuild/\n",
    "deep/.gitignore": "secret\n!kept\n",
    "deep/secret": "x\n",
    "deep/kept": "x\n",
}


def fill(root: Path) -> None:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def test_a_walk_honours_gitignore(tmp_path: Path) -> None:
    fill(tmp_path)
    found = discover(tmp_path, DATA)
    assert not found.git
    assert found.paths == (".gitignore", "Dockerfile", "deep/.gitignore", "deep/kept", "src/app.py")
    assert found.is_file("src/app.py")
    assert found.is_folder("src")
    assert not found.is_folder("build")


def test_a_walk_leaves_out_a_repository_inside(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "src" / ".git").write_text("gitdir: /elsewhere\n", encoding="utf-8")
    assert discover(tmp_path, DATA).paths == (".gitignore", "Dockerfile", "deep/.gitignore", "deep/kept")


def test_a_file_is_read_as_it_was_first(tmp_path: Path) -> None:
    fill(tmp_path)
    files = discover(tmp_path, DATA)
    before = files.read("src/app.py", 1000)
    (tmp_path / "src" / "app.py").write_text("changed", encoding="utf-8")
    assert before == files.read("src/app.py", 1000) != b"changed"
    assert files.start("src/app.py", 1) == (before or b"")[:1]
    assert files.read("src/app.py", 0) is None, "it is larger than that"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
def test_a_folder_of_a_repository(tmp_path: Path) -> None:
    fill(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "src" / "untracked").write_text("x", encoding="utf-8")
    found = discover(tmp_path / "src", DATA)
    assert (found.git, found.paths) == (True, ("app.py",))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
def test_git_says_what_is_tracked(tmp_path: Path) -> None:
    fill(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "untracked").write_text("x", encoding="utf-8")
    found = discover(tmp_path, DATA)
    assert found.git
    assert found.paths == (".gitignore", "Dockerfile", "deep/.gitignore", "deep/kept", "src/app.py")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
def test_settings_of_the_repository_start_no_program(tmp_path: Path) -> None:
    """core.fsmonitor names a program: a repository that is not ours must not choose one."""
    fill(tmp_path)
    mark = tmp_path.parent / "started"
    program = tmp_path / "monitor.sh"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n", encoding="utf-8")
    program.chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "config", "core.fsmonitor", str(program)], cwd=tmp_path, check=True)
    discover(tmp_path, DATA)
    assert not mark.exists()


def test_links_are_no_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    root = tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (outside / "Dockerfile").write_text("FROM x\n", encoding="utf-8")
    try:
        (root / "Dockerfile").symlink_to(outside / "Dockerfile")
        (root / "folder").symlink_to(outside)
    except OSError:
        pytest.skip("this system makes no links")
    found = discover(root, DATA)
    assert found.paths == ()
    assert found.read("Dockerfile", 100) is None
    assert found.read("folder/Dockerfile", 100) is None


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as problem:
        discover(tmp_path / "nowhere", DATA)
    assert problem.value.code == "EM730"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Dockerfile", True),
        ("a/Dockerfile.dev", True),
        ("dev.Dockerfile", True),
        ("Containerfile", True),
        ("Dockerfile.dockerignore", False),
        ("Dockerfile.md", False),
        ("dockerfile_parse.py", False),
        ("Dockerfiles/readme", False),
    ],
)
def test_dockerfiles_by_name(path: str, expected: bool) -> None:
    assert is_dockerfile(path, DATA) == expected


def test_templates_by_name() -> None:
    assert is_template("Dockerfile.j2", DATA)
    assert not is_template("Dockerfile.dev", DATA)


@pytest.mark.parametrize(
    ("path", "carrier"),
    [
        (".github/workflows/ci.yml", "workflows"),
        ("sub/.github/workflows/ci.yml", "workflows"),
        ("action.yml", "workflows"),
        ("docker-compose.dev.yml", "compose"),
        ("compose.yaml", "compose"),
        ("Makefile", "makefile"),
        ("rules.mk", "makefile"),
        ("x/setup.py", "python"),
        ("package.json", "packagejson"),
        ("hack/build.sh", "shell"),
        ("README.md", "markdown"),
        ("main.go", None),
        ("values.yaml", None),
    ],
)
def test_carriers_by_name(path: str, carrier: str | None) -> None:
    assert carrier_of(path, DATA) == carrier


@pytest.mark.parametrize(
    ("rules", "path", "folder", "ignored"),
    [
        ("*.log", "a/b.log", False, True),
        ("/a", "a", False, True),
        ("/a", "b/a", False, False),
        ("a/b", "x/a/b", False, False),
        ("a/**/b", "a/x/y/b", False, True),
        ("**/b", "x/b", False, True),
        ("a/**", "a/x", False, True),
        ("b/", "b", False, False),
        ("b/", "b", True, True),
        ("*\n!keep", "keep", False, False),
        ("# c\n\\#x", "#x", False, True),
        ("[ab].txt", "a.txt", False, True),
        ("[!ab].txt", "a.txt", False, False),
        ("?", "x", False, True),
    ],
)
def test_gitignore_patterns(rules: str, path: str, folder: bool, ignored: bool) -> None:
    assert any_ignores([Ignored.of("", rules)], path, is_folder=folder) == ignored


def test_the_first_group_that_fits_counts() -> None:
    groups = (("*.sh", "ci/*.yml"), ("a*.yml", "b.sh"), ())
    assert first_fit("ci/a.yml", groups) == 0
    assert first_fit("x/ci/a.yml", groups) == 0
    assert first_fit("x/a.yml", groups) == 1
    assert first_fit("b.sh", groups) == 0
    assert first_fit("b.shx", groups) is None
    assert first_fit("a", ()) is None
