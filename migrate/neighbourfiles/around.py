"""All neighbours of one migration: which files are looked at, by which readers, and what comes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.unread import YamlError
from migrate.choice import Choice
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files, fits
from migrate.gitpatch import FileChange
from migrate.mappings import Mappings
from migrate.neighbourfiles import jsontext, mentions
from migrate.neighbourfiles.jsontext import JsonError
from migrate.neighbourfiles.model import Found, Scene
from migrate.spans import Span

LARGEST = 256 * 1024
#: Reader -> its module and function.
_READERS = {
    "attributes": ("owners", "attributes"),
    "dependabot": ("dependabot", "look"),
    "dockerignore": ("ignores", "docker"),
    "editors": ("editors", "look"),
    "gitignore": ("ignores", "git"),
    "owners": ("owners", "code_owners"),
    "pathlists": ("pathlists", "look"),
    "prerequisites": ("prerequisites", "look"),
    "published": ("published", "look"),
    "renovate": ("renovate", "look"),
    "sections": ("sections", "look"),
}


class Neighbour(NamedTuple):
    """One file: its bytes with the edits to it made, and what is said of it."""

    path: str
    after: bytes
    diagnostics: tuple[Diagnostic, ...]


def beside(
    changes: Iterable[FileChange], scene: Scene, files: Files, data: Data, mappings: Mappings, choice: Choice
) -> tuple[list[FileChange], list[Diagnostic]]:
    """``changes`` with those to the neighbours in ``files``, and what is said; nothing without a conversion."""
    known = {change.path: change for change in changes}
    said: list[Diagnostic] = []
    every = tuple(sorted({name for kind in data.neighbours.values() for name in kind.get("files", ())}))
    named = frozenset(path for kind in data.neighbours.values() for path in kind.get("paths", ()))
    for path in files.paths if scene.moves else ():
        if path not in named and not fits(path, every):
            continue
        wanted = [kind for name, kind in data.neighbours.items() if choice.wants(name) and _is(path, kind)]
        if not wanted or (raw := files.read(path, LARGEST)) is None:
            continue
        change = known.get(path) or FileChange(path, raw, raw, path in files.executable)
        if change.after is not None and (one := _neighbour(path, wanted, raw, change.after, scene, mappings)):
            known[path] = change._replace(after=one.after)
            said += one.diagnostics
    return list(known.values()), said


def _is(path: str, kind: Mapping[str, Any]) -> bool:
    return path in kind.get("paths", ()) or fits(path, kind.get("files", ()))


def _neighbour(
    path: str, kinds: Iterable[Mapping[str, Any]], raw: bytes, rewritten: bytes, scene: Scene, mappings: Mappings
) -> Neighbour | None:
    """Findings are on the text that stands there; edits are made to that with its call sites rewritten."""
    text, after = editing.decoded(raw), editing.decoded(rewritten)
    if text is None or after is None:
        return None
    collector = Collector(path, mappings.diagnostics)
    for kind in kinds:
        if not re.search(kind["hint"], text):
            continue
        for reader in _readers(kind):
            found = reader(text, path, scene)
            for item in found.said:
                span = Span.of(*editing.position(text, item.start), *editing.position(text, item.end))
                collector.report(item.code, span, **item.fields)
            if found.edits:
                changed = _edited(after, path, reader(after, path, scene).edits)
                if changed is None:
                    collector.report("EM858", None)
                after = changed or after
    return Neighbour(path, editing.encoded(after), collector.diagnostics)


def _readers(kind: Mapping[str, Any]) -> list[Callable[[str, str, Scene], Found]]:
    found: list[Callable[[str, str, Scene], Found]] = []
    for name in kind.get("reads", ()):
        module, function = _READERS[name]
        found.append(getattr(import_module(f"migrate.neighbourfiles.{module}"), function))
    finds = kind.get("finds", ())
    if finds:
        found.append(partial(_mentions, finds))
    return found


def _mentions(finds: tuple[Mapping[str, Any], ...], text: str, path: str, scene: Scene) -> Found:
    return mentions.look(text, finds, scene)


def _edited(text: str, path: str, edits: tuple[Edit, ...]) -> str | None:
    """``text`` with ``edits``; None where it would not read back as the old one with something added."""
    try:
        after = editing.apply(text, edits)
        lost = _words(text, path) - _words(after, path)
    except (editing.OverlapError, YamlError, JsonError):
        return None
    return None if lost else after


def _words(text: str, path: str) -> Counter[str]:
    """What a file says, in pieces that an edit only adds to."""
    if path.endswith((".yml", ".yaml")):
        from migrate.callsites import yamltext  # a parser: only for YAML that is edited
        from migrate.neighbourfiles.pathlists import nodes

        roots = yamltext.documents(text)
        values = [yamltext.scalar(node) for root in roots for node in nodes(root)]
        return Counter(line.strip() for value in values if value is not None for line in re.split(r"[\n,)\]]", value))
    if path.endswith((".json", ".json5", ".renovaterc")):
        root = jsontext.read(text)
        return Counter(f"{key}={value.text}" for key, value in root.walk())
    return Counter(text.split())
