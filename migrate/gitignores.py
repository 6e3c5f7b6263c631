"""The rules of .gitignore files: gitignore(5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from migrate.pathpatterns import PathPattern, pattern


class Rule(NamedTuple):
    """One line (0-based): what it fits, whether ``!`` stands in front, and whether it is for folders alone."""

    pattern: PathPattern
    negated: bool
    only_folders: bool
    line: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """One .gitignore: the folder in which it stands, and its rules."""

    folder: str
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, folder: str, text: str) -> Ignored:
        """The rules of ``text``, a .gitignore in ``folder``; a line that can fit nothing is left out."""
        rules = []
        for number, line in enumerate(text.split("\n")):
            line = line.rstrip("\r")
            line = line.rstrip() if not line.endswith("\\ ") else line
            if not line or line.startswith("#"):
                continue
            negated = line.startswith("!")
            line = line[1:] if negated else line
            only_folders = line.endswith("/")
            line = line.rstrip("/")
            found = pattern(line.lstrip("/"), anchored="/" in line) if line.strip("/") else None
            if found is not None:
                rules.append(Rule(found, negated, only_folders, number))
        return cls(folder, tuple(rules))


def deciding(ignored: Sequence[Ignored], path: str, *, is_folder: bool) -> Rule | None:
    """The rule that says what happens to ``path``: the last one that fits, in the file closest to it."""
    for one in reversed(ignored):
        below = path[len(one.folder) :].lstrip("/")
        for rule in reversed(one.rules):
            if (is_folder or not rule.only_folders) and rule.pattern.matches(below):
                return rule
    return None


def any_ignores(ignored: Sequence[Ignored], path: str, *, is_folder: bool) -> bool:
    """Whether ``path`` is ignored; what lies in an ignored folder is not asked about."""
    rule = deciding(ignored, path, is_folder=is_folder)
    return rule is not None and not rule.negated
