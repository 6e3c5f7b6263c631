"""``--compose replace`` in one repository: the plan, its targets in their Earthfiles, and what is said about starts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from migrate.callsites import composecall
from migrate.callsites.composefile import main_file
from migrate.callsites.translate import Left
from migrate.composeplan import plan
from migrate.composestate import ComposePlan
from migrate.composetargets import ProjectTarget, Recipes, names_of, with_targets
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files
from migrate.disk import LARGEST_INPUT
from migrate.gitpatch import FileChange
from migrate.mappings import Mappings
from migrate.records import Composed
from migrate.rewriting import Rewritten, Translating
from migrate.survey import Carrier, line_span


def decide(
    carriers: Sequence[Carrier],
    translating: Translating,
    texts: Mapping[str, str | None],
    earlier: Iterable[Composed],
    files: Files,
    tool: str,
) -> ComposePlan:
    """Which services lose ``build:``. ``texts``: folder -> the Earthfile to come, None for one that is not ours."""
    known = [ProjectTarget(*item) for item in earlier]
    names: dict[str, set[str]] = {}

    def taken(folder: str) -> set[str] | None:
        text = texts.get(folder, "")
        foreign = folder not in texts and files.is_file(posixpath.join(folder, "Earthfile"))
        if text is None or (foreign and all(item.folder != folder for item in known)):
            return None
        own = {item.name for item in known if item.folder == folder}
        return names.setdefault(folder, names_of(text) | own)

    recipes = Recipes(files, taken, lambda folder: texts.get(folder) or "", known)
    return plan(carriers, translating.placed, recipes, files, tool)


def targets(made: ComposePlan | None, earlier: Iterable[Composed]) -> dict[str, list[ProjectTarget]]:
    """Folder -> the targets for compose projects in its Earthfile: those of earlier runs, and of this one."""
    found = {(item.folder, item.files): ProjectTarget(*item) for item in earlier}
    found |= {(item.folder, item.files): item for item in (made.targets if made is not None else ())}
    result: dict[str, list[ProjectTarget]] = {}
    for key in sorted(found):
        result.setdefault(key[0], []).append(found[key])
    return result


def recorded(found: Mapping[str, Sequence[ProjectTarget]]) -> list[Composed]:
    """The targets as the record holds them."""
    return [
        Composed(item.folder, item.name, item.files, item.lines, item.variables)
        for items in found.values()
        for item in items
    ]


@dataclass(frozen=True)
class _Stripped(Files):
    """The files of a repository whose Earthfiles lack the targets of compose projects: those are ours, and apart."""

    projects: tuple[ProjectTarget, ...] = ()

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file, such targets left out."""
        data = super().read(path, limit)
        folder, _, name = path.rpartition("/")
        if name != "Earthfile" or data is None:
            return data
        return _without(data, [item for item in self.projects if item.folder == folder])


def without_targets(files: Files, earlier: Iterable[Composed]) -> Files:
    """``files`` as they were before targets for compose projects were added."""
    found = tuple(ProjectTarget(*item) for item in earlier)
    if not found:
        return files
    same = {item.name: getattr(files, item.name) for item in fields(Files)}
    return _Stripped(**same, projects=found)


def _without(data: bytes, projects: Sequence[ProjectTarget]) -> bytes:
    for item in projects:
        for newline in ("\n", "\r\n"):
            data = data.replace("".join(f"{line}{newline}" for line in ("", *item.text())).encode(), b"", 1)
    return data


def joined(
    changes: Iterable[FileChange],
    found: Mapping[str, Sequence[ProjectTarget]],
    contexts: set[str],
    files: Files,
    earlier: Iterable[Composed],
) -> list[FileChange]:
    """``changes`` with the targets ``found`` in their Earthfiles; a folder without a context gets one of its own."""
    result, stripped = [], without_targets(files, earlier)
    for change in changes:
        folder, _, name = change.path.rpartition("/")
        if name == "Earthfile" and folder in found and change.after is not None:
            change = _joined(change.path, change.after, change.before, found[folder], files)
        result.append(change)
    for folder in sorted(found.keys() - contexts):
        path = posixpath.join(folder, "Earthfile")
        raw = files.read(path, LARGEST_INPUT)
        base = (stripped.read(path, LARGEST_INPUT) if raw is not None else None) or b"VERSION 0.8\n"
        result.append(_joined(path, base, base if raw is not None else None, found[folder], files))
    return result


def _joined(path: str, after: bytes, before: bytes | None, found: Sequence[ProjectTarget], files: Files) -> FileChange:
    """The Earthfile with its targets. Where none of it changes, the lines stay in the order that they have."""
    raw = files.read(path, LARGEST_INPUT)
    text = after.decode("utf-8", "surrogateescape")
    new = with_targets(text, [item for item in found if item.name not in names_of(text)])
    if (
        raw is not None
        and before == after
        and sorted(new.split("\n")) == sorted(raw.decode("utf-8", "surrogateescape").split("\n"))
    ):
        return FileChange(path, raw, raw)
    return FileChange(path, raw, new.encode("utf-8", "surrogateescape"))


def starts(
    made: ComposePlan, carriers: Sequence[Carrier], rewritten: Sequence[Rewritten], mappings: Mappings
) -> list[Diagnostic]:
    """One finding for all commands that only start services: Compose built missing images by itself until now."""
    if not made.replaced:
        return []
    building = {
        item.carrier.path: min(outcome.site.start for outcome in item.outcomes if outcome.edits)
        for item in rewritten
        if item.carrier.name != "compose" and any(outcome.edits for outcome in item.outcomes)
    }
    places = []
    for carrier in carriers:
        for site in carrier.sites:
            call = composecall.of(site)
            if call is None or not site.passive or site.start > building.get(carrier.path, len(carrier.text)):
                continue
            try:
                needs_earth = bool(made.steps(call, site).calls)
            except Left:
                needs_earth = call.problem != ""
            if needs_earth:
                places.append(f"{carrier.path}:{line_span(carrier.text, site.start, site.end).start.line}")
    path, name = min(made.replaced, key=lambda key: (key[0].count("/"), main_file(key[0], made.tree), key))
    carrier = next(item for item in carriers if item.path == path)
    site = made.sites[path, name]
    collector = Collector(path, mappings.diagnostics)
    target = next((item for item in made.targets if path in item.files), None)
    first = f"{made.tool} +{target.name}" if target is not None else made.first(path)
    shown = f"; see {', '.join(places[:5])}{' ...' if len(places) > 5 else ''}" if places else ""
    span = line_span(carrier.text, site.start, site.end)
    collector.report("EM832", span, command=first, places=shown)
    return list(collector.diagnostics)
