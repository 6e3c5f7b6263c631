"""Finds the simple commands of a shell script with their words and places. It reads; it never runs or expands anything.

Grammar: POSIX.1-2024, Shell Command Language (2.2 quoting, 2.3 token recognition, 2.7.4 here-documents, 2.9.1 simple
commands); from bash ``[[ ]]``, arrays, ``<<<``, ``&>``, process substitution. A construct it cannot follow ends the
reading with ``ShellError``: the caller then leaves the whole script alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migrate.callsites.values import Piece, Value

RESERVED = frozenset(
    ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "case", "esac", "for", "select")
) | {"function", "{", "}", "!", "[["}
#: Longest first.
_OPERATORS = (";;&", "&&", "||", ";;", ";&", "|&", "&", "|", ";", "(", ")", "\n")
_REDIRECTION = re.compile(r"(?:[0-9]+|\{[A-Za-z_]\w*\})?(?:<<<|<<-?|<>|<&|>&|>>|>\||<|>)|&>>?")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_MOST_NESTED = 40


class ShellError(ValueError):
    """A script that is not followed: ``offset`` says where."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command: assignments in front, words, redirections, and what surrounds it.

    ``before`` and ``after`` are the operators next to it (``|`` for a pipe, ``&&`` ...). ``substituted`` counts the
    command substitutions around it. ``scope`` numbers the subshell or function body that it stands in.
    """

    words: tuple[Value, ...]
    assignments: tuple[Value, ...] = ()
    redirections: tuple[tuple[str, int, int], ...] = ()
    before: str = ""
    after: str = ""
    substituted: int = 0
    scope: tuple[int, ...] = ()
    conditional: bool = False
    """Whether something may keep it from running: it stands in a branch, a loop, or behind ``&&`` or ``||``."""
    function: str = ""
    """The function in whose body it stands."""

    @property
    def name(self) -> str | None:
        """Its first word, None when that is not known, or there is none."""
        return self.words[0].text if self.words else None

    @property
    def start(self) -> int:
        """Where its first word stands."""
        return (self.assignments or self.words)[0].start

    @property
    def end(self) -> int:
        """Just after its last word or redirection."""
        ends = [word.end for word in (*self.assignments, *self.words)]
        return max([*ends, *(end for _, _, end in self.redirections)])


@dataclass(slots=True)
class _Reader:
    text: str
    position: int
    end: int
    substituted: int = 0
    scope: tuple[int, ...] = ()
    depth: int = 0
    commands: list[Command] = field(default_factory=list)
    pending: list[tuple[str, bool]] = field(default_factory=list)
    """Here-documents whose bodies start on the next line: delimiter, and whether leading tabs go."""
    scopes: list[int] = field(default_factory=lambda: [0])
    defined: str = ""
    """The function whose body comes next."""
    functions: list[str] = field(default_factory=list)
    """The functions around this place."""


def commands(text: str, start: int = 0, end: int | None = None) -> tuple[Command, ...]:
    """The simple commands in ``text[start:end]``, also those inside substitutions, in text order. Raises ShellError."""
    reader = _Reader(text, start, len(text) if end is None else end)
    _list(reader, closing="")
    return tuple(sorted(reader.commands, key=lambda command: command.start))


def _list(reader: _Reader, closing: str) -> None:
    """Commands up to ``closing`` (``)``), which is consumed, or the end of the text."""
    if reader.depth > _MOST_NESTED:
        raise ShellError(reader.position, "nested too deeply")
    before = ""
    open_: list[str] = []
    """The compound commands around this place; ``pattern`` while a case waits for one."""
    while True:
        _blanks(reader)
        if reader.position >= reader.end:
            if closing:
                raise ShellError(reader.position, f"{closing} is missing")
            return
        if open_ and open_[-1] == "pattern" and _case_pattern(reader, open_):
            continue
        operator = _operator(reader)
        if operator == ")" and closing:
            reader.position += 1
            return
        if operator:
            _take_operator(reader, operator, before, open_)
            before = operator
            continue
        word = _peek_word(reader)
        if word in RESERVED:
            _reserved(reader, word, open_)
            before = before if word in ("}", "fi", "done", "esac") else ""
            continue
        before = _simple(reader, before, conditional=any(item not in ("{", "function") for item in open_))


def _take_operator(reader: _Reader, operator: str, before: str, open_: list[str]) -> None:
    reader.position += len(operator)
    if operator == "\n":
        _heredocs(reader)
    elif operator == "(":
        name, reader.defined = reader.defined, ""
        if reader.text.startswith("(", reader.position):
            reader.position += 1
            _arithmetic(reader)
        else:
            reader.functions += [name] if name else []
            _nested(reader)
            del reader.functions[len(reader.functions) - bool(name) :]
    elif operator == ")":
        raise ShellError(reader.position - 1, "a ) too many")
    elif operator in (";;", ";&", ";;&"):
        if not open_ or open_[-1] != "case":
            raise ShellError(reader.position, ";; outside case")
        open_[-1] = "pattern"


def _case_pattern(reader: _Reader, open_: list[str]) -> bool:
    """One arm's patterns up to their ``)``; False at ``esac``."""
    _skip_separators(reader)
    if _peek_word(reader) == "esac":
        open_[-1] = "case"
        return False
    while reader.position < reader.end:
        _blanks(reader)
        operator = _operator(reader)
        if operator == "\n":
            _skip_separators(reader)
        elif operator in ("(", "|", ")"):
            reader.position += 1
            if operator == ")":
                open_[-1] = "case"
                return True
        else:
            _word(reader)
    raise ShellError(reader.position, "a case without its end")


