"""The migration of one repository: which Dockerfiles, which Earthfiles, and what becomes of every place that builds."""

from __future__ import annotations

import hashlib
import importlib
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import NamedTuple

from migrate import records
from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, reference
from migrate.callsites.shellwords import ShellError
from migrate.callsites.translate import EarthCall, Facts, Left, Place, platforms, tagged, translate
from migrate.callsites.yamltext import YamlError
from migrate.combine import Combined, Part, combine, image_argument, prefixes
from migrate.convert import Conversion
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files, carrier_of, is_dockerfile, is_template
from migrate.disk import LARGEST_INPUT, DiskContext
from migrate.gitpatch import FileChange
from migrate.images import image_name
from migrate.mappings import Mappings
from migrate.neighbours import Built, base_images, files_that_earth_reads
from migrate.records import Record
from migrate.settings import SavedStage, Settings
from migrate.spans import Span

LARGEST_CARRIER = 2 * 1024 * 1024
_HINT = re.compile(rb"docker|podman|buildx|build:|kaniko|buildah", re.IGNORECASE)
_BUILD_WORD = re.compile(r"\b(?:docker|podman)\b[^\n]*\bbuild\b|docker/build-push-action")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose: carriers to look at, the tool that calls are written for."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    tool: str = "earth"
    docs: bool = False
    force: bool = False
    """Replace an Earthfile that no migration made."""

    def wants(self, carrier: str) -> bool:
        """Whether call sites in ``carrier`` are looked for."""
        if carrier == "markdown" and not self.docs:
            return False
        return (not self.only or carrier in self.only) and carrier not in self.skip


class Carrier(NamedTuple):
    """A file that holds call sites: its text, the module that reads it, and what was found in it."""

    path: str
    name: str
    text: str
    module: ModuleType
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What the repository holds. ``dockerfiles`` are paths; ``diagnostics`` what is said about files left out."""

    dockerfiles: tuple[str, ...]
    carriers: tuple[Carrier, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def find(files: Files, data: Data, mappings: Mappings, choice: Choice) -> Found:
    """The Dockerfiles and call sites in ``files``. A file that cannot be read becomes a diagnostic, never an error."""
    dockerfiles = [path for path in files.paths if is_dockerfile(path, data.discovery)]
    found: list[Diagnostic] = []
    carriers = []
    for path in files.paths:
        name = carrier_of(path, data.discovery)
        if name is None or not choice.wants(name) or path in dockerfiles:
            continue
        collector = Collector(path, mappings.diagnostics)
        carrier = _carrier(path, name, files, data, collector)
        found += collector.diagnostics
        if carrier is not None:
            carriers.append(carrier)
    named = {site.dockerfile for carrier in carriers for site in carrier.sites if site.dockerfile}
    dockerfiles = sorted({*dockerfiles, *named})
    for path in [*dockerfiles]:
        if is_template(path, data.discovery):
            collector = Collector(path, mappings.diagnostics)
            collector.report("EM734", None)
            found += collector.diagnostics
            dockerfiles.remove(path)
    return Found(tuple(dockerfiles), tuple(carriers), tuple(found))


def _carrier(path: str, name: str, files: Files, data: Data, collector: Collector) -> Carrier | None:
    raw = files.read(path, LARGEST_CARRIER)
    if raw is None or not (name in data.reporters or _HINT.search(raw)):
        return None
    text = editing.decoded(raw)
    if text is None:
        return None
    reported = name in data.reporters
    module = importlib.import_module(f"migrate.callsites.{'reporters' if reported else name}")
    try:
        sites = tuple(module.sites(text, path, files, data, *([name] if reported else [])))
    except (ShellError, YamlError) as error:
        if name == "compose" or _BUILD_WORD.search(text):
            offset = error.offset if isinstance(error, ShellError) else _line_offset(text, error.line)
            collector.report("EM806", _span(text, offset, offset), reason=str(error))
        return None
    if "{{" in path:
        sites = tuple(replace(site, why=site.why or "its file is a template") for site in sites)
    return Carrier(path, name, text, module, sites) if sites else None


def _line_offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
        if not offset:
            return 0
    return offset


def _span(text: str, start: int, end: int) -> Span:
    return Span.of(*editing.position(text, start), *editing.position(text, end))


@dataclass(frozen=True, slots=True)
class Demand:
    """What the call sites ask of one Dockerfile in one context: stages that are named, image names, arguments."""

    dockerfile: str
    context: str
    sites: tuple[Site, ...] = ()


def demands(found: Found, earlier: Iterable[Record] = ()) -> tuple[Demand, ...]:
    """One for each Dockerfile and context that call sites use; without one the context is the Dockerfile's folder."""
    pairs: dict[tuple[str, str], list[Site]] = {}
    for carrier in found.carriers:
        for site in carrier.sites:
            if site.dockerfile is not None and site.context is not None and site.dockerfile in found.dockerfiles:
                pairs.setdefault((site.dockerfile, site.context), []).append(site)
    for record in earlier:
        if record.dockerfile in found.dockerfiles:
            pairs.setdefault((record.dockerfile, record.context), [])
    known = {dockerfile for dockerfile, _ in pairs}
    for dockerfile in found.dockerfiles:
        if dockerfile not in known:
            pairs[dockerfile, posixpath.dirname(dockerfile)] = []
    return tuple(Demand(dockerfile, context, tuple(sites)) for (dockerfile, context), sites in sorted(pairs.items()))


