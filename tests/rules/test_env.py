"""ENV: one pair per command, and the value that Docker stores."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, converted

from migrate.dockerfile.words import parse_word as docker_word
from migrate.earthfile.expansion import parse_word as earth_word


@pytest.mark.parametrize(
    ("instructions", "expected", "codes"),
    [
        ("ENV A=1", "ENV A=1", []),
        ("ENV A 1", "ENV A=1", []),
        ("ENV A=1 B=2", "ENV A=1\nENV B=2", []),
        ("ENV A=\"x y\" B='z'", "ENV A=\"x y\"\nENV B='z'", []),
        ("ENV A=", 'ENV A=""', []),
        ("ENV A x   y", 'ENV A="x   y"', []),
        ("ENV A=x\\ y", "ENV A=x\\ y", []),
        ("ENV A=a=b", "ENV A=a=b", []),
        # Docker keeps a trailing comment of the legacy form in the value; earth would drop it.
        ("ENV A b # c", 'ENV A="b # c"', []),
        ("ENV PATH=/app/bin:$PATH", "ENV PATH=/app/bin:$PATH", []),
        # Known names only: HOME comes from the container's shell in an Earthfile.
        ("ENV A=$HOME/x", "ENV A=/x", ["EM308"]),
        ("ENV HOME=/root\nENV A=$HOME/x", "ENV HOME=/root\nENV A=$HOME/x", []),
        ("ENV A=${B:-d}", "ENV A=${B:-d}", []),
        ("ENV B=1\nENV A=${B-d}", "ENV B=1\nENV A=$B", []),
        ("ARG B=x\nENV A=${B-d}", "ARG B=x\nENV A=$B", []),
        ("ENV B=v1.2\nENV A=${B#v}", "ENV B=v1.2\nENV A=${B#v}", []),
        ("ENV B=a/b/c\nENV A=${B##*/}", "ENV B=a/b/c\nENV A=c", []),
        ("ENV B=a/b/c\nENV A=${B//\\//-}", "ENV B=a/b/c\nENV A=a-b-c", []),
        ("ARG B=a.b\nENV A=${B%.*}", "ARG B=a.b\nENV A=a", ["EM306"]),
        ("ENV A=$1$@", 'ENV A=""', []),
        ("ENV K=B\nENV $K=1", "ENV K=B\nENV B=1", []),
        ("ARG K=B\nENV $K=1", "ARG K=B\nENV B=1", ["EM306"]),
        # Both values see the environment before the instruction.
        ("ENV A=old\nENV A=new B=$A", "ENV A=old\nENV B=$A\nENV A=new", ["EM316"]),
        ("ENV A=1 A=2", "ENV A=2", []),
        ("ENV A=1 \\\n    # two\n    B=2", "ENV A=1\n# two\nENV B=2", []),
    ],
)
def test_env(instructions: str, expected: str, codes: list[str]) -> None:
    assert_lines(instructions, expected, codes)


@pytest.mark.parametrize(
    ("instructions", "expected", "codes"),
    [
        # ARG beats ENV in an Earthfile whatever the order; Docker's later line wins.
        ("ARG A=1\nENV A=2", "ARG A=1\nENV A=2\nLET A=2", []),
        ("ARG A=1\nENV A=${A}x", "ARG A=1\nENV A=${A}x\nLET A=${A}x", []),
        ("ARG A=1\nENV A=2\nENV A=3", "ARG A=1\nENV A=2\nLET A=2\nENV A=3\nSET A=3", []),
        ("ARG A=1\nENV A=$A", "ARG A=1\nENV A=$A", []),
        ("ENV A=2\nARG A=1", "ENV A=2\nARG A=1", []),
        # LETs of one ENV: what reads the old value stands first.
        (
            "ARG A=1 B=2\nENV A=3 B=$A",
            "ARG A=1\nARG B=2\nENV A=3\nENV B=$A\nLET B=$A\nLET A=3",
            [],
        ),
    ],
)
def test_against_arguments(instructions: str, expected: str, codes: list[str]) -> None:
    assert_lines(instructions, expected, codes)


@pytest.mark.parametrize(
    ("instruction", "code"),
    [("ENV a.b=1", "EM310"), ("ENV a-b=1", "EM310")],
)
def test_what_cannot_be_said(instruction: str, code: str) -> None:
    assert_lines(instruction, f"# {code}, not converted: {instruction}", [code])


def test_unset_or_empty_is_one_question_to_earth() -> None:
    own = "FROM registry.example.com/own:1\n"
    assert_lines("ENV A=${B-d}", "ENV A=${B:-d}", ["EM251"], base=own)
    assert_lines("ARG B\nENV A=${B-d}", "ARG B=$B\nENV A=${B:-d}", ["EM301", "EM305"], base=own)


def test_the_other_pairs_stay() -> None:
    assert_lines("ENV A=1 a.b=2", "# EM310, not converted: ENV a.b=2\nENV A=1", ["EM310"])


def test_a_value_that_only_the_image_knows() -> None:
    assert_lines("ENV A=${UNKNOWN##*/}x", "ENV A=x")  # alpine sets PATH alone
    assert_lines(
        "ENV A=${UNKNOWN##*/}x",
        "# EM307, not converted: ENV A=${UNKNOWN##*/}x",
        ["EM307"],
        base="FROM registry.example.com/own:1\n",
    )


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("ENV A=$B B=$A", "LET OLD_A=$A\nENV A=$B\nENV B=$OLD_A", ["EM335"]),
        ("ENV A=$B:$A B=0 B=${A:-x}", "LET OLD_A=$A\nENV A=$B:$A\nENV B=${OLD_A:-x}", ["EM335"]),
        ("ARG A=1\nENV A=$B B=$A", "ARG A=1\nLET OLD_A=$A\nENV A=$B\nLET A=$B\nENV B=$OLD_A", ["EM335"]),
        (
            "ENV A=$B B=$A\nENV A=$B B=$A",
            "LET OLD_A=$A\nENV A=$B\nENV B=$OLD_A\nSET OLD_A=$A\nENV A=$B\nENV B=$OLD_A",
            ["EM335", "EM335"],
        ),
        # The other name does not show, and may not be taken.
        ("ENV A=$B B=$A\nRUN env", "LET OLD_A=$A\nENV A=$B\nENV B=$OLD_A\nRUN unset OLD_A; \\\n    env", ["EM335"]),
        ("ARG OLD_A\nENV A=$B B=$A", "ARG OLD_A\n# EM311, not converted: ENV A=$B B=$A", ["EM301", "EM311"]),
    ],
)
def test_a_ring_has_no_order(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(f"ENV A=1\nENV B=2\n{instructions}", f"ENV A=1\nENV B=2\n{expected}", wanted)


@pytest.mark.parametrize("value", ["$(id)", '"$(id)"', '"it\'s $(id)"', "a$(b)c"])
def test_earth_must_not_run_it(value: str) -> None:
    (line,) = body(converted(f"{BASE}ENV A={value}\n"))
    assert earth_word(line.removeprefix("ENV A=")) == docker_word(value, "\\")
