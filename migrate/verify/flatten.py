"""Layers laid over one another, as a container sees them.

The rules are those of the OCI image specification (layer.md) and, where that is silent, of containerd's unpacking:
a parent that is a symbolic link is followed inside the image, a directory entry merges with a directory, anything else
replaces what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate.verify.model import Entry, Kind

WHITEOUT = b".wh."
_OPAQUE = b".wh..wh..opq"
_BOOKKEEPING = b".wh..wh."
_MOST_LINKS = 255


class BadEntry(Exception):
    """An entry that no builder would unpack; the text says why."""


class Item(NamedTuple):
    """One entry of a layer archive: ``entry.path`` is the name as written there.

    A hard link has ``link_to``, the name it is a second name of; its own kind, size and bytes do not count.
    """

    entry: Entry
    link_to: bytes | None = None


class _Node:
    """What a name leads to; two names that lead to the same node are hard links."""

    __slots__ = ("children", "entry")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.children: dict[bytes, _Node] | None = {} if entry.kind is Kind.DIRECTORY else None


class Flattener:
    """Takes the layers from the lowest up; ``tree`` then holds what is left."""

    def __init__(self) -> None:
        self._root = _directory()
        self._fresh: set[bytes] = set()
        self._above_fresh: set[bytes] = set()

    def apply(self, items: Iterable[Item]) -> None:
        """Lay one layer over the others. Raises BadEntry."""
        self._fresh.clear()
        self._above_fresh.clear()
        for item in items:
            self._add(item)

    def tree(self) -> dict[bytes, Entry]:
        """Path -> entry of everything, the root under the empty path, in the order of their bytes within a folder."""
        found: dict[bytes, Entry] = {}
        first: dict[int, bytes] = {}
        shared: set[int] = set()
        for path, node in _walk(self._root):
            found[path] = node.entry
            if first.setdefault(id(node), path) != path:
                shared.add(id(node))
        smallest: dict[int, bytes] = {}
        members = [(path, id(node)) for path, node in _walk(self._root) if id(node) in shared]
        for path, number in members:
            smallest[number] = min(path, smallest.get(number, path))
        groups = {path: smallest[number] for path, number in members}
        return {path: entry._replace(path=path, group=groups.get(path, b"")) for path, entry in found.items()}

    def _add(self, item: Item) -> None:
        names = clean(item.entry.path)
        if not names:
            self._set_root(item)
            return
        parents, name = names[:-1], names[-1]
        if name.startswith(WHITEOUT):
            self._white_out(parents, name)
            return
        linked = None if item.link_to is None else self._linked(item.link_to)
        folder, where = self._folder(parents)
        path = _joined(where, name)
        if linked:
            linked.entry = _same_inode(linked.entry, item.entry)
            node = linked
        else:
            node = self._placed(folder.get(name), item.entry)
        folder[name] = node
        self._mark(path)

    def _set_root(self, item: Item) -> None:
        if item.entry.kind is not Kind.DIRECTORY or item.link_to is not None:
            raise BadEntry("the root of the image is no directory")
        self._root.entry = item.entry

    @staticmethod
    def _placed(old: _Node | None, entry: Entry) -> _Node:
        if old is not None and old.children is not None and entry.kind is Kind.DIRECTORY:
            old.entry = entry
            return old
        return _Node(entry)

    def _linked(self, name: bytes) -> _Node:
        names = clean(name)
        node: _Node | None = None
        if names:
            found = self._resolve(names[:-1])
            node = found[0].children.get(names[-1]) if found and found[0].children is not None else None
        if node is None:
            raise BadEntry(f"a hard link leads to {shown(name)}, which does not exist")
        if node.children is not None:
            raise BadEntry(f"a hard link leads to the directory {shown(name)}")
        return node

    def _white_out(self, parents: tuple[bytes, ...], name: bytes) -> None:
        if name.startswith(_BOOKKEEPING) and name != _OPAQUE:
            return  # left by AUFS; Docker passes over them, too
        found = self._resolve(parents)
        hidden = name[len(WHITEOUT) :]
        if name != _OPAQUE and hidden in (b"", b".", b".."):
            raise BadEntry(f"{shown(name)} removes nothing that has a name")
        if not found or found[0].children is None:
            return
        folder, where = found[0].children, found[1]
        for gone in list(folder) if name == _OPAQUE else [hidden]:
            if gone in folder:
                self._remove_lower(folder, gone, where)

    def _remove_lower(self, folder: dict[bytes, _Node], name: bytes, where: bytes) -> None:
        """Remove ``name`` except for what this layer has put there, whatever came first in the archive."""
        path, node = _joined(where, name), folder[name]
        if path not in self._fresh and path not in self._above_fresh:
            del folder[name]
            return
        if path not in self._fresh:
            node.entry = _directory().entry
        for below in list(node.children or ()):
            self._remove_lower(node.children or {}, below, path)

    def _mark(self, path: bytes) -> None:
        self._fresh.add(path)
        above = path.rpartition(b"/")[0]
        while above and above not in self._above_fresh:
            self._above_fresh.add(above)
            above = above.rpartition(b"/")[0]

    def _folder(self, names: tuple[bytes, ...]) -> tuple[dict[bytes, _Node], bytes]:
        """The directory at ``names``, made where it is missing, and its real path."""
        found = self._resolve(names, make=True)
        if not found or found[0].children is None:
            raise AssertionError("a directory that was asked for was not made")
        return found[0].children, found[1]

    def _resolve(self, names: tuple[bytes, ...], *, make: bool = False) -> tuple[_Node, bytes] | None:
        """The node at ``names`` with every link followed, and its real path; ``make`` puts directories in the way."""
        above: list[tuple[_Node, bytes]] = [(self._root, b"")]
        rest, links = list(reversed(names)), 0
        while rest:
            name = rest.pop()
            if name == b"..":
                above = above[:-1] or above
                continue
            folder, where = above[-1]
            path = _joined(where, name)
            node = None if folder.children is None else folder.children.get(name)
            if node is not None and node.entry.kind is Kind.LINK:
                links += 1
                if links > _MOST_LINKS:
                    raise BadEntry(f"{shown(path)} leads through too many links")
                target = node.entry.target
                above = above[:1] if target.startswith(b"/") else above
                rest += [part for part in reversed(target.split(b"/")) if part not in (b"", b".")]
                continue
            if node is None or node.children is None:
                if not make or folder.children is None:
                    return None
                node = folder.children[name] = _directory()
            above.append((node, path))
        return above[-1]


def clean(name: bytes) -> tuple[bytes, ...]:
    """The parts of a name in an archive, without ``.`` and ``..``; nothing leads above the root."""
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return tuple(parts)


def shown(name: bytes) -> str:
    """A path for people: odd bytes spelled out."""
    return name.decode("utf-8", "backslashreplace")


def _directory() -> _Node:
    """A directory that no layer names: whoever unpacks makes it like this."""
    return _Node(Entry(b"", Kind.DIRECTORY, 0o755))


def _same_inode(old: Entry, link: Entry) -> Entry:
    """A second name's header says once more what the file's owner and mode are."""
    if old.kind is Kind.LINK:
        return old._replace(uid=link.uid, gid=link.gid, mtime=link.mtime)
    return old._replace(mode=link.mode, uid=link.uid, gid=link.gid, mtime=link.mtime, xattrs=link.xattrs or old.xattrs)


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def _walk(root: _Node) -> Iterator[tuple[bytes, _Node]]:
    waiting = [(b"", root)]
    while waiting:
        path, node = waiting.pop()
        yield path, node
        if node.children:
            waiting += [(_joined(path, name), node.children[name]) for name in sorted(node.children, reverse=True)]
