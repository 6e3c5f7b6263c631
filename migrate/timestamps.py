"""Where a program depends on timestamps, so that COPY and SAVE ARTIFACT must keep them (design 5.5, hard-cases.md 0.3).

Python's bytecode records the time of its source: a virtualenv copied with new times has only stale bytecode.
"""

from __future__ import annotations

import re

from migrate.dockerfile.model import Instruction
from migrate.stages import StageGraph

_PYTHON_FOLDER = r"(?:^|/)(?:site-packages|dist-packages|\.?venv|virtualenv|python3(?:\.\d+)?)(?:/|$)"
_ENVIRONMENT = r"(?:-m\s+venv|\bvirtualenv|\buv\s+venv)\s+((?:-\S+\s+)*)(\S+)"
_INSTALL = r"\b(?:pip3?|uv\s+pip)\s+install\b([^;&|]*)"
_PROJECT = r"\b(?:uv\s+sync|poetry\s+install|pipenv\s+(?:install|sync)|pdm\s+(?:install|sync))\b"
_MAKE = (
    r"(?m)(?:^\s*|[;&|(]\s*|\bRUN\s+|\b(?:then|do|else|sudo|exec|time|env)\s+)(?:make|gmake|ninja|scons)\b"
    r"|\bcmake\s+--build\b"
)
_SYSTEM = ("/usr/local/lib/python", "/usr/lib/python")


def matter(graph: StageGraph, index: int, path: str) -> bool:
    """Whether ``path`` of stage ``index`` holds Python packages that a RUN there or below it installed."""
    if re.search(_PYTHON_FOLDER, path):
        return True
    return any(
        _installs_into(instruction, path)
        for stage in graph.chain(index)
        for instruction in graph.stages[stage].instructions
        if instruction.keyword == "RUN"
    )


def are_compared(text: str) -> bool:
    """Whether the RUNs of a stage use a tool that compares the times of the files it reads, such as make."""
    return any(tool in text for tool in ("make", "ninja", "scons")) and re.search(_MAKE, text) is not None


def _installs_into(instruction: Instruction, path: str) -> bool:
    text = instruction.operand + "".join(heredoc.body for heredoc in instruction.heredocs)
    if any(_related(match[2], path) for match in re.finditer(_ENVIRONMENT, text)):
        return True
    if re.search(_PROJECT, text) and "." not in path.rpartition("/")[2].lstrip("."):
        return True
    return any(_related(place, path) for match in re.finditer(_INSTALL, text) for place in _places(match[1]))


def _places(options: str) -> tuple[str, ...]:
    named = re.search(r"(?:--prefix|--target|--root|-t)[= ](\S+)", options)
    if named:
        return (named[1],)
    return ("/root/.local",) if "--user" in options else _SYSTEM


def _related(place: str, path: str) -> bool:
    place = place.strip("\"'").rstrip("/")
    if not place.startswith("/"):
        return False
    return place == path or place.startswith(path.rstrip("/") + "/") or path.startswith(place + "/")
