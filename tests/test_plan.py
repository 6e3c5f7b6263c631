"""What each stage becomes: names, saved artifacts, where arguments and the image name go."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import codes, converted, file_codes, plan_of, targets


@pytest.mark.parametrize(
    ("text", "names", "wanted"),
    [
        ("FROM a", ["docker"], []),
        ("FROM a AS app", ["app"], []),
        ("FROM a\nFROM b", ["stage-0", "docker"], []),
        ("FROM a AS base\nFROM base", ["base-image", "docker"], ["EM201"]),
        ("FROM a AS Build_1\nFROM b", ["build-1", "docker"], ["EM201"]),
        # The name that needs no change keeps it.
        ("FROM a AS a_b\nFROM b AS a-b", ["a-b-2", "a-b"], ["EM201"]),
        ("FROM a AS docker\nFROM b", ["docker", "docker-2"], []),
        ("FROM a AS x\nFROM b AS x", ["x", "x-2"], ["EM201"]),
    ],
)
def test_target_names(text: str, names: list[str], wanted: list[str]) -> None:
    plan, found = plan_of(text + "\n")
    assert list(plan.targets) == names
    assert found == wanted


@given(st.lists(st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_.-]{0,6}\Z"), min_size=1, max_size=5))
def test_target_names_are_legal_and_unique(names: list[str]) -> None:
    plan, _ = plan_of("".join(f"FROM a AS {name}\n" for name in names))
    assert len(set(plan.targets)) == len(names)
    for target in plan.targets:
        assert re.fullmatch(r"[a-z][a-zA-Z0-9.\-]*", target)
        assert target != "base"


@pytest.mark.parametrize(
    ("text", "where", "last"),
    [
        ("FROM a", "docker", "SAVE IMAGE --push app:latest"),
        ("FROM a AS x\nFROM x", "docker", "SAVE IMAGE --push app:latest"),
    ],
)
def test_where_the_image_is_saved(text: str, where: str, last: str) -> None:
    recipes = targets(converted(text + "\n"))
    assert recipes[where][-1] == last
    assert sum(line.startswith("SAVE IMAGE") for lines in recipes.values() for line in lines) == 1


def test_a_target_that_others_are_from_is_saved_by_a_thin_one() -> None:
    """earthfile.md 6: a SAVE IMAGE in a parent would freeze the config of its children."""
    recipes = targets(converted("FROM a AS app\nRUN x\nFROM app AS test\nRUN y\n", target="app"))
    assert recipes["app"] == ["FROM a", "RUN x"]
    assert recipes["app-image"] == ["FROM +app", "SAVE IMAGE --push app:latest"]


def test_image_names() -> None:
    assert targets(converted("FROM a\n", images=("x/y:1", "x/y:2")))["docker"][-1] == "SAVE IMAGE --push x/y:1 x/y:2"
    nameless = converted("FROM a\n", name=None)
    assert targets(nameless)["docker"] == ["FROM a"]
    assert "EM219" in {*codes(nameless), *file_codes(nameless)}


def test_an_unknown_target_is_an_error() -> None:
    found = [item for item in converted("FROM a AS x\n", target="y").diagnostics if item.code == "EM209"]
    assert [item.severity.label for item in found] == ["error"]


@pytest.mark.parametrize(
    ("text", "everywhere"),
    [
        ("ARG X_VERSION=1\nFROM a:$X_VERSION", {"X_VERSION"}),
        ("ARG X_VERSION=1\nFROM a\nARG X_VERSION", set()),
        ("ARG X_VERSION=1\nFROM a", set()),
        # Programs read it, or the stage's text has the name without importing it.
        ("ARG CC=1\nFROM a:$CC\nRUN make", set()),
        ("ARG X_VERSION=1\nFROM a:$X_VERSION\nRUN echo $X_VERSION", set()),
        ("ARG X_VERSION=1\nFROM a:$X_VERSION\nARG X_VERSION\nRUN echo $X_VERSION", {"X_VERSION"}),
        # The default of another one.
        ("ARG A_TAG=1\nARG B_TAG=$A_TAG\nFROM a:$B_TAG", {"A_TAG", "B_TAG"}),
    ],
)
def test_which_arguments_are_global(text: str, everywhere: set[str]) -> None:
    plan, _ = plan_of(text + "\n")
    assert {name for name, argument in plan.globals.items() if argument.everywhere} == everywhere


def test_one_helper_for_each_image() -> None:
    plan, _ = plan_of("FROM a AS nginx\nCOPY --from=r.io/x/nginx:1 /a /a\nCOPY --from=r.io/x/nginx:1 /b /b\n")
    (helper,) = plan.image_helpers.values()
    assert helper.target not in plan.targets
    assert [artifact.path for artifact in helper.artifacts] == ["/a", "/b"]
