"""Which repositories a batch is about: folders, globs and clone URLs, from the command line and from lists."""

from __future__ import annotations

import codecs
import glob
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from migrate import configuration
from migrate.batch import urls
from migrate.callsites.data import Data
from migrate.callsites.data import builtin as callsite_data
from migrate.choice import OPTIONS, Choice, ChoiceError, chosen

_GLOB = re.compile(r"[*?\[]")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_OUTSIDE = ("repository", "ref")


class InputError(ValueError):
    """A line of a list that cannot be read; the text says which and why."""


class Entry(NamedTuple):
    """One repository. ``place`` is what git or the disk is asked for; only ``repository`` may be shown."""

    repository: str
    name: str
    place: str
    url: bool
    identity: str = ""
    """The same for the same repository (and ref) in every list: a digest of its URL, or of where the folder is."""
    ref: str | None = None
    settings: tuple[tuple[str, Any], ...] = ()
    """The options of ``repo`` that this repository has of its own."""
    problem: str = ""
    """Why nothing can be done for it."""

    def choice(self, common: Choice) -> Choice:
        """``common`` with the settings of its own."""
        return chosen(dict(self.settings), callsite_data(), common) if self.settings else common


class Wanted(NamedTuple):
    """A repository as somebody wrote it."""

    text: str
    ref: str | None = None
    settings: tuple[tuple[str, Any], ...] = ()


class Entries(NamedTuple):
    """The repositories in the order they were named, each once, and how many were named again."""

    entries: tuple[Entry, ...]
    duplicates: int


def read_list(text: str, source: str, data: Data) -> Iterator[Wanted]:
    """The repositories in a list: JSON objects, or ``REPOSITORY [REF]``, one a line. Raises InputError."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("{"):
            try:
                yield _object(line, data)
            except RecursionError:
                raise InputError(f"{source}:{number}: too many brackets in brackets") from None
            except ValueError as error:
                raise InputError(f"{source}:{number}: {error}") from None
            continue
        if "\0" in line:
            raise InputError(f"{source}:{number}: a NUL is in no name")
        line = re.split(r"\s#", line, maxsplit=1)[0].rstrip()
        words = line.split()
        if len(words) == 2 and urls.is_url(words[0]):
            yield Wanted(words[0], words[1])
        elif len(words) > 2 and urls.is_url(words[0]):
            raise InputError(f"{source}:{number}: more than a URL and a ref")
        else:
            yield Wanted(line)


def _object(line: str, kinds: Data) -> Wanted:
    data = json.loads(line)
    if not isinstance(data.get("repository"), str) or not data["repository"]:
        raise ValueError('"repository" is missing, or no text')
    if not _is_name(data["repository"]):
        raise ValueError('"repository" has a character that is in no name')
    ref = data.get("ref")
    if ref is not None and not isinstance(ref, str):
        raise ValueError('"ref" is no text')
    settings = {name: _setting(name, value) for name, value in data.items() if name not in _OUTSIDE}
    try:
        chosen(settings, kinds)
    except ChoiceError as error:
        raise ValueError(f'"{error.option}": {error}') from None
    return Wanted(data["repository"], ref, tuple(settings.items()))


def _is_name(text: str) -> bool:
    """Whether the system can be asked for ``text``; JSON may spell what is no character."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


#: What writes, and so stands in no repository's settings, a list may say all the same.
_SWITCHES = ("force", "remove-dockerfiles")


def _setting(name: str, value: object) -> Any:
    """The value of an option as the command line would have it."""
    if name not in OPTIONS:
        raise ValueError(f'"{name}" is none of {", ".join((*_OUTSIDE, *OPTIONS))}')
    try:
        return configuration.KEYS["docs" if name in _SWITCHES else name](value)
    except ValueError as error:
        raise ValueError(f'"{name}": {error}') from None


