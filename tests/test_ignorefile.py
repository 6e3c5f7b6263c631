"""The ignore file: an Earthfile reads .earthlyignore alone, and brings files of its own into ``COPY .``."""

from __future__ import annotations

import pytest
from support import BASE, DictContext, body, codes, converted, file_codes

from migrate.ignorefile import plain_ascii, taker, with_own_files


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Earthfile\n.earthlyignore\n"),
        ("node_modules\n", "node_modules\nEarthfile\n.earthlyignore\n"),
        ("a", "a\nEarthfile\n.earthlyignore\n"),
        # Last, so that no ! line brings them back.
        ("*\n!src\n", "*\n!src\nEarthfile\n.earthlyignore\n"),
        ("Earthfile\n!*\n", "Earthfile\n!*\nEarthfile\n.earthlyignore\n"),
        ("a\nEarthfile\n.earthlyignore\n", "a\nEarthfile\n.earthlyignore\n"),
    ],
)
def test_with_own_files(text: str, expected: str) -> None:
    assert with_own_files(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n", "a\n"),
        ("# r\u00e9sum\u00e9\nr\u00e9sum\u00e9.txt\n", "# r\u00e9sum\u00e9\nr[^!-~]sum[^!-~].txt\n"),
        ("[\u00e9a]x\n", "[^/]x\n"),
        ("\ufeffa\u00e9", "a[^!-~]"),
    ],
)
def test_plain_ascii(text: str, expected: str) -> None:
    assert plain_ascii(text) == expected


@pytest.mark.parametrize(
    ("sources", "yes", "no"),
    [
        (["."], "a a/b", ""),
        (["src"], "src src/a/b", "srcs a/src"),
        (["/src/", "./x"], "src/a x", "y"),
        (["*.txt"], "a.txt a.txt/b", "d/a.txt b"),
        (["d/*"], "d/a d/a/b", "d e/a"),
        (["[", "a"], "a", ""),
    ],
)
def test_taker(sources: list[str], yes: str, no: str) -> None:
    takes = taker(sources)
    assert [path for path in yes.split() if not takes(path)] == []
    assert [path for path in no.split() if takes(path)] == []


FILES = {"a.txt": b"", "d": None, "d/x.log": b"", "d/y": b"", "Earthfile": b"", ".env": b"", "e": None, "e/z": b""}
OWN = "Earthfile\n.earthlyignore\n"


@pytest.mark.parametrize(
    ("copy", "ignore", "own", "wanted", "written"),
    [
        ("COPY a.txt /x", None, None, set(), None),
        ("COPY . .", None, None, {"EM701"}, OWN),
        ("COPY * .", None, None, {"EM701"}, OWN),
        ("COPY d/ .", "**/*.log\n", None, {"EM701"}, "**/*.log\n" + OWN),
        # Nothing that is copied now would be left out.
        ("COPY d/ .", "*.log\n", None, {"EM708"}, "*.log\n" + OWN),
        ("COPY e /e", "**/*.log\n", None, {"EM708"}, "**/*.log\n" + OWN),
        ("COPY d/ .", "# nothing\n\n", None, set(), None),
        ("RUN a", "*.log\n", None, set(), None),
        ("COPY . .", "\u00e9\n", None, {"EM701", "EM710"}, "[^!-~]\n" + OWN),
        ("COPY . .", "!\n", None, {"EM709", "EM701"}, "!\n" + OWN),
        # One that exists already.
        ("COPY . .", "*.log\n", "*.log\n" + OWN, set(), None),
        ("COPY . .", "/*.log\n", "*.log\n" + OWN, set(), None),
        ("COPY . .", "**/*.log\n", "d/x.log\n" + OWN, {"EM711"}, None),
        ("COPY . .", "**/*.log\n", "d/x.log\n", {"EM703"}, None),
        ("COPY . .", "*.log\n", "*.tmp\n", {"EM703"}, None),
        ("COPY . .", "*.tmp\n", "a.txt\n" + OWN, {"EM703"}, None),
        ("COPY d /d", "*.tmp\n", "a.txt\n", {"EM711"}, None),
        ("COPY d /d", None, "d/y\n", {"EM703"}, None),
        ("COPY . .", ".env\n", "*.tmp\n" + OWN, {"EM703", "EM707"}, None),
        ("COPY . .", "\u00e9\n", "\u00e9\n" + OWN, {"EM703"}, None),
    ],
)
def test_when_it_is_needed(
    copy: str, ignore: str | None, own: str | None, wanted: set[str], written: str | None
) -> None:
    conversion = converted(f"{BASE}{copy}\n", DictContext(FILES, ignore, own))
    assert {code for code in file_codes(conversion) if code.startswith("EM7") and code != "EM704"} == wanted
    assert [file.text for file in conversion.files if file.name == ".earthlyignore"] == ([written] if written else [])


def test_what_an_existing_file_does_otherwise_is_said() -> None:
    context = DictContext(FILES, "**/*.log\n.env\n", "e\n")
    found = {item.code: item.message for item in converted(f"{BASE}COPY . .\n", context).diagnostics}
    assert "it copies Earthfile, .env, d/x.log and leaves out e" in found["EM703"]
    assert found["EM707"].endswith(": .env")


def test_both_ignore_files_of_earth() -> None:
    context = DictContext({**FILES, ".earthignore": b"", ".earthlyignore": b""}, "a\n", "a\n" + OWN)
    assert "EM712" in file_codes(converted(f"{BASE}COPY . .\n", context))


def test_a_source_that_is_left_out_is_said() -> None:
    context = DictContext(FILES, "e\n*.md\n")
    assert codes(converted(f"{BASE}COPY e /e\nCOPY x.md /m\nCOPY d /d\n", context)) == ["EM706", "EM706"]


def test_a_pattern_that_matches_only_what_is_left_out_matches_nothing() -> None:
    context = DictContext(FILES, "**/*.log\n")
    assert body(converted(f"{BASE}COPY d/*.log /x/\n", context))[-1] == "COPY --if-exists d/*.log /x/"


def test_nobody_is_told_who_gets_it_written() -> None:
    conversion = converted(f"{BASE}COPY . .\n", DictContext({}), writes=True)
    assert "EM701" not in file_codes(conversion)
    assert [file.name for file in conversion.files] == ["Earthfile", ".earthlyignore"]


def test_an_unknown_context_is_said_once() -> None:
    conversion = converted(f"{BASE}COPY src /x\nCOPY lib /y\n")
    assert [item.code for item in conversion.diagnostics].count("EM702") == 1
    assert "EM705" in file_codes(converted(f"{BASE}COPY . .\n"))
    assert "EM702" not in file_codes(converted(f"{BASE}RUN a\n"))


@pytest.mark.parametrize(
    ("take", "code"),
    [
        ("/src/bin/app /app", "EM702"),
        ("/src/bin/* /app/", "EM702"),
        ("/other /app", "EM702"),
        ("/src /app", "EM705"),
        ("/src/* /app/", "EM705"),
        ("/ /app", "EM705"),
    ],
)
def test_what_stays_in_a_build_stage_does_not_enter_the_image(take: str, code: str) -> None:
    text = f"{BASE}WORKDIR /src\nCOPY . .\nRUN make\nFROM scratch\nCOPY --from=0 {take}\n"
    assert code in file_codes(converted(text))
