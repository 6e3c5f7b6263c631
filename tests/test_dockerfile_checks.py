"""What BuildKit refuses when it expands: in which operands it looks, and where the error points."""

from __future__ import annotations

import pytest

from migrate.dockerfile import errors
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.reader import read
from migrate.spans import Span

B = "${a^}"


def failure(text: str) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    "line",
    [
        f"FROM {B}",
        f"FROM --platform={B} a",
        f"ARG A={B}",
        f"ENV A={B}",
        f"ENV {B}=a",
        f"ENV A {B}",
        f"LABEL a={B}",
        f"COPY {B} b",
        f"COPY a {B}",
        f'COPY ["{B}", "b"]',
        f"COPY --chown={B} a b",
        f"COPY --chmod={B} a b",
        f"ADD --checksum={B} a b",
        f"EXPOSE {B}",
        f"VOLUME {B}",
        f"WORKDIR {B}",
        f"USER {B}",
        f"STOPSIGNAL {B}",
        f"RUN --mount=type=cache,target={B} a",
        f"RUN --mount=type={B} a",
        f"COPY --from={B} a b",
        f"ONBUILD ENV A={B}",
        "USER 'a",
        'ENV A="b',
    ],
)
def test_expanded(line: str) -> None:
    assert failure(f"FROM a\n{line}").code == errors.BAD_SUBSTITUTION


@pytest.mark.parametrize(
    "line",
    [
        f"RUN {B}",
        f"CMD {B}",
        f"ENTRYPOINT {B}",
        f'SHELL ["{B}"]',
        f"HEALTHCHECK CMD {B}",
        f"MAINTAINER {B}",
        f"ARG {B}",
        f"COPY --exclude={B} a b",
        f"ADD --exclude={B} a b",
        f"COPY <<'E' /a\n{B}\nE",
        f"RUN <<E\n{B}\nE",
        "ENV A=${b:?must}",
        "ENV A=$(x",
    ],
)
def test_not_expanded(line: str) -> None:
    read(f"FROM a\n{line}")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("FROM a\nENV A=1 \\\n  B=x${c^} D=2", Span.of(3, 6, 3, 11)),
        ("FROM a\nENV A b ${c^} d", Span.of(2, 9, 2, 16)),
        ("FROM a\nWORKDIR /a${}", Span.of(2, 11, 2, 14)),
        ("FROM a\nCOPY x '/y", Span.of(2, 8, 2, 11)),
        ("FROM a\nCOPY --chown=${x^} x y", Span.of(2, 6, 2, 19)),
        ("FROM a\nCOPY <<E /x\nok\n  a ${b^} c\nE", Span.of(4, 5, 4, 12)),
        ("FROM a\nCOPY <<E /x\nok ${a\nE", Span.of(3, 4, 3, 7)),
    ],
)
def test_places(text: str, span: Span) -> None:
    assert failure(text).span == span


def test_from_takes_no_variable_in_copy() -> None:
    for value in ("$X", "a${X}", "\\\\$X", "'\"a\"'"):
        assert failure(f"FROM a\nCOPY --from={value} b c").code == errors.BAD_FLAG_VALUE
    for value in ("a", "0", "a:1@sha256:b", "$", '"a"', ""):
        read(f"FROM a\nCOPY --from={value} b c")


def test_from_lines_come_first() -> None:
    assert failure("FROM a\nENV A=${b^}\nFROM ${c^}\n").fields["word"] == "${c^}"


def test_long_words_are_cut() -> None:
    assert failure(f"FROM a\nENV A {'x' * 100}'").fields["word"] == "x" * 60 + "..."
