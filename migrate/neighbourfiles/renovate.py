"""Renovate: its Dockerfile manager reads Earthfiles too, where it is told so.

Sources: Renovate's documentation (dockerfile manager, managerFilePatterns, customManagers);
facts: call sites, section 6.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate.callsites.edits import Edit
from migrate.neighbourfiles import jsontext
from migrate.neighbourfiles.jsontext import Json, JsonError
from migrate.neighbourfiles.model import NOTHING, Found, Said, Scene
from migrate.neighbourfiles.naming import NOT_PLAIN, additions, names_dockerfile

_PATTERNS = ("managerFilePatterns", "fileMatch")
_CUSTOM = ("customManagers", "regexManagers")
_PATHS = ("matchFileNames", "matchPaths", "includePaths", "ignorePaths")


def look(text: str, path: str, scene: Scene) -> Found:
    """Let the Dockerfile manager read Earthfiles, and own managers of regular expressions too."""
    try:
        root = jsontext.read(text)
    except JsonError as error:
        return Found((), (Said(0, 0, "EM851", {"reason": str(error)}),)) if "renovate" in path else NOTHING
    config = root.get("renovate") if posixpath.basename(path) == "package.json" else root
    if config is None or config.kind != "object":
        return NOTHING
    edits = [*_manager(text, config)]
    said: list[Said] = []
    for patterns in _custom(config):
        texts = [item.text for item in patterns.items()]
        naming = [item for item in patterns.items() if "dockerfile" in item.text.lower()]
        if not naming or any("Earthfile" in item for item in texts):
            continue
        last = naming[-1]
        if last.text.count("Dockerfile") != 1:
            said.append(Said(last.start, last.end, "EM850", {"pattern": last.text, "why": NOT_PLAIN}))
            continue
        new = last.text.replace("Dockerfile", "Earthfile")
        edits += jsontext.added(text, patterns, jsontext.quoted(new, text, last))
    for name, paths in config.walk():
        if name in _PATHS and paths.kind == "list":
            found = _paths(text, paths, scene)
            edits += found.edits
            said += found.said
    return Found(tuple(edits), tuple(said))


def _paths(text: str, paths: Json, scene: Scene) -> Found:
    """Add Earthfiles to a list of paths in a rule."""
    items = paths.items()
    if not any(names_dockerfile(item.text) for item in items):
        return NOTHING
    new = additions([item.text for item in items], scene.moves, ignores=False)
    odd = [items[at] for at in new.odd]
    said = tuple(Said(item.start, item.end, "EM850", {"pattern": item.text, "why": NOT_PLAIN}) for item in odd)
    quoted = ", ".join(jsontext.quoted(item, text, items[-1]) for item in new.patterns)
    return Found(tuple(jsontext.added(text, paths, quoted)) if quoted else (), said)


def _manager(text: str, config: Json) -> Iterator[Edit]:
    """The edits to the manager's own patterns; none where it is switched off."""
    enabled = config.get("enabledManagers")
    if enabled is not None and "dockerfile" not in [item.text for item in enabled.items()]:
        return
    extended = config.get("extends")
    if extended is not None and "docker:disable" in [item.text for item in extended.items()]:
        return
    section = config.get("dockerfile")
    if section is not None and section.kind != "object":
        return
    off = section.get("enabled") if section is not None else None
    if off is not None and off.text == "false":
        return
    lists = [section.get(name) for name in _PATTERNS] if section is not None else []
    known = next((found for found in lists if found is not None), None)
    name = "fileMatch" if "fileMatch" in text and "managerFilePatterns" not in text else "managerFilePatterns"
    if known is not None:
        name = "fileMatch" if section is not None and known is section.get("fileMatch") else "managerFilePatterns"
        if known.kind != "list" or any("Earthfile" in item.text for item in known.items()):
            return
    value = "(^|/)Earthfile$" if name == "fileMatch" else "/(^|/)Earthfile$/"
    if known is not None:
        yield from jsontext.added(text, known, jsontext.quoted(value, text, (*known.items(), None)[0]))
        return
    place = section if section is not None else config
    keys = [key for key, _ in place.members] or [key for key, _ in config.members]
    quote = next((key for key in reversed(keys) if key is not None and key.kind == "string"), _first_string(config))
    member = f"{jsontext.key(name, text, place if place.members else config)}: [{jsontext.quoted(value, text, quote)}]"
    if section is None:
        member = f"{jsontext.key('dockerfile', text, config)}: {{ {member} }}"
    yield from jsontext.added(text, place, member)


def _first_string(config: Json) -> Json | None:
    return next((value for value in config.items() if value.kind == "string"), None)


def _custom(config: Json) -> Iterator[Json]:
    for name in _CUSTOM:
        managers = config.get(name)
        for manager in managers.items() if managers is not None and managers.kind == "list" else ():
            for key in _PATTERNS:
                found = manager.get(key)
                if found is not None and found.kind == "list":
                    yield found
