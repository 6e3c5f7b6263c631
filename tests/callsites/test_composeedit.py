"""Taking build: out of a compose file: what stays, and that a wrong edit is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from migrate.callsites import composeedit
from migrate.callsites.composeedit import Removal
from migrate.callsites.composefile import Reader
from migrate.callsites.edits import Edit, apply


class Nothing:
    """A repository without files."""

    def is_file(self, path: str) -> bool:
        return False

    def is_folder(self, path: str) -> bool:
        return False

    def read(self, path: str, limit: int) -> bytes | None:
        return None


def removed(text: str, *names: str, image: str | None = "new") -> str:
    reader = Reader(Nothing())
    roots = reader.take("compose.yaml", text)
    services = reader.services("compose.yaml")
    removals = []
    for name in names:
        entry = services[name].build
        assert entry is not None
        removals.append(Removal(entry, image))
    changes = [edit for removal in removals for edit in composeedit.edits(text, removal)]
    assert composeedit.needed_elsewhere(roots, removals) == []
    assert composeedit.says_the_same(text, roots, removals, changes)
    return apply(text, changes)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("build: .", "image: new\n    pull_policy: never"),
        ("build: . # c", "image: new # c\n    pull_policy: never"),
        ("build:\n      context: .  # c", "image: new  # c\n    pull_policy: never"),
        ("build:  # a\n      # b\n      context: .", "# a\n    # b\n    image: new\n    pull_policy: never"),
        ("build: {context: ., args: ['#x']}", "image: new\n    pull_policy: never"),
        ("build: .\n    pull_policy: build", "image: new\n    pull_policy: never"),
        ("pull_policy: missing\n    build: .", "pull_policy: missing\n    image: new"),
        ("build: &b\n      context: .", "image: new\n    pull_policy: never"),
        ('"build": "."', "image: new\n    pull_policy: never"),
    ],
)
def test_in_a_block(before: str, after: str) -> None:
    frame = "services:\n  a:\n    {}\n    ports: []  # p\n"
    assert removed(frame.format(before), "a") == frame.format(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("build: .", "image: new, pull_policy: never"),
        ("ports: [], build: {context: .}", "ports: [], image: new, pull_policy: never"),
        ("build: ., pull_policy: never", "image: new, pull_policy: never"),
    ],
)
def test_in_one_line(before: str, after: str) -> None:
    assert removed(f"services: {{a: {{{before}}}}}\n", "a") == f"services: {{a: {{{after}}}}}\n"


def test_nothing_to_add_takes_the_whole_line() -> None:
    text = "services:\n  a:\n    image: x\n    pull_policy: never\n    build: ./a\n    ports: []\n"
    assert removed(text, "a", image=None) == text.replace("    build: ./a\n", "")


def test_a_comment_behind_it_stays() -> None:
    text = "services:\n  a:\n    image: x\n    pull_policy: never\n    build: ./a # c\n    ports: []\n"
    assert "    # c\n" in removed(text, "a", image=None)


def test_an_anchor_that_is_needed_is_found() -> None:
    text = "services:\n  a:\n    build: &b {context: .}\n  c:\n    build: *b\n"
    reader = Reader(Nothing())
    roots = reader.take("compose.yaml", text)
    entry = reader.services("compose.yaml")["a"].build
    assert entry is not None
    removal = Removal(entry, "new")
    assert composeedit.needed_elsewhere(roots, [removal]) == [removal]


def test_another_change_is_noticed() -> None:
    text = "services:\n  a:\n    build: .\n    ports: [1]\n"
    reader = Reader(Nothing())
    roots = reader.take("compose.yaml", text)
    entry = reader.services("compose.yaml")["a"].build
    assert entry is not None
    removal = Removal(entry, "new")
    good = composeedit.edits(text, removal)
    at = text.index("1]")
    assert not composeedit.says_the_same(text, roots, [removal], [*good, Edit(at, at, "2")])
    assert not composeedit.says_the_same(text, roots, [removal], good[:-1])


NAMES = st.sampled_from(["a", "b", "c", "d"])
COMMENT = st.sampled_from(["", "  # one", " # two: three"])
BUILDS = st.sampled_from(
    [
        "build: ./x{0}",
        "build:{0}\n      context: x",
        "build:\n      context: x{0}\n      args:\n        A: '1 # no comment'",
        "build: {{context: x, args: [A=1]}}{0}",
        "build: *shared{0}",
        "build:\n      <<: *shared{0}\n      target: t",
    ]
)
OTHERS = st.sampled_from(
    ["image: i{0}", "ports: ['80:80']{0}", "# whole line", "environment:{0}\n      A: b", "init: true"]
)


@st.composite
def compose_files(draw: st.DrawFn) -> tuple[str, list[str]]:
    text = "x-shared: &shared\n  context: x\nservices:\n"
    built = []
    for name in draw(st.lists(NAMES, min_size=1, unique=True)):
        lines = [draw(BUILDS).format(draw(COMMENT))]
        lines += [draw(OTHERS).format(draw(COMMENT)) for _ in range(draw(st.integers(0, 2)))]
        keys = [line.split(":")[0] for line in lines if not line.startswith("#")]
        if len(set(keys)) == len(keys):
            text += f"  {name}:\n" + "".join(f"    {line}\n" for line in draw(st.permutations(lines)))
            built.append(name)
    return text, built


@given(compose_files(), st.booleans())
def test_only_the_build_goes(drawn: tuple[str, list[str]], crlf: bool) -> None:
    text, names = drawn
    text = text.replace("\n", "\r\n") if crlf else text
    if not names:
        return
    services = YAML(typ="safe", pure=True).load(text)["services"]
    image = None if all("image" in services[name] for name in names) else "new"
    if image is not None and any("image" in services[name] for name in names):
        names = [name for name in names if "image" not in services[name]]
    after = removed(text, *names, image=image)
    found = YAML(typ="safe", pure=True).load(after)["services"]
    for name in services:
        expected = dict(services[name])
        if name in names:
            del expected["build"]
            expected |= {"pull_policy": "never"} | ({"image": "new"} if image else {})
        assert found[name] == expected
    for comment in ("# one", "# two: three", "# whole line"):
        assert after.count(comment) == text.count(comment)
