"""Who owns what: evidence for other users, and where --keep-own is safe (hard-cases.md 4)."""

from __future__ import annotations

import pytest
from support import codes, converted, targets


@pytest.mark.parametrize(
    ("lines", "path", "is_foreign"),
    [
        ("RUN make", "/out", False),
        ("USER app", "/out", True),
        ("USER root", "/out", False),
        ("USER 0:0", "/out", False),
        ("RUN chown app /out", "/out", True),
        ("RUN chown -R app:app /out", "/out/x", True),
        ("RUN chown app /out/x", "/out", True),
        ("RUN chown app /srv", "/out", False),
        ("RUN chown app /outer", "/out", False),
        ("RUN chown app $DIR", "/out", True),
        ("RUN chown app *", "/out", True),
        ("RUN make && tar -xzf a.tgz", "/out", True),
        ("RUN make && tar --no-same-owner -xzf a.tgz", "/out", False),
        ("RUN unzip -o a.zip", "/out", False),  # only -X gives files back to their owners
        ("RUN unzip -oX a.zip", "/out", True),
        ("RUN chown app /a && ln -s /a /out", "/out", True),
        ("RUN chown app /a && ln -s /out /b/c", "/out", True),
        ("RUN chown app /a && ln -s /a /outer", "/out", False),
        ("RUN install -o app a /out", "/out", True),
        ("RUN install -Do app a /out", "/out", True),
        ("RUN install --owner=app a /out", "/out", True),
        ("RUN install a /out", "/out", False),
        ("RUN echo chown", "/out", False),
        ("RUN <<EOF\nchown app /out\nEOF", "/out", True),
        ("COPY --chown=app a /out", "/out", True),
        ("COPY --chown=root:root a /out", "/out", False),
        ("ONBUILD USER app", "/out", False),
    ],
)
def test_evidence(lines: str, path: str, is_foreign: bool) -> None:
    conversion = converted(f"FROM alpine:3.20 AS b\n{lines}\nFROM alpine\nCOPY --from=b {path} /opt/\n")
    assert targets(conversion)["docker"][1] == f"COPY {'--keep-own ' if is_foreign else ''}+b{path} /opt/"


def test_evidence_of_a_parent_stage_counts() -> None:
    text = "FROM alpine AS a\nRUN chown 5 /out\nFROM a AS b\nRUN make\nFROM alpine\nCOPY --from=b /out /opt/\n"
    assert targets(converted(text))["docker"][1] == "COPY --keep-own +b/out /opt/"


def test_owners_follow_a_second_copy() -> None:
    first = "FROM alpine AS a\nRUN chown 5 /x\nFROM alpine AS b\nCOPY --from=a /x /opt/x\n"
    text = f"{first}FROM alpine\nCOPY --from=b /opt/x /srv/x\n"
    assert targets(converted(text))["docker"][1] == "COPY --keep-own +b/opt/x /srv/x"


@pytest.mark.parametrize(
    ("destination", "is_kept"),
    [
        ("/usr/local/bin/", True),
        ("/opt/app/", True),
        ("/srv/x", True),
        ("/etc/x", True),
        ("/tmp/", False),
        ("/tmp/x/", False),
        ("/root/", False),
        ("/home/app/", False),
        ("/bin/x", False),
        ("/var/run/x", False),
        ("/lib/x", False),
    ],
)
def test_where_owners_can_be_kept(destination: str, is_kept: bool) -> None:
    conversion = converted(f"FROM alpine AS b\nRUN chown 5 /x\nFROM alpine\nCOPY --from=b /x {destination}\n")
    line = targets(conversion)["docker"][1]
    if is_kept:
        assert line == f"COPY --keep-own +b/x {destination}"
    elif destination.endswith("/"):
        assert line == "COPY --keep-own +b/x /.copied/"
        assert f"-exec cp -a '{{}}' {destination} ';' && " in (conversion.earthfile or "")
        assert "EM432" in codes(conversion)
    else:
        assert line == "COPY --keep-own +b/x /.copied/x"
        assert f"cp -a /.copied/x {destination};" in (conversion.earthfile or "")
        assert "EM432" in codes(conversion)


@pytest.mark.parametrize(
    "before",
    [
        "RUN mkdir /d && chown 5 /d",
        "RUN mkdir /d && chmod 1777 /d",
        "RUN mkdir -m 711 /d",
        "RUN umask 077 && mkdir /d",
        "COPY --chown=5 x /d/x",
        "COPY --chmod=700 x/ /d/x/",
        "RUN ln -s /e /d",
        "USER app\nWORKDIR /d\nUSER root",
    ],
)
def test_a_folder_that_the_text_changed_is_not_reset(before: str) -> None:
    conversion = converted(f"FROM alpine AS b\nRUN chown 5 /x\nFROM alpine\n{before}\nCOPY --from=b /x /d/\n")
    assert "COPY --keep-own +b/x /.copied/" in targets(conversion)["docker"]


@pytest.mark.parametrize(
    ("image", "copy"),
    [
        ("alpine", "COPY a /x/"),
        ("example.com/unknown", "COPY --chown=0:0 a /x/"),
        ("gcr.io/distroless/static:nonroot", "COPY --chown=0:0 a /x/"),
        ("jenkins/jenkins:lts", "COPY --chown=0:0 a /x/"),
    ],
)
def test_the_user_of_the_base_image(image: str, copy: str) -> None:
    assert targets(converted(f"FROM {image}\nCOPY a /x/\n"))["docker"][1] == copy


@pytest.mark.parametrize(
    ("run", "is_file"),
    [
        ("go build -o /out/x .", True),
        ("echo 1 >/out/x", True),
        ("touch '/out/x' && true", True),
        ("mkdir -p /out/x && touch /out/x/y", False),
        ("make", False),
        ("echo 1 > /out/xy", False),
    ],
)
def test_what_is_written_to_is_a_file(run: str, is_file: bool) -> None:
    conversion = converted(f"FROM alpine AS b\nRUN {run}\nFROM alpine\nCOPY --from=b --chmod=600 /out/x /srv/x\n")
    assert ("EM406" in codes(conversion)) is not is_file
