"""Verdicts in words: one sentence, rows by kind and folder, never thousands of lines."""

from __future__ import annotations

from migrate.diagnostics import Grade
from migrate.report.verdicts import Origin, as_data, render, sentence
from migrate.verify.compare import Aspect, Comparison, Difference

ARROW = " (Dockerfile's image -> Earthfile's image)"


def said(*differences: Difference, grade: Grade = Grade.DIFFERS, unstable: tuple[bytes, ...] = ()) -> Comparison:
    return Comparison(grade, differences, unstable, 1000)


def mode(path: bytes, docker: str = "0755", earth: str = "0644") -> Difference:
    return Difference(Aspect.MODE, path, docker, earth)


def missing(path: bytes, kind: str = "file") -> Difference:
    return Difference(Aspect.MISSING, path, kind, None)


def rows(*differences: Difference) -> list[str]:
    return [line.strip() for line in render("t", said(*differences)).splitlines()[1:]]


def test_sentences() -> None:
    assert sentence(said(grade=Grade.EXACT)) == "exact"
    unstable = tuple(b"%d" % number for number in range(14))
    assert sentence(said(grade=Grade.EQUAL, unstable=unstable)) == "equal, 14 unstable paths"
    time = Difference(Aspect.TIME, b"a", "1", "2")
    assert sentence(said(time, grade=Grade.EQUAL)) == "equal, but the timestamps of 1 path differ" + ARROW
    cmd = Difference(Aspect.CONFIG, b"", None, "x", "Cmd")
    assert sentence(said(mode(b"a"), mode(b"a"), mode(b"b"), cmd)) == "differs in 2 paths and 1 config field" + ARROW
    assert sentence(said(cmd, unstable=(b"a",))) == "differs in 1 config field, 1 unstable path" + ARROW


def test_config_rows_name_the_lines() -> None:
    env = Difference(Aspect.CONFIG, b"", "A=1", None, "Env", "A")
    cmd = Difference(Aspect.CONFIG, b"", '["a"]', '["b"]', "Cmd")
    places = {("Env", "A"): Origin(3, 7), ("Cmd", ""): Origin(earthfile=9)}
    assert render("app", said(env, cmd), places) == (
        f"app: differs in 2 config fields{ARROW}\n"
        "  config Env A: 1 -> not set (Dockerfile line 3, Earthfile line 7)\n"
        '  config Cmd: ["a"] -> ["b"] (Earthfile line 9)\n'
    )


def test_an_empty_value_is_not_an_absent_one() -> None:
    assert rows(Difference(Aspect.CONFIG, b"", "A=", None, "Env", "A")) == ['config Env A: "" -> not set']


def test_paths_are_grouped_by_kind_and_folder() -> None:
    found = [mode(b"opt/%d" % number) for number in range(5)]
    assert rows(*found, mode(b"opt/x", "0755", "0700"), mode(b"srv/a")) == [
        "mode 0755 -> 0644: 5 paths: /opt/0, /opt/1, /opt/2 and 2 more",
        "mode 0755 -> 0700: /opt/x",
        "mode 0755 -> 0644: /srv/a",
    ]


def test_contents_show_their_sizes() -> None:
    one, other = "12 bytes, sha256 aa", "12 bytes, sha256 bb"
    assert rows(Difference(Aspect.CONTENT, b"a", one, other)) == ["content, 12 bytes on both sides: /a"]
    other = "13 bytes, sha256 bb"
    assert rows(Difference(Aspect.CONTENT, b"a", one, other)) == ["content 12 bytes -> 13 bytes: /a"]
    two = [Difference(Aspect.CONTENT, b"a", one, other), Difference(Aspect.CONTENT, b"b", other, one)]
    assert rows(*two) == ["content: 2 paths: /a, /b"]


def test_a_folder_that_one_side_lacks_is_one_row() -> None:
    below = [missing(b"opt/a/%d" % number) for number in range(4)]
    deeper = [missing(b"opt/a/x", "directory"), missing(b"opt/a/x/y")]
    found = [missing(b"opt/a", "directory"), missing(b"opt/a-b", "directory"), *below, *deeper]
    assert rows(*found) == ["only in the Dockerfile's image: 2 paths: /opt/a, /opt/a-b, with 6 paths below"]
    assert rows(missing(b"f")) == ["only in the Dockerfile's image: /f"]
    assert rows(Difference(Aspect.EXTRA, b"f", None, "file")) == ["only in the Earthfile's image: /f"]


def test_thousands_are_counted() -> None:
    found = [mode(b"%d/%d" % (number % 500, number)) for number in range(5000)]
    lines = rows(*found)
    assert len(lines) == 21
    assert lines[0] == "mode 0755 -> 0644: 10 paths: /0/0, /0/500, /0/1000 and 7 more"
    assert lines[-1] == "and 4800 differences in 480 groups more (--format json)"


def test_nothing_that_an_image_holds_reaches_the_terminal_raw() -> None:
    evil = Difference(Aspect.CONFIG, b"", "\x1b[2J", "x" * 300, "Env", "\x07")
    text = render("\x1b", said(mode(b"\x1b[31m\xff"), evil, unstable=(b"\x9b",)))
    assert text.isprintable() or all(char.isprintable() or char == "\n" for char in text)
    assert "\\x1b[31m\\xff" in text
    assert max(map(len, text.splitlines())) < 300


def test_data_holds_everything() -> None:
    cmd = Difference(Aspect.CONFIG, b"", None, "[]", "Cmd")
    data = as_data(said(mode(b"\xffa"), cmd, unstable=(b"tmp/x",)), {("Cmd", ""): Origin(4)})
    assert data == {
        "grade": "differs",
        "paths": 1000,
        "differences": [
            {"kind": "mode", "docker": "0755", "earth": "0644", "path": "/\\xffa"},
            {
                "kind": "config",
                "docker": None,
                "earth": "[]",
                "field": "Cmd",
                "key": None,
                "dockerfile_line": 4,
                "earthfile_line": None,
            },
        ],
        "unstable": ["/tmp/x"],
    }
