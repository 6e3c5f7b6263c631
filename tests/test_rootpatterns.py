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
        ("alpine:3.20", "/*.txt", ["EM437"]),
        ("alpine:3.20", "/x*", []),
        ("scratch", "/*", ["EM437"]),
        ("tonistiigi/xx:1", "/e*", []),
        ("example.com/unknown:1", "/*", ["EM434", "EM437"]),
    ],
)
def test_what_a_pattern_takes(image: str, pattern: str, wanted: list[str]) -> None:
    result = converted(f"FROM {image} AS build\nCOPY a /a\nFROM alpine:3.20\nCOPY --from=build {pattern} /x/\n")
    assert sorted(code for code in codes(result) if code in ("EM410", "EM434", "EM437")) == wanted
    # What is certain to match needs no --if-exists.
    assert any("--if-exists" in line for line in body(result)) == (pattern in ("/x*", "/e*") or "EM437" in wanted)


def test_one_target_saves_the_root_for_all_patterns() -> None:
    copies = "COPY --from=build /*.a /[xy].b /x/\nCOPY --from=build /?c /y/\n"
    text = f"FROM alpine:3.20 AS build\nRUN a\nFROM alpine:3.20\n{copies}"
    result = converted(text)
    assert body(result, "build-root") == ["SAVE ARTIFACT --symlink-no-follow /* /root/"]
    assert body(result) == [
        "COPY --keep-own --if-exists +build-root/root/*.a +build-root/root/[xy].b /x/",
        "COPY --keep-own --if-exists +build-root/root/?c /y/",
    ]


def test_an_empty_root_has_nothing_to_save() -> None:
    result = converted("FROM scratch AS build\nFROM alpine:3.20\nCOPY --from=build /*.a /x/\n")
    assert "EM437" not in codes(result)
    assert "build-root" not in str(result)


def test_whichever_stage_an_argument_selects() -> None:
    bins = "FROM scratch AS bin-a\nCOPY x /v\nFROM {} AS bin-b\nCOPY x /v\n"
    text = f"ARG M=a\n{bins}FROM bin-$M AS sel\nFROM alpine:3.20\n"
    copy = "COPY --from=sel /v* /x/\n"
    assert "EM434" in codes(converted(text.format("alpine:3.20") + copy))
    assert "EM434" not in codes(converted(text.format("scratch") + copy))


def test_an_image_is_a_distribution_too() -> None:
    assert codes(converted("FROM alpine:3.20\nCOPY --from=debian:12 /e* /x/\n")) == ["EM434"]
