"""Runs the rules over every stage and puts the targets together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from migrate import caches, delivery, folders, helperfiles, rootfiles
from migrate.arguments import Arguments, inherited
from migrate.artifacts import ROOT, Artifact
from migrate.context import Context
from migrate.dockerfile.model import Fired, FromDetail, Instruction, PairsDetail, RefusedDetail
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Earthfile, Item, Remark, Target
from migrate.headerlines import Build, alias_target, comments, header_items, kept_items
from migrate.images import BaseImage, base_image, parse_reference
from migrate.mappings import Mappings
from migrate.plan import Helper, Plan, unique_name
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe, Reporter, User, attach, forget, not_converted
from migrate.rules import rule
from migrate.rules.user import is_root
from migrate.scope import Scope
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import SCRATCH, Stage, StageGraph, triggers
from migrate.suppression import is_pragma
from migrate.words import Literal


class Assembled(NamedTuple):
    """The Earthfile, the helper targets in it (name -> the stage they serve), and what COPY takes from the context."""

    earthfile: Earthfile
    helpers: Mapping[str, int]
    context_sources: tuple[str, ...]
    leftovers: frozenset[str]
    """Those of them that reach no image."""
    recipes: tuple[Recipe, ...]
    """The state of each stage after its last line."""


def assemble(
    plan: Plan,
    settings: Settings,
    mappings: Mappings,
    context: Context,
    report: Reporter,
    again: Mapping[int, Collection[str]],
) -> Assembled:
    """The Earthfile for ``plan``; every instruction ends as a command, a remark or a finding.

    ``again``: the arguments of each stage that an earlier call found to have several values (``Recipe.again``).
    """
    graph = plan.graph
    taken = {*plan.targets, *(helper.target for helper in (*plan.image_helpers.values(), *plan.aliases.values()))}
    taken |= {*plan.saved.values(), *settings.reserved} | ({plan.image_target} if plan.image_target else set())
    unique: Callable[[str], str] = lambda name: unique_name(name, taken)  # noqa: E731
    adds = [item for stage in graph.stages for item in stage.instructions if item.keyword == "ADD"]
    if adds:
        from migrate import archives  # only a Dockerfile with ADD pays for it

        plan.foreign_archives.update(item.span for item in adds if archives.has_foreign_owners(item, context))
    roots = rootfiles.decide(plan, context, mappings, unique)
    arguments = Arguments(plan, mappings, caches.planned(graph, mappings), unique, roots, again=again)
    work = Build(plan, settings, mappings, context, report, arguments, {})
    header, first_above = header_items(work)
    recipes: list[Recipe] = []
    targets: list[Target] = []
    helpers: dict[str, int] = {}
    for stage in graph.stages:
        above = first_above if stage.index == 0 and first_above is not None else comments(stage.instruction.above)
        make = _fallen_stage if stage.index in plan.fallen else _stage
        made = make(stage, recipes, above, work)
        helpers.update(dict.fromkeys((target.name for target in made[:-1]), stage.index))
        targets += made
    header += kept_items(work)
    targets += delivery.targets(plan, recipes, settings, report)
    sources = tuple(dict.fromkeys(source for recipe in recipes for source in recipe.context_sources))
    if settings.fidelity != "exact" and any(recipe.copies for recipe in recipes):
        report("EM704", None)
    trailing = comments(graph.dockerfile.trailing, blank_first=True)
    version = delivery.version(targets)
    file = Earthfile(tuple(header), tuple(_with_trailing(targets, trailing)), version, newline=graph.dockerfile.newline)
    reaching = {source for recipe in recipes for source in recipe.context_sources if source not in recipe.leftovers}
    return Assembled(file, helpers, sources, frozenset(sources) - reaching, tuple(recipes))


def _stage(stage: Stage, recipes: list[Recipe], above: tuple[str, ...], work: Build) -> list[Target]:
    """The target of one stage, last, with the helper targets that stand in front of it."""
    plan = work.plan
    recipe = _recipe(stage, recipes, work)
    recipes.append(recipe)
    before = [alias_target(plan.aliases[stage.index], recipe, work)] if stage.index in plan.aliases else []
    items: list[Item] = _from(stage, recipe, work)
    if stage.base is not None:
        items += _inherited(recipes[stage.base].scope, recipe, stage.instruction, work)
    for instruction in stage.instructions:
        items += _instruction(instruction, recipe, work)
    items += _saves(plan.artifacts.get(stage.index, ()), stage, recipe)
    if stage.index == plan.final and plan.image_target is None:
        items += delivery.save_image(stage, recipe, delivery.last(work.settings), plan, work.report)
    helpers = [_image_helper(helper, work) for helper in plan.image_helpers.values() if helper.before == stage.index]
    target = Target(plan.targets[stage.index], tuple(items), above, stage.instruction.span)
    return [*_root_file(stage, recipe, work), *before, *helpers, *recipe.extra, target]


def _root_file(stage: Stage, recipe: Recipe, work: Build) -> list[Target]:
    """The target that writes the Dockerfile of a root, in front of the first stage that uses it."""
    roots = work.arguments.roots
    for line in roots.extra.get(stage.index, ()):
        work.report("EM641", stage.instruction.span, line=line, target=recipe.target)
    file = roots.files.get(stage.index)
    if file is None or file.target in work.arguments.shared.values():
        return []
    work.arguments.shared[f"root {file.target}"] = file.target
    lines = (f"ARG {helperfiles.IMAGE}", f"FROM ${helperfiles.IMAGE}", *file.lines)
    return [helperfiles.writing_target(file.target, lines, file.above, stage.instruction.span, recipe)]


def _from(stage: Stage, recipe: Recipe, work: Build) -> list[Item]:
    try:
        return list(rule("FROM")(stage.instruction, recipe))
    except NotExpressible as problem:
        work.report(problem.code, problem.span or stage.instruction.span, **problem.fields)
        return [not_converted(stage.instruction, problem.code)]


def _inherited(parent: Scope, recipe: Recipe, instruction: Instruction, work: Build) -> list[Item]:
    """The arguments of the parent stage, declared again."""
    items: list[Item] = []
    try:
        items.extend(inherited(parent, recipe, instruction, work.arguments))
    except NotExpressible as problem:
        work.report(problem.code, problem.span or instruction.span, **problem.fields)
        items.append(Remark((f"# {problem.code}: arguments of the parent stage are missing here",), instruction.span))
    return items


def _fallen_stage(stage: Stage, recipes: list[Recipe], above: tuple[str, ...], work: Build) -> list[Target]:
    """The target of a stage that is built FROM DOCKERFILE: it is used like any other."""
    from migrate import fromdockerfile  # few files need it

    plan = work.plan
    fallen = plan.fallen[stage.index]
    recipe = fromdockerfile.state(fallen, work.arguments, work.report)
    recipes.append(recipe)
    items = list(fromdockerfile.items(stage, fallen, recipe, plan, work.moved))
    items += _saves(plan.artifacts.get(stage.index, ()), stage, recipe)
    if stage.index == plan.final and plan.image_target is None:
        items += delivery.save_image(stage, recipe, delivery.last(work.settings), plan, work.report)
    return [Target(plan.targets[stage.index], tuple(items), above, stage.instruction.span)]


def _recipe(stage: Stage, recipes: list[Recipe], work: Build) -> Recipe:
    plan = work.plan
    graph = plan.graph
    parent = recipes[stage.base] if stage.base is not None else None
    image = base_image(stage.reference, work.mappings) if parent is None and stage.reference else None
    if image is not None and image.shell and stage.index in graph.chain(plan.final):
        work.report("EM613", stage.instruction.span, shell=" ".join(image.shell))
    if image is not None and image.onbuild:
        image = _triggered(image, stage, work)
    lines = [line for item in stage.instructions if item.keyword == "RUN" for line in item.lines]
    detail = stage.instruction.detail
    written = detail.image.text if isinstance(detail, FromDetail) else ""
    others = [recipes[index] for index in stage.selects] if parent is not None else []
    if parent is not None and any(
        (other.scope.bindings, other.user, other.shell) != (parent.scope.bindings, parent.user, parent.shell)
        or _triggers(other, graph) != _triggers(parent, graph)
        for other in others
    ):
        work.report("EM221", stage.instruction.span, target=parent.target)
    chosen = [recipes[index] for index in stage.selects] if parent is None and stage.reference is None else []
    if chosen and all(other.user == chosen[0].user and other.has_shell == chosen[0].has_shell for other in chosen):
        user, has_shell = chosen[0].user, chosen[0].has_shell
    else:
        user, has_shell = _user(image), image.has_shell if image is not None else None
    recipe = Recipe(
        stage=stage.index,
        target=plan.targets[stage.index],
        scope=parent.scope.inherit() if parent is not None else Scope(_environment(image)),
        escape=graph.dockerfile.escape,
        report=work.report,
        user=parent.user if parent is not None else user,
        arguments=work.arguments,
        settings=work.settings,
        context=work.context,
        text="\n".join(line.text for line in lines),
        own_arguments=frozenset(_own_arguments(stage)),
        runs=any(item.keyword == "RUN" for item in stage.instructions),
        shell=parent.shell if parent is not None else (image and image.shell) or DEFAULT_SHELL,
        workdir=parent.workdir if parent is not None else "/" if stage.is_scratch else image and image.workdir,
        unclean_workdir=parent.unclean_workdir if parent is not None else None,
        has_shell=parent.has_shell if parent is not None else has_shell,
        delivered=stage.index in graph.chain(plan.final),
        owners=set(parent.owners) if parent is not None else set(),
        made=set(parent.made) if parent is not None else set(),
        gone=set(parent.gone) if parent is not None else set(),
        perhaps=set(parent.perhaps) if parent is not None else set(),
        brought=list(parent.brought) if parent is not None else [],
        is_from_scratch=parent.is_from_scratch if parent is not None else stage.image == (Literal(SCRATCH),),
        image=parent.image if parent is not None else stage.reference or written,
        image_span=parent.image_span if parent is not None else _first_use(stage, work.plan.graph),
        base=parent.base if parent is not None else image,
    )
    return recipe


def _first_use(stage: Stage, graph: StageGraph) -> Span:
    """The first FROM that names this image: what is unknown about it is said there, once."""
    return next(one.instruction.span for one in graph.stages if one.base is None and one.image == stage.image)


def _triggers(recipe: Recipe, graph: StageGraph) -> list[tuple[str, str, list[str]]]:
    """What the ONBUILD lines of a stage do, wherever they stand."""
    found = triggers(graph.stages[recipe.stage])
    return [(item.keyword, item.text, [heredoc.body for heredoc in item.heredocs]) for item in found]


def _triggered(image: BaseImage, stage: Stage, work: Build) -> BaseImage:
    """What is known of ``image`` after its triggers; says how they run."""
    if any(isinstance(item, Fired) for item in stage.instructions):
        code = "EM646"
    elif stage.index in work.arguments.roots.files:
        code = "EM645"
        image = image._replace(user=None, environment=None, workdir=None)  # they may have changed them
    else:
        code = "EM215"
    work.report(code, stage.instruction.span, image=stage.reference or "")
    return image


def _environment(image: BaseImage | None) -> frozenset[str] | None:
    if image is None or image.environment is None:
        return None
    return frozenset(image.environment)


def _user(image: BaseImage | None) -> User:
    if image is None or image.user is None:
        return User(None, None)
    return User(None, is_root(image.user))


def _own_arguments(stage: Stage) -> Iterable[str]:
    """Names that the stage declares with ARG before anything else in it mentions them."""
    seen: list[str] = []
    for instruction in stage.instructions:
        if instruction.keyword == "ARG" and isinstance(instruction.detail, PairsDetail):
            for pair in instruction.detail.pairs:
                if not any(pair.key in text for text in seen):
                    yield pair.key
                seen.append(pair.value or "")
        if instruction.keyword == "RUN":
            return  # it sees what the parent stage declared
        seen += [line.text for line in instruction.lines]


def _instruction(instruction: Instruction, recipe: Recipe, work: Build) -> list[Item]:
    above = comments(instruction.above, blank_first=True)
    if isinstance(instruction.detail, RefusedDetail):
        code, span, fields = instruction.detail
        problem_text = work.mappings.diagnostics[code].message.format(**fields)
        work.report("EM252", span, problem=problem_text)
        return attach([not_converted(instruction, "EM252")], above)
    try:
        items = list(rule(instruction.keyword)(instruction, recipe))
    except NotExpressible as problem:
        work.report(problem.code, problem.span or instruction.span, **problem.fields)
        items = [not_converted(instruction, problem.code)]
        forget(instruction, recipe)
    if instruction.keyword == "RUN":
        folders.note_run(instruction, recipe)
    if isinstance(instruction.detail, PairsDetail) and instruction.keyword == "ARG":
        for pair in instruction.detail.pairs:
            above = (*work.moved.pop(pair.key, ()), *above)
    return attach(_with_inner_comments(items, instruction), above)


def _with_inner_comments(items: list[Item], instruction: Instruction) -> list[Item]:
    """Comments between the lines of an instruction that became one line, or several commands, stand above them."""
    inner = [line for line in instruction.lines if line.kind == "comment"]
    if not items:
        return [Remark(comments(inner))] if comments(inner) else items
    if not inner:
        return items
    there = {text.strip() for item in items for text in _texts(item)}
    lost = [line for line in inner if line.text.strip() not in there and not is_pragma(line.text)]
    first_lines = [line.number for line in instruction.lines if line.kind == "code"]
    result = list(items)
    for line in reversed(lost):
        # One command a line of code: the comment belongs to the one that follows it.
        index = sum(number < line.number for number in first_lines) if len(items) == len(first_lines) else 0
        index = min(index, len(result) - 1)
        result[index : index + 1] = attach([result[index]], (line.text.strip(),))
    return result


def _texts(item: Item) -> Iterable[str]:
    if isinstance(item, Remark):
        return [part for line in item.lines for part in (line, line.removeprefix("#").strip())]
    return [*(line.text for line in item.lines), *item.above]


def _saves(artifacts: tuple[Artifact, ...], stage: Stage, recipe: Recipe) -> list[Item]:
    """The SAVE ARTIFACT block: at the end, because it is a snapshot of its place."""
    if recipe.arguments.is_empty(stage.index):
        return []
    return [_save(artifact, None) for artifact in artifacts]


def _save(artifact: Artifact, span: Span | None) -> Command:
    times = "--keep-ts " if artifact.keep_times else ""
    if artifact.path == ROOT:
        return Command.of("SAVE ARTIFACT", f"{times}--symlink-no-follow /* /", source=span)
    return Command.of("SAVE ARTIFACT", f"{times}{_path(artifact.path)} {_path(artifact.path)}", source=span)


def _path(text: str) -> str:
    return quoting.render((Literal(text),))


def _image_helper(helper: Helper, work: Build) -> Target:
    image = "".join(part.text for part in helper.image if isinstance(part, Literal))
    source = helper.source
    span = source.instruction.span if source is not None else None
    reference = parse_reference(image)
    is_plain = not reference.registry and "/" not in reference.repository and not reference.tag
    named = bool(work.settings.build_contexts) and work.plan.graph.named
    if source is not None and is_plain and not named and base_image(image, work.mappings) is None:
        work.report("EM220", source.span, name=image, target=helper.target)
    items: list[Item] = [Command.of("FROM", quoting.render(helper.image), source=span)]
    items += [_save(artifact, span) for artifact in helper.artifacts]
    return Target(helper.target, tuple(items), source=span)


def _with_trailing(targets: list[Target], trailing: tuple[str, ...]) -> list[Target]:
    """Comments after the last instruction stay in the last stage's recipe, in front of what it saves."""
    kept = tuple(
        trailing[: len(trailing) - next((i for i, line in enumerate(reversed(trailing)) if line), len(trailing))]
    )
    if not kept:
        return targets
    index = max(position for position, target in enumerate(targets) if target.source is not None)
    items = list(targets[index].items)
    cut = len(items)
    while cut and isinstance(items[cut - 1], Command) and items[cut - 1].keyword.startswith("SAVE"):  # type: ignore[union-attr]
        cut -= 1
    items.insert(cut, Remark(kept))
    return [*targets[:index], targets[index]._replace(items=tuple(items)), *targets[index + 1 :]]
