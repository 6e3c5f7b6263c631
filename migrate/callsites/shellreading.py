"""The lower half of reading a shell script: blanks, operators, words with their quotes and substitutions.

Grammar: POSIX.1-2024, Shell Command Language (2.2 quoting, 2.3 token recognition, 2.7.4 here-documents).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrate.callsites.values import Piece, Value

if TYPE_CHECKING:
    from migrate.callsites.shellwords import Command, Loop

#: Longest first.
_OPERATORS = (";;&", "&&", "||", ";;", ";&", "|&", "&", "|", ";", "(", ")", "\n")
MOST_NESTED = 40
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")


class ShellError(ValueError):
    """A script that is not followed: ``offset`` says where."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(slots=True)
class Reader:
    text: str
    position: int
    end: int
    lists: Callable[[Reader, str], None]
    """Reads the commands up to a closing word: substitutions hold lists again."""
    substituted: int = 0
    scope: tuple[int, ...] = ()
    depth: int = 0
    commands: list[Command] = field(default_factory=list)
    pending: list[tuple[str, bool]] = field(default_factory=list)
    """Here-documents whose bodies start on the next line: delimiter, and whether leading tabs go."""
    scopes: list[int] = field(default_factory=lambda: [0])
    defined: str = ""
    """The function whose body comes next."""
    loops: list[Loop] = field(default_factory=list)
    """The loops around this place."""
    functions: list[str] = field(default_factory=list)
    """The functions around this place."""


def nested(reader: Reader) -> None:
    """The list inside a subshell's parentheses; the opening one is consumed."""
    reader.scopes[0] += 1
    outer, reader.scope = reader.scope, (*reader.scope, reader.scopes[0])
    reader.depth += 1
    reader.lists(reader, ")")
    reader.depth -= 1
    reader.scope = outer


def deeper(reader: Reader) -> None:
    """One more level of nesting. Raises ShellError where there are too many."""
    reader.depth += 1
    if reader.depth > MOST_NESTED:
        raise ShellError(reader.position, "nested too deeply")


def arithmetic(reader: Reader) -> None:
    """The rest of ``((...))``; both opening parentheses are consumed."""
    depth = 2
    while depth and reader.position < reader.end:
        char = reader.text[reader.position]
        depth += (char == "(") - (char == ")")
        reader.position += 1
    if depth:
        raise ShellError(reader.position, ")) is missing")


def blanks(reader: Reader) -> None:
    """Skip blanks, continued lines and comments."""
    while reader.position < reader.end:
        char = reader.text[reader.position]
        if char in " \t\r":
            reader.position += 1
        elif char == "\\" and (match := re.compile(r"\\\r?\n").match(reader.text, reader.position)):
            reader.position = match.end()
        elif char == "#" and at_word_start(reader):
            line = reader.text.find("\n", reader.position, reader.end)
            reader.position = reader.end if line < 0 else line
        else:
            return


def at_word_start(reader: Reader) -> bool:
    """Whether a word, such as a comment, may start here."""
    return reader.position == 0 or reader.text[reader.position - 1] in " \t\r\n;&|()"


def skip_separators(reader: Reader) -> None:
    """Skip blanks and new lines, here-documents with them."""
    blanks(reader)
    while reader.position < reader.end and reader.text[reader.position] == "\n":
        reader.position += 1
        heredocs(reader)
        blanks(reader)


def operator_at(reader: Reader) -> str:
    """The control operator at this place, not consumed; "" when there is none."""
    if reader.position >= reader.end or reader.text.startswith(("&>",), reader.position):
        return ""
    return next((item for item in _OPERATORS if reader.text.startswith(item, reader.position)), "")


def peek_word(reader: Reader) -> str:
    """The plain letters of the next word, when it consists of nothing else."""
    match = re.compile(r"[a-z]+(?=[\s;&|()<>]|$)|[{!](?=\s|$)|\}(?=[\s;)|&]|$)|\[\[(?=\s)").match(
        reader.text, reader.position, reader.end
    )
    return match.group() if match else ""


