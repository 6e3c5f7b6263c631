"""RUN --mount=type=bind: the COPYs that stand for the mounts, and the RUNs that clear up (migrate/bindplan.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate import asroot, copying, folders
from migrate.bindplan import Bind, Form
from migrate.dockerfile.model import CopyDetail, Instruction, Operand, RunDetail
from migrate.earthfile.model import Command, Item, ShellText
from migrate.recipe import NotExpressible, Recipe
from migrate.runtext import quoted_item, verbatim

_CODES = {
    Form.STAYS: "EM530",
    Form.INSIDE: "EM536",
    Form.REMOVED: "EM536",
    Form.ALONE: "EM537",
    Form.SWAPPED: "EM546",
}
#: Where what stands at a place is while a copy stands there.
_ASIDE = "/.aside"


def before(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """What stands in front of a RUN with bind mounts. Raises NotExpressible where copies would not be the same."""
    binds = _binds(instruction, stage)
    yield from _cleared([bind.place for bind in binds if bind.form is Form.ALONE], instruction, stage)
    yield from _run([_moved_aside(bind, aside) for bind, aside in _swapped(binds)], instruction, stage)
    for bind in binds:
        if bind.hides:
            yield from _cleared([bind.place], instruction, stage)
        flag = bind.mount.flag
        at = instruction.span_of(flag.start, flag.end)
        target = bind.mount.get("target", "dst", "destination") or "."
        stage.report(_CODES[bind.form], at, target=target)
        source = bind.path if bind.source is not None else bind.path.lstrip("/") or "."
        operands = [Operand(text, flag.start, flag.end) for text in (source, target)]
        copy = instruction._replace(
            keyword="COPY", flags=(), exec_form=(), heredocs=(), detail=CopyDetail((operands[0],), operands[1])
        )
        for made in copying.in_place(bind.source, copy, stage):
            yield made._replace(source=at)


def after(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """What stands behind the RUN."""
    binds = _binds(instruction, stage)
    removed = [bind.removed for bind in binds if bind.form in (Form.REMOVED, Form.SWAPPED)]
    back = [_moved_back(bind, aside) for bind, aside in _swapped(binds)]
    yield from _cleared(removed, instruction, stage, back)
    for bind in binds:
        if bind.form is Form.SWAPPED and bind.is_there:
            folders.note_made(bind.place, stage)


def _binds(instruction: Instruction, stage: Recipe) -> tuple[Bind, ...]:
    detail = instruction.detail
    assert isinstance(detail, RunDetail)
    found = stage.arguments.plan.binds.get(id(instruction), ())
    for mount in detail.mounts:
        if mount.type == "bind" and not any(bind.mount is mount for bind in found):
            raise NotExpressible("EM520", instruction.span_of(mount.flag.start, mount.flag.end), type="bind")
    return found


def _swapped(binds: Sequence[Bind]) -> list[tuple[Bind, str]]:
    """The binds that stand where something else may be, each with the place where that waits."""
    found = [bind for bind in binds if bind.form is Form.SWAPPED]
    return [(bind, f"{_ASIDE}-{number}" if number else _ASIDE) for number, bind in enumerate(found)]


def _moved_aside(bind: Bind, aside: str) -> str:
    place = quoted_item(bind.place)
    return f"mv {place} {aside}" if bind.is_there else f"if [ -e {place} ]; then mv {place} {aside}; fi"


def _moved_back(bind: Bind, aside: str) -> str:
    place = quoted_item(bind.place)
    return f"mv {aside} {place}" if bind.is_there else f"if [ -e {aside} ]; then mv {aside} {place}; fi"


def _cleared(
    places: Sequence[str], instruction: Instruction, stage: Recipe, then: Sequence[str] = ()
) -> Iterator[Item]:
    """A RUN that removes ``places``, which the stage then knows, and goes on with ``then``."""
    for place in places:
        folders.note_gone(place, stage)
    clear = [f"rm -rf {' '.join(map(quoted_item, places))}"] if places else []
    yield from _run([*clear, *then], instruction, stage)


def _run(texts: Sequence[str], instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """A RUN of these commands, as root."""
    if texts:
        text = " && ".join(texts)
        run = Command("RUN", verbatim(text), source=instruction.span, meaning=ShellText(text))
        yield from asroot.commands(run, instruction, stage)
