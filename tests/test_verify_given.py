"""Build arguments that make a difference by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.diagnostics import Grade
from migrate.mappings import builtin
from migrate.verify.builders import Inputs
from migrate.verify.given import findings
from migrate.verify.pairs import jobs, read
from migrate.verify.run import given_to

RUN = "FROM alpine\nARG SOURCE_DATE_EPOCH\nRUN a\n"


@pytest.mark.parametrize(
    ("name", "value", "text", "codes"),
    [
        ("SOURCE_DATE_EPOCH", "context", RUN, ["EM329"]),
        ("SOURCE_DATE_EPOCH", "0", RUN, []),
        ("SOURCE_DATE_EPOCH", "", RUN, []),
        ("SOURCE_DATE_EPOCH", "context", "FROM alpine\nRUN a\n", []),
        ("HTTP_PROXY", "http://p", RUN, ["EM330"]),
        ("no_proxy", "x", "FROM alpine\n  onbuild run a\n", ["EM330"]),
        ("no_proxy", "", RUN, []),
        ("no_proxy", "x", "FROM alpine\nCOPY run /\n", []),
        ("PROXY", "x", RUN, []),
    ],
)
def test_findings(name: str, value: str, text: str, codes: list[str]) -> None:
    assert [item.code for item in findings([(name, value)], text, "Dockerfile", builtin())] == codes


def test_a_job_knows_them(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(RUN, encoding="utf-8")
    pair = read(tmp_path / "Dockerfile", tmp_path, mappings=builtin())
    given = given_to(pair, Inputs((("https_proxy", "x"),)), builtin())
    (job,) = jobs(pair, (), every=False, given=given)
    assert (job.grade, [item.code for item in job.announced]) == (Grade.DIFFERS, ["EM330"])
    assert given_to(pair, Inputs(), builtin()) == ()
