"""Clone URLs: what is one, what may be shown of it, which transports git may use."""

from __future__ import annotations

import pytest

from migrate.batch import urls


@pytest.mark.parametrize(
    "text",
    ["https://h/a.git", "ssh://git@h/a", "git@github.com:a/b.git", "host:a", "file:///a", "ext::sh -c x", "[::1]:a/b"],
)
def test_urls(text: str) -> None:
    assert urls.is_url(text)


@pytest.mark.parametrize("text", ["a/b", "./a:b", "C:\\a", "C:/a", "/a", "*", "a b"])
def test_paths(text: str) -> None:
    assert not urls.is_url(text)


@pytest.mark.parametrize("text", ["https://h/a", "http://h/a", "ssh://h/a", "git://h/a", "file:///a", "u@h:a"])
def test_what_git_may_fetch(text: str) -> None:
    assert urls.problem(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c id",
        "fd::3",
        "ftp://h/a",
        "-uh:a",
        "--upload-pack=id:x",
        "ssh://-oProxyCommand=id/a",
        "https://h/\na",
        "http::https://h/a",
        "https://u:a/b@h/x",
        "https:/u:p@h/x",
        "'https://u:p@h/x'",
    ],
)
def test_what_git_is_not_asked_for(text: str) -> None:
    assert urls.problem(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@h.example/a.git", "https://h.example/a.git"),
        ("https://token@h/a", "https://h/a"),
        ("https://u:p@ss@h/a", "https://h/a"),
        ("https://h/a.git?private_token=secret", "https://h/a.git"),
        ("https://h/a#secret", "https://h/a"),
        ("ssh://git@h:22/a", "ssh://h:22/a"),
        ("git@github.com:a/b.git", "github.com:a/b.git"),
        ("file:///srv/a@b/c", "file:///srv/a@b/c"),
        ("https://h:8080/@o/a", "https://h:8080/@o/a"),
        ("https://[::1]:8080/@o/a", "https://[::1]:8080/@o/a"),
        ("https://me:it's\"secret@h/a", "https://h/a"),
        ("https://me:secret@h/a'?b", "https://h/a'"),
        # Where a password ends is not sure: all that may be one goes.
        ("https://me:secret/secret@h/a", "https://h/a"),
        ("https://me:secret#secret@h/a?x", "https://h/a"),
        ("http::https://me:secret@h/a", "h/a"),
        ('"https://me:secret@h/a"', 'h/a"'),
        ("name,https://me:secret@h/a", "h/a"),
        ("https:/me:secret@h/a", "h/a"),
        ("url=https://h/a?token=secret", "url=https://h/a"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    assert urls.shown(url) == shown


def test_what_git_says_loses_its_secrets() -> None:
    url = "https://me:p%40ssword@h/a.git?token=abcdef"
    said = f"unable to access '{url}/': p@ssword, abcdef, https://other:word@x/y"
    found = urls.scrubbed(said, url)
    assert found == "unable to access 'https://h/a.git/': ***, ***, https://x/y"


@pytest.mark.parametrize("ref", ["main", "v1.0", "feature/a-b", "refs/heads/x", "0" * 40, "a@b"])
def test_refs(ref: str) -> None:
    assert urls.good_ref(ref)


@pytest.mark.parametrize(
    "ref",
    [
        *("", "-x", "@{u}", "--upload-pack=id", "+a", "a:b", "a b", "a..b", "a^", "a~1", "*", "a\n", ".a", "/a"),
        *("a/", "a.lock", "a//b", "a\\b", "a?", "[a]"),
    ],
)
def test_what_is_no_ref(ref: str) -> None:
    assert not urls.good_ref(ref)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://u:p@H.example/a/b.git", "https://h.example/a/b/", True),
        ("git@h:a/b.git", "h:a/b", True),
        ("https://h/a", "https://h/A", False),
        ("https://h/a", "http://h/a", False),
        ("file:///a/b.git", "file:///a/b", False),
    ],
)
def test_the_same_repository(one: str, other: str, same: bool) -> None:
    assert (urls.key(one) == urls.key(other)) is same


@pytest.mark.parametrize(
    ("url", "basename", "label"),
    [
        ("https://u:p@h/o/web.git?x=1", "web", "o-web"),
        ("git@h:web.git", "web", "web"),
        ("file:///srv/a/web/.git", "web", "a-web"),
        ("https://h/", "h", ""),
        ('"https://u:secret@h/o/web"', "web", 'o-web"'),
    ],
)
def test_names(url: str, basename: str, label: str) -> None:
    assert (urls.basename(url), urls.label(url)) == (basename, label)
