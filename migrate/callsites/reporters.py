"""Files that build images in ways of their own: found by patterns (mappings/reporters.yaml), never edited.

Where the pattern's neighbourhood names a build context literally, the site knows its files, so that the call of earth
can be suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from migrate.callsites import buildcall, shell
from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Translator, Tree, placed
from migrate.callsites.shellwords import ShellError
from migrate.callsites.translate import Note
from migrate.callsites.values import literal

_LONGEST_BLOCK = 1500


def sites(text: str, path: str, tree: Tree, data: Data, carrier: str) -> list[Site]:
    """The places in ``text`` that the patterns of ``carrier`` find, comments left out."""
    entry = data.reporters[carrier]
    found = []
    for find in entry["finds"]:
        for match in re.finditer(find["pattern"], text, re.MULTILINE):
            start = match.start() + len(match.group()) - len(match.group().lstrip())
            if entry["comment"] not in text[text.rfind("\n", 0, start) + 1 : start].replace("://", ""):
                end = min(match.end(), text.find("\n", start) if "\n" in text[start:] else len(text))
                note = Note("EM809", {"what": find["what"], "hint": find["hint"]})
                site = Site(path, carrier, start, max(start, end), detail=note)
                found.append((site, match.end(), find))
    found.sort(key=lambda item: item[0].start)
    stops = [*(item[0].start for item in found), len(text)][1:] if found else []
    return [
        _with_files(site, text[site.start : min(max(stop, after), site.start + _LONGEST_BLOCK)], find, tree, data)
        for (site, after, find), stop in zip(found, stops, strict=True)
    ]


def _with_files(site: Site, block: str, find: Mapping[str, Any], tree: Tree, data: Data) -> Site:
    """``site`` with its call, Dockerfile and context as far as ``block``, its text up to the next site, gives them."""
    own = site.path.rpartition("/")[0]
    for call in _calls(block, find, site.path, tree, data):
        known = placed(replace(site, call=call), ("", own) if "command" in find else (own, ""), tree)
        if known.dockerfile is not None:
            return replace(known, why="")
    return site


def _calls(block: str, find: Mapping[str, Any], path: str, tree: Tree, data: Data) -> Iterator[BuildCall]:
    """The calls that ``block`` may mean: a command line up to one of its closing quotes, words, or two settings."""
    if "command" in find:
        line = re.split(r"(?<!\\)\r?\n", block, maxsplit=1)[0]
        ends = [len(line), *(match.start() for match in re.finditer(r"[\"',)\]]", line))]
        for end in sorted(ends, reverse=True):
            try:
                (one,) = shell.found(line[:end], path, tree, data.docker_flags)
            except (ShellError, ValueError):
                continue
            if one.call is not None and not one.call.problem:
                yield one.call
    if "words" in find and (words := re.search(find["words"], block)):
        texts = re.findall(r"[^\s,\"']+|\"[^\"]*\"|'[^']*'", words.group(1))
        call = buildcall.read([literal("docker"), *(literal(text.strip("\"'")) for text in texts)], data.docker_flags)
        if call is not None:
            yield call
    if "context" in find:
        context, file = re.search(find["context"], block), re.search(find.get("dockerfile", r"(?!)"), block)
        folder = context.group(1) if context else "."
        # All these tools look for the Dockerfile in the context.
        name = file.group(1) if file else ""
        # These tools keep the image.
        options = [Option("load", data.docker_flags["load"], None)]
        if name:
            options.append(Option("file", data.docker_flags["file"], literal(f"{folder.rstrip('/')}/{name}")))
        if not re.search(r"[${}*]", folder + name):
            yield BuildCall("docker", False, tuple(options), literal(folder))


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """Nothing but a note for one of ``sites``."""
    return Outcome(site, notes=(site.detail,))