def entries(wanted: Iterable[Wanted]) -> Entries:
    """What is to be done, globs resolved, each repository once, under a name that no other has."""
    found: dict[str, Entry] = {}
    again = 0
    for one in wanted:
        for key, entry in _resolved(one):
            digest = hashlib.sha256(f"{key} {one.ref}".encode("utf-8", "surrogateescape")).hexdigest()
            again += digest in found
            found.setdefault(digest, entry._replace(identity=digest))
    return Entries(named(found.values(), {}), again)


def named(entries: Iterable[Entry], known: Mapping[str, str]) -> tuple[Entry, ...]:
    """``entries`` under names that no other repository has; those of ``known`` (identity -> name) keep theirs."""
    taken = {name.lower() for name in known.values()}
    found = []
    for entry in entries:
        name = known.get(entry.identity) or next(text for text in _names(entry) if text.lower() not in taken)
        taken.add(name.lower())
        found.append(entry._replace(name=name))
    return tuple(found)


def largest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """``entries`` in the order that leaves no worker alone with a large one at the end; equal ones as they came.

    Of a URL nothing is known, so it comes first; git's index has about 100 bytes for each file of a folder.
    """
    return tuple(sorted(entries, key=_weight, reverse=True))


def _weight(entry: Entry) -> float:
    if entry.url:
        return math.inf
    try:
        return os.stat(os.path.join(entry.place, ".git", "index")).st_size
    except (OSError, ValueError):
        return 0


def _resolved(one: Wanted) -> Iterator[tuple[str, Entry]]:
    """(what makes it the same as another, the entry) for each repository that ``one`` names."""
    text = one.text
    if urls.is_url(text) and not os.path.lexists(text):
        problem = urls.problem(text)
        if not problem and one.ref is not None and not urls.good_ref(one.ref):
            problem = f"{one.ref!r} is no name of a branch, tag or commit"
        entry = Entry(urls.shown(text), "", text, True, ref=one.ref, settings=one.settings, problem=problem)
        yield urls.key(text), entry
        return
    paths = [text]
    if _GLOB.search(text) and not os.path.lexists(text):
        paths = sorted(path for path in glob.glob(text, recursive=True) if os.path.isdir(path)) or [text]
    for path in paths:
        real = os.path.realpath(path)
        problem = _folder_problem(path, one)
        yield os.path.normcase(real), Entry(path, "", real, False, ref=one.ref, settings=one.settings, problem=problem)


def _folder_problem(path: str, one: Wanted) -> str:
    if one.ref is not None:
        return "a folder is taken as it stands; for a ref give its file:// URL"
    if os.path.isdir(path):
        return ""
    if os.path.lexists(path):
        return "this is no folder"
    return "no folder fits" if _GLOB.search(path) else "there is no such folder"


def _names(entry: Entry) -> Iterator[str]:
    """What the entry may be called, the best first; the last one is no other's."""
    label = os.path.basename(entry.place) + (f"-{entry.ref}" if entry.ref is not None else "")
    name = _safe(urls.label(entry.place) if entry.url else label)
    yield name
    if not entry.url:
        yield _safe(f"{os.path.basename(os.path.dirname(entry.place))}-{label}")
    yield f"{name}-{entry.identity[:8]}"
    yield f"{name}-{entry.identity}"


def own_name(entry: Entry) -> str:
    """A name that no other URL and ref has, in whatever list they stand."""
    return f"{_safe(urls.label(entry.place))}-{entry.identity[:12]}"


def _safe(name: str) -> str:
    """``name`` as a file name on every system."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80].strip("-.") or "repository"
    return f"{text}-" if _RESERVED.fullmatch(text) else text


def file_text(path: str, standard_input: bytes | None) -> str:
    """The text of a list, UTF-8 or, as PowerShell writes it, UTF-16; ``-`` is standard input. Raises OSError."""
    data = (standard_input if path == "-" else Path(path).read_bytes()) or b""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "surrogateescape")


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as plain JSON data, sets in order."""
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in settings.items()}