_CLOSES = {"fi": ("if",), "done": ("loop",), "esac": ("case",), "}": ("{", "function")}
_OPENS = {"if": "if", "while": "loop", "until": "loop", "for": "loop", "select": "loop", "case": "pattern", "{": "{"}


def _reserved(reader: _Reader, word: str, open_: list[str]) -> None:
    """A reserved word where a command may start."""
    at = reader.position
    if word == "[[":
        stop = re.compile(r"[ \t]\]\](?=[\s;&|)]|$)").search(reader.text, at, reader.end)
        if stop is None:
            raise ShellError(at, "[[ without ]]")
        reader.position = stop.end()
        return
    if word in _CLOSES:
        _close(reader, word, open_)
    if word == "{" and reader.defined:
        _open_function(reader, open_)
    elif word in _OPENS:
        open_.append(_OPENS[word])
    if word in ("for", "select"):
        _for(reader)
        return
    reader.position += len(word)
    if word == "case":
        _blanks(reader)
        _word(reader)
        _skip_separators(reader)
        if _peek_word(reader) != "in":
            raise ShellError(reader.position, "case without in")
        reader.position += 2
    elif word == "function":
        _blanks(reader)
        reader.defined = _word(reader).text or "?"
        close = re.compile(r"[ \t]*\([ \t]*\)").match(reader.text, reader.position)
        reader.position = close.end() if close else reader.position


def _close(reader: _Reader, word: str, open_: list[str]) -> None:
    kind = open_.pop() if open_ else ""
    if kind not in _CLOSES[word]:
        raise ShellError(reader.position, f"{word} without its start")
    if kind == "function":
        reader.functions.pop()
        reader.scope = reader.scope[:-1]


def _open_function(reader: _Reader, open_: list[str]) -> None:
    """The body of a function: what it does to the folder happens where it is called."""
    open_.append("function")
    reader.functions.append(reader.defined)
    reader.defined = ""
    reader.scopes[0] += 1
    reader.scope = (*reader.scope, reader.scopes[0])


def _simple(reader: _Reader, before: str, *, conditional: bool) -> str:
    """One simple command; returns the operator that ends it, which is not consumed."""
    words: list[Value] = []
    assignments: list[Value] = []
    redirections: list[tuple[str, int, int]] = []
    while True:
        _blanks(reader)
        if reader.position >= reader.end:
            break
        redirection = _REDIRECTION.match(reader.text, reader.position, reader.end)
        if redirection and not _is_process_substitution(reader, redirection.group()):
            redirections.append(_redirection(reader, redirection))
            continue
        operator = _operator(reader)
        if operator == "(" and len(words) == 1 and not assignments:
            # name () { ...: a function; its body is read as the commands that follow
            close = re.compile(r"\([ \t]*\)").match(reader.text, reader.position)
            if close is None:
                raise ShellError(reader.position, "an unexpected (")
            reader.position = close.end()
            reader.defined = words[0].text or "?"
            return ""
        if operator:
            break
        word = _word(reader)
        if not words and _ASSIGNMENT.match(reader.text, word.start) and word.pieces[0].quote == "":
            assignments.append(word)
        else:
            words.append(word)
    if not words and not assignments:
        if not redirections:
            raise ShellError(reader.position, "a command is missing")
        return ""
    after = _operator(reader)
    made = Command(
        tuple(words),
        tuple(assignments),
        tuple(redirections),
        before,
        after.strip("\n"),
        reader.substituted,
        reader.scope,
        conditional or before in ("&&", "||"),
        (reader.functions or [""])[-1],
    )
    reader.commands.append(made)
    return after


def _for(reader: _Reader) -> None:
    """The header of a for loop, up to ``do``."""
    header = re.compile(r"(?:for|select)\s*\(\(").match(reader.text, reader.position)
    if header:
        reader.position = header.end()
        _arithmetic(reader)
        return
    while reader.position < reader.end:
        _blanks(reader)
        if _operator(reader) in ("\n", ";"):
            return
        _word(reader)


def _nested(reader: _Reader) -> None:
    """The list inside a subshell's parentheses; the opening one is consumed."""
    reader.scopes[0] += 1
    outer, reader.scope = reader.scope, (*reader.scope, reader.scopes[0])
    reader.depth += 1
    _list(reader, ")")
    reader.depth -= 1
    reader.scope = outer


