"""Visual Studio Code: Earthfiles get a language where its settings give one to Dockerfiles."""

from __future__ import annotations

from migrate.neighbourfiles import jsontext
from migrate.neighbourfiles.jsontext import JsonError
from migrate.neighbourfiles.model import NOTHING, Found, Scene


def look(text: str, path: str, scene: Scene) -> Found:
    """Add ``"Earthfile": "earthfile"`` to ``files.associations`` beside a Dockerfile's entry."""
    try:
        root = jsontext.read(text)
    except JsonError:
        return NOTHING
    known = root.get("files.associations")
    if known is None or known.kind != "object":
        return NOTHING
    keys = [key.text for key, _ in known.members if key is not None]
    of_docker = any("dockerfile" in word.lower() for word in (*keys, *(value.text for value in known.items())))
    if not of_docker or any("earthfile" in key.lower() for key in keys):
        return NOTHING
    return Found(tuple(jsontext.added(text, known, '"Earthfile": "earthfile"')))
