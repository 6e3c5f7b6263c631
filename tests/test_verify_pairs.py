"""Which Dockerfile is held against which Earthfile, and which stage against which target."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.diagnostics import Grade
from migrate.mappings import builtin
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Pair, jobs, read, targets

STAGES = "FROM alpine AS build\nRUN x\nFROM alpine AS my_app\nCOPY --from=build /x /\nFROM scratch\n"


def write(path: Path, text: str = "FROM alpine\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found(dockerfile: Path) -> tuple[Pair]:
    return (read(dockerfile, dockerfile.parent, mappings=builtin()),)


def test_the_last_stage_is_the_default(tmp_path: Path) -> None:
    (pair,) = found(write(tmp_path / "Dockerfile", STAGES))
    (job,) = jobs(pair, (), every=False)
    assert (job.stage, job.target, job.grade, job.announced) == (None, "docker", Grade.EQUAL, ())
    assert job.label.endswith("Dockerfile +docker")


def test_stages_by_name_number_and_with_a_target(tmp_path: Path) -> None:
    (pair,) = found(write(tmp_path / "Dockerfile", STAGES))
    found_jobs = jobs(pair, ("My_App", "build=my-app", "2=+build"), every=False)
    assert [job.stage for job in found_jobs] == ["My_App", "build", None]
    assert [job.target for job in found_jobs] == ["my-app", "my-app", "build"]


def test_a_job_knows_what_the_conversion_announces(tmp_path: Path) -> None:
    (pair,) = found(write(tmp_path / "Dockerfile", "FROM alpine\nONBUILD RUN x\n"))
    (job,) = jobs(pair, (), every=False)
    assert job.grade is Grade.DIFFERS
    assert {item.span and item.span.start.line for item in job.announced} == {2}


def test_all_stages(tmp_path: Path) -> None:
    (pair,) = found(write(tmp_path / "Dockerfile", STAGES))
    assert [(job.stage, job.target) for job in jobs(pair, (), every=True)] == [
        ("build", "build"),
        ("my_app", "my-app"),
        (None, "docker"),
    ]


def test_a_stage_without_a_name_cannot_be_asked_for(tmp_path: Path) -> None:
    (pair,) = found(write(tmp_path / "Dockerfile", "FROM alpine\nRUN x\nFROM alpine\nCOPY --from=0 /x /\n"))
    assert [(job.stage, job.target) for job in jobs(pair, (), every=True)] == [(None, "docker")]
    with pytest.raises(VerifyError) as caught:
        jobs(pair, ("0",), every=False)
    assert caught.value.code == "EM934"


def test_unknown_stages_and_targets_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "Earthfile", "VERSION 0.8\nimage:\n    FROM alpine\n")
    (pair,) = found(write(tmp_path / "Dockerfile", STAGES))
    for wanted, expected in ((("nope",), "EM932"), ((), "EM931"), (("build=nope",), "EM931")):
        with pytest.raises(VerifyError) as caught:
            jobs(pair, wanted, every=False)
        assert caught.value.code == expected
    (job,) = jobs(pair, ("2=image",), every=False)
    assert (job.stage, job.target) == (None, "image")


def test_an_earthfile_that_cannot_be_read_is_left_to_earth(tmp_path: Path) -> None:
    write(tmp_path / "Earthfile", "VERSION 0.8\n  what is this\n")
    (pair,) = found(write(tmp_path / "Dockerfile", STAGES))
    assert targets(pair.earthfile) is None
    assert [job.target for job in jobs(pair, (), every=False)] == ["docker"]
