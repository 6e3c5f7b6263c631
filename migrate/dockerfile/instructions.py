"""From an instruction's text to its typed detail, with the checks that BuildKit makes in the same order.

BuildKit reads a file twice: :func:`first_pass` is its parser (forms, name=value pairs, ONBUILD), :func:`second_pass`
its instruction reader (flags, argument counts). Source: parser/line_parsers.go and instructions/parse.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from migrate.dockerfile import errors
from migrate.dockerfile.errors import suggestion
from migrate.dockerfile.flags import FlagSpec, bool_value, flag_table, ignoring, parse_count, parse_duration
from migrate.dockerfile.gotext import SPACE, lower
from migrate.dockerfile.heredocs import Header, parse_header
from migrate.dockerfile.jsonform import NotStrings, json_strings, string_spans
from migrate.dockerfile.model import (
    CopyDetail,
    Flag,
    FromDetail,
    HealthcheckDetail,
    Heredoc,
    Instruction,
    Mount,
    OnbuildDetail,
    Operand,
    Pair,
    PairsDetail,
    RunDetail,
    WordsDetail,
)
from migrate.dockerfile.mounts import MountError, mount_type, parse_device, parse_options
from migrate.dockerfile.statements import Statement, trigger
from migrate.dockerfile.words import Piece, WordError, blank_separated, legacy_pair, quoted_words

_JSON_FORMS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_MILLISECOND = 10**6


def first_pass(statement: Statement, escape: str) -> None:
    """Fill the form of ``statement``; raises DockerfileError for what BuildKit's parser refuses."""
    name = statement.name
    if name in _JSON_FORMS:
        statement.exec_form = _exec_form(statement, statement.operand)
    elif name in ("ENV", "LABEL"):
        _read_pairs(statement, escape)
    elif name == "ARG":
        statement.pairs = tuple(map(_argument, _words(statement, escape)))
    elif name == "HEALTHCHECK":
        statement.exec_form = _exec_form(statement, statement.operand[_check_command(statement) :])
    elif name == "ONBUILD" and statement.operand:
        inner = statement.trigger = trigger(statement, escape)
        while inner.name == "ONBUILD" and inner.operand:  # refused later, but its form is read first
            inner = trigger(inner, escape)
        first_pass(inner, escape)


def second_pass(statement: Statement, escape: str) -> Instruction:
    """The finished instruction; raises DockerfileError for what BuildKit's instruction reader refuses."""
    reader = _READERS.get(statement.name)
    if reader is None:
        keyword = statement.command.keyword
        fields = {"keyword": keyword or "(nothing)", "suggestion": suggestion(keyword.upper(), list(flag_table()))}
        raise errors.DockerfileError(errors.UNKNOWN_INSTRUCTION, statement.keyword_span(), fields)
    return reader(statement, escape)


# --- first pass -------------------------------------------------------------------------------------------------------


def _exec_form(statement: Statement, text: str) -> tuple[str, ...] | None:
    if not text.lstrip(SPACE).startswith("["):
        return None
    try:
        return json_strings(text)
    except NotStrings:
        end = len(statement.command.text)
        raise statement.error(errors.BAD_JSON, (end - len(text), end)) from None


def _words(statement: Statement, escape: str) -> list[Piece]:
    return quoted_words(statement.command.text, statement.command.operand_start, escape)


def _read_pairs(statement: Statement, escape: str) -> None:
    words = _words(statement, escape)
    if words and "=" not in words[0].text:
        pair = legacy_pair(statement.command.text, statement.command.operand_start)
        if pair is None:
            raise _bad_pair(statement, words[0], "a name without a value")
        name, value = pair
        statement.pairs = (Pair(name.text, value.text, name.start, value.end),)
        statement.legacy = True
        return
    for word in words:
        if "=" not in word.text:
            raise _bad_pair(statement, word, f"'{word.text}' is not of the form name=value")
    statement.pairs = tuple(map(_argument, words))


def _bad_pair(statement: Statement, word: Piece, problem: str) -> errors.DockerfileError:
    return statement.error(errors.BAD_PAIR, (word.start, word.end), problem=problem)


def _argument(word: Piece) -> Pair:
    key, equals, value = word.text.partition("=")
    return Pair(key, value if equals else None, word.start, word.end)


def _check_command(statement: Statement) -> int:
    """The offset in the operand of a HEALTHCHECK where its command begins, after the word CMD."""
    match = _first_word().match(statement.operand)
    return match.end() if match else 0


@lru_cache(maxsize=1)
def _first_word() -> re.Pattern[str]:
    return re.compile(r"([^\t\n\v\f\r ]*)[\t\n\v\f\r ]*")


# --- second pass ------------------------------------------------------------------------------------------------------


