"""ONBUILD cannot be stored by earth."""

from __future__ import annotations

import pytest
from support import assert_lines


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("ONBUILD RUN make", "# EM612, not converted: ONBUILD RUN make"),
        ("onbuild copy . /app", "# EM612, not converted: onbuild copy . /app"),
        (
            "ONBUILD RUN a && \\\n    b",
            "# EM612, not converted: ONBUILD RUN a && \\\n#     b",
        ),
    ],
)
def test_onbuild(instruction: str, expected: str) -> None:
    assert_lines(instruction, expected, ["EM612"])


def test_a_remark_ends_no_command_and_swallows_none() -> None:
    """The lines of the remark are comments of their own; the next instruction stays a command."""
    assert_lines(
        "ONBUILD RUN a && \\\n    b\nRUN c", "# EM612, not converted: ONBUILD RUN a && \\\n#     b\nRUN c", ["EM612"]
    )
