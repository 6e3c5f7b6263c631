"""Rules of .gitignore files: the last line that fits decides, the closest file first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.gitignores import Ignored, any_ignores, deciding

TEXT = "*.log\n!keep.log\n/build/\ndocs/*.md\n**/tmp/\n#x\n\\#y\nfoo/**/bar\nspaced\\ \n[ab].c\n/only\r\nx?z\n"
PATHS = [
    *("a.log", "d/a.log", "keep.log", "d/keep.log", "docs/a.md", "docs/b/a.md", "#y", "foo/bar", "foo/a/b/bar"),
    *("a.c", "c.c", "only", "d/only", "xyz", "x/z", "d/xyz", "build.txt"),
]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
def test_as_git_decides(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_bytes(TEXT.encode())
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    asked = "\n".join(PATHS).encode()
    done = subprocess.run(command, cwd=tmp_path, input=asked, capture_output=True, check=False)
    rules = [Ignored.of("", TEXT)]
    ours = [path for path in PATHS if any_ignores(rules, path, is_folder=False)]
    assert ours == done.stdout.decode().split("\n")[:-1]


def test_the_deciding_line() -> None:
    rules = [Ignored.of("", "*\n!a\n"), Ignored.of("d", "a\n")]
    first, second = deciding(rules, "a", is_folder=False), deciding(rules, "d/a", is_folder=False)
    assert first is not None
    assert (first.line, first.negated) == (1, True)
    assert second is not None
    assert (second.line, second.negated) == (0, False)
