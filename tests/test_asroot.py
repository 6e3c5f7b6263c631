"""A RUN of our own, as root."""

from __future__ import annotations

import pytest
from support import body, converted

TEXT = "FROM {image}\n{user}\nWORKDIR /app\nRUN --mount=source=r.txt,target=r.txt x\n"


@pytest.mark.parametrize(
    ("image", "user", "made"),
    [
        ("alpine:3.20", "", ["RUN rm -rf /app/r.txt"]),
        ("alpine:3.20", "USER app", ["USER root", "RUN rm -rf /app/r.txt", "USER app"]),
        ("acme/app:1", "USER root", ["RUN rm -rf /app/r.txt"]),
    ],
)
def test_the_user_comes_back(image: str, user: str, made: list[str]) -> None:
    lines = body(converted(TEXT.format(image=image, user=user)))
    assert lines[lines.index("RUN x") + 1 : lines.index("RUN x") + 1 + len(made)] == made


@pytest.mark.parametrize(("image", "user"), [("acme/app:1", ""), ("alpine:3.20", "ARG U=app\nUSER $U")])
def test_a_user_that_cannot_come_back(image: str, user: str) -> None:
    assert "RUN rm" not in (converted(TEXT.format(image=image, user=user)).earthfile or "")
