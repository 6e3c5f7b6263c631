"""The migration of one repository: which Dockerfiles, which Earthfiles, and what becomes of every place that builds."""

from __future__ import annotations

import importlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, reference
from migrate.callsites.shellwords import ShellError
from migrate.callsites.translate import EarthCall, Facts, Left, Place, translate
from migrate.callsites.yamltext import YamlError
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files, carrier_of, is_dockerfile, is_template
from migrate.mappings import Mappings
from migrate.spans import Span

LARGEST_CARRIER = 2 * 1024 * 1024
_HINT = re.compile(rb"docker|podman|buildx|build:", re.IGNORECASE)
_BUILD_WORD = re.compile(r"\b(?:docker|podman)\b[^\n]*\bbuild\b|docker/build-push-action")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose: carriers to look at, the tool that calls are written for."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    tool: str = "earth"
    docs: bool = False

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
    if raw is None or not _HINT.search(raw):
        return None
    text = editing.decoded(raw)
    if text is None:
        return None
    module = importlib.import_module(f"migrate.callsites.{name}")
    try:
        sites = tuple(module.sites(text, path, files, data))
    except (ShellError, YamlError) as error:
        if _BUILD_WORD.search(text):
            offset = error.offset if isinstance(error, ShellError) else _line_offset(text, error.line)
            collector.report("EM806", _span(text, offset, offset), reason=str(error))
        return None
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


def demands(found: Found) -> tuple[Demand, ...]:
    """One for each Dockerfile and context that call sites use; without one the context is the Dockerfile's folder."""
    pairs: dict[tuple[str, str], list[Site]] = {}
    for carrier in found.carriers:
        for site in carrier.sites:
            if site.dockerfile is not None and site.context is not None and site.dockerfile in found.dockerfiles:
                pairs.setdefault((site.dockerfile, site.context), []).append(site)
    known = {dockerfile for dockerfile, _ in pairs}
    for dockerfile in found.dockerfiles:
        if dockerfile not in known:
            pairs[dockerfile, posixpath.dirname(dockerfile)] = []
    return tuple(Demand(dockerfile, context, tuple(sites)) for (dockerfile, context), sites in sorted(pairs.items()))


Places = Mapping[tuple[str, str, str], Place]
"""(Dockerfile, context, stage; "" for the last) -> where its build lives now."""


class Rewritten(NamedTuple):
    """A carrier after the migration: its new text, and what happened to each site."""

    carrier: Carrier
    text: str
    outcomes: tuple[Outcome, ...]
    diagnostics: tuple[Diagnostic, ...]


def rewrite(carrier: Carrier, places: Places, data: Data, mappings: Mappings, choice: Choice) -> Rewritten:
    """Rewrite every certain call in ``carrier``; the others are reported on their line."""
    collector = Collector(carrier.path, mappings.diagnostics)
    translator = _Translator(places)
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
    text = editing.apply(carrier.text, changes)
    return Rewritten(carrier, text, tuple(outcomes), collector.diagnostics)


class _Translator:
    """Gives each site the call of earth for the target that its build has become."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def __call__(self, site: Site) -> EarthCall:
        assert site.call is not None
        assert site.dockerfile is not None
        assert site.context is not None
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
