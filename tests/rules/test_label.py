"""LABEL: pairs where they stood, nothing that earth would expand or run."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("LABEL a=b", "LABEL a=b"),
        ('LABEL a=b c="d e"', 'LABEL a=b c="d e"'),
        ("LABEL org.opencontainers.image.title=app", "LABEL org.opencontainers.image.title=app"),
        ("LABEL a b c", 'LABEL a="b c"'),
        ("LABEL maintainer Jane <jane@example.com>", 'LABEL maintainer="Jane <jane@example.com>"'),
        ("LABEL a=", 'LABEL a=""'),
        ('LABEL a=""', 'LABEL a=""'),
        ('LABEL "a b"=c', 'LABEL "a b"=c'),
        ("ENV V=1\nLABEL version=$V", "ENV V=1\nLABEL version=$V"),
        ('LABEL a=b \\\n      # second\n      c="d"', 'LABEL a=b \\\n      # second\n      c="d"'),
    ],
)
def test_label(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("$(id)", ("'$(id)'", "\\$(id)", '"\\$(id)"')),
        ('"built by $(whoami)"', ("'built by $(whoami)'", '"built by \\$(whoami)"')),
    ],
)
def test_earth_must_not_run_it(value: str, accepted: tuple[str, ...]) -> None:
    (line,) = body(converted(f"{BASE}LABEL a={value}\n"))
    assert line in {f"LABEL a={spelling}" for spelling in accepted}


def test_home_is_empty_in_docker() -> None:
    assert_lines('LABEL a="$HOME/x"', "LABEL a=/x", ["EM308"])


def test_reserved_keys() -> None:
    assert_lines("LABEL dev.earthly.x=1", "# EM603, not converted: LABEL dev.earthly.x=1", ["EM603"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('LABEL a="Café"', ["EM619"]),
        ('CMD ["\\u00e9"]', ["EM619"]),
        ("LABEL a=b\n# é", []),
        ("RUN echo é", []),
        ('LABEL a="é" b="ü"\nENV A=é', ["EM619"]),
    ],
)
def test_text_that_podman_cannot_load(text: str, wanted: list[str]) -> None:
    """earth: ``header key "exporter-md-containerimage.config" contains value with non-printable ASCII characters``."""
    conversion = converted(f"FROM alpine\n{text}\n", name="app")
    assert codes(conversion) == wanted


def test_a_stage_that_is_no_image_may_hold_anything() -> None:
    assert codes(converted('FROM alpine AS a\nLABEL a="é"\nFROM alpine\nCOPY --from=a /x /x\n', name="app")) == []
    assert codes(converted('FROM alpine AS a\nLABEL a="é"\nFROM a\n', name="app")) == ["EM619"]
