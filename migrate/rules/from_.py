"""FROM: an image or a target; a FROM that named a stage never becomes an image pull."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from migrate.dockerfile import words
from migrate.dockerfile.model import Flag, FromDetail, Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item
from migrate.helperfiles import IMAGE
from migrate.mappings import Mappings
from migrate.ownnames import constant
from migrate.plan import Plan, earth_name, legal_text, whole_platform
from migrate.recipe import Recipe, command
from migrate.rootfiles import RootFile
from migrate.scope import ARGUMENT, Binding, Scope, without_variables
from migrate.stages import Stage, default_arguments
from migrate.words import Literal, Part, Variable, Word, merged, variables


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The arguments that must stand before it, then FROM."""
    plan = stage.arguments.plan
    node = plan.graph.stages[stage.stage]
    alias = plan.aliases.get(stage.stage)
    if alias is not None:
        stage.report("EM218", instruction.span, target=alias.target, names=", ".join(alias.arguments))
        yield command("FROM", [(f"+{alias.target}", (Literal(f"+{alias.target}"),))], instruction)
        return
    for name in plan.platform_arguments[stage.stage]:
        stage.scope.declared.add(name)
        stage.moved_arguments.add(name)
        yield Command.of("ARG", name, source=instruction.span)
    yield from_command(node, stage)


def from_command(node: Stage, stage: Recipe) -> Command:
    """The FROM line itself, for the stage's own target or for the alias that stands in for it."""
    instruction = node.instruction
    detail = instruction.detail
    assert isinstance(detail, FromDetail)
    own = stage.scope
    stage.scope = _header_scope(stage)
    try:
        base, is_target = _base(node, detail, instruction, stage)
        platform = _platform(detail, instruction, stage, is_target=is_target)
    finally:
        stage.scope = own
    root = stage.arguments.roots.files.get(node.index)
    local = next((item for item in stage.settings.bases if item.reference == node.reference), None)
    if local is not None and root is None:
        flags = [("--pass-args", (Literal("--pass-args"),))] if local.passes else []
        values = [f"--{name}={value}" for name, value in local.arguments]
        given = [(quoting.render((Literal(value),), prefer=value), (Literal(value),)) for value in values]
        return command("FROM", [*platform, *flags, base, *given], instruction)
    if root is None:
        return command("FROM", [*platform, base], instruction)
    return _from_dockerfile(root, platform, base, instruction, stage)


def _from_dockerfile(
    root: RootFile,
    platform: list[tuple[str, Word]],
    base: tuple[str, Word],
    instruction: Instruction,
    stage: Recipe,
) -> Command:
    """FROM DOCKERFILE with the image as an argument of a helper Dockerfile, which adds to it."""
    image = stage.spell(base[1], base[0], "flag")
    named = (f"--build-arg {IMAGE}={image}", _prefixed(f"--build-arg={IMAGE}=", base[1]))
    file = (f"-f +{root.target}/Dockerfile", (Literal(f"-f=+{root.target}/Dockerfile"),))
    context = "." if root.in_context else f"+{root.target}/"
    stage.context_sources += root.sources
    return command("FROM DOCKERFILE", [*platform, named, file, (context, (Literal(context),))], instruction)


def header_scope(mappings: Mappings) -> Scope:
    """What is set before the first line of a file: the automatic arguments, under both names that they may have."""
    scope = Scope(frozenset())
    names = mappings.once(("automatic",), lambda: _automatic(mappings))
    scope.bindings.update(dict.fromkeys(names, Binding(ARGUMENT, None, is_automatic=True)))
    return scope


def _automatic(mappings: Mappings) -> tuple[str, ...]:
    entries = mappings.builtin_arguments.items()
    both = [(name, entry["earthfile"] or name) for name, entry in entries if entry["kind"].endswith("-platform")]
    return tuple(name for names in both for name in names)


def _header_scope(stage: Recipe) -> Scope:
    """What a FROM sees: the global arguments only."""
    plan = stage.arguments.plan
    scope = header_scope(stage.arguments.mappings)
    values = default_arguments(plan.graph.arguments, plan.graph.dockerfile.escape)
    for name, known in plan.globals.items():
        if known.default is not None or name not in scope.bindings:
            scope.bindings[name] = Binding(ARGUMENT, values.get(name), known.default)
    return scope


