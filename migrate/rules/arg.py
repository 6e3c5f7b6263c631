"""ARG: one per command; how it is declared is decided in migrate/arguments.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.arguments import declare
from migrate.dockerfile import words
from migrate.dockerfile.model import Instruction, PairsDetail
from migrate.earthfile.model import Command, Item
from migrate.layout import comments_before, lines_inside_quotes
from migrate.recipe import NotExpressible, Recipe, attach, pair_not_converted, with_lines
from migrate.scope import ARGUMENT, Binding

#: What bash lets nobody assign, and images whose /bin/sh is bash.
_READ_ONLY = frozenset(("UID", "EUID", "PPID", "BASHOPTS", "SHELLOPTS", "BASH_VERSINFO"))
_SH_IS_BASH = r"\b(?:almalinux|amazonlinux|archlinux|centos|fedora|opensuse|oraclelinux|photon|rockylinux|ubi\d*)\b"


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Each pair by itself, in order: a later one may read an earlier one."""
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    previous = 0
    for pair in detail.pairs:
        above = comments_before(instruction, pair.start, previous)
        previous = pair.start
        if pair.key in _READ_ONLY and re.search(_SH_IS_BASH, stage.image):
            stage.warn("EM538", instruction, pair.start, pair.end, name=pair.key, image=stage.image)
        default = None if pair.value is None else words.parse_word(pair.value, stage.escape)
        try:
            made: list[Item] = list(declare(pair.key, default, pair.value, instruction, stage, stage.arguments))
        except NotExpressible as problem:
            if pair.key.isascii() and pair.key.isidentifier():
                stage.scope.bind(pair.key, Binding(ARGUMENT, None, default))
            made = [pair_not_converted(pair, problem, instruction, stage)]
        if len(detail.pairs) == len(made) == 1 and isinstance(made[0], Command) and len(made[0].lines) == 1:
            # A list of packages in quotes is still read line by line.
            made = [with_lines(made[0], lines_inside_quotes(instruction, made[0].lines[0].text))]
        yield from attach(made, above)
