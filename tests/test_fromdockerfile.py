"""The target of a fallen stage."""

from __future__ import annotations

import pytest
from support import codes, converted, targets

ARRAY = 'CMD ["echo", "\\u001b[1m"]\n'


def recipe(text: str, **options: object) -> list[str]:
    """The lines of the last stage's target, without the comment and the image name."""
    conversion = converted(f"{text}\n{ARRAY}", fallback="dockerfile", **options)  # type: ignore[arg-type]
    return targets(conversion)["docker"][1:-1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FROM a\nARG A=1", ["ARG A=1", "FROM DOCKERFILE --build-arg A ."]),
        ("FROM a\nARG A=", ['ARG A=""', "FROM DOCKERFILE --build-arg A ."]),
        ("FROM a\nARG A='x  y'", ["ARG A='x  y'", "FROM DOCKERFILE --build-arg A ."]),
        ("FROM a\nARG A='$(id)'", ["ARG A='$(id)'", "FROM DOCKERFILE --build-arg A ."]),
        ("FROM a\nARG A", ["ARG A", "FROM DOCKERFILE --build-arg ${A:+A}=$A ."]),
        ("FROM a\nARG B=$A", ["ARG B", "FROM DOCKERFILE --build-arg ${B:+B}=$B ."]),
        ("ARG V=1\nFROM a:$V", ["ARG V=1", "FROM DOCKERFILE --build-arg V ."]),
        ("ARG V=1\nARG W=2\nFROM a\nARG W", ["ARG W=2", "FROM DOCKERFILE --build-arg W ."]),
        ("FROM --platform=$TARGETPLATFORM a", ["FROM DOCKERFILE ."]),
        (
            "FROM --platform=$BUILDPLATFORM a",
            ["ARG NATIVEPLATFORM", "FROM DOCKERFILE --build-arg BUILDPLATFORM=$NATIVEPLATFORM ."],
        ),
        ("ARG TARGETARCH\nFROM a\nARG TARGETARCH", ["ARG TARGETARCH", "FROM DOCKERFILE --build-arg TARGETARCH ."]),
        ("FROM a\nARG TARGETARCH", ["FROM DOCKERFILE ."]),
        ("ARG BUILDARCH=x\nFROM a\nARG BUILDARCH", ["ARG BUILDARCH=x", "FROM DOCKERFILE --build-arg BUILDARCH ."]),
        (
            "FROM a\nRUN x $NO_PROXY",
            [
                "ARG NO_PROXY",
                "ARG no_proxy",
                "FROM DOCKERFILE --build-arg ${NO_PROXY:+NO_PROXY}=$NO_PROXY"
                " --build-arg ${no_proxy:+no_proxy}=$no_proxy .",
            ],
        ),
        ("FROM a\nARG no_proxy", ["ARG no_proxy", "FROM DOCKERFILE --build-arg ${no_proxy:+no_proxy}=$no_proxy ."]),
    ],
)
def test_arguments(text: str, wanted: list[str]) -> None:
    assert recipe(text) == wanted


def test_a_global_argument_that_native_stages_use_is_declared_once() -> None:
    text = "ARG BASE=1\nFROM a:$BASE AS x\nRUN y\nFROM b:$BASE"
    conversion = converted(f"{text}\n{ARRAY}", fallback="dockerfile")
    assert (conversion.earthfile or "").count("BASE=1") == 1
    assert recipe(text) == ["FROM DOCKERFILE --build-arg BASE ."]


def test_a_global_argument_of_another_default_is_hidden() -> None:
    text = "ARG V=1\nFROM a:$V AS x\nRUN y\nFROM b\nARG V=2"
    assert recipe(text) == ["ARG V=2", "FROM DOCKERFILE --build-arg V ."]


def test_comments_of_a_global_argument_go_along() -> None:
    assert recipe("# The release.\nARG V=1\nFROM a:$V")[0] == "# The release."


def test_a_name_that_no_argument_of_earth_has_is_reported() -> None:
    conversion = converted(f"FROM a\nARG my-arg=1\n{ARRAY}", fallback="dockerfile")
    assert "EM225" in codes(conversion)


def test_many_arguments_take_a_line_each() -> None:
    text = "FROM a\n" + "".join(f"ARG ARGUMENT_NUMBER_{number}=1\n" for number in range(6))
    lines = recipe(text.rstrip())
    assert lines[6] == "FROM DOCKERFILE --build-arg ARGUMENT_NUMBER_0 \\"
    assert lines[-1].strip() == "."


def test_only_the_last_stage_needs_no_name() -> None:
    conversion = converted(f"FROM a AS x\n{ARRAY}FROM b\nRUN y\n", fallback="dockerfile", target="x")
    assert targets(conversion)["x"][1] == "FROM DOCKERFILE --target x ."
