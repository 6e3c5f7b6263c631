"""Our own output is read again as earth reads it; what does not say what is meant is spelled otherwise or left out."""

from __future__ import annotations

import pytest
from support import BASE, body, codes, converted

from migrate.checked import checked, means
from migrate.earthfile.model import Command, Earthfile, Items, ShellText, Target, TextLine, Words
from migrate.earthfile.reader import read
from migrate.words import Literal, Variable


def one(command: Command) -> Earthfile:
    return Earthfile((), (Target("t", (command,)),))


def shown(command: Command) -> tuple[str, list[str]]:
    found: list[str] = []

    def report(code: str, span: object, /, **fields: object) -> None:
        found.append(code)

    text = checked(one(command), report).text
    return text, found


@pytest.mark.parametrize(
    ("line", "command", "expected"),
    [
        ("RUN a  b", Command.of("RUN", meaning=ShellText("a b")), True),
        ("RUN 'a  b'", Command.of("RUN", meaning=ShellText("'a b'")), False),
        ("RUN -- -x", Command.of("RUN", meaning=ShellText("-x")), True),
        ("RUN a # c", Command.of("RUN", meaning=ShellText("a # c")), True),
        ('RUN ["a"]', Command.of("RUN", meaning=ShellText('["a"]')), False),
        ('CMD ["a", "b"]', Command.of("CMD", meaning=Items(("a", "b"))), True),
        ("CMD a b", Command.of("CMD", meaning=Items(("a", "b"))), False),
        ("USER $A", Command.of("USER", meaning=Words(((Variable("A"),),))), True),
        ("USER '$A'", Command.of("USER", meaning=Words(((Variable("A"),),))), False),
        ("USER 'a'", Command.of("USER", meaning=Words(((Literal("a"),),))), True),
        ("ENV A=$(b)", Command.of("ENV", meaning=Words(((Literal("A"),), (Literal("="),), (Literal("$(b)"),)))), False),
        ("WORKDIR /a", Command.of("USER", meaning=None), False),
    ],
)
def test_means(line: str, command: Command, expected: bool) -> None:
    (statement,) = read(f"VERSION 0.8\nt:\n    {line}\n").targets[0].statements
    assert means(command, statement) is expected


def test_the_first_spelling_that_is_right_is_taken() -> None:
    wrong, right = (TextLine("'a\\"), TextLine("  b'")), (TextLine("'a  b'"),)
    command = Command("RUN", wrong, meaning=ShellText("'a  b'"), alternatives=(wrong, right))
    text, found = shown(command)
    assert text == "VERSION 0.8\n\nt:\n    RUN 'a  b'\n"
    assert found == []
    assert shown(command._replace(lines=right))[0] == text


def test_a_command_that_nothing_can_say_stays_a_comment() -> None:
    text, found = shown(Command.of("RUN", "echo 'open", meaning=ShellText("echo 'open")))
    assert found == ["EM321"]
    assert "# EM321, not converted: RUN echo 'open" in text
    assert not read(text).targets[0].statements


def test_one_bad_command_does_not_spoil_the_others() -> None:
    conversion = converted(BASE + "RUN a\nRUN echo 'end\\'\nRUN b\n")
    lines = body(conversion)
    assert (lines[0], lines[-1]) == ("RUN a", "RUN b")
    assert codes(conversion) == []


def test_comments_survive_another_spelling() -> None:
    lines = body(converted(BASE + "RUN echo 'end\\' \\\n  # why\n  && b\n"))
    assert any("# why" in line for line in lines)
