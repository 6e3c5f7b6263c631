"""Instructions: their typed details, and what BuildKit refuses in them (every row was run against it)."""

from __future__ import annotations

import pytest

from migrate.dockerfile import errors
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import (
    CopyDetail,
    Flag,
    FromDetail,
    HealthcheckDetail,
    Instruction,
    OnbuildDetail,
    Operand,
    Pair,
    PairsDetail,
    RunDetail,
    WordsDetail,
)
from migrate.dockerfile.reader import read


def one(text: str) -> Instruction:
    """The last instruction of a stage that holds ``text``."""
    return read(f"FROM a\n{text}\n").instructions[-1]


def failure(text: str) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read(text)
    return caught.value


def at(text: str, error: DockerfileError) -> str:
    """The text that an error points at (on one line)."""
    assert error.span is not None
    start, end = error.span.start, error.span.end
    assert start.line == end.line
    return text.split("\n")[start.line - 1][start.column - 1 : end.column - 1]


def test_from() -> None:
    first, second = read("FROM --platform=$P a:1 aS Build\nfrom b").instructions
    assert first.detail == FromDetail(Operand("a:1", 14, 17), Flag("platform", "$P", 0, 13), "build")
    assert second.detail == FromDetail(Operand("b", 0, 1), None, None)
    assert (first.keyword, second.keyword, second.written) == ("FROM", "FROM", "from")


def test_pairs() -> None:
    assert one("ENV A=b  'C d'=\"e f\"").detail == PairsDetail((Pair("A", "b", 0, 3), Pair("'C d'", '"e f"', 5, 16)))
    assert one("ENV A  b  c # d").detail == PairsDetail((Pair("A", "b  c # d", 0, 11),), legacy=True)
    assert one("LABEL a.b=c\\ d").detail == PairsDetail((Pair("a.b", "c\\ d", 0, 8),))
    assert one("ARG A B= C=d").detail == PairsDetail((Pair("A", None, 0, 1), Pair("B", "", 2, 4), Pair("C", "d", 5, 8)))
    assert one("ENV A=b\\\\\\").detail == PairsDetail((Pair("A", "b\\\\", 0, 6),))


def test_copy() -> None:
    copy = one("COPY --from=x --link a b/ /c/")
    assert copy.detail == CopyDetail((Operand("a", 16, 17), Operand("b/", 18, 20)), Operand("/c/", 21, 24))
    assert copy.flags == (Flag("from", "x", 0, 8), Flag("link", None, 9, 15))
    assert copy.operand == "a b/ /c/"
    json = one('ADD ["a b", "/c"]')
    assert json.exec_form == ("a b", "/c")
    assert json.detail == CopyDetail((Operand("a b", 1, 6),), Operand("/c", 8, 12))


def test_copy_of_heredocs() -> None:
    detail = one("COPY <<A x <<-'B' /d/\n$a\nA\n\tb\nB").detail
    assert isinstance(detail, CopyDetail)
    first, path, second = detail.sources
    assert (first.text, first.heredoc and first.heredoc.body) == ("<<A", "$a\n")
    assert (path.text, path.heredoc) == ("x", None)
    assert second.heredoc is not None
    assert (second.heredoc.name, second.heredoc.expand, second.heredoc.body) == ("B", False, "\tb\n")


def test_odd_heredoc_sources() -> None:
    """BuildKit looks bodies up by name, and sees headers in operands that open none."""
    detail = one("COPY <<A <<A /d/\n1\nA\n2\nA").detail
    assert isinstance(detail, CopyDetail)
    assert [operand.heredoc and operand.heredoc.body for operand in detail.sources] == ["2\n", "2\n"]
    detail = one('COPY ["<<A", "/d/"]').detail
    assert isinstance(detail, CopyDetail)
    assert [operand.heredoc and operand.heredoc.body for operand in detail.sources] == [""]
    detail = one("COPY << A /d/\n1\nA").detail
    assert isinstance(detail, CopyDetail)
    assert [(operand.text, operand.heredoc) for operand in detail.sources] == [("<<", None), ("A", None)]


