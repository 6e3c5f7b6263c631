"""FROM: images stay images, stages become targets, and no argument leaks or is lost."""

from __future__ import annotations

import pytest
from support import codes, converted, targets

DIGEST = "sha256:" + 64 * "a"


def froms(text: str) -> dict[str, list[str]]:
    """Target -> its lines up to and including FROM, ``""`` -> the base recipe."""
    found = {}
    for name, lines in targets(converted(text)).items():
        at = next((number for number, line in enumerate(lines) if line.startswith("FROM ")), len(lines) - 1)
        found[name] = lines[: at + 1]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM alpine:3.20", {"": [], "docker": ["FROM alpine:3.20"]}),
        ("from scratch", {"": [], "docker": ["FROM scratch"]}),
        (f"FROM alpine@{DIGEST} AS Build", {"": [], "build": [f"FROM alpine@{DIGEST}"]}),
        ('FROM "alpine"', {"": [], "docker": ['FROM "alpine"']}),
        ("FROM a AS x\nFROM x AS y", {"": [], "x": ["FROM a"], "y": ["FROM +x"]}),
        # A stage's name is kept in lower case; a number is an image.
        ("FROM a AS Base1\nFROM base1", {"": [], "base1": ["FROM a"], "docker": ["FROM +base1"]}),
        ("FROM a\nFROM 0", {"": [], "stage-0": ["FROM a"], "docker": ["FROM 0"]}),
        # A stage that is named like its image shadows it only from then on.
        ("FROM alpine AS alpine\nFROM alpine", {"": [], "alpine": ["FROM alpine"], "docker": ["FROM +alpine"]}),
        ("ARG B=alpine\nFROM alpine AS alpine\nFROM $B", None),
        ("FROM a AS x\nFROM b AS x\nFROM x", {"": [], "x": ["FROM a"], "x-2": ["FROM b"], "docker": ["FROM +x-2"]}),
        # Only BuildKit sets this one; its value is known.
        ("FROM a AS x\nFROM x${TARGETSTAGE#default}", {"": [], "x": ["FROM a"], "docker": ["FROM +x"]}),
        # Reserved and illegal names.
        ("FROM a AS base\nFROM base", {"": [], "base-image": ["FROM a"], "docker": ["FROM +base-image"]}),
        ("FROM a AS cuda_v12\nFROM cuda_v12", {"": [], "cuda-v12": ["FROM a"], "docker": ["FROM +cuda-v12"]}),
    ],
)
def test_bases(text: str, expected: dict[str, list[str]] | None) -> None:
    found = froms(text + "\n")
    if expected is None:
        assert found["docker"][-1] in ("FROM +$B", "FROM +alpine")
    else:
        found.pop("docker-image", None)
        assert found == expected


@pytest.mark.parametrize(
    ("text", "base", "recipe"),
    [
        # Only a FROM uses it: it must lose to the image's ENV, as in Docker.
        ("ARG V=20\nFROM node:$V", ["ARG --global V=20"], None),
        (
            "ARG GO_VERSION=1.22\nFROM golang:${GO_VERSION}",
            ["ARG --global GO_VERSION=1.22"],
            ["FROM golang:${GO_VERSION}"],
        ),
        (
            "ARG REG=r.io\nARG IMG=$REG/a\nFROM $IMG",
            ["ARG --global REG=r.io", "ARG --global IMG=$REG/a"],
            ["FROM $IMG"],
        ),
        ('ARG V="1"\nFROM a:$V', ['ARG --global V="1"'], ["FROM a:$V"]),
        # The platform arguments are spelled out; those of the builder are called NATIVE*.
        ("FROM --platform=$BUILDPLATFORM golang:1", [], ["FROM --platform=native golang:1"]),
        ("FROM --platform=${BUILDPLATFORM:-linux/amd64} golang:1", [], None),
        ("FROM --platform=$TARGETPLATFORM golang:1", [], ["FROM golang:1"]),
        ("FROM --platform=linux/arm64 alpine", [], ["FROM --platform=linux/arm64 alpine"]),
        ("FROM a-$TARGETARCH", [], ["ARG TARGETARCH", "FROM a-$TARGETARCH"]),
        ("ARG TARGETARCH\nFROM a-$TARGETARCH", [], ["ARG TARGETARCH", "FROM a-$TARGETARCH"]),
        ("FROM a-$BUILDARCH", [], ["ARG NATIVEARCH", "FROM a-$NATIVEARCH"]),
        (
            "ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM a",
            ["ARG --global BUILDPLATFORM=linux/amd64"],
            ["FROM --platform=$BUILDPLATFORM a"],
        ),
        # After a FROM with --platform it would be the native one.
        (
            "FROM --platform=$BUILDPLATFORM a\nARG TARGETARCH\nRUN b",
            [],
            ["ARG TARGETARCH", "FROM --platform=native a"],
        ),
    ],
)
def test_arguments(text: str, base: list[str], recipe: list[str] | None) -> None:
    found = froms(text + "\n")
    assert found[""] == base
    if recipe is not None:
        assert found["docker"] == recipe
    assert not [line for line in found["docker"] if "BUILDPLATFORM" in line and not base]


