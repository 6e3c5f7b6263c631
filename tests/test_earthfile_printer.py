"""The model as text: blank lines, indentation, source map."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrate.earthfile.model import Command, Earthfile, Remark, Target, TextLine
from migrate.earthfile.printer import render_file
from migrate.earthfile.reader import read
from migrate.spans import Span


def span(line: int) -> Span:
    """A span on one line."""
    return Span.of(line, 1, line, 9)


def text(*targets: Target, base: tuple[Command | Remark, ...] = (), trailing: tuple[str, ...] = ()) -> str:
    """The printed file without its first line."""
    printed, _ = render_file(Earthfile(base, targets, trailing=trailing))
    first, rest = printed.split("\n", 1)
    assert first == "VERSION 0.8"
    return rest


def test_nothing() -> None:
    assert text() == ""


def test_layout() -> None:
    assert (
        text(
            Target(
                "build",
                (
                    Command.of("FROM", "node:18"),
                    Command.of("RUN", "a", above=("", "# why")),
                    Remark(("", "  # last ", "")),
                ),
                above=("# The build.",),
            ),
            Target("empty", ()),
            base=(Command.of("ARG", "--global X=1", above=("# base",)),),
            trailing=("", "# end", ""),
        )
        == """
# base
ARG --global X=1

# The build.
build:
    FROM node:18

    # why
    RUN a

    # last

empty:

# end
"""
    )


def test_blank_lines_at_the_edges_of_a_recipe_go() -> None:
    first = Target("a", (Command.of("FROM", "x", above=("", "")), Remark(("", ""))), above=("", "# a"))
    second = Target("b", (Remark(("", "# b")), Command.of("CMD")))
    assert text(first, second) == "\n# a\na:\n    FROM x\n\nb:\n    # b\n    CMD\n"


def test_lines_of_a_command() -> None:
    command = Command(
        "RUN",
        (TextLine("a && \\ "), TextLine("    # note"), TextLine(""), TextLine("    b 'x "), TextLine("  y ", True)),
        depth=1,
    )
    condition = Command.of("IF", "c")
    assert text(Target("t", (condition, command, Command.of("END")))) == (
        "\nt:\n    IF c\n        RUN a && \\\n            # note\n\n            b 'x \n  y \n    END\n"
    )


def test_blank_verbatim_lines_stay() -> None:
    command = Command("RUN", (TextLine("'x"), TextLine("", True), TextLine("", True)))
    assert text(Target("t", (command, Remark(("",)))), Target("u", ())) == "\nt:\n    RUN 'x\n\n\n\nu:\n"


def test_source_map() -> None:
    items = (
        Command("RUN", (TextLine("a \\"), TextLine("b")), above=("# c",), source=span(2)),
        Command.of("CMD", source=span(4)),
        Remark(("# r", ""), source=span(5)),
    )
    target = Target("t", items, source=span(1))
    printed, spans = render_file(Earthfile((Command.of("ARG", "X", source=span(7)),), (target, Target("u", ()))))
    lines = printed.split("\n")
    assert [(lines[line - 1].strip(), where.start.line) for line, where in spans] == [
        ("ARG X", 7),
        ("t:", 1),
        ("RUN a \\", 2),
        ("b", 2),
        ("CMD", 4),
        ("# r", 5),
    ]


def test_newline_and_version() -> None:
    printed, _ = render_file(
        Earthfile((), (Target("a", (Command.of("RUN", "x"),)),), version="--try 0.8", newline="\r\n")
    )
    assert printed == "VERSION --try 0.8\r\n\r\na:\r\n    RUN x\r\n"


def test_line_ends_inside_quotes_belong_to_the_text() -> None:
    lines = (TextLine("x 'a\r"), TextLine("b'", verbatim=True))
    printed, _ = render_file(Earthfile((), (Target("a", (Command("RUN", lines),)),), newline="\r\n"))
    assert printed == "VERSION 0.8\r\n\r\na:\r\n    RUN x 'a\r\nb'\r\n"


comments = st.lists(st.sampled_from(["", "# a", "  # b  ", "#"]), max_size=3).map(tuple)
items = st.one_of(
    st.builds(
        lambda above, line: Command.of("RUN", line, above=above), comments, st.sampled_from(["a", "b  ", "c \\"])
    ),
    comments.map(Remark),
)
targets = st.lists(st.tuples(st.lists(items, max_size=4).map(tuple), comments), max_size=3)


@given(base=st.lists(items, max_size=2).map(tuple), found=targets, trailing=comments)
def test_every_file_is_tidy_and_reads_back(
    base: tuple[Command | Remark, ...],
    found: list[tuple[tuple[Command | Remark, ...], tuple[str, ...]]],
    trailing: tuple[str, ...],
) -> None:
    earthfile = Earthfile(
        base, tuple(Target(f"t{index}", *parts) for index, parts in enumerate(found)), trailing=trailing
    )
    printed, _ = render_file(earthfile)
    lines = printed.split("\n")
    assert printed.endswith("\n")
    assert not printed.endswith("\n\n")
    assert all(line == line.rstrip() for line in lines)
    for index, line in enumerate(lines):
        if line.endswith(":"):
            assert lines[index + 1 : index + 2] == [""] or lines[index + 1] != "" or index + 2 == len(lines)
    if "\\" not in printed:
        tree = read(printed)
        assert [target.name for target in tree.targets] == [f"t{index}" for index in range(len(found))]
        commands = [[item for item in parts if isinstance(item, Command)] for parts, _ in found]
        assert [len(target.statements) for target in tree.targets] == list(map(len, commands))
