"""``--compose replace``: which services lose ``build:``, the targets that build them, and what their callers do first.

A service whose replacement is not certain keeps its ``build:`` and is reported; both kinds may stand in one file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from migrate.callsites import composebuild, composecall, composeedit
from migrate.callsites.compose import Built, command, is_override
from migrate.callsites.composecall import ComposeCall, Steps
from migrate.callsites.composeedit import Removal
from migrate.callsites.composefile import MAIN_FILES, Reader, Service, main_file, project_services
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Tree, reference
from migrate.callsites.translate import EarthCall, Left, Note, tagged
from migrate.callsites.values import Value, literal
from migrate.callsites.yamltext import YamlError
from migrate.composetargets import ProjectTarget, Recipes, in_shell, one_call
from migrate.survey import LARGEST_CARRIER, Carrier

_NAME = re.compile(r"(?<=\$)[A-Za-z_]\w*|(?<=\$\{)[A-Za-z_]\w*")
Key = tuple[str, str]
"""(file, service)"""
Placed = Callable[[Site], tuple[str, EarthCall]]
"""The Earthfile's folder and the call of earth with a bare target, for a site. Raises Left."""


class _Item(NamedTuple):
    site: Site
    built: Built
    folder: str
    made: EarthCall

    @property
    def key(self) -> Key:
        return self.built.service.path, self.built.service.name

    @property
    def place(self) -> tuple[str, int]:
        assert self.built.service.build is not None
        return self.built.service.build.place


@dataclass
class ComposePlan:
    """What is decided for all compose files of a repository."""

    tree: Tree
    tool: str
    reader: Reader
    items: dict[Key, _Item] = field(default_factory=dict)
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
        made = _from(item, posixpath.dirname(site.path))
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
        names = _names(word for item in items for word in item.made.arguments)
        return [Note("EM833", {"names": ", ".join(names)})] if names else []

    def first(self, path: str) -> str:
        """The call of earth for the first service that a file replaces, for a command in its folder."""
        item = next(item for key, item in self.items.items() if key[0] == path and key not in self.why)
        return command(_from(item, posixpath.dirname(path)), self.tool)

    def steps(self, call: ComposeCall, site: Site) -> Steps:
        """What ``call``, which stands at ``site``, becomes. Raises Left."""
        files, folder = self._files(call)
        if call.problem:
            raise Left(call.problem)
        services = self._project(files)
        chosen = _chosen(call, services)
        needed: list[_Item] = []
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
        self, needed: Sequence[_Item], call: ComposeCall, folder: str, visible: str | None
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
            made = in_shell(_from(item, folder), environment)
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

    def _project(self, files: Sequence[str]) -> dict[str, list[Service]]:
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


def plan(carriers: Sequence[Carrier], placed: Placed, recipes: Recipes, tree: Tree, tool: str) -> ComposePlan:
    """Decide for every service in ``carriers``; ``recipes`` makes the targets of projects."""
    made = ComposePlan(tree, tool, Reader(tree))
    calls: list[ComposeCall] = []
    for carrier in carriers:
        for site in carrier.sites:
            if carrier.name == "compose":
                _take(made, site, placed, recipes)
            elif (call := composecall.of(site)) is not None:
                calls.append(call)
    projects = made.projects(calls)
    paths = {carrier.path: carrier.text for carrier in carriers if carrier.name == "compose"}
    _meeting(made, projects)
    while True:
        before = len(made.why)
        _together(made, paths)
        _edited(made, paths)
        if len(made.why) == before:
            break
    for files in projects:
        _target(made, files, recipes)
    return made


def _take(made: ComposePlan, site: Site, placed: Placed, recipes: Recipes) -> None:
    built: Built = site.detail
    key = (built.service.path, built.service.name)
    # One reader for all files: what services share is one node then.
    built = replace(built, service=made.reader.services(site.path)[key[1]])
    made.sites[key] = replace(site, detail=built)
    try:
        if site.why:
            raise Left(site.why)
        folder, call = placed(site)
        if built.stays:
            raise Left(built.stays)
        if any(not word.head.startswith("--platform=") for word in call.flags) or call.environment:
            raise Left("its build needs options that a target cannot have")
        unclear = made.reader.unclear(posixpath.dirname(site.path))
        for name in _names(call.arguments):
            if name in unclear:
                raise Left(f"{name} in .env is more than a plain value")
        recipes.check(call, site)
    except Left as left:
        made.why[key] = str(left)
        return
    made.items[key] = _Item(site, built, folder, call)


def _names(words: Iterable[Value]) -> list[str]:
    """The variables in ``words``."""
    return sorted({name for raw in composebuild.variables(words) for name in _NAME.findall(raw)})


def _from(item: _Item, start: str) -> EarthCall:
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


