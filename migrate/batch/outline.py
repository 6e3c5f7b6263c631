"""The migration of one repository as the plain fields of its result."""

from __future__ import annotations

import posixpath
from typing import Any

from migrate.batch.answers import findings
from migrate.callsites import edits as editing
from migrate.callsites.model import Outcome
from migrate.convert import Conversion
from migrate.diagnostics import Grade, Severity, visible
from migrate.gitpatch import FileChange
from migrate.grouping import Group
from migrate.images import base_image, parse_reference
from migrate.mappings import Mappings
from migrate.report.tally import LEFT, REPORTED, REWRITTEN, conversions_of, kind
from migrate.repository import Migration
from migrate.results import BaseImage, DockerfileResult, SiteResult, StageResult

_OUTCOMES = {REWRITTEN: "rewritten", REPORTED: "left", LEFT: "unchanged"}


def fields(migration: Migration, mappings: Mappings) -> dict[str, Any]:
    """What ``migrate.results.Result`` says of ``migration``."""
    return {
        "dockerfiles": tuple(item for group in migration.groups for item in _dockerfiles(group)),
        "sites": tuple(_sites(migration, mappings)),
        "findings": findings(migration.diagnostics),
        "bases": _bases(migration, mappings),
        "changes": tuple((change.path, _change(change)) for change in migration.changes),
    }


def _dockerfiles(group: Group) -> list[DockerfileResult]:
    found = []
    for record, conversion in zip(group.records, group.combined.conversions, strict=True):
        stages = tuple(StageResult(item.stage, item.target, item.grade.label) for item in conversion.targets)
        worst = max((item.grade for item in conversion.targets), default=Grade.FAILED)
        earthfile = posixpath.join(group.context, "Earthfile")
        found.append(
            DockerfileResult(record.dockerfile, group.context, earthfile, worst.label, _falls(conversion), stages)
        )
    return found


def _falls(conversion: Conversion) -> bool:
    """Whether a stage is built FROM DOCKERFILE: helpers that write a Dockerfile of their own (``-f +target``) do not
    count."""
    if conversion.document is None:
        return False
    commands = [item for target in conversion.document.targets for item in target.items]
    return any(
        getattr(item, "keyword", "") == "FROM DOCKERFILE"
        and not any("-f +" in line.text for line in getattr(item, "lines", ()))
        for item in commands
    )


def _change(change: FileChange) -> str:
    return "create" if change.before is None else "remove" if change.after is None else "replace"


def _sites(migration: Migration, mappings: Mappings) -> list[SiteResult]:
    found = []
    for item in migration.rewritten:
        for outcome in item.outcomes:
            line, _ = editing.position(item.carrier.text, outcome.site.start)
            what = _OUTCOMES[kind(outcome, mappings)]
            why = _why(outcome, mappings) if what == "left" else ""
            found.append(SiteResult(outcome.site.path, line, outcome.site.carrier, what, why))
    return found


def _why(outcome: Outcome, mappings: Mappings) -> str:
    """Why somebody has to look at a site: the reason that it stays, or else the first warning about it."""
    notes = [(mappings.diagnostics[note.code], note.fields) for note in outcome.notes]
    warnings = [
        entry.message.format(**{name: visible(str(value)) for name, value in fields.items()})
        for entry, fields in notes
        if entry.severity >= Severity.WARNING
    ]
    return outcome.why or next(iter(warnings), "")


def _bases(migration: Migration, mappings: Mappings) -> tuple[BaseImage, ...]:
    """The images that stages are FROM; those that only a build knows are left out."""
    known: dict[str, bool] = {}
    for reference in {base for conversion in conversions_of(migration) for base in conversion.bases}:
        name = parse_reference(reference).name
        known[name] = known.get(name, True) and base_image(reference, mappings) is not None
    return tuple(BaseImage(name, known[name]) for name in sorted(known))
