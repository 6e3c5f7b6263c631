"""The lines of Dockerfile and Earthfile that the fields of an image's config come from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import Instruction, OnbuildDetail, PairsDetail, WordsDetail
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.earthfile.reader import EarthfileError, Statement, flags_and_args
from migrate.earthfile.reader import read as read_earthfile
from migrate.report.verdicts import Origin
from migrate.stages import Stage, build
from migrate.verify.pairs import Job

_FIELDS = {
    "CMD": "Cmd",
    "ENTRYPOINT": "Entrypoint",
    "ENV": "Env",
    "EXPOSE": "ExposedPorts",
    "HEALTHCHECK": "Healthcheck",
    "LABEL": "Labels",
    "ONBUILD": "OnBuild",
    "SHELL": "Shell",
    "STOPSIGNAL": "StopSignal",
    "USER": "User",
    "VOLUME": "Volumes",
    "WORKDIR": "WorkingDir",
}
Lines = dict[tuple[str, str], int]
"""(field, key) -> line; the key is empty for what concerns the whole field."""


def origins(job: Job) -> dict[tuple[str, str], Origin]:
    """Where each field of the config of ``job``'s two images is set last; nothing for what no line sets."""
    docker = dockerfile_lines(job.pair.dockerfile.read_bytes(), job.stage) if job.pair.dockerfile.is_file() else {}
    earth = earthfile_lines(job.pair.earthfile, job.target)
    places = docker.keys() | earth.keys()
    return {place: Origin(_line(docker, place), _line(earth, place)) for place in places}


def _line(lines: Lines, place: tuple[str, str]) -> int | None:
    return lines.get(place) or (lines.get((place[0], "")) if place[0] not in ("Env", "Labels") else None)


def dockerfile_lines(source: bytes, stage: str | None) -> Lines:
    """The same for a Dockerfile's stage, None: the last. A stage goes on where the one it is FROM ends."""
    try:
        graph = build(read_dockerfile(source))
    except DockerfileError:
        return {}
    named = [item for item in graph.stages if stage is not None and stage.lower() in (item.name, str(item.index))]
    chosen: Stage | None = (named or [*graph.stages])[-1]
    chain: list[Stage] = []
    while chosen is not None:
        chain.insert(0, chosen)
        chosen = graph.stages[chosen.base] if chosen.base is not None else None
    found: Lines = {}
    for item in chain:
        for instruction in item.instructions:
            found.update(dict.fromkeys(_set_by(instruction), instruction.span.start.line))
    return found


def _set_by(instruction: Instruction) -> list[tuple[str, str]]:
    field, detail = _FIELDS.get(instruction.keyword), instruction.detail
    if field is None:
        return []
    if isinstance(detail, PairsDetail):
        return [(field, _unquoted(pair.key)) for pair in detail.pairs]
    if isinstance(detail, WordsDetail):
        return [*_words(field, [operand.text for operand in detail.operands])]
    return [(field, "")] if not isinstance(detail, OnbuildDetail) or field == "OnBuild" else []


def earthfile_lines(text: str, target: str) -> Lines:
    """The same for an Earthfile's target, through the targets that it is FROM."""
    try:
        recipes = {recipe.name: recipe.statements for recipe in read_earthfile(text, strict=False).targets}
        found: Lines = {}
        for name in reversed(_chain(recipes, target)):
            for statement in _flat(recipes[name]):
                found.update(dict.fromkeys(_said_by(statement), statement.line))
    except EarthfileError:
        return {}
    return found


def _chain(recipes: dict[str, tuple[Statement, ...]], target: str) -> list[str]:
    names: list[str] = []
    while target in recipes and target not in names:
        names.append(target)
        bases = [flags_and_args(item)[1] for item in _flat(recipes[target]) if item.name == "FROM"]
        target = bases[-1][0].removeprefix("+") if bases and bases[-1] else ""
    return names


def _flat(statements: Iterable[Statement]) -> list[Statement]:
    found: list[Statement] = []
    for statement in statements:
        found.append(statement)
        for block in statement.blocks:
            found += _flat(block.statements)
    return found


def _said_by(statement: Statement) -> list[tuple[str, str]]:
    field = _FIELDS.get(statement.name)
    if field is None:
        return []
    if statement.name == "ENV":
        return [(field, statement.args[0])] if statement.args else []
    if statement.name == "LABEL":
        equals = [index for index, word in enumerate(statement.args) if word == "="]
        return [(field, _unquoted(statement.args[index - 1])) for index in equals if index]
    if statement.name in ("EXPOSE", "VOLUME"):
        return [*_words(field, statement.args)]
    return [(field, "")]


def _words(field: str, words: Iterable[str]) -> Iterable[tuple[str, str]]:
    yield field, ""
    for word in map(_unquoted, words):
        if field == "Volumes":
            yield field, word
        elif re.fullmatch(r"\d+(/\w+)?", word):
            yield field, word if "/" in word else f"{word}/tcp"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)|[\"']", r"\1", text)
