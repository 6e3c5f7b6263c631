"""The command of a RUN: arrays, the text for a shell, what is too long."""

from __future__ import annotations

import shlex

import pytest
from support import BASE, body, codes, converted

from migrate.earthfile.reader import read, run_text


def last_run(text: str) -> str:
    statements = read(converted(text).earthfile or "").targets[-1].statements
    return run_text([statement for statement in statements if statement.name == "RUN"][-1])


@pytest.mark.parametrize(
    "items",
    [
        ["sh", "-c", "x", 'say "hi', "there"],
        ["/p", "it's"],
        ["/p", "(", ")"],
        ["/p", "--push=$X"],
        ["/p", "a\u0001b"],
    ],
)
def test_arrays_that_earth_would_change_become_words(items: list[str]) -> None:
    array = "[" + ", ".join('"' + item.replace('"', '\\"').replace("\x01", "\\u0001") + '"' for item in items) + "]"
    conversion = converted(f"{BASE}RUN {array}\n")
    assert codes(conversion) == []
    assert body(conversion)[-1].startswith("RUN [") or shlex.split(last_run(f"{BASE}RUN {array}\n")) == items


@pytest.mark.parametrize("name", ["echo", "printf", "test", "[", "cd", "if", "time", "command"])
def test_a_program_with_the_name_of_a_builtin(name: str) -> None:
    assert shlex.split(last_run(f'{BASE}ARG A=1\nRUN ["{name}", "a b"]\n')) == ["exec", name, "a b"]


@pytest.mark.parametrize("name", ["/bin/echo", "cp", "A=b", "-x"])
def test_a_program_with_another_name(name: str) -> None:
    assert shlex.split(last_run(f'{BASE}ARG A=1\nRUN ["{name}", "a b"]\n')) == [name, "a b"]


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("RUN echo {} > /x", ["EM531"]),
        ("RUN ['a', '{}']", ["EM531"]),
        ("RUN <<EOF\necho {}\nEOF", ["EM531"]),
        ("RUN <<EOF\ncat <<X\n{}\nX\nEOF", ["EM531"]),
        ("COPY <<EOF /x\n{}\nEOF", ["EM531"]),
    ],
)
def test_what_is_too_long_for_one_argument(instruction: str, expected: list[str]) -> None:
    end = "\n" if "EOF" in instruction else "\\\n"
    text = end.join(["'x' " * 5000] * 8)
    long = converted(BASE + instruction.replace("{}", text) + "\n", fallback="comment")
    assert [code for code in codes(long) if code != "EM321"] == expected
    short = converted(BASE + instruction.replace("{}", "'x' " * 100) + "\n", fallback="comment")
    assert codes(short) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [("echo $$", True), ("echo a$$b", True), ("echo ${PPID}", True), ("echo '$$'", False), ("echo $PPIDS", False)],
)
def test_the_number_of_the_process(text: str, found: bool) -> None:
    assert codes(converted(f"{BASE}RUN {text}\n")) == (["EM532"] if found else [])


SHELL = 'FROM gcr.io/distroless/static:debug\nSHELL ["/busybox/sh", "-c"]\n'


def test_a_shell_without_bin_sh() -> None:
    conversion = converted(f"{SHELL}RUN a 'b'\nRUN <<EOF\nc\nEOF\n")
    assert body(conversion)[-2:] == ['RUN ["/busybox/sh", "-c", "a \'b\'"]', 'RUN ["/busybox/sh", "-c", "c\\n"]']
    assert codes(conversion) == ["EM613"]


@pytest.mark.parametrize("instructions", ["ARG A=1\nRUN a\n", "RUN --network=none a\n", "ARG A=1\nRUN <<EOF\na\nEOF\n"])
def test_a_shell_without_bin_sh_that_needs_one(instructions: str) -> None:
    assert codes(converted(SHELL + instructions, fallback="comment")) == ["EM613", "EM533"]


def test_other_shells_keep_their_lines() -> None:
    text = 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN a && \\\n    # why\n    b "c"\n'
    assert body(converted(text)) == ["RUN /bin/bash -c 'a && \\", "    # why", '    b "c"\'']
    assert shlex.split(last_run(text)) == ["/bin/bash", "-c", 'a && b "c"']
