"""The page for the pull request that brings a migration: what changed, what became of each stage, what is left to do.

The same migration always gives the same page. Everything that comes from the repository is escaped.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from migrate.convert import Conversion
from migrate.diagnostics import Severity
from migrate.earthfile.reader import EarthfileError, Statement, flags_and_args, read
from migrate.grouping import Group
from migrate.report import summary
from migrate.report.markdown import block, code, details, label, plain, table
from migrate.report.tally import Tally, Task, grade_of
from migrate.repository import Migration

_FOLDED_FROM = 4
"""From so many Dockerfiles on each has a section that is folded away."""
_MOST_OPEN = 15
_MOST_NODES = 40
_MOST_ROWS = 400
_ARROWS = {"FROM": "-->", "FROM DOCKERFILE": "-->", "COPY": "-.->", "BUILD": "==>"}


class Verified(NamedTuple):
    """What verify found for one target: its Dockerfile, the verdict in words, and how it was found."""

    dockerfile: str
    target: str
    verdict: str
    why: str = ""


def page(
    migration: Migration,
    tally: Tally,
    known: Mapping[str, Any],
    undo: Sequence[str],
    verified: Sequence[Verified] | None = None,
) -> str:
    """The whole page.

    ``known`` is the tool's entry of mappings/earth-tools.yaml; ``verified`` is None when nothing was built.
    """
    verdicts = {(item.dockerfile, item.target): item for item in verified or ()}
    parts = [
        "# Build with Earthfiles",
        *_overview(migration, tally, known),
        *_stages(migration.groups, verdicts),
        *_todo(tally),
        *_verdicts(verified),
        *_changes(migration),
        *_undo(undo),
        *_notes(migration),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _overview(migration: Migration, tally: Tally, known: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "Every Dockerfile below has become targets of an Earthfile that build the same image. The Dockerfiles stay."
        if not any(change.after is None for change in migration.changes)
        else "Every Dockerfile below has become targets of an Earthfile that build the same image."
    )
    yield "\n".join(f"- {plain(line)}" for line in summary.counts(tally))
    call = summary.first_call(migration, known["command"])
    if call:
        lines = [f"Try it: {code(call)} ([install {known['command']}]({known['install']}))."]
        if need := summary.ci_need(migration, known):
            lines.append(f"CI: {plain(need)}.")
        yield "\n".join(lines)


def _stages(groups: Iterable[Group], verdicts: Mapping[tuple[str, str], Verified]) -> Iterator[str]:
    made = [group for group in groups if group.combined.conversions]
    if not made:
        return
    yield "## Stages and targets"
    folded = sum(len(group.combined.conversions) for group in made) >= _FOLDED_FROM
    for group in made:
        earthfile = posixpath.join(group.context, "Earthfile")
        names = [conversion.path for conversion in group.combined.conversions]
        body = "\n\n".join(part for part in (_targets(group, verdicts), _graph(group.combined.text or "")) if part)
        worst = max(grade_of(conversion) for conversion in group.combined.conversions).label
        if folded:
            title = f"<code>{plain(', '.join(names))}</code> &rarr; <code>{plain(earthfile)}</code>: {worst}"
            yield details(title, body)
        else:
            yield f"### {', '.join(map(code, names))} → {code(earthfile)}\n\n{body}"


def _targets(group: Group, verdicts: Mapping[tuple[str, str], Verified]) -> str:
    several = len(group.combined.conversions) > 1
    rows = []
    for conversion in group.combined.conversions:
        of = (code(conversion.path),) if several else ()
        for stage, target, grade in _pairs(conversion):
            verdict = verdicts.get((conversion.path, target))
            shown = (verdict.verdict if verdict else "",) * bool(verdicts)
            rows.append((*of, stage, code(f"+{target}"), grade, *shown))
        if not conversion.targets:
            rows.append((*of, "not converted", "", "failed", *([""] * bool(verdicts))))
    head = (*(["Dockerfile"] * several), "Stage", "Target", "Grade", *(["Verified"] * bool(verdicts)))
    return table(head, rows[:_MOST_ROWS]) if rows else ""


def _pairs(conversion: Conversion) -> Iterator[tuple[str, str, str]]:
    stages = [result for result in conversion.targets if result.stage is not None]
    for result in stages:
        last = " (delivered)" if result is stages[-1] else ""
        yield code(result.stage or "") + last, result.target, result.grade.label


def _graph(earthfile: str) -> str:
    """The targets of an Earthfile and what they take from each other, as a Mermaid flowchart."""
    try:
        recipes = read(earthfile, strict=False).targets
    except EarthfileError:
        return ""
    names = {recipe.name: f"t{index}" for index, recipe in enumerate(recipes)}
    if not 1 < len(names) <= _MOST_NODES:
        return ""
    lines = ["flowchart LR", *(f"    {node}[{label('+' + name)}]" for name, node in names.items())]
    seen: dict[str, None] = {}
    for recipe in recipes:
        for command, target in _references(recipe.statements):
            if target in names:
                seen[f"    {names[target]} {_ARROWS[command]} {names[recipe.name]}"] = None
    legend = "Solid: built on. Dotted: files are copied from it. Thick: builds it."
    return block("\n".join([*lines, *seen]), "mermaid") + f"\n\n{legend}"


def _references(statements: Iterable[Statement]) -> Iterator[tuple[str, str]]:
    """(command, target) for each target of the same Earthfile that ``statements`` name."""
    for statement in statements:
        for inner in statement.blocks:
            yield from _references(inner.statements)
        if statement.name not in _ARROWS or statement.exec_form:
            continue
        flags, words = flags_and_args(statement)
        named = [*words, *(value for _, value in flags if value is not None)]
        for word in named[:-1] if statement.name == "COPY" and len(named) > 1 else named:
            if word.startswith("+"):
                yield statement.name, word[1:].partition("/")[0]


def _todo(tally: Tally) -> Iterator[str]:
    if tally.tasks or tally.differences:
        yield "## To do by hand"
    if tally.tasks:
        yield _tasks(tally.tasks)
    if tally.differences:
        yield "These images will not be quite the same; each line says where and why:"
        yield _tasks(tally.differences)


def _tasks(tasks: Sequence[Task]) -> str:
    lines = []
    for task in tasks[:_MOST_ROWS]:
        line = f"- [ ] {code(task.place)}: {plain(task.message)} ({task.code})"
        lines.append(line + (f"<br>use {code(task.command)}" if task.command else f"<br>{plain(task.hint)}"))
    more = len(tasks) - _MOST_ROWS
    text = "\n".join([*lines, *([f"- and {more} more"] if more > 0 else [])])
    return _folded(text, len(tasks), "place")


def _folded(text: str, number: int, noun: str) -> str:
    """``text``, folded away when it is long."""
    return details(summary.counted(number, noun), text) if number > _MOST_OPEN else text


def _verdicts(verified: Sequence[Verified] | None) -> Iterator[str]:
    yield "## Verified"
    if verified is None:
        yield (
            "Nothing was built for this page. `earthmigrate repo --verify` builds every Dockerfile and its Earthfile "
            "with the real tools and compares the images."
        )
        return
    yield "Both sides were built with the real tools, and the images compared: files, owners, modes and configuration."
    rows = [
        (code(item.dockerfile), code(f"+{item.target}") if item.target else "", item.verdict, plain(item.why))
        for item in verified
    ]
    text = table(("Dockerfile", "Target", "Verdict", "Why"), rows[:_MOST_ROWS])
    yield _folded(text, len(rows), "target")


def _changes(migration: Migration) -> Iterator[str]:
    yield "## Files"
    rows = []
    for change in migration.changes:
        what = "new" if change.before is None else "removed" if change.after is None else "changed"
        rows.append((code(change.path), what))
    text = table(("File", ""), rows[:_MOST_ROWS]) if rows else "Nothing changes."
    yield _folded(text, len(rows), "file")


def _undo(undo: Sequence[str]) -> Iterator[str]:
    if undo:
        yield "## Undo"
        yield "Before the change is committed, in the root of the repository:"
        yield block("\n".join(undo), "sh")


def _notes(migration: Migration) -> Iterator[str]:
    """What is only worth knowing, equal texts once."""
    places: dict[tuple[str, str], list[str]] = {}
    for item in migration.diagnostics:
        if item.severity is Severity.INFO:
            where = f"{item.path}:{item.span.start.line}" if item.span is not None else item.path
            places.setdefault((item.code, item.message), []).append(where)
    if not places:
        return
    lines = []
    for (number, message), found in list(places.items())[:_MOST_ROWS]:
        shown = ", ".join(map(code, found[:3])) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
        lines.append(f"- {plain(message)} ({number}; {shown})")
    yield "## Worth knowing"
    yield details(summary.counted(len(places), "note"), "\n".join(lines))
