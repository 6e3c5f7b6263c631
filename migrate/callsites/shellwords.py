"""Finds the simple commands of a shell script with their words and places. It reads; it never runs or expands anything.

Grammar: POSIX.1-2024, Shell Command Language (2.2 quoting, 2.3 token recognition, 2.7.4 here-documents, 2.9.1 simple
commands); from bash ``[[ ]]``, arrays, ``<<<``, ``&>``, process substitution. A construct it cannot follow ends the
reading with ``ShellError``: the caller then leaves the whole script alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from migrate.callsites.shellreading import (
    MOST_NESTED,
    Reader,
    ShellError,
    arithmetic,
    blanks,
    heredocs,
    nested,
    operator_at,
    peek_word,
    skip_separators,
    word_at,
)
from migrate.callsites.values import Value

RESERVED = frozenset(
    ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "case", "esac", "for", "select")
) | {"function", "{", "}", "!", "[["}
_REDIRECTION = re.compile(r"(?:[0-9]+|\{[A-Za-z_]\w*\})?(?:<<<|<<-?|<>|<&|>&|>>|>\||<|>)|&>>?")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=")


class Loop(NamedTuple):
    """A loop. For ``for``: its variable and the values that it takes, None when only the run knows them."""

    variable: str = ""
    values: tuple[str, ...] | None = None
    braced: bool = False
    """Whether the variable is written ``${x}`` only: it is the mask of a hole."""


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
    loops: tuple[Loop, ...] = ()
    """The loops around it, the outermost first."""

    @property
    def name(self) -> str | None:
        """Its first word, None when that is not known, or there is none."""
        return self.words[0].text if self.words else None

    @property
    def setting(self) -> tuple[Value, ...]:
        """The words that may set a variable: assignments, and those of a command that is there to do so."""
        if self.name == "printf" and len(self.words) > 2 and self.words[1].text == "-v":
            return (*self.assignments, self.words[2])
        return (*self.assignments, *(self.words[1:] if self.name in _SETTERS else ()))

    @property
    def start(self) -> int:
        """Where its first word stands."""
        return (self.assignments or self.words)[0].start

    @property
    def end(self) -> int:
        """Just after its last word or redirection."""
        ends = [word.end for word in (*self.assignments, *self.words)]
        return max([*ends, *(end for _, _, end in self.redirections)])


#: Commands whose words name variables that they set; ``printf`` does so behind ``-v``.
_SETTERS = frozenset(
    ("export", "readonly", "declare", "typeset", "local", "read", "getopts", "unset", "mapfile", "readarray")
)


@lru_cache(maxsize=4)  # the check of each edit reads the old script again
def commands(text: str, start: int = 0, end: int | None = None) -> tuple[Command, ...]:
    """The simple commands in ``text[start:end]``, also those inside substitutions, in text order. Raises ShellError."""
    reader = Reader(text, start, len(text) if end is None else end, _list)
    _list(reader, closing="")
    return tuple(sorted(reader.commands, key=lambda command: command.start))


def _list(reader: Reader, closing: str) -> None:
    """Commands up to ``closing`` (``)``), which is consumed, or the end of the text."""
    if reader.depth > MOST_NESTED:
        raise ShellError(reader.position, "nested too deeply")
    before = ""
    open_: list[str] = []
    """The compound commands around this place; ``pattern`` while a case waits for one."""
    while True:
        blanks(reader)
        if reader.position >= reader.end:
            if closing:
                raise ShellError(reader.position, f"{closing} is missing")
            return
        if open_ and open_[-1] == "pattern" and _case_pattern(reader, open_):
            continue
        operator = operator_at(reader)
        if operator == ")" and closing:
            reader.position += 1
            return
        if operator:
            _take_operator(reader, operator, before, open_)
            before = operator
            continue
        word = peek_word(reader)
        if word in RESERVED:
            _reserved(reader, word, open_)
            if len(open_) > MOST_NESTED:
                raise ShellError(reader.position, "nested too deeply")
            before = before if word in ("}", "fi", "done", "esac") else ""
            continue
        before = _simple(reader, before, conditional=any(item not in ("{", "function") for item in open_))


def _take_operator(reader: Reader, operator: str, before: str, open_: list[str]) -> None:
    reader.position += len(operator)
    if operator == "\n":
        heredocs(reader)
    elif operator == "(":
        name, reader.defined = reader.defined, ""
        if reader.text.startswith("(", reader.position):
            reader.position += 1
            arithmetic(reader)
        else:
            reader.functions += [name] if name else []
            nested(reader)
            del reader.functions[len(reader.functions) - bool(name) :]
    elif operator == ")":
        raise ShellError(reader.position - 1, "a ) too many")
    elif operator in (";;", ";&", ";;&"):
        if not open_ or open_[-1] != "case":
            raise ShellError(reader.position, ";; outside case")
        open_[-1] = "pattern"


def _case_pattern(reader: Reader, open_: list[str]) -> bool:
    """One arm's patterns up to their ``)``; False at ``esac``."""
    skip_separators(reader)
    if peek_word(reader) == "esac":
        open_[-1] = "case"
        return False
    while reader.position < reader.end:
        blanks(reader)
        operator = operator_at(reader)
        if operator == "\n":
            skip_separators(reader)
        elif operator in ("(", "|", ")"):
            reader.position += 1
            if operator == ")":
                open_[-1] = "case"
                return True
        else:
            word_at(reader)
    raise ShellError(reader.position, "a case without its end")


