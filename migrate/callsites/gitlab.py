"""GitLab CI: the lines of ``script``, ``before_script`` and ``after_script`` of each job."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml.nodes import Node, ScalarNode

from migrate.callsites import embeddedshell, yamltext
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.translate import Note

_SCRIPTS = ("script", "before_script", "after_script")


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. A line is read by itself; GitLab runs them all in the project's folder. Raises YamlError."""
    found: list[Site] = []
    for root in yamltext.documents(text):
        for node in _lines(root):
            line = yamltext.embedded(node, text)
            if line is not None:
                found += embeddedshell.sites(line, path, tree, data.docker_flags, "", "gitlab")
    return found


def _lines(root: Node) -> Iterator[Node]:
    jobs = [root, *(value for _, _, value in yamltext.entries(root))]
    seen: set[int] = set()
    for job in jobs:
        for name, _, value in yamltext.entries(job):
            if name not in _SCRIPTS:
                continue
            for item in [value] if isinstance(value, ScalarNode) else yamltext.items(value):
                # An alias is the node of its anchor: one text, one edit.
                if isinstance(item, ScalarNode) and id(item) not in seen:
                    seen.add(id(item))
                    yield item


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)


def companions(text: str, outcomes: list[Outcome], data: Data, tool: str) -> tuple[list[Edit], list[tuple[int, Note]]]:
    """Nothing is changed around the lines: which image or runner has the tool is for people to decide."""
    known = data.earth_tools[tool]
    first = next(outcome for outcome in outcomes if outcome.edits)
    return [], [(first.site.start, Note("EM808", {"tool": known["command"], "image": known["image"]}))]
