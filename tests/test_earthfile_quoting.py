"""Words to text and back: every spelling must survive earth's lexer and expand to what was meant."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.earthfile.quoting import (
    UnrenderableError,
    WordError,
    encode_single,
    exec_array,
    parse_word,
    render,
    render_argument,
    render_artifact,
    render_flag,
    render_label,
)
from migrate.earthfile.reader import EarthfileError, Statement, expanded_words, flags_and_args, read, run_text
from migrate.words import Literal, ShellOut, Variable, Word, merged


def statement(line: str) -> Statement:
    """The only command of a target; a second one below shows that nothing was swallowed."""
    found, after = read(f"VERSION 0.8\na:\n    {line}\n    RUN after\n").targets[0].statements
    assert after.args == ("after",)
    return found


def word(*parts: str | Variable | ShellOut) -> Word:
    """A word from texts and variables."""
    return merged([Literal(part) if isinstance(part, str) else part for part in parts])


A = Variable("A")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", word()),
        ("abc", word("abc")),
        ("'a $b \\c'", word("a $b \\c")),
        ('"a \\"b\\" \\\\ \\$c \\d \'e\'"', word("a \"b\" \\ $c \\d 'e'")),
        ("a\\b\\ c\\'", word("ab c'")),
        ("a\\", word("a")),
        ("$A/${A}x$", word(A, "/", A, "x$")),
        ("${A:-b c}${A:+$B}", word(Variable("A", ":-", word("b c")), Variable("A", ":+", word(Variable("B"))))),
        ("${A:?m}${A?m}", word(Variable("A", ":?", word("m")), Variable("A", "?", word("m")))),
        ("${A#x}${A%x}${A##x}", word(*(Variable("A", op, word(x)) for op, x in (("#", "x"), ("%", "x"), ("#", "#x"))))),
        ('"${A:-"x"\'y\'}"', word(Variable("A", ":-", word("xy")))),
        ("$1$12$$x$é", word(Variable("1"), Variable("12"), Variable("$"), "x", Variable("é"))),
        ("$(a 'b)' \"c)\" (d) \\e)f", word(ShellOut("a 'b)' \"c)\" (d) e"), "f")),
        ("`a` ~ $ %", word("`a` ~ $ %")),
        ("\ufeffx\ufeff", word("x\ufeff")),
        ("a\\+b", word("a+b")),
        ("'a\\+b'", word("a\\+b")),
        ('"a\\\\+b"', word("a\\+b")),
    ],
)
def test_parse_word(text: str, meaning: Word) -> None:
    assert parse_word(text) == meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'a", "single quote"),
        ('"a', "double quote"),
        ("${A", "missing ':'"),
        ("${A:-b", "missing '}'"),
        ("${A-b}", "missing ':'"),
        ("${A+b}", "missing ':'"),
        ("${A/b/c}", "missing ':'"),
        ("${A:=b}", "unsupported modifier"),
        ("${}", "bad substitution"),
        ("$(a", "missing ')'"),
        ('$(a "b)', "double quote"),
    ],
)
def test_parse_word_refuses(text: str, message: str) -> None:
    with pytest.raises(WordError, match=message.replace(")", "\\)")):
        parse_word(text)


def test_the_value_of_an_argument_keeps_an_escaped_plus() -> None:
    assert parse_word("a\\+b", keep_plus=True) == word("a\\+b")
    assert render_argument(word("a\\+b")) == '"a\\+b"'
    assert render(word("a\\+b")) == '"a\\\\+b"'


@pytest.mark.parametrize(
    ("meaning", "text"),
    [
        (word(), '""'),
        (word("node:18-alpine"), "node:18-alpine"),
        (word("a=b,c;d&e"), "a=b,c;d&e"),
        (word("a b"), '"a b"'),
        (word(" a "), '" a "'),
        (word("#a"), '"#a"'),
        (word("a#b"), "a#b"),
        (word("it's"), '"it\'s"'),
        (word('{"a": 1}'), "'{\"a\": 1}'"),
        (word('it\'s "x"'), '"it\'s \\"x\\""'),
        (word("$(x)"), "'$(x)'"),
        (word("$HOME it's"), '"\\$HOME it\'s"'),
        (word("^a b$"), '"^a b$"'),
        (word("\\d+ x"), '"\\d+ x"'),
        (word("a\\\\b"), '"a\\\\\\\\b"'),
        (word("a\\"), '"a\\\\"'),
        (word("a\nb"), '"a\nb"'),
        (word("a\\\nb"), '"a\\\\\nb"'),
        (word("(a)"), '"(a)"'),
        (word("[a]"), '"[a]"'),
        (word("\ufeffa"), '"\ufeffa"'),
        (word("é"), "é"),
        (word(A), "$A"),
        (word(A, "b"), "${A}b"),
        (word(A, "/b:", A, ".c"), "$A/b:$A.c"),
        (word(A, " b"), '"$A b"'),
        (word("$", A), '"\\$$A"'),
        (word(Variable("A", ":-", word("b c"))), '"${A:-b c}"'),
        (word(Variable("A", ":-", word("b", Variable("B"))), "x"), "${A:-b$B}x"),
        (word(Variable("A", ":-", word("it's }"))), '"${A:-it\\\'s \\}}"'),
        (word(Variable("A", "%", word("/"))), "${A%/}"),
        (word(ShellOut("echo 'a b'")), "\"$(echo 'a b')\""),
        (word(ShellOut("echo (a) b")), '"$(echo (a) b)"'),
        (word(ShellOut("echo (a) 'b c'")), "\"$(echo (a) 'b c')\""),
        (word(ShellOut('echo (a) "b c"')), '"$(echo \\(a\\) "b c")"'),
    ],
)
def test_render(meaning: Word, text: str) -> None:
    assert render(meaning) == text


@pytest.mark.parametrize(
    ("meaning", "text"),
    [
        (word("a+b.txt"), "a+b.txt"),
        (word("a+b/c"), "a\\+b/c"),
        (word("a+", A), "a\\+$A"),
        (word("a +b/c"), '"a \\+b/c"'),
        (word("-a"), '"-a"'),
        (word('a"b'), "'a\"b'"),
        (word("a\"b'c"), "'a\"b'\"'\"'c'"),
        (word("a(b"), '"a(b"'),
        (word("(a)"), "'(a)'"),
        (word("it's a"), '"it\'s a"'),
        (word("br[[]1].txt"), "br[[]1].txt"),
    ],
)
def test_render_path(meaning: Word, text: str) -> None:
    assert render(meaning, path=True) == text


def test_render_artifact() -> None:
    assert render_artifact("build", word("/app/x")) == "+build/app/x"
    assert render_artifact("build", word("/a+b/", A)) == "+build/a\\+b/$A"
    assert render_artifact("build", word("/a b+c")) == '"+build/a b\\+c"'


def test_render_label() -> None:
    assert render_label(word("org.x"), word("a b")) == 'org.x="a b"'
    assert render_label(word("a b"), word()) == '"a b"=""'
    assert render_label(word("a=b"), word("c")) == '"a=b"=c'
    assert render_label(word("="), word("c")) == '"="=c'
    assert render_label(word("a"), word("b"), prefer='"a"="b"') == '"a"="b"'
    for prefer in ("a=c", "a='b", "a=b\\", "a=b c", "a", "a=$(", "a=${"):
        assert render_label(word("a"), word("b"), prefer=prefer) == "a=b"


def test_render_flag() -> None:
    assert render_flag(word(A, ":1")) == "$A:1"
    assert render_flag(word("a b")) == '"a b"'
    assert render_flag(word('type=cache,target=/a "b')) == "'type=cache,target=/a \"b'"


def test_the_preferred_spelling_stays_when_it_means_the_same() -> None:
    assert render(word(A), prefer="${A}") == "${A}"
    assert render(word("a"), prefer='"a"') == '"a"'
    assert render(word("$(a)"), prefer='"$(a)"') == "'$(a)'"
    for prefer in ("a b", "", "'a b", "a\\ b\\", "$(a b", "${a b"):
        assert render(word("a b"), prefer=prefer) == '"a b"'
    assert render(word("a+b/c"), path=True, prefer='"a+b/c"') == "a\\+b/c"
    assert render(word("a#"), prefer="a\\#") == "a#"


@pytest.mark.parametrize(
    "part",
    [
        *(Variable("A", operator, word("b")) for operator in ("-", "+", "##", "%%", "/", "//")),
        Variable("A", "#", word("*/")),
        Variable("A", "%", word("?")),
        Variable("A", "%", word(A)),
        Variable("a-b"),
    ],
)
def test_what_earth_lacks_is_refused(part: Variable) -> None:
    for write in (render, render_argument, render_flag):
        with pytest.raises(UnrenderableError):
            write(word(part))


SPECIAL_CHARACTERS = "\\ ' \" $ $( ) ( # + / - * [ ] { } = \ufeff ` \\n \\\\ \\# \\+ x+y/z 1 a é"
SPECIAL = SPECIAL_CHARACTERS.split(" ")
texts = st.lists(
    st.one_of(
        st.sampled_from([*SPECIAL, " ", "\n", "\t", "\r", "\\\n"]),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=8,
).map("".join)
operands = texts.filter(lambda text: not set("*?[\\") & set(text)).map(lambda text: word(text))


@st.composite
def words(draw: st.DrawFn) -> Word:
    """Words that an Earthfile can say."""
    parts: list[Literal | Variable] = []
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            parts.append(Literal(draw(texts)))
        else:
            operator = draw(st.sampled_from(["", "", ":-", ":+", ":?", "?", "#", "%"]))
            operand = draw(words() if operator in (":-", ":+") else operands) if operator else ()
            parts.append(Variable(draw(st.sampled_from(["A", "_b1", "1", "?"])), operator, operand))
    return merged(list(parts))


@given(words())
def test_rendered_values_read_back(meaning: Word) -> None:
    text = render(meaning)
    assert parse_word(text) == meaning
    assert statement(f"ENV A={text}").args == ("A", "=", text)
    assert statement(f"LABEL a={text} b=c").args == ("a", "=", text, "b", "=", "c")
    assert statement(f"USER {text}").args == (text,)


@given(words())
def test_rendered_arguments_read_back(meaning: Word) -> None:
    text = render_argument(meaning)
    assert parse_word(text, keep_plus=True) == meaning
    for keyword in ("ARG", "LET", "SET"):
        found = statement(f"{keyword} A={text}")
        assert flags_and_args(found) == ((), ("A", "=", text))
        assert expanded_words(found) == (word("A"), word("="), meaning)


@given(st.one_of(texts.map(lambda text: word(text)), words()))
def test_rendered_paths_read_back(meaning: Word) -> None:
    try:
        text = render(meaning, path=True)
    except UnrenderableError:
        assert any(isinstance(part, Variable) and part.operand for part in meaning) or "\\+" in str(meaning)
        return
    assert parse_word(text) == meaning
    found = statement(f"COPY {text} /x")
    assert flags_and_args(found) == ((), (text, "/x"))
    assert expanded_words(found) == (meaning, word("/x"))


@given(words())
def test_rendered_flags_read_back(meaning: Word) -> None:
    try:
        text = render_flag(meaning)
    except UnrenderableError:
        assert any(isinstance(part, Variable) and part.operand for part in meaning)
        return
    assert expanded_words(statement(f"COPY --dir --chown={text} a /x")) == (
        word("--dir"),
        merged([Literal("--chown="), *meaning]),
        word("a"),
        word("/x"),
    )


@given(texts, words())
def test_rendered_labels_read_back(key: str, value: Word) -> None:
    if key:
        try:
            label = render_label(word(key), value)
        except UnrenderableError:
            assert "\\" in key
            return
        name, equals, text = statement(f"LABEL {label}").args
        assert (parse_word(name), equals, parse_word(text)) == (word(key), "=", value)


@given(st.text())
def test_parsing_never_crashes(text: str) -> None:
    with contextlib.suppress(WordError):
        parse_word(text)
    with contextlib.suppress(EarthfileError):
        read(text, strict=False)
    with contextlib.suppress(EarthfileError):
        flags_and_args(Statement("RUN", tuple(text.split(" ")), False, 1, 1))


# Shell words


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", "''"),
        ('a $b "c" # d', "'a $b \"c\" # d'"),
        ("it's", "'it'\"'\"'s'"),
        ("'a'", "\"'\"'a'\"'\""),
        ("a\\nb", "'a\\nb'"),
        ("a\\", "'a'\"\\\\\""),
        ("a\\'b", "'a'\"\\\\'\"'b'"),
        ("a\\\\b", "'a\\\\b'"),
        ("a \\\nb", "'a '\"\\\\\"'\nb'"),
        ("s/\\#//", "'s/\\#//'"),
        ("s/\\#//\nb", "'s/'\"\\\\\"'#//\nb'"),
    ],
)
def test_encode_single(text: str, encoded: str) -> None:
    assert encode_single(text) == encoded


shell_texts = st.lists(
    st.one_of(
        st.sampled_from([*SPECIAL, "\\'", "\\ #", "\\\n", "\\  \n", "\n", "\r\n", "\\\r\n", " ", "\t"]),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    max_size=12,
).map("".join)


@given(shell_texts)
def test_encoded_texts_pass_the_lexer(text: str) -> None:
    encoded = encode_single(text)
    assert run_text(statement(f"RUN printf %s {encoded} # end")) == f"printf %s {encoded}"
    assert encode_single(text) == encoded


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
@given(st.lists(shell_texts, min_size=1, max_size=20))
def test_the_shell_reads_encoded_texts_back(found: list[str]) -> None:
    script = run_text(statement("RUN printf '%s\\000' " + " ".join(map(encode_single, found))))
    ran = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert ran.stdout.decode().split("\0")[:-1] == found


def test_a_nul_character_cannot_be_encoded() -> None:
    with pytest.raises(UnrenderableError):
        encode_single("\0")


# Arrays


def test_exec_array() -> None:
    assert exec_array([]) == "[]"
    assert exec_array(["/bin/sh", "-c", 'echo "é"\t\\']) == r'["/bin/sh", "-c", "echo \"é\"\t\\"]'
    assert exec_array(["echo $(date)"]) == '["echo $(date)"]'


@pytest.mark.parametrize("item", ["echo $(", 'echo $(echo "it\'s")', "$(it's)", "\x01", "\x1b[0m"])
def test_arrays_that_earth_cannot_read(item: str) -> None:
    with pytest.raises(UnrenderableError):
        exec_array([item])


@given(st.lists(texts, max_size=4))
def test_arrays_read_back(items: list[str]) -> None:
    try:
        text = exec_array(items)
    except UnrenderableError:
        assert any("$(" in item or min(item + " ") < " " for item in items)
        return
    for keyword in ("CMD", "ENTRYPOINT", "RUN"):
        found = statement(f"{keyword} {text} # end")
        assert (found.exec_form, list(found.args)) == (True, items)


@pytest.mark.parametrize("write", [render, render_argument, render_flag])
def test_rendering_is_stable(write: Callable[[Word], str]) -> None:
    for meaning in (word("a b"), word(A, "/x"), word('say "hi"'), word("$(x)")):
        assert write(meaning) == write(meaning)
