"""The migration of one repository as one JSON object; docs/json.md describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migrate import __version__
from migrate.callsites import edits as editing
from migrate.gitpatch import patch
from migrate.grouping import Group
from migrate.mappings import Mappings
from migrate.report.json import FORMAT, diagnostics
from migrate.report.tally import LEFT, REPORTED, REWRITTEN, Tally, kind
from migrate.repository import Migration
from migrate.rewriting import Rewritten


def to_json(
    migration: Migration, tally: Tally, mappings: Mappings, *, undo: Sequence[str], extra: Mapping[str, Any]
) -> bytes:
    """``migration`` as indented JSON; ``extra`` are fields that only some runs have."""
    text = json.dumps({**_data(migration, tally, mappings), "undo": list(undo), **extra}, ensure_ascii=False, indent=2)
    return (text + "\n").encode("utf-8", "backslashreplace")


def _data(migration: Migration, tally: Tally, mappings: Mappings) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "tool": {"name": "earthmigrate", "version": __version__},
        "counts": {
            "dockerfiles": tally.dockerfiles,
            "earthfiles": tally.earthfiles,
            "stages": tally.stages,
            "grades": {grade.label: number for grade, number in sorted(tally.grades.items())},
            "call_sites": {"found": tally.found, **{name: tally.sites.get(name, 0) for name in _KINDS}},
        },
        "contexts": [_group(group) for group in migration.groups],
        "call_sites": [site for item in migration.rewritten for site in _sites(item, mappings)],
        "edits": [edit for item in migration.rewritten for edit in _edits(item)],
        "changes": [
            {"path": change.path, "change": _change(change.before, change.after)} for change in migration.changes
        ],
        "diagnostics": diagnostics(migration.diagnostics),
        "diff": patch(migration.changes).decode("utf-8", "surrogateescape"),
    }


_KINDS = (REWRITTEN, REPORTED, LEFT)


def _change(before: bytes | None, after: bytes | None) -> str:
    return "create" if before is None else "remove" if after is None else "replace"


def _group(group: Group) -> dict[str, Any]:
    return {
        "context": group.context or ".",
        "dockerfiles": [record.dockerfile for record in group.records],
        "targets": [
            {
                "target": target.target,
                "stage": target.stage,
                "dockerfile": record.dockerfile,
                "grade": target.grade.label,
            }
            for record, conversion in zip(group.records, group.combined.conversions, strict=True)
            for target in conversion.targets
        ],
    }


def _sites(item: Rewritten, mappings: Mappings) -> Iterator[dict[str, Any]]:
    for outcome in item.outcomes:
        site = outcome.site
        what = kind(outcome, mappings)
        yield {
            "path": site.path,
            "span": _span(item.carrier.text, site.start, site.end),
            "carrier": site.carrier,
            "outcome": what,
            "reason": outcome.why or None,
            "dockerfile": site.dockerfile,
            "context": None if site.context is None else site.context or ".",
            "suggestion": outcome.suggestion or None,
            "suggestion_lacks": list(outcome.lacks),
        }


def _edits(item: Rewritten) -> Iterator[dict[str, Any]]:
    for edit in item.edits:
        yield {
            "path": item.carrier.path,
            "span": _span(item.carrier.text, edit.start, edit.end),
            "text": edit.new,
        }


def _span(text: str, start: int, end: int) -> dict[str, Any]:
    return {"start": _place(text, start), "end": _place(text, end)}


def _place(text: str, offset: int) -> dict[str, int]:
    line, column = editing.position(text, offset)
    return {"line": line, "column": column}
