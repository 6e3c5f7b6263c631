"""The target of a fallen stage: the arguments it passes on, and FROM DOCKERFILE."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import replace

from migrate.arguments import Arguments
from migrate.earthfile.model import Command, Item, Remark, TextLine, Words
from migrate.fallen import FallenStage, PassedArgument
from migrate.ownnames import is_of_earth
from migrate.plan import Plan
from migrate.recipe import Recipe, Reporter, attach
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import Stage
from migrate.words import Literal, Variable, Word, merged

_WIDTH = 100


def state(fallen: FallenStage, arguments: Arguments, report: Reporter) -> Recipe:
    """The state that the stages FROM this one inherit: as after its native form, nothing declared in this target."""
    scope = copy(fallen.recipe.scope)
    scope.declared, scope.reassigned = set(), set()
    return replace(
        fallen.recipe, scope=scope, arguments=arguments, report=report, extra=[], context_sources=[], copies=False
    )


def items(
    stage: Stage, fallen: FallenStage, recipe: Recipe, plan: Plan, moved: dict[str, tuple[str, ...]]
) -> Iterator[Item]:
    """The lines of the target; ``moved`` are comments of global ARGs that go with the first ARG of their name."""
    span = Span(stage.instruction.span.start, (stage.instructions or (stage.instruction,))[-1].span.end)
    yield Remark((f"# {fallen.why}",), span)
    words: list[tuple[str, Word]] = [("--platform=native", (Literal("native"),))] if fallen.native else []
    if stage.index != plan.graph.stages[-1].index:
        assert stage.name is not None, "embedded.py refuses the others"
        words.append((f"--target {stage.name}", (Literal(stage.name),)))
    for argument in fallen.passed:
        mappings = recipe.arguments.mappings
        if not (argument.name.isascii() and argument.name.isidentifier()) or is_of_earth(argument.name, mappings):
            recipe.report("EM225", argument.instruction.span, name=argument.name, stage=recipe.target)
            continue
        yield from attach(list(_argument(argument, recipe, plan)), moved.pop(argument.name, ()))
        words.append(_build_argument(argument))
    if recipe.settings.dockerfile not in ("Dockerfile", None):
        words.append(_file(recipe.settings, recipe))
    yield _command(words, span)


def _argument(argument: PassedArgument, recipe: Recipe, plan: Plan) -> Iterator[Command]:
    """``ARG name=default``, unless the global argument of that name says the same."""
    known = plan.globals.get(argument.name)
    span = argument.instruction.span
    if argument.builtin is not None:
        if argument.builtin not in recipe.scope.declared:
            recipe.scope.declared.add(argument.builtin)
            yield Command.of("ARG", argument.builtin, source=span)
    elif argument.default is None:
        recipe.report("EM227", span, name=argument.name)
        recipe.scope.declared.add(argument.name)
        yield Command.of("ARG", argument.name, source=span)
    elif known is None or not known.everywhere or known.default != argument.default:
        recipe.scope.declared.add(argument.name)
        text = recipe.spell(argument.default, argument.text, "argument") or '""'
        meaning = Words(((Literal(argument.name),), (Literal("="),), argument.default))
        yield Command.of("ARG", f"{argument.name}={text}", source=span, meaning=meaning)


def _build_argument(argument: PassedArgument) -> tuple[str, Word]:
    name = argument.name
    if argument.builtin not in (None, name):
        return f"--build-arg {name}=${argument.builtin}", (Literal(f"{name}="), Variable(argument.builtin or ""))
    if argument.default is not None or argument.builtin is not None:
        return f"--build-arg {name}", (Literal(name),)
    when_set = Variable(name, ":+", (Literal(name),))
    return f"--build-arg ${{{name}:+{name}}}=${name}", (when_set, Literal("="), Variable(name))


def _file(settings: Settings, recipe: Recipe) -> tuple[str, Word]:
    word: Word = (Literal(settings.dockerfile or ""),)
    return f"-f {recipe.spell(word, settings.dockerfile, 'path')}", word


def _command(words: list[tuple[str, Word]], span: Span) -> Command:
    """On one line where it fits, else two arguments a line."""
    texts = [text for text, _ in words]
    meaning = [merged([Literal(f"{re.split('[ =]', text, maxsplit=1)[0]}="), *word]) for text, word in words]
    whole = " ".join([*texts, "."])
    made = Command.of("FROM DOCKERFILE", whole, source=span, meaning=Words((*meaning, (Literal("."),))))
    if len(whole) <= _WIDTH:
        return made
    lines = tuple(TextLine(("    " if index else "") + text + " \\") for index, text in enumerate(texts))
    return made._replace(lines=(*lines, TextLine("    .")), alternatives=(made.lines,))
