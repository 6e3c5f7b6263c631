"""RUN: the same program for the same shell, on the same lines."""

from __future__ import annotations

import shlex

import pytest
from support import BASE, assert_lines, body, codes, converted

from migrate.dockerfile.reader import read as read_dockerfile
from migrate.earthfile.reader import read, run_text


def run_texts(text: str) -> list[str]:
    """What earth hands to the shell for each RUN of the last target."""
    statements = read(converted(text).earthfile or "").targets[-1].statements
    return [run_text(statement) for statement in statements if statement.name == "RUN"]


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("RUN apk add curl", "RUN apk add curl"),
        ("run make", "RUN make"),
        ("RUN a && \\\n    b", "RUN a && \\\n    b"),
        ("RUN a \\\n  # why\n  && b", "RUN a \\\n  # why\n  && b"),
        ("RUN a && \\\n\n    b", "RUN a && \\\n    b"),
        ("RUN a && \\  \n    b", "RUN a && \\\n    b"),
        ("RUN echo a#b 's#x#y#'", "RUN echo a#b 's#x#y#'"),
        ("RUN set -eux; \\\n\ta; \\\n\tb", "RUN set -eux; \\\n    a; \\\n    b"),
        ("RUN echo it\\'s", "RUN echo it\\'s"),
        ('RUN echo "$(date)" $HOME ${A-x}', 'RUN echo "$(date)" $HOME ${A-x}'),
        # Glued to the backslash and indented below: earth would join the words.
        ("RUN echo foo\\\n    bar", "RUN echo foo \\\n    bar"),
        # A command that looks like a flag.
        ("RUN -x", "RUN -- -x"),
        ("RUN --network=none a", "RUN --network=none a"),
        ("RUN --network=default a", "RUN a"),
        ("RUN --security=sandbox a", "RUN a"),
        ("RUN [ -d /x ] && y", "RUN [ -d /x ] && y"),
        ("RUN ['a', 'b']", "RUN ['a', 'b']"),
        ('RUN ["a", "b c"]', 'RUN ["a", "b c"]'),
        ('RUN [ "a","b" ]', 'RUN [ "a","b" ]'),
    ],
)
def test_run(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("RUN", "", ["EM511"]),
        ("RUN --security=insecure a", "RUN --privileged a", ["EM512"]),
        ("RUN --network=host a", "# EM513, not converted: RUN --network=host a", ["EM513"]),
        ("RUN --device=gpu a", "# EM515, not converted: RUN --device=gpu a", ["EM515"]),
        ("RUN []", "# EM516, not converted: RUN []", ["EM516"]),
    ],
)
def test_what_differs(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instructions, expected, wanted)


@pytest.mark.parametrize(
    "text",
    [
        "echo 'end\\'",
        "IFS='\\' read a",
        "tr '\\' / <x",
        "echo \\# x && b",
        'echo "foo \\\n     bar"',
        "echo 'foo \\\n     bar'",
        "echo 'a\\\n   b' c",
        "a # trailing",
        'a \\\n # "quote\n b',
        'echo "it\'s" \'say "x"\'',
        'echo $(echo "it\'s")',
        "echo `date '+%s'`",
        "case $x in a) b;; *) c;; esac",
        "(cd /x && y) || { z; }",
        "x=$((1<<2))",
        "cat<x >y 2>&1",
        "a \\\n  ; b",
        "echo a\\\\\n",
        "echo \"$\" $ '$'",
        "echo a\\\n  b\\\n    c",
        "--help",
        "echo '  two  blanks  '",
        "printf '%s\\n' \"a\tb\"",
        'test "${A:-it\'s}"',
        "a --push=1 --no-cache",
        "echo )",
    ],
)
def test_earth_runs_what_docker_runs(text: str) -> None:
    """Both texts must be one program: word for word, quoted blanks included (an independent splitter judges)."""
    source = f"{BASE}RUN {'' if not text.startswith('--') else '-- '}{text}\nRUN after\n"
    docker = read_dockerfile(source).instructions[1].operand
    conversion = converted(source)
    runs = run_texts(source)
    assert codes(conversion) == []
    assert runs[1] == "after"
    earth = runs[0]
    if earth.startswith("/bin/sh -c "):
        assert shlex.split(earth)[2:] == [docker]
    else:
        assert _words(earth) == _words(docker)


