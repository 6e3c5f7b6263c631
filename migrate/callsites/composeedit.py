"""Takes ``build:`` out of services of a compose file and puts the image's name in its place; comments stay.

After every edit the file is read again: it must hold what it held before, apart from that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites import yamltext
from migrate.callsites.compose import value_end
from migrate.callsites.composefile import Entry
from migrate.callsites.edits import Edit
from migrate.callsites.yamlnodes import is_mapping, is_scalar, is_sequence
from migrate.callsites.yamltext import YamlError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node


class Removal(NamedTuple):
    """One ``build:`` to go. ``image`` is written in its place, None where a name is given; ``policy``: pull_policy."""

    entry: Entry
    image: str | None
    policy: bool = True


def edits(text: str, removal: Removal) -> list[Edit]:
    """The edits for ``removal``."""
    return list(_edits(text, removal, "\r\n" if "\r\n" in text else "\n"))


def _edits(text: str, removal: Removal, newline: str) -> Iterator[Edit]:
    entry = removal.entry
    holder, key = entry.holder, entry.key
    first, last = yamltext.start(key), value_end(key, entry.value, text)
    added = [f"image: {removal.image}"] if removal.image is not None else []
    policy = next((pair for pair in yamltext.entries(holder) if pair[0] == "pull_policy"), None)
    if policy is not None and yamltext.scalar(policy[2]) == "build":
        yield Edit(yamltext.start(policy[2]), yamltext.end(policy[2]), "never")
    elif policy is None and removal.policy:
        added.append("pull_policy: never")
    comments = list(_comments(text[first:last], entry.value, first))
    if is_mapping(holder) and holder.flow_style:
        if added:
            yield Edit(first, last, ", ".join(added))
        else:
            yield Edit(*_with_comma(text, first, last), "")
        return
    indent = " " * key.start_mark.column
    lines = [*comments, *added]
    trailing = re.compile(r"[ \t]+#[^\r\n]*").match(text, last)
    if trailing and not comments and len(added) > 1:
        # What is said of the old line stands behind the first of the new ones.
        yield Edit(first, last, added[0])
        yield Edit(trailing.end(), trailing.end(), "".join(f"{newline}{indent}{line}" for line in added[1:]))
    elif lines:
        yield Edit(first, last, f"{newline}{indent}".join(lines))
    else:
        yield _whole_line(text, first, last)


def _whole_line(text: str, first: int, last: int) -> Edit:
    """An entry that goes with its line; a comment behind it stays, and so does what stands before it."""
    rest = re.compile(r"[ \t]*(?:\r?\n|$)").match(text, last)
    start = text.rfind("\n", 0, first) + 1
    if rest is not None and not text[start:first].strip():
        return Edit(start, rest.end(), "")
    following = re.compile(r"[ \t]*").match(text, last)
    return Edit(first, following.end() if following else last, "")


def _with_comma(text: str, first: int, last: int) -> tuple[int, int]:
    after = re.compile(r"\s*,\s*").match(text, last)
    if after:
        return first, after.end()
    before = re.search(r",\s*$", text[:first])
    return (before.start() if before else first), last


def _comments(part: str, value: Node, offset: int) -> Iterator[str]:
    """The comments in ``part``, which starts at ``offset``; a ``#`` inside a scalar starts none."""
    scalars = [(yamltext.start(node) - offset, yamltext.end(node) - offset) for node in _scalars(value)]
    position = 0
    for match in re.finditer(r"(?:^|(?<=[ \t\n]))#[^\r\n]*", part):
        if match.start() < position or any(start <= match.start() < end for start, end in scalars):
            continue
        position = match.end()
        yield match.group().rstrip()


def _scalars(node: Node) -> Iterator[Node]:
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if is_scalar(here):
            yield here
        elif is_mapping(here):
            waiting += [part for pair in here.value for part in pair]
        elif is_sequence(here):
            waiting += here.value


def needed_elsewhere(roots: Sequence[Node], removals: Sequence[Removal]) -> list[Removal]:
    """The removals that would take away the anchor of an alias which stays."""
    left: set[int] = set()
    gone = {(id(removal.entry.holder), id(removal.entry.key)) for removal in removals}
    waiting = [*roots]
    while waiting:
        here = waiting.pop()
        if id(here) in left:
            continue
        left.add(id(here))
        if is_mapping(here):
            waiting += [part for pair in here.value if (id(here), id(pair[0])) not in gone for part in pair]
        elif is_sequence(here):
            waiting += here.value
    return [removal for removal in removals if any(id(node) in left for node in _defined(removal.entry))]


def _defined(entry: Entry) -> Iterator[Node]:
    """The nodes that stand inside the entry's value, not only their aliases."""
    first, last = yamltext.start(entry.key), yamltext.end(entry.value)
    waiting = [entry.value]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if id(here) in seen or not first <= yamltext.start(here) <= last or yamltext.start(entry.value) < first:
            continue
        seen.add(id(here))
        yield here
        if is_mapping(here):
            waiting += [part for pair in here.value for part in pair]
        elif is_sequence(here):
            waiting += here.value


def says_the_same(text: str, roots: Sequence[Node], removals: Sequence[Removal], changes: Sequence[Edit]) -> bool:
    """Whether ``text`` with ``changes`` holds what it held, the ``removals`` apart."""
    try:
        after = yamltext.documents(editing.apply(text, changes))
    except (YamlError, editing.OverlapError):
        return False
    gone = {(id(removal.entry.holder), id(removal.entry.key)): removal for removal in removals}
    old = [sorted(_events(root, gone)) for root in roots]
    new = [sorted(_events(root, {})) for root in after]
    return old == new


def _events(root: Node, gone: dict[tuple[int, int], Removal]) -> Iterator[tuple[str, ...]]:
    """(way, what) of every node once; an alias is the way to where its node was met first."""
    seen: dict[int, str] = {}
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        node, way = waiting.pop()
        if id(node) in seen:
            yield way, "alias", seen[id(node)]
            continue
        seen[id(node)] = way
        if is_scalar(node):
            yield way, str(node.tag), str(node.value)
        elif is_sequence(node):
            yield way, "sequence", str(len(node.value))
            waiting += reversed([(item, f"{way}/{index}") for index, item in enumerate(node.value)])
        elif is_mapping(node):
            yield way, "mapping", str(node.tag)
            waiting += reversed(list(_pairs(node, way, gone)))
            yield from _added(node, way, gone)


def _pairs(node: MappingNode, way: str, gone: dict[tuple[int, int], Removal]) -> Iterator[tuple[Node, str]]:
    removed = any((id(node), id(key)) in gone for key, _ in node.value)
    for key, value in node.value:
        name = str(key.value) if is_scalar(key) else "?"
        if (id(node), id(key)) in gone:
            continue
        if removed and name == "pull_policy" and yamltext.scalar(value) == "build":
            continue
        yield value, f"{way}/{name}"


def _added(node: MappingNode, way: str, gone: dict[tuple[int, int], Removal]) -> Iterator[tuple[str, ...]]:
    for key, _ in node.value:
        removal = gone.get((id(node), id(key)))
        if removal is None:
            continue
        policy = yamltext.scalar(yamltext.get(node, "pull_policy"))
        if removal.image is not None:
            yield f"{way}/image", "tag:yaml.org,2002:str", removal.image
        if policy == "build" or (policy is None and removal.policy):
            yield f"{way}/pull_policy", "tag:yaml.org,2002:str", "never"
