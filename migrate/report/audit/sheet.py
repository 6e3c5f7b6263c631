"""results.csv: a line for each repository, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from migrate import results
from migrate.diagnostics import visible
from migrate.report.audit.figures import Row

HEADS = (
    "name",
    "repository",
    "state",
    "wave",
    "minutes",
    "dockerfiles",
    *(f"dockerfiles {grade}" for grade in results.GRADES),
    "in part from dockerfile",
    "stages",
    *(f"stages {grade}" for grade in results.GRADES),
    "call sites",
    *(f"call sites {outcome}" for outcome in results.OUTCOMES),
    "errors",
    "warnings",
    "codes",
    "unknown base images",
    "why",
    "commit",
    "branch",
    "patch",
)


_STARTS = (
    *"=+-@\\",
    *("\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"),
)
"""What a spreadsheet may take for the start of a formula."""
_INNER = re.compile(rf"(;[ '\"]*)(?=[{re.escape(''.join(_STARTS))}])")
"""The same behind a semicolon, which separates cells where a comma is in numbers."""


def sheet(rows: Iterable[Row]) -> bytes:
    """The table: UTF-8 with a mark that spreadsheets look for, CRLF, numbers bare."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for row in rows:
        cells: list[str | int] = [row.name, row.repository, row.state.label, row.wave or "", row.minutes]
        cells += [sum(row.grades), *row.grades, row.fallback, sum(row.stages), *row.stages, sum(row.calls), *row.calls]
        cells += [row.errors, row.warnings, " ".join(row.blockers), " ".join(row.unknown), row.why]
        cells += [row.commit, row.branch, row.patch]
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def harmless(text: str) -> str:
    """``text`` on one line, and never a formula: an apostrophe goes in front of what a spreadsheet would compute."""
    shown = _INNER.sub(r"\1'", visible(text))
    return f"'{shown}" if shown.lstrip(" '\"")[:1] in _STARTS else shown
