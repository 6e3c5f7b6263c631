"""The lines before the first FROM: which default is in force, and what reads an earlier one."""

from __future__ import annotations

import pytest
from support import codes, converted, graph_of, targets

from migrate.dockerfile.words import expand
from migrate.header import declared
from migrate.stages import default_arguments


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ARG V=1", ["ARG --global V=1"]),
        ("ARG V=1\nARG V=2", ["ARG --global V=2"]),
        ("ARG V=1\nARG V=1", ["ARG --global V=1"]),
        ("ARG V=1\nARG V", ["ARG --global V=1"]),
        # What read the earlier default keeps it.
        ("ARG B=1\nARG V=v$B\nARG B=2", ["ARG --global V=v1"]),
        ("ARG B=1\nARG V=$B\nARG B=$V.0", ["ARG --global V=1"]),
        # Its own earlier value, or none.
        ("ARG V=1\nARG V=x-$V", ["ARG --global V=x-1"]),
        ("ARG V=${V:-1}", ["ARG --global V=1"]),
        ("ARG V\nARG V=${V-1}", ["ARG --global V=1"]),
        ("ARG V=\nARG V=${V-1}2", ["ARG --global V=2"]),
        # What only a later line declares is unset, whatever is passed; the platform is there from the start.
        ("ARG V=x$B\nARG B=1", ["ARG --global V=x"]),
        ("ARG V=${B:-y}\nARG B", ["ARG --global V=y"]),
        # What else stands in the substitution stays.
        ("ARG B\nARG V=\nARG V=${V:-$B}", ["ARG --global B", "ARG --global V=$B"]),
        ("ARG P=a\nARG V=${P#a}\nARG V=x-$V", ["ARG --global P=a", "ARG --global V=x-${P#a}"]),
        # An operator on a value that is no plain text: the earlier one gets a name of its own.
        (
            "ARG P=a\nARG V=${P#a}\nARG V=${V:+no}\nARG V=x${V:-yes}",
            [f"ARG --global {text}" for text in ("P=a", "V_1=${P#a}", "V_2=${V_1:+no}", "V=x${V_2:-yes}")],
        ),
    ],
)
def test_repeated_arguments(header: str, expected: list[str]) -> None:
    assert targets(converted(f"{header}\nFROM image:$V\n"))[""] == expected


@pytest.mark.parametrize(
    "header",
    [
        "ARG P=linux/arm64\nARG S=${P#linux/arm64}\nARG S=${S:+no}\nARG W=$S-$P\nARG P=x\nARG S=$W${S:-y}$P",
        "ARG A=1\nARG B=${A:+$A$A}\nARG A=${B:-0}\nARG B=$A",
        "ARG A\nARG B=${A:-x}\nARG A=1\nARG C=$A$B",
        "ARG A=\nARG B=${A:-${A:-z}}\nARG A=${A:+p}q",
    ],
)
def test_every_default_is_the_one_that_docker_computes(header: str) -> None:
    graph = graph_of(f"{header}\nFROM scratch\n")
    values: dict[str, str] = {}
    found = declared(graph)
    for _ in found:  # in any order: each name has one default
        values.update({name: expand(entry.word, values) for name, entry in found.items() if entry.word is not None})
    wanted = default_arguments(graph.arguments, "\\")
    assert {name: values[name] for name in wanted} == wanted


def test_who_can_no_longer_be_reached() -> None:
    """A build argument for V would change W in Docker; what reads its own earlier value is replaced as a whole."""
    assert codes(converted("ARG V=1\nARG W=$V\nARG V=2\nFROM alpine:$V\nARG W\n")) == ["EM323", "EM324"]
    assert codes(converted("ARG V=1\nARG V=x$V\nARG W=$V\nFROM alpine:$V\nARG W\n")) == ["EM324"]
