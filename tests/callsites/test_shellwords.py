"""Simple commands of shell scripts: words, places, surroundings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.callsites.shellreading import ShellError
from migrate.callsites.shellwords import Command, commands


def spoken(script: str) -> list[list[str]]:
    """The words of each command as they were written."""
    return [[script[word.start : word.end] for word in command.words] for command in commands(script)]


def builds(script: str) -> list[Command]:
    """The commands that call docker."""
    return [command for command in commands(script) if command.words and command.words[0].text == "docker"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b  c\n", [["a", "b", "c"]]),
        ("a;b&c&&d||e|f\n", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a \\\n  b # c\nd\n", [["a", "b"], ["d"]]),
        ("a 'x y' \"z $(b c)\" `d e`\n", [["a", "'x y'", '"z $(b c)"', "`d e`"], ["b", "c"], ["d", "e"]]),
        ("if a; then b; else c; fi\n", [["a"], ["b"], ["c"]]),
        ("for x in 1 2; do a $x; done\n", [["a", "$x"]]),
        ("for ((i=0; i<3; i++)); do a; done\n", [["a"]]),
        ("case $x in\n  (a|b) c ;;\n  *) d\nesac\ne\n", [["c"], ["d"], ["e"]]),
        ("f() { a; }\nfunction g { b; }\n", [["a"], ["b"]]),
        ("(a; b)\n{ c; }\n", [["a"], ["b"], ["c"]]),
        ("cat <<EOF >x\ndocker build\nEOF\na\n", [["cat"], ["a"]]),
        ("cat <<-'E F'\n\tdocker build\n\tE F\na\n", [["cat"], ["a"]]),
        ("[[ a && $x =~ ^(b|c)$ ]] && d\n", [["d"]]),
        ("(( i++ )); a\n", [["a"]]),
        ("while read -r l; do a; done < <(b)\n", [["read", "-r", "l"], ["a"], ["b"]]),
        ("a > log 2>&1 &\nb &>> c\n", [["a"], ["b"]]),
        ("a ${x:-$(b)} ${y#'}'}\n", [["a", "${x:-$(b)}", "${y#'}'}"], ["b"]]),
        ('a "${x:-"y z"}"\n', [["a", '"${x:-"y z"}"']]),
        ("x=(docker build)\na\n", [[], ["a"]]),
        ("# it's\na\r\nb\r\n", [["a"], ["b"]]),
        ("echo if then fi\n", [["echo", "if", "then", "fi"]]),
    ],
)
def test_words(script: str, expected: list[list[str]]) -> None:
    assert spoken(script) == expected


@pytest.mark.parametrize(
    "script",
    ["a 'b", 'a "b', "a `b", "a $(b", "a ${b", "cat <<EOF\nx\n", "(a", "a)", "a ;; b", "fi\n", "[[ a\n", "a \\"],
)
def test_what_cannot_be_followed_says_so(script: str) -> None:
    with pytest.raises(ShellError):
        commands(script)


def test_surroundings() -> None:
    script = "docker a | tee x\nif b; then docker c; fi\nd || docker e\n$(docker f)\n(docker g)\n"
    found = {script[item.words[1].start : item.words[1].end]: item for item in builds(script)}
    assert found["a"].after == "|"
    assert not found["a"].conditional
    assert found["c"].conditional
    assert (found["e"].before, found["e"].conditional) == ("||", True)
    assert found["f"].substituted == 1
    assert found["g"].scope != found["a"].scope


def test_values_are_known_where_the_text_says_them() -> None:
    (command,) = commands("docker \"a b\" 'c'd e$F \"g$(h)\" i\\ j *.k ~/l {m,n} $'o'\n")[:1]
    values = [word.text for word in command.words]
    assert values == ["docker", "a b", "cd", None, None, "i j", None, None, None, None]


def test_nesting_is_bounded() -> None:
    with pytest.raises(ShellError):
        commands("( " * 5000 + "a" + ")" * 5000)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not on PATH")
def test_bash_agrees_that_these_are_scripts(tmp_path: Path) -> None:
    """Every script above that is read must be one to bash, too: our grammar takes nothing that bash refuses."""
    for mark in test_words.pytestmark:  # type: ignore[attr-defined]
        for script, _ in mark.args[1]:
            file = tmp_path / "script"
            file.write_text(script.replace("\r", ""), encoding="utf-8")
            assert subprocess.run(["bash", "-n", file], check=False).returncode == 0, script
