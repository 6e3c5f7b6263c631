"""STOPSIGNAL: set by a Dockerfile that a helper target writes; see test_rootfiles.py for where."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, body, codes, converted, targets


@pytest.mark.parametrize("signal", ["SIGINT", "9", "SIGRTMIN+3", "sigquit"])
def test_stopsignal(signal: str) -> None:
    conversion = converted(f"{BASE}stopsignal {signal}\n")
    assert targets(conversion)["stop-signal"] == [
        "FROM --platform=native alpine:3.20",
        "RUN printf '%s\\n' \\",
        "    'ARG image' \\",
        "    'FROM $image' \\",
        f"    'STOPSIGNAL {signal}' > /Dockerfile",
        "SAVE ARTIFACT /Dockerfile /Dockerfile",
    ]
    assert targets(conversion)["docker"][0] == (
        "FROM DOCKERFILE --build-arg image=alpine:3.20 -f +stop-signal/Dockerfile +stop-signal/"
    )
    assert body(conversion) == [f"# STOPSIGNAL {signal}: see +stop-signal"]
    assert codes(conversion) == ["EM640"]


def test_a_variable_has_no_value_where_the_signal_would_be_set() -> None:
    assert_lines("STOPSIGNAL $S", "# EM611, not converted: STOPSIGNAL $S", ["EM611"])
