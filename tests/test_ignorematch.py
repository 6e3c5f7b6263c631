"""The ignore file's language: every case here was built with BuildKit, or follows from patternmatcher's source."""

from __future__ import annotations

import time

import pytest

from migrate.ignorematch import IgnoreRules, PatternError, patterns


def kept(text: str, *paths: str) -> list[str]:
    rules = IgnoreRules(text)
    return [path for path in paths if not rules.excludes(path)]


@pytest.mark.parametrize(
    ("text", "paths", "expected"),
    [
        # Rooted: one component at the top, not below.
        ("foo", "foo foo/a sub/foo", "sub/foo"),
        ("*.md", "a.md sub/a.md", "sub/a.md"),
        ("/foo/", "foo foo/a sub/foo", "sub/foo"),
        ("./foo/../bar", "foo bar", "foo"),
        ("../foo", "foo", "foo"),
        (".", "foo", "foo"),
        ("/", "foo", "foo"),
        # Any depth.
        ("**/foo", "foo sub/foo sub/foo/a xfoo", "xfoo"),
        ("**foo", "foo xfoo sub/xfoo foox", "foox"),
        ("**/*.log", "a.log s/a.log s/t/a.log a.txt", "a.txt"),
        ("a/**/b", "a/b a/x/b a/x/y/b b a/bb", "b a/bb"),
        ("a/**", "a a/b a/b/c ab", "a ab"),
        ("foo**", "foo foobar foobar/x f", "f"),
        ("**", "a a/b .c", ""),
        # The last line that matches decides, also inside a folder that is left out.
        ("*\n!src", "a src src/x", "src src/x"),
        ("*\n!src/keep", "src src/x src/keep src/keep/y", "src/keep src/keep/y"),
        ("*.log\n!keep.log\n*.log", "keep.log", ""),
        ("dir\n!dir/keep\ndir/keep/no", "dir/a dir/keep/a dir/keep/no", "dir/keep/a"),
        # What a folder was not asked is not handed down: !d comes too early for d itself, and names nothing else.
        ("d/x\n!d", "d d/x d/y", "d d/y"),
        ("!a\na", "a a/b", ""),
        # Brackets, question marks, escapes.
        ("[ab]?", "aa bz cz a", "cz a"),
        ("[^a]x", "ax bx", "ax"),
        ("\\*", "* a", "a"),
        ("[[]x]", "[x] x", "x"),
        ("[\\]]", "] a", "a"),
        ("?", "a ab \u00e9", "ab"),
        ("\\d*", "1a a1", "a1"),
        ("[[:digit:]]x", "1x ax", "ax"),
        # Neither a brace nor any other sign of a regular expression means something.
        ("*.{js,ts}", "a.js a.{js,ts}", "a.js"),
        ("a+b(c)$", "a+b(c)$ aab", "aab"),
        ("^a", "^a a", "a"),
        # Blanks, comments, a byte order mark, Windows line ends.
        ("  foo  \n\n# bar\n #baz", "foo bar #baz", "bar"),
        ("\ufefffoo\r\nbar\r\n", "foo bar", ""),
        ("! foo", "foo", "foo"),
    ],
)
def test_what_stays(text: str, paths: str, expected: str) -> None:
    assert kept(text, *paths.split()) == expected.split()


NOT_FOLLOWED = ["!", "!/", "a[", "[]", "[a-]", "\\", "\\y*", "*.js|*.ts", "a{2}*", "[\\W]", "[[:word:]x"]


@pytest.mark.parametrize("text", NOT_FOLLOWED)
def test_lines_that_cannot_be_followed(text: str) -> None:
    with pytest.raises(PatternError):
        IgnoreRules(text)


def test_patterns_are_cleaned() -> None:
    assert patterns("a//b/\n!/c/./d\n#x\n  \n//e") == ("a/b", "!c/d", "e")


def test_many_wildcards_take_no_longer() -> None:
    rules = IgnoreRules("**/" + "*a" * 30 + "b\n" + "/**" * 20 + "/x*y")
    started = time.perf_counter()
    assert not rules.excludes("/".join(["a" * 200] * 10))
    assert time.perf_counter() - started < 2
