"""Ignore files: .gitignore lets our files through and leaves out earth's, .dockerignore leaves out ours.

Sources: gitignore(5); facts: call sites, section 6 (``.tmp-earth-out/``).
"""

from __future__ import annotations

import posixpath

from migrate.callsites.edits import Edit
from migrate.gitignores import Ignored, Rule, deciding
from migrate.ignorematch import IgnoreRules, PatternError
from migrate.neighbourfiles.model import NOTHING, Found, Said, Scene, line_end, lines, newline
from migrate.neighbourfiles.naming import names_dockerfile


def git(text: str, path: str, scene: Scene) -> Found:
    """New files that a line of ``path`` would keep out of git are let through; earth's own folder is left out."""
    folder = posixpath.dirname(path)
    own = Ignored.of(folder, text)
    edits: dict[int, str] = {}
    said = []
    for target in scene.written:
        if folder and not target.startswith(f"{folder}/"):
            continue
        rule = deciding([own], target, is_folder=False)
        above = _ignored_folder(own, target)
        if above is not None:
            start = lines(text)[above.line][0]
            said.append(Said(start, line_end(text, start), "EM855", {"path": target}))
        elif rule is not None and not rule.negated:
            end = line_end(text, lines(text)[rule.line][0])
            edits[end] = f"{edits.get(end, '')}{newline(text)}!/{posixpath.relpath(target, folder or '.')}"
    found = [Edit(end, end, new) for end, new in edits.items()]
    output = scene.tool["output"]
    if not folder and deciding([own], output, is_folder=True) is None:
        found.append(_appended(text, [f"{output}/"]))
    return Found(tuple(found), tuple(said))


def _ignored_folder(own: Ignored, target: str) -> Rule | None:
    """The rule that ignores a folder above ``target``."""
    parts = target.split("/")
    for size in range(len(own.folder.split("/")) + 1 if own.folder else 1, len(parts)):
        rule = deciding([own], "/".join(parts[:size]), is_folder=True)
        if rule is not None and not rule.negated:
            return rule
    return None


def docker(text: str, path: str, scene: Scene) -> Found:
    """Where Dockerfiles stay out of the context by name, so do our files, for as long as docker builds here too.

    They go to the end: there the ignore file that is made of this one has them, too.
    """
    folder = posixpath.dirname(path)
    moves = [move for move in scene.moves if posixpath.dirname(move.earthfile) == folder]
    try:
        rules = IgnoreRules(text)
    except PatternError:
        return NOTHING
    named = any(not rule.is_exception and names_dockerfile(rule.text) for rule in rules.patterns)
    missing = [
        name
        for name in dict.fromkeys(posixpath.basename(target) for move in moves for target in move.files)
        if not rules.excludes(name)
    ]
    return Found((_appended(text, missing),)) if named and missing else NOTHING


def _appended(text: str, new: list[str]) -> Edit:
    ending = newline(text)
    start = "" if not text or text.endswith("\n") else ending
    return Edit(len(text), len(text), start + "".join(f"{line}{ending}" for line in new))
