"""What a run over a repository says at its end: what to try now, counts, what is left to do, how to go back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from migrate.callsites.data import Data
from migrate.gitpatch import FileChange
from migrate.report.tally import LEFT, REPORTED, REWRITTEN, Tally, Task
from migrate.repository import Migration

_MOST_TASKS = 12
_WIDEST = 150


def lines(
    migration: Migration,
    tally: Tally,
    data: Data,
    tool: str,
    *,
    written: bool,
    undo: Sequence[str],
    extra: Iterable[str] = (),
) -> Iterator[str]:
    """The summary. ``undo``: commands that take a written change back; ``extra``: lines behind the counts."""
    known = data.earth_tools[tool]
    call = first_call(migration, known["command"])
    if call:
        yield f"{'try' if written else 'after --write, try'}:  {call}"
        yield f"install {known['command']}:  {known['install']}"
        if need := ci_need(migration, known):
            yield f"CI:  {need}"
    yield from counts(tally)
    yield from extra
    yield from _todo("to do by hand", tally.tasks)
    yield from _todo("not the same image", tally.differences)
    verb = "changed" if written else "would change"
    yield f"{verb} {counted(len(migration.changes), 'file')}"
    if written and migration.changes:
        yield "to undo it:  " + " && ".join(undo)


def first_call(migration: Migration, command: str) -> str:
    """The build to try first, "" when no Earthfile was made."""
    ready = [group for group in migration.groups if group.combined.text is not None]
    if migration.projects:
        project = min(migration.projects, key=lambda item: (item.folder.count("/"), item.folder, len(item.name)))
        return f"{command} {f'./{project.folder}' if project.folder else ''}+{project.name}"
    if not ready:
        return ""
    group = min(ready, key=lambda item: (item.context.count("/") + bool(item.context), item.context))
    done = [conversion for conversion in group.combined.conversions if conversion.images]
    target = group.combined.everything or (dict(done[0].images)[""] if done else "")
    place = f"./{group.context}" if group.context else ""
    return f"{command} {place}+{target}" if target else ""


def ci_need(migration: Migration, known: Mapping[str, Any]) -> str:
    """What CI jobs lack, in words; "" when nothing calls the tool yet."""
    edited = [item for item in migration.rewritten if any(outcome.edits for outcome in item.outcomes)]
    calling = [item for item in edited if item.carrier.name not in ("compose", "markdown")]
    workflows = [item.carrier.path for item in calling if item.carrier.name == "workflows"]
    others = [item.carrier.path for item in calling if item.carrier.name != "workflows"]
    parts = []
    if workflows:
        parts.append(
            f"{counted(len(workflows), 'changed workflow')} set{'s' * (len(workflows) == 1)} up {known['command']}"
        )
    if others:
        action = known["action"].partition("@")[0]
        parts.append(f"a job that runs {_some(others)} needs {known['command']} and an engine (on GitHub: {action})")
    return "; ".join(parts)


def counts(tally: Tally) -> Iterator[str]:
    """Two lines: Dockerfiles and call sites."""
    grades = ", ".join(f"{tally.grades[grade]} {grade.label}" for grade in sorted(tally.grades))
    line = f"{counted(tally.dockerfiles, 'Dockerfile')}, {counted(tally.stages, 'stage')}"
    yield f"{line} in {counted(tally.earthfiles, 'Earthfile')}" + (f": {grades}" if grades else "")
    sites = f"{counted(tally.found, 'call site')}: {tally.sites.get(REWRITTEN, 0)} rewritten"
    yield f"{sites}, {tally.sites.get(REPORTED, 0)} reported, {tally.sites.get(LEFT, 0)} left as they are"


def _todo(title: str, tasks: Sequence[Task]) -> Iterator[str]:
    """The tasks, those that need the same once."""
    if not tasks:
        return
    yield f"{title}, {counted(len(tasks), 'place')}:"
    places: dict[str, list[str]] = {}
    for task in tasks:
        places.setdefault(task.command or f"{task.code} {task.message}", []).append(task.place)
    shown = list(places.items())[:_MOST_TASKS]
    named = [(found[0] + (f" +{len(found) - 1}" if len(found) > 1 else ""), what) for what, found in shown]
    width = min(max(len(where) for where, _ in named), _WIDEST // 3)
    for where, what in named:
        yield _cut(f"  {where.ljust(width)}  {what}")
    if len(places) > len(shown):
        yield f"  and {sum(len(found) for found in list(places.values())[len(shown) :])} more above"


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def _some(paths: Sequence[str]) -> str:
    shown = list(dict.fromkeys(paths))
    return ", ".join(shown[:2]) + (f" and {len(shown) - 2} more" if len(shown) > 2 else "")


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def undone(changes: Iterable[FileChange]) -> tuple[list[str], list[str]]:
    """(changed, added) paths: what an undo brings back and what it removes."""
    made = list(changes)
    return [item.path for item in made if item.before is not None], [item.path for item in made if item.before is None]