def _arithmetic(reader: _Reader) -> None:
    """The rest of ``((...))``; both opening parentheses are consumed."""
    depth = 2
    while depth and reader.position < reader.end:
        char = reader.text[reader.position]
        depth += (char == "(") - (char == ")")
        reader.position += 1
    if depth:
        raise ShellError(reader.position, ")) is missing")


def _blanks(reader: _Reader) -> None:
    """Skip blanks, continued lines and comments."""
    while reader.position < reader.end:
        char = reader.text[reader.position]
        if char in " \t\r":
            reader.position += 1
        elif char == "\\" and (match := re.compile(r"\\\r?\n").match(reader.text, reader.position)):
            reader.position = match.end()
        elif char == "#" and _at_word_start(reader):
            line = reader.text.find("\n", reader.position, reader.end)
            reader.position = reader.end if line < 0 else line
        else:
            return


def _at_word_start(reader: _Reader) -> bool:
    return reader.position == 0 or reader.text[reader.position - 1] in " \t\r\n;&|()"


def _skip_separators(reader: _Reader) -> None:
    _blanks(reader)
    while reader.position < reader.end and reader.text[reader.position] == "\n":
        reader.position += 1
        _heredocs(reader)
        _blanks(reader)


def _operator(reader: _Reader) -> str:
    """The control operator at this place, not consumed; "" when there is none."""
    if reader.position >= reader.end or reader.text.startswith(("&>",), reader.position):
        return ""
    return next((item for item in _OPERATORS if reader.text.startswith(item, reader.position)), "")


def _peek_word(reader: _Reader) -> str:
    """The plain letters of the next word, when it consists of nothing else."""
    match = re.compile(r"[a-z]+(?=[\s;&|()<>]|$)|[{!](?=\s|$)|\}(?=[\s;)|&]|$)|\[\[(?=\s)").match(
        reader.text, reader.position, reader.end
    )
    return match.group() if match else ""


def _is_process_substitution(reader: _Reader, operator: str) -> bool:
    return operator in ("<", ">") and reader.text.startswith("(", reader.position + 1)


def _redirection(reader: _Reader, match: re.Match[str]) -> tuple[str, int, int]:
    start, operator = reader.position, match.group().lstrip("0123456789")
    reader.position = match.end()
    _blanks(reader)
    word = _word(reader)
    if operator in ("<<", "<<-"):
        delimiter = "".join(piece.text if piece.text is not None else piece.raw for piece in word.pieces)
        reader.pending.append((delimiter, operator == "<<-"))
    return operator, start, word.end


def _heredocs(reader: _Reader) -> None:
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


def _word(reader: _Reader) -> Value:
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


def _array(reader: _Reader, pieces: list[Piece]) -> None:
    start = reader.position
    reader.position += 1
    while True:
        _skip_separators(reader)
        if reader.position >= reader.end:
            raise ShellError(start, "an array without end")
        if reader.text[reader.position] == ")":
            reader.position += 1
            break
        _word(reader)
    pieces.append(Piece(reader.text[start : reader.position], None))


def _skip_to(reader: _Reader, closing: str, pieces: list[Piece]) -> None:
    stop = reader.text.find(closing, reader.position, reader.end)
    if stop < 0:
        raise ShellError(reader.position, f"{closing} is missing")
    pieces.append(Piece(reader.text[reader.position : stop + 1], None))
    reader.position = stop + 1


def _piece(reader: _Reader, char: str, pieces: list[Piece]) -> None:
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
        match = re.compile(r"[^\s;&|()<>'\"\\$`]+").match(text, at, reader.end)
        assert match is not None
        plain = match.group()
        # ~ and patterns mean something else than they say.
        known = not (set(plain) & set("*?[~")) and not re.search(r"\{[^}]*[,.]", plain)
        pieces.append(Piece(plain, plain if known else None))
        reader.position = match.end()


def _double_quoted(reader: _Reader, pieces: list[Piece]) -> None:
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


def _dollar(reader: _Reader, pieces: list[Piece], quote: str) -> None:
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
        _arithmetic(reader)
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


def _inner(reader: _Reader, start: int, end: int) -> None:
    """The commands of a backquoted substitution."""
    inner = _Reader(reader.text, start, end, reader.substituted + 1, (*reader.scope, -1), reader.depth + 1)
    inner.functions = [*reader.functions]
    _list(inner, "")
    reader.commands += inner.commands


def _substitution(reader: _Reader, start: int, pieces: list[Piece], quote: str) -> None:
    """``$(...)``; the reader stands behind the parenthesis."""
    reader.substituted += 1
    pending, reader.pending = reader.pending, []
    _nested(reader)
    reader.pending = pending
    reader.substituted -= 1
    pieces.append(Piece(reader.text[start : reader.position], None, quote))


def _braces(reader: _Reader) -> None:
    """``${...}`` with whatever nests in it."""
    start = reader.position
    reader.position += 2
    while reader.position < reader.end:
        char = reader.text[reader.position]
        if char == "}":
            reader.position += 1
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
