"""The services of all compose files that lose ``build:``: what a plan knows, and what it answers to their callers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.callsites import composebuild
from migrate.callsites.compose import Built, command, is_override
from migrate.callsites.composecall import ComposeCall, Steps
from migrate.callsites.composefile import MAIN_FILES, Reader, Service, project_services
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Tree, reference
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Value, literal
from migrate.callsites.yamltext import YamlError
from migrate.composetargets import ProjectTarget, in_shell
from migrate.survey import LARGEST_CARRIER

_NAME = re.compile(r"(?<=\$)[A-Za-z_]\w*|(?<=\$\{)[A-Za-z_]\w*")
Key = tuple[str, str]
"""(file, service)"""
Placed = Callable[[Site], tuple[str, EarthCall]]
"""The Earthfile's folder and the call of earth with a bare target, for a site. Raises Left."""


class Item(NamedTuple):
    """A service that may lose its build: where it stands, what it builds, and the call of earth that does so."""

    site: Site
    built: Built
    folder: str
    made: EarthCall

    @property
    def key(self) -> Key:
        """Its file and its name."""
        return self.built.service.path, self.built.service.name

    @property
    def place(self) -> tuple[str, int]:
        """Where its build is written, which several services may share."""
        assert self.built.service.build is not None
        return self.built.service.build.place


