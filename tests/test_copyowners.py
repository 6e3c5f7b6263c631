"""Where cp brings files with their owners, and where it cannot."""

from __future__ import annotations

import pytest
from support import codes, converted, targets

FIND = "find /.copied -mindepth 1 -maxdepth 1 -exec cp -a '{}'"
PRODUCER = "FROM alpine:3.20 AS b\nRUN mkdir /o && touch /o/x /o/x.jar && chown -R 5 /o\n"


@pytest.mark.parametrize(
    ("lines", "place", "last"),
    [
        # A folder by its name, or because one is there.
        ("COPY --from=b /o /tmp/", "/.copied/", f"RUN {FIND} /tmp/ ';' &&"),
        ("COPY --from=b /o /tmp", "/.copied/", f"RUN {FIND} /tmp/ ';' &&"),
        ("COPY --from=b /o/ /tmp/t", "/.copied/", "RUN mkdir -p /tmp/t &&"),
        # A name that says that it is a file's, and one that does not.
        ("COPY --from=b /o/x.jar /root/y.jar", "/.copied/", "RUN cp -a /.copied/x.jar /root/y.jar &&"),
        ("COPY --from=b /o/x.jar /home/a/y.jar", "/.copied/", "RUN mkdir -p /home/a && cp -a /.copied/x.jar /home/a"),
        ("COPY --from=b /o /root/y", "/.copied/o", "RUN if [ -d /.copied/o ]; then"),
        # A variable that a shell sees too.
        ("ARG D=/tmp/d\nCOPY --from=b /o $D/", "/.copied/", 'RUN mkdir -p "${D}" &&'),
    ],
)
def test_cp_brings_them(lines: str, place: str, last: str) -> None:
    result = converted(f"{PRODUCER}FROM alpine:3.20\n{lines}\n")
    made = targets(result)["docker"]
    copy = next(line for line in made if line.startswith("COPY"))
    assert copy.startswith("COPY --keep-own +b/o")
    assert copy.endswith(f" {place}")
    assert f"    {last}" in (result.earthfile or "")
    assert "EM432" in codes(result)


def test_root_does_it_and_the_user_comes_back() -> None:
    result = converted(f"{PRODUCER}FROM alpine:3.20\nUSER 7\nCOPY --from=b /o/x.jar /tmp/\n")
    made = [line for line in targets(result)["docker"] if line.split()[0] in ("USER", "RUN", "COPY")]
    assert [line.split()[0] for line in made] == ["USER", "COPY", "USER", "RUN", "USER"]
    assert (made[2], made[4]) == ("USER root", "USER 7")


@pytest.mark.parametrize(
    "lines",
    [
        "ARG WHO=x\nUSER $WHO\nCOPY --from=b /o /tmp/",  # who comes back is not known
        "ARG D=/tmp/d\nCOPY --from=b /o/x $D",  # a folder or a name, as the build likes
        "ARG D=/tmp/d\nCOPY --from=b /o ${D:-e}/",
        "COPY --from=b /o/x* /tmp/",  # nothing may match
        'COPY --from=b ["/o", "/tmp/a b/"]',
    ],
)
def test_where_cp_cannot(lines: str) -> None:
    result = converted(f"{PRODUCER}FROM alpine:3.20\n{lines}\n", fallback="dockerfile")
    assert "FROM DOCKERFILE" in (result.earthfile or "")


def test_data_of_an_unknown_image_may_be_of_its_user() -> None:
    copies = "COPY --from=acme/tools:1 /home /var/run/x/\nCOPY --from=acme/tools:1 /usr/bin/t /bin/t"
    result = converted(f"FROM alpine:3.20\n{copies}\n")
    made = targets(result)["docker"]
    assert made[1] == "COPY --keep-own +tools/home /.copied/"
    assert made[-2] == "COPY +tools/usr/bin/t /bin/t"
