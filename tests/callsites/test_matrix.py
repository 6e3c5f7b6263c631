"""The runs of a job, as GitHub's own documentation of include and exclude gives them."""

from __future__ import annotations

import pytest

from migrate.callsites import matrix, yamltext


def runs(text: str) -> tuple[matrix.Values, ...] | None:
    indented = "".join(f"    {line}\n" for line in text.splitlines())
    (root,) = yamltext.documents(f"strategy:\n  matrix:\n{indented}" if text else "steps: []\n")
    return matrix.combinations(root)


def test_the_example_of_the_documentation() -> None:
    text = """fruit: [apple, pear]
animal: [cat, dog]
include:
  - color: green
  - color: pink
    animal: cat
  - fruit: apple
    shape: circle
  - fruit: banana
  - fruit: banana
    animal: cat"""
    expected = [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    assert runs(text) == tuple({f"matrix.{key}": value for key, value in run.items()} for run in expected)


def test_exclude_takes_runs_out() -> None:
    assert runs("a: [x, y]\nb: [p, q]\nexclude:\n  - a: x\n    b: q") == (
        {"matrix.a": "x", "matrix.b": "p"},
        {"matrix.a": "y", "matrix.b": "p"},
        {"matrix.a": "y", "matrix.b": "q"},
    )


def test_mappings_have_dotted_names() -> None:
    assert runs("s:\n  - {n: a, d: ./a}\n  - {n: b}") == ({"matrix.s.n": "a", "matrix.s.d": "./a"}, {"matrix.s.n": "b"})


def test_a_job_without_matrix_runs_once() -> None:
    assert runs("") == ({},)


@pytest.mark.parametrize("value", ["3.10", "1e3", "0x1f", "true", "null", "~", "-1", "${{ x }}", ""])
def test_what_an_expression_may_show_differently_is_not_known(value: str) -> None:
    assert runs(f"a:\n  - {value}") == ({},)


@pytest.mark.parametrize("value", ["'3.10'", '"true"', "7", "a-b", "v1.0"])
def test_texts_and_whole_numbers_are_known(value: str) -> None:
    assert runs(f"a:\n  - {value}") == ({"matrix.a": value.strip("'\"")},)


@pytest.mark.parametrize("text", ["a: ${{ fromJson(x) }}", f"a: [{', '.join('x' * 300)}]\nb: [y]"])
def test_what_only_the_run_knows(text: str) -> None:
    assert runs(text) is None


def test_constants_that_a_step_sets_are_not_known() -> None:
    (root,) = yamltext.documents("env:\n  A: a\n  B: b\n  C: ${{ x }}\n")
    assert matrix.variables((yamltext.get(root, "env"),), 'echo "B=c" >> $GITHUB_ENV') == {"env.A": "a"}


def test_filled() -> None:
    values = {"matrix.a": "x", "env.B": "y"}
    assert matrix.filled("./${{ matrix.a }}/${{env.B}}", values) == "./x/y"
    assert matrix.filled("${{ matrix.a || 'z' }}", values) is None
    assert matrix.filled("${{ matrix.c }}", values) is None
