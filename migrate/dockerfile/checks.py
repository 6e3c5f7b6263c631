"""What BuildKit refuses only when it expands an instruction: broken substitutions and mount options.

It does so for the stages that it builds: in others such a word is found here, but is no error.
Source: dockerfile2llb/convert.go (which operands are expanded) and shell/lex.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migrate.dockerfile import errors
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import (
    CopyDetail,
    Flag,
    FromDetail,
    Heredoc,
    Instruction,
    Mount,
    OnbuildDetail,
    PairsDetail,
    RunDetail,
    WordsDetail,
)
from migrate.dockerfile.mounts import MountError, check_options
from migrate.dockerfile.words import WordError, expand, parse_body, parse_word
from migrate.spans import Span
from migrate.words import literal_text

_EXPANDED_FLAGS = ("chown", "chmod", "checksum")
_SHOWN = 60
#: Found out where an instruction is carried out; ``--from`` and the options of mounts are read in every stage.
_WHEN_BUILT = frozenset({errors.BAD_SUBSTITUTION, errors.INVALID_PORT, errors.INVALID_SIGNAL})
_WHOLE = frozenset({"STOPSIGNAL", "USER", "WORKDIR"})
#: ``[[address:]host:]port[-port][/protocol]``; anything else is "invalid port" (convert_expose.go).
_PORT = r"(?:[^/]*:)?\d+(?:-\d+)?(?:/(?:tcp|udp|sctp)?)?"
#: Linux signal names without SIG (moby/sys/signal), and the real-time ones.
_SIGNAL = (
    r"(?:SIG)?(?:ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|TRAP|"
    r"TSTP|TTIN|TTOU|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?)|0*[1-9]\d*"
)


def check_expansion(instructions: list[Instruction], escape: str) -> Mapping[int, DockerfileError]:
    """For each instruction (by index) whose words BuildKit refuses when it builds the stage: why.

    Raises DockerfileError for what it refuses whatever is built: FROM lines first, as it does.
    """
    for instruction in instructions:
        if instruction.keyword == "FROM":
            _check(instruction, escape)
    found: dict[int, DockerfileError] = {}
    for index, instruction in enumerate(instructions):
        if instruction.keyword != "FROM":
            try:
                _check(instruction, escape)
            except DockerfileError as error:
                if error.code not in _WHEN_BUILT:
                    raise
                found[index] = error
    return found


def _check(instruction: Instruction, escape: str) -> None:
    detail = instruction.detail
    if isinstance(detail, OnbuildDetail):
        _check(detail.trigger, escape)
        return
    if isinstance(detail, RunDetail):
        for mount in detail.mounts:
            _check_mount(instruction, mount, escape)
        return
    for text, start, end in _expanded(instruction):
        _check_word(instruction, text, start, end, escape)
    _check_values(instruction, escape)
    if isinstance(detail, CopyDetail):
        _check_copy(instruction, detail, escape)
    elif isinstance(detail, FromDetail) and literal_text(parse_word(detail.image.text, escape)) == "":
        place = instruction.span_of(detail.image.start, detail.image.end)
        fields = {"keyword": "FROM", "problem": "the image cannot be blank"}
        raise DockerfileError(errors.BAD_ARGUMENTS, place, fields)


def _check_values(instruction: Instruction, escape: str) -> None:
    """Refuse a literal port or signal that BuildKit refuses."""
    if instruction.keyword == "EXPOSE" and isinstance(instruction.detail, WordsDetail):
        for operand in instruction.detail.operands:
            port = literal_text(parse_word(operand.text, escape))
            if port and not re.fullmatch(_PORT, port, re.IGNORECASE):
                raise DockerfileError(
                    errors.INVALID_PORT, instruction.span_of(operand.start, operand.end), {"port": operand.text}
                )
    elif instruction.keyword == "STOPSIGNAL":
        signal = literal_text(parse_word(instruction.operand, escape))
        if signal is not None and not re.fullmatch(_SIGNAL, signal, re.IGNORECASE):
            raise DockerfileError(errors.INVALID_SIGNAL, instruction.span, {"signal": instruction.operand})


def _expanded(instruction: Instruction) -> Iterator[tuple[str, int, int]]:
    """The words that BuildKit expands, with their offsets."""
    detail = instruction.detail
    for flag in instruction.flags:
        if flag.value and (flag.name in _EXPANDED_FLAGS or isinstance(detail, FromDetail)):
            yield flag.value, flag.start, flag.end
    if isinstance(detail, FromDetail):
        yield detail.image.text, detail.image.start, detail.image.end
    elif isinstance(detail, PairsDetail):
        for pair in detail.pairs:
            if instruction.keyword != "ARG":
                yield pair.key, pair.start, pair.start + len(pair.key)
            if pair.value is not None:
                yield pair.value, pair.end - len(pair.value), pair.end
    elif isinstance(detail, CopyDetail):
        for operand in (*detail.sources, detail.destination):
            if operand.heredoc is None:
                yield operand.text, operand.start, operand.end
    elif isinstance(detail, WordsDetail):
        for operand in detail.operands:
            yield operand.text, operand.start, operand.end
    elif instruction.keyword in _WHOLE:
        yield instruction.operand, instruction.operand_start, len(instruction.text)


def _check_word(instruction: Instruction, text: str, start: int, end: int, escape: str) -> None:
    try:
        parse_word(text, escape)
    except WordError as error:
        exact = instruction.text[start:end] == text
        place = instruction.span_of(min(start + error.offset, end - 1), end) if exact else None
        raise _bad(text, error, place or instruction.span_of(start, end)) from None


def _bad(text: str, error: WordError, span: Span) -> DockerfileError:
    word = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return DockerfileError(errors.BAD_SUBSTITUTION, span, {"word": word, "problem": error.message})


def _check_mount(instruction: Instruction, mount: Mount, escape: str) -> None:
    place = instruction.span_of(mount.flag.start, mount.flag.end)
    try:
        check_options(mount.options, escape)
    except MountError as error:
        raise DockerfileError(errors.BAD_MOUNT, place, {"problem": str(error)}) from None
    except WordError as error:
        raise _bad(mount.flag.value or "", error, place) from None


def _check_copy(instruction: Instruction, detail: CopyDetail, escape: str) -> None:
    origin = instruction.flag("from")
    if origin is not None and origin.value and instruction.keyword == "COPY":
        _check_origin(instruction, origin, origin.value, escape)
    for operand in detail.sources:
        if operand.heredoc is not None and operand.heredoc.expand:
            _check_body(operand.heredoc)


def _check_origin(instruction: Instruction, origin: Flag, value: str, escape: str) -> None:
    place = instruction.span_of(origin.start, origin.end)
    try:
        same = expand(parse_word(value, escape), {}) == value
    except WordError as error:
        raise _bad(value, error, place) from None
    if not same:
        problem = "it takes no variable, quote or escape: name a stage for it instead"
        raise DockerfileError(errors.BAD_FLAG_VALUE, place, {"keyword": "COPY", "flag": "--from", "problem": problem})


def _check_body(heredoc: Heredoc) -> None:
    try:
        parse_body(heredoc.body)
    except WordError as error:
        above = heredoc.body.count("\n", 0, error.offset)
        column = error.offset - (heredoc.body.rfind("\n", 0, error.offset) + 1) + 1
        line = heredoc.body.split("\n")[above].rstrip("\r")
        number = heredoc.first_line + above
        span = Span.of(number, column, number, max(len(line), column - 1) + 1)
        raise _bad(line.strip(), error, span) from None