_CLOSES = {"fi": ("if",), "done": ("loop",), "esac": ("case",), "}": ("{", "function")}
_OPENS = {"if": "if", "while": "loop", "until": "loop", "for": "loop", "select": "loop", "case": "pattern", "{": "{"}


def _reserved(reader: Reader, word: str, open_: list[str]) -> None:
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
        if _OPENS[word] == "loop":
            reader.loops.append(Loop())
    if word in ("for", "select"):
        _for(reader)
        return
    reader.position += len(word)
    if word == "case":
        blanks(reader)
        word_at(reader)
        skip_separators(reader)
        if peek_word(reader) != "in":
            raise ShellError(reader.position, "case without in")
        reader.position += 2
    elif word == "function":
        blanks(reader)
        reader.defined = word_at(reader).text or "?"
        close = re.compile(r"[ \t]*\([ \t]*\)").match(reader.text, reader.position)
        reader.position = close.end() if close else reader.position


def _close(reader: Reader, word: str, open_: list[str]) -> None:
    kind = open_.pop() if open_ else ""
    if kind not in _CLOSES[word]:
        raise ShellError(reader.position, f"{word} without its start")
    if kind == "loop":
        reader.loops.pop()
    if kind == "function":
        reader.functions.pop()
        reader.scope = reader.scope[:-1]


def _open_function(reader: Reader, open_: list[str]) -> None:
    """The body of a function: what it does to the folder happens where it is called."""
    open_.append("function")
    reader.functions.append(reader.defined)
    reader.defined = ""
    reader.scopes[0] += 1
    reader.scope = (*reader.scope, reader.scopes[0])


def _simple(reader: Reader, before: str, *, conditional: bool) -> str:
    """One simple command; returns the operator that ends it, which is not consumed."""
    words: list[Value] = []
    assignments: list[Value] = []
    redirections: list[tuple[str, int, int]] = []
    while True:
        blanks(reader)
        if reader.position >= reader.end:
            break
        redirection = _REDIRECTION.match(reader.text, reader.position, reader.end)
        if redirection and not _is_process_substitution(reader, redirection.group()):
            redirections.append(_redirection(reader, redirection))
            continue
        operator = operator_at(reader)
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
        word = word_at(reader)
        if not words and _ASSIGNMENT.match(reader.text, word.start) and word.pieces[0].quote == "":
            assignments.append(word)
        else:
            words.append(word)
    if not words and not assignments:
        if not redirections:
            raise ShellError(reader.position, "a command is missing")
        return ""
    after = operator_at(reader)
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
        tuple(reader.loops),
    )
    reader.commands.append(made)
    return after


def _for(reader: Reader) -> None:
    """The header of a for loop, up to ``do``."""
    header = re.compile(r"(?:for|select)\s*\(\(").match(reader.text, reader.position)
    if header:
        reader.position = header.end()
        arithmetic(reader)
        return
    words: list[str | None] = []
    while reader.position < reader.end:
        blanks(reader)
        if operator_at(reader) in ("\n", ";"):
            break
        words.append(word_at(reader).text)
    if words[:1] == ["for"] and words[2:3] == ["in"]:
        values = tuple(word for word in words[3:] if word is not None)
        reader.loops[-1] = Loop(words[1] or "", values if len(values) == len(words) - 3 else None)


def _is_process_substitution(reader: Reader, operator: str) -> bool:
    return operator in ("<", ">") and reader.text.startswith("(", reader.position + 1)


def _redirection(reader: Reader, match: re.Match[str]) -> tuple[str, int, int]:
    start, operator = reader.position, match.group().lstrip("0123456789")
    reader.position = match.end()
    blanks(reader)
    word = word_at(reader)
    if operator in ("<<", "<<-"):
        delimiter = "".join(piece.text if piece.text is not None else piece.raw for piece in word.pieces)
        reader.pending.append((delimiter, operator == "<<-"))
    return operator, start, word.end
