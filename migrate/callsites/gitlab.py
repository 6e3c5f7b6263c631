"""GitLab CI: the lines of ``script``, ``before_script`` and ``after_script`` of each job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrate.callsites import embeddedshell, shellfolders, yamltext
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, joined
from migrate.callsites.translate import Note
from migrate.callsites.yamlnodes import is_scalar

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_SCRIPTS = ("before_script", "script", "after_script")
#: A change of folder that lasts; one in a subshell's parentheses is taken for one too.
_MOVE = re.compile(r"(?:^|[\s;&|({])(?:cd|pushd|popd)(?:\s|$)", re.MULTILINE)


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. The lines of a job run in one shell, which starts in the project's folder. Raises YamlError."""
    found: list[Site] = []
    seen: set[int] = set()
    for root in yamltext.documents(text):
        moving = _moving(root)
        for job in (root, *(value for _, _, value in yamltext.entries(root))):
            for node, folder in _lines(job, moving):
                # An alias is the node of its anchor: one text, one edit.
                if id(node) not in seen:
                    seen.add(id(node))
                    found += embeddedshell.scalar_sites(node, text, path, tree, data.docker_flags, folder, "gitlab")
    return found


def _moving(root: Node) -> bool:
    """Whether a ``before_script`` somewhere in the file changes the folder: jobs can inherit it."""
    jobs = [root, *(value for _, _, value in yamltext.entries(root))]
    lines = [node for job in jobs for node in _items(yamltext.get(job, "before_script"))]
    return any(_MOVE.search(yamltext.scalar(node) or "") for node in lines)


def _items(node: Node | None) -> list[Node]:
    return [node] if is_scalar(node) else yamltext.items(node)


def _lines(job: Node, moving: bool) -> Iterator[tuple[Node, str]]:
    """The lines of a job, each with the folder in which it runs."""
    folder = shellfolders.UNKNOWN if moving and yamltext.get(job, "before_script") is None else ""
    for name in _SCRIPTS:
        folder = "" if name == "after_script" else folder
        for item in _items(yamltext.get(job, name)):
            if is_scalar(item):
                yield item, folder
                folder = _after(str(item.value), folder)
            elif moving:
                folder = shellfolders.UNKNOWN


def _after(line: str, folder: str) -> str:
    """The folder after ``line``: certain only where it is a plain cd."""
    plain = re.fullmatch(r"\s*cd\s+([A-Za-z0-9_./-]+)\s*", line)
    if plain and folder != shellfolders.UNKNOWN:
        there = joined(folder, plain.group(1))
        return shellfolders.UNKNOWN if there is None else there
    return shellfolders.UNKNOWN if _MOVE.search(line) else folder


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)


def companions(text: str, outcomes: list[Outcome], data: Data, tool: str) -> tuple[list[Edit], list[tuple[int, Note]]]:
    """Nothing is changed around the lines: which image or runner has the tool is for people to decide."""
    known = data.earth_tools[tool]
    first = next(outcome for outcome in outcomes if outcome.edits)
    return [], [(first.site.start, Note("EM808", {"tool": known["command"], "image": known["image"]}))]
