"""Bind mounts: which become copies, and what happens to them."""

from __future__ import annotations

import pytest
from support import DictContext, body, codes, converted

#: ``build`` is no image and nobody is FROM it; the last stage takes one path beside the mounts.
WORKSHOP = "FROM alpine:3.20 AS build\nWORKDIR /src\n{lines}\nFROM alpine:3.20\nCOPY --from=build {path} /x\n"
IMAGE = "FROM alpine:3.20\nWORKDIR /app\n{lines}\n"


def workshop(lines: str, path: str = "/out/x") -> tuple[list[str], list[str]]:
    conversion = converted(WORKSHOP.format(lines=lines, path=path), fallback="comment")
    return body(conversion, "build")[1:-1], [code for code in codes(conversion) if code[:3] == "EM5"]


def image(lines: str, base: str = "alpine:3.20") -> tuple[list[str], list[str]]:
    conversion = converted(IMAGE.format(lines=lines).replace("alpine:3.20", base), fallback="comment")
    return body(conversion)[1:], [code for code in codes(conversion) if code[:3] == "EM5"]


@pytest.mark.parametrize(
    ("before", "mount", "after"),
    [
        ("", "target=.", ""),
        ("RUN apk add git && adduser -D a\n", "target=.", ""),
        ("RUN go mod download\n", "target=.", ""),
        ("COPY go.mod ./\n", "target=.", ""),
        ("COPY . .\n", "source=go.mod,target=go.mod", ""),
        ("RUN --mount=source=go.mod,target=go.mod go mod download\n", "target=.", ""),
        ("", "source=go.mod,target=go.mod", "\nCOPY . ."),
        ("", "target=/ctx", "\nRUN make-it"),
        # A file that may be there is hidden for good: nothing looks there afterwards.
        ("RUN echo a > go.mod\n", "source=go.mod,target=go.mod", ""),
    ],
)
def test_a_copy_that_nothing_sees(before: str, mount: str, after: str) -> None:
    lines, found = workshop(f"{before}RUN --mount={mount} make-it > /out/x{after}")
    assert set(found) == {"EM530"}
    assert "RUN make-it > /out/x" in lines
    assert not any("rm -rf" in line for line in lines)


@pytest.mark.parametrize(
    "before",
    ["RUN echo a > b\n", "COPY a/ .\n", "RUN ./configure\n", "RUN pip install .\n", "COPY --chown=5 . .\n"],
)
def test_a_copy_where_something_else_was(before: str) -> None:
    lines, found = workshop(f"{before}RUN --mount=target=. make-it > /out/x")
    assert found == ["EM537"]
    assert lines[-3:] == ["RUN rm -rf /src", "COPY . .", "RUN make-it > /out/x"]


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("RUN --mount=source=lib,target=lib cp lib/a b", "/src"),
        ("RUN --mount=source=go.mod,target=go.mod cp go.mod x\nRUN ls", "/out/x"),
        ("RUN --mount=source=go.mod,target=/tmp/go.mod cp /tmp/go.mod x\nRUN ls /tmp", "/out/x"),
        ("RUN --mount=source=go.mod,target=go.mod x\nCOPY --from=alpine:3.20 /etc/passwd go.mod", "/out/x"),
    ],
)
def test_a_copy_that_is_removed(lines: str, path: str) -> None:
    made, found = workshop(lines, path)
    assert found == ["EM536"]
    assert any(line.startswith("RUN rm -rf /") for line in made)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("RUN --mount=target=/ ls > /out/x", "/out/x"),
        ("ARG D=/d\nRUN --mount=target=$D ls > /out/x", "/out/x"),
        ("RUN --mount=target=/d --mount=from=alpine:3.20,target=/d ls > /out/x", "/out/x"),
        ("RUN --mount=target=/d/e --mount=type=tmpfs,target=/d ls > /out/x", "/out/x"),
        ("RUN --mount=from=scratch,target=/d ls > /out/x", "/out/x"),
        ("RUN --mount=target=/etc ls > /out/x", "/out/x"),
    ],
)
def test_no_copy(lines: str, path: str) -> None:
    _, found = workshop(lines, path)
    assert "EM520" in found
    assert not {"EM530", "EM536", "EM537"} & set(found)


