"""justfile (just.systems): the lines of each recipe; ``{{ }}`` is filled in before the shell sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.callsites import embeddedshell, shellfolders
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.yamltext import Embedded

_LINE = re.compile(r"([ \t]+[@-]*)((?:[^\\\n]|\\[^\n]|\\\n)*)\n?")

#: Settings and attributes after which recipes run elsewhere.
_ELSEWHERE = re.compile(r"^[ \t]*(?:set\s+working-directory\b|\[[^\]\n]*\b(?:working-directory|no-cd)\b)", re.MULTILINE)


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. just runs recipes in the folder of the justfile."""
    folder = shellfolders.UNKNOWN if _ELSEWHERE.search(text) else path.rpartition("/")[0]
    found: list[Site] = []
    for inner in _commands(text):
        found += embeddedshell.sites(inner, path, tree, data.docker_flags, folder, "justfile")
    return found


def _commands(text: str) -> Iterator[Embedded]:
    """The lines of recipes; a recipe that starts with ``#!`` is one script."""
    position = 0
    while position < len(text):
        match = _LINE.match(text, position)
        if match is None or not match.group(2).strip():
            stop = text.find("\n", position)
            position = len(text) if stop < 0 else stop + 1
            continue
        if match.group(2).startswith("#!"):
            body = re.compile(r"(?:[ \t]+[^\n]*(?:\n|$)|[ \t]*\n)*").match(text, position)
            assert body is not None
            if re.search(r"sh\b", match.group(2)):
                yield _script(text, position, body.end())
            position = max(body.end(), position + 1)
            continue
        if re.search(r"\b(?:docker|podman)\b", match.group(2)):
            yield Embedded(match.group(2), "|", ((0, match.start(2)),))
        position = match.end()


def _script(text: str, start: int, end: int) -> Embedded:
    lines = text[start:end].split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip(" \t"))
    places, value, offset = [], "", start
    for line in lines:
        places.append((len(value), offset + min(indent, len(line))))
        value += line[indent:] + "\n"
        offset += len(line) + 1
    return Embedded(value, "|", tuple(places), lines[0][:indent])


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)
