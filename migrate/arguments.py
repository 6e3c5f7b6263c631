"""How an ARG of one stage is declared in its target: defaults, imports, inheritance, what an Earthfile lacks.

hard-cases.md 2 and facts/dockerfile.md 5 hold the rules this follows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field

from migrate import keptdefaults, twicedeclared
from migrate.caches import Cache
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, Words
from migrate.globaldefaults import as_the_header_sees, is_global_here, written_out
from migrate.header import GlobalArgument
from migrate.mappings import Mappings
from migrate.ownnames import constant, fixed, is_builtin, is_of_earth, is_out_of_images, keeps_home
from migrate.plan import Plan, earth_name
from migrate.recipe import NotExpressible, Recipe
from migrate.rootfiles import NOTHING, Roots
from migrate.runprefix import is_asked_for
from migrate.scope import ARGUMENT, ENVIRONMENT, Binding, Scope, without_variables
from migrate.words import Literal, Variable, Word, literal_text, variables

_EQUALS: Word = (Literal("="),)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What declaring an argument needs to know beyond the stage itself."""

    plan: Plan
    mappings: Mappings
    caches: Mapping[int, Cache]
    """What each cache mount is written with, by ``id()`` of the mount."""
    unique: Callable[[str], str]
    """Makes a target name that nothing else has."""
    roots: Roots = NOTHING
    """What the images at the root of chains are given by helper Dockerfiles."""
    shared: dict[str, str] = field(default_factory=dict)
    """The helper targets that several stages use: what each is for -> its name."""
    again: Mapping[int, Collection[str]] = field(default_factory=dict)
    """For each stage the arguments whose passed value it must keep: see twicedeclared.py."""
    kept: dict[str, str] = field(default_factory=dict)
    """Names for global defaults that read what their stage cannot see -> the argument; the header sets them."""

    @property
    def has_globals(self) -> bool:
        """Whether an ``ARG --global`` reaches the RUNs of every target."""
        return any(argument.everywhere for argument in self.plan.globals.values())

    def is_empty(self, index: int) -> bool:
        """Whether a stage has nothing to save: it starts from scratch and adds nothing."""
        stage = self.plan.graph.stages[index]
        makes = ("RUN", "COPY", "ADD", "WORKDIR")
        return stage.is_scratch and not any(item.keyword in makes for item in stage.instructions)

    def imported(self, name: str) -> GlobalArgument | None:
        """The global argument that a bare ARG of this name takes its default from."""
        found = self.plan.globals.get(name)
        return found if found is not None and found.default is not None else None


def declare(
    name: str, default: Word | None, spelling: str | None, instruction: Instruction, stage: Recipe, arguments: Arguments
) -> Iterator[Command]:
    """The commands for ``ARG name`` or ``ARG name=default`` at one place of a stage, or none when it changes
    nothing."""
    if not (name.isascii() and name.isidentifier()):
        raise NotExpressible("EM310", None, key=name)
    if is_of_earth(name, arguments.mappings):
        is_given = default is None and arguments.imported(name) is not None  # by a line before FROM
        if is_given or not fixed(name, default, instruction, stage):
            raise NotExpressible("EM327", None, name=name)
        return
    if default is None and arguments.imported(name) is None:
        default = constant(name, arguments)
    platform = earth_name(name, arguments.mappings)
    source = arguments.imported(name)
    if platform == name and default is None and source is not None and not source.everywhere:
        default = source.default
    if platform is not None and (is_builtin(name) or default is not None or arguments.imported(name) is None):
        yield from _platform(name, platform, default, instruction, stage, spelling)
        return
    if default is None:
        yield from _bare(name, instruction, stage, arguments)
        return
    known = stage.scope.bindings.get(name)
    if known is not None and known.kind == ARGUMENT and any(used.name == name for used in variables(default)):
        if name in stage.scope.declared and default == (Variable(name),):
            stage.warn("EM315", instruction, name=name)
            return
        if name not in stage.scope.declared:
            default = yield from _on_inherited(name, default, known, instruction, stage)
            spelling = None
    yield from _with_default(name, default, spelling, instruction, stage)


