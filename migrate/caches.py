"""Which cache of an Earthfile each cache mount gets: one for each cache that Docker has, with a mode that does as well.

Docker knows a cache by its id, by default the text of its target, and by what it is first made with: owner, mode,
content (facts/dockerfile.md 6). earth knows it by its id, by default the target's name and the path, and by its mode,
which is 0644 if nothing says otherwise (hard-cases.md 6).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from migrate.dockerfile.model import Instruction, Mount, RunDetail
from migrate.mappings import Mappings
from migrate.stages import StageGraph
from migrate.steps import steps_of

_TARGET = ("target", "dst", "destination")
#: A command: what follows an operator.
_COMMAND = re.compile(r"(?:\A|[;&|(){}`\n])[ \t]*([^\s;&|(){}`<>][^;&|(){}`\n]*)")
#: What stands in front of a command.
_BEFORE = re.compile(r"(?:(?:then|do|else|if|elif|while|until|exec|env|time|sudo|!)\s+|[A-Za-z_]\w*=\S*\s+)*")
_NO_COMMAND = re.compile(r"(?:for|case|select|fi|done|esac|in)\b|[A-Za-z_]\w*=\S*\Z")


class Cache(NamedTuple):
    """The ``id`` and ``mode`` that a mount is written with, None where earth's own will do."""

    identity: str | None
    mode: str | None


class _Seed(NamedTuple):
    """What a cache is first made with; two caches of one id with different seeds are two caches in Docker."""

    owned: tuple[str, str, str] | None
    content: tuple[str | None, str | None]


class _Use(NamedTuple):
    """One cache mount and what is known about its RUN."""

    mount: Mount
    stage: int
    instruction: Instruction
    is_root: bool


def planned(graph: StageGraph, mappings: Mappings) -> Mapping[int, Cache]:
    """The cache of each cache mount, by ``id()`` of the mount."""
    caches: dict[str, dict[_Seed, list[_Use]]] = {}
    for use in _uses(graph, mappings):
        caches.setdefault(_identity(use.mount), {}).setdefault(_seed(use.mount), []).append(use)
    found: dict[int, Cache] = {}
    for identity, seeds in caches.items():
        taken: dict[str | None, int] = {}
        shared = _needs_identity([use for uses in seeds.values() for use in uses])
        for seed, uses in seeds.items():
            mode = _mode(seed, uses, mappings)
            taken[mode] = taken.get(mode, 0) + 1
            name = identity if taken[mode] == 1 else f"{identity}-{taken[mode]}"
            cache = Cache(name if shared or taken[mode] > 1 else None, mode)
            found.update((id(use.mount), cache) for use in uses)
    return found


def _uses(graph: StageGraph, mappings: Mappings) -> Iterator[_Use]:
    for stage in graph.stages:
        if not any("--mount" in instruction.text for instruction in stage.instructions):
            continue
        steps = list(steps_of(graph, stage.index, mappings))
        for step in steps[len(steps) - len(stage.instructions) :]:
            if isinstance(step.instruction.detail, RunDetail):
                for mount in step.instruction.detail.mounts:
                    if mount.type == "cache":
                        yield _Use(mount, stage.index, step.instruction, step.is_root is True)


def _identity(mount: Mount) -> str:
    """Docker's name of the cache: two that differ in the text of their target are two caches."""
    target = mount.get(*_TARGET) or "."
    return mount.get("id") or (target if "$" in target else posixpath.normpath(target))


def _seed(mount: Mount) -> _Seed:
    owned = None
    if mount.has("uid", "gid", "mode"):
        mode = (mount.get("mode") or "755").lstrip("0") or "0"
        owned = (mount.get("uid") or "0", mount.get("gid") or "0", mode)
    return _Seed(owned, (mount.get("from"), mount.get("source", "src")))


def _needs_identity(uses: list[_Use]) -> bool:
    """Whether earth would take the mounts of one cache for several, or two of them for one."""
    if any(use.mount.has("id") for use in uses) or len({use.stage for use in uses}) > 1:
        return True
    return len({posixpath.normpath(use.mount.get(*_TARGET) or ".") for use in uses}) > 1


def _mode(seed: _Seed, uses: list[_Use], mappings: Mappings) -> str | None:
    """Docker's mode; 0777 for an owner that earth cannot set; earth's own where nobody can tell."""
    if seed.owned is not None:
        user, group, mode = seed.owned
        if (user, group) != ("0", "0"):
            return "0777"
        return mode if "$" in mode else f"0{mode}"
    known = mappings.mounts["cache"]
    for use in uses:
        target = use.mount.get(*_TARGET) or "."
        if not use.is_root or target.startswith(tuple(known["readable-below"])):
            return "0755"
        if not programs(use.instruction) <= set(known["indifferent-programs"]):
            return "0755"
    return None


def programs(instruction: Instruction) -> set[str]:
    """The names of the programs that a RUN calls, as far as its text tells; ``"?"`` for what it does not tell."""
    return {words[0] for words in commands(instruction)}


def commands(instruction: Instruction) -> list[list[str]]:
    """The words of each command of a RUN, as far as its text tells; the first is the name of a program, or ``"?"``."""
    if instruction.exec_form is not None:
        found = [list(instruction.exec_form)] if instruction.exec_form else []
    else:
        plain = [re.sub(r"(?m)^\s*#.*$", "", text) for text in instruction.texts]
        rests = [_BEFORE.sub("", match[1], count=1) for text in plain for match in _COMMAND.finditer(text)]
        found = [rest.split() for rest in rests if rest.strip() and not _NO_COMMAND.match(rest)]
    return [["?" if set(words[0]) & set("\"'$\\") else posixpath.basename(words[0]), *words[1:]] for words in found]
