"""Words: every spelling means what BuildKit's own lexer makes of it (the tables were filled by running it)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.dockerfile.words import (
    MAX_DEPTH,
    Piece,
    WordError,
    blank_separated,
    expand,
    expand_words,
    legacy_pair,
    parse_body,
    parse_word,
    quoted_words,
    raw_words,
)
from migrate.words import Literal, Variable, variables

ENV = {
    "A": "alpha",
    "E": "",
    "P": "/usr/lib/x.tar.gz",
    "S": "two  words",
    "STAR": "l*",
    "D": "$A",
    "Q": "a'b\"c",
    "N": "one\ntwo",
    "SLASH": "a/b/a/b",
    "_x1": "under",
}

WORDS: list[tuple[str, str | None]] = [
    ("plain", "plain"),
    ("two words", "two words"),
    ("$A", "alpha"),
    ("${A}", "alpha"),
    ("$A/bin", "alpha/bin"),
    ("$Ab", ""),
    ("${A}b", "alphab"),
    ("$_x1", "under"),
    ("$A$E$A", "alphaalpha"),
    ("${NONE}", ""),
    ("$NONE-", "-"),
    ("pre${E}post", "prepost"),
    ("'$A'", "$A"),
    ('"$A"', "alpha"),
    ("\"${A} and '$A'\"", "alpha and 'alpha'"),
    ("'a'\"b\"c", "abc"),
    ('"it\'s"', "it's"),
    ("'say \"x\"'", 'say "x"'),
    (r"a\ b", "a b"),
    (r"a\\b", "a\\b"),
    (r"\$A", "$A"),
    ("\\'A\\'", "'A'"),
    (r"\"A", '"A'),
    ('"\\$A \\" \\\\ \\A \\\'"', "$A \" \\ \\A \\'"),
    ("'\\$A\\'", "\\$A\\"),
    ("trailing\\", "trailing"),
    ('"open', None),
    ("'open", None),
    (r'"a\"', None),
    ("$", "$"),
    ("a$", "a$"),
    ("$.", "$."),
    ("$/x", "$/x"),
    ('"$"', "$"),
    ('"$ "', "$ "),
    ("$1", ""),
    ("$12x", "x"),
    ("${1}", ""),
    ("$@", ""),
    ("$$A", "A"),
    ("$?", ""),
    ("$#", ""),
    ("$!", ""),
    ("$-", ""),
    ("$*", ""),
    ("${@}", ""),
    ("${#}", ""),
    ("${?}", ""),
    ("${$}", ""),
    ("$(echo $A)", "$(echo alpha)"),
    ("`echo $A`", "`echo alpha`"),
    ("$((1+2))", "$((1+2))"),
    ("${A-d}", "alpha"),
    ("${E-d}", ""),
    ("${NONE-d}", "d"),
    ("${A:-d}", "alpha"),
    ("${E:-d}", "d"),
    ("${NONE:-d}", "d"),
    ("${NONE:-}", ""),
    ("${NONE-a b}", "a b"),
    ("${NONE:-$A}", "alpha"),
    ("${NONE:-${NO2:-deep}}", "deep"),
    ('${NONE:-"q $A"}', "q alpha"),
    ("${NONE:-'q $A'}", "q $A"),
    (r"${NONE:-a\}b}", "a}b"),
    ("${NONE:--}", "-"),
    ("${NONE:-:}", ":"),
    ('"${NONE:-a b}"', "a b"),
    ("${A+alt}", "alt"),
    ("${E+alt}", "alt"),
    ("${NONE+alt}", ""),
    ("${A:+alt}", "alt"),
    ("${E:+alt}", ""),
    ("${NONE:+alt}", ""),
    ("${A:+$S}", "two  words"),
    ("${A?no}", "alpha"),
    ("${E?no}", ""),
    ("${NONE?no}", None),
    ("${E:?no}", None),
    ("${A:?no}", "alpha"),
    ("${NONE:?}", None),
    ("${NONE?$A}", None),
    ("${A:-${NONE:?inner}}", None),
    ("${A+${NONE?inner}}", None),
    ("${P#*/}", "usr/lib/x.tar.gz"),
    ("${P##*/}", "x.tar.gz"),
    ("${P%.*}", "/usr/lib/x.tar"),
    ("${P%%.*}", "/usr/lib/x"),
    ("${P#/usr}", "/lib/x.tar.gz"),
    ("${P#usr}", "/usr/lib/x.tar.gz"),
    ("${P%.gz}", "/usr/lib/x.tar"),
    ("${P%gz.}", "/usr/lib/x.tar.gz"),
    ("${P#????}", "/lib/x.tar.gz"),
    ("${P##?*?}", ""),
    ("${P%%/*}", ""),
    ("${P%%*}", ""),
    ("${P##*}", ""),
    ("${P#}", "/usr/lib/x.tar.gz"),
    ("${P%}", "/usr/lib/x.tar.gz"),
    ("${E#*}", ""),
    ("${NONE%x}", ""),
    ('${P#"/usr"}', "/lib/x.tar.gz"),
    ("${P#'/usr'}", "/lib/x.tar.gz"),
    (r"${STAR#l\*}", ""),
    ("${STAR#l*}", "*"),
    ("${STAR#$STAR}", "*"),
    (r"${P#\x}", None),
    (r"${P#a\}b}", "/usr/lib/x.tar.gz"),
    ("${P%%[x]*}", "/usr/lib/x.tar.gz"),
    ("${N#one*}", "\ntwo"),
    ("${N%%*two}", "one\n"),
    ("${P/x/y}", "/usr/lib/y.tar.gz"),
    ("${P/lib/}", "/usr//x.tar.gz"),
    ("${P/lib}", None),
    (r"${P/lib/\/}", "/usr/\\//x.tar.gz"),
    ("${P/l*b/L}", "/usr/L/x.tar.gz"),
    (r"${P/\/usr\/lib/here}", "here/x.tar.gz"),
    (r"${P//\//_}", "_usr_lib_x.tar.gz"),
    ("${SLASH/a/X}", "X/b/a/b"),
    ("${SLASH//a/X}", "X/b/X/b"),
    ("${SLASH//[ab]/X}", "a/b/a/b"),
    ("${SLASH//?/.}", "......."),
    ("${SLASH//*/.}", "."),
    ("${SLASH//b/$A}", "a/alpha/a/alpha"),
    ("${SLASH//b/<$D>}", "a/<>/a/<>"),
    (r"${SLASH//b/\$0}", "a/\\b/a/\\b"),
    ('${SLASH//b/"$0$0"}', "a//a/"),
    (r"${SLASH//\b/x}", None),
    ("${SLASH///x/y}", "x/yax/y/x/ybx/y/x/yax/y/x/ybx/y"),
    ("${SLASH/#a/x}", "a/b/a/b"),
    ("${SLASH/%b/x}", "a/b/a/b"),
    ("${E//x/y}", ""),
    ("${NONE//x/y}", ""),
    ("${A:=d}", None),
    ("${A=d}", None),
    ("${A:0}", None),
    ("${A:1:2}", None),
    ("${A^}", None),
    ("${A^^}", None),
    ("${A,,}", None),
    ("${A@Q}", None),
    ("${#A}", None),
    ("${!A}", None),
    ("${}", None),
    ("${:-x}", None),
    ("${-x}", None),
    ("${+x}", ""),
    ("${ A}", None),
    ("${A }", None),
    ("${{A}}", None),
    ("${A", None),
    ("${A:", None),
    ("${A:-x", None),
    ("${A#x", None),
    ("${A/x", None),
    ("${A/x/y", None),
    ("$A}", "alpha}"),
    ("{$A}", "{alpha}"),
    ("${A}}", "alpha}"),
    ("$Ä", ""),
    ("${Ä:-umlaut}", "umlaut"),
    ("é$A", "éalpha"),
    ("<<EOF", "<<EOF"),
    ("a<b", "a<b"),
    ("<< A", "<< A"),
    ("$D", "$A"),
    ("${D}", "$A"),
    ("$Q", "a'b\"c"),
    ('"$Q"', "a'b\"c"),
    ("$S", "two  words"),
]
BACKTICK: list[tuple[str, str | None]] = [
    ("`$A", "$A"),
    ("a` b", "a b"),
    (r"a\b", "a\\b"),
    (r'"`$A \$A `" ``"', '$A \\alpha " `'),
    ("${NONE:-a`}b}", "a}b"),
    ("${P#`/usr}", "/usr/lib/x.tar.gz"),
    (r"${SLASH//\//_}", None),
    ("trailing`", "trailing"),
]
BODIES: list[tuple[str, str | None]] = [
    ("plain\n", "plain\n"),
    ("$A\n", "alpha\n"),
    ("'$A' \"$A\"\n", "'alpha' \"alpha\"\n"),
    ("\\$A \\n \\. \\\\ \\\n", "$A n . \\ \n"),
    ("$$ $1 $(x) `y`\n", "  $(x) `y`\n"),
    ("it's\n", "it's\n"),
    ('say "x\n', 'say "x\n'),
    ("${A:-'q'}\n", "alpha\n"),
    ('${NONE:-"q"}\n', '"q"\n'),
    ("${A^^}\n", None),
    ("${NONE?}\n", None),
    ("<<A\n", "<<A\n"),
    ("end\\", "end"),
]
SPLIT: list[tuple[str, list[str] | None]] = [
    ("80", ["80"]),
    ("80 81/udp", ["80", "81/udp"]),
    ("$S", ["two", "words"]),
    ('"$S"', ["two  words"]),
    ("$A$A", ["alphaalpha"]),
    ("80${NONE:-81}", ["81"]),
    ("${NONE:-81}80", ["8180"]),
    ('a"b c"d', ["ab cd"]),
    ("$E", []),
    ('"$E"', []),
    (r"a\ b", ["a b"]),
    ("8${NONE:+0} 9", ["9"]),
    ("'a b' c", ["a b", "c"]),
    ("${P##*/} x", ["x.tar.gz", "x"]),
    ('x"${NONE:-y}"z', ["yz"]),
    ("${A^^}", None),
    ('"', None),
]


def expanded(text: str, escape: str = "\\") -> str | None:
    try:
        return expand(parse_word(text, escape), ENV)
    except WordError:
        return None


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_a_word_expands_as_in_buildkit(text: str, expected: str | None) -> None:
    assert expanded(text) == expected


@pytest.mark.parametrize(("text", "expected"), BACKTICK)
def test_the_escape_character_can_be_a_backtick(text: str, expected: str | None) -> None:
    assert expanded(text, "`") == expected


@pytest.mark.parametrize(("text", "expected"), BODIES)
def test_a_heredoc_body_expands_as_in_buildkit(text: str, expected: str | None) -> None:
    try:
        assert expand(parse_body(text), ENV) == expected
    except WordError:
        assert expected is None


@pytest.mark.parametrize(("text", "expected"), SPLIT)
def test_an_operand_of_expose_splits_after_expansion(text: str, expected: list[str] | None) -> None:
    try:
        assert expand_words(text, ENV) == expected
    except WordError:
        assert expected is None


def test_the_parts_of_a_word() -> None:
    assert parse_word("") == ()
    assert parse_word("'a'b\\ c") == (Literal("ab c"),)
    assert parse_word("x$A-${B:-c$D}") == (
        Literal("x"),
        Variable("A"),
        Literal("-"),
        Variable("B", ":-", (Literal("c"), Variable("D"))),
    )
    assert parse_word("${A##*/}") == (Variable("A", "##", (Literal("*/"),)),)
    assert parse_word("${A//b/$C}") == (Variable("A", "//", (Literal("b"),), (Variable("C"),)),)
    assert parse_word("'$A'") == (Literal("$A"),)
    assert parse_body("'$A'") == (Literal("'"), Variable("A"), Literal("'"))


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a'b", 1, "no matching single quote"),
        ('a"b', 1, "no matching double quote"),
        ("ab${A", 2, "missing '}'"),
        ("ab${A:-c", 2, "missing '}'"),
        ("ab${A/b}", 2, "missing '/'"),
        ("ab${}", 2, "no variable name"),
        ("ab${A^}", 2, "'^' is no operator of a substitution"),
        ("ab${A:=c}", 2, "':=' is no operator of a substitution"),
        ("ab${A:-c${B^}}", 8, "'^' is no operator of a substitution"),
        ("ab${A#\\x}", 2, "'\\x' is no escape in a pattern"),
    ],
)
def test_errors_name_the_place(text: str, offset: int, message: str) -> None:
    with pytest.raises(WordError) as caught:
        parse_word(text)
    assert (caught.value.offset, caught.value.message) == (offset, message)


def test_unset_and_empty_have_messages() -> None:
    for text, message in [
        ("${X?}", "X: must be set"),
        ("${E:?}", "E: must not be empty"),
        ("${E:?give E}", "E: give E"),
    ]:
        with pytest.raises(WordError) as caught:
            expand(parse_word(text), ENV)
        assert caught.value.message == message


def test_substitutions_nest_only_so_deep() -> None:
    deep = "${A:-" * MAX_DEPTH + "}" * MAX_DEPTH
    assert len(variables(parse_word(deep))) == MAX_DEPTH
    assert expand(parse_word(deep), {}) == ""
    with pytest.raises(WordError):
        parse_word("${A:-" * 20000)


def test_a_pattern_takes_no_exponential_time() -> None:
    began = time.perf_counter()
    word = parse_word("${A%%" + "*a" * 20 + "b}")
    assert expand(word, {"A": "a" * 2000}) == "a" * 2000
    assert time.perf_counter() - began < 5


def test_words_keep_their_quotes_and_offsets() -> None:
    text = "ENV A=1  B=\"x y\" C='z w' D=a\\ b"
    assert quoted_words(text, 4, "\\") == [
        Piece("A=1", 4, 7),
        Piece('B="x y"', 9, 16),
        Piece("C='z w'", 17, 24),
        Piece("D=a\\ b", 25, 31),
    ]


@pytest.mark.parametrize(
    ("text", "escape", "expected"),
    [
        ("", "\\", []),
        ("  ", "\\", []),
        ("a\tb\u2003c", "\\", ["a", "b", "c"]),
        ("a\x1cb", "\\", ["a\x1cb"]),
        ("'a b", "\\", ["'a b"]),
        ('"a\\" b', "\\", ['"a\\" b']),
        ("'a\\' b", "\\", ["'a\\'", "b"]),
        ("a\\", "\\", ["a"]),
        ("a\\\\", "\\", ["a\\\\"]),
        ('"a\\', "\\", ['"a']),
        ("'a\\", "\\", ["'a\\"]),
        ("\\", "\\", []),
        ("a` b", "`", ["a` b"]),
        ("a\\ b", "`", ["a\\", "b"]),
        ("''", "\\", ["''"]),
    ],
)
def test_words_split_at_spaces_outside_quotes(text: str, escape: str, expected: list[str]) -> None:
    assert [piece.text for piece in quoted_words(text, 0, escape)] == expected


def test_blanks_separate_operands_whatever_the_quotes() -> None:
    assert blank_separated('"a b" \t c\u00a0d') == [
        Piece('"a', 0, 2),
        Piece('b"', 3, 5),
        Piece("c\u00a0d", 8, 11),
    ]


def test_the_old_form_is_a_name_and_the_rest() -> None:
    assert legacy_pair("ENV A  b  c", 4) == (Piece("A", 4, 5), Piece("b  c", 7, 11))
    assert legacy_pair("A", 0) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RUN cat <<EOF", ["RUN", "cat", "<<EOF"]),
        ("RUN cat << EOF", ["RUN", "cat", "<< EOF"]),
        ("RUN cat <<'E F' x", ["RUN", "cat", "<<'E F'", "x"]),
        ('RUN cat <<"E"x\\ y', ["RUN", "cat", '<<"E"x\\ y']),
        ("RUN $A ${B:-c} ${D//e/f}", ["RUN", "$A", "${B:-c}", "${D/e/f}"]),
        ('RUN "$A ${B}"', ["RUN", '"$A ${B}"']),
        ("RUN ${A^} <<EOF", []),
        ("RUN it's <<EOF", []),
    ],
)
def test_header_words_stay_as_they_are_written(line: str, expected: list[str]) -> None:
    assert raw_words(line) == expected


@given(st.text(alphabet="ab$A{}:-+?#%/*\\'\"` <>\n", max_size=40), st.sampled_from("\\`"))
def test_any_word_is_read_or_refused(text: str, escape: str) -> None:
    for quotes in (True, False):
        offset = 0
        try:
            expand(parse_word(text, escape, quotes=quotes), {"a": "x", "A": "a/b"})
        except WordError as error:
            offset = error.offset
        assert 0 <= offset <= len(text)


@given(st.text(alphabet="ab=\\'\"` \t\u2003", max_size=30), st.sampled_from("\\`"))
def test_words_lie_in_their_text(text: str, escape: str) -> None:
    end = 0
    for piece in quoted_words(text, 0, escape):
        assert end <= piece.start < piece.end <= len(text)
        assert text[piece.start : piece.end].startswith(piece.text)
        end = piece.end
