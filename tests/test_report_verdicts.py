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


def test_a_port_is_set_or_not() -> None:
    assert rows(Difference(Aspect.CONFIG, b"", None, "80/tcp", "ExposedPorts", "80/tcp")) == [
        "config ExposedPorts 80/tcp: not set -> set"
    ]


def test_an_empty_value_is_not_an_absent_one() -> None:
    assert rows(Difference(Aspect.CONFIG, b"", "A=", None, "Env", "A")) == ['config Env A: "" -> not set']


def test_paths_are_grouped_by_kind_change_and_folder() -> None:
    found = [mode(b"opt/%d" % number) for number in range(5)]
    owner = Difference(Aspect.OWNER, b"a", "0:0", "1:1")
    assert rows(owner, *found, mode(b"opt/x", "0755", "0700"), mode(b"srv/a")) == [
        "mode 0755 -> 0644: 5 paths below /opt: /opt/0, /opt/1, /opt/2 and 2 more",
        "mode 0755 -> 0700: /opt/x",
        "mode 0755 -> 0644: /srv/a",
        "owner 0:0 -> 1:1: /a",
    ]


def test_a_whole_tree_with_one_change_is_one_row() -> None:
    found = [mode(b"opt"), mode(b"opt/a"), mode(b"opt/a/b"), mode(b"opt/a/b/c"), mode(b"opt-b")]
    assert rows(*found) == ["mode 0755 -> 0644: /opt, /opt-b, with 3 paths below"]


def test_what_a_row_says_of_one_path() -> None:
    def content(path: bytes, earth: str) -> Difference:
        return Difference(Aspect.CONTENT, path, "12 bytes, sha256 aa", earth)

    assert rows(content(b"a", "12 bytes, sha256 bb")) == ["content, 12 bytes on both sides: /a"]
    assert rows(content(b"a", "13 bytes, sha256 bb")) == ["content 12 bytes -> 13 bytes: /a"]
    assert rows(content(b"a", "1 bytes, sha256 b"), content(b"b", "2 bytes, sha256 b")) == ["content: /a, /b"]
    assert rows(Difference(Aspect.LINK, b"l", "/a", "b")) == ["link target /a -> b: /l"]


def test_a_folder_that_one_side_lacks_is_one_row() -> None:
    below = [missing(b"opt/a/%d" % number) for number in range(4)]
    deeper = [missing(b"opt/a/x", "directory"), missing(b"opt/a/x/y")]
    found = [missing(b"opt/a", "directory"), missing(b"opt/a-b", "directory"), *below, *deeper]
    assert rows(*found) == ["only in the Dockerfile's image: /opt/a, /opt/a-b, with 6 paths below"]
    assert rows(missing(b"f")) == ["only in the Dockerfile's image: /f"]
    assert rows(Difference(Aspect.EXTRA, b"f", None, "file")) == ["only in the Earthfile's image: /f"]


def test_thousands_are_counted() -> None:
    paths = sorted(b"usr/lib/%d/%d" % (number % 500, number) for number in range(5000))
    (row,) = rows(*map(mode, paths))
    assert row == (
        "mode 0755 -> 0644: 5000 paths below /usr/lib: /usr/lib/0/0, /usr/lib/0/1000, /usr/lib/0/1500 and 4997 more"
    )
    many = [mode(b"%d" % number, f"{number:04o}") for number in range(40)]
    assert len(rows(*many)) == 9
    assert rows(*many)[-1] == "mode: 32 paths more (--format json names them)"


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
        "ignored": [],
    }
