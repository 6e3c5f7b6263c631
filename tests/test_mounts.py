"""RUN --mount: only options that earth takes, with Docker's defaults spelled out (hard-cases.md 6 and 10)."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted


@pytest.mark.parametrize(
    ("mount", "expected", "wanted"),
    [
        ("type=cache,target=/c", "type=cache,target=/c", []),
        ("type=cache,dst=/c", "type=cache,target=/c", []),
        ("type=cache,destination=/c,id=x", "type=cache,id=x,target=/c", []),
        ("target=/c,type=cache", "target=/c,type=cache", []),
        ("type=cache,target=/c,sharing=locked", "type=cache,target=/c,sharing=locked", []),
        ("type=cache,target=/c,mode=755", "type=cache,target=/c,mode=0755", []),
        ("type=cache,target=/c,mode=0700", "type=cache,target=/c,mode=0700", []),
        ("type=cache,target=/c,uid=1000,gid=1000", "type=cache,target=/c,mode=0777", ["EM523"]),
        ("type=cache,target=/c,readonly", "type=cache,target=/c,ro", []),
        # apt's download user reads it.
        ("type=cache,target=/var/cache/apt", "type=cache,target=/var/cache/apt,mode=0755", []),
        ("type=cache,target=/c,from=a,source=/b", "type=cache,target=/c", ["EM522"]),
        ("type=tmpfs,target=/t", "type=tmpfs,target=/t", []),
        ("type=tmpfs,dst=/t,size=64m", "type=tmpfs,target=/t", ["EM524"]),
        ("type=secret,id=s", "type=secret,id=s,target=/run/secrets/s,mode=0400", ["EM525"]),
        ("type=secret,id=s,required=true", "type=secret,id=s,target=/run/secrets/s,mode=0400", []),
        ("type=secret,id=s,required", "type=secret,id=s,target=/run/secrets/s,mode=0400", []),
        ("type=secret,id=d/s,required", "type=secret,id=d/s,target=/run/secrets/s,mode=0400", []),
        ("type=secret,source=s,target=/x,required", "type=secret,id=s,target=/x,mode=0400", []),
        ("type=secret,target=/x/s,required", "type=secret,id=s,target=/x/s,mode=0400", []),
        ("type=secret,id=s,mode=444,required", "type=secret,id=s,target=/run/secrets/s,mode=0444", []),
        ("type=secret,id=s,uid=5,required", "type=secret,id=s,target=/run/secrets/s,mode=0444", ["EM526"]),
    ],
)
def test_mount(mount: str, expected: str, wanted: list[str]) -> None:
    conversion = converted(f"{BASE}RUN --mount={mount} a\n")
    (line,) = body(conversion)
    written = line.removeprefix("RUN --mount=").removesuffix(" a").replace("readonly", "ro")
    assert sorted(written.split(",")) == sorted(expected.split(","))
    assert codes(conversion) == wanted


@pytest.mark.parametrize(
    ("instruction", "expected", "wanted"),
    [
        ("RUN --mount=type=ssh a", "RUN --ssh a", ["EM528"]),
        ("RUN --mount=type=ssh,required --mount=type=ssh,id=x,required a", "RUN --ssh a", ["EM527"]),
        ("RUN --mount=type=secret,id=s,env=T,required a", "RUN --secret T=s a", []),
        (
            "RUN --mount=type=cache,target=/a \\\n    --mount=type=tmpfs,target=/b \\\n    c",
            "RUN --mount=type=cache,target=/a \\\n    --mount=type=tmpfs,target=/b \\\n    c",
            [],
        ),
    ],
)
def test_whole_lines(instruction: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instruction, expected, wanted)


@pytest.mark.parametrize(
    "mount", ["type=bind,target=/x", "target=/x", "type=bind,from=alpine,target=/x", "source=a,target=/x,rw"]
)
def test_bind_is_a_mount_of_the_daemons_own_disk(mount: str) -> None:
    assert_lines(f"RUN --mount={mount} a", f"# EM520, not converted: RUN --mount={mount} a", ["EM520"])


def test_variables_are_kept() -> None:
    lines = body(converted(f"{BASE}ARG C=/c\nRUN --mount=type=cache,target=$C,id=x-$C a\n"))
    assert lines[1].startswith("RUN --mount=")
    assert sorted(lines[1].split()[1].removeprefix("--mount=").split(",")) == ["id=x-$C", "target=$C", "type=cache"]


def test_another_user_must_be_able_to_write() -> None:
    assert_lines(
        "USER app\nRUN --mount=type=cache,target=/c a", "USER app\nRUN --mount=type=cache,target=/c,mode=0777 a"
    )


def test_stages_that_share_a_path_share_the_cache() -> None:
    run = "RUN --mount=type=cache,target=/c a\n"
    conversion = converted(f"FROM alpine AS x\n{run}FROM alpine\n{run}")
    for target in ("x", "docker"):
        assert "id=/c" in body(conversion, target)[0]
    assert "id=" not in body(converted(f"FROM alpine\n{run}"))[0]
