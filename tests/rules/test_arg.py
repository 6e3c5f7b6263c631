"""ARG: one per command, once per target, and Docker's value at every line (hard-cases.md 2)."""

from __future__ import annotations

import pytest
from support import assert_lines, body, codes, converted, targets


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("ARG A=1", "ARG A=1", []),
        ("ARG A=1 B=2 C=$A", "ARG A=1\nARG B=2\nARG C=$A", []),
        ('ARG A="x y"', 'ARG A="x y"', []),
        ("ARG A=", 'ARG A=""', []),
        ("ARG A=${B:-c}", "ARG A=${B:-c}", []),
        # alpine sets nothing of that name: a bare one stays bare.
        ("ARG A", "ARG A", ["EM301"]),
        ("ENV A=1\nARG A", "ENV A=1\nARG A=$A", []),
        ("ARG A\nRUN echo ${A-x}", 'ARG A\nRUN [ -n "$A" ] || unset A; \\\n    echo ${A-x}', ["EM333"]),
        ("ARG A=1\nARG A", "ARG A=1", ["EM315"]),
        # What a caller passes counts at every line.
        (
            "ARG A=1\nRUN a\nARG A=2\nRUN b\nARG A",
            "ARG A\nLET A_PASSED=$A\nLET A=${A_PASSED:-1}\nRUN a\nSET A=${A_PASSED:-2}\nRUN b",
            ["EM332", "EM315"],
        ),
        ("ARG A\nRUN a\nARG A=", "ARG A\nLET A_PASSED=$A\nRUN a\nLET A=$A_PASSED", ["EM301", "EM332"]),
        # Its other name does not show, and may not be taken.
        (
            "ARG A=1\nRUN env\nARG A=2",
            "ARG A\nLET A_PASSED=$A\nLET A=${A_PASSED:-1}\nRUN unset A_PASSED; \\\n    env\nSET A=${A_PASSED:-2}",
            ["EM332"],
        ),
        ("ARG A=1\nRUN x $A_PASSED\nARG A=2", "ARG A=1\nRUN x $A_PASSED\nLET A=2", ["EM304"]),
        ("ARG TARGETARCH", "ARG TARGETARCH", []),
        ("ARG BUILDARCH", "ARG NATIVEARCH\nARG BUILDARCH=$NATIVEARCH", []),
        ("ARG HTTP_PROXY", "ARG HTTP_PROXY", ["EM301"]),
        ("ARG A=$HOME/x", "ARG A=/x", ["EM308"]),
        ("ENV HOME=/srv\nARG HOME", "ENV HOME=/srv\nARG HOME=$HOME", []),
        # After an ENV of its name a build argument counts again.
        (
            "ARG A=1\nENV A=2\nARG A",
            "ARG A\nLET A_PASSED=$A\nLET A=${A_PASSED:-1}\nENV A=2\nSET A=2\nSET A=${A_PASSED:-$A}",
            ["EM332"],
        ),
        ("ARG A=1\nENV A=2 A_PASSED=\nARG A", 'ARG A=1\nENV A=2\nLET A=2\nENV A_PASSED=""', ["EM325"]),
        # The same default is another value once a variable in it has changed.
        (
            "ENV B=1\nARG A=$B\nENV B=2\nARG A=$B",
            "ENV B=1\nARG A\nLET A_PASSED=$A\nLET A=${A_PASSED:-$B}\nENV B=2\nSET A=${A_PASSED:-$B}",
            ["EM332"],
        ),
        ("ARG B=1\nARG A=$B\nARG A=$B", "ARG B=1\nARG A=$B", ["EM315"]),
        # earth gives these values of its own.
        ("ARG USERARCH\nENV A=x$USERARCH", "ENV A=x", ["EM334"]),
        ("ARG EARTH_CI=1\nRUN a", "RUN export EARTH_CI=1; \\\n    a", ["EM334"]),
        ('ARG EARTH_CI="a b"\nENV A=$EARTH_CI\nENV EARTH_CI=e\nRUN a', 'ENV A="a b"\nENV EARTH_CI=e\nRUN a', ["EM334"]),
        ("ARG A=1 USEROS=$A", "ARG A=1\n# EM327, not converted: ARG USEROS=$A", ["EM327"]),
        # BuildKit sets them; an Earthfile has no equal, so their only value is written.
        ("ARG TARGETSTAGE", "ARG TARGETSTAGE=default", []),
        ("ARG TARGETOSVERSION", 'ARG TARGETOSVERSION=""', []),
        ("ARG a-b=1", "# EM310, not converted: ARG a-b=1", ["EM310"]),
    ],
)
def test_arg(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instructions, expected, wanted)


