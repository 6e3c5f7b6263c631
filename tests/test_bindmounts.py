"""Bind mounts: copied in place where what they leave behind does no harm, a comment everywhere else."""

from __future__ import annotations

import pytest
from support import body, codes, converted

#: ``build`` is no image and nobody is FROM it; the last stage takes one path beside the mount.
FRAME = """FROM alpine:3.20 AS tools
RUN true
FROM alpine:3.20 AS build
WORKDIR /src
{lines}
FROM alpine:3.20
COPY --from=build {path} /x
"""


def build_lines(lines: str, path: str = "/out/x") -> tuple[list[str], list[str]]:
    conversion = converted(FRAME.format(lines=lines, path=path))
    return body(conversion, "build"), codes(conversion)


@pytest.mark.parametrize(
    ("mount", "copy"),
    [
        ("type=bind,target=.", "COPY . ."),
        ("target=/ctx,rw", "COPY . /ctx"),
        ("type=bind,source=go.mod,target=go.mod", "COPY go.mod go.mod"),
        ("source=/a/../b,dst=/b", "COPY b /b"),
        ("from=tools,target=/t", "COPY --keep-own +tools/ /t"),
        ("from=tools,source=/bin/sh,target=/t/sh", "COPY +tools/bin/sh /t/sh"),
        ("type=bind,from=0,source=/a,target=/t", "COPY --keep-own +stage-0/a /t"),
    ],
)
def test_in_a_stage_that_is_no_image(mount: str, copy: str | None) -> None:
    lines, found = build_lines(f"RUN --mount={mount} make-it > /out/x")
    if copy is None:
        assert "EM520" in found
        assert not any(line.startswith(("COPY", "RUN")) for line in lines)
    else:
        assert lines[1:3] == [copy, "RUN make-it > /out/x"]
        assert "EM530" in found


def test_another_user_reads_files_of_root() -> None:
    lines, _ = build_lines("USER 1000\nRUN --mount=target=/m ls > /out/x")
    assert "COPY --chown=0:0 . /m" in lines
