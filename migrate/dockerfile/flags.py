"""The flags of instructions: which exist, how they are lexed, what values they take.

Source: parser/split_command.go, instructions/bflag.go and instructions/parse.go. The table itself is
mappings/instructions.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from migrate.dockerfile.gotext import BLANKS, SPACE, lower
from migrate.mappings import builtin


class FlagSpec(NamedTuple):
    """One flag: ``list`` flags may repeat, ``values`` are the only allowed ones, ``format`` says how a value reads."""

    kind: Literal["bool", "string", "list"]
    values: tuple[str, ...] = ()
    format: Literal["", "duration", "count", "mount", "device"] = ""


class RawFlag(NamedTuple):
    """A word before the operands that starts with ``--``, quotes and escapes removed, and its offsets."""

    text: str
    start: int
    end: int


class Command(NamedTuple):
    """One instruction cut up: ``text`` is what follows the keyword, the rest are offsets (``start`` in the line)."""

    keyword: str
    start: int
    text: str
    flags: tuple[RawFlag, ...]
    operand_start: int


@lru_cache(maxsize=1)
def flag_table() -> Mapping[str, Mapping[str, FlagSpec]]:
    """Every instruction and its flags, as mappings/instructions.yaml lists them; none where all are dropped."""
    return {
        name: {flag: _spec(data) for flag, data in entry["flags"].items()} if entry["flags"] != "ignored" else {}
        for name, entry in builtin().instructions.items()
    }


@lru_cache(maxsize=1)
def ignoring() -> frozenset[str]:
    """Instructions that drop every flag silently (HEALTHCHECK NONE does too)."""
    return frozenset(name for name, entry in builtin().instructions.items() if entry["flags"] == "ignored")


def _spec(data: Mapping[str, Any]) -> FlagSpec:
    return FlagSpec(data["kind"], tuple(data.get("values", ())), data.get("format", ""))


def split_command(line: str, escape: str) -> Command:
    """Cut the joined text of an instruction into keyword, flags and operand; never fails."""
    lead = len(line) - len(line.lstrip(SPACE))
    line = line.rstrip(SPACE)
    gap = BLANKS.search(line, lead)
    if gap is None:
        return Command(line[lead:], len(line), "", (), 0)
    text = line[gap.end() :]
    flags, end = lex_flags(text, escape) if text.lstrip("\n").startswith("--") else ((), 0)
    end += len(text) - end - len(text[end:].lstrip(SPACE))
    return Command(line[lead : gap.start()], gap.end(), text, flags, end)


def lex_flags(text: str, escape: str) -> tuple[tuple[RawFlag, ...], int]:
    """The flags that ``text`` begins with and the offset where they end; ``--`` alone ends them."""
    # BuildKit walks over bytes here and takes each for a character: so does this.
    view = text if text.isascii() else text.encode().decode("latin-1")
    pattern = _flag_word(escape)
    found: list[RawFlag] = []
    end = 0
    while match := pattern.match(view, end):
        end = match.end()
        word = _unquoted(match.group(1), escape)
        if word == "--":
            break
        found.append(RawFlag(word, match.start(1), end))
    end = len(view) - len(view[end:].lstrip(_BYTE_SPACE))
    if view is text:
        return tuple(found), end
    flags = tuple(RawFlag(flag.text, _characters(view, flag.start), _characters(view, flag.end)) for flag in found)
    return flags, _characters(view, end)


def parse_duration(text: str) -> int | None:
    """Nanoseconds of a Go duration such as ``1m30s``, None when it is none."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    total, position = 0, 0
    while position < len(rest):
        match = _duration_part().match(rest, position)
        if match is None or not (match.group(1) or match.group(2)):
            return None
        total += _nanoseconds(match.group(1), match.group(2), _UNITS[match.group(3)])
        position = match.end()
        if total > 1 << 63:
            return None
    if not rest or (total == 1 << 63 and sign > 0):
        return None
    return sign * total


def parse_count(text: str) -> int | None:
    """A 32-bit integer as Go's ``ParseInt`` reads it, None when it is none."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit() or len(digits.lstrip("0")) > 10:
        return None
    value = int(text)
    return value if -(1 << 31) <= value < 1 << 31 else None


def bool_value(value: str | None) -> bool | None:
    """What a boolean flag says (bare means true), None when it is not a boolean."""
    return {None: True, "true": True, "false": False}.get(None if value is None else lower(value))


_BYTE_SPACE = "\t\n\v\f\r \x85\xa0"
_SECOND = 10**9
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}


def _characters(view: str, offset: int) -> int:
    return len(view[:offset].encode("latin-1").decode(errors="ignore"))


@lru_cache(maxsize=2)
def _flag_word(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    escaped = rf"{e}(?s:.)|{e}\Z"
    return re.compile(
        rf"""[{_BYTE_SPACE}]*(--(?:[^{_BYTE_SPACE}'"{e}]+|{escaped}"""
        rf"""|'(?:[^'{e}]+|{e}(?s:.))*(?:'|{e}?\Z)|"(?:[^"{e}]+|{e}(?s:.))*(?:"|{e}?\Z))*)"""
    )


def _unquoted(word: str, escape: str) -> str:
    if escape not in word and "'" not in word and '"' not in word:
        return word
    result, quote, index = [], "", 0
    while index < len(word):
        char = word[index]
        index += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            result.append(word[index : index + 1])
            index += 1
        else:
            result.append(char)
    return "".join(result)


@lru_cache(maxsize=1)
def _duration_part() -> re.Pattern[str]:
    return re.compile("([0-9]*)(?:\\.([0-9]*))?(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + ")")


def _nanoseconds(whole: str, fraction: str | None, unit: int) -> int:
    if len(whole.lstrip("0")) > 19:
        return 1 << 64
    digits = (fraction or "")[:18]
    return int(whole or "0") * unit + int(int(digits or "0") * (unit / 10 ** len(digits)))