def _meeting(made: ComposePlan, projects: Iterable[Sequence[str]]) -> None:
    """Services that several files of a project describe: their builds must mean the same alone and together."""
    for files in projects:
        made.merged |= {(first, second) for index, first in enumerate(files) for second in files[index + 1 :]}
    alternatives = {(main, path) for path, _ in made.sites if (main := main_file(path, made.tree))}
    for first, second in sorted(made.merged | alternatives):
        try:
            below, above = made.reader.services(first), made.reader.services(second)
        except YamlError:
            continue
        for name in below.keys() & above.keys():
            lower, upper = below[name], above[name]
            if lower.build is None:
                continue
            if upper.build is None:
                if upper.image is not None and tagged(upper.image) != tagged(lower.image or lower.default_image):
                    made.why.setdefault((first, name), f"{second} gives it another image")
            elif not composebuild.same_when_merged(lower, upper):
                made.why.setdefault((first, name), f"its build is merged with that of the same service in {second}")
                made.why.setdefault((second, name), f"its build is merged with that of the same service in {first}")


def _together(made: ComposePlan, paths: Mapping[str, str]) -> None:
    """What shares a build, an image or a base is replaced together or not at all."""
    names: dict[tuple[str, str], dict[str, Key]] = {}
    for key, item in made.items.items():
        if item.place[0] not in paths:
            made.why.setdefault(key, f"its build stands in {item.place[0]}, which is not rewritten")
        if key not in made.why:
            words = command(_from(item, ""), "")
            names.setdefault((key[0], tagged(item.built.image) or ""), {})[words] = key
    for (_, image), found in names.items():
        if len(found) > 1:
            for key in found.values():
                others = ", ".join(sorted(other[1] for other in found.values() if other != key))
                made.why.setdefault(key, f"{others} builds another image of the same name {image}")
    changed = True
    while changed:
        changed = False
        for key, site in made.sites.items():
            service = site.detail.service
            if key not in made.why:
                continue
            shared = [other for other, item in made.items.items() if service.build.place == item.place]
            based = [base for base in service.bases if base in made.items]
            beside = [(other, key[1]) for pair in made.merged if key[0] in pair for other in pair]
            for other in [*shared, *based, *beside]:
                if other != key and other in made.items and other not in made.why:
                    where = f"{key[1]} in {key[0]}" if other[0] != key[0] else key[1]
                    made.why[other] = f"it goes together with {where}, whose build stays"
                    changed = True


def _edited(made: ComposePlan, paths: Mapping[str, str]) -> None:
    """The edits of every file, read again; what cannot be taken out cleanly stays."""
    made.edits = {}
    for path, text in paths.items():
        removals: dict[tuple[str, int], Removal] = {}
        for key, item in made.items.items():
            if key not in made.why and item.place[0] == path:
                removals.setdefault(item.place, _removal(item, made))
        chosen = list(removals.values())
        roots = made.reader.take(path, text)
        stuck = composeedit.needed_elsewhere(roots, chosen)
        reason = "an alias elsewhere needs its anchor"
        made_here = {removal.entry.place: composeedit.edits(text, removal) for removal in chosen}
        changes = [edit for found in made_here.values() for edit in found]
        if not stuck and not composeedit.says_the_same(text, roots, chosen, changes):
            stuck, reason = chosen, "the file would not read the same without it"
        for key, item in made.items.items():
            if any(removal.entry.place == item.place for removal in stuck):
                made.why.setdefault(key, reason)
        if not stuck:
            made.edits |= made_here


def _removal(item: _Item, made: ComposePlan) -> Removal:
    """What takes the place of a build: the image's name where its file lacks it, and the policy never to pull it."""
    service = item.built.service
    entry = service.build
    assert entry is not None
    main = main_file(service.path, made.tree)
    merged_in = bool(main) and is_override(service.path) and service.name in made.reader.services(main)
    if merged_in and made.reader.services(main)[service.name].build is not None:
        others = [pair for pair in entry.holder.value if pair[0] is not entry.key]
        if others:
            return Removal(entry, None, policy=False)
    return Removal(entry, None if service.image is not None else item.built.image)


def _target(made: ComposePlan, files: tuple[str, ...], recipes: Recipes) -> None:
    """The target of one project, where it builds more than one image."""
    try:
        services = made._project(files)
    except Left:
        return
    keys: list[Key] = []
    for parts in services.values():
        built = [part for part in parts if part.build is not None]
        profiled = any(part.profiles for part in parts)
        if built and not profiled and all((part.path, part.name) in made.replaced for part in built):
            keys.append((built[-1].path, built[-1].name))
    if any(target.keys == frozenset(keys) for target in made.targets):
        return
    folder = posixpath.dirname(files[0])
    calls = [_from(made.items[key], folder) for key in keys]
    if not calls or (one_call(calls) and recipes.known(files) is None):
        return
    sites = [made.items[key].site for key in keys]
    target = recipes.target(files, frozenset(keys), calls, sites)
    if target is not None:
        made.targets.append(target)
