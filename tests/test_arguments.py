"""Arguments across stages: what a child sees, what comes from the platform, what an ENV takes over (hard-cases.md
2)."""

from __future__ import annotations

import pytest
from support import body, codes, converted, docker_configs, earth_configs, targets


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("ARG V=1", "RUN echo $V", ["ARG V=1", "RUN echo $V"]),
        ("ARG A=1\nARG B=$A", "RUN echo $B", ["ARG A=1", "ARG B=$A", "RUN echo $B"]),
        ("ARG V=1", "ENV W=$V", ["ARG V=1", "ENV W=$V"]),
        ("ARG V=1\nENV V=2", "RUN echo $V", ["RUN echo $V"]),
        # At FROM the parent's ENV is applied again, over its ARG [built].
        ("ENV V=2\nARG V=1", "RUN echo $V", ["RUN echo $V"]),
        ("ENV V=2\nARG V=1", "ENV W=$V", ["ENV W=$V"]),
        ("ARG V=1", "ARG V=2\nRUN echo $V", ["ARG V=2", "RUN echo $V"]),
        ("ARG TARGETARCH", "RUN echo $TARGETARCH", ["ARG TARGETARCH", "RUN echo $TARGETARCH"]),
        ("ARG V=1", "LABEL a=b", ["LABEL a=b"]),
        # What the default read has changed: its value counts, where no caller can change that.
        ("ENV M=1\nARG V=$M.0\nENV M=2", "RUN echo $V", ["ARG V=1.0", "RUN echo $V"]),
        ("ENV M=1\nARG V=$M.0", "RUN echo $V", ["ARG V=$M.0", "RUN echo $V"]),
        ("ENV M=1\nARG OWN=$M.0", "ENV M=2\nARG OWN\nENV W=$OWN", ["ENV M=2", "ARG OWN=1.0", "ENV W=$OWN"]),
        ("ARG V=${V:-a}", "RUN echo $V", ["ARG V=a", "RUN echo $V"]),
        # Its own name in a new default is the inherited value.
        ("ARG V=1", "ARG V=${V}x\nENV W=$V", ["ARG V=1x", "ENV W=$V"]),
        ("ARG A\nARG V=${A:-1}", "ARG V=$V\nENV W=$V", ["ARG A", "ARG V=${A:-1}", "ENV W=$V"]),
        # In the order in which they got their values.
        ("ARG B\nARG A=1\nARG B=$A", "RUN echo $B", ["ARG A=1", "ARG B=$A", "RUN echo $B"]),
    ],
)
def test_what_a_child_stage_inherits(parent: str, child: str, expected: list[str]) -> None:
    assert body(converted(f"FROM alpine AS a\n{parent}\nFROM a\n{child}\n")) == expected


@pytest.mark.parametrize("parent", ["ARG TARGETPLATFORM", "ARG OWN_SETTING=1"])
def test_a_run_sees_inherited_arguments(parent: str) -> None:
    """dockerfile.md 5: value and visibility are inherited. A script reads what the text does not mention (xx-go,
    ./build)."""
    lines = body(converted(f"FROM alpine AS a\n{parent}\nFROM a\nRUN xx-go build\n"))
    assert lines == [parent, "RUN xx-go build"]


def test_a_run_before_its_own_declaration_sees_the_inherited_one() -> None:
    conversion = converted("FROM alpine AS a\nARG B=1\nFROM a\nRUN ./x\nARG B=2\nRUN ./y\n")
    earth = earth_configs(conversion.earthfile or "", {})["docker"]
    honest = conversion.targets[-1].grade.label == "differs"
    assert honest or [seen.get("B") for seen in earth.seen.values()] == ["1", "2"]


@pytest.mark.parametrize(
    ("default", "stage", "expected"),
    [
        ("a$VERSION", "ENV VERSION=1", "ARG C=a"),
        ("${VERSION-d}", "ENV VERSION=1", "ARG C=d"),
        ("${VERSION:+x}", "", 'ARG C=""'),
    ],
)
def test_a_global_default_sees_the_header_alone(default: str, stage: str, expected: str) -> None:
    """Undeclared before FROM is empty there, whatever the stage or its image sets [built]."""
    for image in ("alpine", "example.com/own:1"):
        lines = body(converted(f"ARG C={default}\nFROM {image}\n{stage}\nARG C\nRUN x $C\n"))
        assert expected in lines