Places = Mapping[tuple[str, str, str], Place]
"""(Dockerfile, context, stage; "" for the last) -> where its build lives now."""


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
        record = _decided(demand, source, sources, known.get((path, context)), files.root.name)
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


def _decided(
    demand: Demand, source: bytes, sources: Sequence[tuple[str, bytes]], known: Record | None, root: str
) -> Record:
    """The names of one Dockerfile's images: those of an earlier run, and what call sites ask for."""
    images = dict(known.images) if known is not None else {}
    arguments = dict(known.arguments) if known is not None else {}
    open_names = known is not None and known.open
    last = _last_stage(source)
    for stage, uses in sorted(_uses(demand.sites, last).items()):
        fixed = [names for names in uses if names is not None and None not in names]
        if stage not in images and fixed:
            counted = Counter(tuple(name for name in names if name) for names in fixed)
            images[stage] = max(counted, key=lambda names: (counted[names], -len(names)))
        if any(names is None or not _same(names, images.get(stage, ())) for names in uses):
            # A second fixed name would be saved once more for every name of a list.
            images[stage] = images.get(stage, ())[:1]
            open_names |= not stage and any(
                (names is None or len(names) > 1) and not _same(names, images[stage])
                for names in _uses(demand.sites, last, alone=True).get("", ())
            )
            if not images[stage]:
                del images[stage]
            arguments.setdefault(stage, image_argument(sources, demand.dockerfile) + (f"_{stage}" if stage else ""))
    together = known.platforms if known is not None else ()
    for site in demand.sites:
        together = together or _platforms(site, last)
    if together:
        arguments.setdefault("", image_argument(sources, demand.dockerfile))
    folder = demand.context.rpartition("/")[2]
    for site in demand.sites:
        if site.suggested is not None:
            images.setdefault(_stage(site, last), (site.suggested,))
    if "" not in images:
        prefix = prefixes([path for path, _ in sources])[demand.dockerfile]
        name = "-".join(part for part in (image_name(folder or root) or "app", prefix) if part)
        images[""] = (f"{name}:latest",)
    digest = f"sha256:{hashlib.sha256(source).hexdigest()}"
    earthfile = posixpath.join(demand.context, "Earthfile")
    return Record(demand.dockerfile, demand.context, earthfile, images, arguments, open_names, together, digest)


def _same(names: Sequence[str | None] | None, saved: Sequence[str]) -> bool:
    return names is not None and [tagged(name) for name in names] == [tagged(name) for name in saved]


def _last_stage(source: bytes) -> str:
    """The name of the last stage, which a call may select too."""
    lines = re.findall(r"^[ \t]*FROM[ \t]+([^\n]*)", source.decode("utf-8", "replace"), re.IGNORECASE | re.MULTILINE)
    name = re.search(r"\sAS\s+(\S+)\s*$", lines[-1], re.IGNORECASE) if lines else None
    return name.group(1).lower() if name else ""


