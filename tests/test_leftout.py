"""The files of earth that FROM DOCKERFILE leaves out of the context."""

from __future__ import annotations

import pytest
from support import DictContext, converted

ARRAY = 'CMD ["echo", "\\u001b[1m"]\n'


def lines(text: str, context: DictContext) -> list[int]:
    """The lines that miss a file."""
    conversion = converted(text, context, fallback="dockerfile")
    return [item.span.start.line for item in conversion.diagnostics if item.code == "EM228" and item.span]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("COPY . /x", True),
        ("COPY / /x", True),
        ("ADD . /x", True),
        ("COPY $A /x", True),
        ("COPY .earthlyignore /x", True),
        ("COPY .earth* /x", True),
        ("RUN --mount=type=bind,target=/m x", True),
        ("COPY sub /x", False),
        ("COPY *.txt /x", False),
        ("COPY --from=busybox / /x", False),
        ("RUN --mount=type=bind,source=sub,target=/m x", False),
        ("RUN --mount=type=bind,from=busybox,target=/m x", False),
    ],
)
def test_who_takes_it(line: str, found: bool) -> None:
    context = DictContext({".earthlyignore": b"", "sub": None, "a.txt": b""}, own="")
    assert lines(f"FROM alpine:3.20\nARG A\n{line}\n{ARRAY}", context) == ([3] if found else [])


def test_nothing_to_say_where_there_is_none() -> None:
    assert lines(f"FROM alpine:3.20\nCOPY . /x\n{ARRAY}", DictContext({"a.txt": b""})) == []


def test_the_stages_that_it_is_made_from_count() -> None:
    text = f"FROM alpine:3.20 AS b\nCOPY . /x\nFROM alpine:3.20\nCOPY --from=b /x /x\n{ARRAY}"
    assert lines(text, DictContext({"build.earth": b""})) == [2]


def test_native_stages_miss_nothing() -> None:
    assert lines("FROM alpine:3.20\nCOPY . /x\n", DictContext({"build.earth": b""})) == []