def heredocs(reader: Reader) -> None:
    """Skip the bodies that start here."""
    for delimiter, tabs in reader.pending:
        while True:
            if reader.position >= reader.end:
                raise ShellError(reader.position, f"the here-document {delimiter} has no end")
            line_end = reader.text.find("\n", reader.position, reader.end)
            line_end = reader.end if line_end < 0 else line_end
            line = reader.text[reader.position : line_end].rstrip("\r")
            reader.position = min(line_end + 1, reader.end)
            if (line.lstrip("\t") if tabs else line) == delimiter:
                break
    reader.pending.clear()


def word_at(reader: Reader) -> Value:
    """The word at this place."""
    start = reader.position
    pieces: list[Piece] = []
    while reader.position < reader.end:
        char = reader.text[reader.position]
        if char in " \t\n;&|)" or (char == "\r" and reader.text.startswith("\r\n", reader.position)):
            break
        if char in "<>" and not reader.text.startswith("(", reader.position + 1):
            break
        if char == "(":
            last = reader.text[reader.position - 1 : reader.position]
            if reader.position > start and last == "=":  # an array
                _array(reader, pieces)
                continue
            if reader.position > start and last in "@?*+!":
                _skip_to(reader, ")", pieces)
                continue
            break
        _piece(reader, char, pieces)
    if reader.position == start:
        raise ShellError(start, "a word is missing")
    return Value(tuple(pieces), start, reader.position)


def _array(reader: Reader, pieces: list[Piece]) -> None:
    start = reader.position
    reader.position += 1
    deeper(reader)
    while True:
        skip_separators(reader)
        if reader.position >= reader.end:
            raise ShellError(start, "an array without end")
        if reader.text[reader.position] == ")":
            reader.position += 1
            break
        word_at(reader)
    reader.depth -= 1
    pieces.append(Piece(reader.text[start : reader.position], None))


def _skip_to(reader: Reader, closing: str, pieces: list[Piece]) -> None:
    stop = reader.text.find(closing, reader.position, reader.end)
    if stop < 0:
        raise ShellError(reader.position, f"{closing} is missing")
    pieces.append(Piece(reader.text[reader.position : stop + 1], None))
    reader.position = stop + 1


def _piece(reader: Reader, char: str, pieces: list[Piece]) -> None:
    text, at = reader.text, reader.position
    if char == "'":
        stop = text.find("'", at + 1, reader.end)
        if stop < 0:
            raise ShellError(at, "an open '")
        pieces.append(Piece(text[at + 1 : stop], text[at + 1 : stop], "'"))
        reader.position = stop + 1
    elif char == '"':
        _double_quoted(reader, pieces)
    elif char == "\\":
        if (match := re.compile(r"\\\r?\n").match(text, at)) is not None:
            pieces.append(Piece(match.group(), ""))
            reader.position = match.end()
        elif at + 1 >= reader.end:
            raise ShellError(at, "a lone backslash")
        else:
            pieces.append(Piece(text[at : at + 2], text[at + 1]))
            reader.position += 2
    elif char in "<>":  # process substitution
        reader.position += 2
        _substitution(reader, at, pieces, "")
    elif char in "$`":
        _dollar(reader, pieces, "")
    else:
        match = re.compile(r"[^ \t\r\n;&|()<>'\"\\$`]+|\r").match(text, at, reader.end)
        assert match is not None
        plain = match.group()
        # ~ and patterns mean something else than they say.
        known = not (set(plain) & set("*?[~")) and not re.search(r"\{[^{}]*[,.]", plain)
        pieces.append(Piece(plain, plain if known else None))
        reader.position = match.end()


