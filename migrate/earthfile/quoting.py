"""Words of an Earthfile: how earth expands one argument, and the nicest text that expands to a given word.

Facts: facts/earthfile.md sections 1, 2 and 11, ``expansion.py``, ``flags.py``, ``domain/artifact.go``. What a text
means is never guessed here: every candidate is read back by the lexer and the expansion before it is returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from migrate.earthfile import lexer
from migrate.earthfile.expansion import WordError, parse_word
from migrate.earthfile.flags import closed, unquoted_flag
from migrate.lateregex import late
from migrate.words import Literal, Part, ShellOut, Variable, Word, merged

__all__ = [
    "Place",
    "UnrenderableError",
    "WordError",
    "broken_array",
    "encode_single",
    "exec_array",
    "parse_word",
    "render",
    "render_argument",
    "render_artifact",
    "render_flag",
    "render_label",
]


class UnrenderableError(Exception):
    """A meaning that no Earthfile text has."""


class Place(Enum):
    """Where a word stands, as far as earth reads it differently there."""

    VALUE = "ENV, LABEL, WORKDIR, USER, EXPOSE, VOLUME"
    ARGUMENT = "the value of ARG, LET, SET"
    PATH = "COPY, SAVE ARTIFACT, FROM, BUILD, HEALTHCHECK CMD"
    FLAG = "the text after --flag="


_PLAIN = re.compile(r"[A-Za-z0-9_./:@%,~^][A-Za-z0-9_./:@%,~^=*?\-]*")
_NOT_BARE = late(r"""[\x00-\x20\x7f"'\\$()]""")
_BLANK = late(r"[ \t\r\n]")
_NOT_SINGLE = late(r"['\\+]")
_PARAMETERS = late(r"""\([\s\S]*\)|"\([\s\S]*\)\"""")
_COMMAND_SPECIAL = late(r"""'[^']*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"|['"()\\]""")
_STARTS_VARIABLE = late(r"""\$(?![\x00-\x20"%&'),./:;<=>\[\\\]^`|}~+\x7f])""")
_BACKSLASHES = late(r"\\+")
_PLUS_AFTER_BACKSLASHES = late(r"(\\+)\+")
_RENDERABLE_NAME = late(r"[A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?\-$!]")
_IDENTIFIER = late(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOB = late(r"[*?\[\\]")


def render(word: Word, *, path: bool = False, prefer: str | None = None) -> str:
    """The nicest text that earth keeps as one argument and expands to exactly ``word``.

    ``path`` is for COPY and everything else whose arguments earth regroups by quotes (see ``Place``); there ``+``
    becomes ``\\+`` where an artifact would be read. ``prefer`` is used as it is when it means ``word``. Raises
    UnrenderableError for what earth lacks (``${x-y}``, ``${x##y}``, ``${x/y/z}``, patterns with wildcards).
    """
    return _render(word, Place.PATH if path else Place.VALUE, prefer=prefer)


def render_argument(word: Word, *, prefer: str | None = None) -> str:
    """Like ``render`` for the value of ARG, LET and SET."""
    return _render(word, Place.ARGUMENT, prefer=prefer)


def render_flag(word: Word, *, prefer: str | None = None) -> str:
    """Like ``render`` for the text after ``--flag=``, where earth's flag parser unquotes a leading ``"`` once more."""
    return _render(word, Place.FLAG, prefer=prefer)


def render_artifact(target: str, path: Word) -> str:
    """``+target`` and a path that begins with ``/``, as one argument; every ``+`` of the path is escaped."""
    return _render(path, Place.PATH, prefix=f"+{target}")


def render_label(key: Word, value: Word, *, prefer: str | None = None) -> str:
    """``key=value`` for LABEL: earth splits at the first ``=`` outside quotes, so a key may need some of its own."""
    if prefer is not None and _is_pair(prefer, key, value):
        return prefer
    written = _render(value, Place.VALUE)
    for candidate in _candidates(key, Place.PATH, "", False):
        if _is_pair(text := f"{candidate}={written}", key, value):
            return text
    raise UnrenderableError("a label key that an Earthfile cannot spell")


def _is_pair(text: str, key: Word, value: Word) -> bool:
    """Whether earth reads ``text`` as one label with this key and value."""
    try:
        if lexer.words(f" {text} x", 0)[0] != [text, "x"] or lexer.without_continuations(text) != text:
            return False
        parts = lexer.label_parts(text)
        return len(parts) == 3 and parts[1] == "=" and parse_word(parts[0]) == key and parse_word(parts[2]) == value
    except (lexer.LexError, WordError):
        return False


def _render(word: Word, place: Place, *, prefix: str = "", prefer: str | None = None) -> str:
    if len(word) == 1 and isinstance(word[0], Literal) and _PLAIN.fullmatch(word[0].text):
        plain = prefix + word[0].text
        if prefer is None or prefer == plain or not _accepted(prefer, (Literal(plain),), place):
            return plain
        return prefer
    meant = merged([Literal(prefix), *word])
    escape_plus = place is Place.PATH and (bool(prefix) or _may_be_artifact(word))
    if prefer is not None and _accepted(prefer, meant, place) and not (escape_plus and "+" in prefer):
        return prefer
    for candidate in _candidates(word, place, prefix, escape_plus):
        if _accepted(candidate, meant, place):
            return candidate
    raise UnrenderableError("no Earthfile text has this meaning")


def _candidates(word: Word, place: Place, prefix: str, escape_plus: bool) -> Iterator[str]:
    """Texts that may do, the nicest first."""
    writer = _Writer(escape_plus, place is Place.ARGUMENT)
    bare = prefix + (writer.bare(word) or "")
    if bare != prefix and not (bare[0] == "[" and bare[-1] == "]"):
        yield bare
    double = f'"{prefix}{writer.double(word)}"'
    if "\\" in double and len(word) == 1 and isinstance(word[0], Literal) and not _NOT_SINGLE.search(word[0].text):
        yield f"'{prefix}{word[0].text}'"
    yield double
    yield prefix + writer.segments(word)
    # A flag's value must not begin with a double quote: earth's flag parser would take it for a Go string.
    prefix += "''" if place is Place.FLAG else ""
    yield prefix + _Writer(escape_plus, place is Place.ARGUMENT, escape_parentheses=True).segments(word)


def _may_be_artifact(word: Word) -> bool:
    """Whether earth could read ``word`` as ``target+name/path``: a plus with a slash or a variable after it."""
    for index, part in enumerate(word):
        if isinstance(part, Literal) and "+" in part.text:
            after = part.text[part.text.index("+") :]
            return "/" in after or any(not isinstance(p, Literal) or "/" in p.text for p in word[index + 1 :])
        if isinstance(part, Variable) and any("+" in p.text for p in part.operand if isinstance(p, Literal)):
            return True
    return False


def _accepted(candidate: str, word: Word, place: Place) -> bool:
    """Whether earth's lexer keeps ``candidate`` as one argument, and its expansion makes ``word`` of it."""
    try:
        if lexer.words(f" {candidate} x", 0)[0] != [candidate, "x"]:
            return False
        if lexer.without_continuations(candidate) != candidate:
            return False
        if place in (Place.PATH, Place.FLAG) and not closed(candidate):
            return False
        if place is Place.PATH and (candidate[0] == "-" or _PARAMETERS.fullmatch(candidate)):
            return False
        value = unquoted_flag(candidate) if place is Place.FLAG else candidate
        return parse_word(value, keep_plus=place is Place.ARGUMENT) == word
    except (lexer.LexError, WordError):
        return False


class _Writer:
    """Spells words; ``escape_plus`` writes ``\\+`` for a plus, ``keep_plus`` is ``parse_word``'s."""

    def __init__(self, escape_plus: bool, keep_plus: bool, *, escape_parentheses: bool = False) -> None:
        self.escape_plus = escape_plus
        self.keep_plus = keep_plus
        self.escape_parentheses = escape_parentheses

    def bare(self, word: Word) -> str | None:
        """Without quotes, or None."""
        if any(_NOT_BARE.search(part.text) for part in word if isinstance(part, Literal)):
            return None
        text = "".join(
            self._plus(part.text) if isinstance(part, Literal) else self._variable(part, _next_char(word, index))
            for index, part in enumerate(word)
        )
        return None if text[:1] in ("#", "\ufeff") or _BLANK.search(text) else text

    def double(self, word: Word) -> str:
        found: list[str] = []
        for index, part in enumerate(word):
            if isinstance(part, Literal):
                found.append(self._quoted(part.text, last=index == len(word) - 1))
            else:
                found.append(self._variable(part, _next_char(word, index)))
        return "".join(found)

    def segments(self, word: Word) -> str:
        """Every literal in single quotes, every variable in double ones: nothing that earth regroups."""
        return "".join(
            encode_single(part.text) if isinstance(part, Literal) else f'"{self._variable(part, "x")}"' for part in word
        )

    def _plus(self, text: str) -> str:
        return text.replace("+", "\\+") if self.escape_plus else text

    def _quoted(self, text: str, *, last: bool) -> str:
        text = _BACKSLASHES.sub(self._backslashes, text).replace('"', '\\"')
        text = _STARTS_VARIABLE.sub(lambda dollar: "$" if last and dollar.end() == len(text) else r"\$", text)
        return self._plus(text)

    def _backslashes(self, run: re.Match[str]) -> str:
        count = len(run[0])
        following = run.string[run.end() : run.end() + 1]
        if following == "+" and self.keep_plus:
            return "\\" * (2 * count - 1)
        if count == 1 and following and following not in "\"$+#'\\" and not following.isspace():
            return "\\"
        return "\\\\" * count

    def _variable(self, part: Part, following: str) -> str:
        if isinstance(part, ShellOut):
            return f"$({_command(part.command, self.escape_parentheses)})"
        assert isinstance(part, Variable)
        if part.operator not in ("", ":-", ":+", ":?", "?", "#", "%") or not _RENDERABLE_NAME.fullmatch(part.name):
            raise UnrenderableError(f"${{{part.name}{part.operator}...}} does not exist in an Earthfile")
        if part.operator in ("#", "%"):
            _check_pattern(part)
        if part.operator:
            return f"${{{part.name}{part.operator}{self._operand(part.operand, part.operator)}}}"
        if _IDENTIFIER.fullmatch(part.name) and not (following == "_" or following.isalnum()):
            return f"${part.name}"
        return f"${{{part.name}}}"

    def _operand(self, word: Word, operator: str) -> str:
        """Inside braces quotes are read as outside, whatever stands around: backslashes are safe everywhere."""
        found: list[str] = []
        for index, part in enumerate(word):
            if not isinstance(part, Literal):
                found.append(self._variable(part, _next_char(word, index)))
                continue
            text = re.sub(r"""([\\"'$}])""", r"\\\1", part.text)
            if operator in (":-", ":+"):
                if not self.keep_plus:
                    text = _PLUS_AFTER_BACKSLASHES.sub(r"\1\\+", text)
                if self.escape_plus and "\\" not in part.text:
                    text = text.replace("+", "\\+")
            found.append(text)
        return "".join(found)


def _check_pattern(part: Variable) -> None:
    if any(not isinstance(piece, Literal) or _GLOB.search(piece.text) for piece in part.operand):
        raise UnrenderableError(f"${{{part.name}{part.operator}...}} takes no wildcards in an Earthfile")


def _command(text: str, escape_parentheses: bool) -> str:
    """``text`` between the parentheses of a shell-out: outside quotes a backslash protects what would be special."""

    def protect(special: re.Match[str]) -> str:
        found = special[0]
        if len(found) > 1 or (found in "()" and not escape_parentheses):
            return found
        return "\\" + found

    return _COMMAND_SPECIAL.sub(protect, text)


def _next_char(word: Word, index: int) -> str:
    following = word[index + 1] if index + 1 < len(word) else None
    return following.text[:1] if isinstance(following, Literal) else ""


_HIDDEN_ABOVE = late(r"(\\+)(?='|[ \t]*(?:#|\r?\n))")
_HIDDEN_AT_END = late(r"(\\+)(?='|\Z)")
_AWKWARD = late("(['\0]+)")
_JSON_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JSON_CHARACTER = late(r'[\x00-\x1f"\\]')


def encode_single(text: str) -> str:
    """``text`` as one single-quoted word of /bin/sh that passes earth's lexer unchanged.

    earth lets a backslash protect the next character inside single quotes too and joins lines there, so a backslash
    before a quote, a line's end or a comment stands as ``'"\\\\"'``. Raises UnrenderableError for NUL.
    """
    if "\0" in text:
        raise UnrenderableError("a NUL character")
    if "\\" in text:
        last = text.rfind("\n") + 1
        text = _HIDDEN_ABOVE.sub(_mark_last, text[:last]) + _HIDDEN_AT_END.sub(_mark_last, text[last:])
    pieces = _AWKWARD.split(text)
    found = [f"'{piece}'" if index % 2 == 0 else f'"{_awkward(piece)}"' for index, piece in enumerate(pieces) if piece]
    return "".join(found) or "''"


def _mark_last(run: re.Match[str]) -> str:
    # An even run pairs up; the last one of an odd run would take the next character: NUL marks it.
    return run[1] if len(run[1]) % 2 == 0 else run[1][:-1] + "\0"


def _awkward(piece: str) -> str:
    return piece.replace("\0", "\\\\")


def exec_array(items: tuple[str, ...] | list[str]) -> str:
    """The JSON array for CMD, ENTRYPOINT and RUN that earth decodes to exactly ``items``.

    Raises UnrenderableError for control characters without a short escape (earth knows no ``\\uXXXX``) and for a
    ``$(`` whose quotes or parentheses do not close before the string ends, which earth's lexer cannot read.
    """
    array = "[" + ", ".join(f'"{_JSON_CHARACTER.sub(_json_escape, item)}"' for item in items) + "]"
    if any("$(" in item for item in items):
        try:
            args, _, _ = lexer.words(" " + array, 0)
            decoded, is_exec = lexer.finished("CMD", args)
        except lexer.LexError as error:
            raise UnrenderableError(f"earth cannot read this array: {error.message}") from None
        if not is_exec or decoded != list(items):
            raise UnrenderableError("earth reads $( in this array as something else")
    return array


def broken_array(items: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of an array that earth decodes to ``items``, for texts in which ``exec_array`` finds an open ``$(``.

    A line break after each dollar keeps earth from reading a command there; it joins the lines again (built). Raises
    UnrenderableError.
    """
    array = "[" + ", ".join(f'"{_JSON_CHARACTER.sub(_json_escape, item)}"' for item in items) + "]"
    first, *rest = array.split("$(")
    pieces = [first, *(f"({piece}" for piece in rest)]
    return (*(f"{piece}$\\" for piece in pieces[:-1]), pieces[-1])


def _json_escape(found: re.Match[str]) -> str:
    escape = _JSON_ESCAPES.get(found[0])
    if escape is None:
        raise UnrenderableError("a control character that earth's arrays cannot spell")
    return escape
