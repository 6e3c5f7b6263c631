"""The JSON form: what Go's decoder takes as an array, what it leaves as text."""

from __future__ import annotations

import pytest

from migrate.dockerfile.jsonform import NotStrings, json_strings, string_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a", "b c"]', ("a", "b c")),
        ("[]", ()),
        ("[ ]", ()),
        ('\u00a0["a"]', ("a",)),
        ('["\\u00e9\\n\\/"]', ("é\n/",)),
        ('["\\ud83d\\ude00"]', ("\U0001f600",)),
        ('["\\ud83d"]', ("\ufffd",)),
        ('["a"] # c', None),
        ('["a",]', None),
        ("['a']", None),
        ('["a" "b"]', None),
        ('["a"', None),
        ('["\\x41"]', None),
        ('["a\tb"]', None),
        ("[a]", None),
        ("[NaN]", None),
        ("[01]", None),
        ("[1e999]", None),
        ("[" + "9" * 400 + "]", None),
        ("[" * 30000, None),
        ('{"a": 1}', None),
        ("", None),
        ("[ -d /x ] && y", None),
    ],
)
def test_all_or_nothing(text: str, expected: tuple[str, ...] | None) -> None:
    assert json_strings(text) == expected


@pytest.mark.parametrize("text", ["[1]", '["a", null]', "[true]", '[["a"]]', "[{}]", "[1.5e3]"])
def test_other_arrays_are_refused(text: str) -> None:
    with pytest.raises(NotStrings):
        json_strings(text)


def test_where_the_strings_stand() -> None:
    text = 'COPY ["a\\"]", "b"]'
    assert [text[start:end] for start, end in string_spans(text, 5)] == ['"a\\"]"', '"b"']
