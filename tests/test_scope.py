"""Which value a name has where: the last writer wins, and nothing unknown is guessed."""

from __future__ import annotations

import pytest

from migrate.dockerfile.words import parse_word
from migrate.scope import ARGUMENT, ENVIRONMENT, Binding, Scope, without_variables
from migrate.words import Literal, Word


def scope(image: frozenset[str] | None = frozenset({"PATH"}), **bindings: Binding) -> Scope:
    made = Scope(image)
    made.bindings.update(bindings)
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$A", "1"),
        ("${A}-${E}", "1-2"),
        ("$NOWHERE", ""),
        ("${NOWHERE:-d}", "d"),
        ("${A:+s}", "s"),
        ("$PATH", None),  # the image has it, its value is not known
        ("${PATH:-d}", None),
        ("$UNKNOWN", None),
        ("${NOWHERE:?must}", None),
    ],
)
def test_static_values(text: str, expected: str | None) -> None:
    bindings = {
        "A": Binding(ARGUMENT, "1"),
        "E": Binding(ENVIRONMENT, "2"),
        "UNKNOWN": Binding(ENVIRONMENT, None),
    }
    made = scope()
    made.bindings.update(bindings)
    assert made.static(parse_word(text, "\\")) == expected


def test_an_unknown_image_may_set_anything() -> None:
    assert scope(None).static(parse_word("$A", "\\")) is None
    assert scope(None).may_be_environment("A")
    assert not scope().may_be_environment("A")
    assert scope().may_be_environment("PATH")
    assert scope(A=Binding(ENVIRONMENT, "1")).may_be_environment("A")


def test_unset() -> None:
    made = scope(A=Binding(ARGUMENT, "1"))
    assert made.is_unset("B")
    assert not made.is_unset("A")
    assert not made.is_unset("PATH")


def test_what_a_build_argument_can_change() -> None:
    made = scope(A=Binding(ARGUMENT, "1"), E=Binding(ENVIRONMENT, "2"))
    assert made.is_overridable(parse_word("x$A", "\\"))
    assert made.is_overridable(parse_word("${E:-$A}", "\\"))
    assert not made.is_overridable(parse_word("$E", "\\"))


def test_a_child_starts_with_the_bindings_and_declares_nothing() -> None:
    parent = scope(A=Binding(ARGUMENT, "1"))
    parent.declared.add("A")
    child = parent.inherit()
    child.bindings["A"] = Binding(ENVIRONMENT, "2")
    assert parent.bindings["A"].value == "1"
    assert not child.declared


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a${B}c$E", "abc$E"),
        ("${D:-x}${D-x}${D:+y}${D+y}", "ddyy"),
        ("${N:-x}${N-x}${N:+y}${N+y}", "xy"),
        ("${U:-x}${U-x}${U:+y}${U+y}$U", "xx"),
        ("${D#d}${P%.*}", "1"),
        # Inside other substitutions, too.
        ("${E:-$B}", "${E:-b}"),
        ("${N:-$E}", "$E"),
        ("${D:+$E}", "$E"),
        # An operator on what is no plain text.
        ("$V", "v$E"),
        ("${V:-x}", "${V:-x}"),
        ("${V#v}", "${V#v}"),
        ("${D#$E}", "${D#$E}"),
        ("${U:?m}", "${U:?m}"),
    ],
)
def test_known_variables_are_written_out(text: str, expected: str) -> None:
    texts = {"B": "b", "D": "d", "P": "1.2"}
    known: dict[str, Word | None] = {"N": (), "U": None, "V": parse_word("v$E", "\\")}
    known |= {name: (Literal(text),) for name, text in texts.items()}
    assert without_variables(parse_word(text, "\\"), known) == parse_word(expected, "\\")


def test_a_default_is_stale_once_a_name_in_it_was_written() -> None:
    made = scope()
    made.bind("B", Binding(ARGUMENT, "1"))
    made.bind("A", Binding(ARGUMENT, "1", parse_word("$B$B", "\\")))
    assert made.stale("A") == []
    made.bind("C", Binding(ENVIRONMENT, "1"))
    assert made.stale("A") == []
    made.bind("B", Binding(ENVIRONMENT, "2"))
    assert made.stale("A") == ["B"]


def test_a_child_sees_the_environment_again() -> None:
    made = scope()
    made.bind("B", Binding(ENVIRONMENT, "e"))
    made.environment["B"] = Binding(ENVIRONMENT, "e")
    made.bind("B", Binding(ARGUMENT, "1"))
    made.bind("A", Binding(ARGUMENT, "1", parse_word("$B", "\\")))
    child = made.inherit()
    assert child.bindings["B"].kind == ENVIRONMENT
    assert made.stale("A") == []
    assert child.stale("A") == ["B"]
