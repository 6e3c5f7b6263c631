"""``.earthmigrate.yaml``: what a migration decided for each Dockerfile, so that the next run decides the same.

The file is part of the change. It is written sorted, in the plain YAML that JSON strings are, and read with positions.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from migrate.mappings_compile import Document

from migrate.settings import LocalBase

NAME = ".earthmigrate.yaml"
HEADER = "# What earthmigrate decided; a later run reads it. See earthmigrate repo --help.\n"


class RecordError(ValueError):
    """A file that cannot be used; the text starts with file, line and column."""


class Record(NamedTuple):
    """One Dockerfile in one context.

    ``images``: stage ("" for the last) -> the names that are saved by default. ``argument``: stage -> the ARG that
    gives another name. ``open``: whether a target saves the image under a list of names. ``platforms``: those that
    one call builds for together. ``digest`` is that of the
    Dockerfile that was converted. ``targets``: those of the Earthfile that came from it -> their stage, "" for others.
    ``written`` and ``ignored`` are digests of what was written into the Earthfile, ``globals`` included, and of the
    ignore file; they stand in the first record of a context. ``bases`` are base images that other targets build.
    """

    dockerfile: str
    context: str
    earthfile: str
    images: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, str]
    open: bool
    platforms: tuple[str, ...]
    digest: str
    targets: Mapping[str, str] = {}
    globals: tuple[str, ...] = ()
    written: str = ""
    ignored: str = ""
    bases: tuple[LocalBase, ...] = ()


def written(records: Iterable[Record], rest: str = "", projects: Iterable[Composed] = ()) -> str:
    """The text of the file; ``rest`` are the lines of an existing one that are not ours."""
    lines = [rest.rstrip("\n") + "\n" if rest.strip() else HEADER, *_projects(projects), "migrated:\n"]
    for record in sorted(records, key=lambda item: (item.context, item.dockerfile)):
        lines.append(f"  - dockerfile: {_text(record.dockerfile)}\n")
        lines.append(f"    context: {_text(record.context or '.')}\n")
        lines.append(f"    earthfile: {_text(record.earthfile)}\n")
        lines.append(f"    digest: {_text(record.digest)}\n")
        if record.open:
            lines.append("    open-names: true\n")
        if record.platforms:
            lines.append(f"    platforms: {json.dumps(list(record.platforms))}\n")
        for target in sorted(record.targets):
            if target == min(record.targets):
                lines.append("    targets:\n")
            lines.append(f"      {_text(target)}: {_text(record.targets[target])}\n")
        for base in record.bases:
            if base == record.bases[0]:
                lines.append("    bases:\n")
            lines.append(f"      - from: {_text(base.written)}\n")
            lines.append(f"        target: {_text(base.reference)}\n")
            if base.passes:
                lines.append("        pass-args: true\n")
            if base.arguments:
                lines.append(f"        arguments: {json.dumps(dict(base.arguments), ensure_ascii=False)}\n")
        if record.globals:
            lines.append(f"    globals: {json.dumps(list(record.globals))}\n")
        if record.written:
            lines.append(f"    written: {_text(record.written)}\n")
        if record.ignored:
            lines.append(f"    ignored: {_text(record.ignored)}\n")
        for stage in sorted({*record.images, *record.arguments}):
            if stage == min({*record.images, *record.arguments}):
                lines.append("    images:\n")
            lines.append(f"      - stage: {_text(stage)}\n")
            lines.append(f"        names: {json.dumps(list(record.images.get(stage, ())), ensure_ascii=False)}\n")
            if stage in record.arguments:
                lines.append(f"        argument: {_text(record.arguments[stage])}\n")
    return "".join(lines)


def _projects(projects: Iterable[Composed]) -> Iterator[str]:
    """The targets for what compose files built before their ``build:`` went."""
    for index, project in enumerate(sorted(projects, key=lambda item: (item.folder, item.files))):
        yield "composed:\n" if not index else ""
        yield f"  - earthfile: {_text(posixpath.join(project.folder, 'Earthfile'))}\n"
        yield f"    target: {_text(project.name)}\n"
        yield f"    files: {json.dumps(list(project.files), ensure_ascii=False)}\n"
        yield "    lines:\n"
        yield from (f"      - {_text(line)}\n" for line in project.lines)
        if project.variables:
            yield "    variables:\n"
            yield from (f"      {_text(name)}: {_text(argument)}\n" for name, argument in sorted(project.variables))


def _text(value: str) -> str:
    # A name that is no UTF-8 has stray bytes as surrogates, which only an escape can hold.
    has_strays = not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)
    return json.dumps(value, ensure_ascii=has_strays)


class Composed(NamedTuple):
    """A target for what the compose files ``files`` built before their ``build:`` went: its recipe's ``lines``.

    ``variables``: (a name in the environment, the ARG that takes its value).
    """

    folder: str
    name: str
    files: tuple[str, ...]
    lines: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()


class Recorded(NamedTuple):
    """What the file says: the Dockerfiles, the lines that are not ours, and the targets of compose projects."""

    records: tuple[Record, ...] = ()
    rest: str = ""
    projects: tuple[Composed, ...] = ()


def read(text: str, path: str) -> Recorded:
    """What the file ``text`` says. Raises RecordError."""
    from migrate.mappings import MappingError
    from migrate.mappings_compile import check, read_yaml  # a YAML library: only where the file exists

    try:
        document = read_yaml(text, path)
        check(document, "records")
    except MappingError as error:
        raise RecordError(str(error)) from None
    found = document.data.get("migrated") or ()
    for index, item in enumerate(found):
        for key in ("dockerfile", "context", "earthfile"):
            if _leads_out(item[key]):
                raise _leading_out(document, ("migrated", index, key))
    composed = document.data.get("composed") or ()
    for index, item in enumerate(composed):
        if _leads_out(item["earthfile"]):
            raise _leading_out(document, ("composed", index, "earthfile"))
    projects = tuple(_project(item) for item in composed)
    return Recorded(tuple(_record(item) for item in found), _rest(text), projects)


def _leading_out(document: Document, steps: tuple[str | int, ...]) -> RecordError:
    line, column = document.places[steps]
    return RecordError(f"{document.path}:{line + 1}:{column + 1}: {steps[-1]} leads out of the repository")


def _project(item: Mapping[str, Any]) -> Composed:
    return Composed(
        posixpath.dirname(item["earthfile"]),
        item["target"],
        tuple(item["files"]),
        tuple(item["lines"]),
        tuple((item.get("variables") or {}).items()),
    )


def _leads_out(path: str) -> bool:
    """Whether ``path`` is no plain way to something below the root: the file may be a stranger's."""
    return (
        path.startswith(("/", "~"))
        or "\\" in path
        or ":" in path[:2]
        or "\0" in path
        or ".." in path.split("/")
        or ".git" in path.split("/")
    )


def _record(item: Mapping[str, Any]) -> Record:
    images = item.get("images", ())
    return Record(
        item["dockerfile"],
        "" if item["context"] == "." else item["context"],
        item["earthfile"],
        {entry["stage"]: tuple(entry["names"]) for entry in images},
        {entry["stage"]: entry["argument"] for entry in images if "argument" in entry},
        bool(item.get("open-names")),
        tuple(item.get("platforms", ())),
        item["digest"],
        dict(item.get("targets") or {}),
        tuple(item.get("globals", ())),
        item.get("written", ""),
        item.get("ignored", ""),
        tuple(
            LocalBase(
                base["from"],
                base["target"],
                bool(base.get("pass-args")),
                tuple(sorted((base.get("arguments") or {}).items())),
            )
            for base in item.get("bases", ())
        ),
    )


def _rest(text: str) -> str:
    """The lines that are not below ``migrated:`` or ``composed:``."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith(("migrated:", "composed:")):
            inside = True
        elif inside and (not line.strip() or line[0] in " \t-"):
            continue
        else:
            inside = False
            kept.append(line)
    return "".join(kept)
