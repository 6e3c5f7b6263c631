"""Which build arguments FROM DOCKERFILE gets: one with a default must not hide what the stage would have without it."""

from __future__ import annotations

import pytest
from support import graph_of

from migrate.mappings import builtin
from migrate.passing import passed


def defaults(text: str) -> dict[str, str | None]:
    """Argument -> the default it is always passed with, None when it is passed only if somebody sets it."""
    graph = graph_of(text + "\n")
    return {item.name: item.text for item in passed(graph, len(graph.stages) - 1, builtin())}


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("ARG A=1", "1"),
        ("ARG A=1\nARG A", "1"),
        ("ARG A\nARG A=1", None),
        ("ARG A=1\nARG A=2", None),
        # The bare one gives way to the ENV, a build argument would not.
        ("ARG A=1\nENV A=2\nARG A", None),
        ("ARG A=1\nENV A=2", "1"),
        ("ARG A=1\nENV B=2\nARG A", "1"),
    ],
)
def test_one_argument_of_a_stage(stage: str, expected: str | None) -> None:
    assert defaults(f"FROM alpine\n{stage}") == {"A": expected}


def test_a_global_default_is_in_force_whatever_an_env_says() -> None:
    assert defaults("ARG A=1\nFROM alpine\nENV A=2\nARG A") == {"A": "1"}


def test_an_inherited_one_gives_way_to_the_parents_env() -> None:
    assert defaults("FROM alpine AS a\nARG A=1\nENV A=2\nFROM a\nARG A") == {"A": None}
