"""Links that lead out of a folder which others copy from."""

from __future__ import annotations

import pytest
from support import codes, converted, targets

from migrate.outlinks import lead_out, may_dangle


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mkdir -p /o/s && ln -s nowhere /o/s/dang", True),
        ("ln -s ../gone /o/s/", True),
        ("cd /o/s && ln -s gone dang", True),
        ("echo 1 > /o/s/a && ln -s a /o/s/b", False),
        ("ln -s /usr/bin/python3 /o/s/python", False),
        # Docker refuses a link to nothing that the pattern itself names.
        ("ln -s nowhere /o/dang", False),
        ("ln -s nowhere /elsewhere/s/dang", False),
        ("ln /o/a /o/s/hard", False),
        ("make", False),
    ],
)
def test_links_to_nothing_below_what_a_pattern_takes(text: str, expected: bool) -> None:
    assert may_dangle([text], "/o") is expected


def test_a_pattern_over_links_to_nothing_is_said() -> None:
    text = "FROM alpine:3.20 AS p\nRUN mkdir -p /o/s && ln -s gone /o/s/x\nFROM alpine:3.20\nCOPY --from=p {} /y/\n"
    assert codes(converted(text.format("/o/*"))) == ["EM434"]
    assert codes(converted(text.format("/o"))) == []
    # The link may come with a copy, and a distribution has links of its own.
    copied = "FROM scratch AS s\nCOPY --from=p /o /o\nFROM alpine:3.20\nCOPY --from=s /o/* /y/\n"
    assert codes(converted(text.format("/o") + copied)) == ["EM434"]
    assert codes(converted("FROM alpine:3.20 AS p\nRUN true\nFROM alpine:3.20\nCOPY --from=p /* /y/\n")) == ["EM434"]
    assert codes(converted("FROM scratch AS p\nCOPY a /a\nFROM alpine:3.20\nCOPY --from=p /[a] /y/\n")) == ["EM437"]
