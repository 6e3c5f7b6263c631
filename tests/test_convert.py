"""The whole of one conversion: results, grades, source map, and what cannot be converted."""

from __future__ import annotations

import pickle

import pytest
from support import codes, converted, targets

from migrate.convert import convert
from migrate.diagnostics import Severity
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.settings import Settings

EXAMPLE = """\
# One Go release for every stage.
ARG GO_VERSION=1.22
FROM golang:${GO_VERSION}-alpine AS build
WORKDIR /src
# Modules first: they change less often.
COPY go.mod ./
RUN --mount=type=cache,target=/go/pkg/mod \\
    go mod download
ARG VERSION=dev
COPY . .
RUN go build -ldflags "-X main.version=${VERSION}" -o /out/api .

FROM alpine:3.20
RUN adduser -D -u 1000 api && \\
    # the volume must belong to the service
    mkdir /data && chown api /data
COPY --from=build /out/api /usr/local/bin/
USER api
COPY settings.json /etc/api/
VOLUME /data
EXPOSE 8080
CMD api --listen ":$PORT"
"""


def test_the_example_of_the_facts() -> None:
    """hard-cases.md 11, built with both tools."""
    recipes = targets(converted(EXAMPLE, name="api"))
    assert recipes[""] == ["# One Go release for every stage.", "ARG --global GO_VERSION=1.22"]
    assert recipes["build"] == [
        "FROM golang:${GO_VERSION}-alpine",
        "WORKDIR /src",
        "# Modules first: they change less often.",
        "COPY go.mod ./",
        "RUN --mount=type=cache,target=/go/pkg/mod \\",
        "    go mod download",
        "ARG VERSION=dev",
        "COPY . .",
        'RUN go build -ldflags "-X main.version=${VERSION}" -o /out/api .',
        "SAVE ARTIFACT /out/api /out/api",
    ]
    assert recipes["docker"] == [
        "FROM alpine:3.20",
        "RUN adduser -D -u 1000 api && \\",
        "    # the volume must belong to the service",
        "    mkdir /data && chown api /data",
        "COPY +build/out/api /usr/local/bin/",
        "USER api",
        "COPY --chown=0:0 settings.json /etc/api/",
        "VOLUME /data",
        "EXPOSE 8080",
        'CMD ["/bin/sh", "-c", "api --listen \\":$PORT\\""]',
        "SAVE IMAGE --push api:latest",
    ]


def test_the_source_map_names_the_lines() -> None:
    conversion = converted(EXAMPLE)
    lines = (conversion.earthfile or "").split("\n")
    for line, span in conversion.source_map:
        written = lines[line - 1].split()
        keyword = EXAMPLE.split("\n")[span.start.line - 1].split()[0]
        assert keyword in ("FROM", "COPY", "RUN", *written), (lines[line - 1], span)
    assert [line for line, _ in conversion.source_map] == sorted(line for line, _ in conversion.source_map)


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("FROM alpine\nRUN a\n", {"docker": "equal"}),
        ("FROM alpine\nSTOPSIGNAL 9\n", {"docker": "equal", "stop-signal": "equal"}),
        ("FROM alpine\nSTOPSIGNAL $S\n", {"docker": "differs"}),
        ("FROM alpine AS a\nSTOPSIGNAL $S\nFROM alpine\nRUN b\n", {"a": "differs", "docker": "equal"}),
        ("FROM alpine AS a\nSTOPSIGNAL $S\nFROM a\n", {"a": "differs", "docker": "differs"}),
    ],
)
def test_grades(text: str, grades: dict[str, str]) -> None:
    conversion = converted(text)
    assert {result.target: result.grade.label for result in conversion.targets} == grades


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n# only a comment\n",
        "RUN a\n",
        "ARG A=1\n",
        b"FROM \xff\n",
        "FROM a\0b\n",
        "FROM a\nNOPE b\n",
        "FROM a b\n",
        "FROM a\nRUN <<EOF\nb\n",
        "FROM a\nCOPY --nope b c\n",
        "FROM a\nENV A\n",
        "FROM {{ image }}\n",
        "# syntax=example.com/own\nFROM a\n",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN a\n",
    ],
)
def test_what_cannot_be_converted_is_one_error(source: str | bytes) -> None:
    conversion = convert(source, Settings(name="app"), path="d/Dockerfile")
    assert conversion.files == ()
    assert conversion.earthfile is None
    (found,) = conversion.diagnostics
    assert found.severity is Severity.ERROR
    assert found.path == "d/Dockerfile"
    assert found.message


def test_bytes_text_and_byte_order_mark() -> None:
    plain = converted("FROM alpine\nLABEL a=é\n")
    settings = Settings(name="app")
    assert convert("FROM alpine\nLABEL a=é\n".encode(), settings).files == plain.files
    assert convert(b"\xef\xbb\xbf" + "FROM alpine\nLABEL a=é\n".encode(), settings).files == plain.files


def test_the_last_line_needs_no_newline() -> None:
    assert converted("FROM alpine\nRUN a").files == converted("FROM alpine\nRUN a\n").files


def test_results_travel_between_processes() -> None:
    conversion = converted(EXAMPLE)
    assert pickle.loads(pickle.dumps(conversion)) == conversion


def test_every_stage_becomes_a_target_even_when_nothing_needs_it() -> None:
    recipes = targets(converted("FROM a AS lint\nRUN b\nFROM c\n"))
    assert list(recipes) == ["", "lint", "docker"]


def test_lower_case_instructions() -> None:
    conversion = converted("from alpine as x\nrun a\nfrom x\ncopy b c\n")
    assert codes(conversion) == []
    assert targets(conversion)["docker"][0] == "FROM +x"


def test_a_remark_of_several_lines_holds_no_command() -> None:
    conversion = converted("FROM alpine\nONBUILD RUN <<EOF\nrm -rf /\nEOF\nRUN a\n")
    assert read_dockerfile("FROM alpine\nRUN a\n").instructions
    commands = [line for line in targets(conversion)["docker"] if not line.startswith("#")]
    assert commands == ["FROM alpine", "RUN a", "SAVE IMAGE --push app:latest"]
