"""Results survive the way through a file, and what is no result is said."""

from __future__ import annotations

import json

import pytest

from migrate import results
from migrate.results import (
    BaseImage,
    DockerfileResult,
    Finding,
    Result,
    ResultError,
    SiteResult,
    StageResult,
    latest,
    read,
    run_facts,
)

FULL = Result(
    "https://example.org/a/b.git",
    "a-b",
    "done",
    ref="main",
    commit="0" * 40,
    version="1",
    settings="sha256:1",
    seconds=0.25,
    dockerfiles=(
        DockerfileResult("Dockerfile", "", "Earthfile", "equal", False, (StageResult("b", "build", "equal"),)),
    ),
    sites=(SiteResult("ci.sh", 3, "shell", "left", "its context is only known when it runs"),),
    findings=(Finding("EM704", "info", "Dockerfile", 1, 1, "a\nb", ""),),
    bases=(BaseImage("debian", True),),
    changes=(("Earthfile", "create"),),
    patch="a-b.patch",
    commands=("git push",),
)


@pytest.mark.parametrize("result", [FULL, Result("./x\udcff", "x", "failed", "no such folder")])
def test_a_result_comes_back(result: Result) -> None:
    text = results.run_line(mode="audit") + results.line(result)
    (found,) = read(text.splitlines(keepends=True))
    assert found == result


def test_a_line_that_a_crash_cut_off_is_left_out() -> None:
    assert list(read([results.line(FULL), results.line(FULL)[:50]])) == [FULL]


def test_the_last_line_of_a_repository_counts() -> None:
    again = FULL._replace(status="failed", why="gone")
    assert latest(read([results.line(FULL), results.line(again)])) == {"a-b": again}


def test_fields_of_a_later_version_do_no_harm() -> None:
    data = json.loads(results.line(FULL)) | {"new": 1}
    data["sites"][0]["new"] = 2
    assert list(read([json.dumps(data) + "\n"])) == [FULL]


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "[]\n",
        "no json\n",
        results.line(FULL).replace('"done"', '"odd"'),
        results.line(FULL).replace('"stages"', '"x"'),
        results.line(FULL).replace('"format":1', '"format":2'),
    ],
)
def test_what_is_no_result_is_said_with_its_line(text: str) -> None:
    with pytest.raises(ResultError, match="line 2"):
        list(read([results.line(FULL), text]))


def test_a_cut_line_in_the_middle_is_said() -> None:
    with pytest.raises(ResultError, match="line 1"):
        list(read([results.line(FULL)[:30], results.line(FULL)]))


def test_the_facts_of_a_run_are_told_from_other_lines() -> None:
    assert run_facts(results.run_line(started="now")) == {"format": results.FORMAT, "kind": "run", "started": "now"}
    assert run_facts(results.line(FULL._replace(repository='"run"'))) is None
    assert run_facts('{"kind": "run", "cut') is None


def test_an_error_counts_lines_from_the_first_that_it_was_given() -> None:
    with pytest.raises(ResultError, match="line 7: "):
        list(read(["nonsense\n"], 7))
