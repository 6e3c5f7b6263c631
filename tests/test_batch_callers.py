"""examples/migrate-this-repository.sh in clones, without a terminal, as multi-gitter and turbolift run scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from batchrepos import FILES, git, repository, url, write

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "examples" / "migrate-this-repository.sh"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script")


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """The work folder of such a tool: a clone of each repository."""
    for name, files in {
        "web": FILES,
        "broken": {"Dockerfile": "FORM x\n", "build.sh": "docker build -t x $Y\n"},
        "nothing": {"README.md": "Nothing.\n"},
    }.items():
        repository(tmp_path / "origin" / name, files)
    work = tmp_path / "work"
    work.mkdir()
    for origin in sorted((tmp_path / "origin").iterdir()):
        git(work, "clone", "--quiet", "--depth=1", url(origin))
    return work


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which earthmigrate is this checkout."""
    tool = tmp_path / "bin" / "earthmigrate"
    write(tool.parent, {tool.name: f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m migrate.cli "$@"\n'})
    tool.chmod(0o755)
    return f"{tool.parent}{os.pathsep}{os.environ['PATH']}"


def run(folder: Path, path: str) -> tuple[int, str]:
    """The exit code, and what git has to commit."""
    environment = {**os.environ, "PATH": path, "REPOSITORY": folder.name}
    done = subprocess.run(
        [SCRIPT], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )
    return done.returncode, git(folder, "status", "--porcelain", "--untracked-files=all")


def test_each_checkout_gets_its_change_or_none(clones: Path, path: str) -> None:
    code, changed = run(clones / "web", path)
    assert (code, sorted(changed.split("\n"))) == (
        0,
        ["?? .earthmigrate.yaml", "?? Earthfile", "M build.sh"],
    )
    for name in ("broken", "nothing"):
        assert run(clones / name, path) == (0, "")


def test_a_second_run_has_nothing_to_commit(clones: Path, path: str) -> None:
    run(clones / "web", path)
    git(clones / "web", "add", "--all")
    git(clones / "web", "commit", "--quiet", "--message", "Build with Earthfiles")
    assert run(clones / "web", path) == (0, "")


def test_changes_of_somebody_else_are_not_touched(clones: Path, path: str) -> None:
    write(clones / "web", {"README.md": "Mine.\n"})
    assert run(clones / "web", path) == (3, "M README.md")