@pytest.mark.parametrize(
    ("instruction", "expected", "wanted"),
    [
        # The image's ENV may have it; HOME would come from the container's shell.
        ("ARG A", "ARG A=$A", ["EM301"]),
        ("ARG HOME", "ARG HOME=$HOME", ["EM336"]),
        # The user, and with it the home folder, changes; Docker's expansion sees no HOME.
        ("ARG HOME\nUSER app", "ARG HOME\nUSER app", ["EM326"]),
        ("ARG HOME\nWORKDIR $HOME", "ARG HOME\nWORKDIR $HOME", ["EM326"]),
        ("ARG PATH", "ARG PATH=$PATH", []),
    ],
)
def test_on_an_unknown_image(instruction: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instruction, expected, wanted, base="FROM registry.example.com/own:1\n")


def test_what_docker_takes_literally() -> None:
    (line,) = body(converted("FROM alpine\nARG A=$(date)\n"))
    assert line in ("ARG A='$(date)'", "ARG A=\\$(date)", 'ARG A="\\$(date)"')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Used only inside stages: a local default, so that a change re-runs only what needs it.
        ("ARG V=1\nFROM alpine\nRUN a\nARG V\nRUN b", {"": [], "docker": ["RUN a", "ARG V=1", "RUN b"]}),
        # The default's text, not $V: there the image's ENV would win.
        (
            "ARG APP_VERSION=1\nFROM alpine:$APP_VERSION\nARG APP_VERSION\nRUN echo $APP_VERSION",
            {"": ["ARG --global APP_VERSION=1"], "docker": ["ARG APP_VERSION=1", "RUN echo $APP_VERSION"]},
        ),
        ("ARG V=1\nFROM alpine\nARG V=2", {"": [], "docker": ["ARG V=2"]}),
        # A child of a stage has its arguments; FROM +target brings none.
        (
            "FROM alpine AS a\nARG V=1\nRUN x\nFROM a\nRUN echo $V",
            {"": [], "a": ["ARG V=1", "RUN x"], "docker": ["ARG V=1", "RUN echo $V"]},
        ),
        # What an ENV wrote over it stays.
        ("ARG V=1\nFROM alpine\nENV V=2\nARG V\nRUN $V", {"": [], "docker": ["ENV V=2", "ARG V=1", "RUN $V"]}),
    ],
)
def test_across_targets(text: str, expected: dict[str, list[str]]) -> None:
    conversion = converted(text + "\n")
    assert targets(conversion)[""] == expected.pop("")
    assert {name: body(conversion, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("stage", "expected", "wanted"),
    [
        ("ARG W", "ARG W=v$M", []),
        ("ARG M\nARG W", "ARG M=1\nARG W=v$M", []),
        # The global's default was computed where the global M was in force.
        ("ARG M=7\nARG W", "ARG M=7\nARG W=$W_DEFAULT", []),
        ("ENV M=8\nARG W", "ENV M=8\nARG W=$W_DEFAULT", []),
        # The name would show.
        ("ARG M=7\nARG W\nRUN env", "ARG M=7\nARG W=v1\nRUN env", ["EM323"]),
        ("ARG M=7\nARG W\nRUN $W_DEFAULT", "ARG M=7\nARG W=v1\nRUN $W_DEFAULT", ["EM323"]),
    ],
)
def test_a_default_that_reads_a_global_name(stage: str, expected: str, wanted: list[str]) -> None:
    conversion = converted(f"ARG M=1\nARG W=v$M\nFROM alpine:3.20\n{stage}\nRUN a\n")
    assert body(conversion) == [*expected.split("\n"), "RUN a"]
    assert codes(conversion) == wanted
    kept = ["ARG M=1", "ARG --global W_DEFAULT=v$M"] if "$W_DEFAULT" in expected.split("RUN")[0] else []
    assert targets(conversion)[""] == (["ARG --global M=1"] if stage == "ARG W" else kept)


def test_a_global_name_of_earth() -> None:
    assert codes(converted("ARG USEROS=1\nFROM alpine\n")) == ["EM327"]


def test_the_stage_that_is_built() -> None:
    text = "FROM alpine AS a\nARG TARGETSTAGE\nRUN x\nFROM alpine AS Last\n"
    assert body(converted(text), "a")[0] == "ARG TARGETSTAGE=last"
    assert body(converted(text, target="a"), "a")[0] == "ARG TARGETSTAGE=a"


def test_one_that_nobody_uses() -> None:
    conversion = converted("ARG V=1\nFROM alpine\nRUN a\n")
    assert targets(conversion)[""] == []
    assert codes(conversion) == ["EM303"]


def test_comments_of_a_header_line_that_goes() -> None:
    conversion = converted("FROM alpine\n# Which?\nARG A=1\n")
    assert body(conversion) == ["# Which?", "ARG A=1"]
    conversion = converted("# Which?\nARG A=1\nFROM alpine\nRUN a\nARG A\n")
    assert "# Which?" in (conversion.earthfile or "")


def test_an_inherited_argument_that_is_tested_is_reported() -> None:
    text = "FROM alpine:3.20 AS a\nARG X\nRUN x\nFROM a\nRUN echo ${X-none}\n"
    assert [(found.code, found.span.start.line) for found in converted(text).diagnostics if found.span] == [
        ("EM301", 2),
        ("EM333", 4),
    ]


@pytest.mark.parametrize(
    ("image", "name", "said"),
    [
        ("rockylinux:9", "UID", True),
        ("registry.access.redhat.com/ubi9/ubi", "EUID", True),
        ("alpine:3.20", "UID", False),
        ("debian:12", "UID", False),
        ("fedora", "USER_UID", False),
    ],
)
def test_names_that_bash_keeps_to_itself(image: str, name: str, said: bool) -> None:
    assert ("EM538" in codes(converted(f"FROM {image}\nARG {name}=1000\nRUN a\n"))) == said


def test_a_platform_argument_with_a_default_in_a_build_stage() -> None:
    made = "FROM alpine:3.20 AS build\nARG TARGETARCH=amd64\nRUN a\nFROM {}\nCOPY --from=build /a /a\n"
    result = converted(made.format("alpine:3.20"))
    assert body(result, "build")[0] == "ENV TARGETARCH=amd64"
    assert codes(result) == ["EM234"]
    # An ENV would be in the image, or in one that an argument may select.
    child = converted(made.format("build AS x") + "RUN b\n")
    assert body(child, "build") == ["RUN export TARGETARCH=amd64; \\", "    a", "SAVE ARTIFACT /a /a"]
    assert body(child, "x")[1:] == ["RUN export TARGETARCH=amd64; \\", "    b"]
    assert codes(child) == ["EM334"]
    # Known when it is built only.
    assert "EM312" in codes(converted("FROM alpine:3.20\nARG A=1 TARGETARCH=$A\nRUN a\n"))
    assert "EM312" in codes(converted("ARG A=1\nARG TARGETARCH=$A\nFROM alpine:3.20\nARG TARGETARCH\nRUN a\n"))
    glob = converted("ARG TARGETOS=none\n" + made.format("scratch").replace("TARGETARCH=amd64", "TARGETOS"))
    assert body(glob, "build")[0] == "ENV TARGETOS=none"
