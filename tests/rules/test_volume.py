"""VOLUME: words or JSON, both expanded by both builders."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, codes, converted

from migrate.earthfile.expansion import parse_word
from migrate.earthfile.reader import read


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("VOLUME /data", "VOLUME /data"),
        ("VOLUME /a /b", "VOLUME /a /b"),
        ("VOLUME /a \\\n       /b", "VOLUME /a \\\n       /b"),
        ("ENV D=/data\nVOLUME $D", "ENV D=/data\nVOLUME $D"),
        ('VOLUME ["/a", "/b"]', "VOLUME /a /b"),
        ('VOLUME ["/a b"]', 'VOLUME "/a b"'),
    ],
)
def test_volume(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


def test_a_hash_is_data_in_docker() -> None:
    """Bare, it would begin a comment in an Earthfile."""
    conversion = converted(f"{BASE}VOLUME /a # c\n")
    volume = read(conversion.earthfile or "").targets[0].statements[1]
    assert [parse_word(arg) for arg in volume.args] == [parse_word(text) for text in ("/a", "'#'", "c")]


def test_nothing_to_name_is_refused_as_docker_refuses_it() -> None:
    conversion = converted(f"{BASE}VOLUME []\n")
    assert conversion.earthfile is None
    assert codes(conversion) == ["EM111"]
