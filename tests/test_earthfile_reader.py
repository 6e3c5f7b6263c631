"""The reader against what earth prints, without and with the real binary."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.earthfile.reader import Block, EarthfileError, Statement, flags_and_args, read, run_text

HEAD = "VERSION 0.8\na:\n"


def statement(line: str) -> Statement:
    """The only command of a target."""
    end = "    END\n" if line.startswith("IF ") else ""
    (found,) = read(f"{HEAD}    {line}\n{end}").targets[0].statements
    return found


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("RUN a  b\tc", ["a", "b", "c"]),
        ("RUN a # b", ["a"]),
        ("RUN a#b s#x#y#", ["a#b", "s#x#y#"]),
        ("RUN \"a  # b\" 'c  #d'", ['"a  # b"', "'c  #d'"]),
        ("RUN it\\'s \\\"x", ["it\\'s", '\\"x']),
        ("RUN a \\\n    # note, it's one\n\n    b", ["a", "b"]),
        ("RUN foo\\\n      bar", ["foobar"]),
        ("RUN foo\\  \n      bar", ["foobar"]),
        ("RUN 'a \\\n     b'", ["'a b'"]),
        ("RUN 'a \\\\\n     b'", ["'a \\\\\n     b'"]),
        ("RUN 'a\n  b'", ["'a\n  b'"]),
        ("RUN a \\#b\n    c", ["a", "c"]),
        ("RUN a\\ b", ["a\\ b"]),
        ("RUN $(echo 'a b' \"c d\") e", ["$(echo 'a b' \"c d\")", "e"]),
        ('RUN "$(echo "a b")"', ['"$(echo "a b")"']),
        ("RUN $( (a) b)", ["$( (a)", "b)"]),
        ("RUN a \r\n", ["a"]),
        ("ENV A=b  c # d", ["A", "=", "b  c"]),
        ("ENV A = b", ["A", "=", "b"]),
        ("ENV A b c", ["A", "=", "b c"]),
        ("ENV A", ["A"]),
        ("ENV A=", ["A", "=", ""]),
        ("ENV A==b", ["A", "=", "=b"]),
        ("ENV A=#b", ["A", "=", "#b"]),
        ("ARG --required A", ["--required", "A"]),
        ("LET x = 'a'  b", ["x", "=", "'a'  b"]),
        ('LABEL a=b "c d"="e f" g', ["a", "=", "b", '"c d"', "=", '"e f"', "g"]),
        ("SAVE ARTIFACT a b AS LOCAL c", ["a", "b", "AS", "LOCAL", "c"]),
        ('VOLUME "/a b" /c', ['"/a b"', "/c"]),
    ],
)
def test_arguments(line: str, args: list[str]) -> None:
    found = statement(line)
    assert list(found.args) == args
    assert not found.exec_form


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('["a", "b c"]', ["a", "b c"]),
        ('["a" "b",]', ["a", "b"]),
        ("[]", []),
        (r'["\"\\\/\n\t", "\u00e9", "é"]', ['"\\/\n\t', "\\u00e9", "é"]),
        ('[ "a", \\\n  "b" ] # c', ["a", "b"]),
    ],
)
def test_exec_form(text: str, items: list[str]) -> None:
    for keyword in ("RUN", "CMD", "ENTRYPOINT", "VOLUME"):
        found = statement(f"{keyword} {text}")
        assert list(found.args) == items
        assert found.exec_form


@pytest.mark.parametrize("text", ['["a", 1]', "['a']", '[ "a" ] x', '["a"', "[a]", '--ssh ["a"]'])
def test_not_exec_form(text: str) -> None:
    assert not statement(f"RUN {text}").exec_form


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("VERSION 0.8\na:\n    RUN 'it", "unclosed single quote", 3),
        ("VERSION 0.8\na:\n    RUN 'end\\'\n", "unclosed single quote", 3),
        ('VERSION 0.8\na:\n    RUN "x', "unclosed double quote", 3),
        ('VERSION 0.8\na:\n    CMD ["echo $("]\n', "unclosed double quote", 3),
        ("VERSION 0.8\na:\n    RUN $(x\n", "unclosed shell substitution", 3),
        ("VERSION 0.8\na:\n    run x\n", 'unknown command keyword: "run"', 3),
        ("VERSION 0.8\na:\n    MAINTAINER x\n", 'unknown command keyword: "MAINTAINER"', 3),
        ("VERSION 0.8\na:\n    RUN <<EOF\necho\nEOF\n", "unknown command keyword", 4),
        ("VERSION 0.8\na:\nRUN x\n", "expected block indentation", 3),
        ("VERSION 0.8\n    RUN x\n", "beginning of the line", 2),
        ("VERSION 0.8\na:\n    IF x\n        RUN y\n", "expected END", 5),
        ("VERSION 0.8\na:\n    ELSE\n", "recipe block", 3),
        ("VERSION 0.8\na:\n    ENV A.B=c\n", "invalid ENV key", 3),
        ("VERSION 0.8\na:\n    ARG a-b=c\n", "invalid ARG key", 3),
        ("VERSION 0.8\na:\n    ENV \\\n        A=b\n", "invalid ENV key", 3),
        ("VERSION 0.8\na:\n    WITH\n", "WITH needs a command", 3),
        ("VERSION 0.8\na:\n    RUN x\nb:\n    RUN x\na:\n    RUN x\n", "duplicate target", 6),
        ("VERSION 0.8\nbase:\n    RUN x\n", "reserved", 2),
        ("VERSION 0.8.16\n", "invalid VERSION", 1),
        ("VERSION\n", "unexpected VERSION", 1),
        ("VERSION --nope 0.8\n", "--nope", 1),
        ("# c\nFROM x\nVERSION 0.8\n", "no version specified", 2),
        ("", "no version specified", 1),
        ("\ufeffVERSION 0.8\n", "U+FEFF", 1),
        ("VERSION 0.8\na:\n    ARG a = b\n    ARG --required b = c\n", "required", 4),
        ("VERSION 0.8\na:\n    ARG --global b\n", "global", 3),
        ("VERSION 0.8\na:\n    ARG --nope b\n", "unknown flag", 3),
        ("VERSION 0.8\n" + "IF x\n" * 5000, "nested too deeply", 1),
    ],
)
def test_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(EarthfileError) as caught:
        read(text)
    assert message in caught.value.message
    assert caught.value.line == line


def test_only_strict_reading_needs_a_version() -> None:
    assert read("a:\n    RUN x\n", strict=False).version is None


def test_places_docs_and_order() -> None:
    tree = read(
        "\n# about\nVERSION --try 0.8 # c\n\n# base doc\nARG --global X=1\n\n# lost\n\n#  a\n#    target\nb-1.C:  # c\n"
        "  # first\n  FROM x\n\n  # gone\n\n  RUN y # c\n# column 0 inside\n  RUN z\n# of c\nc:\n\nd:\n  FUNCTION\n"
    )
    assert tree.version == ("--try", "0.8")
    (global_argument,) = tree.base
    assert (global_argument.docs, global_argument.line) == ("base doc\n", 6)
    first, second = tree.targets
    assert (first.name, first.docs, first.line, first.column) == ("b-1.C", "a\n  target\n", 12, 1)
    assert [(s.name, s.docs, s.line, s.column) for s in first.statements] == [
        ("FROM", "first\n", 14, 3),
        ("RUN", "", 18, 3),
        ("RUN", "column 0 inside\n", 20, 3),
    ]
    assert (second.name, second.docs, second.statements) == ("c", "of c\n", ())
    assert [function.name for function in tree.functions] == ["d"]


def test_blocks() -> None:
    tree = read(
        "VERSION 0.8\na:\n    IF [ x = y ]\n        # why\n        RUN a\n    ELSE IF --ssh b\n    ELSE\n        WAIT\n"
        "            BUILD +b\n        END\n    END\n    FOR i IN a b\n        RUN c\n    END\n"
        "    WITH DOCKER --pull x\n        RUN d\n    END\n"
        "    TRY\n        RUN e\n    FINALLY\n        RUN f\n    END\n"
    )
    first, loop, docker, attempt = tree.targets[0].statements
    assert [(block.keyword, block.args, block.line) for block in first.blocks] == [
        ("IF", ("[", "x", "=", "y", "]"), 3),
        ("ELSE IF", ("--ssh", "b"), 6),
        ("ELSE", (), 7),
    ]
    assert first.blocks[0].statements == (Statement("RUN", ("a",), False, 5, 9, "# why"),)
    assert first.blocks[2].statements[0].blocks[0].statements[0].args == ("+b",)
    assert (loop.name, loop.args, len(loop.blocks[0].statements)) == ("FOR", ("i", "IN", "a", "b"), 1)
    assert (docker.name, docker.args) == ("WITH DOCKER", ("--pull", "x"))
    assert [block.keyword for block in attempt.blocks] == ["TRY", "FINALLY"]


def test_blocks_in_the_base_recipe() -> None:
    tree = read("VERSION 0.8\nIF a\n    RUN b\nELSE\n    RUN c\nEND\nRUN d\n")
    assert [found.name for found in tree.base] == ["IF", "RUN"]
    assert isinstance(tree.base[0].blocks[1], Block)


@pytest.mark.parametrize(
    ("line", "flags", "text"),
    [
        ("RUN a 'b  c' && d", (), "a 'b  c' && d"),
        ("RUN --no-cache --mount=type=cache,target=/x --ssh a --b", ..., "a --b"),
        ("RUN --mount type=cache,target=/x a", (("mount", "type=cache,target=/x"),), "a"),
        ('RUN --secret="A=b" a', (("secret", "A=b"),), "a"),
        ("RUN --mount='type=cache,target=/a b' c", (("mount", "'type=cache,target=/a b'"),), "c"),
        ("RUN -- -x --push", (), "-x --push"),
        ("RUN - x", (), "- x"),
        ("RUN --no-cache=$X a", (("no-cache", "$X"),), "a"),
        ('RUN tool --push=true --privileged="a b"', (), "tool --push=true --privileged=a b"),
        ("IF --no-cache [ a = b ]", (("no-cache", None),), "[ a = b ]"),
    ],
)
def test_run_text(line: str, flags: Any, text: str) -> None:
    found = statement(line)
    assert run_text(found) == text
    assert flags is ... or flags_and_args(found)[0] == flags


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN --nope a", "unknown flag"),
        ("RUN -x a", "unknown flag"),
        ("RUN --mount", "expected argument"),
        ("RUN --mount --ssh a", "expected argument"),
        ("RUN --push=maybe a", "neither true nor false"),
        ('RUN --secret="a\\$b" a', "no Go string"),
        ("RUN tool --push=$X", "expands"),
        ('RUN ["a"]', "exec form"),
    ],
)
def test_run_text_refused(line: str, message: str) -> None:
    with pytest.raises(EarthfileError, match=message):
        run_text(statement(line))


def test_regrouping_changes_the_arguments_of_an_exec_form_run() -> None:
    assert flags_and_args(statement('RUN ["echo", "it\'s", "b"]'))[1] == ("echo", "it's b")
    assert flags_and_args(statement('CMD ["echo", "it\'s", "b"]'))[1] == ("echo", "it's", "b")
    assert flags_and_args(statement("COPY (+t/x --A=1) /y"))[1] == ("(+t/x --A=1)", "/y")


@pytest.mark.parametrize(
    "line",
    [
        "RUN " + '"a b" ' * 50_000,
        "RUN '" + "\\#" * 100_000 + "'",
        "RUN a" + " \\\n    b" * 50_000,
        "RUN " + '"$(' * 30_000 + ')"' * 30_000,
        'RUN "' + "\\a" * 100_000,
        "RUN x\n" + "# c\n" * 100_000,
        "LABEL " + "'a=b' " * 50_000,
        "CMD [" + '"a",' * 50_000 + '"b"]',
    ],
)
def test_linear(line: str) -> None:
    begin = time.perf_counter()
    with contextlib.suppress(EarthfileError):
        read(f"{HEAD}    {line}")
    assert time.perf_counter() - begin < 5


# With the real binary


def printed(text: str, path: Path) -> Any:
    """What ``earth debug ast`` prints for ``text``, or None when it refuses it."""
    path.write_bytes(text.encode())
    ran = subprocess.run(["earth", "debug", "ast", str(path)], capture_output=True, check=False)
    return json.loads(ran.stdout) if ran.returncode == 0 else None


def commands(block: Any) -> list[Any]:
    """A printed block in the shape of ``seen``."""
    found: list[Any] = []
    for entry in block or ():
        ((kind, value),) = entry.items()
        if kind == "command":
            found.append([value["name"], value.get("args", []), value.get("execMode", False), value.get("docs", "")])
        elif kind == "if":
            branches = [[value["expression"] or [], commands(value["ifBody"])]]
            branches += [[other["expression"] or [], commands(other["body"])] for other in value.get("elseIf", ())]
            branches += [[[], commands(value["elseBody"])]] if "elseBody" in value else []
            found.append(["IF", branches])
        elif kind == "for":
            found.append(["FOR", [[value["args"] or [], commands(value["body"])]]])
        elif kind == "wait":
            found.append(["WAIT", [[[], commands(value["body"])]]])
        elif kind == "with":
            command = value["command"]
            found.append([f"WITH {command['name']}", [[command.get("args", []), commands(value["body"])]]])
        else:
            bodies = [value.get(key) for key in ("tryBody", "catchBody", "finallyBody") if key in value]
            found.append(["TRY", [[[], commands(body)] for body in bodies]])
    return found


def seen(statements: tuple[Statement, ...]) -> list[Any]:
    """Our statements, comparable with ``commands``."""
    return [
        [found.name, [[list(block.args), seen(block.statements)] for block in found.blocks]]
        if found.blocks
        else [found.name, list(found.args), found.exec_form, found.docs]
        for found in statements
    ]


def ours(text: str) -> Any:
    """Our tree in the shape of ``theirs``, or None when we refuse it."""
    try:
        tree = read(text, strict=False)
    except EarthfileError:
        return None
    return [
        list(tree.version) if tree.version is not None else None,
        seen(tree.base),
        [[target.name, target.docs, seen(target.statements)] for target in tree.targets],
        [[function.name, seen(function.statements)] for function in tree.functions],
    ]


def theirs(text: str, path: Path) -> Any:
    """earth's tree in the shape of ``ours``."""
    tree = printed(text, path)
    return tree and [
        tree.get("version", {}).get("args"),
        commands(tree["baseRecipe"]),
        [[target["name"], target.get("docs", ""), commands(target["recipe"])] for target in tree.get("targets", ())],
        [[function["name"], commands(function["recipe"])] for function in tree.get("functions", ())],
    ]


