"""What is built at a place that is not read as a command: from words or keys near it (mappings/descriptions.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from migrate.callsites import buildcall, shellwords
from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.data import Data
from migrate.callsites.model import Site, Tree, located
from migrate.callsites.shellreading import ShellError
from migrate.callsites.translate import Left
from migrate.callsites.values import Piece, Value, literal

#: A build by docker, or by the program that a variable of that kind names.
_COMMAND = re.compile(
    r"(?:(?<![\w./-])(?:docker|podman)|\$[({]?\w*(?i:docker|podman|container)\w*[)}]?)[ \t]+"
    r"(?:buildx[ \t]+|image[ \t]+|builder[ \t]+)?build(?![\w-])"
)
_LOGICAL_LINE = re.compile(r"(?:[^\\\n]|\\(?:\r?\n|.))*")
#: An item of a YAML or JSON list: in quotes, on a line of its own, or between commas.
_ITEM = re.compile(
    r"'([^'\n]*)'|\"((?:[^\"\\\n]|\\.)*)\"|^[ \t]*-[ \t]+([^\s'\"#][^\n#]*)|(?<=[\[,])[ \t]*([^\s'\",\[\]]+)", re.M
)
_ITEMS_END = re.compile(r"\]|^[ \t]*-?[ \t]*[\w-]+:[ \t\n]|\Z", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|\$\{\{.*?\}\}|\{\{.*?\}\}")


def located_site(site: Site, text: str, end: int, tree: Tree, data: Data) -> Site:
    """``site`` with its call, and with Dockerfile and context where they are certain. ``end``: the next place."""
    call = read(site, text, end, data)
    if call is None:
        return site
    entry: Mapping[str, Any] = data.descriptions.get(site.carrier, {})
    folder = site.path.rpartition("/")[0] if entry.get("from") == "file" else ""
    site = replace(site, call=call, folder=folder)
    try:
        dockerfile, context = located(placed(call, entry), folder, tree)
    except Left:
        return site
    return replace(site, dockerfile=dockerfile, context=context)


def read(site: Site, text: str, end: int, data: Data) -> BuildCall | None:
    """The build that stands at ``site`` and before ``end``, None when nothing says what it is."""
    entry: Mapping[str, Any] = data.descriptions.get(site.carrier, {})
    lines = entry.get("lines", 1)
    region = text[site.start : min(end, _after_lines(text, site.start, lines) if lines else site.end)]
    found = _command(text[max(site.start - 1, 0) : site.start], region, data)
    if found is not None or not entry:
        return found
    found = _listed(region, entry["list"], data) if "list" in entry else _keyed(region, entry, data)
    if found is None or "push" not in entry:
        return found
    value = None if entry["push"] == "true" else Value((Piece(entry["push"], None, '"'),))
    return replace(found, options=(*found.options, Option("push", data.docker_flags["push"], value)))


def placed(call: BuildCall, entry: Mapping[str, Any]) -> BuildCall:
    """``call`` with a Dockerfile that is named from its context named from where the call stands."""
    file = call.last("file")
    if entry.get("dockerfile-in") != "context" or file is None or file.text is None or call.context is None:
        return call
    if call.context.text is None:
        return call
    moved = literal(f"{call.context.text.rstrip('/')}/{file.text}")
    options = tuple(
        option._replace(value=moved) if option.entry["becomes"] == "file" else option for option in call.options
    )
    return replace(call, options=options)


def _after_lines(text: str, start: int, count: int) -> int:
    position = start
    for _ in range(count):
        position = text.find("\n", position) + 1
        if not position:
            return len(text)
    return position


def _command(before: str, region: str, data: Data) -> BuildCall | None:
    """The first docker build in ``region``, read as a shell reads it up to the end of its line or its quotes.

    ``before`` is the character in front of the region.
    """
    match = _COMMAND.search(region)
    if match is None:
        return None
    around = (before + region[: match.start()].rstrip(" \t")).replace("\\", "")[-1:]
    rest = _LOGICAL_LINE.match(region, match.start())
    assert rest is not None
    line = rest.group()
    if around in ("'", '"', "`") and around in line:
        line = line[: line.index(around)].rstrip("\\")
    try:
        found = shellwords.commands(line)
    except ShellError:
        return None
    words = next((command.words for command in found if not command.substituted), ())
    return buildcall.read((literal("docker"), *words[1:]), data.docker_flags) if words else None


def _listed(region: str, mark: str, data: Data) -> BuildCall | None:
    """``args: ['build', '-t', 'X', '.']``."""
    start = re.search(mark, region)
    if start is None:
        return None
    end = _ITEMS_END.search(region, start.end())
    items = ["".join(groups) for groups in _ITEM.findall(region[: end.end() if end else None], start.end())]
    return buildcall.read([literal("docker"), *map(_value, items)], data.docker_flags)


def _keyed(region: str, entry: Mapping[str, Any], data: Data) -> BuildCall | None:
    """``context:``, ``dockerfile:`` and their like."""
    if "unless" in entry and re.search(entry["unless"], region, re.MULTILINE):
        return None
    found = {key: _first(entry[key], region) for key in ("context", "dockerfile", "target", "image") if key in entry}
    if not any(found.values()) and "name" not in entry:
        return None
    options = [
        Option(option, data.docker_flags[option], _value(text))
        for key, option in (("dockerfile", "file"), ("target", "target"), ("image", "tag"))
        if (text := found.get(key))
    ]
    if entry.get("push") != "true":
        options.append(Option("load", data.docker_flags["load"], None))  # such tools keep the image
    if "name" in entry:
        options.append(Option("tag", data.docker_flags["tag"], Value((Piece(entry["name"], None, '"'),))))
    context = found.get("context") or entry.get("default-context")
    return BuildCall("docker", True, tuple(options), _value(context) if context else None)


def _first(patterns: Sequence[str], region: str) -> str | None:
    matches = (re.search(pattern, region, re.MULTILINE) for pattern in patterns)
    return next((match.group(1).strip() for match in matches if match is not None), None)


def _value(text: str) -> Value:
    """``text``, the variables in it unknown."""
    pieces: list[Piece] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > position:
            pieces.append(Piece(text[position : match.start()], text[position : match.start()], '"'))
        pieces.append(Piece(match.group(), None, '"'))
        position = match.end()
    if not pieces:
        return literal(text)
    if position < len(text):
        pieces.append(Piece(text[position:], text[position:], '"'))
    return Value(tuple(pieces))
