"""What a RUN's text can notice of its mounts: sizes, owners, and secrets that are not there."""

from __future__ import annotations

import pytest
from support import BASE, codes, converted


def _codes(mount: str, command: str) -> list[str]:
    return codes(converted(f"{BASE}RUN --mount=type={mount} {command}\n", fallback="comment"))


@pytest.mark.parametrize("command", ["df /t", "a && mount | grep /t", "cat /proc/self/mountinfo", "stat -f -c %b /t"])
def test_a_size_that_is_shown(command: str) -> None:
    assert _codes("tmpfs,target=/t,size=64m", command) == ["EM540"]


@pytest.mark.parametrize("command", ["make", "stat /t", "./mount", "echo df", "umount /x"])
def test_a_size_that_nobody_sees(command: str) -> None:
    assert _codes("tmpfs,target=/t,size=64m", command.replace("./mount", "echo mount")) == ["EM524"]


@pytest.mark.parametrize(
    "command",
    [
        "stat -c %u /c",
        'x "$(stat /c)"',
        "ls -al /c",
        "find /c -user app",
        "cp -a /c /d",
        "cp --preserve=all /c /d",
        "[ -O /c ]",
    ],
)
def test_an_owner_that_is_shown(command: str) -> None:
    assert _codes("cache,target=/c,uid=5", command) == ["EM541"]
    assert _codes("secret,id=c,target=/c,uid=5,required=true", command) == ["EM542"]


@pytest.mark.parametrize("command", ["npm ci", "ls /c", "find /c -name x", "cp -r /c /d", "ls --all /c", "[ -f /c ]"])
def test_an_owner_that_nobody_sees(command: str) -> None:
    assert _codes("cache,target=/c,uid=5", command) == ["EM523"]


def test_a_shown_owner_falls_back() -> None:
    run = "RUN --mount=type=cache,target=/c,uid=5 stat /c\n"
    conversion = converted(f"FROM alpine:3.20 AS app\n{run}", fallback="dockerfile")
    assert "FROM DOCKERFILE" in (conversion.earthfile or "")
    assert "EM541" not in codes(conversion)


@pytest.mark.parametrize(
    "command",
    [
        "if [ -f /run/secrets/s ]; then a; fi",
        "test ! -s '/run/secrets/s' || a",
        "cat /run/secrets/s || true",
        "cat /run/secrets/s 2>/dev/null",
        "A=$(cat /run/secrets/s) npm ci",
        'export A="$(cat /run/secrets/s)" && npm ci',
        "cat /run/secrets/s; a",
        "for f in /run/secrets/*; do a; done",
    ],
)
def test_a_secret_that_may_be_missing(command: str) -> None:
    assert _codes("secret,id=s", command) == ["EM544"]
    assert _codes("secret,id=s,required=true", command) == []


@pytest.mark.parametrize(
    "command",
    [
        "cat /run/secrets/s > /x",
        "A=$(cat /run/secrets/s) && a",
        "set -e; cat /run/secrets/s; a",
        "npm ci",
        "a < /run/secrets/s",
        "[ -f /x ] || cat /run/secrets/s",
    ],
)
def test_a_secret_that_must_be_there(command: str) -> None:
    assert _codes("secret,id=s", command) == ["EM525"]


@pytest.mark.parametrize("command", ['[ -n "$T" ] || a', "a ${T:-none}", "a ${T+set}", 'if [ "$T" ]; then a; fi'])
def test_a_variable_that_may_be_missing(command: str) -> None:
    assert _codes("secret,id=s,env=T", command) == ["EM535", "EM544"]


def test_a_variable_that_is_used() -> None:
    assert _codes("secret,id=s,env=T", 'a "$T" ${TT:-x}') == ["EM525", "EM535"]


def test_a_secret_in_a_variable_is_a_file_too() -> None:
    assert _codes("secret,id=s,env=T,required=true", "ls /run/secrets") == ["EM535", "EM543"]


def test_an_agent_that_may_be_missing() -> None:
    assert _codes("ssh", "a || b") == ["EM545"]
    assert _codes("ssh", "a && b") == ["EM528"]


def test_an_array() -> None:
    assert _codes("tmpfs,target=/t,size=1m", '["df", "/t"]') == ["EM540"]
    assert _codes("secret,id=s", '["cat", "/run/secrets/s"]') == ["EM525"]