def test_run() -> None:
    run = one("RUN --mount=type=CACHE,Target=/a --network=none --mount=target=/b x  y # z")
    assert isinstance(run.detail, RunDetail)
    assert [(mount.type, mount.options) for mount in run.detail.mounts] == [
        ("cache", (("type", "CACHE"), ("target", "/a"))),
        ("bind", (("target", "/b"),)),
    ]
    assert (run.operand, run.exec_form) == ("x  y # z", None)
    assert one('RUN ["a", "b"]').exec_form == ("a", "b")
    assert one('RUN [ "a" ] && b').exec_form is None
    assert one("RUN").operand == ""
    mount = one("RUN --mount=type=$T,target=/a x").detail
    assert isinstance(mount, RunDetail)
    assert mount.mounts[0].type == "$T"


def test_commands() -> None:
    assert one("CMD").exec_form is None
    assert one("CMD []").exec_form == ()
    assert one("CMD ['a']").exec_form is None
    assert one('ENTRYPOINT ["a"]').exec_form == ("a",)
    assert one('SHELL ["/bin/bash", "-c"]').exec_form == ("/bin/bash", "-c")


def test_healthcheck() -> None:
    assert one("HEALTHCHECK none").detail == HealthcheckDetail(True, None, "")
    assert one("HEALTHCHECK --x NONE").detail == HealthcheckDetail(True, None, "")
    check = one("HEALTHCHECK --interval=5s --retries=3 cmd curl -f x")
    assert check.detail == HealthcheckDetail(False, None, "curl -f x")
    assert [(flag.name, flag.value) for flag in check.flags] == [("interval", "5s"), ("retries", "3")]
    assert one('HEALTHCHECK CMD ["a"]').detail == HealthcheckDetail(False, ("a",), '["a"]')


def test_lists_and_single_operands() -> None:
    assert one("EXPOSE 80 81/udp").detail == WordsDetail((Operand("80", 0, 2), Operand("81/udp", 3, 9)))
    assert one('VOLUME ["/a b", " /c "]').detail == WordsDetail((Operand("/a b", 1, 7), Operand("/c", 9, 15)))
    assert one("VOLUME /a # c").detail == WordsDetail((Operand("/a", 0, 2), Operand("#", 3, 4), Operand("c", 5, 6)))
    for keyword in ("WORKDIR", "USER", "MAINTAINER"):
        instruction = one(f"{keyword}  a b # c ")
        assert (instruction.operand, instruction.detail) == ("a b # c", None)


def test_onbuild() -> None:
    outer = one("ONBUILD \\\n  COPY --from=x a \\\n  b")
    assert isinstance(outer.detail, OnbuildDetail)
    trigger = outer.detail.trigger
    assert (trigger.keyword, trigger.text) == ("COPY", "--from=x a   b")
    assert isinstance(trigger.detail, CopyDetail)
    assert trigger.position(trigger.detail.destination.start) == outer.position(len(outer.text) - 1)
    assert (trigger.lines, trigger.span.start.line, trigger.span.start.column) == (outer.lines, 3, 3)
    heredoc = one("ONBUILD RUN <<A\nx\nA").detail
    assert isinstance(heredoc, OnbuildDetail)
    assert [found.body for found in heredoc.trigger.heredocs] == ["x\n"]


def test_flags_that_are_dropped() -> None:
    assert one("ARG --x=1 A").flags == ()
    assert one("STOPSIGNAL --x=1 9").flags == ()


