"""The report of many repositories: HTML, Markdown, CSV and a mapping file, from the results of ``earthmigrate batch``.

Pure: results in, bytes out. ``render`` is the way in, ``migrate.auditfiles`` writes what it gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from migrate.mappings import Mappings, builtin
from migrate.report.audit import codes, pages
from migrate.report.audit.commands import commands
from migrate.report.audit.figures import Effort, Figures
from migrate.report.audit.imagelist import image_list
from migrate.report.audit.index import index
from migrate.report.audit.parts import About
from migrate.report.audit.sheet import sheet
from migrate.report.audit.summary import summary
from migrate.results import Result

IMAGES, COMMANDS = "base-images.yaml", "commands.txt"
"""Files that a report may have or not."""
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)")


def render(
    results: Iterable[Result],
    about: About | None = None,
    mappings: Mappings | None = None,
    brief: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[str, bytes]]:
    """(path in the report, content) of each file; a page comes with its result, so that nothing piles up.

    ``results`` has each repository once. Equal results in an equal order give equal bytes. While
    ``brief`` holds, only what tells of all repositories: somebody waits for the end.
    """
    about = about or About()
    found = Figures(Effort.of((mappings or builtin()).effort))
    taken: set[str] = set()
    for result in results:
        row = found.add(result, page_name(result.name, taken))
        if not brief():
            yield f"pages/{row.page}", pages.repository(result, row, about)
    for name, content in codes.pages(found, about):
        if brief():
            break
        yield f"codes/{name}", content
    if found.unknown:
        yield IMAGES, image_list(found.unknown_images())
    if (run := commands(found)) is not None:
        yield COMMANDS, run
    yield "results.csv", sheet(found.ordered())
    yield "summary.md", summary(found, about)
    yield "index.html", index(found, about)


def page_name(name: str, taken: set[str]) -> str:
    """A file name for the page of ``name``, legal and unique on every system, whatever the results say."""
    stem = re.sub(r"[^A-Za-z0-9._+-]", "-", name).strip(".-")[:120] or "repository"
    stem = f"_{stem}" if _RESERVED.match(stem) else stem
    chosen, number = stem, 2
    while chosen.lower() in taken:
        chosen, number = f"{stem}-{number}", number + 1
    taken.add(chosen.lower())
    return f"{chosen}.html"
