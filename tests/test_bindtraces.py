"""What the text shows about a place before and after a RUN with bind mounts."""

from __future__ import annotations

import pytest

from migrate import bindtraces
from migrate.bindtraces import Shown
from migrate.dockerfile.reader import read
from migrate.steps import Step


@pytest.mark.parametrize(
    ("path", "is_file"),
    [("/a.txt", True), ("/Makefile", True), ("/bin", False), ("/.github", False), ("/x/.npmrc.local", True)],
)
def test_files_by_their_names(path: str, is_file: bool) -> None:
    assert bindtraces.is_file(Shown("/p", path, None)) is is_file


@pytest.mark.parametrize(
    ("line", "folder", "is_there"),
    [
        ("WORKDIR /a/b", "/a", True),
        ("WORKDIR /a/b", "/a/b/c", False),
        ("RUN mkdir -p x/y && ls", "/w/x", True),
        ("RUN mkdir -p $X/y", "/w/y", False),
        ("RUN true", "/opt", True),
    ],
)
def test_folders_that_are_there(line: str, folder: str, is_there: bool) -> None:
    instruction = read(f"FROM a\n{line}\n").instructions[1]
    step = Step(instruction, "/w", True, None)
    assert bindtraces.exists(folder, [step], ("/opt",)) is is_there


@pytest.mark.parametrize(
    ("text", "tries"),
    [
        ("touch made || true", True),
        ("(echo w > ./w) 2>/dev/null || true", True),
        ("cp -r $X/a /out || exit 1", True),
        ("mkdir -p /w/x || :", True),
        ("mkdir -p /out || exit 1; touch made", False),
        ("make > /out/log 2>&1 || cat /out/log", False),
        ("cp a b && ls || true", False),
    ],
)
def test_writing_that_may_fail(text: str, tries: bool) -> None:
    instruction = read(f"FROM a\nRUN --mount=target=. {text}\n").instructions[1]
    assert bindtraces.tries_to_write(Step(instruction, "/w", True, None), "/w") is tries