BAD = [
    ("FOO bar", errors.UNKNOWN_INSTRUCTION, "FOO"),
    ("RUNN x", errors.UNKNOWN_INSTRUCTION, "RUNN"),
    ("RUN\u00a0x", errors.UNKNOWN_INSTRUCTION, "RUN\u00a0x"),
    ("CMD --help", errors.UNKNOWN_FLAG, "--help"),
    ("COPY --From=a b c", errors.UNKNOWN_FLAG, "--From=a"),
    ("USER --x y", errors.UNKNOWN_FLAG, "--x"),
    ("ENV --x A=b", errors.UNKNOWN_FLAG, "--x"),
    ("COPY --from a b", errors.BAD_FLAG_VALUE, "--from"),
    ("COPY --link=$L a b", errors.BAD_FLAG_VALUE, "--link=$L"),
    ("COPY --link= a b", errors.BAD_FLAG_VALUE, "--link="),
    ("COPY --exclude a b", errors.BAD_FLAG_VALUE, "--exclude"),
    ("RUN --network=$X a", errors.BAD_FLAG_VALUE, "--network=$X"),
    ("RUN --network= a", errors.BAD_FLAG_VALUE, "--network="),
    ("RUN --security=x a", errors.BAD_FLAG_VALUE, "--security=x"),
    ("RUN --device=a,b c", errors.BAD_FLAG_VALUE, "--device=a,b"),
    ("HEALTHCHECK --interval=$I CMD a", errors.BAD_FLAG_VALUE, "--interval=$I"),
    ("HEALTHCHECK --timeout=1us CMD a", errors.BAD_FLAG_VALUE, "--timeout=1us"),
    ("HEALTHCHECK --retries=-1 CMD a", errors.BAD_FLAG_VALUE, "--retries=-1"),
    ("COPY --chown=1 --chown=1 a b", errors.DUPLICATE_FLAG, "--chown=1"),
    ("COPY --link --link a b", errors.DUPLICATE_FLAG, "--link"),
    ("FROM", errors.BAD_ARGUMENTS, "FROM"),
    ("FROM a b", errors.BAD_ARGUMENTS, "FROM a b"),
    ("FROM a # c", errors.BAD_ARGUMENTS, "FROM a # c"),
    ("FROM a is b", errors.BAD_ARGUMENTS, "FROM a is b"),
    ('FROM ""', errors.BAD_ARGUMENTS, '""'),
    ("COPY a", errors.BAD_ARGUMENTS, "COPY a"),
    ('ADD ["a"]', errors.BAD_ARGUMENTS, 'ADD ["a"]'),
    ("ENV", errors.BAD_ARGUMENTS, "ENV"),
    ("ARG", errors.BAD_ARGUMENTS, "ARG"),
    ("EXPOSE", errors.BAD_ARGUMENTS, "EXPOSE"),
    ("VOLUME []", errors.BAD_ARGUMENTS, "VOLUME []"),
    ('VOLUME ["/a", " "]', errors.BAD_ARGUMENTS, '" "'),
    ("WORKDIR", errors.BAD_ARGUMENTS, "WORKDIR"),
    ("USER", errors.BAD_ARGUMENTS, "USER"),
    ("STOPSIGNAL", errors.BAD_ARGUMENTS, "STOPSIGNAL"),
    ("MAINTAINER", errors.BAD_ARGUMENTS, "MAINTAINER"),
    ("ONBUILD", errors.BAD_ARGUMENTS, "ONBUILD"),
    ("SHELL", errors.BAD_ARGUMENTS, "SHELL"),
    ("SHELL []", errors.BAD_ARGUMENTS, "SHELL []"),
    ("SHELL bash -c", errors.BAD_ARGUMENTS, "SHELL bash -c"),
    ("HEALTHCHECK", errors.BAD_ARGUMENTS, "HEALTHCHECK"),
    ("HEALTHCHECK NONE a", errors.BAD_ARGUMENTS, "HEALTHCHECK NONE a"),
    ("HEALTHCHECK curl", errors.BAD_ARGUMENTS, "HEALTHCHECK curl"),
    ("HEALTHCHECK CMD", errors.BAD_ARGUMENTS, "HEALTHCHECK CMD"),
    ("HEALTHCHECK CMD []", errors.BAD_ARGUMENTS, "HEALTHCHECK CMD []"),
    ("ENV A", errors.BAD_PAIR, "A"),
    ("ENV A=b c", errors.BAD_PAIR, "c"),
    ("ENV A=b # c", errors.BAD_PAIR, "#"),
    ("ENV =b", errors.BAD_PAIR, "=b"),
    ("LABEL a", errors.BAD_PAIR, "a"),
    ("ARG =b", errors.BAD_PAIR, "=b"),
    ("ARG A = 1", errors.BAD_PAIR, "="),
    ('CMD ["a", 1]', errors.BAD_JSON, '["a", 1]'),
    ("COPY --from=x [1]", errors.BAD_JSON, "[1]"),
    ("HEALTHCHECK CMD [1]", errors.BAD_JSON, "[1]"),
    ("COPY a <<E\nE", errors.BAD_HEREDOC, "<<E"),
    ("FROM a AS 1b", errors.BAD_STAGE_NAME, "1b"),
    ("FROM a AS b/c", errors.BAD_STAGE_NAME, "b/c"),
    ("FROM a AS $b", errors.BAD_STAGE_NAME, "$b"),
    ("ONBUILD FROM a", errors.BAD_TRIGGER, "ONBUILD FROM a"),
    ("ONBUILD onbuild RUN a", errors.BAD_TRIGGER, "ONBUILD onbuild RUN a"),
    ("ONBUILD MAINTAINER a", errors.BAD_TRIGGER, "ONBUILD MAINTAINER a"),
    ("ONBUILD ENV A", errors.BAD_PAIR, "A"),
    ("ONBUILD CMD [1]", errors.BAD_JSON, "[1]"),
    ("RUN --mount= a", errors.BAD_MOUNT, "--mount="),
    ("RUN --mount=from=$X a", errors.BAD_MOUNT, "--mount=from=$X"),
    ("RUN --mount=type=x a", errors.BAD_MOUNT, "--mount=type=x"),
]