def test_a_child_without_a_run_needs_none() -> None:
    assert body(converted("FROM alpine AS a\nARG OWN=1\nFROM a\nCMD x\n")) == ['CMD ["/bin/sh", "-c", "x"]']


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FROM alpine\nARG TARGETARCH=arm64", "EM334"),
        ("FROM alpine\nARG TARGETARCH\nARG TARGETARCH", "EM315"),
        ("ARG TARGETARCH\nFROM alpine", "EM318"),
        ("FROM --platform=$BUILDPLATFORM alpine\nARG TARGETARCH", "EM313"),
        ("FROM alpine\nARG TARGETARCH\nENV TARGETARCH=x", "EM319"),
    ],
)
def test_platform_arguments(text: str, wanted: str) -> None:
    assert wanted in codes(converted(text + "\n"))


def test_a_default_that_reads_the_requested_platform() -> None:
    """After a FROM with --platform it would be that platform's [built for arm64]."""
    text = "ARG S=x-$TARGETARCH\nFROM --platform=$BUILDPLATFORM alpine\nARG S\nRUN echo $S\n"
    assert targets(converted(text))["docker"][:4] == [
        "ARG TARGETARCH",
        "FROM --platform=native alpine",
        "ARG S=x-$TARGETARCH",
        "RUN echo $S",
    ]


def test_the_builders_platform_has_another_name() -> None:
    assert body(converted("FROM alpine\nARG BUILDPLATFORM\nRUN echo $BUILDPLATFORM\n")) == [
        "ARG NATIVEPLATFORM",
        "ARG BUILDPLATFORM=$NATIVEPLATFORM",
        "RUN echo $BUILDPLATFORM",
    ]


def test_no_argument_twice_in_a_target() -> None:
    text = "ARG V=1\nFROM alpine:$V AS a\nARG V\nARG V\nARG V=1\nFROM a\nARG V\nRUN echo $V\n"
    for lines in targets(converted(text)).values():
        declared = [line.split("=")[0] for line in lines if line.startswith("ARG ")]
        assert len(declared) == len(set(declared))


@pytest.mark.parametrize(
    "text",
    [
        "ARG A=1\nENV A=2\nRUN x",
        "ENV A=2\nARG A=1\nRUN x",
        "ARG A=1\nENV A=${A}x\nENV B=$A\nENV A=3\nRUN x",
        "ARG A=1\nENV A=2 B=$A\nRUN x",
        "ARG A=x\nENV C=xx A=${C:+s}x\nRUN x",
        "ARG A=1 B=$A\nENV B=$A A=$B\nRUN x",
        "ARG A\nENV A=${A:-d}\nRUN x",
        "ENV A=e\nARG A\nRUN x",
        "ARG A=1\nRUN x\nARG A\nRUN y",
    ],
)
@pytest.mark.parametrize("passed", [{}, {"A": "given"}, {"A": ""}])
def test_both_builders_agree(text: str, passed: dict[str, str]) -> None:
    """Simulated from the facts on both sides (support.py); a finding of grade ``differs`` is the other honest
    answer."""
    source = f"FROM alpine\n{text}\n"
    conversion = converted(source)
    if conversion.targets[0].grade.label == "differs":
        return
    (docker,) = docker_configs(source, passed)
    earth = earth_configs(conversion.earthfile or "", passed)["docker"]
    assert earth.env == docker.env
    for wanted, seen in zip(docker.seen.values(), earth.seen.values(), strict=True):
        found = {name: value for name, value in seen.items() if not name.startswith("OLD_")}
        assert {name: value for name, value in found.items() if value or name in wanted} == wanted | {
            name: "" for name in found if name in wanted and not wanted[name]
        }


def test_a_default_is_not_the_images_environment() -> None:
    """``ARG X=1`` before FROM, ``ARG X`` in the stage: the default's text, not ``$X``, where the image's ENV would
    win."""
    conversion = converted("ARG X_TAG=1\nFROM example.com/own:$X_TAG\nARG X_TAG\nRUN echo $X_TAG\n")
    assert body(conversion) == ["ARG X_TAG=1", "RUN echo $X_TAG"]


def test_a_name_is_never_taken_for_a_pattern() -> None:
    """Docker accepts any text as the name of an ARG; this one crashed a regular expression."""
    conversion = converted('ARG ["/bin=$\nARG ["/bin=0$\nFROM alpine:3.20\n')
    assert codes(conversion) == ["EM324", "EM303"]