def _double_quoted(reader: Reader, pieces: list[Piece]) -> None:
    start = reader.position
    reader.position += 1
    run = [""]  # raw and its value grow together
    value = ""
    empty = True

    def flush() -> None:
        nonlocal value
        if run[0]:
            pieces.append(Piece(run[0], value, '"'))
        run[0], value = "", ""

    while True:
        if reader.position >= reader.end:
            raise ShellError(start, 'an open "')
        char = reader.text[reader.position]
        if char == '"':
            break
        empty = False
        if char in "$`":
            flush()
            _dollar(reader, pieces, '"')
            continue
        if char == "\\" and reader.text[reader.position + 1 : reader.position + 2] in ("$", "`", '"', "\\", "\n"):
            pair = reader.text[reader.position : reader.position + 2]
            run[0] += pair
            value += "" if pair[1] == "\n" else pair[1]
            reader.position += 2
            continue
        run[0] += char
        value += char
        reader.position += 1
    flush()
    if empty:
        pieces.append(Piece("", "", '"'))
    reader.position += 1


def _dollar(reader: Reader, pieces: list[Piece], quote: str) -> None:
    """What starts with ``$`` or a backquote."""
    text, at = reader.text, reader.position
    if text[at] == "`":
        stop = at + 1
        while stop < reader.end and text[stop] != "`":
            stop += 2 if text[stop] == "\\" else 1
        if stop >= reader.end:
            raise ShellError(at, "an open `")
        _inner(reader, at + 1, stop)
        reader.position = stop + 1
        pieces.append(Piece(text[at : stop + 1], None, quote))
    elif text.startswith("$((", at):
        reader.position = at + 3
        arithmetic(reader)
        pieces.append(Piece(text[at : reader.position], None, quote))
    elif text.startswith("$(", at):
        reader.position = at + 2
        _substitution(reader, at, pieces, quote)
    elif text.startswith("${", at):
        _braces(reader)
        pieces.append(Piece(text[at : reader.position], None, quote))
    elif text.startswith("$'", at) and not quote:
        stop = at + 2
        while stop < reader.end and text[stop] != "'":
            stop += 2 if text[stop] == "\\" else 1
        if stop >= reader.end:
            raise ShellError(at, "an open $'")
        reader.position = stop + 1
        pieces.append(Piece(text[at : stop + 1], None))
    elif (name := _NAME.match(text, at + 1, reader.end)) is not None:
        reader.position = name.end()
        pieces.append(Piece(text[at : name.end()], None, quote))
    else:
        reader.position += 1
        pieces.append(Piece("$", "$", quote))


def _inner(reader: Reader, start: int, end: int) -> None:
    """The commands of a backquoted substitution."""
    inner = Reader(reader.text, start, end, reader.lists, reader.substituted + 1, (*reader.scope, -1), reader.depth + 1)
    inner.functions = [*reader.functions]
    inner.loops = [*reader.loops]
    reader.lists(inner, "")
    reader.commands += inner.commands


def _substitution(reader: Reader, start: int, pieces: list[Piece], quote: str) -> None:
    """``$(...)``; the reader stands behind the parenthesis."""
    reader.substituted += 1
    pending, reader.pending = reader.pending, []
    nested(reader)
    reader.pending = pending
    reader.substituted -= 1
    pieces.append(Piece(reader.text[start : reader.position], None, quote))


def _braces(reader: Reader) -> None:
    """``${...}`` with whatever nests in it."""
    start = reader.position
    reader.position += 2
    deeper(reader)
    while reader.position < reader.end:
        char = reader.text[reader.position]
        if char == "}":
            reader.position += 1
            reader.depth -= 1
            return
        if char == "\\":
            reader.position += 2
        elif char == "'" and reader.text.find("'", reader.position + 1, reader.end) > 0:
            reader.position = reader.text.find("'", reader.position + 1, reader.end) + 1
        elif char == '"':
            _double_quoted(reader, [])
        elif char in "$`":
            _dollar(reader, [], '"')
        else:
            reader.position += 1
    raise ShellError(start, "an open ${")
