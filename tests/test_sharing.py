"""Which targets of two Dockerfiles become one."""

from __future__ import annotations

from migrate.combine import Part, combine
from migrate.context import UnknownContext
from migrate.mappings import builtin
from migrate.settings import Settings


def together(*texts: str) -> str:
    names = ["Dockerfile", "Dockerfile.dev", "Dockerfile.test"]
    parts = [
        Part(name, text.encode(), Settings(images=(f"app:{number}",)), UnknownContext())
        for number, (name, text) in enumerate(zip(names, texts, strict=False))
    ]
    found = combine(parts, builtin()).text
    assert found is not None
    return found


STAGE = "FROM alpine AS build\nRUN make\nFROM alpine\nCOPY --from=build /a /b\n"


def test_equal_stages_are_one_target() -> None:
    text = together(STAGE, STAGE)
    assert text.count("RUN make") == 1
    assert text.count("COPY +build/a /b") == 2


def test_what_both_take_is_saved_once() -> None:
    text = together(STAGE, STAGE.replace("/a /b", "/c /d"))
    assert "    RUN make\n    SAVE ARTIFACT /a /a\n    SAVE ARTIFACT /c /c\n" in text
    assert "COPY +build/c /d" in text


def test_an_artifact_in_another_keeps_both() -> None:
    text = together(STAGE, STAGE.replace("/a /b", "/a/c /d"))
    assert text.count("RUN make") == 2
    assert "COPY +dev-build/a/c /d" in text


def test_other_bases_arguments_and_defaults_keep_both() -> None:
    for other in (
        STAGE.replace("FROM alpine AS", "FROM debian AS"),
        STAGE.replace("RUN make", "ARG X=1\nRUN make"),
        "ARG X=1\n" + STAGE.replace("RUN make", "ARG X\nRUN make $X"),
    ):
        assert together(STAGE, other).count("RUN make") == 2
    one, two = (f"ARG X={number}\n" + STAGE.replace("RUN make", "ARG X\nRUN make $X") for number in (1, 2))
    assert together(one, two).count("RUN make") == 2
    assert together(one, one).count("RUN make") == 1


def test_a_base_that_differs_keeps_what_is_from_it() -> None:
    one = "FROM alpine AS base\nRUN a\nFROM base AS build\nRUN make\nFROM alpine\nCOPY --from=build /a /b\n"
    text = together(one, one.replace("RUN a", "RUN b"))
    assert text.count("RUN make") == 2


def test_images_stay_apart() -> None:
    text = together("FROM alpine\nRUN make\n", "FROM alpine\nRUN make\n")
    assert text.count("SAVE IMAGE") == 2


def test_names_of_an_earlier_run_stay() -> None:
    parts = [
        Part("Dockerfile", STAGE.encode(), Settings(images=("a",)), UnknownContext()),
        Part(
            "Dockerfile.dev",
            STAGE.encode(),
            Settings(images=("b",), target_names=(("build", "dev-build"),)),
            UnknownContext(),
        ),
    ]
    assert (combine(parts, builtin()).text or "").count("RUN make") == 2


def test_an_argument_that_one_hides_is_global_for_none() -> None:
    header = "ARG TAG=1\nFROM alpine:$TAG\n"
    text = together(header + "RUN true\n", header + "RUN echo $TAG\n")
    assert "--global" not in text
    assert text.count("ARG TAG=1") == 1
    assert "ARG --global TAG=1" in together(header + "RUN true\n", header + "RUN false\n")
