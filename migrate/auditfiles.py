"""Writes the report of a batch beside its results.jsonl: ``write`` after a run, and again at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Set
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from migrate import locks, results
from migrate.mappings import Mappings
from migrate.report import audit
from migrate.report.audit import imagelist
from migrate.report.audit.parts import About

RESULTS = "results.jsonl"
_MARK = b'<meta name="generator" content="earthmigrate">'
_HEAD_SIZE = 2048
"""A page of ours has its mark in so many bytes."""


class Written(NamedTuple):
    """What was written: ``page``, the one to open, and how many repositories it tells of."""

    page: Path
    repositories: int


def write(folder: Path, mappings: Mappings | None = None, brief: Callable[[], bool] = lambda: False) -> Written:
    """Render ``folder``/results.jsonl into ``folder``; while ``brief`` holds, no pages of repositories and codes.

    What an earlier report has and this one has not goes. A list of images that somebody has filled in stays, and the
    new one is written beside it. One at a time: another one waits.

    Raises OSError, which names the file, and results.ResultError for a file that holds something else than results.
    """
    with (folder / RESULTS).open("rb") as file, locks.held(folder / ".rendering"):
        offsets, run = _contents(file)
        # By name: in which order results came does not count.
        ours = (results.at(file, offset) for _, offset in sorted(offsets.items()))
        written: set[Path] = set()
        for name, content in audit.render(ours, _about(run), mappings, brief):
            path = _beside(folder / name) if name == audit.IMAGES else folder / name
            _replace(path, content)
            written.add(path)
        for path in _earlier(folder, written, whole=not brief()):
            path.unlink(missing_ok=True)
    return Written(folder / "index.html", len(offsets))


def _earlier(folder: Path, written: Set[Path], *, whole: bool) -> Iterator[Path]:
    """The files that only an earlier report had. ``whole``: also pages, which a brief one leaves as they are."""
    pages = [page for kind in ("pages", "codes") if whole for page in (folder / kind).glob("*.html")]
    yield from {folder / audit.COMMANDS} - written
    yield from (path for path in _lists(folder) if path not in written and not _is_filled_in(path))
    yield from (page for page in pages if page not in written and _is_ours(page))


def _is_ours(page: Path) -> bool:
    with page.open("rb") as file:
        return _MARK in file.read(_HEAD_SIZE)


def _lists(folder: Path) -> Iterator[Path]:
    """The lists of images that are there."""
    stem, dot, kind = audit.IMAGES.rpartition(".")
    yield from sorted(folder.glob(f"{stem}*{dot}{kind}"))


def _beside(path: Path) -> Path:
    """Where a new list of images goes: never in the place of one that somebody has filled in."""
    names = chain((path,), (path.with_stem(f"{path.stem}-{number}") for number in count(2)))
    return next(name for name in names if not _is_filled_in(name))


def _is_filled_in(path: Path) -> bool:
    return path.exists() and imagelist.filled_in(path.read_text(encoding="utf-8", errors="replace"))


def _contents(file: BinaryIO) -> tuple[dict[str, int], Mapping[str, Any]]:
    """Name -> where the last line of that repository begins, and the facts of the last run. Keeps no result."""
    offsets: dict[str, int] = {}
    run: Mapping[str, Any] = {}
    begin = 0
    for number, raw in enumerate(file, start=1):
        text = raw.decode("utf-8", "replace")
        for result in results.read([text], number):
            offsets[result.name] = begin
        run = results.run_facts(text) or run
        begin += len(raw)
    return offsets, run


def _about(run: Mapping[str, Any]) -> About:
    """What a report says of its run. Fields that are missing or odd are left out."""
    facts = {name: run.get(name) for name in About._fields}
    return About(**{name: value for name, value in facts.items() if isinstance(value, str)})


def _replace(path: Path, content: bytes) -> None:
    """Write ``path`` whole or not at all. Raises OSError, which names it also when the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None
