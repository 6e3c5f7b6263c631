"""What the static level finds, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.verify.static import check

GOLDEN = sorted((Path(__file__).resolve().parent.parent / "golden").glob("*/Earthfile"))


def codes(text: str) -> list[tuple[int, str]]:
    return [(found.span.start.line, found.error.code) for found in check("VERSION 0.8\n" + text)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_what_we_write_resolves(path: Path) -> None:
    assert check(path.read_text(encoding="utf-8")) == ()


@pytest.mark.parametrize(
    "command",
    [
        "COPY +a/out /x",
        "COPY +a/out/deep/file /x",
        "COPY +a/ /x/",
        "COPY +a/* /x/",
        "COPY +a/lib/*.so /x/",
        "COPY +a/c\\+\\+/x /x",
        "COPY (+a/out --A=1) /x",
        "COPY --if-exists +a/nothing /x",
        'COPY "+a/out" /x',
        "COPY +a/one /x",
        "COPY +$T/x /x",
        "COPY +a/$X /x",
        "COPY ./other+t/x /x",
        "COPY github.com/x/y+t/z /x",
        "COPY file+name /x",
        "FROM +a",
        "FROM +base",
        "FROM ./other+t",
        "BUILD +a",
        "IF true\n        COPY +a/out /x\n    END",
        "FROM DOCKERFILE -f +a/out +a/",
        'RUN ["COPY", "+nope/x"]',
    ],
)
def test_what_is_there_is_found(command: str) -> None:
    saves = ("/x/out", "/x /lib", "/c++ /c++", "one/", "$V/y AS LOCAL z")
    saved = "".join(f"    SAVE ARTIFACT {save.replace('+', chr(92) + '+')}\n" for save in saves[:4])
    assert codes(f"a:\n    FROM x\n{saved}b:\n    FROM x\n    {command}\n") == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("COPY +nope/x /x", "EM941"),
        ("FROM +nope", "EM941"),
        ("BUILD +nope", "EM941"),
        ("FROM DOCKERFILE -f +nope/Dockerfile .", "EM941"),
        ("COPY +a/in /x", "EM942"),
        ("COPY +a/out +a/in /x", "EM942"),
        ("COPY (+a/in --A=1) /x", "EM942"),
        ("COPY +a/outside /x", "EM942"),
        ("COPY +c/ /x", "EM942"),
        ("IF true\n        COPY +a/in /x\n    END", "EM942"),
        ("nonsense", "EM940"),
    ],
)
def test_what_is_not_there_is_reported(command: str, code: str) -> None:
    text = f"a:\n    FROM x\n    SAVE ARTIFACT /x/out\nc:\n    FROM x\nb:\n    FROM x\n    {command}\n"
    assert [found for _, found in codes(text)] == [code]


def test_the_whole_root_and_unknown_names_serve_for_everything() -> None:
    text = "a:\n    FROM x\n    SAVE ARTIFACT --symlink-no-follow /* /\nc:\n    FROM x\n    SAVE ARTIFACT $OUT\n"
    assert codes(text + "b:\n    COPY +a/any/path +a/ +c/thing /x/\n") == []


def test_the_line_is_that_of_the_command() -> None:
    assert codes("a:\n    FROM x\n\n    COPY \\\n      +nope/x /x\n") == [(5, "EM941")]
