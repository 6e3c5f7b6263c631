"""Which shell texts count as the same program."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.earthfile.shelltext import canonical, same_shell_text


@pytest.mark.parametrize(
    ("docker", "earth"),
    [
        ("a  b\tc ", "a b c"),
        ("  a", "a"),
        ("a 'x  y'  b", "a 'x  y' b"),
        ("a # it's a comment", "a"),
        ("a;# b", "a;"),
        ("# only", ""),
        ("a\n  b # c\nd", "a \nb\nd"),
        ("a $(b    c)", "a $(b c)"),
        ('a "$(b    "c  d" )"', 'a "$(b "c  d")"'),
        ("a $(b $(c   d))", "a $(b $(c d))"),
        ("$( (a)   b )", "$(  (a) b)"),
        ("a$#  b", "a$# b"),
        ("${#a}  b", "${#a} b"),
        ("case $a in b)  c;; esac", "case $a in b) c;; esac"),
        ("a \\  b", "a \\  b"),
        ("[ a =  b ]", "[ a = b ]"),
        ("$((1  +  2))# x  y", "$((1 + 2))# x y"),
        ("a\\;#b  c", "a\\;#b c"),
    ],
)
def test_same(docker: str, earth: str) -> None:
    assert same_shell_text(docker, earth)
    assert same_shell_text(earth, docker)


@pytest.mark.parametrize(
    ("docker", "earth"),
    [
        ("a b", "ab"),
        ("a 'x  y'", "a 'x y'"),
        ('a "x  y"', 'a "x y"'),
        ('a "x  $(b)"', 'a "x $(b)"'),
        ("a `b  c`", "a `b c`"),
        ("a ${b:-c  d}", "a ${b:-c d}"),
        ("a \\  b", "a \\ b"),
        ("a\\ b", "a b"),
        ("a#b", "a"),
        ("'a'# b", "'a'"),
        ("$(a)# b", "$(a)"),
        ("a\nb", "a b"),
        ("a <<E  b", "a <<E b"),
        ("a $'b\\'  c'", "a $'b\\' c'"),
        ('a "$(case b in c) "d  e";; esac)"', 'a "$(case b in c) "d e";; esac)"'),
        ("$((a))", "$( (a))"),
        ("$((1 - (2)))", "$((1 - (2)) )"),
        ("a 'b  c", "a 'b c"),
        ("\"${a:-'b  c'}\"", "\"${a:-'b c'}\""),
        ("$$# b", "$$"),
    ],
)
def test_different(docker: str, earth: str) -> None:
    assert not same_shell_text(docker, earth)
    assert same_shell_text(docker, docker)


def test_canonical() -> None:
    assert canonical("a  'b  c' # d\n e $( f  g )") == ("a", "'b  c'", "\n", "e", "$(f g)")
    assert canonical('a  "b  c') == ("a", '"b  c')
    assert canonical("") == ()


PLAIN_CHARACTERS = "a b ' \" \\ \\\\ \\' # ( ) { } < $ $# ${#z} e=f ;# \\;# <<E"
QUOTED = ["'x  y'", '"p  q"', "$'a  b'", "\\ ", "${z:-k  l}", '"${z:-k  l}"', "`echo c  d`", '"`echo "c  d"`"']
CODE = ["$(printf '%s' 'm  n')", '"$(printf "%s" "m  n")"', "$(echo  a   b)", "$((1  +  2))", "$( (echo  x) )"]
CODE += ["$(case  a in a) echo  q;; esac)", "$(echo a # it's  \n)", ";p ", "||p ", "|cat "]
PIECES = [*PLAIN_CHARACTERS.split(), *QUOTED, *CODE, " ", "  ", "\t", "\n", "# c"]
scripts = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


@given(st.text())
def test_never_raises(text: str) -> None:
    assert canonical(text) == canonical(text)


@given(scripts)
def test_blanks_around_do_not_count(text: str) -> None:
    if not text.endswith("\\"):
        assert same_shell_text(f" {text}", text)


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
@given(text=scripts, data=st.data())
def test_the_shell_agrees(text: str, data: st.DataObject) -> None:
    other = "".join(data.draw(st.sampled_from([" ", "  ", "\t ", char])) if char in " \t" else char for char in text)
    if text != other and "$$" not in text and same_shell_text(text, other):
        assert ran(text) == ran(other)


def ran(text: str) -> tuple[int, bytes]:
    """What a shell prints for ``text`` as arguments of a function that marks its own."""
    script = f'p() {{ for a; do printf "<%s>" "$a"; done; echo; }}\np {text}'
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=30)
    return (done.returncode, done.stdout) if done.returncode != 2 else (2, b"")  # a syntax error


@pytest.mark.parametrize(
    "text",
    [
        "'a b' " * 50_000,
        '"a' * 100_001,
        "$(" * 100_000,
        "$(a b) " * 30_000,
        "$(" * 40 + "a " * 30_000,
        "`" * 100_001,
        '"' + "\\a" * 100_000,
        ";#a\n" * 50_000,
        "$'" * 50_000,
    ],
)
def test_linear(text: str) -> None:
    begin = time.perf_counter()
    canonical(text)
    assert time.perf_counter() - begin < 5
