"""Makefiles: what is built from a Dockerfile must be built again when its Earthfile changes.

Source: GNU make manual, 4 Writing Rules.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from migrate.callsites.edits import Edit
from migrate.neighbourfiles.model import Found, Said, Scene

_LOGICAL_LINE = re.compile(r"(?:[^\\\n]|\\\r?\n|\\[^\n])*\n?")
#: Targets, and prerequisites with their continued lines.
_RULE = re.compile(r"([^\s#=:.][^=:#\n]*):(?![:=])([^#=;]*)(?:#[^\n]*)?")
_RECIPE = re.compile(r"(?:\r?\n(?:\t[^\n]*|[ \t]*))*")
_WILDCARD = re.compile(r"\$\(wildcard [^)$\n]*ockerfile[^)$\n]*\)")
_ALL_PREREQUISITES = re.compile(r"\$[\^+?]|\$\([\^+?][DF]?\)")


def look(text: str, path: str, scene: Scene) -> Found:
    """Add the Earthfile to the prerequisites that name its Dockerfile."""
    edits: list[Edit] = []
    found = _WILDCARD.finditer(text)
    said = [_said(match.start(), match.end(), match.group(), "make looks for the files") for match in found]
    folder = posixpath.dirname(path)
    targets = {move.dockerfile: move.earthfile for move in scene.moves}
    for rule in _rules(text):
        words = list(_words(rule))
        paths = [posixpath.normpath(posixpath.join(folder, word)) for _, word in words]
        named = [index for index, one in enumerate(paths) if one in targets]
        missing = {targets[paths[index]]: index for index in named if targets[paths[index]] not in paths}
        for target, index in missing.items():
            end, word = words[index]
            recipe = _RECIPE.match(text, rule.end())
            if recipe is not None and _ALL_PREREQUISITES.search(recipe.group()):
                said.append(_said(end - len(word), end, word, "the recipe uses all prerequisites"))
                continue
            new = posixpath.relpath(target, folder or ".")
            edits.append(Edit(end, end, f" {'./' if word.startswith('./') else ''}{new}"))
    return Found(tuple(edits), tuple(said))


def _said(start: int, end: int, pattern: str, why: str) -> Said:
    return Said(start, end, "EM850", {"pattern": pattern, "why": why})


def _rules(text: str) -> Iterator[re.Match[str]]:
    """The rules whose line names a Dockerfile."""
    for line in _LOGICAL_LINE.finditer(text):
        if "ockerfile" in line.group():
            end = line.start() + len(line.group().rstrip("\r\n"))
            rule = _RULE.fullmatch(text, line.start(), end)
            if rule is not None:
                yield rule


def _words(rule: re.Match[str]) -> Iterator[tuple[int, str]]:
    """(end, word) of each plain prerequisite."""
    for word in re.finditer(r"[^\s\\$()|]+(?=\s|\\\r?\n|$)", rule[2]):
        yield rule.start(2) + word.end(), word.group()
