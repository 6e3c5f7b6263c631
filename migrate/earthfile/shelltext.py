"""Are two shell texts the same program? Blanks between words and comments are all that may differ.

Docker hands ``/bin/sh -c`` the text of a RUN with its lines joined; earth drops the next line's indent, collapses
blanks between arguments and removes trailing comments (facts/earthfile.md section 1). Where the text is not plain
enough to tell blanks between words from blanks that count, the rest is compared character by character.
"""

from __future__ import annotations

import re

from migrate.lateregex import late

_MANY = 50
_PLAIN_TEXT = late(r"""[^"'\\`$#<\n]*""")
_WORD = late(r"[^ \t]+")
_PLAIN_WORDS = late(r"""(?:[^ \t\n"'\\`$#;&|()<>]+(?:[ \t]+|\Z))+""")
_BLANKS = re.compile(r"[ \t]*")
_RUN = late(r"""(?:[^ \t\n"'\\`$#;&|()<>]+|\\[\s\S])+""")
_DOUBLE_RUN = late(r"""(?:[^"\\`$]+|\\[\s\S])+""")
_BRACES_RUN = late(r"""(?:[^"'\\`$}]+|\\[\s\S])+""")
_SINGLE = late(r"'[^']*'")
_BACKTICKS = late(r"`[^`\\]*(?:\\[\s\S][^`\\]*)*`")
_TO_LINE_END = late(r"[^\n]*")
_CASE = late(r"\bcase\b")
_OPERATORS = frozenset(";&|()<>\n")


class _Unclear(Exception):
    """The text cannot be split with certainty."""


def same_shell_text(docker: str, earth: str) -> bool:
    """Whether both texts are the same program for a POSIX shell; False when that cannot be told."""
    return docker == earth or canonical(docker) == canonical(earth)


def canonical(text: str) -> tuple[str, ...]:
    """The words and newlines of ``text``; an unclear rest is the last piece, as it stands."""
    if _PLAIN_TEXT.fullmatch(text):
        return tuple(_WORD.findall(text))
    pieces: list[str] = []
    position = _after(_BLANKS, text, 0)
    while position < len(text):
        if (plain := _PLAIN_WORDS.match(text, position)) is not None:
            pieces += _WORD.findall(plain[0])
            position = plain.end()
            continue
        try:
            piece, end = _piece(text, position)
        except (_Unclear, RecursionError):
            pieces.append(text[position:])
            break
        if piece:
            pieces.append(piece)
        position = _after(_BLANKS, text, end)
    return tuple(pieces)


def _piece(text: str, position: int) -> tuple[str, int]:
    """The word, newline or comment (empty) at ``position`` and the index after it."""
    if text[position] == "\n":
        return "\n", position + 1
    found: list[str] = []
    word_start = True
    while position < len(text) and (char := text[position]) not in " \t\n":
        if char == "#" and word_start:
            return "".join(found), _after(_TO_LINE_END, text, position)
        position = _element(text, position, found, 0)
        word_start = char in _OPERATORS
    return "".join(found), position


def _element(text: str, position: int, found: list[str], depth: int) -> int:
    """Append one quoted, substituted or plain stretch of code to ``found``; returns the index after it."""
    char = text[position]
    if char == "'":
        return _exactly(_SINGLE, text, position, found)
    if char == '"':
        return _double(text, position, found, depth + 1)
    if char == "`":
        return _exactly(_BACKTICKS, text, position, found)
    if char == "$":
        return _dollar(text, position, found, depth, quoted=False)
    if char == "#" or char in _OPERATORS:
        if text.startswith("<<", position):
            raise _Unclear  # here-documents keep every blank
        found.append(char)
        return position + 1
    return _exactly(_RUN, text, position, found)


def _dollar(text: str, position: int, found: list[str], depth: int, *, quoted: bool) -> int:
    if depth > _MANY:
        raise _Unclear
    following = text[position + 1 : position + 2]
    if following == "(":
        return _code(text, position, found, depth + 1)
    if following == "{":
        return _braces(text, position, found, depth + 1, quoted=quoted)
    if following == "'" and not quoted:
        # bash reads backslashes in $'...', a POSIX shell does not.
        end = text.find("'", position + 2)
        if "\\" in text[position:end]:
            raise _Unclear
    length = 2 if following in ("$", "#") else 1
    found.append(text[position : position + length])
    return position + length


def _code(text: str, position: int, found: list[str], depth: int) -> int:
    """``$(...)``: blanks collapse here as well, and go next to the parentheses."""
    found.append("$(")
    # Arithmetic ends in two parentheses without a blank between them.
    arithmetic = text.startswith("(", position + 2)
    position = _after(_BLANKS, text, position + 2)
    if text[position : position + 1] == "(" and text[position - 1] != "(":
        found.append(" ")
    level = 1
    word_start = True
    while position < len(text):
        char = text[position]
        if char == " " or char == "\t":
            before = position
            position = _after(_BLANKS, text, position)
            if text[position : position + 1] != ")" or (arithmetic and text[before - 1] == ")"):
                found.append(" ")
            word_start = True
            continue
        if char == "#" and word_start:
            raise _Unclear  # shells disagree whether a quote in a comment counts here
        before = position
        position = _element(text, position, found, depth)
        level += (char == "(") - (char == ")")
        if level == 0:
            return position
        if _CASE.search(text, before, position):
            raise _Unclear  # its patterns end in unpaired parentheses
        word_start = char in _OPERATORS
    raise _Unclear


def _double(text: str, position: int, found: list[str], depth: int) -> int:
    found.append('"')
    position += 1
    while position < len(text):
        char = text[position]
        if char == '"':
            found.append(char)
            return position + 1
        if char == "`":
            position = _exactly(_BACKTICKS, text, position, found)
        elif char == "$":
            position = _dollar(text, position, found, depth, quoted=True)
        else:
            position = _exactly(_DOUBLE_RUN, text, position, found)
    raise _Unclear


def _braces(text: str, position: int, found: list[str], depth: int, *, quoted: bool) -> int:
    found.append("${")
    position += 2
    while position < len(text):
        char = text[position]
        if char == "}":
            found.append(char)
            return position + 1
        if char == "'" and quoted:
            raise _Unclear  # shells disagree whether it quotes here
        if char in "'\"`$":
            position = _element(text, position, found, depth)
        else:
            position = _exactly(_BRACES_RUN, text, position, found)
    raise _Unclear


def _exactly(pattern: re.Pattern[str], text: str, position: int, found: list[str]) -> int:
    stretch = pattern.match(text, position)
    if stretch is None:
        raise _Unclear
    found.append(stretch[0])
    return stretch.end()


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    stretch = pattern.match(text, position)
    return stretch.end() if stretch is not None else position