def _with_default(
    name: str, default: Word, spelling: str | None, instruction: Instruction, stage: Recipe
) -> Iterator[Command]:
    known = stage.scope.bindings.get(name)
    is_same = known is not None and known.kind == ARGUMENT and known.default == default
    if name in stage.scope.declared and is_same and not stage.scope.stale(name):
        stage.warn("EM315", instruction, name=name)
        return
    seen = stage.scope.bindings
    stage.scope.bindings = {**_visible_globals(default, stage), **seen}
    try:
        meaning = stage.adapt(default, instruction)
        text = stage.spell(meaning, spelling, "argument") or '""'
        value, derived = stage.scope.static(default), stage.scope.is_overridable(default)
    finally:
        stage.scope.bindings = seen
    if name in stage.scope.declared and name not in stage.scope.passed:
        stage.again.add(name)
        stage.warn("EM304", instruction, name=name)
        yield from _reassigned(name, text, meaning, instruction, stage)
    elif name in stage.scope.declared or (kept := list(twicedeclared.declared(name, instruction, stage))):
        if name not in stage.scope.declared:
            yield from kept
        yield from _passed_or(name, meaning, instruction, stage)
    else:
        yield _assignment("ARG", name, text, meaning, instruction)
    _bind(name, Binding(ARGUMENT, value, default, derived=derived), stage.scope)


