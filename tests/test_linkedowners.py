"""The RUN chown behind a linked copy with an owner."""

from __future__ import annotations

import pytest
from support import body, codes, converted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("WORKDIR /app\nCOPY --link --chown=1:2 a .", "RUN chown 1:2 /app"),
        ("COPY --link --chown=app:app a /opt/x/", "RUN chown app:app /opt /opt/x"),
        ("COPY --link --chown=1:2 a /opt/x/y", "RUN chown 1:2 /opt /opt/x"),
        ("ENV O=1:2\nCOPY --link --chown=$O a /opt/x/", 'RUN chown "$O" /opt /opt/x'),
    ],
)
def test_folders_get_the_owner(lines: str, wanted: str) -> None:
    result = converted(f"FROM alpine:3.20\n{lines}\n")
    assert body(result)[-1] == wanted
    assert codes(result) == ["EM436"]


@pytest.mark.parametrize(
    "lines",
    [
        "COPY --link --chown=1 a /opt/x/",  # the group would stay
        "USER 5\nCOPY --link --chown=1:2 a /opt/x/",
        "COPY --link --chown=1:2 a /tmp/x/",  # /tmp has a mode of its own
        "COPY --link --chown=1:2 a /opt",  # takes the place of the folder
    ],
)
def test_elsewhere_it_is_said(lines: str) -> None:
    result = converted(f"FROM alpine:3.20\n{lines}\n")
    assert "RUN" not in " ".join(body(result))
    assert "EM426" in codes(result)


def test_nothing_to_do() -> None:
    for lines in ("COPY --link --chown=1:2 a /", "COPY --chown=1:2 a /opt/x/", "COPY --link --chown=0:0 a /opt/x/"):
        result = converted(f"FROM alpine:3.20\n{lines}\n")
        assert codes(result) == []
        assert len(body(result)) == 1
