"""Heredoc bodies as chains: only what is proven to be the same script (hard-cases.md 7)."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from migrate.scripts import chain

PROVEN = [
    ("a", ("a",)),
    ("a\nb\n", ("a; \\", "b")),
    ("set -e\n\na", ("set -e; \\", "a")),
    ("  a\n    b\n", ("a; \\", "  b")),
    ("# c\na", ("# c", "a")),
    ("if a; then\n  b\nelse\n  c\nfi", ("if a; then \\", "  b; \\", "else \\", "  c; \\", "fi")),
    ("while a; do\nb\ndone", ("while a; do \\", "b; \\", "done")),
    ("a &&\nb ||\nc", ("a && \\", "b || \\", "c")),
    ("{\na\n}", ("{ \\", "a; \\", "}")),
    ("! {\na\n}", ("! { \\", "a; \\", "}")),
    ("echo a\u00a0\nb", ("echo a\u00a0; \\", "b")),
    ("echo 'a # b' \"c\"\nd", ("echo 'a # b' \"c\"; \\", "d")),
]


@pytest.mark.parametrize(("body", "expected"), PROVEN)
def test_chain(body: str, expected: tuple[str, ...]) -> None:
    assert chain(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "# only a comment",
        "#!/bin/sh\na",
        "a \\\nb",
        "echo 'a\nb'",
        "echo $(a\nb)",
        "a # c\nb",
        "a &\nb",
        "a;\nb",
        "a |\nb",
        "f()\n{\na\n}",
        "case x in\na) b;;\nesac",
        "cat <<X\nb\nX",
        "a\r\nb\r\n",
        "echo `date`",
        "echo a;# c\nb",
        "x=(a\nb)",
        "alias a=b\na",
        "shopt -s extglob\necho !(a)",
        "echo $LINENO\nb",
        "echo {\na",
    ],
)
def test_unproven(body: str) -> None:
    assert chain(body) is None


SCRIPTS = [
    "echo 1\nfalse\necho 2",
    "set -e\necho 1\nfalse\necho 2",
    "if true; then\n  echo yes\nelse\n  echo no\nfi\necho $?",
    "for x in 1 2; do\n  echo $x\ndone",
    "# first\necho \"it's\" '# no'\n# middle\nexit 3\necho never",
    "x=1\n{\necho $x\n}\n(\necho sub\n)",
    "true &&\n  echo and\nfalse ||\n  echo or",
    "f() { echo in; }\nf",
    "until true; do\necho x\ndone\necho end",
    "if false; then\necho a\nelif true; then\necho b\nfi",
]


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell here")
@pytest.mark.parametrize("body", SCRIPTS)
def test_a_chain_does_what_the_script_does(body: str) -> None:
    lines = chain(body)
    if lines is None:
        return
    # As earth joins it: own-line comments go, continued lines are one text.
    joined = " ".join(line.removesuffix("\\").strip() for line in lines if not line.lstrip().startswith("#"))
    outcomes = [
        subprocess.run(["sh", "-c", text], capture_output=True, check=False, timeout=10) for text in (body, joined)
    ]
    assert (outcomes[0].stdout, outcomes[0].returncode) == (outcomes[1].stdout, outcomes[1].returncode)


@pytest.mark.parametrize("body", ["a\n# last", "a\n# with a \\ backslash\nb"])
def test_comments_are_kept(body: str) -> None:
    lines = chain(body)
    assert lines is None or any("#" in line for line in lines)
