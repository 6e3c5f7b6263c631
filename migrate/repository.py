"""The migration of one repository: which Dockerfiles, which Earthfiles, and what becomes of every place that builds."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from migrate import records
from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.suggestions import Places
from migrate.callsites.translate import Place
from migrate.combine import Combined, Part, combine
from migrate.convert import Conversion
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files
from migrate.disk import LARGEST_INPUT, DiskContext
from migrate.gitpatch import FileChange
from migrate.imagenames import decided
from migrate.mappings import Mappings
from migrate.neighbours import Built, base_images, files_that_earth_reads
from migrate.records import Record
from migrate.rewriting import Rewritten, rewrite
from migrate.settings import SavedStage, Settings
from migrate.survey import Choice, Demand, demands, find


class Group(NamedTuple):
    """One build context: its Earthfile with all Dockerfiles in it, and what is recorded of each."""

    context: str
    combined: Combined
    records: tuple[Record, ...]


def group(
    context: str, wanted: Sequence[Demand], known: Mapping[tuple[str, str], Record], files: Files, mappings: Mappings
) -> Group:
    """Convert the Dockerfiles of one context into one Earthfile."""
    sources = [(demand.dockerfile, files.read(demand.dockerfile, LARGEST_INPUT) or b"") for demand in wanted]
    records, parts = [], []
    for demand, (path, source) in zip(wanted, sources, strict=True):
        record = decided(demand, source, sources, known.get((path, context)), files.root.name)
        records.append(record)
        parts.append(_part(record, source, files))
    combined = combine(parts, mappings)
    pairs = zip(records, combined.conversions, strict=True)
    return Group(context, combined, tuple(_existing(record, conversion) for record, conversion in pairs))


def _existing(record: Record, conversion: Conversion) -> Record:
    """``record`` without stages that a call names and the Dockerfile does not have."""
    stages = {"", *(result.stage for result in conversion.targets if result.stage is not None)}
    return record._replace(
        images={stage: names for stage, names in record.images.items() if stage in stages},
        arguments={stage: name for stage, name in record.arguments.items() if stage in stages},
    )


def _part(record: Record, source: bytes, files: Files) -> Part:
    settings = Settings(
        images=record.images[""],
        image_argument=record.arguments.get(""),
        saved=tuple(
            SavedStage(stage, record.images.get(stage, (f"{stage}:latest",)), record.arguments.get(stage))
            for stage in sorted({*record.images, *record.arguments} - {""})
        ),
        dockerfile=posixpath.relpath(record.dockerfile, record.context or "."),
        writes=True,
    )
    folder = files.root / record.context
    known = DiskContext(folder, files.root / record.dockerfile)
    return Part(record.dockerfile, source, settings, known, record.open, record.platforms)


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
    known = {(record.dockerfile, record.context): record for record in earlier}
    contexts = sorted({demand.context for demand in wanted})
    groups = tuple(
        group(context, [demand for demand in wanted if demand.context == context], known, files, mappings)
        for context in contexts
    )
    ours = tuple(one for one in groups if _is_ours(one, files, earlier, force=choice.force))
    where = places(ours)
    blocked = frozenset(one.context for one in groups if one not in ours)
    rewritten = tuple(
        rewrite(carrier, where, data, mappings, choice, blocked, tree=files) for carrier in found.carriers
    )
    diagnostics = [*found.diagnostics]
    changes: list[FileChange] = []
    for one in groups:
        changes += _outputs(one, files, mappings, diagnostics, ours=one in ours)
    for item in rewritten:
        diagnostics += item.diagnostics
        before = editing.encoded(item.carrier.text)
        path = item.carrier.path
        changes.append(FileChange(path, before, editing.encoded(item.text), path in files.executable))
    diagnostics += _beside(ours, rewritten, wanted, where, files, mappings)
    done = [record for one in ours for record in one.records if one.combined.text is not None]
    if done:
        after = records.written(done, rest).encode()
        changes.append(FileChange(records.NAME, existing, after))
    due = tuple(change for change in changes if change.before != change.after)
    return Migration(due, groups, rewritten, tuple(diagnostics))


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


def _is_ours(one: Group, files: Files, earlier: Iterable[Record], *, force: bool) -> bool:
    """Whether the files of a group may be written: none is somebody's own work."""
    if force or any(record.context == one.context for record in earlier):
        return True
    for name, text in (("Earthfile", one.combined.text), (".earthlyignore", one.combined.ignore)):
        before = files.read(posixpath.join(one.context, name), LARGEST_INPUT)
        if text is not None and before is not None and before != _encoded(text):
            return False
    return True


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _outputs(
    one: Group,
    files: Files,
    mappings: Mappings,
    diagnostics: list[Diagnostic],
    *,
    ours: bool,
) -> list[FileChange]:
    """The Earthfile and the ignore file of a group; what exists and was not ours stays, and is said."""
    for conversion in one.combined.conversions:
        diagnostics += conversion.diagnostics
    changes = []
    for name, text in (("Earthfile", one.combined.text), (".earthlyignore", one.combined.ignore)):
        if text is None:
            continue
        path = posixpath.join(one.context, name)
        before = files.read(path, LARGEST_INPUT)
        after = _encoded(text)
        if not ours:
            if before is not None and before != after:
                collector = Collector(path, mappings.diagnostics)
                collector.report("EM735", None)
                diagnostics += collector.diagnostics
            continue
        changes.append(FileChange(path, before, after))
    return changes
