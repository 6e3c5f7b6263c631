"""Unified diffs that other tools can apply."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.report.diff import NOTHING, painted, unified


def test_names_and_lines() -> None:
    assert unified("a\nb\n", "a\nc\n", "web/Earthfile", "web/Earthfile") == (
        "--- a/web/Earthfile\n+++ b/web/Earthfile\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    )


def test_equal_texts_have_no_diff() -> None:
    assert unified("a", "a", "x", "x") == ""


def test_missing_final_newline() -> None:
    assert unified("a\nb", "a\nb\n", "x", "x") == (
        "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    )


def test_a_new_file() -> None:
    assert unified("", "a\n", NOTHING, "/tmp/x") == "--- /dev/null\n+++ b/tmp/x\n@@ -0,0 +1 @@\n+a\n"


def test_paint_adds_colours_and_shows_control_characters() -> None:
    diff = unified("a\tb\r\n\x1b[2J\n", "a\tb\r\nc", "x", "x")
    assert click.unstyle(painted(diff)) == (
        "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\tb\n-\\x1b[2J\n+c\n\\ No newline at end of file\n"
    )
    assert "\x1b[32m+c\x1b[0m\n" in painted(diff)


TEXTS = st.text(alphabet="ab\n\r\t\f\u2028é", max_size=30)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not on PATH")
@pytest.mark.parametrize(
    ("before", "after"),
    [("a\nb\n", "a\nc"), ("a\r\nb\r\n", "a\r\nc\r\n"), ("", "x\n"), ("a", "b"), ("a\fb\n\u2028\n", "a\fc\n\u2028\n")],
)
def test_git_applies_it(before: str, after: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(before.encode())
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=unified(before, after, "x", "x").encode(), check=True)
    assert (tmp_path / "x").read_bytes() == after.encode()


@given(TEXTS, TEXTS)
def test_every_line_has_its_mark(before: str, after: str) -> None:
    lines = unified(before, after, "x", "x").split("\n")
    assert lines.pop() == ""
    assert all(line[:1] in (" ", "+", "-", "@", "\\") for line in lines)
    assert bool(lines) == (before != after)
