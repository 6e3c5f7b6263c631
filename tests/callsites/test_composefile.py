"""Compose files: merge keys, extends, dependencies, includes, and builds that mean the same."""

from __future__ import annotations

import pytest

from migrate.callsites import composebuild
from migrate.callsites.composefile import Reader, project_services
from migrate.callsites.yamltext import YamlError


class Tree:
    """A repository with the files that a test names."""

    def __init__(self, **files: str) -> None:
        self.files = {path.replace("__", "/").replace("_", "."): text for path, text in files.items()}

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_folder(self, path: str) -> bool:
        return True

    def read(self, path: str, limit: int) -> bytes | None:
        return self.files[path].encode() if path in self.files else None


def test_merge_keys() -> None:
    text = (
        "x-a: &a {build: one, image: i}\nx-b: &b {build: two, init: true}\n"
        "services:\n  s:\n    <<: [*a, *b]\n    image: own\n"
    )
    service = Reader(Tree(compose_yaml=text)).services("compose.yaml")["s"]
    assert service.image == "own"
    assert service.build is not None
    assert service.build.value.value == "one"
    assert set(service.entries) == {"build", "image", "init"}


def test_a_service_that_extends_itself_ends() -> None:
    text = "services:\n  a: {extends: b}\n  b: {extends: a, build: .}\n"
    services = Reader(Tree(compose_yaml=text)).services("compose.yaml")
    assert services["a"].build is not None


def test_files_that_extend_each_other_end() -> None:
    one = "services:\n  a: {extends: {file: b.yaml, service: b}}\n"
    two = "services:\n  b: {build: .}\n  c: {extends: {file: a.yaml, service: a}}\n"
    services = Reader(Tree(a_yaml=one, b_yaml=two)).services("a.yaml")
    assert services["a"].build is not None
    assert services["a"].default_image == "b"


def test_what_must_start_first() -> None:
    text = (
        "services:\n  s:\n    depends_on: {a: {condition: service_started}}\n    links: ['b:alias']\n"
        "    volumes_from: [c]\n    network_mode: service:d\n    pid: host\n"
    )
    assert Reader(Tree(compose_yaml=text)).services("compose.yaml")["s"].needs == {"a", "b", "c", "d"}


def test_projects_hold_included_files() -> None:
    tree = Tree(
        compose_yaml="include: [x/stack.yaml]\nservices: {a: {build: .}}\n", x__stack_yaml="services: {b: {}}\n"
    )
    found = project_services(["compose.yaml"], Reader(tree))
    assert {name: [part.path for part in parts] for name, parts in found.items()} == {
        "b": ["x/stack.yaml"],
        "a": ["compose.yaml"],
    }


def test_an_included_file_that_is_missing() -> None:
    with pytest.raises(YamlError, match="not in the repository"):
        project_services(["compose.yaml"], Reader(Tree(compose_yaml="include: [x.yaml]\n")))


def test_default_files_are_looked_for_upward() -> None:
    tree = Tree(compose_yaml="", compose_override_yaml="")
    assert Reader(tree).default_files("a/b") == ["compose.yaml", "compose.override.yaml"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("{context: x}", "{context: x}", True),
        ("x", "{context: ./x}", True),
        ("{context: x, target: a}", "{context: x, target: b}", True),
        ("{context: x, target: a}", "{context: x}", False),
        ("{context: x}", "{target: b}", False),
        ("{context: x, args: {A: 1}}", "{context: x, args: [A=2]}", True),
        ("{context: x, args: {A: 1}}", "{context: x, args: {B: 1}}", False),
        ("{context: x, tags: [a]}", "{context: x, tags: [b]}", False),
        (".", "{dockerfile: x}", True),
    ],
)
def test_same_when_merged(first: str, second: str, same: bool) -> None:
    tree = Tree(a_yaml=f"services: {{s: {{build: {first}}}}}\n", b_yaml=f"services: {{s: {{build: {second}}}}}\n")
    reader = Reader(tree)
    found = composebuild.same_when_merged(reader.services("a.yaml")["s"], reader.services("b.yaml")["s"])
    assert found is same


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a", ["a"]),
        ("${A}b", ["${A}", "b"]),
        ("$$A", ["$", "A"]),
        ("${A:-${B}}", ["${A:-${B}}"]),
        ("x$A-${B:-c}", ["x", "$A", "-", "${B:-c}"]),
    ],
)
def test_interpolation(text: str, pieces: list[str]) -> None:
    found = composebuild.value_of(text)
    assert [piece.text if piece.text is not None else piece.raw for piece in found.pieces] == pieces


def test_values_of_env_that_are_more_than_text() -> None:
    text = "A=1\nB=$A/x\nC='a b'\nD=\"x\"y\nE=1\nE=`x`\nexport F=2\n# G=$A\nH: 3\n"
    reader = Reader(Tree(**{"_env": text}))
    assert reader.environment("") == {"A": "1", "C": "a b", "E": "1", "F": "2"}
    assert reader.unclear("") == {"B", "D", "E", "H"}
