"""What a migration writes down, it reads back; what it cannot read, it says with a place."""

from __future__ import annotations

import pytest

from migrate.records import HEADER, Record, RecordError, read, written

RECORDS = (
    Record("a/Dockerfile", "a", "a/Earthfile", {"": ("x:1",)}, {}, False, (), "sha256:" + "0" * 64),
    Record(
        "a/Dockerfile.dev",
        "",
        "Earthfile",
        {"": ("é/ü:latest", "b"), "dev": ("c",)},
        {"": "image", "dev": "dev_image"},
        True,
        ("linux/amd64", "linux/arm64"),
        "sha256:" + "f" * 64,
        {"docker": "1", "yes": ""},
        ("A", "B_2"),
        "sha256:" + "1" * 64,
        "sha256:" + "2" * 64,
    ),
)


def test_round_trip() -> None:
    text = written(RECORDS)
    expected = tuple(sorted(RECORDS, key=lambda item: (item.context, item.dockerfile)))
    assert read(text, ".earthmigrate.yaml")[0] == expected
    assert written(read(text, "x")[0], read(text, "x")[1]) == text


def test_lines_of_others_stay() -> None:
    text = "# mine\ntool: earthly\n" + written(RECORDS[:1]).removeprefix(HEADER)
    found, rest, _ = read(text, "x")
    assert rest == "# mine\ntool: earthly\n"
    assert written(found, rest) == text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("migrated:\n  - dockerfile: a\n", "f:2:5: context is missing"),
        ("migrated: 1\n", "f:1:1"),
        ("migrated: [", "f:1:"),
        (
            "migrated:\n  - {dockerfile: a, context: b/.., earthfile: c, digest: 'sha256:" + "0" * 64 + "'}\n",
            "f:2:21: context",
        ),
        (
            "migrated:\n  - {dockerfile: /a, context: b, earthfile: c, digest: 'sha256:" + "0" * 64 + "'}\n",
            "f:2:6: dock",
        ),
        ("migrated:\n  - {dockerfile: a, context: b, earthfile: c, digest: d}\n", "f:2:"),
    ],
)
def test_errors_have_a_place(text: str, place: str) -> None:
    with pytest.raises(RecordError) as problem:
        read(text, "f")
    assert str(problem.value).startswith(place)
