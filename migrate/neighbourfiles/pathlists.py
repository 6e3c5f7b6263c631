"""Lists of path patterns in YAML: path filters of workflows, GitLab's ``changes``, labels, Taskfile ``sources``.

Sources: GitHub's workflow syntax (on.<push|pull_request>.paths), dorny/paths-filter and tj-actions/changed-files
(readme), GitLab CI (rules:changes), actions/labeler (readme), Task (sources).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import yamltext
from migrate.callsites.edits import Edit
from migrate.callsites.yamlnodes import is_mapping, is_scalar, is_sequence
from migrate.callsites.yamltext import Embedded, YamlError
from migrate.neighbourfiles.model import NOTHING, Found, Said, Scene, line_end, lines, newline
from migrate.neighbourfiles.naming import NOT_PLAIN, Additions, additions, names_dockerfile

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_FILTER_ACTIONS = ("dorny/paths-filter@", "tj-actions/changed-files@")
_HASH = re.compile(r"hashFiles\(([^()\n]*)\)")
_HASH_WORD = re.compile(r"('{1,2})([^'\n]*)\1")
_PLAIN = re.compile(r"[A-Za-z0-9_./-][A-Za-z0-9_./*-]*(?:, [A-Za-z0-9_./-]+)*")
_MOST_NODES = 100_000
#: Without one of these there is no list of patterns.
_NEEDED = {
    "workflows": ("paths", "changed-files", "hashFiles"),
    "gitlab": ("changes", "hashFiles"),
    "taskfile": ("sources",),
}


class _List(NamedTuple):
    """One list of patterns: (offset, end, pattern) of each item, and how a new one is written behind one of them."""

    text: str
    items: tuple[tuple[int, int, str], ...]
    flow: bool
    outer: Embedded | None = None
    lines: bool = False
    """The items are lines of a text, without a dash."""


def look(text: str, path: str, scene: Scene) -> Found:
    """Add Earthfiles to the lists of ``path`` that name their Dockerfiles."""
    kind = _kind(path)
    if not any(word in text for word in _NEEDED.get(kind, ("",))):
        return NOTHING
    try:
        roots = yamltext.documents(text)
    except YamlError:
        return NOTHING  # who looks for call sites says so where it matters
    folder = posixpath.dirname(path) if kind == "taskfile" else ""
    edits: list[Edit] = []
    said: list[Said] = []
    for one in _lists(kind, roots, text):
        patterns = [item[2] for item in one.items]
        if not any(names_dockerfile(item) for item in patterns):
            continue
        added = additions(patterns, scene.moves, folder=folder)
        edits += _edits(one, added, text)
        for index in added.odd:
            start, end = (one.outer.outer(at) if one.outer else at for at in one.items[index][:2])
            said.append(Said(start, end, "EM850", {"pattern": patterns[index], "why": NOT_PLAIN}))
    if kind in ("workflows", "gitlab"):
        edits += _hashes(roots, text, scene)
    return Found(tuple(edits), tuple(said))


def _kind(path: str) -> str:
    name = posixpath.basename(path).lower()
    if name.startswith("labeler."):
        return "labeler"
    if "gitlab" in path:
        return "gitlab"
    return "taskfile" if name.startswith("taskfile") else "workflows"


def _lists(kind: str, roots: Sequence[Node], text: str) -> Iterator[_List]:
    for root in roots:
        if kind == "workflows":
            on = yamltext.get(root, "on")
            yield from _below(on, text, ("paths", "paths-ignore"))
            yield from _filters(root, text)
        elif kind == "gitlab":
            yield from _below(root, text, ("changes",))
        elif kind == "taskfile":
            yield from _below(root, text, ("sources",))
        else:
            yield from (_list(node, text) for node in nodes(root) if is_sequence(node))


def nodes(root: Node | None) -> Iterator[Node]:
    """Every node once, in the order of the text; an alias is the node of its anchor."""
    stack, seen = [root] if root is not None else [], set[int]()
    while stack and len(seen) < _MOST_NODES:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if is_mapping(node):
            stack += [part for pair in reversed(node.value) for part in reversed(pair)]
        elif is_sequence(node):
            stack += reversed(node.value)


def _below(root: Node | None, text: str, keys: Sequence[str]) -> Iterator[_List]:
    """The lists under ``keys``, or under ``paths`` of a mapping there."""
    seen: set[int] = set()
    for node in nodes(root):
        for name, _, value in yamltext.entries(node):
            if name in keys:
                wanted = yamltext.get(value, "paths") if is_mapping(value) else value
                if is_sequence(wanted) and id(wanted) not in seen:
                    seen.add(id(wanted))
                    yield _list(wanted, text)


def _list(node: Node, text: str, outer: Embedded | None = None) -> _List:
    items = tuple(
        (yamltext.start(item), yamltext.end(item), str(item.value))
        for item in yamltext.items(node)
        if is_scalar(item) and item.style not in ("|", ">")
    )
    return _List(text, items, is_sequence(node) and bool(node.flow_style), outer)


def _filters(root: Node, text: str) -> Iterator[_List]:
    """The filters that steps hand to actions as a text of their own."""
    for step in nodes(root):
        uses = yamltext.scalar(yamltext.get(step, "uses")) or ""
        if not uses.startswith(_FILTER_ACTIONS):
            continue
        for name in ("filters", "files_yaml", "files"):
            inner = yamltext.embedded(yamltext.get(step, "with", name), text)
            if inner is None or not names_in(inner.text):
                continue
            if name == "files":
                yield _lines(inner)
                continue
            try:
                roots = yamltext.documents(inner.text)
            except YamlError:
                continue
            for root_inside in roots:
                lists = [node for node in nodes(root_inside) if is_sequence(node)]
                yield from (_list(node, inner.text, inner) for node in lists)


def names_in(text: str) -> bool:
    """Whether a word of ``text`` names a Dockerfile."""
    return any(names_dockerfile(word) for word in text.split())


def _lines(inner: Embedded) -> _List:
    items = []
    for start, line in lines(inner.text):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            first = start + line.index(bare)
            items.append((first, first + len(bare), bare))
    return _List(inner.text, tuple(items), False, inner, lines=True)


def _edits(one: _List, added: Additions, text: str) -> Iterator[Edit]:
    if not added.patterns:
        return
    start, end, _ = one.items[added.after]
    raw = one.text[start:end]
    new = [_quoted(pattern, raw, plain=one.lines) for pattern in added.patterns]
    if one.flow:
        place, written = end, "".join(f", {item}" for item in new)
    else:
        first = one.text.rfind("\n", 0, start) + 1
        lead = one.text[first:start]
        if not one.lines and not re.fullmatch(r"[ \t]*-[ \t]+", lead):
            return  # behind an anchor or a tag, or a list in a list on one line
        place, written = line_end(one.text, end), "".join(f"\n{lead}{item}" for item in new)
    if one.outer is None:
        yield Edit(place, place, written.replace("\n", newline(text)))
    elif (kept := one.outer.written(written)) is not None:
        place = one.outer.outer(place)
        yield Edit(place, place, kept.replace("\n", newline(text)))


def _quoted(pattern: str, like: str, *, plain: bool) -> str:
    """``pattern`` with the quotes that ``like`` has, or those that it needs."""
    quote = like[:1] if like[:1] in ("'", '"') else ""
    if plain or (not quote and _PLAIN.fullmatch(pattern)):
        return pattern
    if quote == '"':
        return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "'" + pattern.replace("'", "''") + "'"


def _hashes(roots: Sequence[Node], text: str, scene: Scene) -> Iterator[Edit]:
    """``hashFiles('**/Dockerfile')`` in the key of a cache."""
    for root in roots:
        for node in nodes(root):
            if not is_scalar(node) or "hashFiles(" not in str(node.value):
                continue
            for call in _HASH.finditer(text, yamltext.start(node), yamltext.end(node)):
                words = list(_HASH_WORD.finditer(text, call.start(1), call.end(1)))
                added = additions([word[2] for word in words], scene.moves)
                if added.patterns and not added.odd:
                    quote, place = words[added.after][1], words[added.after].end()
                    yield Edit(place, place, "".join(f", {quote}{item}{quote}" for item in added.patterns))
