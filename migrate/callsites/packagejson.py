"""package.json: the commands below ``scripts``, inside their JSON strings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from migrate.callsites import embeddedshell
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.yamltext import Embedded

_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_TOKEN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.")


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. npm runs scripts in the folder of package.json. A file that is no JSON is reported."""
    try:
        json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return embeddedshell.unread(text, path, "packagejson", "the file is no JSON")
    folder = path.rpartition("/")[0]
    found: list[Site] = []
    for start, end in _scripts(text):
        inner = embedded_json(text, start, end)
        found += embeddedshell.sites(inner, path, tree, data.docker_flags, folder, "packagejson")
    return found


def _scripts(text: str) -> Iterator[tuple[int, int]]:
    """The places of the string values directly below the top-level key ``scripts``."""
    way: list[str] = []
    key, is_value = "", False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "{[":
            way.append(key)
            key, is_value = "", False
        elif token in "}]":
            way.pop()
            is_value = False
        elif token == ":":
            is_value = True
        elif token == ",":
            is_value = False
        elif is_value and token.startswith('"') and way == ["", "scripts"]:
            yield match.start(), match.end()
        elif not is_value and token.startswith('"'):
            key = json.loads(token)


def embedded_json(text: str, start: int, end: int) -> Embedded:
    """The JSON string ``text[start:end]`` as text of its own."""
    value, places, position = "", [], start + 1
    while position < end - 1:
        places.append((len(value), position))
        escape = _ESCAPE.match(text, position)
        if escape:
            value += json.loads(f'"{escape.group()}"')
            position = escape.end()
            continue
        stop = text.find("\\", position, end - 1)
        stop = end - 1 if stop < 0 else stop
        value += text[position:stop]
        position = stop
    return Embedded(value, '"', tuple(places) or ((0, start + 1),))


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)
