"""The answers for repositories that nothing was done with. Light: a batch needs these, and no conversion, itself."""

from __future__ import annotations

from collections.abc import Iterable

from migrate import __version__
from migrate.batch.jobs import Answer, Job
from migrate.diagnostics import Collector, Diagnostic
from migrate.mappings import builtin
from migrate.results import Finding, Result


def blank(job: Job, status: str, why: str = "") -> Result:
    """What is known of a repository before anything is done."""
    entry = job.entry
    return Result(
        entry.repository,
        entry.name,
        status,
        why,
        ref=entry.ref,
        version=__version__,
        settings=job.settings,
        identity=entry.identity,
    )


def failed(job: Job, code: str, **fields: object) -> Answer:
    """The answer for a repository that could not be done; ``code`` and ``fields`` are those of its diagnostic."""
    collector = Collector(".", builtin().diagnostics)
    found = collector.report(code, None, **fields)
    return Answer(blank(job, "failed", found.message)._replace(findings=findings([found])))


def skipped(job: Job, why: str) -> Answer:
    """The answer for a repository with nothing to look at."""
    return Answer(blank(job, "skipped", why))


def findings(diagnostics: Iterable[Diagnostic]) -> tuple[Finding, ...]:
    """Diagnostics as results have them."""
    found = []
    for item in diagnostics:
        start = item.span.start if item.span is not None else None
        line, column = (start.line, start.column) if start is not None else (0, 0)
        found.append(Finding(item.code, item.severity.label, item.path, line, column, item.message, item.hint))
    return tuple(found)