WORDS = r"""
    a b c = A K= [ ] , ( ) { } - : ; | && + ~ ` é # \ ' " $ \\ \' \" \# \n $( ${X} $(echo) --f --f=1 +t/a IF END
"""
BLANKS = [" ", "  ", "\t", "\n", "\r", "\r\n", "\\\n", "\\\n   ", "\\ \t\n  ", "\\\n\n   ", "\\\n# c\n  "]
LONGER = [" # it's", '"x y"', "'p q'", '["a", "b"]', "\n    # note\n", "\n    RUN x", "\nRUN y", "\nb:\n", "\n  END"]
PIECES = WORDS.split() + BLANKS + LONGER
KEYWORDS = """
    RUN ENV COPY LABEL CMD ENTRYPOINT VOLUME ARG LET SET IF FOR WITH WAIT TRY FROM HEALTHCHECK USER END
"""

lines = st.tuples(st.sampled_from(KEYWORDS.split()), st.lists(st.sampled_from(PIECES), max_size=8)).map(
    lambda line: f"{line[0]} {''.join(line[1])}"
)


@pytest.mark.earth
@settings(max_examples=150)
@given(found=st.lists(lines, min_size=1, max_size=3), newline=st.sampled_from(["\n", "\r\n"]))
def test_agrees_with_earth(found: list[str], newline: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = newline.join(["VERSION 0.8", "a:", *(f"    {line}" for line in found), ""])
    assert ours(text) == theirs(text, tmp_path_factory.mktemp("earth") / "Earthfile")


@pytest.mark.earth
def test_agrees_with_earth_on_blocks_and_docs(tmp_path: Path) -> None:
    text = (
        "# v\nVERSION 0.7\n# d\nARG a\nIF x\n  RUN y\nELSE IF z\nELSE\n  # e\n  RUN q\nEND\n\n# t\nt: # c\n    # r\n"
        '    RUN --mount=x "a\\\n      b" c\\\n      d # e\n'
        "    TRY\n        RUN 1\n    CATCH\n    FINALLY\n        RUN 2\n"
        "    END\n    FOR x IN a \\\n        b\n        RUN $x\n    END\n"
        "    WITH DOCKER --load x=+y\n        RUN d\n    END\n"
        "# last\n\n# u1\n#  u2\nu:\nF:\n    FUNCTION\n    RUN x\n"
    )
    assert ours(text) is not None
    assert ours(text) == theirs(text, tmp_path / "Earthfile")


@pytest.mark.earth
@pytest.mark.parametrize(
    "text",
    [
        "VERSION --try --wildcard-copy 0.8\na:\n    RUN x\n",
        "# c\n\nVERSION \\\n  0.8\na:\n    ARG x = 1\n",
        "VERSION --nope 0.8\n",
        "VERSION 0.8 0.8\n",
        "FROM x\nVERSION 0.8\n",
        "VERSION 0.8\na:\n    ARG --required x = 1\n",
        "VERSION 0.8\na:\n    ARG --global x\n",
        "VERSION 0.8\nbase:\n    RUN x\n",
    ],
)
def test_strict_reading_agrees_with_earth_ls(text: str, tmp_path: Path) -> None:
    (tmp_path / "Earthfile").write_text(text, encoding="utf-8")
    accepted = subprocess.run(["earth", "ls", str(tmp_path)], capture_output=True, check=False).returncode == 0
    try:
        read(text)
    except EarthfileError:
        assert not accepted
    else:
        assert accepted
