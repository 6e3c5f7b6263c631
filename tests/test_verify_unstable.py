"""Paths that no build repeats, random names among them."""

from __future__ import annotations

from migrate.verify.model import Entry, Kind
from migrate.verify.unstable import unstable_paths


def tree(*paths: str, mode: int = 0o644) -> dict[bytes, Entry]:
    """A file for each path, a folder for one that ends in a slash; the content is what stands behind a colon."""
    found = {}
    for path in ("/", *paths):
        name, _, content = path.partition(":")
        kind, bits = (Kind.DIRECTORY, 0o755) if name.endswith("/") else (Kind.FILE, mode)
        raw = name.strip("/").encode()
        found[raw] = Entry(raw, kind, bits, sha256=content.encode())
    return found


def unstable(docker: dict[bytes, Entry], again: dict[bytes, Entry], earth: dict[bytes, Entry]) -> list[str]:
    return sorted(path.decode() for path in unstable_paths(docker, again, earth))


def test_nothing_is_unstable() -> None:
    one = tree("a:1", "d/", "d/b")
    assert unstable(one, one, tree("a:2", "new")) == []


def test_contents_that_change() -> None:
    assert unstable(tree("a:1", "b:1"), tree("a:2", "b:1"), tree("a:3", "b:3")) == ["a"]


def test_times_are_no_reason() -> None:
    late = {path: entry._replace(mtime=5) for path, entry in tree("a").items()}
    assert unstable(tree("a"), late, tree("a")) == []


def test_a_random_name_stands_for_another() -> None:
    found = unstable(tree("tmp/", "tmp/x1"), tree("tmp/", "tmp/x2"), tree("tmp/", "tmp/x3"))
    assert found == ["tmp/x1", "tmp/x2", "tmp/x3"]


def test_not_more_names_than_there_were() -> None:
    found = unstable(tree("tmp/", "tmp/x1"), tree("tmp/", "tmp/x2"), tree("tmp/", "tmp/x3", "tmp/x4"))
    assert found == ["tmp/x1", "tmp/x2", "tmp/x3"]


def test_a_name_of_another_kind_is_not_excused() -> None:
    docker, again = tree("tmp/", "tmp/x1"), tree("tmp/", "tmp/x2")
    assert unstable(docker, again, tree("tmp/", "tmp/x3", mode=0o755)) == ["tmp/x2"]
    assert unstable(docker, again, tree("tmp/", "tmp/d/")) == ["tmp/x2"]
    assert unstable(docker, again, tree("tmp/", "elsewhere")) == ["tmp/x2"]


def test_a_name_that_the_other_side_lacks_counts_when_there_should_be_one() -> None:
    docker, again = tree("tmp/", "tmp/x1", "tmp/y1"), tree("tmp/", "tmp/x2", "tmp/y2")
    assert unstable(docker, again, tree("tmp/", "tmp/z3")) == ["tmp/x2", "tmp/y1", "tmp/y2", "tmp/z3"]


def test_a_number_that_is_random_itself() -> None:
    docker, again = tree("tmp/", "tmp/x1", "tmp/y1"), tree("tmp/")
    assert unstable(docker, again, tree("tmp/")) == ["tmp/x1", "tmp/y1"]
    assert unstable(docker, again, tree("tmp/", "tmp/z")) == ["tmp/x1", "tmp/y1", "tmp/z"]


def test_what_lies_below_goes_with_its_folder() -> None:
    docker, again = tree("t/", "t/a/", "t/a/f:1", "t/a/g/", "t/a/g/h"), tree("t/", "t/b/", "t/b/f:2")
    earth = tree("t/", "t/c/", "t/c/f:3", "t/c/other", "t/c-not")
    both = ["t/a", "t/a/f", "t/a/g", "t/a/g/h", "t/b", "t/b/f"]
    assert unstable(docker, again, earth) == [*both, "t/c", "t/c/f", "t/c/other"]
    assert unstable(docker, again, tree("t/")) == ["t/b", "t/b/f"]


def test_the_same_random_name_on_both_sides() -> None:
    assert unstable(tree("t/", "t/a"), tree("t/", "t/b"), tree("t/", "t/a")) == ["t/a", "t/b"]
    assert unstable(tree("t/", "t/a"), tree("t/", "t/b"), tree("t/", "t/b")) == ["t/a", "t/b"]