def _base(node: Stage, detail: FromDetail, instruction: Instruction, stage: Recipe) -> tuple[tuple[str, Word], bool]:
    """(spelling, meaning) of the base, and whether it is a target."""
    plan = stage.arguments.plan
    written = detail.image.text
    has_variables = any(isinstance(part, Variable) for part in node.image)
    if node.base is not None and not has_variables:
        return _reference(plan.targets[node.base]), True
    word = stage.adapt(_renamed(node.image, stage), instruction)
    if node.base is None and not (node.selects and node.reference is None):
        if node.selects or _may_name_a_stage(node, stage):
            stage.warn("EM216", instruction, written=written)
        return (stage.spell(word, written if word == node.image else None), word), False
    chosen = sorted({*node.selects, *([] if node.base is None else [node.base])})
    if any(plan.graph.stages[index].name != plan.targets[index] for index in chosen):
        selecting = _as_targets(word, chosen, plan)
        if selecting is None:
            kept = plan.targets[chosen[0] if node.base is None else node.base]
            stage.warn("EM207", instruction, written=written, target=kept)
            return _reference(kept), True
        word = selecting
    stage.warn("EM206", instruction, written=written, targets=", ".join(plan.targets[index] for index in chosen))
    meaning = _prefixed("+", word)
    return (stage.spell(meaning, "+" + written if word == node.image else None), meaning), True


def _as_targets(word: Word, chosen: list[int], plan: Plan) -> Word | None:
    """``word``, which selects stages, with its own text changed as the names of their targets are; None where that
    does not lead from each name to its target."""
    renamed = tuple(Literal(legal_text(part.text)) if isinstance(part, Literal) else part for part in word)
    pattern = "".join(re.escape(part.text) if isinstance(part, Literal) else "(.*)" for part in word)
    prefixes = set()
    for index in chosen:
        found = re.fullmatch(pattern, plan.graph.stages[index].name or "")
        values = iter(found.groups() if found is not None else ())
        name = "".join(part.text if isinstance(part, Literal) else next(values, "") for part in renamed)
        if found is None or not plan.targets[index].endswith(name):
            return None
        # The targets of one Dockerfile of several begin alike.
        prefixes.add(plan.targets[index].removesuffix(name))
    return _prefixed(prefixes.pop(), renamed) if len(prefixes) == 1 else None


def _may_name_a_stage(node: Stage, stage: Recipe) -> bool:
    """Whether the word is one argument and an earlier stage that nothing else uses waits to be named by it."""
    graph = stage.arguments.plan.graph
    if len(node.image) != 1 or not isinstance(node.image[0], Variable):
        return False
    own = {variable.name for variable in variables(node.image)}
    used = {needed for other in graph.stages for needed in graph.needs(other.index)}
    return any(
        other.name is not None
        and other.index not in used
        # Whoever names it with this argument changes its own base too.
        and not own & {variable.name for variable in variables(other.image)}
        for other in graph.stages[: node.index]
    )


def _prefixed(prefix: str, word: Word) -> Word:
    return merged([Literal(prefix), *word])


def _reference(target: str) -> tuple[str, Word]:
    return f"+{target}", (Literal(f"+{target}"),)


def _renamed(word: Word, stage: Recipe) -> Word:
    """``word`` with the automatic arguments renamed to what they are called in an Earthfile, or written out."""
    known = stage.arguments.plan.globals
    names = {variable.name for variable in variables(word)} - known.keys()
    fixed = {name: value for name in names if (value := constant(name, stage.arguments)) is not None}

    def rename(part: Part) -> Part:
        if isinstance(part, Variable) and part.name not in known:
            name = earth_name(part.name, stage.arguments.mappings) or part.name
            return replace(part, name=name)
        return part

    return tuple(rename(part) for part in without_variables(word, fixed))


def _report_fixed(word: Word | None, flag: Flag, instruction: Instruction, stage: Recipe) -> None:
    """Say where an image of one platform gets another config; ``word`` is the platform, None for the builder's."""
    plan = stage.arguments.plan
    if not any(stage.stage in plan.graph.chain(index) for index in (plan.final, *plan.saved)):
        return
    value = stage.scope.static(word) if word is not None else None
    code = "EM235"
    if value is not None and (value.count("/") > 1 or plan.graph.stages[stage.stage].is_scratch):
        code = "EM208"
    if value is None and word is not None and any(variable.name.startswith("TARGET") for variable in variables(word)):
        return
    stage.warn(code, instruction, flag.start, flag.end, platform=flag.value)


def _platform(
    detail: FromDetail, instruction: Instruction, stage: Recipe, *, is_target: bool
) -> list[tuple[str, Word]]:
    flag = detail.platform
    if flag is None or not flag.value:
        return []
    whole = whole_platform(flag.value)
    if whole == "BUILDPLATFORM" and whole in stage.arguments.plan.globals:
        whole = ""  # declared with a default before the first FROM: a plain argument
    if whole == "TARGETPLATFORM":
        return []
    if is_target:
        stage.warn("EM217", instruction, flag.start, flag.end, platform=flag.value)
        return []
    if whole == "BUILDPLATFORM":
        _report_fixed(None, flag, instruction, stage)
        return [("--platform=native", (Literal("--platform=native"),))]
    word = stage.adapt(_renamed(words.parse_word(flag.value, stage.escape), stage), instruction)
    _report_fixed(word, flag, instruction, stage)
    return [("--platform=" + stage.spell(word, flag.value, "flag"), _prefixed("--platform=", word))]