@dataclass
class ComposePlan:
    """What is decided for all compose files of a repository."""

    tree: Tree
    tool: str
    reader: Reader
    items: dict[Key, Item] = field(default_factory=dict)
    why: dict[Key, str] = field(default_factory=dict)
    sites: dict[Key, Site] = field(default_factory=dict)
    edits: dict[tuple[str, int], list[Edit]] = field(default_factory=dict)
    """Where a build stands -> what takes it out."""
    targets: list[ProjectTarget] = field(default_factory=list)
    merged: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of files that Compose reads together."""

    @property
    def replaced(self) -> frozenset[Key]:
        """The services that lose ``build:``."""
        return frozenset(key for key in self.items if key not in self.why)

    def outcome(self, site: Site) -> Outcome:
        """What becomes of one site of a compose file."""
        built: Built = site.detail
        key = (built.service.path, built.service.name)
        if key in self.why:
            return Outcome(site, why=self.why[key])
        item = self.items[key]
        made = call_from(item, posixpath.dirname(site.path))
        notes = [note for note in made.notes if note.code != "EM802"]
        notes.append(Note("EM830", {"service": key[1], "command": command(made, self.tool)}))
        notes += [
            Note("EM831", {"key": name, "reason": reason, "services": ", ".join(names)})
            for name, reason in built.lost
            if (names := self._losing(site.path, name))[0] == key[1]
        ]
        if key == next(other for other in self.items if other[0] == key[0] and other not in self.why):
            notes += self._unseen(site.path)
        owner = next(other for other, found in self.items.items() if found.place == item.place)
        mine = self.edits.get(item.place, ()) if owner == key else ()
        return Outcome(site, tuple(mine), tuple(notes))

    def _losing(self, path: str, lost: str) -> list[str]:
        """The services of a file that lose a key of ``build:``, in its order."""
        return [
            key[1]
            for key, item in self.items.items()
            if key[0] == path and key not in self.why and lost in dict(item.built.lost)
        ]

    def _unseen(self, path: str) -> list[Note]:
        """What is said where Compose may read variables from a file that is not committed."""
        if self.tree.is_file(posixpath.join(posixpath.dirname(path), ".env")):
            return []
        items = [item for key, item in self.items.items() if key[0] == path and key not in self.why]
        names = names_in(word for item in items for word in item.made.arguments)
        return [Note("EM833", {"names": ", ".join(names)})] if names else []

    def first(self, path: str) -> str:
        """The call of earth for the first service that a file replaces, for a command in its folder."""
        item = next(item for key, item in self.items.items() if key[0] == path and key not in self.why)
        return command(call_from(item, posixpath.dirname(path)), self.tool)

    def steps(self, call: ComposeCall, site: Site) -> Steps:
        """What ``call``, which stands at ``site``, becomes. Raises Left."""
        files, folder = self._files(call)
        if call.problem:
            raise Left(call.problem)
        services = self.project(files)
        chosen = _chosen(call, services)
        needed: list[Item] = []
        kept: list[str] = []
        for name in chosen:
            parts = [part for part in services[name] if part.build is not None]
            keys = [(part.path, part.name) for part in parts]
            if not parts:
                continue
            if any(key not in self.items or key in self.why for key in keys):
                kept.append(name)
            else:
                needed.append(self.items[keys[-1]])
        if not needed:
            return Steps((), tuple(kept), all_kept=True)
        calls = self._calls(needed, call, folder, self._environment(site))
        return Steps(calls, tuple(kept))

    def _environment(self, site: Site) -> str | None:
        """The text that sets every variable which a command can see, None where that is not known.

        The steps of a workflow see what the workflow sets, and what the runner does for each job alike.
        """
        raw = self.tree.read(site.path, LARGEST_CARRIER) if site.path.startswith(".github/workflows/") else None
        text = raw.decode("utf-8", "replace") if raw is not None else None
        return None if text is None or "GITHUB_ENV" in text or "self-hosted" in text else text

    def _calls(
        self, needed: Sequence[Item], call: ComposeCall, folder: str, visible: str | None
    ) -> tuple[EarthCall, ...]:
        quiet = [literal("--env-file-path=/dev/null")] if self.tree.is_file(posixpath.join(folder, ".env")) else []
        flags = [*quiet, *call.flags]
        wanted = frozenset(item.key for item in needed)
        whole = next((target for target in self.targets if target.keys == wanted), None)
        if whole is not None and not call.arguments:
            return (whole.call(folder, flags, visible),)
        environment = self.reader.environment(posixpath.dirname(needed[0].site.path))
        found: dict[str, EarthCall] = {}
        for item in needed:
            made = in_shell(call_from(item, folder), environment)
            for value in call.arguments:
                name = value.head.partition("=")[0]
                made.arguments = [word for word in made.arguments if not word.head.startswith(f"--{name}=")]
                made.arguments.append(value.before("--"))
            made.flags = [*flags, *made.flags]
            found.setdefault(command(made, ""), made)
        return tuple(found.values())

    def _files(self, call: ComposeCall) -> tuple[list[str], str]:
        """The files that a command reads, and the folder in which it runs. Raises Left."""
        for folder in call.folders:
            if folder is None:
                continue
            if not call.files:
                if files := self.reader.default_files(folder):
                    return files, folder
                continue
            paths = [posixpath.normpath(posixpath.join(folder or ".", name)) for name in call.files]
            if all(self.tree.is_file(path) for path in paths):
                return paths, folder
        unknown = None in call.folders
        raise Left("the folder in which it runs is not certain" if unknown else "its files are not in the repository")

    def project(self, files: Sequence[str]) -> dict[str, list[Service]]:
        """The services of a project by name, as ``files`` describe them one after the other. Raises Left."""
        try:
            return project_services(files, self.reader)
        except YamlError as error:
            raise Left(str(error)) from None

    def projects(self, calls: Iterable[ComposeCall]) -> list[tuple[str, ...]]:
        """The lists of files that are read together: by default, alone, and as commands name them."""
        found: dict[tuple[str, ...], None] = {}
        paths = dict.fromkeys(site.path for site in self.sites.values())
        for path in paths:
            folder = posixpath.dirname(path)
            default = self.reader.default_files(folder)
            if posixpath.basename(path) in MAIN_FILES or is_override(path):
                found[tuple(default)] = None
        for call in calls:
            try:
                files, _ = self._files(call)
            except Left:
                continue
            found[tuple(files)] = None
        for path in paths:
            if not is_override(path) and posixpath.basename(path) not in MAIN_FILES:
                found[(path,)] = None
        return [files for files in found if files]


def names_in(words: Iterable[Value]) -> list[str]:
    """The variables in ``words``."""
    return sorted({name for raw in composebuild.variables(words) for name in _NAME.findall(raw)})


def call_from(item: Item, start: str) -> EarthCall:
    """The call of earth for an item, for a command that runs in ``start``."""
    made = item.made
    return EarthCall(
        list(made.flags),
        reference(item.folder, start, made.reference),
        list(made.arguments),
        list(made.environment),
        made.silent,
        made.names,
        list(made.notes),
    )


def _chosen(call: ComposeCall, services: Mapping[str, list[Service]]) -> list[str]:
    """The services that a command builds: all that are active, or those that it names, with what they need."""
    for name in call.services:
        if name not in services:
            raise Left(f"its files have no service {name}")
    names = list(call.services[:1] if call.verb == "run" else call.services)
    if not names:
        profiles = call.profiles
        names = [
            name
            for name, parts in services.items()
            if not (found := frozenset[str]().union(*(part.profiles for part in parts)))
            or found & profiles
            or "*" in profiles
        ]
    if call.needs:
        for name in names:
            needed = frozenset[str]().union(*(part.needs for part in services[name]))
            names += [other for other in sorted(needed) if other in services and other not in names]
    return [name for name in services if name in names]
