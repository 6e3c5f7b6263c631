"""Calls of earth that stand in the repository already: what they name must exist after the migration, too.

earth says nothing about an argument that no target declares, so a name that went with its Dockerfile would be silent.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from migrate.callsites.model import joined
from migrate.callsites.shellfolders import Folders
from migrate.callsites.shellreading import ShellError
from migrate.callsites.shellwords import commands
from migrate.diagnostics import Collector, Diagnostic
from migrate.mappings import Mappings
from migrate.survey import line_span

#: The carriers in which commands stand.
CARRIERS = frozenset(("shell", "workflows", "makefile", "gitlab", "justfile", "taskfile", "packagejson"))
_CALL = re.compile(r"(?<![\w./-])earth(?:ly)?(?=[ \t])((?:\\\r?\n|[^\n;&|)#])*)")
_REFERENCE = re.compile(r"^[\"']?((?:\.{1,2}(?:/(?:[^+\s\"']|\\\+)*)?)?)\+([a-z][a-zA-Z0-9.-]*)[\"']?$")
_NAME = re.compile(r"^[\"']?--([A-Za-z_][A-Za-z0-9_]*)(?:=|[\"']?$)")
_ARGUMENT = re.compile(r"^[ \t]*ARG[ \t]+(?:--\w+[ \t]+)*([A-Za-z_][A-Za-z0-9_]*)", re.MULTILINE)
_TARGET = re.compile(r"^([a-z][a-zA-Z0-9.-]*):", re.MULTILINE)
_ELSEWHERE = re.compile(r"working-directory|(?<![\w-])(?:cd|pushd)[ \t]|\bdir:|-C[ \t]")


class EarthCall(NamedTuple):
    """One call: where it stands, the folders in which its Earthfile may be, the target, the names of its arguments."""

    path: str
    start: int
    end: int
    folders: tuple[str, ...]
    target: str
    arguments: tuple[str, ...]


def calls(path: str, carrier: str, text: str) -> tuple[EarthCall, ...]:
    """The calls of earth in one file whose Earthfile is certain."""
    if "earth" not in text or carrier not in CARRIERS:
        return ()
    return tuple(_in_script(path, text) if carrier == "shell" else _in_lines(path, carrier, text))


def _in_script(path: str, text: str) -> Iterator[EarthCall]:
    try:
        found = commands(text)
    except ShellError:
        return
    folders = Folders(found, path, None)
    for command in found:
        here = folders.at(command)
        if command.name in ("earth", "earthly") and None not in here:
            words = [word.text if word.text is not None else word.head for word in command.words[1:]]
            starts = tuple(folder for folder in here if folder is not None)
            yield from _call(path, command.start, command.words[-1].end, words, starts)


def _in_lines(path: str, carrier: str, text: str) -> Iterator[EarthCall]:
    if _ELSEWHERE.search(text):
        return
    folder = posixpath.dirname(path) if carrier in ("makefile", "justfile", "taskfile", "packagejson") else ""
    for match in _CALL.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if "#" not in line and not re.search(r"\b(?:echo|printf)\b", line):
            words = match.group(1).replace("\\\n", " ").split()
            yield from _call(path, match.start(), match.end(), words, (folder,))


def _call(path: str, start: int, end: int, words: list[str], starts: tuple[str, ...]) -> Iterator[EarthCall]:
    for index, word in enumerate(words):
        match = _REFERENCE.match(word)
        if match is not None:
            way = match.group(1).replace("\\+", "+") or "."
            places = [joined(folder, way) for folder in starts]
            names = tuple(name.group(1) for rest in words[index + 1 :] if (name := _NAME.match(rest)))
            if None not in places:
                folders = tuple(dict.fromkeys(place for place in places if place is not None))
                yield EarthCall(path, start, end, folders, match.group(2), names)
            return


def asked(found: Iterable[EarthCall]) -> dict[str, frozenset[str]]:
    """Folder -> the names of the arguments that calls pass to its Earthfile."""
    names: dict[str, frozenset[str]] = {}
    for call in found:
        for folder in call.folders:
            names[folder] = names.get(folder, frozenset()) | frozenset(call.arguments)
    return names


def lost(
    found: Iterable[EarthCall], texts: Mapping[str, str], earthfiles: Mapping[str, str], mappings: Mappings
) -> list[Diagnostic]:
    """A finding for each call that names a target or an argument that the Earthfile does not have.

    ``texts``: path -> text of the files with calls; ``earthfiles``: folder -> text, as they will be.
    """
    result: list[Diagnostic] = []
    for call in found:
        known = [folder for folder in call.folders if folder in earthfiles]
        fits = [folder for folder in known if call.target in _TARGET.findall(earthfiles[folder])]
        if not known:
            continue
        collector = Collector(call.path, mappings.diagnostics)
        span = line_span(texts[call.path], call.start, call.end)
        folder = (*fits, *known)[0]
        text, file = earthfiles[folder], posixpath.join(folder, "Earthfile")
        if not fits:
            collector.report("EM816", span, target=call.target, earthfile=file)
        declared = frozenset(_ARGUMENT.findall(text))
        for name in call.arguments:
            if name not in declared:
                collector.report("EM817", span, name=name, earthfile=file)
        result += collector.diagnostics
    return result
