"""STOPSIGNAL: an Earthfile has no such command yet (earth: "command STOPSIGNAL not yet supported")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Item
from migrate.recipe import NotExpressible, Recipe

#: Linux signal names without SIG (moby/sys/signal).
_NAMES = frozenset(
    (
        "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP "
        "TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
    ).split(" ")
)


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The line stays as a comment; ``docker run --stop-signal`` says the same at run time."""
    value = stage.known(instruction.operand)
    if value is not None and not _is_signal(value):
        raise NotExpressible("EM609", signal=instruction.operand)
    raise NotExpressible("EM611", signal=instruction.operand)
    yield


def _is_signal(value: str) -> bool:
    """Whether BuildKit takes ``value``: a number other than 0, or a Linux signal name with or without SIG."""
    if value.isascii() and value.isdigit():
        return int(value) != 0
    name = value.upper().removeprefix("SIG")
    return name in _NAMES or re.fullmatch(r"RTM(?:IN(?:\+(?:[1-9]|1[0-5]))?|AX(?:-(?:[1-9]|1[0-4]))?)", name) is not None
