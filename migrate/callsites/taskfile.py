"""Taskfile (taskfile.dev): the commands of each task. ``{{ }}`` is filled in before the shell sees it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migrate.callsites import embeddedshell, shellfolders, yamltext
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.yamlnodes import is_scalar

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. Raises YamlError."""
    found: list[Site] = []
    own = posixpath.dirname(path)
    for root in yamltext.documents(text):
        for node, folder in _commands(root, own):
            found += embeddedshell.scalar_sites(node, text, path, tree, data.docker_flags, folder, "taskfile")
    return found


def _commands(root: Node, own: str) -> Iterator[tuple[Node, str]]:
    for _, _, task in yamltext.entries(yamltext.get(root, "tasks")):
        folder = yamltext.scalar(yamltext.get(task, "dir"))
        where = posixpath.normpath(posixpath.join(own, folder or "."))
        where = shellfolders.UNKNOWN if "{{" in (folder or "") else "" if where == "." else where
        commands = [*yamltext.items(yamltext.get(task, "cmds")), *yamltext.items(task)]
        for node in [task, *commands]:
            command = node if is_scalar(node) else yamltext.get(node, "cmd")
            if is_scalar(command):
                yield command, where


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)
