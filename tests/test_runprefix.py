"""What RUNs say in front of their commands, in every form of RUN."""

from __future__ import annotations

import pytest
from support import body, codes, converted

from migrate.runprefix import is_tested

UNSET = '[ -n "$A" ] || unset A; \\'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo ${A-x}", True),
        ("echo ${A+x}", True),
        ("echo ${A?}", True),
        ("[ -v A ]", True),
        ("printenv A", True),
        ("echo ${A:-x} $A ${AB-x}", False),
        ("printenv AB", False),
    ],
)
def test_what_asks_whether_a_name_is_set(text: str, expected: bool) -> None:
    assert is_tested("A", text) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("RUN echo ${A-x}", [f"RUN {UNSET}", "    echo ${A-x}"]),
        ("RUN --network=none echo ${A-x}", [f"RUN --network=none {UNSET}", "    echo ${A-x}"]),
        ('RUN ["sh", "-c", "echo ${A-x}"]', [f"RUN {UNSET}", "    sh -c 'echo ${A-x}'"]),
        ("RUN <<E\nset -e\necho ${A-x}\nE", [f"RUN {UNSET}", "    set -e; \\", "    echo ${A-x}"]),
        ("RUN a; \\\n    # why\n    echo ${A-x}", [f"RUN {UNSET}", "    a; \\", "    # why", "    echo ${A-x}"]),
        ("RUN env", [f"RUN {UNSET}", "    env"]),
        ("RUN echo $A", ["RUN echo $A"]),
    ],
)
def test_every_form_of_run(run: str, expected: list[str]) -> None:
    assert body(converted(f"FROM alpine:3.20\nARG A\n{run}\n"))[1:] == expected


def test_an_interpreter_of_its_own_reads_a_mounted_script() -> None:
    conversion = converted("FROM alpine:3.20\nARG A\nRUN <<E\n#!/bin/sh\necho ${A-x}\nE\n")
    assert "EM321" in codes(conversion)


def test_an_environment_variable_is_set() -> None:
    lines = body(converted("FROM alpine:3.20\nARG A\nENV A=\nRUN echo ${A-x}\n"))
    assert lines[-1] == "RUN echo ${A-x}"