def _passed_or(name: str, default: Word, instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """Give an argument what was passed, or ``default``."""
    meaning = twicedeclared.value(name, default, stage)
    yield from _reassigned(name, stage.spell(meaning, None, "argument"), meaning, instruction, stage)


def _reassigned(name: str, text: str, meaning: Word, instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    yield _assignment(stage.scope.assigning(name), name, text, meaning, instruction)


def _visible_globals(default: Word, stage: Recipe) -> dict[str, Binding]:
    """What the default of an imported argument reads and the stage itself does not see: global arguments, platforms."""
    found: dict[str, Binding] = {}
    for used in variables(default):
        of = stage.arguments.kept.get(used.name, used.name)
        known = stage.arguments.plan.globals.get(of)
        if known is not None and (known.everywhere or of != used.name):
            word = written_out(of, stage.arguments)
            found[used.name] = Binding(ARGUMENT, literal_text(word) if word is not None else None, known.default)
        elif used.name in stage.moved_arguments:
            found[used.name] = Binding(ARGUMENT, None, is_automatic=True)
    return found


def _on_inherited(
    name: str, default: Word, known: Binding, instruction: Instruction, stage: Recipe
) -> Generator[Command, None, Word]:
    """``default``, which reads the argument that the stage inherits under the same name, with that one's default in it.

    Where that cannot be written, the inherited one is declared first.
    """
    if known.default is None and (known.is_automatic or stage.scope.may_be_environment(name)):
        return default
    had = _as_the_parent_had(name, known, instruction, stage) if known.default is not None else None
    written_out = without_variables(default, {name: had})
    if not any(used.name == name for used in variables(written_out)):
        return written_out
    yield from _with_default(name, had or (), None, instruction, stage)
    return default


def _bare(name: str, instruction: Instruction, stage: Recipe, arguments: Arguments) -> Iterator[Command]:
    known = stage.scope.bindings.get(name)
    source = arguments.imported(name)
    if source is not None and source.default is not None:
        if name in stage.scope.declared and known is not None and known.default == source.default:
            stage.warn("EM315", instruction, name=name)
            return
        yield from _imported(name, source.default, source.text, instruction, stage, arguments)
        return
    if name in stage.scope.declared:
        # After an ENV of that name a build argument comes into force again; LET holds the ENV's value here.
        is_hidden = known is not None and known.kind == ENVIRONMENT and name in stage.scope.reassigned
        if known is not None and is_hidden and name in stage.scope.passed:
            yield from _passed_or(name, (Variable(name),), instruction, stage)
            _bind(name, known._replace(derived=True, is_passed=True), stage.scope)
            return
        if is_hidden:
            stage.again.add(name)
        stage.warn("EM325" if is_hidden else "EM315", instruction, name=name)
        return
    if known is not None and known.kind == ARGUMENT and known.default is not None:
        default = _as_the_parent_had(name, known, instruction, stage)
        yield from _with_default(name, default, None, instruction, stage)
        return
    if known is None or known.kind == ARGUMENT:
        _report_unset(name, instruction, stage)
    is_home = name == "HOME" and known is None
    if is_home and keeps_home(instruction, stage):
        yield Command.of("ARG", "HOME=$HOME", source=instruction.span)
    elif stage.scope.may_be_environment(name) and not is_home:
        meaning = stage.adapt((Variable(name),), instruction)
        yield _assignment("ARG", name, stage.spell(meaning, None, "argument"), meaning, instruction)
    else:
        kept = list(twicedeclared.declared(name, instruction, stage))
        yield from kept or [Command.of("ARG", name, source=instruction.span, meaning=Words(((Literal(name),),)))]
    stage.scope.declared.add(name)
    if known is None:
        _bind(name, Binding(ARGUMENT, None), stage.scope)
    elif known.kind == ENVIRONMENT:  # a build argument replaces it
        _bind(name, known._replace(derived=True, is_passed=True), stage.scope)


def _imported(
    name: str, default: Word, text: str | None, instruction: Instruction, stage: Recipe, arguments: Arguments
) -> Iterator[Command]:
    """A global's default where the stage imports it: what it reads must be visible here, or is written out."""
    values: dict[str, Word | None] = {}
    seen_there = as_the_header_sees(default, arguments)
    if seen_there != default:
        default, text = seen_there, None
    unseen = [
        variable.name
        for variable in variables(default)
        if (known := arguments.plan.globals.get(variable.name)) is not None and not is_global_here(known, stage.scope)
    ]
    if unseen and (kept := keptdefaults.kept(name, arguments, stage)) is not None:
        yield from _with_default(name, (Variable(kept),), None, instruction, stage)
        return
    for variable in variables(default):
        known = arguments.plan.globals.get(variable.name)
        if variable.name in unseen:
            values[variable.name] = written_out(variable.name, arguments)
            stage.warn("EM323", instruction, name=name, used=variable.name)
        elif known is not None and variable.name not in stage.scope.declared and stage.scope.image_environment is None:
            stage.report_unknown_environment()  # an ENV of the image would hide the global argument
    if values:
        default, text = without_variables(default, values), None
    for variable in variables(default):
        platform = earth_name(variable.name, arguments.mappings)
        needed = platform is not None and variable.name not in arguments.plan.globals
        if platform is not None and needed and variable.name not in stage.scope.declared:
            yield from _platform(variable.name, platform, None, instruction, stage)
    yield from _with_default(name, default, text, instruction, stage)


def _report_unset(name: str, instruction: Instruction, stage: Recipe) -> None:
    """Docker leaves such an argument unset, an Earthfile exports it empty: only a test for "unset" can tell."""
    if name == "HOME":
        stage.warn("EM336" if keeps_home(instruction, stage) else "EM326", instruction, name=name)
        return
    if name == "PATH":
        return  # every image has one
    stage.warn("EM333" if is_asked_for(name, stage) else "EM301", instruction, name=name)


def _platform(
    name: str,
    platform: str,
    default: Word | None,
    instruction: Instruction,
    stage: Recipe,
    spelling: str | None = None,
) -> Iterator[Command]:
    if default is not None and not is_builtin(name):
        yield from _with_default(name, default, None, instruction, stage)
        return
    is_plain = default is not None and (spelling is not None or literal_text(default) is not None)
    if default is not None and is_plain and is_out_of_images(name, stage):
        stage.warn("EM234", instruction, name=name)
        word = stage.adapt(default, instruction)
        yield _assignment("ENV", name, stage.spell(word) or '""', word, instruction)
        value, derived = stage.scope.static(default), stage.scope.is_overridable(default)
        stage.scope.bind(name, Binding(ENVIRONMENT, value, derived=derived))
        return
    if is_plain and fixed(name, default, instruction, stage):
        return
    if default is not None:  # a plain argument in Docker; earth refuses a default for a builtin one
        stage.warn("EM312", instruction, name=name)
    if platform == name and name in stage.moved_arguments:
        stage.moved_arguments.discard(name)
        stage.scope.bind(name, Binding(ARGUMENT, None, is_automatic=True))
        stage.warn("EM313", instruction, name=name)
        return
    if name in stage.scope.declared:
        stage.warn("EM315", instruction, name=name)
        return
    if platform not in stage.scope.declared:
        stage.scope.declared.add(platform)
        yield Command.of("ARG", platform, source=instruction.span, meaning=Words(((Literal(platform),),)))
    if platform != name:
        stage.scope.declared.add(name)
        meaning: tuple[Word, ...] = ((Literal(name),), _EQUALS, (Variable(platform),))
        yield Command.of("ARG", f"{name}=${platform}", source=instruction.span, meaning=Words(meaning))
    stage.scope.bind(name, Binding(ARGUMENT, None, is_automatic=True))


def _bind(name: str, binding: Binding, scope: Scope) -> None:
    scope.bind(name, binding)
    scope.declared.add(name)


def _assignment(keyword: str, name: str, text: str, meaning: Word, instruction: Instruction) -> Command:
    words = ((Literal(name),), _EQUALS, meaning)
    return Command.of(keyword, f"{name}={text}", source=instruction.span, meaning=Words(words))


def inherited(parent: Scope, stage: Recipe, instruction: Instruction, arguments: Arguments) -> Iterator[Command]:
    """The ARGs that a stage gets from the stage it is FROM and uses, declared again: ``FROM +target`` brings none."""
    wanted = [name for name in parent.bindings if _uses(name, stage, arguments)]
    for name in stage.own_arguments & parent.bindings.keys():  # a bare one takes the inherited default over
        used = {variable.name for variable in variables(stage.scope.bindings[name].default or ())}
        wanted += sorted(used - stage.own_arguments)
    if wanted and parent.image_environment is None:
        stage.report_unknown_environment()  # FROM brings the image's ENV into force again, over an ARG of its name
    for name in _with_references(wanted, stage.scope):
        if name in stage.scope.fixed:
            continue
        binding = stage.scope.bindings[name]
        if (platform := earth_name(name, arguments.mappings)) is not None:
            yield from _platform(name, platform, None, instruction, stage)
        elif binding.default is not None:
            default = _as_the_parent_had(name, binding, instruction, stage)
            yield from _with_default(name, default, None, instruction, stage)
            # The value is as old as it was.
            stage.scope.bindings[name] = stage.scope.bindings[name]._replace(at=binding.at)
        else:
            if is_asked_for(name, stage):
                stage.warn("EM333", instruction, name=name)
            keeps = stage.scope.may_be_environment(name)
            kept = [] if keeps else list(twicedeclared.declared(name, instruction, stage))
            yield from kept or [Command.of("ARG", f"{name}=${name}" if keeps else name, source=instruction.span)]
            stage.scope.declared.add(name)


def _as_the_parent_had(name: str, binding: Binding, instruction: Instruction, stage: Recipe) -> Word:
    """The default of an inherited argument; its value, where what the default reads has changed since."""
    assert binding.default is not None
    scope = stage.scope
    stale = scope.stale(name)
    for used in variables(binding.default):
        known = scope.bindings.get(used.name)
        if known is not None and known.kind == ARGUMENT and used.name not in scope.declared:
            stale.append(used.name)
    if not stale:
        return binding.default
    if binding.value is None or binding.derived:
        stage.warn("EM314", instruction, name=name, used=", ".join(stale))
        return binding.default
    return (Literal(binding.value),) if binding.value else ()


def _uses(name: str, stage: Recipe, arguments: Arguments) -> bool:
    if stage.scope.bindings[name].kind != ARGUMENT:
        return False
    if name in stage.own_arguments:
        return False
    # A RUN may be a script that reads it, so a mention in the text is not what decides.
    return stage.runs or name in arguments.plan.mentions[stage.stage]


def _with_references(names: list[str], scope: Scope) -> list[str]:
    """``names`` and the arguments that their defaults read, in the order in which they got their values."""
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in seen or name not in scope.bindings or scope.bindings[name].kind != ARGUMENT:
            continue
        seen.add(name)
        queue += [used.name for used in variables(scope.bindings[name].default or ())]
    return sorted(seen, key=lambda name: scope.bindings[name].at)
