"""``# earthmigrate: ignore=CODE`` hides a message, never the grade."""

from __future__ import annotations

import pytest
from support import codes, converted

STOP = "RUN --device=x true\n"


@pytest.mark.parametrize(
    ("pragma", "shown", "hidden"),
    [
        ("", ["EM515"], []),
        ("# earthmigrate: ignore=EM515\n", [], ["EM515"]),
        ("#earthmigrate:ignore=em515\n", [], ["EM515"]),
        ("  # earthmigrate: ignore=EM515\n", [], ["EM515"]),
        ("# earthmigrate: ignore=EM515, EM601\n", ["EM199"], ["EM515"]),
        ("# earthmigrate: ignore=EM601\n", ["EM199", "EM515"], []),
        ("# earthmigrate: ignore=EM515\n\n# why\n", [], ["EM515"]),
    ],
)
def test_suppression(pragma: str, shown: list[str], hidden: list[str]) -> None:
    conversion = converted(f"FROM alpine:3.20\n{pragma}{STOP}")
    assert codes(conversion) == shown
    assert [item.code for item in conversion.hidden] == hidden
    assert conversion.targets[0].grade.label == "differs"
    assert "earthmigrate" not in (conversion.earthfile or "")


def test_it_holds_for_the_next_instruction_only() -> None:
    conversion = converted(f"FROM alpine:3.20\n# earthmigrate: ignore=EM515\n{STOP}{STOP}")
    assert codes(conversion) == ["EM515"]


def test_a_comment_that_only_mentions_us_stays() -> None:
    conversion = converted("FROM alpine:3.20\n# made with earthmigrate: see the wiki\nRUN a\n")
    assert "# made with earthmigrate: see the wiki" in (conversion.earthfile or "")
