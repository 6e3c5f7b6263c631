"""What a repository holds: its Dockerfiles, the places that build them, and what these ask for."""

from __future__ import annotations

import importlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import NamedTuple

from migrate.callsites import edits as editing
from migrate.callsites import unread
from migrate.callsites.data import Data
from migrate.callsites.model import Site, joined
from migrate.callsites.shellreading import ShellError
from migrate.callsites.unread import YamlError
from migrate.callsites.values import pattern
from migrate.choice import Choice
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files, carrier_of, is_dockerfile, is_template
from migrate.disk import LARGEST_INPUT
from migrate.mappings import Mappings
from migrate.records import Record
from migrate.spans import Span

LARGEST_CARRIER = 256 * 1024
#: How much of a larger file is looked at for a hint that it builds.
_LOOKED_AT = 4 * 1024 * 1024
_MOST_SITES = 500
#: A script is read again for each of its calls.
_MOST_READ = 8_000_000
_HINT = re.compile(rb"docker|podman|buildx|kaniko|buildah", re.IGNORECASE)
#: What else is a hint in one carrier.
_HINTS = {"compose": re.compile(rb"build:"), "workflows": re.compile(rb"depot/|home-assistant/builder@")}
_PLATFORM = "DOCKER_DEFAULT_PLATFORM"


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
    plain = frozenset(dockerfiles)
    found: list[Diagnostic] = []
    if files.refused:
        found += _said(".", "EM745", mappings, reason=files.refused)
    for path, why in files.closed:
        found += _said(path, "EM749", mappings, path=path, reason=why)
    carriers = []
    for path in files.paths:
        name = carrier_of(path, data.discovery)
        if name is None or not choice.wants(name) or path in plain:
            continue
        collector = Collector(path, mappings.diagnostics)
        carrier = _carrier(path, name, files, data, collector)
        found += collector.diagnostics
        if carrier is not None:
            carriers.append(carrier)
    named = {site.dockerfile for carrier in carriers for site in _single(carrier.sites) if site.dockerfile}
    dockerfiles = sorted({*dockerfiles, *named})
    for path in [*dockerfiles]:
        problem = _unreadable(path, files, mappings)
        if problem is not None:
            found += problem
            dockerfiles.remove(path)
        elif is_template(path, data.discovery):
            found += _said(path, "EM734", mappings)
            dockerfiles.remove(path)
    return Found(tuple(dockerfiles), tuple(carriers), tuple(found))


