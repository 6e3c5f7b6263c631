"""What stands beside a migrated build and changes it: base images built here, files that earth reads by itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from migrate.callsites.model import Site, Tree, reference
from migrate.callsites.translate import tagged
from migrate.diagnostics import Collector, Diagnostic
from migrate.mappings import Mappings
from migrate.spans import Span

_FROM = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE | re.MULTILINE)
_COPY_FROM = re.compile(r"^[ \t]*(?:COPY|ADD|RUN)[ \t][^\n]*?(?:--|,)from=([^\s,]+)", re.IGNORECASE | re.MULTILINE)
_ARG = re.compile(r"^[ \t]*ARG[ \t]+([A-Za-z_]\w*)=[\"']?([^\s\"']*)", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-[^}]*)?\})")
#: File -> what earth does with it, and what to do when it serves another purpose (facts: call sites, section 0.7).
_READ = {
    ".env": ("as settings of its own; a line that it cannot read fails the build", "--env-file-path=/dev/null"),
    ".arg": ("each line is a build argument", "--arg-file-path=/dev/null"),
    ".secret": ("each line is a secret", "--secret-file-path=/dev/null"),
}


class Built(NamedTuple):
    """One Dockerfile in one context: its text, the folder of its Earthfile, its call sites, and what it saves.

    ``saved``: an image's name -> the target that saves it.
    """

    dockerfile: str
    folder: str
    source: str
    sites: Sequence[Site]
    saved: Mapping[str, str]
    solved: frozenset[str] = frozenset()
    """The targets that it is FROM already."""
    why: str = ""
    """Why it is not FROM a target."""


def base_images(built: Sequence[Built], mappings: Mappings) -> list[Diagnostic]:
    """A finding for each FROM that names an image which another of ``built`` saves."""
    targets: dict[str | None, tuple[Built, str]] = {}
    for one in built:
        for name, target in one.saved.items():
            targets.setdefault(tagged(name), (one, target))
    found: list[Diagnostic] = []
    for one in built:
        collector = Collector(one.dockerfile, mappings.diagnostics)
        for name, line in _bases(one):
            base, target = targets.get(tagged(name), (one, ""))
            if base is one:
                continue
            place, way = Span.of(line, 1, line, 1), reference(base.folder, one.folder, target)
            if way in one.solved:
                collector.report("EM815", place, name=name, reference=way)
                continue
            why = f"; {one.why}" if one.why else ""
            earthfile = posixpath.join(one.folder, "Earthfile")
            collector.report("EM811", place, name=name, reference=way, earthfile=earthfile, why=why)
        found += collector.diagnostics
    return found


def _bases(one: Built) -> Iterator[tuple[str, int]]:
    """(image, line) of each FROM, its arguments filled in with defaults and with what calls pass; stages left out."""
    passed = [dict(_ARG.findall(one.source.split("FROM", 1)[0]))]
    for site in one.sites:
        words = site.call.values("argument") if site.call is not None else ()
        given = dict(text.split("=", 1) for word in words if (text := word.text) is not None and "=" in text)
        passed += [{**passed[0], **given}] if given else []
    stages: set[str] = set()
    for match in _FROM.finditer(one.source):
        name, stage = match.groups()
        line = one.source.count("\n", 0, match.start()) + 1
        filled = dict.fromkeys(_VARIABLE.sub(partial(_value, values), name) for values in passed)
        yield from ((image, line) for image in filled if "$" not in image and image.lower() not in stages)
        if stage:
            stages.add(stage.lower())
    for match in _COPY_FROM.finditer(one.source):
        if match.group(1).lower() not in stages and "$" not in match.group(1):
            yield match.group(1), one.source.count("\n", 0, match.start()) + 1


def _value(values: Mapping[str, str], variable: re.Match[str]) -> str:
    return values.get(variable.group(1) or variable.group(2), "$")


def files_that_earth_reads(folders: Iterable[str], tree: Tree, mappings: Mappings) -> list[Diagnostic]:
    """A finding for each file in the folders where earth will run that it takes for its own."""
    found: list[Diagnostic] = []
    for folder in sorted(set(folders)):
        for name, (how, cure) in _READ.items():
            path = posixpath.join(folder, name)
            if tree.is_file(path):
                collector = Collector(path, mappings.diagnostics)
                collector.report("EM812", None, how=how, hint=f"call earth with {cure} if it serves another purpose")
                found += collector.diagnostics
    return found
