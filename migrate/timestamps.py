"""Where a program depends on timestamps, so that COPY and SAVE ARTIFACT must keep them (design 5.5, hard-cases.md 0.3).

Python's bytecode records the time of its source: a virtualenv copied with new times has only stale bytecode.
"""

from __future__ import annotations

import re
from functools import lru_cache

from migrate.dockerfile.model import Instruction
from migrate.mappings import Mappings, Section
from migrate.stages import StageGraph

_COMMAND = r"(?m)(?:^\s*|[;&|(]\s*|\bRUN\s+|\b(?:then|do|else|sudo|exec|time|env)\s+)"


def matter(graph: StageGraph, index: int, path: str, mappings: Mappings) -> bool:
    """Whether ``path`` of stage ``index`` holds Python packages that a RUN there or below it installed."""
    rules = mappings.timestamps
    if re.search(_folders(rules["folders"]), path):
        return True
    return any(
        _installs_into(instruction, path, rules)
        for stage in graph.chain(index)
        for instruction in graph.stages[stage].instructions
        if instruction.keyword == "RUN"
    )


def are_compared(text: str, mappings: Mappings) -> bool:
    """Whether the RUNs of a stage use a tool that compares the times of the files it reads, such as make."""
    commands = mappings.timestamps["comparing-commands"]
    if not any(command.partition(" ")[0] in text for command in commands):
        return False
    return re.search(rf"{_COMMAND}(?:{_any_of(commands)})\b", text) is not None


@lru_cache(maxsize=8)
def _folders(names: tuple[str, ...]) -> str:
    one_of = "|".join(re.escape(name).replace(r"\*", "[^/]*") for name in names)
    return rf"(?:^|/)(?:{one_of})(?:/|$)"


@lru_cache(maxsize=8)
def _any_of(commands: tuple[str, ...]) -> str:
    """The commands as one expression; any blanks may stand between their words."""
    return "|".join(r"\s+".join(map(re.escape, command.split())) for command in commands)


def _installs_into(instruction: Instruction, path: str, rules: Section) -> bool:
    text = "".join(instruction.texts)
    environments = rf"(?<![\w.-])(?:{_any_of(rules['environment-commands'])})\s+((?:-\S+\s+)*)(\S+)"
    if any(_related(match[2], path) for match in re.finditer(environments, text)):
        return True
    in_project = re.search(rf"\b(?:{_any_of(rules['project-commands'])})\b", text)
    if in_project and "." not in path.rpartition("/")[2].lstrip("."):
        return True
    installs = re.finditer(rf"\b(?:{_any_of(rules['install-commands'])})\b([^;&|]*)", text)
    return any(_related(place, path) for match in installs for place in _places(match[1], rules))


def _places(options: str, rules: Section) -> tuple[str, ...]:
    named = re.search(rf"(?:{_any_of(rules['place-options'])})[= ](\S+)", options)
    if named:
        return (named[1],)
    system: tuple[str, ...] = rules["system-folders"]
    return (rules["user-folder"],) if "--user" in options else system


def _related(place: str, path: str) -> bool:
    place = place.strip("\"'").rstrip("/")
    if not place.startswith("/"):
        return False
    return place == path or place.startswith(path.rstrip("/") + "/") or path.startswith(place + "/")
