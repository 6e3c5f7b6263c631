"""The results of ``verify``, for people and as JSON (docs/json.md)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from migrate import __version__
from migrate.diagnostics import Collector, Diagnostic, visible
from migrate.mappings import Mappings
from migrate.report.json import FORMAT, diagnostics
from migrate.report.verdicts import as_data, render
from migrate.verify.builders import Tool
from migrate.verify.errors import VerifyError
from migrate.verify.origins import origins
from migrate.verify.run import Checked, Outcome
from migrate.verify.session import Result, Verdict

Explain = Callable[[VerifyError, str], Diagnostic]
"""An error on a file -> its diagnostic."""
_DOUBTFUL = ("EM936", "EM937")
STATIC = "static check only, nothing was built or compared"


def explainer(mappings: Mappings) -> Explain:
    """What turns an error into its diagnostic."""

    def explain(error: VerifyError, path: str) -> Diagnostic:
        fields = {name: value for name, value in error.fields.items() if name != "lines"}
        return Collector(path, mappings.diagnostics).report(error.code, None, **fields)

    return explain


def text(outcome: Outcome, explain: Explain) -> str:
    """Tools, bases, notes, then each result: a sentence first, rows below it; the last line counts."""
    lines = [f"{side} built by {described(tool)}" for side, tool in outcome.tools.items()]
    bases = {name: digest for result in outcome.results for name, digest in result.bases.items()}
    lines += [f"base image {visible(name)} is {digest}" for name, digest in sorted(bases.items())]
    lines += [f"{note.severity.label}: {note.code}[{note.name}] {note.message}" for note in outcome.notes]
    current = not any(note.code in _DOUBTFUL for note in outcome.notes)
    for result in outcome.results:
        lines += ["", *_result(result, explain, current)]
    return "\n".join([*lines, "", *_ignored(outcome.results), summary(outcome.results)]) + "\n"


def _ignored(results: Sequence[Result]) -> Iterator[str]:
    """What was different and does not count."""
    found = {name for result in results if result.comparison is not None for name in result.comparison.ignored}
    if found:
        names = ", ".join(sorted(name.removeprefix(".") for name in found))
        yield f"different, but no difference that counts (mappings/noise.yaml says why): {names}"


def described(tool: Tool) -> str:
    """``buildctl 0.29.0 (Dockerfile frontend 1.23.0)``."""
    version = f" {tool.version}" if tool.version else ""
    inner = [f"docker engine {tool.engine}"] if tool.engine else []
    inner += [f"Dockerfile frontend {tool.frontend}"] if tool.frontend else []
    return visible(f"{tool.name}{version}" + (f" ({', '.join(inner)})" if inner else ""))


def summary(results: Sequence[Result]) -> str:
    """``3 targets: 1 exact, 2 equal``."""
    counts = Counter(result.verdict for result in results)
    found = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict])
    return _count(len(results), "target") + (f": {found}" if found else "")


def why(error: VerifyError, explain: Explain, path: str) -> Iterator[str]:
    """An error in lines: what it is, what helps, and a builder's last lines."""
    found = explain(error, path)
    yield f"{found.code}[{found.name}]: {found.message}"
    if found.hint:
        yield f"help: {found.hint}"
    lines = error.fields.get("lines")
    for line in lines if isinstance(lines, tuple) else ():
        if str(line).strip():
            yield f"| {visible(str(line))}"


def _result(result: Result, explain: Explain, current: bool) -> Iterator[str]:
    if result.job is None or result.comparison is None:
        yield f"{visible(result.label)}: {result.verdict.value}"
        if result.error is not None:
            yield from (f"  {line}" for line in why(result.error, explain, result.name))
        return
    yield render(result.label, result.comparison, origins(result.job)).rstrip("\n")
    if result.verdict is Verdict.DIFFERS:
        yield from _judgement(result, current)


def _judgement(result: Result, current: bool) -> Iterator[str]:
    """Whose doing a difference is; ``current``: the Docker side is a BuildKit that the rules follow."""
    if result.announced:
        yield "  The conversion announces a difference:"
        for found in result.announced:
            place = f"{visible(found.path)}:{found.span.start.line}" if found.span else visible(found.path)
            yield f"    {place}: {found.code}[{found.name}] {found.message}"
    elif result.surprising and not current:
        yield "  Nothing announced this difference: it may come from the builder, verify with a current BuildKit."
    elif result.surprising:
        yield "  Nothing announced this difference: it is a defect of earthmigrate, please report it with both files."
    elif result.job is not None and not result.job.pair.is_ours:
        yield "  The Earthfile is not the one that earthmigrate writes for this Dockerfile now."


def to_json(outcome: Outcome, explain: Explain) -> str:
    """The same as one JSON object."""
    return _dumped(outcome_data(outcome, explain))


def outcome_data(outcome: Outcome, explain: Explain) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "builders": {side.lower(): tool._asdict() for side, tool in outcome.tools.items()},
        "notes": diagnostics(outcome.notes),
        "results": [_data(result, explain) for result in outcome.results],
    }


def _data(result: Result, explain: Explain) -> dict[str, Any]:
    job, comparison = result.job, result.comparison
    return {
        "dockerfile": result.name,
        "stage": job.stage if job is not None else None,
        "target": job.target if job is not None else None,
        "verdict": result.verdict.value,
        "promised": job.grade.label if job is not None and job.grade is not None else None,
        "announced": diagnostics(result.announced),
        "unannounced": result.surprising,
        "built_again": result.twice,
        "seconds": round(result.seconds, 1),
        "bases": dict(result.bases),
        "comparison": as_data(comparison, origins(job)) if job is not None and comparison is not None else None,
        "error": _error(result.error, explain, result.name),
    }


def _error(error: VerifyError | None, explain: Explain, path: str) -> dict[str, Any] | None:
    if error is None:
        return None
    lines = error.fields.get("lines")
    (found,) = diagnostics((explain(error, path),))
    return {**found, "lines": list(lines) if isinstance(lines, tuple) else []}


def static_text(checked: Sequence[Checked]) -> str:
    """The findings of the static level, and a last line that says what it is."""
    lines = []
    for _, found in checked:
        for item in found:
            place = f"{visible(item.path)}:{item.span.start.line}" if item.span else visible(item.path)
            lines += [f"{place}: {item.code}[{item.name}]: {item.message}", f"  help: {item.hint}"]
    count = sum(len(found) for _, found in checked)
    return "\n".join([*lines, f"{STATIC}: {_count(len(checked), 'Earthfile')}, {_count(count, 'finding')}"]) + "\n"


def static_json(checked: Sequence[Checked]) -> str:
    """The same as one JSON object."""
    found = [{"dockerfile": item.dockerfile, "findings": diagnostics(item.findings)} for item in checked]
    return _dumped({"static": True, "results": found})


def _dumped(data: dict[str, Any]) -> str:
    head = {"format": FORMAT, "tool": {"name": "earthmigrate", "version": __version__}}
    text = json.dumps({**head, **data}, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
