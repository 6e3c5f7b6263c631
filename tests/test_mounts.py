"""RUN --mount: only options that earth takes, with Docker's defaults spelled out (hard-cases.md 6 and 10)."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted

SECRET = "RUN --mount=type=secret,id=s,target=/run/secrets/s,mode=0400 a"


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
    conversion = converted(f"{BASE}RUN --mount={mount} go\n")
    (line,) = body(conversion)
    written = line.removeprefix("RUN --mount=").removesuffix(" go").replace("readonly", "ro")
    assert sorted(written.split(",")) == sorted(expected.split(","))
    assert codes(conversion) == wanted


@pytest.mark.parametrize(
    ("instruction", "expected", "wanted"),
    [
        ("RUN --mount=type=ssh a", "RUN --ssh a", ["EM528"]),
        ("RUN --mount=type=ssh,required --mount=type=ssh,id=x,required a", "RUN --ssh a", ["EM527"]),
        ("RUN --mount=type=secret,id=s,env=T,required a", "RUN --secret T=s a", ["EM535"]),
        ("RUN --mount=type=secret,id=s,uid=0,gid=0,mode=440,required a", SECRET.replace("0400", "0440"), []),
        ("RUN --mount=type=secret,id=s,required a", SECRET, []),
        (
            "RUN --mount=type=cache,target=/a \\\n    --mount=type=tmpfs,target=/b \\\n    go",
            "RUN --mount=type=cache,target=/a \\\n    --mount=type=tmpfs,target=/b \\\n    go",
            [],
        ),
    ],
)
def test_whole_lines(instruction: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instruction, expected, wanted)


@pytest.mark.parametrize("options", ["id=a b,env=T", "id=a,env=MY-T", "id=a,env=1"])
def test_names_that_a_shell_cannot_take(options: str) -> None:
    assert codes(converted(f'{BASE}RUN --mount="type=secret,{options}" a\n', fallback="comment")) == ["EM534"]


@pytest.mark.parametrize("line", ["ENV TOKEN=x", "ARG TOKEN=x"])
def test_a_secret_behind_a_variable_of_its_name(line: str) -> None:
    run = "RUN --mount=type=secret,id=a,env=TOKEN,required=true a\n"
    assert "EM539" in codes(converted(f"{BASE}{line}\n{run}", fallback="comment"))
    assert "EM539" not in codes(converted(f"{BASE}{run}{line}\n", fallback="comment"))


def test_variables_are_kept() -> None:
    lines = body(converted(f"{BASE}ARG C=/c\nRUN --mount=type=cache,target=$C,id=x-$C go\n"))
    assert lines[1].startswith("RUN --mount=")
    assert sorted(lines[1].split()[1].removeprefix("--mount=").split(",")) == ["id=x-$C", "target=$C", "type=cache"]


def test_stages_that_share_a_path_share_the_cache() -> None:
    run = "RUN --mount=type=cache,target=/c a\n"
    conversion = converted(f"FROM alpine AS x\n{run}FROM alpine\n{run}")
    for target in ("x", "docker"):
        assert "id=/c" in body(conversion, target)[0]
    assert "id=" not in body(converted(f"FROM alpine\n{run}"))[0]
