"""Patches in git's format: git itself turns them into the new tree."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.gitpatch import FileChange, patch

LINE = st.sampled_from([b"a", b"b", b"", b"- x", b"+ y", b"\\ z", b"a\r", b"\xff\xfe", b"\x0c", b"diff --git"])
LINES = st.lists(LINE)
TEXTS = st.builds(lambda lines, end: b"\n".join(lines) + end, LINES, st.sampled_from([b"", b"\n"]))
NAMES = st.sampled_from(
    ["plain", "with blank", "tab\there", 'quo"te', "back\\slash", "ümlaut", "deep/er/file", "nl\nx"]
)


def applied(before: dict[str, bytes], changes: list[FileChange], root: Path) -> dict[str, bytes]:
    """The tree after ``git apply``."""
    for name, data in before.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    command = ["git", "-c", "core.autocrlf=false", "apply", "-p1", "--allow-empty", "--whitespace=nowarn"]
    done = subprocess.run(command, cwd=root, input=patch(changes), capture_output=True, check=False)
    assert done.returncode == 0, (done.stderr.decode(errors="replace"), patch(changes))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(NAMES, st.tuples(st.none() | TEXTS, st.none() | TEXTS), max_size=3))
def test_git_apply(
    files: dict[str, tuple[bytes | None, bytes | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("tree")
    changes = [FileChange(name, before, after) for name, (before, after) in files.items()]
    before = {name: data for name, (data, _) in files.items() if data is not None}
    expected = {name: data for name, (_, data) in files.items() if data is not None}
    assert applied(before, changes, root) == expected


def test_nothing_changed_is_nothing() -> None:
    assert patch([FileChange("a", b"x", b"x")]) == b""


def test_names_stand_in_order() -> None:
    text = patch([FileChange("b", None, b"1\n"), FileChange("a", None, b"2\n")])
    assert text.index(b"b/a") < text.index(b"b/b")


def test_a_new_file() -> None:
    assert patch([FileChange("x", None, b"1\n2", executable=True)]) == (
        b"diff --git a/x b/x\nnew file mode 100755\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+1\n+2\n"
        b"\\ No newline at end of file\n"
    )
