"""USER: one word, and the owner that COPY must spell out from here on."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("USER app", "USER app"),
        ("USER 1000:1000", "USER 1000:1000"),
        ("ARG U=app\nUSER $U:$U", "ARG U=app\nUSER $U:$U"),
        ('USER "app"', 'USER "app"'),
        ("USER ${U:-app}", "USER ${U:-app}"),
    ],
)
def test_user(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


@pytest.mark.parametrize(
    ("user", "copy"),
    [
        ("USER root", "COPY a.txt /x/"),
        ("USER 0", "COPY a.txt /x/"),
        ("USER 0:0", "COPY a.txt /x/"),
        ("USER app", "COPY --chown=0:0 a.txt /x/"),
        ("ENV U=root\nUSER $U", "COPY a.txt /x/"),
        # Only the default is root: a build argument may name another user.
        ("ARG U=root\nUSER $U", "COPY --chown=0:0 a.txt /x/"),
        ("USER app\nUSER root", "COPY a.txt /x/"),
    ],
)
def test_what_copy_says_afterwards(user: str, copy: str) -> None:
    conversion = converted(f"{BASE}{user}\nCOPY a.txt /x/\n")
    assert body(conversion)[-1] == copy
    assert codes(conversion) == []
