"""ONBUILD triggers of an inspected base image: commands of the stage, or left to the frontend."""

from __future__ import annotations

import pytest
from support import codes, targets
from test_imagefacts import converted

from migrate.dockerfile.model import Fired
from migrate.dockerfile.reader import read
from migrate.firing import fired
from migrate.imagefacts import ImageFacts

TRIGGERS = ImageFacts(onbuild=("WORKDIR /app", "COPY . .", "RUN build && \\\n  test", "USER 5"))


def test_every_place_is_the_from() -> None:
    origin = read("# c\nFROM x\nRUN a\n").instructions[0]
    found = fired(("RUN <<EOF\na\nEOF", 'ENV A="b c"'), origin, "x")
    assert [item.keyword for item in found] == ["RUN", "ENV"]
    assert all(isinstance(item, Fired) and item.span_of(0, 3) == item.span == origin.span for item in found)
    assert found[1].position(3) == origin.span.start
    assert [line.text for line in found[0].above] == ["# What the ONBUILD triggers of x do:"]
    assert found[1].above == ()
    assert fired(("BOGUS x",), origin, "x") == ()


def test_they_are_the_first_commands() -> None:
    conversion = converted("FROM acme/base\nRUN b\nCOPY c d\n", **{"acme/base:latest": TRIGGERS})
    assert targets(conversion)["docker"] == [
        "FROM acme/base",
        "# What the ONBUILD triggers of acme/base do:",
        "WORKDIR /app",
        "COPY . .",
        "RUN build && \\",
        "  test",
        "USER 5",
        "RUN b",
        "COPY --chown=0:0 c d",
        "SAVE IMAGE --push app:latest",
    ]
    assert codes(conversion) == ["EM646"]


def test_only_in_the_stage_that_is_from_the_image() -> None:
    conversion = converted("FROM acme/base AS a\nFROM a\nRUN b\n", **{"acme/base:latest": TRIGGERS})
    assert targets(conversion)["docker"][:2] == ["FROM +a", "RUN b"]


@pytest.mark.parametrize(
    "text",
    [
        "FROM acme/base\nSTOPSIGNAL 3\n",  # a Dockerfile at the root would run them, too
        'FROM acme/base AS p\nFROM p\nHEALTHCHECK CMD ["a"]\n',
        "ARG V=latest\nFROM acme/base:$V\n",  # another tag may have others
    ],
)
def test_left_to_the_frontend(text: str) -> None:
    conversion = converted(text, **{"acme/base:latest": TRIGGERS})
    assert "EM645" in codes(conversion)
    assert "WORKDIR" not in (conversion.earthfile or "")
    assert "-f +onbuild/Dockerfile ." in (conversion.earthfile or "")


def test_a_trigger_that_cannot_be_read_is_left_to_the_frontend() -> None:
    conversion = converted("FROM acme/base\n", **{"acme/base:latest": ImageFacts(onbuild=("COPY",))})
    assert codes(conversion) == ["EM464", "EM645"]


def test_a_trigger_may_be_what_an_earthfile_cannot_say() -> None:
    facts = ImageFacts(onbuild=("COPY --exclude=x . /y",))
    conversion = converted("FROM acme/base\n", **{"acme/base:latest": facts})
    assert "EM402" in codes(conversion)
    assert [found.span.start.line for found in conversion.diagnostics if found.span] == [1, 1]