@pytest.mark.parametrize(
    ("lines", "removed"),
    [
        ("RUN --mount=source=r.txt,target=r.txt pip install -r r.txt", "/app/r.txt"),
        ("RUN --mount=source=r.txt,target=/tmp/r.txt pip install -r /tmp/r.txt\nCOPY . .", "/tmp/r.txt"),
        ("RUN apk add a\nRUN --mount=source=r.txt,target=r.txt x", "/app/r.txt"),
        ("COPY a.txt ./\nRUN --mount=source=r.txt,target=r.txt x", "/app/r.txt"),
        ("RUN npm ci\nRUN --mount=source=r.txt,target=r.txt x", "/app/r.txt"),
        ("RUN --mount=source=scripts,target=/scripts /scripts/a", "/scripts"),
        ("RUN --mount=from=busybox,source=/bin/busybox,target=/usr/local/bin/box box a", "/usr/local/bin/box"),
        ("RUN --mount=source=a.txt,target=a.txt --mount=source=b.txt,target=b.txt x", "/app/a.txt /app/b.txt"),
        ("RUN --mount=source=a.txt,target=a.txt cp a.txt b\nRUN --mount=source=a.txt,target=a.txt x", "/app/a.txt"),
    ],
)
def test_in_an_image(lines: str, removed: str) -> None:
    made, found = image(lines)
    assert set(found) == {"EM536"}
    assert f"RUN rm -rf {removed}" in made


@pytest.mark.parametrize(
    "lines",
    [
        "RUN --mount=target=. pip install .",
        "RUN --mount=target=/ctx ls /ctx",
        "RUN --mount=source=a.conf,target=/etc/a.conf x",
        "RUN box\nRUN --mount=from=busybox,source=/bin/busybox,target=/usr/local/bin/box box a",
        "USER $U\nRUN --mount=source=r.txt,target=r.txt x",
    ],
)
def test_no_copy_in_an_image(lines: str) -> None:
    assert "EM520" in image(lines)[1]


def test_a_copy_in_a_copy() -> None:
    lines = (
        "RUN --mount=from=busybox,source=/bin/sh,target=/opt/lib/sh,rw --mount=source=lib,target=/opt/lib x\n"
        "RUN --mount=source=lib,target=/srv/lib --mount=from=busybox,source=/bin/sh,target=/srv/lib/sh x"
    )
    made, found = image(lines)
    assert set(found) == {"EM536"}
    assert made[:4] == [
        "COPY lib /opt/lib",
        "RUN rm -rf /opt/lib/sh",  # the other copy may have a folder there
        "COPY +busybox/bin/sh /opt/lib/sh",
        "RUN x",
    ]
    assert made[4] == "RUN rm -rf /opt/lib"


def test_root_removes_what_another_user_saw() -> None:
    made, _ = image("USER 1000:5\nRUN --mount=source=r.txt,target=/tmp/r.txt x")
    assert made[:3] == ["USER 1000:5", "COPY --chown=0:0 r.txt /tmp/r.txt", "RUN x"]
    assert made[3:] == ["USER root", "RUN rm -rf /tmp/r.txt", "USER 1000:5"]


def test_folders_that_an_image_lacks() -> None:
    mount = "RUN --mount=source=r.txt,target=/opt/r.txt x"
    assert image(mount)[1] == ["EM536"]
    made, found = image(mount, "busybox")
    assert found == ["EM536"]
    assert "RUN rm -rf /opt" in made