def _flags(statement: Statement) -> tuple[Flag, ...]:
    """The flags, each checked as BuildKit does, in text order."""
    raw = statement.command.flags
    if not raw or statement.name in ignoring():
        return ()
    specs = flag_table()[statement.name]
    found: list[Flag] = []
    for word in raw:
        name, equals, value = word.text[2:].partition("=")
        flag = Flag(name, value if equals else None, word.start, word.end)
        spec = specs.get(name)
        if spec is None:
            hint = suggestion(name, list(specs))
            raise _flag_error(statement, flag, errors.UNKNOWN_FLAG, suggestion=hint.replace(" mean ", " mean --"))
        if spec.kind != "list" and any(name == other.name for other in found):
            raise _flag_error(statement, flag, errors.DUPLICATE_FLAG)
        _check_kind(statement, flag, spec)
        found.append(flag)
    return tuple(found)


def _flag_error(statement: Statement, flag: Flag, code: str, **fields: str) -> errors.DockerfileError:
    return statement.error(code, (flag.start, flag.end), flag="--" + flag.name, **fields)


def _bad_value(statement: Statement, flag: Flag, problem: str) -> errors.DockerfileError:
    return _flag_error(statement, flag, errors.BAD_FLAG_VALUE, problem=problem)


def _check_kind(statement: Statement, flag: Flag, spec: FlagSpec) -> None:
    if spec.kind == "bool":
        if flag.value == "" or bool_value(flag.value) is None:
            raise _bad_value(statement, flag, "it is either true or false, without variables")
    elif flag.value is None:
        raise _bad_value(statement, flag, "it needs a value")


def _check_device(statement: Statement, flag: Flag) -> None:
    try:
        parse_device(flag.value or "")
    except MountError as error:
        raise _bad_value(statement, flag, str(error)) from None


def _check_choice(statement: Statement, flag: Flag) -> None:
    values = flag_table()[statement.name][flag.name].values
    if values and flag.value not in values:
        raise _bad_value(statement, flag, "it is one of " + ", ".join(values))


def _wrong(statement: Statement, problem: str, place: tuple[int, int] | None = None) -> errors.DockerfileError:
    return statement.error(errors.BAD_ARGUMENTS, place, problem=problem)


def _plain(statement: Statement, escape: str) -> Instruction:
    """CMD and ENTRYPOINT: any text."""
    return statement.finished(_flags(statement))


def _one(statement: Statement, escape: str) -> Instruction:
    """MAINTAINER, STOPSIGNAL, USER, WORKDIR: the rest of the line is one argument."""
    if not statement.operand:
        raise _wrong(statement, "it needs an argument")
    return statement.finished(_flags(statement))


def _shell(statement: Statement, escape: str) -> Instruction:
    flags = _flags(statement)
    if not statement.operand or statement.exec_form == ():
        raise _wrong(statement, "it needs at least one argument")
    if statement.exec_form is None:
        raise _wrong(statement, "its arguments must be a JSON array of strings")
    return statement.finished(flags)


def _pairs(statement: Statement, escape: str) -> Instruction:
    """ENV and LABEL."""
    flags = _flags(statement)
    if not statement.pairs:
        raise _wrong(statement, "it needs at least one argument")
    _check_keys(statement)
    return statement.finished(flags, PairsDetail(statement.pairs, statement.legacy))


def _arg(statement: Statement, escape: str) -> Instruction:
    if not statement.pairs:
        raise _wrong(statement, "it needs at least one argument")
    _check_keys(statement)
    return statement.finished((), PairsDetail(statement.pairs))


def _check_keys(statement: Statement) -> None:
    for pair in statement.pairs:
        if not pair.key:
            raise statement.error(errors.BAD_PAIR, (pair.start, pair.end), problem="a name is blank")


def _run(statement: Statement, escape: str) -> Instruction:
    flags = _flags(statement)
    mounts: list[Mount] = []
    for flag in sorted(flags, key=lambda flag: flag.name):  # BuildKit judges their values in this order
        if flag.name == "device":
            _check_device(statement, flag)
        elif flag.name == "mount":
            mounts.append(_mount(statement, flag, escape))
        else:
            _check_choice(statement, flag)
    return statement.finished(flags, RunDetail(tuple(mounts)))


def _mount(statement: Statement, flag: Flag, escape: str) -> Mount:
    try:
        options = parse_options(flag.value or "")
        kind = mount_type(options, escape)
    except MountError as error:
        raise statement.error(errors.BAD_MOUNT, (flag.start, flag.end), problem=str(error)) from None
    except WordError:
        kind = None  # a broken value: checks.py tells it at its place in BuildKit's order
    return Mount(kind or dict(options).get("type") or "", options, flag)


def _from(statement: Statement, escape: str) -> Instruction:
    words = blank_separated(statement.command.text, statement.command.operand_start)
    name = None
    if len(words) == 3 and words[1].text.casefold() == "as":
        name = lower(words[2].text)
        if not _stage_name().fullmatch(name):
            place = (words[2].start, words[2].end)
            raise statement.error(errors.BAD_STAGE_NAME, place, name=words[2].text)
    elif len(words) != 1:
        raise _wrong(statement, "it takes an image, or an image, AS and a name")
    flags = _flags(statement)
    image = Operand(words[0].text, words[0].start, words[0].end)
    return statement.finished(flags, FromDetail(image, flags[0] if flags else None, name))


