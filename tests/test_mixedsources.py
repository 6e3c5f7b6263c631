"""Files and heredocs in one COPY."""

from __future__ import annotations

import pytest
from support import body, codes, converted


@pytest.mark.parametrize("keyword", ["COPY", "ADD"])
def test_files_first(keyword: str) -> None:
    lines = body(converted(f"FROM alpine:3.20\n{keyword} <<one a.txt <<two b.txt /etc/x/\n1\none\n2\ntwo\n"))
    assert lines[0] == "COPY a.txt b.txt /etc/x/"
    written = [line.split(">")[1].split()[0] for line in lines if line.strip().startswith(">")]
    assert written == ["/etc/x/one", "/etc/x/two"]


@pytest.mark.parametrize("line", ["COPY --from=a /x <<one /etc/x/\n1\none", "COPY a.txt <<one .\n1\none"])
def test_what_stays(line: str) -> None:
    found = codes(converted(f"FROM alpine AS a\nFROM alpine:3.20\n{line}\n"))
    assert "EM403" in found
