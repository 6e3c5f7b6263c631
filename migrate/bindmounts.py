"""RUN --mount=type=bind in a stage that nobody builds on: its files are copied in place (hard-cases.md 3, role L).

What the mount leaves behind stays in that target, and others only take paths beside it. Every other bind mount has no
native form yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate import artifacts, folders, timestamps
from migrate.dockerfile.model import CopyDetail, Instruction, Mount, RunDetail
from migrate.earthfile import quoting
from migrate.earthfile.model import Command
from migrate.recipe import NotExpressible, Recipe
from migrate.stages import Source
from migrate.words import Literal

_TARGET = ("target", "dst", "destination")
_SOURCE = ("source", "src")


def copy(mount: Mount, instruction: Instruction, stage: Recipe) -> Command:
    """The COPY that stands for a bind mount. Raises NotExpressible where it would not be the same."""
    at = instruction.span_of(mount.flag.start, mount.flag.end)
    target = mount.get(*_TARGET) or "."
    source = mount.get(*_SOURCE) or "/"
    place = folders.destination(stage.known(target), stage)
    plain = "$" not in target + source and place not in (None, "/")
    if not plain or place is None or not _is_alone(place, instruction, stage):
        raise NotExpressible("EM520", at, type="bind")
    spelled = _source(mount, source, instruction, stage)
    flags = [
        *(["--keep-ts"] if timestamps.are_compared(stage.text, stage.arguments.mappings) else []),
        *([] if stage.is_root() else ["--chown=0:0"]),
    ]
    stage.copies = True
    stage.report("EM530", at, target=target)
    text = " ".join([*flags, spelled, quoting.render((Literal(target),), path=True)])
    return Command.of("COPY", text, source=at)


def _is_alone(place: str, instruction: Instruction, stage: Recipe) -> bool:
    """Whether nothing else of the stage, and nothing that others take, meets what the copy leaves at ``place``."""
    plan = stage.arguments.plan
    if stage.stage not in plan.workshops:
        return False
    if any(artifacts.related(saved.path, place) for saved in plan.artifacts.get(stage.stage, ())):
        return False
    chain = [item for index in plan.graph.chain(stage.stage) for item in plan.graph.stages[index].instructions]
    later = plan.graph.stages[stage.stage].instructions
    later = later[later.index(instruction) + 1 :]
    if any(item.keyword in ("RUN", "COPY", "ADD") for item in later):
        return False
    return not any(_fills(item, place) for item in chain) and _targets_apart(instruction, stage)


def _fills(instruction: Instruction, place: str) -> bool:
    """Whether a COPY or ADD may have put something at or below ``place``, which a mount would hide."""
    detail = instruction.detail
    if not isinstance(detail, CopyDetail):
        return False
    target = detail.destination.text
    if not target.startswith("/") or "$" in target:
        return True
    return target.strip("/") != "" and artifacts.related(artifacts.clean(target), place)


def _targets_apart(instruction: Instruction, stage: Recipe) -> bool:
    """Whether no other mount of the RUN stands at or above the place of a bind mount."""
    detail = instruction.detail
    assert isinstance(detail, RunDetail)
    places = [
        folders.destination(stage.known(mount.get(*_TARGET) or "."), stage)
        for mount in detail.mounts
        if mount.type == "bind"
    ]
    return None not in places and len(set(places)) == len(places)


def _source(mount: Mount, source: str, instruction: Instruction, stage: Recipe) -> str:
    """The source of the COPY: a path of the context, or an artifact of another stage."""
    if mount.get("from") is None:
        path = artifacts.clean(source)[1:] or "."
        stage.context_sources.append(path)
        return quoting.render((Literal(path),), path=True)
    found = next(_from(mount, instruction, stage), None)
    if found is None or found.stage is None:
        raise NotExpressible("EM520", instruction.span_of(mount.flag.start, mount.flag.end), type="bind")
    name = stage.arguments.plan.targets[found.stage]
    return quoting.render_artifact(name, (Literal(artifacts.clean(source)),))


def _from(mount: Mount, instruction: Instruction, stage: Recipe) -> Iterator[Source]:
    sources = stage.arguments.plan.graph.sources.get(stage.stage, ())
    name = mount.get("from") or ""
    return (item for item in sources if item.instruction is instruction and item.image == name)
