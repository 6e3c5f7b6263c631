"""Lines of both files for the fields of a config."""

from __future__ import annotations

from pathlib import Path

from migrate.mappings import builtin
from migrate.report.verdicts import Origin
from migrate.verify.origins import dockerfile_lines, earthfile_lines, origins
from migrate.verify.pairs import jobs, read

DOCKERFILE = b"""\
FROM alpine AS base
ENV A=1 B=2
LABEL "a b"=c
USER app
FROM base AS app
ENV B=3
EXPOSE 80 90/udp
VOLUME ["/data"]
CMD x
STOPSIGNAL SIGINT
ONBUILD RUN x
FROM alpine
ENTRYPOINT x
"""
EARTHFILE = """\
VERSION 0.8
base-image:
    FROM alpine
    ENV A=1
    LABEL "a b"=c d="e f"
app:
    FROM +base-image
    IF true
        ENV B="3 4"
    END
    EXPOSE 80
    VOLUME /data
    HEALTHCHECK NONE
loop:
    FROM +loop
"""


def test_a_stage_goes_on_where_its_base_ends() -> None:
    found = dockerfile_lines(DOCKERFILE, "APP")
    assert {place: found[place] for place in (("Env", "A"), ("Env", "B"), ("Labels", "a b"), ("User", ""))} == {
        ("Env", "A"): 2,
        ("Env", "B"): 6,
        ("Labels", "a b"): 3,
        ("User", ""): 4,
    }
    assert found["ExposedPorts", "80/tcp"] == found["ExposedPorts", "90/udp"] == 7
    assert (found["Volumes", ""], found["Cmd", ""], found["StopSignal", ""], found["OnBuild", ""]) == (8, 9, 10, 11)
    assert dockerfile_lines(DOCKERFILE, None) == {("Entrypoint", ""): 13}
    assert dockerfile_lines(DOCKERFILE, "2") == {("Entrypoint", ""): 13}
    assert dockerfile_lines(b"NONSENSE", None) == {}


def test_a_target_goes_on_where_the_one_it_is_from_ends() -> None:
    found = earthfile_lines(EARTHFILE, "app")
    assert found == {
        ("Env", "A"): 4,
        ("Labels", "a b"): 5,
        ("Labels", "d"): 5,
        ("Env", "B"): 9,
        ("ExposedPorts", ""): 11,
        ("ExposedPorts", "80/tcp"): 11,
        ("Volumes", ""): 12,
        ("Volumes", "/data"): 12,
        ("Healthcheck", ""): 13,
    }
    assert earthfile_lines(EARTHFILE, "loop") == {}
    assert earthfile_lines("nonsense", "app") == {}


def test_both_sides_of_a_job(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM alpine\nENV A=1\nLABEL x=y\nUSER z\n")
    (tmp_path / "Earthfile").write_bytes(b"VERSION 0.8\ndocker:\n    FROM alpine\n    ENV B=1\n    USER z\n")
    (job,) = jobs(read(tmp_path / "Dockerfile", tmp_path, mappings=builtin()), (), every=False)
    assert origins(job) == {
        ("Env", "A"): Origin(2, None),
        ("Env", "B"): Origin(None, 4),
        ("Labels", "x"): Origin(3, None),
        ("User", ""): Origin(4, 5),
    }
