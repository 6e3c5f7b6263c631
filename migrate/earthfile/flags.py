"""Flags of Earthfile commands, and the arguments that are left: what a RUN really hands to the shell.

Facts: ``util/stringutil/process_params_and_quotes.go`` (arguments are regrouped by quotes and parentheses before flags
are read, without looking at backslashes), ``util/flagutil/parse.go`` with go-flags, ``earthfile2llb/cmdopts/opts.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.earthfile.expansion import WordError, parse_word
from migrate.earthfile.tree import EarthfileError, Statement
from migrate.lateregex import late
from migrate.words import Literal, Word, literal_text, merged

#: A flag's name without dashes, and its value as written (None for a bare switch).
Flag = tuple[str, "str | None"]

_RUN_SWITCHES = "push privileged entrypoint with-docker ssh aws no-cache interactive interactive-keep raw-output"
#: Command -> flags that take a value, flags that do not.
_FLAGS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    command: (frozenset(valued.split()), frozenset(switches.split()))
    for command, valued, switches in (
        ("RUN", "oidc network secret mount", _RUN_SWITCHES),
        ("IF", "secret mount", "privileged ssh no-cache"),
        ("FOR", "sep secret mount", "privileged ssh no-cache"),
        ("FROM", "platform build-arg", "allow-privileged pass-args"),
        ("FROM DOCKERFILE", "platform target f build-arg", "allow-privileged"),
        (
            "COPY",
            "from chown chmod platform build-arg",
            "dir keep-ts keep-own if-exists symlink-no-follow allow-privileged pass-args",
        ),
        ("SAVE ARTIFACT", "", "keep-ts keep-own if-exists symlink-no-follow force"),
        ("SAVE IMAGE", "cache-from", "push cache-hint insecure no-manifest-list without-earthly-labels"),
        ("BUILD", "platform build-arg", "allow-privileged pass-args auto-skip"),
        ("GIT CLONE", "branch", "keep-ts"),
        ("HEALTHCHECK", "interval timeout start-period retries start-interval", ""),
        ("WITH DOCKER", "platform cache-id compose service load build-arg pull", "allow-privileged pass-args"),
        ("DO", "", "allow-privileged pass-args"),
        ("IMPORT", "", "allow-privileged pass-args"),
        ("ARG", "", "required global"),
        ("LET", "", ""),
        ("SET", "", ""),
        ("CACHE", "sharing chmod id", "persist"),
    )
}
_TRUTH = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_GROUPING = re.compile(r"""["'()]""")
_GO_ESCAPE = late(r"""\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-3][0-7]{2}))""")
_GO_MEANING = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


def run_text(statement: Statement) -> str:
    """The text that earth hands to ``/bin/sh -c`` for a RUN or IF in shell form.

    Raises EarthfileError for the exec form and where earth refuses the flags or rewrites the text with values that are
    only known while building (see ``flags_and_args``).
    """
    if statement.exec_form:
        raise EarthfileError("the exec form has no shell text", statement.line, statement.column)
    return " ".join(flags_and_args(statement)[1])


def flags_and_args(statement: Statement) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    """The flags of a command and the arguments behind them, regrouped as earth does it for commands with flags.

    Arguments of commands without flags come back as they are. For RUN earth expands the value of every argument that
    looks like one of its switches (``--push=$X``), even in the middle of the shell text. Raises EarthfileError for
    unknown flags, missing or bad values, and such a value that is not constant.
    """
    known = _FLAGS.get(statement.name)
    if known is None:
        return (), statement.args
    try:
        return _parsed(statement, *known)
    except (_FlagError, WordError) as error:
        raise EarthfileError(f"{statement.name}: {error}", statement.line, statement.column) from None


def expanded_words(statement: Statement) -> tuple[Word, ...]:
    """What each argument of a command expands to, flags included as ``--name=value``: regrouped and with ``\\+`` kept
    exactly where earth does so. Raises EarthfileError where earth refuses a flag or a word.
    """
    known = _FLAGS.get(statement.name)
    keep_plus = statement.name in ("ARG", "LET", "SET")
    try:
        if known is None:
            return tuple(parse_word(arg) for arg in statement.args)
        flags, args = _parsed(statement, *known)
        words = [parse_word(f"--{name}") if value is None else _flag_word(name, value) for name, value in flags]
        return (*words, *(parse_word(arg, keep_plus=keep_plus) for arg in args))
    except (_FlagError, WordError) as error:
        raise EarthfileError(f"{statement.name}: {error}", statement.line, statement.column) from None


