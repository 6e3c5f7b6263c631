"""Links that lead out of a folder which others copy from."""

from __future__ import annotations

import pytest
from support import converted, targets

from migrate.outlinks import lead_out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ln -s /v2 /o/cur", True),
        ("mkdir /o && ln -sf /v2/lib /o/lib", True),
        ("ln -s /o/v2 /o/cur", False),
        ("ln -s v2 /o/cur", False),
        ("ln -s ../v2 /o/cur", True),
        ("ln -s ../v2 /o/sub/cur", False),
        ("ln -s /v2 /elsewhere", False),
        ("ln -s /v2 /o", False),
        ("ln -s /v2/x /o/", True),
        ("cd /o && ln -s /v2", True),
        ("cd /o && ln -s v2 cur", False),
        ("ln -s $TARGET /o/cur", True),
        ("ln /v2 /o/cur", False),
        ("ls -l /o", False),
        ("make", False),
    ],
)
def test_lead_out(text: str, expected: bool) -> None:
    assert lead_out([text], "/o") is expected


@pytest.mark.parametrize(
    ("copies", "saves"),
    [
        ("COPY --from=b /o/* /x/", ["--symlink-no-follow /* /"]),
        ("COPY --from=b /o /x/\nCOPY --from=b /o/cur/t /y", ["--symlink-no-follow /* /"]),
        ("COPY --from=b /o /x/", ["/o /o"]),
        ("COPY --from=b /o/cur/t /y", ["/o/cur/t /o/cur/t"]),
        ("COPY --from=b /p/* /x/", ["/p /p"]),
    ],
)
def test_the_root_is_saved_where_such_a_link_is_followed(copies: str, saves: list[str]) -> None:
    text = f"FROM alpine AS b\nRUN mkdir /v2 && touch /v2/t && ln -s /v2 /o/cur\nFROM alpine\n{copies}\n"
    found = [line.removeprefix("SAVE ARTIFACT ") for line in targets(converted(text))["b"][2:]]
    assert found == saves
