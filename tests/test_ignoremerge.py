"""One ignore file for new targets and those of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.disk import DiskContext
from migrate.earthfile.reader import read
from migrate.ignoremerge import Joined, Sides, joined, sources


@pytest.fixture
def context(tmp_path: Path) -> DiskContext:
    for name in ("src/a", "docs/b", ".env", "c.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return DiskContext(tmp_path)


@pytest.mark.parametrize(
    ("existing", "wanted", "ours", "theirs", "text"),
    [
        ("*.tmp", "docs\n*.tmp\n", ".", "src", "*.tmp\ndocs\n"),
        ("*.tmp\r\n", "*.tmp\ndocs\n.env\n", ".", "src", "*.tmp\r\ndocs\r\n.env\r\n"),
        (None, "docs", ".", "src", "docs\n.earthlyignore\n"),
        ("docs\n", "docs\n", ".", "src", None),
        ("docs\n*.tmp\n", "*.tmp\ndocs\n", ".", "src", None),
        ("", "docs\n", "src", "docs", None),
        ("docs\n", "*\n!src\n", ".", "src", "docs\n*\n!src\n"),
    ],
)
def test_patterns_join(
    existing: str | None, wanted: str, ours: str, theirs: str, text: str | None, context: DiskContext
) -> None:
    found = joined(existing, wanted, Sides((ours,), (theirs,), own=False), context)
    assert (found.text, found.problem) == (text, "")


@pytest.mark.parametrize(
    ("existing", "wanted", "ours", "theirs", "problem"),
    [
        ("src\n", "", ".", "docs", "it leaves out src, which the Dockerfile copies"),
        ("", "docs\n", ".", "docs", "the Docker build leaves out docs, which other targets copy"),
        ("", "docs\n", ".", ".", "the Docker build leaves out docs, which other targets copy"),
        ("!docs\n", "[\n", ".", ".", ""),
    ],
)
def test_what_cannot_join(
    existing: str, wanted: str, ours: str, theirs: str, problem: str, context: DiskContext
) -> None:
    found = joined(existing, wanted, Sides((ours,), (theirs,), own=False), context)
    assert found.text is None
    assert found.problem
    assert found.problem.startswith(problem)


def test_a_new_earthfile_is_left_out(context: DiskContext) -> None:
    assert joined("docs\n", "docs\nEarthfile\n", Sides((".",), (), own=True), context) == Joined("docs\nEarthfile\n")


def test_other_patterns_with_the_same_effect_are_told(context: DiskContext) -> None:
    assert joined("doc*\n", "docs\n", Sides((".",), (), own=False), context) == Joined(is_other=True)


def test_what_targets_copy() -> None:
    tree = read(
        "VERSION 0.8\nx:\n    FROM a\n    COPY --dir src 'lib' /x/\n    COPY +y/a /b\n"
        "    IF true\n        COPY $X /y\n    END\n"
    )
    assert sources(tree.targets) == ("src", "lib", ".")
    assert sources(read("VERSION 0.8\nx:\n    DO +Y\n").targets) == (".",)