@pytest.mark.parametrize(
    ("text", "lines", "wanted"),
    [
        # A bare one may be passed: nothing is known of its value.
        ("ARG V\nFROM a:${V-1}", ["FROM a:${V:-1}"], "EM305"),
        ("ARG V=1\nFROM a:${V-2}", ["FROM a:$V"], None),
        ("FROM a:${V-2}", ["FROM a:2"], None),
        ("ARG V=1.2\nFROM a:${V%.*}", ["FROM a:1"], "EM306"),
        ("ARG V\nFROM a:${V%.*}", ["# EM307, not converted: FROM a:${V%.*}"], "EM307"),
        ("FROM a:${TARGETARCH##x*}", ["# EM307, not converted: FROM a:${TARGETARCH##x*}"], "EM307"),
        ("FROM a:${TARGETARCH-x}", ["ARG TARGETARCH", "FROM a:$TARGETARCH"], None),
    ],
)
def test_substitutions(text: str, lines: list[str], wanted: str | None) -> None:
    conversion = converted(text + "\n", fallback="comment")
    assert [line for line in targets(conversion)["docker"] if not line.startswith("SAVE")] == lines
    assert [code for code in codes(conversion) if code != "EM303"] == ([wanted] if wanted else [])


@pytest.mark.parametrize("name", ["V", "VERSION"])
def test_a_default_that_cannot_be_said(name: str) -> None:
    """In the base recipe and in an alias target."""
    conversion = converted(f"ARG B\nARG {name}=${{B##*/}}\nFROM a:${name}\nRUN make\n", fallback="comment")
    lines = [line for recipe in targets(conversion).values() for line in recipe]
    assert f"# EM307, not converted: ARG {name}=${{B##*/}}" in lines
    assert "EM307" in codes(conversion)


@pytest.mark.parametrize("listing", ["env | sort", "printenv > /e", "export -p", "set"])
def test_no_argument_leaks_into_a_list_of_all(listing: str) -> None:
    found = targets(converted(f"ARG APP_TAG=1\nFROM alpine:$APP_TAG\nRUN {listing}\n"))
    assert found[""] == []
    assert found["alpine"] == ["ARG APP_TAG=1", "FROM alpine:$APP_TAG"]


@pytest.mark.parametrize("harmless", ["env A=1 ./build", "set -e; ./build", "#!/usr/bin/env sh", "./env.sh"])
def test_what_lists_nothing(harmless: str) -> None:
    found = targets(converted(f"ARG APP_TAG=1\nFROM alpine:$APP_TAG\nRUN {harmless}\n"))
    assert found[""] == ["ARG --global APP_TAG=1"]


@pytest.mark.parametrize(
    ("text", "is_empty"),
    [
        ("FROM scratch\nLABEL a=b", True),
        ("FROM scratch\nWORKDIR /", True),
        ("FROM scratch AS a\nENV A=1\nFROM a\nENV B=2", True),
        ("FROM scratch\nWORKDIR /a", False),
        ("FROM scratch\nCOPY a /", False),
        ("FROM scratch AS a\nCOPY a /\nFROM a\nENV B=2", False),
        ("FROM alpine\nLABEL a=b", False),
    ],
)
def test_an_image_without_files_gets_an_empty_layer(text: str, is_empty: bool) -> None:
    """earth saves no image that has no layer, and says success."""
    conversion = converted(text + "\n", name="app")
    assert ("COPY --if-exists .no-such-file /" in targets(conversion)["docker"]) is is_empty
    assert ("EM250" in codes(conversion)) is is_empty


def test_scratch_has_the_default_path() -> None:
    """earth would ask a shell for $PATH."""
    text = "FROM scratch AS a\nENV A=$PATH B=${PATH:+set}\nFROM a\nENV PATH=/x:$PATH\nENV C=$PATH\n"
    found = targets(converted(text))
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert found["a"][1:] == [f"ENV A={path}", "ENV B=set"]
    assert found["docker"][1:3] == [f"ENV PATH=/x:{path}", "ENV C=$PATH"]


