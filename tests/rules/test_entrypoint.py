"""ENTRYPOINT becomes the array that Docker stores."""

from __future__ import annotations

import pytest
from support import assert_lines


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ('ENTRYPOINT ["/app"]', 'ENTRYPOINT ["/app"]'),
        ('ENTRYPOINT [ "/app" , "-x" ]', 'ENTRYPOINT [ "/app" , "-x" ]'),
        ("ENTRYPOINT exec /app $ARGS", 'ENTRYPOINT ["/bin/sh", "-c", "exec /app $ARGS"]'),
        ("ENTRYPOINT []", "ENTRYPOINT []"),
        ("ENTRYPOINT a \\\n  # why\n  b", '# why\nENTRYPOINT ["/bin/sh", "-c", "a   b"]'),
        # The order against CMD decides what an inherited CMD becomes, in both languages.
        ('CMD ["x"]\nENTRYPOINT ["/app"]', 'CMD ["x"]\nENTRYPOINT ["/app"]'),
    ],
)
def test_entrypoint(instructions: str, expected: str) -> None:
    assert_lines(instructions, expected)


def test_the_shell_in_force_is_written_out() -> None:
    assert_lines(
        'SHELL ["/bin/ash", "-eo", "pipefail", "-c"]\nENTRYPOINT a',
        'ENTRYPOINT ["/bin/ash", "-eo", "pipefail", "-c", "a"]',
        ["EM613"],
    )


def test_a_shell_after_it_does_not_rewrite_it() -> None:
    assert_lines('ENTRYPOINT a\nSHELL ["/bin/bash", "-c"]', 'ENTRYPOINT ["/bin/sh", "-c", "a"]', ["EM613"])