def _words(text: str) -> list[str]:
    """The words with their quotes, comments left out."""
    lexer = shlex.shlex(text, posix=False, punctuation_chars="")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return [text]
    found = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:found]


@pytest.mark.parametrize(
    "instructions",
    ['ARG A=1\nRUN ["env"]', 'RUN --mount=type=cache,target=/c ["a", "b c"]', 'RUN --network=none ["a", "it\'s"]'],
)
def test_an_array_that_must_become_text(instructions: str) -> None:
    """earth: no ARG in the environment of an array, and no array after a flag."""
    items = read_dockerfile(BASE + instructions).instructions[-1].exec_form
    (text,) = run_texts(BASE + instructions + "\n")
    assert items is not None
    assert shlex.split(text) == list(items)


def test_an_array_without_a_shell() -> None:
    assert body(converted('FROM scratch\nCOPY a /a\nRUN ["/a"]\n'))[-1] == 'RUN ["/a"]'
    assert codes(converted('FROM gcr.io/distroless/static\nARG A=1\nRUN ["/a"]\n')) == ["EM517"]
    assert codes(converted("FROM gcr.io/distroless/static\nRUN a\n")) == ["EM510"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("a\nb", "RUN a; \\\n    b"),
        ("set -e\n# why\na\n", "RUN set -e; \\\n    # why\n    a"),
        ("if a; then\n  b\nfi", "RUN if a; then \\\n      b; \\\n    fi"),
        ("for x in 1 2; do\n\techo $x\ndone", "RUN for x in 1 2; do \\\n        echo $x; \\\n    done"),
        ("a &&\nb", "RUN a && \\\n    b"),
    ],
)
def test_heredoc_as_a_chain(lines: str, expected: str) -> None:
    assert_lines(f"RUN <<EOF\n{lines}\nEOF", expected)


@pytest.mark.parametrize(
    "lines",
    ["cat <<X\na\nX", "echo 'a\n b'", "a # c", "a \\\n b", "case $x in\na) b;;\nesac", "a &\nb", "f()\n{\n a\n}"],
)
def test_heredoc_as_one_quoted_text(lines: str) -> None:
    conversion = converted(f"{BASE}RUN <<EOF\n{lines}\nEOF\nRUN after\n")
    text, after = run_texts(f"{BASE}RUN <<EOF\n{lines}\nEOF\nRUN after\n")
    words = shlex.split(text)
    assert words[:2] == ["/bin/sh", "-c"]
    assert words[2].strip("\n") == lines
    assert after == "after"
    assert codes(conversion) == []


@pytest.mark.parametrize("line", ["echo \"it's\" \\\\ '#'", "printf '%s\\n' \"a  b\"", "a#b", "echo $(a; b)"])
def test_heredoc_of_one_line(line: str) -> None:
    (text,) = run_texts(f"{BASE}RUN <<EOF\n{line}\nEOF\n")
    assert text == line or shlex.split(text)[2].strip("\n") == line


def test_heredoc_that_the_shell_reads_itself() -> None:
    text = f"{BASE}RUN cat <<EOF >/x && b\n$A \\\n  'y'\nEOF\nRUN after\n"
    (first, after) = run_texts(text)
    assert shlex.split(first) == ["/bin/sh", "-c", "cat <<EOF >/x && b\n$A \\\n  'y'\nEOF"]
    assert after == "after"


def test_heredoc_with_an_interpreter() -> None:
    text = f"{BASE}RUN <<EOF\n#!/usr/bin/env python3\nprint('x')\nEOF\n"
    assert codes(converted(text)) == ["EM518"]
    (command,) = run_texts(text)
    assert shlex.split(command)[2] == "#!/usr/bin/env python3\nprint('x')\n"


def test_heredoc_and_flags() -> None:
    assert_lines(
        "RUN --mount=type=tmpfs,target=/t <<EOF\na\nb\nEOF", "RUN --mount=type=tmpfs,target=/t \\\n    a; \\\n    b"
    )


def test_heredoc_with_tabs_to_strip() -> None:
    assert run_texts(f"{BASE}RUN <<-EOF\n\ta\n\tb\n\tEOF\n") == ["a; b"]