def _unreadable(path: str, files: Files, mappings: Mappings) -> Sequence[Diagnostic] | None:
    """What is said of a Dockerfile that is too large, closed, a link by now, or gone; None for a good one."""
    start = files.start(path, LARGEST_INPUT + 1)
    if start is not None and len(start) <= LARGEST_INPUT:
        return None
    if start is not None:
        return _said(path, "EM193", mappings, path=path, limit=str(LARGEST_INPUT // (1024 * 1024)))
    why = files.refusal(path)
    return _said(path, "EM192", mappings, path=path, reason=why) if why else ()


def _said(where: str, code: str, mappings: Mappings, **fields: object) -> Sequence[Diagnostic]:
    """A finding on the whole file ``where``."""
    collector = Collector(where, mappings.diagnostics)
    collector.report(code, None, **fields)
    return collector.diagnostics


def _single(sites: Iterable[Site]) -> Iterator[Site]:
    """Each site, or the variants of it."""
    for site in sites:
        yield from site.variants.values() or (site,)


def _carrier(path: str, name: str, files: Files, data: Data, collector: Collector) -> Carrier | None:
    raw = files.read(path, LARGEST_CARRIER)
    if raw is None or not (name in data.reporters or _may_build(raw, name)):
        if raw is None or raw.startswith(unread.MARKS):
            unread.report(files.start(path, _LOOKED_AT), LARGEST_CARRIER, collector)
        if raw is None and (why := files.refusal(path)):
            collector.report("EM749", None, path=path, reason=why)
        return None
    text = editing.decoded(raw)
    if text is None:
        unread.report(raw, LARGEST_CARRIER, collector)
        return None
    reported = name in data.reporters
    module = importlib.import_module(f"migrate.callsites.{'reporters' if reported else name}")
    try:
        sites = tuple(module.sites(text, path, files, data, *([name] if reported else [])))
    except (ShellError, YamlError) as error:
        if name == "compose" or unread.speaks_of_builds(text):
            offset = error.offset if isinstance(error, ShellError) else _line_offset(text, error.line)
            collector.report("EM806", line_span(text, offset, offset), reason=str(error))
        return None
    except RecursionError:
        if unread.speaks_of_builds(text):
            collector.report("EM806", None, reason="it is nested too deeply")
        return None
    if len(sites) > _MOST_SITES or (name == "shell" and len(sites) * len(text) > _MOST_READ):
        collector.report("EM806", None, reason=f"it has {len(sites)} calls, too many to check each of them")
        return None
    if _PLATFORM in text and name not in ("shell", "compose"):
        reason = f"{_PLATFORM} may choose its platform, and earth does not read it"
        sites = tuple(replace(site, why=site.why or reason) for site in sites)
    if "{{" in path:
        sites = tuple(replace(site, why=site.why or "its file is a template") for site in sites)
    return Carrier(path, name, text, module, sites) if sites else None


def _may_build(raw: bytes, name: str) -> bool:
    return _HINT.search(raw) is not None or (name in _HINTS and _HINTS[name].search(raw) is not None)


def _line_offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
        if not offset:
            return 0
    return offset


def line_span(text: str, start: int, end: int) -> Span:
    """The place of ``text[start:end]`` in lines and columns."""
    return Span.of(*editing.position(text, start), *editing.position(text, end))


@dataclass(frozen=True, slots=True)
class Demand:
    """What the call sites ask of one Dockerfile in one context: stages that are named, image names, arguments."""

    dockerfile: str
    context: str
    sites: tuple[Site, ...] = ()


def _named_in_part(site: Site) -> Iterator[tuple[re.Pattern[str], str]]:
    """(pattern of the Dockerfile's path, context) of a call whose Dockerfile is known in part only."""
    call = site.call
    file = call.last("file") if call is not None else None
    if not site.why or call is None or file is None or file.text is not None or call.context is None:
        return
    literal = "".join(piece.text or "" for piece in file.pieces)
    if len(re.sub(r"(?:docker|container)file|[^a-z0-9]", "", literal, flags=re.IGNORECASE)) < 3:
        return  # it fits too much
    written = pattern(file)
    if written is None:
        return
    for start in (site.folder,) if site.folder is not None else ("", posixpath.dirname(site.path)):
        context = joined(start, call.context.text) if call.context.text is not None else None
        if context is not None:
            yield re.compile((re.escape(f"{start}/") if start else "") + written), context


def demands(found: Found, earlier: Iterable[Record] = ()) -> tuple[Demand, ...]:
    """One for each Dockerfile and context that call sites use; without one the context is the Dockerfile's folder.

    A call that names its Dockerfile in part, as in ``-f src/$1/Dockerfile .``, tells the context of those that fit.
    """
    pairs: dict[tuple[str, str], list[Site]] = {}
    for carrier in found.carriers:
        for site in _single(carrier.sites):
            if site.dockerfile is not None and site.context is not None and site.dockerfile in found.dockerfiles:
                pairs.setdefault((site.dockerfile, site.context), []).append(site)
    for record in earlier:
        if record.dockerfile in found.dockerfiles:
            pairs.setdefault((record.dockerfile, record.context), [])
    known = {dockerfile for dockerfile, _ in pairs}
    parts = [part for carrier in found.carriers for site in carrier.sites for part in _named_in_part(site)]
    for dockerfile in found.dockerfiles:
        if dockerfile not in known:
            fitting = (context for pattern, context in parts if pattern.fullmatch(dockerfile))
            pairs[dockerfile, next(fitting, posixpath.dirname(dockerfile))] = []
    return tuple(Demand(dockerfile, context, tuple(sites)) for (dockerfile, context), sites in sorted(pairs.items()))
