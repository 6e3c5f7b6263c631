"""Positions in JSON, JSON with comments, and JSON5 text, and edits that add to an object or a list.

Source: RFC 8259; the JSON5 specification (comments, single quotes, bare keys, commas at the end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.callsites.edits import Edit
from migrate.neighbourfiles.model import line_end, newline

_BLANK = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\(?:\r\n|[\s\S]))*"|' + r"'(?:[^'\\\n]|\\(?:\r\n|[\s\S]))*'")
_BARE = re.compile(r"[\w$+.-]+")
_DEEPEST = 60
_MOST = 100_000


class JsonError(ValueError):
    """Text that is no JSON for us."""


class Json(NamedTuple):
    """A value at ``text[start:end]``. ``text`` is a string's content, ``members`` those of an object or a list."""

    kind: str
    """``object``, ``list``, ``string`` or ``bare``."""
    start: int
    end: int
    text: str = ""
    members: tuple[tuple[Json | None, Json], ...] = ()
    """(key, value); the key is None in a list."""

    def get(self, *keys: str) -> Json | None:
        """The value below ``keys``."""
        found: Json | None = self
        for key in keys:
            members = found.members if found is not None and found.kind == "object" else ()
            found = next((value for name, value in reversed(members) if name is not None and name.text == key), None)
        return found

    def items(self) -> tuple[Json, ...]:
        """The items of a list, the values of an object."""
        return tuple(value for _, value in self.members)

    def walk(self) -> Iterator[tuple[str, Json]]:
        """(key, value) of every member of an object in here."""
        for key, value in self.members:
            if key is not None:
                yield key.text, value
            yield from value.walk()


def read(text: str) -> Json:
    """The value that ``text`` is. Raises JsonError."""
    reader = _Reader(text)
    found = reader.value(0)
    reader.blanks()
    if reader.position != len(text):
        raise JsonError("something stands behind its end")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.position, self.count = text, 0, 0

    def blanks(self) -> None:
        match = _BLANK.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def value(self, depth: int) -> Json:
        self.blanks()
        self.count += 1
        if depth > _DEEPEST or self.count > _MOST:
            raise JsonError("it is nested too deeply, or has too many values")
        char = self.text[self.position : self.position + 1]
        if char in ("{", "["):
            return self._members(depth, "}" if char == "{" else "]")
        start = self.position
        match = _STRING.match(self.text, start) or _BARE.match(self.text, start)
        if match is None:
            raise JsonError("a value is missing")
        self.position = match.end()
        is_string = char in ("'", '"')
        return Json("string" if is_string else "bare", start, match.end(), _plain(match.group(), is_string=is_string))

    def _members(self, depth: int, closing: str) -> Json:
        start = self.position
        self.position += 1
        members: list[tuple[Json | None, Json]] = []
        while True:
            self.blanks()
            if self.text.startswith(closing, self.position):
                self.position += 1
                return Json("object" if closing == "}" else "list", start, self.position, "", tuple(members))
            key = None
            if closing == "}":
                key = self.value(_DEEPEST)
                self.blanks()
                self._expect(":")
            members.append((key, self.value(depth + 1)))
            self.blanks()
            if not self.text.startswith(closing, self.position):
                self._expect(",")

    def _expect(self, char: str) -> None:
        if not self.text.startswith(char, self.position):
            raise JsonError(f"{char} is missing")
        self.position += 1


def _plain(raw: str, *, is_string: bool) -> str:
    if not is_string:
        return raw
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|([\s\S]))", _unescaped, raw[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code, char = match.groups()
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": "\r"}.get(char, char)


def added(text: str, place: Json, new: str) -> list[Edit]:
    """The edits that put ``new`` (a value, or ``key: value``) behind the last member of ``place``."""
    if not place.members:
        return [Edit(place.start + 1, place.start + 1, new)]
    key, value = place.members[-1]
    first = (key or value).start
    lead = text[text.rfind("\n", 0, first) + 1 : first]
    tail = text[value.end : place.end - 1]
    if lead.strip() or "\n" not in tail:
        return [Edit(value.end, value.end, f", {new}")]
    comma = _comma(tail)
    end = line_end(text, value.end if comma is None else value.end + comma)
    line = f"{newline(text)}{lead}{new}"
    if comma is not None:
        return [Edit(end, end, f"{line},")]
    return (
        [Edit(value.end, value.end, f",{line}")]
        if end == value.end
        else [
            Edit(value.end, value.end, ","),
            Edit(end, end, line),
        ]
    )


def _comma(tail: str) -> int | None:
    """Where in the text behind a last value its comma stands."""
    match = _BLANK.match(tail)
    at = match.end() if match else 0
    return at if tail.startswith(",", at) else None


def quoted(value: str, text: str, like: Json | None) -> str:
    """``value`` as a string in the quotes of ``like``."""
    quote = text[like.start] if like is not None and text[like.start] in "'\"" else '"'
    return quote + value.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


def key(name: str, text: str, place: Json) -> str:
    """``name`` as a key, quoted as the other keys of ``place`` are."""
    others = [item for item, _ in place.members if item is not None]
    if others and all(item.kind == "bare" for item in others[-1:]):
        return name
    return quoted(name, text, others[-1] if others else None)
