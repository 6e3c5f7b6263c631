"""Dependabot: it knows Dockerfiles by name and reads no Earthfile (dependabot-core, docker file fetcher)."""

from __future__ import annotations

import posixpath
import re

from migrate.callsites import yamltext
from migrate.callsites.yamltext import YamlError
from migrate.neighbourfiles.model import NOTHING, Found, Said, Scene
from migrate.pathpatterns import pattern

_NAME = re.compile(r"dockerfile|containerfile", re.IGNORECASE)


def look(text: str, path: str, scene: Scene) -> Found:
    """Say which entries will not see the base images in Earthfiles, and which find nothing at all any more."""
    try:
        roots = yamltext.documents(text)
    except YamlError:
        return NOTHING
    said = []
    for root in roots:
        for entry in yamltext.items(yamltext.get(root, "updates")):
            system = yamltext.get(entry, "package-ecosystem")
            if system is None or yamltext.scalar(system) != "docker":
                continue
            nodes = [yamltext.get(entry, "directory"), *yamltext.items(yamltext.get(entry, "directories"))]
            for node in nodes:
                folder = (yamltext.scalar(node) or "").strip("/")
                if node is not None:
                    said += _about(folder, (yamltext.start(node), yamltext.end(node)), scene)
    return Found((), tuple(said))


def _about(folder: str, span: tuple[int, int], scene: Scene) -> list[Said]:
    one = pattern(folder, anchored=True)
    moves = [move for move in scene.moves if one is not None and one.matches(posixpath.dirname(move.dockerfile))]
    if not moves:
        return []
    if all(move.dockerfile in scene.removed for move in moves) and not _others(folder, scene):
        return [Said(*span, "EM854", {"folder": folder or "the root"})]
    earthfiles = sorted({move.earthfile for move in moves})
    more = f" and {len(earthfiles) - 2} more" if len(earthfiles) > 2 else ""
    return [Said(*span, "EM852", {"earthfiles": ", ".join(earthfiles[:2]) + more})]


def _others(folder: str, scene: Scene) -> bool:
    """Whether a Dockerfile stays in ``folder``: a pattern of folders is not looked through."""
    names = (name for name in scene.names if posixpath.dirname(name) == folder and name not in scene.removed)
    return "*" in folder or any(_NAME.search(posixpath.basename(name)) for name in names)
