"""Patterns at the root of a stage: what they are certain to match, and where earth fails on them."""

from __future__ import annotations

import pytest
from support import body, codes, converted


@pytest.mark.parametrize(
    ("image", "pattern", "wanted"),
    [
        ("alpine:3.20", "/*", ["EM434"]),
        ("alpine:3.20", "/v*", ["EM434"]),  # /var has a link to /run
        ("alpine:3.20", "/[e]tc", ["EM434"]),
        ("alpine:3.20", "/*.txt", ["EM410"]),
        ("alpine:3.20", "/x*", []),
        ("scratch", "/*", ["EM410"]),
        ("tonistiigi/xx:1", "/e*", []),
        ("example.com/unknown:1", "/*", ["EM410", "EM434"]),
    ],
)
def test_what_a_pattern_takes(image: str, pattern: str, wanted: list[str]) -> None:
    result = converted(f"FROM {image} AS build\nCOPY a /a\nFROM alpine:3.20\nCOPY --from=build {pattern} /x/\n")
    assert sorted(code for code in codes(result) if code in ("EM410", "EM434")) == wanted
    # What is certain to match needs no --if-exists.
    assert any("--if-exists" in line for line in body(result)) == (pattern in ("/x*", "/e*"))


def test_whichever_stage_an_argument_selects() -> None:
    bins = "FROM scratch AS bin-a\nCOPY x /v\nFROM {} AS bin-b\nCOPY x /v\n"
    text = f"ARG M=a\n{bins}FROM bin-$M AS sel\nFROM alpine:3.20\n"
    copy = "COPY --from=sel /v* /x/\n"
    assert "EM434" in codes(converted(text.format("alpine:3.20") + copy))
    assert "EM434" not in codes(converted(text.format("scratch") + copy))


def test_an_image_is_a_distribution_too() -> None:
    assert codes(converted("FROM alpine:3.20\nCOPY --from=debian:12 /e* /x/\n")) == ["EM434"]
