"""The lines above the first target, the file's comments and global arguments, and the targets that hide some of these.

Which arguments are global is decided in migrate/plan.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from migrate import keptdefaults
from migrate.arguments import Arguments
from migrate.context import Context
from migrate.dockerfile.model import Instruction, Line, PairsDetail
from migrate.earthfile.model import Command, Item, Remark, Target
from migrate.header import GlobalArgument
from migrate.mappings import Mappings
from migrate.ownnames import is_of_earth
from migrate.plan import Helper, Plan, earth_name
from migrate.recipe import NotExpressible, Recipe, Reporter, User, attach, not_converted
from migrate.rules.from_ import from_command, header_scope
from migrate.scope import ARGUMENT, Binding
from migrate.settings import Settings
from migrate.suppression import is_pragma
from migrate.words import literal_text, variables


class Build(NamedTuple):
    """What every stage needs while the file is put together."""

    plan: Plan
    settings: Settings
    mappings: Mappings
    context: Context
    report: Reporter
    arguments: Arguments
    moved: dict[str, tuple[str, ...]]
    """Comments of global ARGs whose line goes: they stand over the first ARG that takes their place."""


EPOCH = "SOURCE_DATE_EPOCH"


def is_source(value: str | None) -> bool:
    """Whether BuildKit takes the SOURCE_DATE_EPOCH ``value`` for the name of something that has a time."""
    return bool(value) and not re.fullmatch(r"[+-]?\d+", value or "")


def comments(lines: Iterable[Line], *, blank_first: bool = False) -> tuple[str, ...]:
    """Comment and blank lines as an Earthfile has them: no indentation, none of our own pragmas, single blank lines."""
    found: list[str] = []
    for line in lines:
        text = line.text.strip()
        if line.kind == "comment" and is_pragma(text):
            continue
        if text or (found[-1] if found else blank_first):
            found.append(text)
    return tuple(found)


def header_items(work: Build) -> tuple[list[Item], tuple[str, ...] | None]:
    """The base recipe: the file's first comments and the global arguments that FROM lines use."""
    graph = work.plan.graph
    first = graph.dockerfile.instructions[0]
    lines = comments(first.above)
    license_lines, own = _split_header(lines)
    if not graph.arguments:
        return [Remark(license_lines)] if license_lines else [], own
    items: list[Item] = [Remark((*license_lines, ""))] if license_lines else []
    header = header_recipe(work)
    for instruction in graph.arguments:
        above = own if instruction is first else comments(instruction.above, blank_first=bool(items))
        items += _global_argument(instruction, above, header, work)
    return items, None


