"""CMD becomes the array that Docker stores; a shell form in an Earthfile would be expanded and unquoted."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, converted

from migrate.earthfile.expansion import parse_word
from migrate.earthfile.reader import read
from migrate.words import Literal


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ('CMD ["nginx", "-g", "daemon off;"]', 'CMD ["nginx", "-g", "daemon off;"]'),
        ("cmd nginx", 'CMD ["/bin/sh", "-c", "nginx"]'),
        ('CMD api --listen ":$PORT"', 'CMD ["/bin/sh", "-c", "api --listen \\":$PORT\\""]'),
        ("CMD []", "CMD []"),
        ("CMD", 'CMD ["/bin/sh", "-c", ""]'),
        # Not JSON: Docker falls back to the shell form, and so must the array say.
        ("CMD ['a', 'b']", 'CMD ["/bin/sh", "-c", "[\'a\', \'b\']"]'),
        ('CMD ["a"] b', 'CMD ["/bin/sh", "-c", "[\\"a\\"] b"]'),
        ('CMD ["a"] # c', 'CMD ["/bin/sh", "-c", "[\\"a\\"] # c"]'),
        # A tab and runs of blanks belong to the text that the shell gets.
        ("CMD a   'b  c'", 'CMD ["/bin/sh", "-c", "a   \'b  c\'"]'),
        # earth does not decode \\uXXXX.
        ("CMD echo \\\n    $HOME", 'CMD ["/bin/sh", "-c", "echo     $HOME"]'),
        ('CMD ["a", \\\n     "b"]', 'CMD ["a", \\\n     "b"]'),
        ("CMD a\nCMD b", 'CMD ["/bin/sh", "-c", "a"]\nCMD ["/bin/sh", "-c", "b"]'),
    ],
)
def test_cmd(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


def test_an_escape_that_earth_does_not_know() -> None:
    assert_lines('CMD ["\\u00e9"]', 'CMD ["é"]', ["EM619"])


def test_the_shell_in_force_is_written_out() -> None:
    assert_lines(
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD a | b',
        'CMD ["/bin/bash", "-o", "pipefail", "-c", "a | b"]',
        ["EM613"],
    )


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ('CMD ["sh", "-c", "echo $("]', 'CMD ["sh", "-c", "echo $\\\n    ("]'),
        ('CMD ["echo $(it\'s) $$(x", "a"]', 'CMD ["echo $\\\n    (it\'s) $$\\\n    (x", "a"]'),
    ],
)
def test_what_earths_lexer_cannot_close_stands_on_several_lines(instruction: str, expected: str) -> None:
    """facts/earthfile.md 1: ``$(`` in JSON is lexed as a shell-out; a line break between the two is not (built)."""
    assert_lines(instruction, expected)


def test_a_control_character_stays_a_comment() -> None:
    instruction = 'CMD ["echo", "\\u001b[1m"]'
    assert_lines(instruction, f"# EM604, not converted: {instruction}", ["EM604"])


def test_text_that_no_array_can_hold() -> None:
    """One single-quoted word: the only shell form that earth neither expands nor unquotes."""
    text = 'echo $(echo "it\'s") $HOME'
    statement = read(converted(f"{BASE}CMD {text}\n").earthfile or "").targets[0].statements[1]
    assert [parse_word(arg) for arg in statement.args] == [(Literal(text),)]