def _flag_word(name: str, value: str) -> Word:
    return merged([Literal(f"{'-' if len(name) == 1 else '--'}{name}="), *parse_word(value)])


class _FlagError(Exception):
    """A flag that earth refuses."""


def _parsed(
    statement: Statement, valued: frozenset[str], switches: frozenset[str]
) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    args = regrouped(statement.args)
    flags: list[Flag] = []
    index = 0
    while index < len(args):
        arg = args[index]
        if arg == "--":
            index += 1
            break
        if not _is_option(arg):
            break
        name, equals, text = arg.lstrip("-").partition("=")
        value = text if equals else None
        index += 1
        if name in switches and arg.startswith("--"):
            _check_truth(value, statement.name == "RUN")
        elif name in valued and arg.startswith("--" if len(name) > 1 else "-"):
            if value is None:
                if index == len(args) or args[index] == "--" or _is_option(args[index]):
                    raise _FlagError(f"expected argument for flag {arg}")
                value = args[index]
                index += 1
            value = unquoted_flag(value)
        else:
            raise _FlagError(f"unknown flag {arg}")
        flags.append((name, value))
    rest = args[index:]
    if statement.name == "RUN":
        rest = [_expanded_switch(arg, switches) if arg.startswith("--") else arg for arg in rest]
    return tuple(flags), tuple(rest)


def _is_option(arg: str) -> bool:
    return len(arg) > 1 and arg[0] == "-" and (arg[1] != "-" or (len(arg) > 2 and arg[2] != "-"))


def _check_truth(value: str | None, expands: bool) -> None:
    if value is not None and expands:
        value = literal_text(parse_word(value))
    if value and value not in _TRUTH:
        raise _FlagError(f"{value} is neither true nor false")


def _expanded_switch(arg: str, switches: frozenset[str]) -> str:
    name, equals, value = arg[2:].partition("=")
    if not (equals and name in switches):
        return arg
    text = literal_text(parse_word(value))
    if text is None:
        raise _FlagError(f"earth expands {arg} itself, before the shell sees it")
    return f"--{name}={text}"


def regrouped(args: Iterable[str]) -> list[str]:
    """``args`` with those joined by one blank that an open quote or ``(`` holds together, counted by earth's rule."""
    found: list[str] = []
    pending: list[str] = []
    quote = ""
    for arg in args:
        if not quote and _GROUPING.search(arg) is None:
            found.append(arg)
            continue
        quote = open_quote(arg, quote)
        pending.append(arg)
        if not quote:
            found.append(" ".join(pending))
            pending = []
    return [*found, " ".join(pending)] if pending else found


def closed(text: str) -> bool:
    """Whether every quote and ``(`` of ``text`` closes, counted without backslashes: otherwise earth glues the next
    argument to it (``util/stringutil/process_params_and_quotes.go``).
    """
    return open_quote(text, "") == ""


def open_quote(text: str, quote: str) -> str:
    """The quote or ``(`` still open after ``text``, when ``quote`` was open before it."""
    for found in _GROUPING.finditer(text):
        char = found[0]
        if not quote:
            quote = char if char != ")" else ""
        elif char == (")" if quote == "(" else quote):
            quote = ""
    return quote


def unquoted_flag(value: str) -> str:
    """A flag's value after go-flags: a leading ``"`` makes it a Go string. Raises WordError when it is not one."""
    if value[:1] != '"':
        return value
    body = value[1:-1]
    if len(value) < 2 or value[-1] != '"' or "\n" in body or re.search(r'[\\"]', _GO_ESCAPE.sub("", body)):
        raise WordError("a flag value in double quotes that is no Go string")
    return _GO_ESCAPE.sub(_go_escape, body)


def _go_escape(found: re.Match[str]) -> str:
    if found[1]:
        return _GO_MEANING[found[1]]
    return chr(int(found[4], 8) if found[4] else int(found[2] or found[3], 16))