def _split_header(lines: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The comments of the file, and those directly above its first instruction."""
    if "" not in lines:
        return (), lines
    cut = len(lines) - 1 - lines[::-1].index("")
    return lines[:cut], lines[cut + 1 :]


def _global_argument(instruction: Instruction, above: tuple[str, ...], header: Recipe, work: Build) -> list[Item]:
    detail = instruction.detail
    assert isinstance(detail, PairsDetail)
    items: list[Item] = []
    above += tuple(
        line.text.strip() for line in instruction.lines if line.kind == "comment" and not is_pragma(line.text)
    )
    for pair in detail.pairs:
        known = work.plan.globals[pair.key]
        platform = earth_name(pair.key, work.mappings)
        if pair.key == EPOCH and is_source(literal_text(known.default or ())):
            work.report("EM329", instruction.span, value=literal_text(known.default or ()))
        if is_of_earth(pair.key, work.mappings):
            work.report("EM327", instruction.span, name=pair.key)
        elif platform is not None and pair.value is None:
            work.report("EM318", instruction.span, name=pair.key)
        elif known.instruction is not instruction:
            same = pair.value is None or pair.value == known.text
            work.report("EM315" if same else "EM324", instruction.span, name=pair.key)
            for other in () if same else _readers(pair.key, instruction, work.plan):
                work.report("EM323", instruction.span, name=other, used=pair.key)
            for kept in work.plan.globals.values():
                if kept.of == pair.key and kept.instruction is instruction and kept.everywhere:
                    items += _platforms(kept, header, work)
                    items.append(_declared(f"--global {kept.name}", kept, header, work))
                    _bind(kept, header)
        elif platform == pair.key and known.everywhere:
            work.report("EM312", instruction.span, name=pair.key)
        elif known.everywhere:
            items += _platforms(known, header, work)
            items.append(_declared(f"--global {pair.key}", known, header, work))
        elif known.imported or known.passed or any(pair.key in alias.arguments for alias in work.plan.aliases.values()):
            work.moved[pair.key] = tuple(line for line in above if line)
        elif not _is_read(pair.key, work):
            work.report("EM303", instruction.span, name=pair.key)
        if known.instruction is instruction:
            _bind(known, header)
    is_moved = any(work.moved.get(pair.key) == tuple(line for line in above if line) for pair in detail.pairs)
    if not items and any(above) and not is_moved:
        return [Remark((*above, ""))]
    return attach(items, above) if items else []


def _is_read(name: str, work: Build) -> bool:
    """Whether a stage that is built FROM DOCKERFILE reads the argument, or the default of one that a stage imports."""
    imported = (known.name for known in work.plan.globals.values() if known.imported)
    fallen = any(name in stage.reads for stage in work.plan.fallen.values())
    return fallen or any(name in keptdefaults.needs(other, work.arguments) for other in imported)


def kept_items(work: Build) -> list[Item]:
    """The lines behind the header that compute defaults for the stages which cannot see what these read."""
    header = header_recipe(work)
    items: list[Item] = []
    for known in work.plan.globals.values():
        if known.everywhere:
            _bind(known, header)
    for known in keptdefaults.needed(work.arguments):
        items += _platforms(known, header, work)
        items += attach([_declared(known.name, known, header, work)], work.moved.pop(known.name, ()))
        _bind(known, header)
    for kept, name in work.arguments.kept.items():
        known = work.plan.globals[name]
        items += _platforms(known, header, work)
        items.append(_declared(f"--global {kept}", known, header, work))
    return items


def _readers(name: str, instruction: Instruction, plan: Plan) -> list[str]:
    """The other global arguments that read the default which ``instruction`` gives ``name``, until it gets another."""
    found: list[str] = []
    used = [known.name for known in plan.globals.values() if known.everywhere or known.imported]
    for item in plan.graph.arguments:
        if item.span <= instruction.span or not isinstance(item.detail, PairsDetail):
            continue
        for pair in item.detail.pairs:
            if pair.key == name and pair.value is not None:
                return found
            is_used = pair.key in used or not plan.fallen
            if is_used and re.search(rf"\$\{{?{re.escape(name)}\b", pair.value or ""):
                found.append(pair.key)
    return found


def _platforms(known: GlobalArgument, header: Recipe, work: Build) -> list[Item]:
    """The platform arguments that a default reads, once each, in front of it."""
    items: list[Item] = []
    for variable in variables(known.default or ()):
        platform = earth_name(variable.name, work.mappings)
        if platform is None or variable.name in work.plan.globals or variable.name in header.scope.declared:
            continue
        header.scope.declared.add(variable.name)
        items.append(Command.of("ARG", platform, source=known.instruction.span))
        if platform != variable.name:
            items.append(Command.of("ARG", f"--global {variable.name}=${platform}", source=known.instruction.span))
    return items


def _declared(name: str, known: GlobalArgument, header: Recipe, work: Build) -> Item:
    """``ARG name=default`` for a global argument, its default spelled as earth reads it."""
    span = known.instruction.span
    if known.default is None:
        return Command.of("ARG", name, source=span)
    try:
        text = header.spell(header.adapt(known.default, known.instruction), known.text, "argument") or '""'
    except NotExpressible as problem:
        work.report(problem.code, problem.span or span, **problem.fields)
        written = known.text if known.text is not None else "..."
        return Remark((f"# {problem.code}, not converted: ARG {known.name}={written}",), span)
    return Command.of("ARG", f"{name}={text}", source=span)


def _bind(known: GlobalArgument, header: Recipe) -> None:
    value = header.scope.static(known.default) if known.default is not None else None
    header.scope.bindings[known.name] = Binding(ARGUMENT, value, known.default)


def header_recipe(work: Build) -> Recipe:
    """The state of the lines before the first FROM: no image, no environment."""
    return Recipe(
        stage=0,
        target="",
        scope=header_scope(work.mappings),
        escape=work.plan.graph.dockerfile.escape,
        report=work.report,
        user=User(None, True),
        arguments=work.arguments,
        settings=work.settings,
        context=work.context,
    )


def alias_target(alias: Helper, recipe: Recipe, work: Build) -> Target:
    """The target that keeps the arguments of one FROM to itself."""
    header = header_recipe(work)
    items: list[Item] = []
    for name in alias.arguments:
        known = work.plan.globals.get(name)
        made = Command.of("ARG", name) if known is None else _declared(name, known, header, work)
        items += attach([made], work.moved.pop(name, ()))
        if known is not None:
            _bind(known, header)
    instruction = work.plan.graph.stages[alias.before].instruction
    try:
        items.append(from_command(work.plan.graph.stages[alias.before], recipe))
    except NotExpressible as problem:
        work.report(problem.code, problem.span or instruction.span, **problem.fields)
        items.append(not_converted(instruction, problem.code))
    return Target(alias.target, tuple(items))
