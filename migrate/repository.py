"""The migration of one repository: which Dockerfiles, which Earthfiles, and what becomes of every place that builds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from migrate import records
from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.suggestions import Places
from migrate.callsites.translate import Place
from migrate.diagnostics import Diagnostic
from migrate.discovery import Files
from migrate.disk import LARGEST_INPUT
from migrate.gitpatch import FileChange
from migrate.grouping import Group, group
from migrate.mappings import Mappings
from migrate.neighbourfiles.around import beside
from migrate.neighbourfiles.model import Move, Scene
from migrate.neighbours import Built, base_images, files_that_earth_reads
from migrate.rewriting import Rewritten, rewrite
from migrate.survey import Choice, Demand, demands, find


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
                )
    return found


class Migration(NamedTuple):
    """The whole change of one repository, nothing written yet."""

    changes: tuple[FileChange, ...]
    groups: tuple[Group, ...]
    rewritten: tuple[Rewritten, ...]
    diagnostics: tuple[Diagnostic, ...]


def migrate(files: Files, data: Data, mappings: Mappings, choice: Choice) -> Migration:
    """Plan the migration of ``files``. Raises RecordError when .earthmigrate.yaml cannot be used."""
    existing = files.read(records.NAME, LARGEST_INPUT)
    text = existing.decode("utf-8", "replace") if existing is not None else ""
    earlier, rest = records.read(text, records.NAME) if text else ((), "")
    found = find(files, data, mappings, choice)
    wanted = demands(found, earlier)
    groups = tuple(
        group(
            context,
            [demand for demand in wanted if demand.context == context],
            [record for record in earlier if record.context == context],
            files,
            mappings,
            force=choice.force,
        )
        for context in sorted({demand.context for demand in wanted})
    )
    ours = tuple(one for one in groups if not one.blocked)
    where = places(ours)
    blocked = {one.context: one.blocked for one in groups if one.blocked}
    rewritten = tuple(
        rewrite(carrier, where, data, mappings, choice, blocked, tree=files) for carrier in found.carriers
    )
    diagnostics = [*found.diagnostics]
    changes: list[FileChange] = []
    for one in groups:
        diagnostics += (item for conversion in one.combined.conversions for item in conversion.diagnostics)
        diagnostics += one.findings
        changes += (FileChange(*output) for output in one.outputs)
    for item in rewritten:
        diagnostics += item.diagnostics
        before = editing.encoded(item.carrier.text)
        path = item.carrier.path
        changes.append(FileChange(path, before, editing.encoded(item.text), path in files.executable))
    diagnostics += _beside(ours, rewritten, wanted, where, files, mappings)
    done = [record for one in groups for record in one.recorded]
    # The Dockerfiles of the others are gone, and their Earthfiles live on.
    contexts = {one.context for one in groups}
    done += (record for record in earlier if record.context not in contexts)
    if done:
        after = records.written(done, rest).encode()
        changes.append(FileChange(records.NAME, existing, after))
    scene = _scene(ours, changes, files, data.earth_tools[choice.tool])
    changes, found_beside = beside(changes, scene, files, data, mappings, choice)
    diagnostics += found_beside
    due = tuple(change for change in changes if change.before != change.after)
    return Migration(due, groups, rewritten, tuple(diagnostics))


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


def _beside(
    groups: Iterable[Group],
    rewritten: Iterable[Rewritten],
    wanted: Iterable[Demand],
    places: Places,
    files: Files,
    mappings: Mappings,
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
            source = (files.read(record.dockerfile, LARGEST_INPUT) or b"").decode("utf-8", "replace")
            calls = sites.get((record.dockerfile, record.context), ())
            built.append(Built(record.dockerfile, record.context, source, calls, saved))
    folders = {
        outcome.site.folder for item in rewritten for outcome in item.outcomes if outcome.edits and item.text
    } | {one.context for one in groups}
    known = [folder for folder in folders if folder is not None]
    return [*base_images(built, mappings), *files_that_earth_reads(known, files, mappings)]