@pytest.mark.parametrize(
    ("lines", "aside", "back"),
    [
        ("RUN --mount=source=lib,target=. ls", "mv /app /.aside", "rm -rf /app && mv /.aside /app"),
        ("COPY . .\nRUN --mount=source=r.txt,target=r.txt x", "if [ -e /app/r.txt ]; then", "rm -rf /app/r.txt && if"),
        ("RUN echo a > r.txt\nRUN --mount=source=r.txt,target=r.txt x", "if [ -e /app/r.txt ]", "rm -rf /app/r.txt"),
        ("RUN ./setup\nRUN --mount=source=r.txt,target=r.txt x", "if [ -e /app/r.txt ]", "rm -rf /app/r.txt"),
        ("RUN npm init -y\nRUN --mount=source=p.json,target=p.json x", "if [ -e /app/p.json ]", "rm -rf /app/p.json"),
        ("RUN --mount=source=lib,target=/opt ls", "mv /opt /.aside", "rm -rf /opt && mv /.aside /opt"),
        ("WORKDIR /a b\nRUN --mount=source=lib,target=. ls", "mv '/a b' /.aside", "rm -rf '/a b' && mv /.aside '/a b'"),
    ],
)
def test_what_is_there_is_moved_aside(lines: str, aside: str, back: str) -> None:
    made, found = image(lines)
    assert found == ["EM546"]
    runs = [line for line in made if line.startswith("RUN ")]
    assert runs[-3].startswith(f"RUN {aside}")
    assert runs[-1].startswith(f"RUN {back}")


@pytest.mark.parametrize(
    "lines",
    [
        "RUN --mount=source=lib,target=. ls /",  # it would see what was moved
        "RUN --mount=source=lib,target=. for f in /*; do echo $f; done",
        "WORKDIR lib\nRUN --mount=source=lib,target=/app ls",  # a RUN cannot start in a folder that is away
        "RUN setcap a=ep /app/x\nRUN --mount=source=lib,target=. ls",  # mv of some systems loses that
        "RUN --mount=source=lib,target=/tmp ls",
        "RUN --mount=source=lib,target=/usr/share ls",
    ],
)
def test_what_cannot_be_moved(lines: str) -> None:
    assert "EM520" in image(lines)[1]


def test_two_are_moved_aside_together() -> None:
    made, _ = image("RUN mkdir -p a b\nRUN --mount=source=lib,target=a --mount=source=lib,target=b x")
    assert made[1] == "RUN mv /app/a /.aside && mv /app/b /.aside-1"
    assert made[-1] == "RUN rm -rf /app/a /app/b && mv /.aside /app/a && mv /.aside-1 /app/b"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("RUN --mount=target=. ls > /out/x", "/src/x"),  # the consumer takes what the copy would leave
        ("RUN --mount=target=. ls > /out/x", "/"),
        ("RUN --mount=target=. ls > /out/x\nRUN ls > /out/y", "/out"),  # a later RUN would see it
    ],
)
def test_others_take_what_was_there(lines: str, path: str) -> None:
    made, found = workshop(lines, path)
    assert found == ["EM546"]
    assert "RUN rm -rf /src && mv /.aside /src" in made


@pytest.mark.parametrize(
    ("files", "is_copied"),
    [
        ({"a.txt": b"a"}, True),
        ({"a.txt": b"a", ".env": b"PASSWORD=1"}, False),
        ({"a.txt": b"a", ".git/HEAD": b"ref"}, False),
        ({"a.txt": b"a" * 5_000_000}, False),
    ],
)
def test_the_whole_context_enters_an_image_only_when_it_is_small_and_plain(
    files: dict[str, bytes], is_copied: bool
) -> None:
    text = IMAGE.format(lines="COPY a.txt .\nRUN --mount=target=. x\nRUN --mount=target=/ctx x")
    found = codes(converted(text, DictContext(files), fallback="comment"))
    assert ("EM520" in found) is not is_copied
    assert ({"EM546", "EM536"} <= set(found)) is is_copied


def test_stages_whose_image_is_kept_are_no_workshops() -> None:
    text = "FROM alpine:3.20 AS a\nRUN true\nFROM a AS b\nRUN --mount=target=/m ls\nFROM b\nRUN --mount=target=/m ls\n"
    assert codes(converted(text, fallback="comment")).count("EM520") == 2


def test_an_image_that_only_a_comment_mounts_gets_no_target() -> None:
    text = IMAGE.format(lines="RUN --mount=from=busybox,target=/etc ls")
    assert "busybox:" not in (converted(text, fallback="comment").earthfile or "")
