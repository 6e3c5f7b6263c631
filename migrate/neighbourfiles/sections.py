""".editorconfig: Earthfiles get a section where Dockerfiles have one.

Source: the EditorConfig specification. Indentation is that of the Earthfiles we write: four blanks.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from migrate.callsites.edits import Edit
from migrate.neighbourfiles.model import Found, Scene, line_end, lines, newline

_HEADER = re.compile(r"[ \t]*\[(.*)\][ \t]*(?:[#;].*)?")
_OURS = {"indent_style": "space", "indent_size": "4"}
_DROPPED = frozenset(("tab_width",))


def look(text: str, path: str, scene: Scene) -> Found:
    """Add a section for Earthfiles behind the one for Dockerfiles, or the name to a list of names in its header."""
    headers = [(start, match[1]) for start, line in lines(text) if (match := _HEADER.fullmatch(line)) is not None]
    if any("Earthfile" in name for _, name in headers):
        return Found()
    folder = posixpath.dirname(path)
    if not any(move.earthfile.startswith(f"{folder}/" if folder else "") for move in scene.moves):
        return Found()
    for index, (start, name) in enumerate(headers):
        if not re.search(r"(?<![\w.])Dockerfile", name):
            continue
        end = headers[index + 1][0] if index + 1 < len(headers) else len(text)
        return Found((_section(text, start, end),))
    return Found()


def _section(text: str, start: int, end: int) -> Edit:
    """The edit that puts a section for Earthfiles behind the one at ``text[start:end]``."""
    first = line_end(text, start)
    body = text[first:end]
    kept = body
    if end < len(text):  # comments above the next header belong to it
        inside = body.split("\n")
        while inside and inside[-1].strip()[:1] in ("", "#", ";"):
            inside.pop()
        kept = "\n".join(inside)
    place = first + len(kept.rstrip())
    ending = newline(text)
    added = "".join(f"{ending}{line}" for line in ["", "[Earthfile]", *_properties(kept)])
    return Edit(place, place, added)


def _properties(body: str) -> Iterator[str]:
    for _, line in lines(body):
        name, equals, value = line.partition("=")
        key = name.strip().lower()
        if not equals or line.lstrip().startswith(("#", ";")) or key in _DROPPED:
            continue
        lead = line[: len(line) - len(line.lstrip())]
        yield f"{lead}{name.strip()} = {_OURS[key]}" if key in _OURS else f"{lead}{name.strip()} = {value.strip()}"
