"""HEALTHCHECK: text that earth neither expands nor unquotes."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted, targets

from migrate.earthfile.expansion import parse_word
from migrate.earthfile.reader import flags_and_args, read
from migrate.words import literal_text


@pytest.mark.parametrize(
    ("instructions", "expected", "codes"),
    [
        ("HEALTHCHECK NONE", "HEALTHCHECK NONE", []),
        ("healthcheck none", "HEALTHCHECK NONE", []),
        ("HEALTHCHECK CMD curl -f http://localhost/", "HEALTHCHECK CMD curl -f http://localhost/", []),
        (
            "HEALTHCHECK --interval=5m --timeout=3s --start-period=1s --retries=2 CMD check",
            "HEALTHCHECK --interval=5m --timeout=3s --start-period=1s --retries=2 CMD check",
            [],
        ),
        ('HEALTHCHECK CMD curl -f "http://x/$P" || exit 1', "HEALTHCHECK CMD 'curl -f \"http://x/$P\" || exit 1'", []),
        # An empty value is none in Docker; earth refuses it.
        ("HEALTHCHECK --interval= --retries=2 CMD check", "HEALTHCHECK --retries=2 CMD check", []),
        ("HEALTHCHECK CMD a  b", "HEALTHCHECK CMD 'a  b'", []),
        ("HEALTHCHECK CMD test -f /x # y", "HEALTHCHECK CMD 'test -f /x # y'", []),
    ],
)
def test_healthcheck(instructions: str, expected: str, codes: list[str]) -> None:
    assert_lines(instructions, expected, codes)


def test_an_array_would_become_text() -> None:
    """earth stores ``["CMD-SHELL", "[a,b]"]``, so a helper Dockerfile has it."""
    conversion = converted(BASE + 'HEALTHCHECK --interval=5m --retries=2 cmd [ "a","it\'s é" ]\n')
    assert (
        '    \'HEALTHCHECK --interval=5m --retries=2 CMD ["a", "it\'"\'"\'s é"]\' > /Dockerfile'
        in (targets(conversion)["health-check"])
    )
    assert body(conversion) == ['# HEALTHCHECK --interval=5m --retries=2 cmd [ "a","it\'s é" ]: see +health-check']
    assert codes(conversion) == ["EM619", "EM640"]


def test_no_place_for_an_array() -> None:
    """The stage that a variable selects may have another root."""
    text = 'ARG A=b\nFROM alpine AS x-b\nFROM nginx AS x-c\nFROM x-$A\nHEALTHCHECK CMD ["a"]\n'
    assert "EM605" in codes(converted(text))


def test_another_shell_is_said() -> None:
    assert_lines('SHELL ["/bin/bash", "-c"]\nHEALTHCHECK CMD check', "HEALTHCHECK CMD check", ["EM613", "EM606"])


@pytest.mark.parametrize("text", ["echo $(date)", "test $A", "a \\\n  b", "printf '%s\\n' x", "[ -f /x ]", "echo 'a'"])
def test_the_text_is_what_docker_stores(text: str) -> None:

    conversion = converted(f"{BASE}HEALTHCHECK --interval=3s CMD {text}\n")
    assert body(conversion)[0].startswith("HEALTHCHECK --interval=3s CMD ")
    statement = read(conversion.earthfile or "").targets[0].statements[1]
    flags, args = flags_and_args(statement)
    assert flags == (("interval", "3s"),)
    assert args[0] == "CMD"
    assert " ".join(literal_text(parse_word(arg)) or "" for arg in args[1:]) == text.replace("\\\n", "")
