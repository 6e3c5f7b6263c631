"""package.json: the list of files that are published names a Dockerfile. Who builds from it is not known."""

from __future__ import annotations

from migrate.neighbourfiles import jsontext
from migrate.neighbourfiles.jsontext import JsonError
from migrate.neighbourfiles.model import NOTHING, Found, Said, Scene
from migrate.neighbourfiles.naming import names_dockerfile

_WHAT = {
    "what": "the list of what is published",
    "hint": "add the Earthfile if who installs the package should build from it",
}


def look(text: str, path: str, scene: Scene) -> Found:
    """A finding for each Dockerfile in ``files``."""
    try:
        files = jsontext.read(text).get("files")
    except JsonError:
        return NOTHING
    items = files.items() if files is not None and files.kind == "list" else ()
    return Found((), tuple(Said(item.start, item.end, "EM856", _WHAT) for item in items if names_dockerfile(item.text)))
