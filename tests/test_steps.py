"""The instructions of a chain, with working directory and user."""

from __future__ import annotations

import pytest
from support import graph_of

from migrate.images import base_image
from migrate.mappings import builtin
from migrate.steps import joined, standard_folders, steps_of


def test_folders_and_users() -> None:
    text = (
        "FROM alpine:3.20 AS a\nWORKDIR /a\nUSER app\nFROM a\nWORKDIR b\nUSER 0:5\nWORKDIR $X\nRUN c\nUSER $U\nRUN d\n"
    )
    graph = graph_of(text)
    found = [(step.instruction.text, step.folder, step.is_root, step.user) for step in steps_of(graph, 1, builtin())]
    assert found == [
        ("/a", None, True, None),
        ("app", "/a", True, None),
        ("b", "/a", False, "app"),
        ("0:5", "/a/b", False, "app"),
        ("$X", "/a/b", True, "0:5"),
        ("c", None, True, "0:5"),
        ("$U", None, True, "0:5"),
        ("d", None, None, "$U"),
    ]


@pytest.mark.parametrize(
    ("base", "folder", "root"), [("scratch", "/", True), ("node:20", None, True), ("example.com/x", None, None)]
)
def test_where_a_chain_begins(base: str, folder: str | None, root: bool | None) -> None:
    (step,) = steps_of(graph_of(f"FROM {base}\nRUN a\n"), 0, builtin())
    assert (step.folder, step.is_root) == (folder, root)


@pytest.mark.parametrize(
    ("folder", "text", "expected"),
    [("/a", "b", "/a/b"), ("/a", "/b/", "/b"), ("/a", "../c", "/c"), (None, "b", None), (None, "/b", "/b")],
)
def test_joined(folder: str | None, text: str, expected: str | None) -> None:
    assert joined(folder, text) == expected


def test_what_images_have() -> None:
    assert "/opt" in standard_folders(base_image("debian:12"), builtin())
    assert "/opt" in standard_folders(None, builtin())
    assert "/opt" not in standard_folders(base_image("busybox"), builtin())