def test_what_is_unknown_about_an_image_is_said_once() -> None:
    text = "FROM own/x:1 AS a\nCOPY f f\nFROM own/x:1 AS b\nCOPY f f\nFROM own/y:1\nCOPY f f\n"
    assert [code for code in codes(converted(text)) if code == "EM205"] == ["EM205", "EM205"]


def test_a_name_that_programs_read_does_not_leak() -> None:
    """hard-cases.md 2: an alias target instead of ``ARG --global`` for CC, VERSION, DEBUG, ..."""
    conversion = converted("ARG VERSION=3.20\nFROM alpine:$VERSION\nRUN make\n")
    recipes = targets(conversion)
    assert recipes[""] == []
    assert recipes["alpine"] == ["ARG VERSION=3.20", "FROM alpine:$VERSION"]
    assert recipes["docker"][:2] == ["FROM +alpine", "RUN make"]
    assert codes(conversion) == ["EM218"]


def test_a_default_that_docker_takes_literally_is_not_run() -> None:
    for text in ("ARG V=$(date)\nFROM a:$V\n", "ARG VERSION=$(date)\nFROM a:$VERSION\nRUN make\n"):
        lines = [line for recipe in targets(converted(text)).values() for line in recipe if line.startswith("ARG")]
        assert lines
        assert all("\\$(" in line or "'$(" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("FROM a AS bin-amd64\nFROM b AS bin-arm64\nFROM bin-$TARGETARCH", "FROM +bin-$TARGETARCH", "EM206"),
        (
            "ARG MODE=debug\nFROM a AS release\nFROM b AS debug\nFROM ${MODE}",
            "FROM +${MODE}",
            "EM206",
        ),
        ("ARG M=d_1\nFROM a AS d_1\nFROM $M", "FROM +d-1", "EM207"),
        # What the Dockerfile writes itself changes as the names of the targets do; a value cannot.
        ("ARG M=1\nFROM a AS d_1\nFROM b AS d_2\nFROM d_${M}", "FROM +d-$M", "EM206"),
        ("FROM a AS x_amd64_y\nFROM b AS x_arm64_y\nFROM x_${TARGETARCH}_y", "FROM +x-$TARGETARCH-y", "EM206"),
        ("ARG M=n_1\nFROM a AS d-n_1\nFROM b AS d-2\nFROM d-${M}", "FROM +d-n-1", "EM207"),
        ("ARG M=1\nFROM a AS d_1\nFROM a AS d-1\nFROM d_${M}", "FROM +d-1-2", "EM207"),
    ],
)
def test_a_variable_that_selects_a_stage(text: str, line: str, code: str) -> None:
    conversion = converted(text + "\n")
    assert line in targets(conversion)["docker"]
    assert code in codes(conversion)


def test_no_shell_out_and_no_as() -> None:
    text = converted("FROM a AS b\nFROM b AS c\n").earthfile or ""
    assert " AS " not in text


def test_grade_of_a_constant_platform() -> None:
    assert "EM235" in codes(converted("FROM --platform=linux/arm64 alpine\n"))
    assert "EM235" in codes(converted("FROM --platform=$BUILDPLATFORM alpine\n"))
    assert "EM208" in codes(converted("FROM --platform=linux/arm64 scratch\nCOPY a /a\n"))
    assert "EM208" in codes(converted("FROM --platform=linux/arm/v7 alpine\n"))
    assert "EM208" in codes(converted("ARG P=linux/arm/v7\nFROM --platform=$P alpine\n"))
    assert not {"EM208", "EM235"} & {*codes(converted("FROM --platform=linux/$TARGETARCH alpine\n"))}
    assert "EM208" not in codes(
        converted("FROM --platform=linux/arm64 alpine AS a\nFROM alpine\nCOPY --from=a /x /x\n")
    )


def test_platform_of_a_stage_is_its_own() -> None:
    conversion = converted("FROM a AS b\nFROM --platform=$BUILDPLATFORM b\n")
    assert targets(conversion)["docker"][0] == "FROM +b"
    assert "EM217" in codes(conversion)


def test_triggers_of_a_base_image() -> None:
    conversion = converted("FROM node:6-onbuild\nCOPY a b\n")
    assert codes(conversion) == ["EM205", "EM464", "EM645"]
    assert targets(conversion)["docker"] == [
        "FROM DOCKERFILE --build-arg image=node:6-onbuild -f +onbuild/Dockerfile .",
        "COPY --chown=0:0 a b",  # a trigger may have set another user
        "SAVE IMAGE --push app:latest",
    ]
