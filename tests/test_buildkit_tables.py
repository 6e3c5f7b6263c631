"""BuildKit's own test data, taken from the module that tests/oracle is built on, through our reader and expander."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from judges import Oracle, OracleMissing, expanded, judge
from judges import oracle as build

from migrate.dockerfile.reader import read

pytestmark = pytest.mark.oracle


@pytest.fixture
def oracle() -> Oracle:
    try:
        return build()
    except OracleMissing as missing:
        pytest.skip(f"oracle: {missing}")


@pytest.fixture
def parser(oracle: Oracle) -> Path:
    return oracle.module() / "frontend" / "dockerfile" / "parser"


@pytest.fixture
def shell(oracle: Oracle) -> Path:
    return oracle.module() / "frontend" / "dockerfile" / "shell"


def table(path: Path) -> Iterator[tuple[str, str]]:
    """The lines of a table: what stands before the last ``|``, and behind it."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip() and not line.startswith("#"):
            before, bar, after = line.rpartition("|")
            yield (before, after) if bar else (line, "")


def test_the_table_of_expansions(shell: Path) -> None:
    env = {"PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""}
    wrong, done = [], 0
    for before, after in table(shell / "envVarTest"):
        platform, _, word = before.partition("|")
        if platform.strip() in ("A", "U"):  # W is for a daemon on Windows
            result, _ = expanded(word.strip(), env)
            wrong += [(word, result, after)] if (result is None, result or "") != _expected(after.strip()) else []
            done += 1
    assert not wrong
    assert done > 200


def _expected(text: str) -> tuple[bool, str]:
    return (True, "") if text == "error" else (False, text)


def test_the_table_of_words(shell: Path) -> None:
    env: dict[str, str] = {}
    wrong, done = [], 0
    for before, after in table(shell / "wordsTest"):
        line = before or after
        if line.startswith("ENV "):
            name, _, value = line[3:].lstrip(" ").partition("=")
            env[name] = value
            continue
        _, words = expanded(before.strip(), env)
        wrong += [(before, words, after)] if (words or ["error"]) != after.lstrip(" ").split(",") else []
        done += 1
    assert not wrong
    assert done > 20


def test_the_files_of_the_parser(oracle: Oracle, parser: Path) -> None:
    paths = sorted(parser.glob("testfile*/**/Dockerfile"))
    sources = [path.read_bytes() for path in paths]
    found = {
        path.parent.name: verdict.differences
        for path, source, answer in zip(paths, sources, oracle.answers(sources), strict=True)
        if (verdict := judge(source, answer)).differences
    }
    assert not found
    assert len(paths) > 30


def test_the_file_with_known_lines(parser: Path) -> None:
    found = read((parser / "testfile-line" / "Dockerfile").read_bytes()).instructions
    assert [(one.lines[0].number, one.lines[-1].number) for one in found] == [(5, 5), (11, 12), (17, 31)]