def _uses(sites: Iterable[Site], last: str, *, alone: bool = False) -> dict[str, list[list[str | None] | None]]:
    """Stage -> the names that each call gives its image; None in a list for a name, and for a list, not known.

    ``alone``: without the calls for several platforms.
    """
    found: dict[str, list[list[str | None] | None]] = {}
    for site in sites:
        assert site.call is not None
        target = site.call.last("target")
        if (target is not None and target.text is None) or (alone and _platforms(site, last)):
            continue
        stage = _stage(site, last)
        if getattr(site.detail, "open_tags", None) is not None:
            found.setdefault(stage, []).append(None)
        elif site.call.values("image"):
            found.setdefault(stage, []).append([value.text for value in site.call.values("image")])
    return found


def _platforms(site: Site, last: str) -> tuple[str, ...]:
    """The platforms for which a call builds the last stage, () when it is one or nobody knows."""
    try:
        return platforms(site.call) if site.call is not None and not _stage(site, last) else ()
    except Left:
        return ()


def _stage(site: Site, last: str) -> str:
    """The stage that a call selects, "" for the last."""
    target = site.call.last("target") if site.call is not None else None
    stage = ((target.text or "") if target is not None else "").lower()
    return "" if stage == last else stage


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


class Rewritten(NamedTuple):
    """A carrier after the migration: its new text, and what happened to each site."""

    carrier: Carrier
    text: str
    outcomes: tuple[Outcome, ...]
    diagnostics: tuple[Diagnostic, ...]


def rewrite(
    carrier: Carrier,
    places: Places,
    data: Data,
    mappings: Mappings,
    choice: Choice,
    blocked: frozenset[str] = frozenset(),
) -> Rewritten:
    """Rewrite every certain call in ``carrier``; the others are reported on their line.

    ``blocked`` are contexts whose Earthfile is somebody's own.
    """
    collector = Collector(carrier.path, mappings.diagnostics)
    translator = _Translator(places, blocked)
    outcomes = [
        carrier.module.rewritten(site, carrier.text, translator, data.earth_tools[choice.tool]["command"])
        for site in carrier.sites
    ]
    changes = [edit for outcome in outcomes for edit in outcome.edits]
    for outcome in outcomes:
        site = outcome.site
        span = _span(carrier.text, site.start, site.end)
        if outcome.why:
            collector.report("EM801", span, reason=outcome.why)
        for note in outcome.notes:
            collector.report(note.code, span, **note.fields)
    if changes and hasattr(carrier.module, "companions"):
        more, notes = carrier.module.companions(carrier.text, outcomes, data, choice.tool)
        changes += more
        for offset, note in notes:
            collector.report(note.code, _span(carrier.text, offset, offset), **note.fields)
    try:
        text = editing.apply(carrier.text, changes)
    except editing.OverlapError as error:
        # A defect of the carrier's reader must not cost the whole run.
        text, outcomes = carrier.text, [outcome._replace(edits=()) for outcome in outcomes]
        collector.report("EM806", None, reason=str(error))
    return Rewritten(carrier, text, tuple(outcomes), collector.diagnostics)


class _Translator:
    """Gives each site the call of earth for the target that its build has become."""

    def __init__(self, places: Places, blocked: frozenset[str] = frozenset()) -> None:
        self.places, self.blocked = places, blocked

    def __call__(self, site: Site) -> EarthCall:
        assert site.call is not None
        assert site.dockerfile is not None
        assert site.context is not None
        if site.context in self.blocked:
            raise Left(f"{posixpath.join(site.context, 'Earthfile')} was not written, because files there are not ours")
        if not (site.folder or "").isascii():
            raise Left(f"earth does not start in {site.folder}: a folder's name must be ASCII")
        target = site.call.last("target")
        if target is not None and target.text is None:
            raise Left("the stage that it builds is only known when it runs")
        stage = (target.text or "").lower() if target is not None else ""
        place = self.places.get((site.dockerfile, site.context, stage))
        if place is None:
            what = f"the stage {stage} is not in {site.dockerfile}" if stage else f"{site.dockerfile} was not converted"
            raise Left(what)
        detail = site.detail
        facts = Facts(
            open_names=getattr(detail, "open_tags", None), dynamic=getattr(detail, "default_context", None) is not None
        )
        made = translate(site.call, place, facts)
        made.reference = reference(place.folder, site.folder or "", made.reference)
        return made


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
    rewritten = tuple(rewrite(carrier, where, data, mappings, choice, blocked) for carrier in found.carriers)
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
