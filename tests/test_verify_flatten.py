"""Layers over one another: whiteouts, opaque folders, replaced paths, links, names that lead astray."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from imagefiles import Member, directory, hard_link, layer, link, member

from migrate.verify.flatten import BadEntry, Flattener, clean
from migrate.verify.layers import items
from migrate.verify.model import Entry, Kind


def flat(*layers: list[Member]) -> dict[bytes, Entry]:
    flattener = Flattener()
    for members in layers:
        flattener.apply(items(io.BytesIO(layer(*members))))
    return flattener.tree()


def names(tree: dict[bytes, Entry]) -> list[str]:
    return [path.decode() for path in sorted(tree) if path]


def whiteout(name: str) -> Member:
    folder, _, last = name.rpartition("/")
    return member(f"{folder}/.wh.{last}" if folder else f".wh.{last}")


def opaque(folder: str) -> Member:
    return member(f"{folder}/.wh..wh..opq")


LOWER = [directory("d"), member("d/old", content=b"old"), directory("d/e"), member("d/e/f"), member("top")]


def test_what_layers_hold() -> None:
    tree = flat([directory("d", mode=0o1777, uid=3, gid=4), member("d/f", content=b"hi", mode=0o4755, mtime=9)])
    assert tree[b""] == Entry(b"", Kind.DIRECTORY, 0o755)
    assert tree[b"d"] == Entry(b"d", Kind.DIRECTORY, 0o1777, 3, 4, mtime=0)
    file = tree[b"d/f"]
    assert (file.kind, file.mode, file.size, file.mtime) == (Kind.FILE, 0o4755, 2, 9 * 10**9)
    assert file.sha256.hex().startswith("8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4")


def test_a_whiteout_removes_a_file_and_a_whole_folder() -> None:
    assert names(flat(LOWER, [whiteout("d/old")])) == ["d", "d/e", "d/e/f", "top"]
    assert names(flat(LOWER, [whiteout("d")])) == ["top"]
    assert names(flat(LOWER, [whiteout("nothing"), whiteout("top/below"), whiteout("x/y")])) == names(flat(LOWER))


def test_an_opaque_folder_hides_only_what_lies_below() -> None:
    kept = ["d", "d/new", "top"]
    assert names(flat(LOWER, [directory("d"), opaque("d"), member("d/new")])) == kept
    assert names(flat(LOWER, [directory("d"), member("d/new"), opaque("d")])) == kept
    assert names(flat(LOWER, [directory("d/e"), member("d/e/g"), opaque("d")])) == ["d", "d/e", "d/e/g", "top"]


def test_a_whiteout_leaves_what_its_own_layer_adds() -> None:
    assert names(flat(LOWER, [member("top", content=b"x"), whiteout("top")])) == names(flat(LOWER))
    later = flat(LOWER, [member("d/new"), whiteout("d")])
    sooner = flat(LOWER, [whiteout("d"), member("d/new")])
    assert later == sooner
    assert names(later) == ["d", "d/new", "top"]
    assert later[b"d"].mtime is None  # nobody names the folder, so its old mode and time are gone


def test_a_whiteout_leaves_what_its_own_layer_adds_far_below() -> None:
    tree = flat([member("b/a")], [directory("b/a/x"), whiteout("b")])
    assert names(tree) == ["b", "b/a", "b/a/x"]


def test_files_and_folders_replace_one_another() -> None:
    tree = flat(LOWER, [member("d", content=b"now a file"), directory("top"), member("top/x")])
    assert names(tree) == ["d", "top", "top/x"]
    assert tree[b"d"].kind is Kind.FILE
    assert names(flat(LOWER, [link("d", "top")])) == ["d", "top"]
    assert names(flat([link("d", "elsewhere")], [directory("d"), member("d/x")])) == ["d", "d/x"]
    assert names(flat([member("a")], [member("a/b")])) == ["a", "a/b"]


def test_a_folder_entry_changes_only_the_folder() -> None:
    tree = flat(LOWER, [directory("d", mode=0o700, uid=5)])
    assert (tree[b"d"].mode, tree[b"d"].uid) == (0o700, 5)
    assert b"d/old" in tree


def test_a_folder_that_no_layer_names() -> None:
    assert flat([member("a/b/c")])[b"a/b"] == Entry(b"a/b", Kind.DIRECTORY, 0o755)


def test_the_root_has_a_mode() -> None:
    assert flat([directory("./", mode=0o700)])[b""].mode == 0o700
    with pytest.raises(BadEntry, match="no directory"):
        flat([member("/")])


def test_hard_links_share_a_group() -> None:
    tree = flat([member("b", content=b"1"), hard_link("a", "b"), member("c", content=b"1")], [hard_link("./z", "/b")])
    assert [tree[name].group for name in (b"a", b"b", b"c", b"z")] == [b"a", b"a", b"", b"a"]
    assert tree[b"a"].sha256 == tree[b"c"].sha256
    assert flat([member("b"), hard_link("a", "b")], [whiteout("a")])[b"b"].group == b""
    replaced = flat([member("b"), hard_link("a", "b")], [member("b", content=b"2")])
    assert (replaced[b"a"].size, replaced[b"b"].size, replaced[b"a"].group) == (0, 1, b"")


def test_a_hard_link_says_once_more_who_owns_the_file() -> None:
    tree = flat([member("b"), hard_link("a", "b", uid=7, mode=0o600)])
    assert (tree[b"b"].uid, tree[b"b"].mode) == (7, 0o600)
    assert flat([link("b", "x"), hard_link("a", "b")])[b"a"].target == b"x"


@pytest.mark.parametrize("target", ["missing", "d", "d/missing", "/", "top/below"])
def test_a_hard_link_needs_a_file(target: str) -> None:
    with pytest.raises(BadEntry, match="hard link"):
        flat([*LOWER, hard_link("a", target)])


def test_links_among_the_parents_are_followed_inside_the_image() -> None:
    usr = [directory("usr/bin"), link("bin", "usr/bin"), link("abs", "/usr"), link("up", "../../../usr")]
    tree = flat(usr, [member("bin/sh"), member("abs/x"), member("up/y"), hard_link("bin/ash", "abs/bin/sh")])
    assert {b"usr/bin/sh", b"usr/x", b"usr/y", b"usr/bin/ash"} <= tree.keys()
    assert tree[b"bin"].kind is Kind.LINK
    assert names(flat(usr, [member("usr/bin/sh")], [whiteout("bin/sh")])) == ["abs", "bin", "up", "usr", "usr/bin"]
    assert b"nowhere/x" in flat([link("l", "nowhere")], [member("l/x")])


def test_links_in_a_circle_are_refused() -> None:
    with pytest.raises(BadEntry, match="too many links"):
        flat([link("a", "b"), link("b", "a"), member("a/x")])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (b"./a//b/", (b"a", b"b")),
        (b"/a/../../b", (b"b",)),
        (b"../../etc/passwd", (b"etc", b"passwd")),
        (b"a/./b/../c", (b"a", b"c")),
        (b".", ()),
        (b"", ()),
        (b"...", (b"...",)),
    ],
)
def test_names_stay_inside(name: bytes, parts: tuple[bytes, ...]) -> None:
    assert clean(name) == parts


def test_what_aufs_leaves_is_passed_over() -> None:
    assert names(flat(LOWER, [member(".wh..wh.plnk"), member("d/.wh..wh.aufs")])) == names(flat(LOWER))


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh.."])
def test_a_whiteout_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(BadEntry, match="removes nothing"):
        flat(LOWER, [member(name)])


# A model to compare with: paths in a dictionary; each layer's removals first, then its additions.

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
LINKS = PATHS.map(lambda path: path + "/l")  # never a parent: the model follows no links
MODES = st.sampled_from([0o600, 0o755, 0o4711])
ADDITIONS = st.one_of(
    st.builds(lambda path, mode: ("dir", path, mode, ""), PATHS, MODES),
    st.builds(lambda path, mode, text: ("file", path, mode, text), PATHS, MODES, st.sampled_from(["", "x", "yy"])),
    st.builds(lambda path, target: ("link", path, 0o777, target), LINKS, PATHS),
    st.builds(lambda path, target, mode: ("hard", path, mode, target), PATHS, PATHS, MODES),
    st.builds(lambda path, target, mode: ("hard", path, mode, target), LINKS, LINKS, MODES),
)
REMOVALS = st.one_of(
    st.builds(lambda path: ("whiteout", path, 0, ""), PATHS), st.builds(lambda path: ("opaque", path, 0, ""), PATHS)
)
Step = tuple[str, str, int, str]


@dataclass
class Model:
    inode: dict[str, int] = field(default_factory=dict)
    facts: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def kind(self, path: str) -> str:
        return self.facts[self.inode[path]][0] if path in self.inode else ""

    def put(self, path: str, *facts: Any) -> None:
        self.inode[path] = len(self.facts)
        self.facts[self.inode[path]] = facts

    def remove(self, path: str, *, itself: bool = True) -> None:
        for known in list(self.inode):
            if known.startswith(path + "/") or (known == path and itself):
                del self.inode[known]

    def add(self, kind: str, path: str, mode: int, text: str) -> None:
        linked = self.inode.get(text) if kind == "hard" else None
        if kind == "hard" and (linked is None or self.kind(text) == "dir"):
            raise LookupError(text)
        parts = path.split("/")
        for parent in ("/".join(parts[:length]) for length in range(1, len(parts))):
            if self.kind(parent) != "dir":
                self.remove(parent)
                self.put(parent, "dir", 0o755, "")
        if kind == "dir" and self.kind(path) == "dir":
            self.put(path, "dir", mode, "")
            return
        self.remove(path)
        if linked is None:
            self.put(path, kind, mode, text)
            return
        self.inode[path] = linked
        old, before, content = self.facts[linked]
        self.facts[linked] = (old, before if old == "link" else mode, content)

    def layer(self, steps: list[Step]) -> None:
        for kind, path, _, _ in steps:
            if kind in ("whiteout", "opaque"):
                self.remove(path, itself=kind == "whiteout")
        for step in steps:
            if step[0] not in ("whiteout", "opaque"):
                self.add(*step)

    def seen(self) -> dict[str, tuple[Any, ...]]:
        groups: dict[int, list[str]] = {}
        for path, number in self.inode.items():
            groups.setdefault(number, []).append(path)
        return {
            path: (*self.facts[number], min(groups[number]) if len(groups[number]) > 1 else "")
            for path, number in self.inode.items()
        }


def as_member(step: Step) -> Member:
    kind, path, mode, text = step
    if kind == "file":
        return member(path, content=text.encode(), mode=mode)
    if kind == "dir":
        return directory(path, mode=mode)
    if kind == "link":
        return link(path, text)
    if kind == "hard":
        return hard_link(path, text, mode=mode)
    return whiteout(path) if kind == "whiteout" else opaque(path)


KINDS = {Kind.FILE: "file", Kind.DIRECTORY: "dir", Kind.LINK: "link"}


TEXTS = {hashlib.sha256(text.encode()).digest(): text for text in ("", "x", "yy")} | {b"": ""}


def as_seen(entry: Entry) -> tuple[Any, ...]:
    text = entry.target.decode() if entry.kind is Kind.LINK else TEXTS[entry.sha256]
    return KINDS[entry.kind], entry.mode, text, entry.group.decode()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.one_of(ADDITIONS, ADDITIONS, REMOVALS), max_size=8), min_size=1, max_size=4))
def test_flattening_is_what_the_model_says(layers: list[list[Step]]) -> None:
    model = Model()
    try:
        for steps in layers:
            model.layer(steps)
    except LookupError:
        reject()
    tree = flat(*[[as_member(step) for step in steps] for steps in layers])
    assert {path.decode(): as_seen(entry) for path, entry in tree.items() if path} == model.seen()
