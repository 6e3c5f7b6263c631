"""Flags: how they are lexed, which exist, what their values say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from migrate.dockerfile.flags import (
    bool_value,
    flag_table,
    ignoring,
    lex_flags,
    parse_count,
    parse_duration,
    split_command,
)

MAPPING = Path(__file__).resolve().parent.parent / "mappings" / "instructions.yaml"


def test_the_table_is_the_mapping() -> None:
    data = YAML(typ="safe").load(MAPPING.read_text(encoding="utf-8"))
    assert ignoring() == {"ARG", "STOPSIGNAL"}
    assert set(flag_table()) == set(data)
    for name, specs in flag_table().items():
        assert set(specs) == (set() if name in ignoring() else set(data[name]["flags"]))
    assert flag_table()["RUN"]["network"].values == ("default", "none", "host")
    assert flag_table()["HEALTHCHECK"]["interval"].format == "duration"
    assert flag_table()["COPY"]["exclude"].kind == "list"


@pytest.mark.parametrize(
    ("line", "keyword", "text", "flags", "operand"),
    [
        ("RUN", "RUN", "", [], ""),
        ("RUN \t x y", "RUN", "x y", [], "x y"),
        ("run --mount=a x", "run", "--mount=a x", ["--mount=a"], "x"),
        ("COPY --from=a  --link b c", "COPY", "--from=a  --link b c", ["--from=a", "--link"], "b c"),
        ("RUN -- --mount=a", "RUN", "-- --mount=a", [], "--mount=a"),
        ("RUN --x -- --mount=a", "RUN", "--x -- --mount=a", ["--x"], "--mount=a"),
        ("RUN --x", "RUN", "--x", ["--x"], ""),
        ("RUN --", "RUN", "--", [], ""),
        ("RUN x --y", "RUN", "x --y", [], "x --y"),
        ("RUN - --y", "RUN", "- --y", [], "- --y"),
        ('COPY --chown="1:1" a b', "COPY", '--chown="1:1" a b', ["--chown=1:1"], "a b"),
        ("RUN --mount='a \"b\" c' x", "RUN", "--mount='a \"b\" c' x", ['--mount=a "b" c'], "x"),
        ("RUN --a='b\\'c' x", "RUN", "--a='b\\'c' x", ["--a=b'c"], "x"),
        ("RUN --a=b\\ c x", "RUN", "--a=b\\ c x", ["--a=b c"], "x"),
        ("RUN --a\\", "RUN", "--a\\", ["--a"], ""),
        ('RUN --a="b', "RUN", '--a="b', ["--a=b"], ""),
        ("RUN\u00a0x", "RUN\u00a0x", "", [], ""),
        ("RUN \u00a0--x", "RUN", "\u00a0--x", [], "--x"),
        ("COPY --chown=é:1 à b", "COPY", "--chown=é:1 à b", ["--chown=\u00c3\u00a9:1"], "à b"),
    ],
)
def test_a_line_is_cut_up(line: str, keyword: str, text: str, flags: list[str], operand: str) -> None:
    command = split_command(f" {line} \u2003", "\\")
    assert (command.keyword, command.text) == (keyword, text)
    assert [flag.text for flag in command.flags] == flags
    assert command.text[command.operand_start :] == operand
    assert f" {line}"[command.start :] == text


def test_flags_have_offsets() -> None:
    flags, end = lex_flags("--a=1  --b='x y' rest", "\\")
    assert [(flag.start, flag.end) for flag in flags] == [(0, 5), (7, 16)]
    assert end == 17


def test_a_backtick_escapes_too() -> None:
    assert split_command("RUN --a=b` c\\ x", "`").flags[0].text == "--a=b c\\"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("30s", 30 * 10**9),
        ("1m30s", 90 * 10**9),
        ("1.5h", 5400 * 10**9),
        (".5s", 5 * 10**8),
        ("1.s", 10**9),
        ("+2ms", 2 * 10**6),
        ("-1s", -(10**9)),
        ("1us", 1000),
        ("1\u00b5s", 1000),
        ("1\u03bcs", 1000),
        ("3ns", 3),
        ("", None),
        ("5", None),
        ("s", None),
        (".s", None),
        ("1d", None),
        ("1s 2s", None),
        ("1mss", None),
        ("9999999999h", None),
        ("9223372036854775807ns", (1 << 63) - 1),
        ("9223372036854775808ns", None),
        ("99999999999999999999999ns", None),
    ],
)
def test_durations(text: str, expected: int | None) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("+3", 3),
        ("-3", -3),
        ("007", 7),
        ("2147483647", 2147483647),
        ("2147483648", None),
        ("", None),
        ("1_0", None),
        ("\u0663", None),
        ("9" * 5000, None),
    ],
)
def test_counts(text: str, expected: int | None) -> None:
    assert parse_count(text) == expected


def test_booleans() -> None:
    assert [bool_value(value) for value in (None, "true", "TRUE", "false", "1", "$X")] == [
        *(True, True, True, False),
        *(None, None),
    ]


@given(st.text(alphabet="-a= \t'\"\\é\u00a0à", max_size=30), st.sampled_from("\\`"))
def test_any_line_is_cut_up(line: str, escape: str) -> None:
    command = split_command("RUN " + line, escape)
    end = 0
    for flag in command.flags:
        assert end <= flag.start <= flag.end <= command.operand_start
        end = flag.end
