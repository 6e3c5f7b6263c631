"""The migration of one repository: which Dockerfiles, which Earthfiles, and what becomes of every place that builds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from migrate import composing, earthcalls, localimages, records
from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.suggestions import Places
from migrate.callsites.translate import Place
from migrate.choice import Choice
from migrate.composetargets import ProjectTarget
from migrate.convert import Conversion
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files, carrier_of
from migrate.disk import LARGEST_INPUT
from migrate.earthcalls import EarthCall
from migrate.gitpatch import FileChange
from migrate.grouping import Group, group
from migrate.localimages import lost_arguments
from migrate.mappings import Mappings
from migrate.neighbourfiles.around import beside
from migrate.neighbourfiles.model import Move, Scene
from migrate.neighbours import Built, base_images, files_that_earth_reads
from migrate.records import Record
from migrate.rewriting import Rewritten, Translating, rewrite
from migrate.settings import LocalBase
from migrate.survey import LARGEST_CARRIER, Demand, demands, find


def places(groups: Iterable[Group]) -> dict[tuple[str, str, str], Place]:
    """Where every build lives now."""
    found = {}
    for one in groups:
        for record, conversion in zip(one.records, one.combined.conversions, strict=True):
            if conversion.document is None:
                continue
            saving = dict(conversion.images)
            wrapper = one.combined.wrappers.get(record.dockerfile)
            together = one.combined.platforms.get(record.dockerfile)
            stages = [(result.stage, result.target) for result in conversion.targets if result.stage is not None]
            for stage, target in [*stages, ("", stages[-1][1])]:
                final = target == stages[-1][1]
                key = "" if final else stage
                found[record.dockerfile, one.context, stage] = Place(
                    one.context,
                    target,
                    saving.get(key, saving[""] if final else f"{target}-image"),
                    record.images.get(key, ()),
                    record.arguments.get(key),
                    wrapper.target if wrapper and final else None,
                    next((item.argument for item in (wrapper, together) if item), "images"),
                    together.target if together and final else None,
                    record.platforms,
                    lost_arguments(record.bases, one.combined.text or ""),
                    _empty_is_none(conversion),
                )
    return found


#: The findings on arguments that count as not passed when they are passed empty.
_EMPTY_IS_NONE = frozenset({"EM227", "EM305", "EM332", "EM333", "EM336"})


def _empty_is_none(conversion: Conversion) -> frozenset[str]:
    found = (*conversion.diagnostics, *conversion.hidden)
    return frozenset(item.about for item in found if item.code in _EMPTY_IS_NONE)


class Migration(NamedTuple):
    """The whole change of one repository, nothing written yet."""

    changes: tuple[FileChange, ...]
    groups: tuple[Group, ...]
    rewritten: tuple[Rewritten, ...]
    diagnostics: tuple[Diagnostic, ...]
    projects: tuple[ProjectTarget, ...] = ()
    """The targets for what compose files built."""


def migrate(files: Files, data: Data, mappings: Mappings, choice: Choice) -> Migration:
    """Plan the migration of ``files``. Raises RecordError when .earthmigrate.yaml cannot be used."""
    existing = files.read(records.NAME, LARGEST_INPUT)
    text = existing.decode("utf-8", "replace") if existing is not None else ""
    earlier, rest, projects = records.read(text, records.NAME) if text else records.Recorded()
    found = find(files, data, mappings, choice)
    wanted = demands(found, earlier)
    sources = {
        demand.dockerfile: (files.read(demand.dockerfile, LARGEST_INPUT) or b"").decode("utf-8", "replace")
        for demand in wanted
    }
    there = _earth_calls(files, data)
    asked = earthcalls.asked(call for _, found_calls in there.values() for call in found_calls)
    work = _Work(composing.without_targets(files, projects), mappings, wanted, earlier, choice, asked)
    groups = work.groups({})
    written = places(one for one in groups if not one.blocked)
    local = localimages.found(wanted, sources, written, [carrier.text for carrier in found.carriers])
    groups = work.groups(_bases(groups, earlier, local), groups)
    ours = tuple(one for one in groups if not one.blocked)
    where = places(ours)
    blocked = {one.context: one.blocked for one in groups if one.blocked}
    composed = None
    if choice.replaces_builds:
        texts = {one.context: one.text for one in groups}
        tool = data.earth_tools[choice.tool]["command"]
        composed = composing.decide(found.carriers, Translating(where, blocked), texts, projects, files, tool)
    targets = composing.targets(composed, projects)
    rewritten = tuple(
        rewrite(carrier, where, data, mappings, choice, blocked, composed, tree=files) for carrier in found.carriers
    )
    diagnostics = [*found.diagnostics]
    changes: list[FileChange] = []
    for one in groups:
        diagnostics += (item for conversion in one.combined.conversions for item in conversion.diagnostics)
        diagnostics += one.findings
        changes += (FileChange(*output) for output in one.outputs)
    changes = composing.joined(changes, targets, {one.context for one in groups}, files, projects)
    for item in rewritten:
        diagnostics += item.diagnostics
        before = editing.encoded(item.carrier.text)
        path = item.carrier.path
        changes.append(FileChange(path, before, editing.encoded(item.text), path in files.executable))
    why = {key: [finding.why for finding in findings.values() if finding.why] for key, findings in local.items()}
    diagnostics += _beside(ours, rewritten, wanted, where, files, sources, mappings, why)
    diagnostics += _several_contexts(wanted, mappings)
    diagnostics += _lost_calls(
        there, rewritten, groups, {change.path: change.after for change in changes}, files, mappings
    )
    done = [record for one in groups for record in one.recorded]
    # The Dockerfiles of the others are gone, and their Earthfiles live on.
    contexts = {one.context for one in groups}
    done += (record for record in earlier if record.context not in contexts)
    if composed is not None:
        diagnostics += composing.starts(composed, found.carriers, rewritten, mappings)
    if done:
        after = records.written(done, rest, composing.recorded(targets)).encode()
        changes.append(FileChange(records.NAME, existing, after))
    if choice.remove_dockerfiles:
        from migrate import removing  # few runs remove anything

        removal = removing.decide(found.dockerfiles, groups, rewritten, changes, files, data, mappings)
        changes += removal.changes
        diagnostics += removal.diagnostics
    scene = _scene(ours, changes, files, data.earth_tools[choice.tool])
    changes, found_beside = beside(changes, scene, files, data, mappings, choice)
    diagnostics += found_beside
    due = tuple(change for change in changes if change.before != change.after)
    shown = tuple(item for items in targets.values() for item in items)
    return Migration(due, groups, rewritten, tuple(diagnostics), shown)


def _scene(groups: Iterable[Group], changes: Iterable[FileChange], files: Files, tool: Mapping[str, str]) -> Scene:
    """What the neighbours of a migration must know of it."""
    changes = list(changes)
    there = {change.path for change in changes if change.after is not None} | set(files.paths)
    moves = []
    for one in groups:
        ignore = posixpath.join(one.context, ".earthlyignore")
        for record, conversion in zip(one.records, one.combined.conversions, strict=True):
            if conversion.document is not None:
                moves.append(Move(record.dockerfile, record.earthfile, ignore if ignore in there else ""))
    return Scene(
        tuple(moves),
        tool,
        tuple(change.path for change in changes if change.before is None),
        frozenset(change.path for change in changes if change.after is None),
        files.paths,
    )


def _earth_calls(files: Files, data: Data) -> dict[str, tuple[str, tuple[EarthCall, ...]]]:
    """Path -> the text of a file with calls of earth, and these."""
    found = {}
    for path in files.paths:
        name = carrier_of(path, data.discovery)
        if name in earthcalls.CARRIERS:
            raw = files.read(path, LARGEST_CARRIER)
            text = editing.decoded(raw) if raw is not None and b"earth" in raw else None
            if text is not None and (calls := earthcalls.calls(path, name, text)):
                found[path] = (text, calls)
    return found


def _lost_calls(
    there: Mapping[str, tuple[str, tuple[EarthCall, ...]]],
    rewritten: Iterable[Rewritten],
    groups: Iterable[Group],
    after: Mapping[str, bytes | None],
    files: Files,
    mappings: Mappings,
) -> list[Diagnostic]:
    """The calls of earth, old and new, that name what no Earthfile has."""
    texts = {path: text for path, (text, _) in there.items()}
    calls = {path: found for path, (_, found) in there.items()}
    for item in rewritten:
        path = item.carrier.path
        known = {(call.target, call.arguments) for call in calls.get(path, ())}
        found = earthcalls.calls(path, item.carrier.name, item.text)
        # Docker ignores an argument that nothing declares as well, so a call that was docker's is no worse.
        calls[path] = tuple(
            call if (call.target, call.arguments) in known else call._replace(arguments=()) for call in found
        )
        texts[path] = item.text
    earthfiles = {}
    for one in groups:
        path = posixpath.join(one.context, "Earthfile")
        data = after.get(path) or files.read(path, LARGEST_INPUT)
        if data is not None:
            earthfiles[one.context] = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return earthcalls.lost((call for path in sorted(calls) for call in calls[path]), texts, earthfiles, mappings)


def _several_contexts(wanted: Iterable[Demand], mappings: Mappings) -> list[Diagnostic]:
    contexts: dict[str, list[str]] = {}
    for demand in wanted:
        contexts.setdefault(demand.dockerfile, []).append(demand.context or ".")
    found: list[Diagnostic] = []
    for path, folders in contexts.items():
        if len(folders) > 1:
            collector = Collector(path, mappings.diagnostics)
            collector.report("EM818", None, contexts=", ".join(folders))
            found += collector.diagnostics
    return found


class _Work(NamedTuple):
    """What all groups of a migration are made from."""

    files: Files
    mappings: Mappings
    wanted: tuple[Demand, ...]
    earlier: tuple[Record, ...]
    choice: Choice
    asked: Mapping[str, frozenset[str]]

    def groups(
        self, bases: Mapping[localimages.Key, tuple[LocalBase, ...]], known: Iterable[Group] = ()
    ) -> tuple[Group, ...]:
        """One group for each context; those of ``known`` in which no image has a base in ``bases`` as they are."""
        done = {one.context: one for one in known}
        changed = {context for _, context in bases}
        demands: dict[str, list[Demand]] = {}
        for demand in self.wanted:
            demands.setdefault(demand.context, []).append(demand)
        return tuple(
            done[context] if context in done and context not in changed else self._group(context, wanted, bases)
            for context, wanted in sorted(demands.items())
        )

    def _group(
        self, context: str, wanted: Sequence[Demand], bases: Mapping[localimages.Key, tuple[LocalBase, ...]]
    ) -> Group:
        return group(
            context,
            wanted,
            [record for record in self.earlier if record.context == context],
            self.files,
            self.mappings,
            force=self.choice.force,
            style=self.choice.style,
            asked=self.asked.get(context, frozenset()),
            bases={dockerfile: found for (dockerfile, folder), found in bases.items() if folder == context},
        )


def _bases(
    groups: Iterable[Group],
    earlier: Iterable[Record],
    local: Mapping[localimages.Key, Mapping[str, localimages.Finding]],
) -> dict[localimages.Key, tuple[LocalBase, ...]]:
    """The base images that are targets: those that call sites tell, and those of an earlier run."""
    targets = {
        one.context: frozenset(target.name for target in one.combined.document.targets)
        if one.combined.document is not None and not one.blocked
        else frozenset(target for record in one.recorded for target in record.targets)
        for one in groups
    }
    bases = {}
    for record in earlier:
        bases[record.dockerfile, record.context] = {
            base.written: base for base in localimages.remembered(record, targets)
        }
    for key, findings in local.items():
        known = bases.setdefault(key, {})
        known |= {word: finding.base for word, finding in findings.items() if finding.base is not None}
    return {key: tuple(known[word] for word in sorted(known)) for key, known in bases.items() if known}


def _beside(
    groups: Iterable[Group],
    rewritten: Iterable[Rewritten],
    wanted: Iterable[Demand],
    places: Places,
    files: Files,
    sources: Mapping[str, str],
    mappings: Mappings,
    why: Mapping[localimages.Key, Sequence[str]],
) -> list[Diagnostic]:
    """What else changes the new builds: base images of this repository, files that earth reads where it runs."""
    sites = {(demand.dockerfile, demand.context): demand.sites for demand in wanted}
    built = []
    for one in groups:
        for record in one.records:
            saved: dict[str, str] = {}
            for site in (*sites.get((record.dockerfile, record.context), ()), None):
                target = site.call.last("target") if site is not None and site.call is not None else None
                stage = (target.text or "") if target is not None else ""
                place = places.get((record.dockerfile, record.context, stage.lower()))
                names = [value.text for value in site.call.values("image")] if site is not None and site.call else None
                if place is not None:
                    names = [*place.names] if names is None else names
                    saved |= {name: place.image_target for name in names if name is not None}
            source = sources[record.dockerfile]
            calls = sites.get((record.dockerfile, record.context), ())
            solved = frozenset(base.reference for base in record.bases)
            reason = (*why.get((record.dockerfile, record.context), ()), "")[0]
            built.append(Built(record.dockerfile, record.context, source, calls, saved, solved, reason))
    folders = {
        outcome.site.folder for item in rewritten for outcome in item.outcomes if outcome.edits and item.text
    } | {one.context for one in groups}
    known = [folder for folder in folders if folder is not None]
    return [*base_images(built, mappings), *files_that_earth_reads(known, files, mappings)]
