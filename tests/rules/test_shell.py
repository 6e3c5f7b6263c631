"""SHELL: earth always runs /bin/sh, so the shell stands in the commands."""

from __future__ import annotations

import pytest
from support import assert_lines, body, codes, converted


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ('SHELL ["/bin/bash", "-c"]\nRUN a', "RUN /bin/bash -c 'a'"),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a | b', "RUN /bin/bash -o pipefail -c 'a | b'"),
        ('SHELL ["/bin/bash", "-c"]\nRUN echo "x"', "RUN /bin/bash -c 'echo \"x\"'"),
        # Exec forms do not use it.
        ('SHELL ["/bin/bash", "-c"]\nRUN ["a"]', 'RUN ["a"]'),
        ('SHELL ["/bin/bash", "-c"]\nSHELL ["/bin/sh", "-c"]\nRUN a', "RUN a"),
    ],
)
def test_shell(instructions: str, expected: str) -> None:
    assert body(converted(f"FROM debian:12\n{instructions}\n")) == [expected]


def test_only_a_delivered_image_loses_its_shell() -> None:
    stage = 'FROM debian:12 AS b\nSHELL ["/bin/bash", "-c"]\n'
    assert codes(converted(stage)) == ["EM613"]
    assert codes(converted(stage + "FROM alpine:3.20\nCOPY --from=b /x /x\n")) == ["EM614"]
    assert codes(converted(stage + "FROM b\n")) == ["EM613"]


def test_a_child_stage_inherits_it() -> None:
    conversion = converted('FROM debian:12 AS b\nSHELL ["/bin/bash", "-c"]\nFROM b\nRUN a && b\n')
    assert body(conversion) == ["RUN /bin/bash -c 'a && b'"]


def test_line_breaks_stay_inside_the_quotes() -> None:
    assert_lines(
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a \\\n    # why\n    | b',
        "RUN /bin/bash -o pipefail -c 'a \\\n    # why\n    | b'",
        ["EM613"],
    )


def test_an_apostrophe_in_a_comment_would_end_the_quote() -> None:
    conversion = converted('FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN a \\\n    # it\'s\n    | b\n')
    lines = body(conversion)
    assert lines[0] == "# it's"
    assert lines[1].startswith("RUN /bin/bash -c 'a")
