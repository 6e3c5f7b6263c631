"""summary.md: the audit on a page, for a ticket, a wiki or a message. Untrusted text stands in code spans only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from migrate import __version__, results
from migrate.diagnostics import visible
from migrate.mappings import explanation
from migrate.report.audit import figures
from migrate.report.audit.figures import Figures, State, count, duration, percent
from migrate.report.audit.parts import About, code_name

_BLOCKERS = 15
_MEMBERS = 10
_IMAGES = 15
_FAILURES = 20


def summary(found: Figures, about: About) -> bytes:
    """The whole file."""
    parts = [
        [f"# Audit of {count(len(found.rows), 'repository')}", "", _described(about)],
        _answers(found),
        _states(found),
        _numbers(found),
        _blockers(found),
        _waves(found),
        _images(found),
        _without_result(found),
        ["## How it is reckoned", "", f"{figures.formula(found.effort)}. These are estimates; a day has eight hours."],
    ]
    lines = [line for part in parts for line in [*part, ""]]
    return ("\n".join(lines).rstrip("\n") + "\n").encode("utf-8")


def _described(about: About) -> str:
    when = f", run started {span(about.started)}" if about.started else ""
    return f"From Dockerfiles to Earthfiles with earthmigrate {span(about.version or __version__)}{when}."


def span(text: str) -> str:
    """``text`` in a code span, where nothing of it is Markdown, a mention or a link."""
    shown = visible(text).replace("|", "\\|") or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str | int]], numbers: str = "") -> Iterator[str]:
    """A table; ``numbers`` has an ``n`` for each column that is set to the right."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join(' ---: ' if kind == 'n' else ' --- ' for kind in numbers.ljust(len(heads)))}|"
    for cells in rows:
        yield f"| {' | '.join(map(str, cells))} |"


def _code(code: str) -> str:
    """A code and its name in the catalogue."""
    return f"{span(code)} {code_name(code)}".rstrip()


def _answers(found: Figures) -> list[str]:
    ready = found.wave(1)
    lines = [
        f"**{len(ready)} of {found.moving} repositories ({percent(len(ready), found.moving)}) can move now**: nothing"
        f" is left to do by hand, about {duration(sum(row.minutes for row in ready))} to review, build and merge."
    ]
    if found.images_only:
        lines += [
            "",
            f"In **{found.images_only} more** every Dockerfile gives equal images, and call sites or warnings are left."
            " The Dockerfiles stay, so nothing breaks if these change later.",
        ]
    if blockers := found.blockers()[:3]:
        names = ", ".join(f"{_code(item.code)} ({count(len(item.rows), 'repository')})" for item in blockers)
        lines += ["", f"What blocks most of the rest: {names}."]
    if first := [row for row in found.ordered() if row.wave][:3]:
        lines += ["", f"Where to begin: {', '.join(span(row.name) for row in first)}."]
    return lines


def _states(found: Figures) -> list[str]:
    rows = [(state.label, found.states[state], state.meaning) for state in State if found.states[state]]
    return [*_table(("State", "Repositories", "Meaning"), rows, " n")]


def _numbers(found: Figures) -> list[str]:
    def shares(counts: tuple[int, ...]) -> list[str]:
        total = sum(counts)
        return [str(total), *(f"{part} ({percent(part, total)})" if part else "0" for part in counts)]

    fallback = sum(row.fallback for row in found.rows)
    rows = [["Dockerfiles", *shares(found.total("grades"))], ["Stages", *shares(found.total("stages"))]]
    lines = ["## In numbers", "", *_table(("What", "Total", *results.GRADES), rows, " nnnnn")]
    if fallback:
        lines += ["", f"Of the Dockerfiles, {fallback} keep a stage that is built FROM DOCKERFILE."]
    calls = [["Call sites", *shares(found.total("calls"))]]
    return [*lines, "", *_table(("What", "Total", *results.OUTCOMES), calls, " nnnn")]


def _blockers(found: Figures) -> list[str]:
    blockers = found.blockers()
    if not blockers:
        return []
    rows = []
    for item in blockers[:_BLOCKERS]:
        known = explanation(item.code)
        advice = f"{known.what} {known.do}".replace("|", "\\|") if known else ""
        name, number = _code(item.code), len(item.rows)
        rows.append((name, number, percent(number, found.moving), item.alone, item.places, advice))
    lines = ["## Blockers", "", "Alone: repositories in which it is the only kind of obstacle.", ""]
    heads = ("Diagnostic", "Repositories", "Share", "Alone", "Places", "What it is, and what to do")
    lines += _table(heads, rows, " nnnn")
    if len(blockers) > _BLOCKERS:
        lines += ["", f"{len(blockers) - _BLOCKERS} more are in index.html."]
    return lines


def _waves(found: Figures) -> list[str]:
    lines, rows, before = ["## Waves", ""], [], 0
    members = {wave: found.wave(wave) for wave in figures.waves(found.effort)}
    for wave, meaning in figures.waves(found.effort).items():
        before += len(members[wave])
        effort = duration(sum(row.minutes for row in members[wave]))
        rows.append((wave, meaning, len(members[wave]), percent(before, found.moving), effort))
    lines += _table(("Wave", "What it holds", "Repositories", "Moved by then", "Effort"), rows, "n nnn")
    for wave, all_rows in members.items():
        if not all_rows:
            continue
        names = ", ".join(f"{span(row.name)} ({duration(row.minutes)})" for row in all_rows[:_MEMBERS])
        more = f", and {len(all_rows) - _MEMBERS} more" if len(all_rows) > _MEMBERS else ""
        lines += ["", f"Wave {wave}: {names}{more}."]
    return lines


def _images(found: Figures) -> list[str]:
    images = found.unknown_images()
    if not images:
        return []
    lines = ["## Unknown base images", ""]
    lines += ["`base-images.yaml` lists all of them, ready to fill in for `--mappings`.", ""]
    lines += _table(("Image", "Repositories"), [(span(name), used) for name, used in images[:_IMAGES]], " n")
    return [*lines, "", f"{len(images) - _IMAGES} more."] if len(images) > _IMAGES else lines


def _without_result(found: Figures) -> list[str]:
    kinds = (State.FAILED, State.NOT_REACHED, State.SKIPPED)
    rows = [row for kind in kinds for row in found.ordered() if row.state is kind]
    if not rows:
        return []
    why = [span(row.why) if row.why else row.state.meaning for row in rows]
    cells = [(span(row.name), row.state.label, reason) for row, reason in zip(rows[:_FAILURES], why, strict=False)]
    lines = ["## Without a result", "", *_table(("Repository", "State", "Why"), cells)]
    return [*lines, "", f"{len(rows) - _FAILURES} more."] if len(rows) > _FAILURES else lines
