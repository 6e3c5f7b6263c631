"""What a batch is about: folders, patterns, URLs, lists; each repository once, under a name of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.batch.inputs import Entry, InputError, Wanted, entries, file_text, largest_first, named, read_list
from migrate.callsites.data import builtin
from migrate.choice import Choice, Style


def resolved(*texts: str) -> list[Entry]:
    return list(entries(Wanted(text) for text in texts).entries)


def listed(text: str) -> list[Wanted]:
    return list(read_list(text, "list", builtin()))


def test_the_largest_come_first(tmp_path: Path) -> None:
    for name, size in (("a", 0), ("b", 10), ("c", None), ("d", 20)):
        (tmp_path / name / ".git").mkdir(parents=True)
        if size is not None:
            (tmp_path / name / ".git" / "index").write_bytes(bytes(size))
    names = [entry.name for entry in largest_first(resolved(*(str(tmp_path / name) for name in "abcd"), "https://h/e"))]
    assert names == ["e", "d", "b", "a", "c"], "what nothing is known of first; equal ones as they came"


def test_a_list_of_lines() -> None:
    text = "\ufeff# repositories\r\n\r\nhttps://h/a main\r\n  ./a folder  # why\r\nhttps://h/b # c\r\nhttps://h/c#d\r\n"
    assert listed(text) == [
        Wanted("https://h/a", "main"),
        Wanted("./a folder"),
        Wanted("https://h/b"),
        Wanted("https://h/c#d"),
    ]


def test_a_list_of_json() -> None:
    data = {"repository": "a # b", "ref": "v1", "only": ["shell"], "skip": "compose", "tool": "earthly", "docs": True}
    data |= {"fidelity": "exact"}
    (found,) = listed(json.dumps(data) + "\n")
    assert (found.text, found.ref) == ("a # b", "v1")
    (entry,) = entries([found._replace(ref=None)]).entries
    style = Style(fidelity="exact")
    chosen = Choice(frozenset({"shell"}), frozenset({"compose"}), "earthly", docs=True, force=True, style=style)
    assert entry.choice(Choice(force=True)) == chosen


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("https://h/a main other", "more than a URL and a ref"),
        ("{", "Expecting"),
        ("{}", '"repository" is missing'),
        ('{"repository": "a", "reff": "b"}', '"reff" is none of'),
        ('{"repository": "a", "ref": 1}', '"ref" is no text'),
        ('{"repository": "a", "only": ["rust"]}', "rust is none of"),
        ('{"repository": "a", "docs": 1}', '"docs": true or false expected'),
        ('{"repository": "a", "tool": "make"}', "earth or earthly expected"),
        ('{"repository": "a", "style": "x"}', '"style" is none of'),
        ("a\0b", "NUL"),
        ('{"repository": "a\\u0000b"}', "in no name"),
        ('{"repository": "\\ud800x"}', "in no name"),
        ('{"repository": "x", "only": ' + 100_000 * "[", "too many brackets"),
        ('{"repository": "a", "remove-dockerfiles": true, "only": "shell"}', "leave out --only"),
    ],
)
def test_a_line_that_cannot_be_read(line: str, why: str) -> None:
    with pytest.raises(InputError, match="list:2: ") as caught:
        listed(f"https://h/a\n{line}\n")
    assert why in str(caught.value)


def test_duplicates_collapse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    monkeypatch.chdir(tmp_path)
    wanted = [Wanted(text) for text in ("a", "./a/", "b", "https://u:p@h/x", "https://h/x.git")]
    found = entries([*wanted, Wanted("https://h/x", "v1")])
    assert [(entry.repository, entry.ref) for entry in found.entries] == [
        ("a", None),
        ("https://h/x", None),
        ("https://h/x", "v1"),
    ]
    assert found.duplicates == 3


def test_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "[x]"):
        (tmp_path / "all" / name).mkdir(parents=True)
    (tmp_path / "all" / "file").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [Path(entry.repository).as_posix() for entry in resolved("all/*")] == ["all/[x]", "all/a", "all/b"]
    assert [entry.repository for entry in resolved("all/[x]")] == ["all/[x]"]


def test_what_is_missing_is_an_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    problems = [entry.problem for entry in resolved("gone", "none/*", "file", "ext::sh -c id")]
    assert problems == ["there is no such folder", "no folder fits", "this is no folder", "its transport runs programs"]


def test_a_ref_is_for_urls(tmp_path: Path) -> None:
    folder, bad = entries([Wanted(str(tmp_path), "v1"), Wanted("https://h/a", "--upload-pack=id")]).entries
    assert "file:// URL" in folder.problem
    assert "is no name of a branch" in bad.problem


def test_names_are_safe_and_unique() -> None:
    texts = ("https://h/o/web", "https://g/o/Web", "https://h/con", "hh:..", "a/ü b/x")
    found = [entry.name for entry in resolved(*texts)]
    assert found[0] == "o-web"
    assert found[1].startswith("o-Web-")
    assert found[2:] == ["con-", "repository", "x"]
    assert len({name.lower() for name in found}) == 5


def test_a_known_name_stays() -> None:
    first, second = resolved("a/web", "b/web")
    later = named(resolved("c/web", "b/web", "a/web"), {first.identity: "web", second.identity: "b-web"})
    assert [entry.name for entry in later] == ["c-web", "b-web", "web"]
    assert [entry.identity for entry in later[1:]] == [second.identity, first.identity]


def test_a_list_of_powershell(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a\nb\n", encoding="utf-16")
    assert [one.text for one in listed(file_text(str(tmp_path / "list"), None))] == ["a", "b"]


def test_folders_of_one_name_are_told_apart_by_the_folder_above() -> None:
    names = [entry.name for entry in resolved("a/web", "b/web", "https://h/b/web", "c/b/web")]
    assert names[:2] == ["web", "b-web"]
    assert names[2].startswith("b-web-")
    assert names[3].startswith("web-")
    assert len(set(names)) == 4


def test_the_user_is_not_shown() -> None:
    (entry,) = resolved("https://me:secret@h/a?token=secret")
    assert "secret" not in repr(entry._replace(place=""))
    assert "secret" in entry.place
