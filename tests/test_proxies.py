"""Proxy arguments that no ARG declares and a RUN reads."""

from __future__ import annotations

import pytest
from support import BASE, body, codes, converted

KNOWN = "FROM alpine:3.20\n"


def test_one_spelling_is_read() -> None:
    conversion = converted(f'{KNOWN}RUN a\nRUN b "$http_proxy"\nRUN c "$http_proxy"\n')
    declared = ["ARG HTTP_PROXY", "ARG http_proxy=$HTTP_PROXY"]
    assert body(conversion) == ["RUN a", *declared, 'RUN b "$http_proxy"', 'RUN c "$http_proxy"']
    assert codes(conversion) == ["EM322"]


def test_both_spellings_are_read() -> None:
    lines = body(converted(f'{KNOWN}RUN a "$http_proxy" "${{HTTP_PROXY}}"\n'))
    assert lines[:3] == ["ARG http_proxy", "ARG HTTP_PROXY=$http_proxy", "LET http_proxy=$HTTP_PROXY"]


def test_an_unknown_image_may_set_it() -> None:
    lines = body(converted('FROM example.com/x\nRUN a "$NO_PROXY"\n'))
    assert lines[:2] == ["ARG no_proxy=$no_proxy", "ARG NO_PROXY=${NO_PROXY:-$no_proxy}"]


@pytest.mark.parametrize(
    "lines",
    [
        "ARG http_proxy\nRUN $http_proxy\n",
        "ENV http_proxy=x\nRUN $http_proxy\n",
        "RUN http_proxy=x a\n",
        "RUN a my_http_proxy $my_proxy\n",
        "RUN a\n",
    ],
)
def test_nothing_to_declare(lines: str) -> None:
    assert not {"EM322", "EM328"} & set(codes(converted(f"{KNOWN}{lines}")))


@pytest.mark.parametrize("lines", ["RUN $http_proxy; env\n", "RUN $http_proxy\nENV A=$http_proxy\n"])
def test_where_an_argument_would_show(lines: str) -> None:
    conversion = converted(f"{KNOWN}{lines}")
    assert "EM328" in codes(conversion)
    assert not any(line.startswith("ARG") for line in body(conversion))


def test_a_heredoc_reads_it() -> None:
    assert "EM322" in codes(converted(f"{KNOWN}RUN <<EOF\necho ${{no_proxy}}\nEOF\n"))


def test_asking_whether_it_is_set() -> None:
    assert "EM302" in codes(converted(f"{BASE}RUN a ${{http_proxy+x}}\n", fallback="comment"))


def test_a_fallen_stage_is_passed_both_spellings() -> None:
    run = "RUN --mount=type=cache,target=/c,uid=5 stat /c; a $http_proxy\n"
    text = converted(f"FROM alpine:3.20 AS app\n{run}", fallback="dockerfile").earthfile or ""
    assert "${http_proxy:+http_proxy}" in text
    assert "${HTTP_PROXY:+HTTP_PROXY}" in text
