"""Writes the report of a batch beside its results.jsonl: ``write`` after a run, and again at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from migrate import results
from migrate.mappings import Mappings
from migrate.report import audit
from migrate.report.audit.parts import About

RESULTS = "results.jsonl"


class Written(NamedTuple):
    """What was written: ``page``, the one to open, and how many repositories it tells of."""

    page: Path
    repositories: int


def write(folder: Path, mappings: Mappings | None = None, brief: Callable[[], bool] = lambda: False) -> Written:
    """Render ``folder``/results.jsonl into ``folder``; while ``brief`` holds, no pages of repositories and codes.

    Raises OSError, which names the file, and results.ResultError for a file that holds something else than results.
    """
    with (folder / RESULTS).open("rb") as file:
        offsets, run = _contents(file)
        # By name: in which order results came does not count.
        ours = (_at(file, offset) for _, offset in sorted(offsets.items()))
        for name, content in audit.render(ours, _about(run), mappings, brief):
            _replace(folder / name, content)
    return Written(folder / "index.html", len(offsets))


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


def _at(file: BinaryIO, offset: int) -> results.Result:
    file.seek(offset)
    (found,) = results.read([file.readline().decode("utf-8", "replace")])
    return found


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