@pytest.mark.parametrize(("line", "code", "place"), BAD, ids=[line for line, _, _ in BAD])
def test_refused(line: str, code: str, place: str) -> None:
    text = f"FROM a\n{line}\n"
    error = failure(text)
    assert error.code == code
    assert at(text, error) == place


@pytest.mark.parametrize("line", ["ONBUILD FOO", "ONBUILD COPY a", "ONBUILD RUN --x a", "ONBUILD SHELL a"])
def test_broken_triggers_are_refused_last(line: str) -> None:
    """BuildKit stores any trigger; it would fail in every image that is built from this one."""
    assert failure(f"FROM a\n{line}").span is not None
    assert failure(f"FROM a\n{line}\nUSER\n").fields["keyword"] == "USER"


@pytest.mark.parametrize(
    ("word", "found"),
    [("RUNN", ", did you mean RUN?"), ("copyy", ", did you mean COPY?"), ("xyz", "")],
)
def test_suggestions(word: str, found: str) -> None:
    assert failure(f"FROM a\n{word} x").fields["suggestion"] == found


def test_suggested_flags() -> None:
    assert failure("FROM a\nCOPY --form=x a b").fields["suggestion"] == ", did you mean --from?"


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nKEYWORD\nENV A",
        "FROM a\nUSER\nCMD [1]",
        "FROM a\nCOPY a\nRUN <<E",
        "ENV A=1\nFROM a\nLABEL x",
    ],
)
def test_the_parser_refuses_before_the_instruction_reader(text: str) -> None:
    error = failure(text)
    assert error.code in (errors.BAD_PAIR, errors.BAD_JSON, errors.UNTERMINATED_HEREDOC)


def test_go_has_its_own_letters() -> None:
    """One Turkish letter lowers to i, and the Kelvin sign to k, in Go."""
    assert one("wor\u212aDIR /a").keyword == "WORKDIR"
    assert one("MA\u0130NTAINER me").keyword == "MAINTAINER"
    assert read("FROM a a\u017f b").instructions[0].detail == FromDetail(Operand("a", 0, 1), None, "b")
