"""RUN <<EOF: scripts, scripts with an interpreter, heredocs of commands."""

from __future__ import annotations

import shlex

import pytest
from support import BASE, codes, converted

from migrate.earthfile.reader import flags_and_args, read, run_text
from migrate.earthfile.tree import Statement


def last_run(text: str) -> Statement:
    """The last RUN of the last target."""
    return [item for item in read(converted(text).earthfile or "").targets[-1].statements if item.name == "RUN"][-1]


@pytest.mark.parametrize("name", ["EOF", "script.py", "A_B"])
def test_an_interpreter_runs_the_script_where_docker_mounts_it(name: str) -> None:
    script = "#!/usr/bin/env python3\nprint('it is')\n"
    text = f"{BASE}RUN --network=none <<{name}\n{script}{name}\n"
    assert codes(converted(text)) == ["EM518"]
    flags, _ = flags_and_args(last_run(text))
    assert flags == (("network", "none"), ("mount", "type=tmpfs,target=/dev/pipes"))
    words = shlex.split(run_text(last_run(text)))
    assert words[2:] == [script, f">/dev/pipes/{name}", "&&", "chmod", "0755", f"/dev/pipes/{name}", "&&", words[-1]]
    assert words[-1] == f"/dev/pipes/{name}"


def test_an_interpreter_under_another_shell() -> None:
    text = 'FROM debian:12\nSHELL ["/bin/bash", "-lc"]\nRUN <<E\n#!/bin/sh\na\nE\n'
    assert run_text(last_run(text)).endswith("&& /bin/bash -lc /dev/pipes/E")


@pytest.mark.parametrize("script", ["a\nb", "a 'b\n  c' \\\n", "cat <<X\n'\nX", "x=$(\na\n)", "a # b\nc"])
def test_the_shell_gets_the_script(script: str) -> None:
    words = shlex.split(run_text(last_run(f"{BASE}RUN <<EOF\n{script}\nEOF\n")))
    assert words in (["/bin/sh", "-c", f"\n{script}\n"], script.replace("\n", "; ").split())


def test_line_numbers_stay() -> None:
    words = shlex.split(run_text(last_run(f"{BASE}RUN <<EOF\necho $LINENO\nEOF\n")))
    assert words == ["/bin/sh", "-c", "echo $LINENO\n"]


def test_line_ends_of_the_file_stay_in_the_script() -> None:
    text = f"{BASE}RUN <<EOF\necho 'a\n b'\nEOF\n".replace("\n", "\r\n")
    assert shlex.split(run_text(last_run(text))) == ["/bin/sh", "-c", "echo 'a\r\n b'\r\n"]
    assert "\r\r" not in (converted(text).earthfile or "")