@lru_cache(maxsize=1)
def _stage_name() -> re.Pattern[str]:
    return re.compile("[a-z][a-z0-9-_.]*")


def _copy(statement: Statement, escape: str) -> Instruction:
    """ADD and COPY."""
    words = _operands(statement)
    if len(words) < 2:
        raise _wrong(statement, "it needs at least one source and a destination")
    flags = _flags(statement)
    *sources, last = words
    if _heredoc_word(last.text) is not None:
        raise statement.error(errors.BAD_HEREDOC, (last.start, last.end), problem="a destination cannot be a heredoc")
    bodies = {heredoc.name: heredoc for heredoc in statement.heredocs}
    operands = tuple(Operand(word.text, word.start, word.end, _body(word, bodies)) for word in sources)
    return statement.finished(flags, CopyDetail(operands, Operand(last.text, last.start, last.end)))


def _operands(statement: Statement) -> list[Piece]:
    start = statement.command.operand_start
    if statement.exec_form is None:
        return blank_separated(statement.command.text, start)
    spans = string_spans(statement.command.text, start)
    return [Piece(text, *span) for text, span in zip(statement.exec_form, spans, strict=True)]


def _heredoc_word(text: str) -> Header | None:
    if "<<" not in text:
        return None
    try:
        return parse_header(text)
    except WordError:
        return None


def _body(word: Piece, bodies: Mapping[str, Heredoc]) -> Heredoc | None:
    """The heredoc that a source names; BuildKit takes the body of the last one of that name, or none at all."""
    header = _heredoc_word(word.text)
    if header is None:
        return None
    known = bodies.get(header.name)
    body, first, last = (known.body, known.first_line, known.last_line) if known else ("", 0, -1)
    return Heredoc(header.name, body, header.expand, header.chomp, header.fd, first, last)


def _list(statement: Statement, escape: str) -> Instruction:
    """EXPOSE and VOLUME."""
    words = _operands(statement)
    if not words:
        raise _wrong(statement, "it needs at least one argument")
    flags = _flags(statement)
    if statement.name == "VOLUME":
        words = [Piece(word.text.strip(SPACE), word.start, word.end) for word in words]
        for word in words:
            if not word.text:
                raise _wrong(statement, "a volume cannot be an empty string", (word.start, word.end))
    return statement.finished(flags, WordsDetail(tuple(Operand(word.text, word.start, word.end) for word in words)))


def _healthcheck(statement: Statement, escape: str) -> Instruction:
    operand = statement.operand
    if not operand:
        raise _wrong(statement, "it needs at least one argument")
    begin = _check_command(statement)
    kind = operand[:begin].rstrip("\t\n\v\f\r ")
    command = operand[begin:]
    if lower(kind) == "none":
        if command and statement.exec_form != ():
            raise _wrong(statement, "NONE takes no arguments")
        return statement.finished((), HealthcheckDetail(True, None, ""))
    flags = _flags(statement)
    if lower(kind) != "cmd":
        raise _wrong(statement, f"it takes CMD or NONE, not {kind}")
    if not command or statement.exec_form == ():
        raise _wrong(statement, "CMD needs a command")
    for flag in flags:
        _check_time(statement, flag)
    return statement.finished(flags, HealthcheckDetail(False, statement.exec_form, command))


def _check_time(statement: Statement, flag: Flag) -> None:
    if not flag.value:
        return
    if flag.name == "retries":
        count = parse_count(flag.value)
        if count is None or count < 0:
            raise _bad_value(statement, flag, "it is a number, not below 0")
        return
    duration = parse_duration(flag.value)
    if duration is None or (duration != 0 and duration < _MILLISECOND):
        raise _bad_value(statement, flag, "it is a duration such as 30s, either 0 or at least 1ms")


def _onbuild(statement: Statement, escape: str) -> Instruction:
    inner = statement.trigger
    if inner is None:
        raise _wrong(statement, "it needs an instruction")
    flags = _flags(statement)
    if inner.name in ("ONBUILD", "FROM", "MAINTAINER"):
        raise statement.error(errors.BAD_TRIGGER, None, trigger=inner.name)
    try:
        return statement.finished(flags, OnbuildDetail(second_pass(inner, escape)))
    except errors.DockerfileError as error:
        raise errors.BrokenTrigger(error.code, error.span, error.fields) from None


_READERS: Mapping[str, Callable[[Statement, str], Instruction]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _plain,
    "COPY": _copy,
    "ENTRYPOINT": _plain,
    "ENV": _pairs,
    "EXPOSE": _list,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _one,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _one,
    "USER": _one,
    "VOLUME": _list,
    "WORKDIR": _one,
}
