"""Scalars of YAML as text of their own, with the way back to the file's offsets."""

from __future__ import annotations

import itertools

import pytest
from ruamel.yaml import YAML

from migrate.callsites.edits import Edit, apply
from migrate.callsites.yamltext import LARGEST, YamlError, documents, embedded, get, scalar

BLOCK = "a:\n  b: |\n    one\n      two\n\n    three\n  c: d\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (BLOCK, "one\n  two\n\nthree\n"),
        ("a:\n  b: |-\n    one\n  c: d\n", "one\n"),
        ("a: {b: plain text, c: d}\n", "plain text"),
        ("a:\n  b: 'single'\n", "single"),
        ('a:\n  b: "double"\n', "double"),
        ("a:\n  b: >\n    folded line\n", "folded line\n"),
        ("a:\r\n  b: |\r\n    one\r\n    two\r\n", "one\ntwo\n"),
    ],
)
def test_embedded(text: str, value: str) -> None:
    inner = embedded(get(documents(text)[0], "a", "b"), text)
    assert inner is not None
    assert inner.text == value
    for offset, char in enumerate(inner.text.rstrip("\n")):
        if char != "\n":
            assert text[inner.outer(offset)] == char


@pytest.mark.parametrize(
    "text",
    ['a: {b: "with \\" escape"}\n', "a:\n  b: 'it''s'\n", "a:\n  b: >\n    two\n    lines\n", "a: {b: [1]}\n"],
)
def test_what_does_not_stand_there_as_it_is(text: str) -> None:
    assert embedded(get(documents(text)[0], "a", "b"), text) is None


@pytest.mark.parametrize("new", ["x", "x y", "first\nsecond", "it's", 'say "x"', "a: b", "# no", "- no", "a #b"])
@pytest.mark.parametrize("text", [BLOCK, "a: {b: one, c: d}\n", "a:\n  b: 'one'\n", 'a:\n  b: "one"\n'])
def test_an_edit_means_what_it_should_or_is_refused(text: str, new: str) -> None:
    inner = embedded(get(documents(text)[0], "a", "b"), text)
    assert inner is not None
    made = inner.written(new)
    if made is None:
        return
    changed = apply(text, [Edit(inner.outer(0), inner.outer(3), made)])
    value = YAML(typ="safe", pure=True).load(changed)["a"]["b"]
    assert value == scalar(get(documents(text)[0], "a", "b")).replace("one", new, 1)  # type: ignore[union-attr]


def test_bombs_and_depth_are_bounded() -> None:
    names = "abcdefghij"
    rows = [f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in itertools.pairwise(names)]
    bomb = "a: &a [x]\n" + "".join(rows)
    assert documents(bomb)
    for text in ("[" * 5000, "\n".join(" " * n + "a:" for n in range(3000)), "a: " + "x" * LARGEST, "a: [", "\t- a"):
        with pytest.raises(YamlError):
            documents(text)


def test_a_folded_text_has_blanks_where_its_lines_were_joined() -> None:
    assert scalar(get(documents("a: >\n  docker\n  build .\n")[0], "a")) == "docker build .\n"
