"""What the jobs of a workflow need to call earth: the tool, a checkout; a setup-buildx that nothing uses goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from migrate.callsites import yamltext
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site
from migrate.callsites.translate import Note

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_BUILDX = re.compile(r"docker/bake-action@|buildx (?:bake|imagetools|create|du)|compose[^\n]*build|steps\.buildx")


class Job(NamedTuple):
    """A job, or the ``runs`` of a composite action: its node and its steps."""

    node: Node
    steps: list[Node]
    composite: bool


def jobs(root: Node) -> Iterator[Job]:
    """The jobs of a workflow, or the steps of a composite action."""
    for _, _, job in yamltext.entries(yamltext.get(root, "jobs")):
        yield Job(job, yamltext.items(yamltext.get(job, "steps")), False)
    if yamltext.scalar(yamltext.get(root, "runs", "using")) == "composite":
        runs = yamltext.get(root, "runs")
        assert runs is not None
        yield Job(runs, yamltext.items(yamltext.get(runs, "steps")), True)


def companions(text: str, outcomes: list[Outcome], data: Data, tool: str) -> tuple[list[Edit], list[tuple[int, Note]]]:
    """What the rewritten steps need: the tool, a checkout; setup-buildx goes when nothing uses it any more."""
    edits: list[Edit] = []
    notes: list[tuple[int, Note]] = []
    done = [outcome for outcome in outcomes if outcome.edits]
    for root in yamltext.documents(text):
        for job in jobs(root):
            if job.steps:
                mine = [item for item in done if _holds(job.steps[0], job.steps[-1], item.site)]
                if mine:
                    edits += _job_edits(job, mine, outcomes, text, data, tool, notes)
    return edits, notes


def _holds(first: Node, last: Node, site: Site) -> bool:
    return yamltext.start(first) <= site.start <= yamltext.end(last)


def _job_edits(
    job: Job,
    mine: list[Outcome],
    outcomes: list[Outcome],
    text: str,
    data: Data,
    tool: str,
    notes: list[tuple[int, Note]],
) -> Iterator[Edit]:
    names = [yamltext.scalar(yamltext.get(step, "uses")) or "" for step in job.steps]
    known = data.earth_tools[tool]
    first = next(index for index, step in enumerate(job.steps) if _holds(step, step, mine[0].site))
    wanted: list[str] = []
    if not job.composite and not any(name.startswith("actions/checkout@") for name in names[:first]):
        wanted.append(_uses(data.earth_tools["checkout"]))
    setup = [name for name in names[:first] if name.startswith(known["action"].partition("@")[0] + "@")]
    buildx = [index for index, name in enumerate(names) if name.startswith("docker/setup-buildx-action@")]
    dead = buildx and not _uses_buildx(job, mine, outcomes, text)
    if not setup:
        wanted.append(_uses(known) + f"\n  with:\n    version: {known['version']}")
    for index in buildx if dead else ():
        step = job.steps[index]
        if yamltext.get(step, "with") is not None:
            notes.append((yamltext.start(step), Note("EM805", {})))
        elif wanted and index < first:
            yield _step_text(step, wanted, text)
            wanted = []
        else:
            start, end = _whole_step(step, text)
            yield Edit(start, end, "")
    if wanted:
        start = _whole_step(job.steps[first], text)[0]
        dash = " " * (job.steps[first].start_mark.column - 2)
        yield Edit(start, start, _steps(wanted, dash, text))


def _uses(known: Mapping[str, Any]) -> str:
    return f"- uses: {known['action']}" + (f" # {known['action-comment']}" if known["action-comment"] else "")


def _steps(wanted: list[str], dash: str, text: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    return "".join(f"{dash}{line}{newline}" for step in wanted for line in step.split("\n"))


def _step_text(step: Node, wanted: list[str], text: str) -> Edit:
    start, end = _whole_step(step, text)
    return Edit(start, end, _steps(wanted, " " * (step.start_mark.column - 2), text))


def _whole_step(step: Node, text: str) -> tuple[int, int]:
    """A step's lines, from its dash on; comments directly above belong to it."""
    start = text.rfind("\n", 0, yamltext.start(step)) + 1
    while (above := text.rfind("\n", 0, max(start - 1, 0)) + 1) < start and text[above:start].lstrip().startswith("#"):
        start = above
    last = yamltext.end(step)
    end = last if text[last - 1 : last] == "\n" else text.find("\n", last) + 1 or len(text)
    return start, end


def _uses_buildx(job: Job, mine: list[Outcome], outcomes: list[Outcome], text: str) -> bool:
    """Whether something in the job still needs a builder of buildx."""
    for outcome in outcomes:
        if not outcome.edits and _holds(job.steps[0], job.steps[-1], outcome.site):
            return True
    rest = text[yamltext.start(job.steps[0]) : yamltext.end(job.steps[-1])]
    return bool(_BUILDX.search(rest))
