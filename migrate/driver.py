"""One ``convert`` run on a real disk: reads, asks the core, compares with what stands there, writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from migrate.context import Context, UnknownContext
from migrate.convert import Conversion, convert
from migrate.diagnostics import Collector, Diagnostic
from migrate.disk import (
    DiskContext,
    DiskError,
    find_dockerfile,
    named_from,
    read_existing,
    read_input,
    read_standard_input,
    shown,
    write_file,
)
from migrate.images import image_name
from migrate.mappings import Mappings, builtin
from migrate.settings import Settings


class Job(NamedTuple):
    """What the command line asks for; ``path`` None is standard input."""

    path: Path | None
    context: Path | None = None
    images: tuple[str, ...] = ()
    target: str | None = None
    fidelity: str = "clean"
    fallback: str = "dockerfile"
    build_contexts: tuple[tuple[str, str], ...] = ()
    helper_image: str = "busybox"
    inspect: str | None = None
    """Where base images are looked at: ``auto``, ``engine`` or ``registry``; None: nowhere."""
    facts: Path | None = None
    """The file that keeps what was found there."""
    output: Path | None = None
    write: bool = False
    force: bool = False
    diff: bool = False
    check: bool = False
    json: bool = False


class Outcome(NamedTuple):
    """What to print and how it went: ``failed`` is exit code 3, ``changes`` that ``--write`` would change a file."""

    conversion: Conversion
    stdout: str = ""
    notes: tuple[str, ...] = ()
    changes: bool = False
    failed: bool = False


class Change(NamedTuple):
    """A file in the context folder, as it is (None: missing) and as it should be."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def kind(self) -> str:
        """``create``, ``replace`` or ``none``."""
        return "create" if self.before is None else "none" if self.before == self.after else "replace"


def execute(job: Job, mappings: Mappings | None = None, *, colored: bool = False) -> Outcome:
    """Do ``job``; everything that goes wrong on the disk becomes a diagnostic."""
    notes: list[str] = []
    folder, conversion, source = _converted(job, mappings, notes)
    changes: Sequence[Change] = ()
    failed = not conversion.files
    if not failed:
        try:
            if job.write or job.diff or job.check:
                changes = _changes(folder, conversion)
            notes += _written(job, changes, conversion)
        except DiskError as error:
            conversion, failed = _with(conversion, error.code, error.fields), True
    changed = any(change.kind != "none" for change in changes)
    return Outcome(conversion, _stdout(job, conversion, changes, source, colored), tuple(notes), changed, failed)


def _converted(job: Job, mappings: Mappings | None, notes: list[str]) -> tuple[Path | None, Conversion, bytes]:
    """The context folder, the conversion and the Dockerfile's bytes."""
    name, dockerfile, folder = "-", job.path, job.context
    try:
        if job.path is None:
            source = read_standard_input()
        else:
            name = shown(job.path)
            dockerfile = find_dockerfile(job.path)
            name = shown(dockerfile)
            source = read_input(dockerfile)
            folder = folder if folder is not None else dockerfile.parent
    except DiskError as error:
        return folder, _with(Conversion(name, (), ()), error.code, error.fields), b""
    findings: tuple[tuple[str, dict[str, str]], ...] = ()
    if job.inspect is not None or job.facts is not None:
        from migrate.imageknowledge import gathered  # only such a run pays for it

        try:
            mappings, findings, written = gathered([source], job.inspect, job.facts, mappings or builtin())
        except DiskError as error:
            return folder, _with(Conversion(name, (), ()), error.code, error.fields), source
        notes += written
    context: Context = UnknownContext() if folder is None else DiskContext(folder, dockerfile)
    settings = Settings(
        images=job.images,
        target=job.target,
        fidelity=job.fidelity,
        fallback=job.fallback,
        build_contexts=job.build_contexts,
        helper_image=job.helper_image,
        dockerfile=named_from(dockerfile, folder),
        name=None if folder is None else image_name(folder.resolve().name),
        writes=job.write or job.diff or job.check or job.json,
    )
    conversion = convert(source, settings, path=name, context=context, mappings=mappings)
    for code, fields in reversed(findings):
        conversion = _with(conversion, code, fields)
    return folder, conversion, source


def _changes(folder: Path | None, conversion: Conversion) -> list[Change]:
    """What ``--write`` would do to each file."""
    if folder is None:
        return []
    return [
        Change(folder / file.name, read_existing(folder / file.name), _encoded(file.text)) for file in conversion.files
    ]


def _written(job: Job, changes: Sequence[Change], conversion: Conversion) -> list[str]:
    """Write what the job asks for; the lines that say so. The Earthfile comes last: it needs its ignore file."""
    if job.output is not None:
        write_file(job.output, _encoded(conversion.earthfile or ""))
        return [f"wrote {shown(job.output)}"]
    due = [change for change in changes if change.kind != "none"]
    if not job.write:
        return [f"would {change.kind} {shown(change.path)}" for change in due if job.check]
    for change in due:
        if change.kind == "replace" and not job.force:
            raise DiskError("EM194", path=shown(change.path))
    for change in reversed(due):
        write_file(change.path, change.after)
    return [f"wrote {shown(change.path)}" for change in due] or [f"{shown(changes[0].path)} is up to date"]


def _stdout(job: Job, conversion: Conversion, changes: Sequence[Change], source: bytes, colored: bool) -> str:
    difference = _difference(conversion, changes, source) if job.diff and conversion.files else ""
    if job.json:
        from migrate.report.json import to_json  # each output form is loaded by the run that asks for it

        extra: dict[str, Any] = {"changes": [{"path": shown(item.path), "change": item.kind} for item in changes]}
        return to_json(conversion, {**extra, "diff": difference} if job.diff else extra)
    if job.diff:
        from migrate.report.diff import painted

        return painted(difference) if colored else difference
    return "" if job.write or job.check or job.output is not None else conversion.earthfile or ""


def _difference(conversion: Conversion, changes: Sequence[Change], source: bytes) -> str:
    """The Earthfile against the one that exists, else against the Dockerfile; other files against what exists."""
    from migrate.report.diff import NOTHING, unified

    first, *others = changes or [Change(Path("Earthfile"), None, _encoded(conversion.earthfile or ""))]
    before_name = conversion.path if first.before is None else shown(first.path)
    before = source if first.before is None else first.before
    text = unified(_decoded(before), _decoded(first.after), before_name, shown(first.path))
    for change in others:
        name = NOTHING if change.before is None else shown(change.path)
        text += unified(_decoded(change.before or b""), _decoded(change.after), name, shown(change.path))
    return text


def _with(conversion: Conversion, code: str, fields: dict[str, str]) -> Conversion:
    collector = Collector(conversion.path, builtin().diagnostics)
    found: Diagnostic = collector.report(code, None, **fields)
    return conversion._replace(diagnostics=(found, *conversion.diagnostics))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
