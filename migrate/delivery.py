"""What becomes an image: SAVE IMAGE in the last stage's target, and the thin targets that save other stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, Target
from migrate.plan import Plan
from migrate.recipe import Recipe, Reporter
from migrate.settings import Settings
from migrate.stages import Stage
from migrate.words import variables

_UNLABELLED = "--without-earthly-labels"
"""Leaves out the labels with which the tool signs an image; VERSION must allow it (earth: features.go)."""

_CONFIG = frozenset(("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "USER", "VOLUME", "WORKDIR"))
"""What ends in the config of an image."""


class Names(NamedTuple):
    """The names of one image, the ARG that gives it another, and the flags to save it with."""

    images: tuple[str, ...]
    argument: str | None = None
    flags: str = "--push"


def last(settings: Settings) -> Names:
    """What the last stage's image is called."""
    images = settings.images
    if not images and settings.name is not None:
        images = (settings.name if ":" in settings.name else f"{settings.name}:latest",)
    return Names(images, settings.image_argument, _flags(settings)) if images else Names(())


def _flags(settings: Settings) -> str:
    return f"{_UNLABELLED} --push" if settings.fidelity == "exact" else "--push"


def version(targets: Sequence[Target]) -> str:
    """The arguments of VERSION for a file with these ``targets``."""
    commands = [item for target in targets for item in target.items if isinstance(item, Command)]
    saves = [item for item in commands if item.keyword == "SAVE IMAGE"]
    unlabelled = any(line.text.startswith(_UNLABELLED) for item in saves for line in item.lines)
    return "--allow-without-earthly-labels 0.8" if unlabelled else "0.8"


def save_image(stage: Stage, recipe: Recipe, names: Names, plan: Plan, report: Reporter) -> list[Item]:
    """``SAVE IMAGE --push`` with every name, and the ARGs that they read in front of it (design 5.2)."""
    if not names.images:
        report("EM219", stage.instruction.span)
        return []
    layer = _empty_layer(stage, recipe, plan, report)
    _report_foreign_text(stage, plan, report)
    words = [quoting.parse_word(name) for name in names.images]
    used = {variable.name for word in words for variable in variables(word)}
    missing = sorted(used - recipe.scope.declared)
    texts = [quoting.render(word, prefer=name) for word, name in zip(words, names.images, strict=True)]
    items: list[Item] = [Command.of("ARG", name) for name in missing]
    if names.argument is not None:
        first = quoting.render_argument(words[0], prefer=names.images[0])
        items.append(Command.of("ARG", f"{names.argument}={first}"))
        texts[0] = f"${names.argument}"
    return [*items, *layer, Command.of("SAVE IMAGE", f"{names.flags} {' '.join(texts)}")]


def _empty_layer(stage: Stage, recipe: Recipe, plan: Plan, report: Reporter) -> list[Item]:
    """A COPY that copies nothing: earth reports success for an image without any layer and saves none."""
    chain = [plan.graph.stages[index] for index in plan.graph.chain(stage.index)]
    makers = {"RUN", "COPY", "ADD"} | ({"WORKDIR"} if recipe.workdir not in (None, "/") else set())
    if not chain[-1].is_scratch or any(item.keyword in makers for one in chain for item in one.instructions):
        return []
    report("EM250", stage.instruction.span)
    why = "# earth saves no image without a layer: this one is empty."
    return [Command.of("COPY", "--if-exists .no-such-file /")._replace(above=("", why))]


def _report_foreign_text(stage: Stage, plan: Plan, report: Reporter) -> None:
    """Say, once per image, that its config has a character with which earth cannot hand it to podman."""
    for index in plan.graph.chain(stage.index):
        for instruction in plan.graph.stages[index].instructions:
            text = "".join((instruction.operand, *(instruction.exec_form or ())))
            if instruction.keyword in _CONFIG and not text.isascii():
                report("EM619", instruction.span, character=next(char for char in text if not char.isascii()))
                return


def targets(plan: Plan, recipes: Sequence[Recipe], settings: Settings, report: Reporter) -> list[Target]:
    """The thin targets: a SAVE IMAGE in a stage that others are FROM would freeze the config that they inherit."""
    found = []
    if plan.image_target is not None:
        found.append(_thin(plan.image_target, plan.final, plan, recipes, last(settings), report))
    for saved in settings.saved:
        index = plan.graph.find_target(saved.stage)
        if index is not None and index in plan.saved:
            names = Names(saved.images, saved.argument, _flags(settings))
            found.append(_thin(plan.saved[index], index, plan, recipes, names, report))
    return found


def _thin(name: str, index: int, plan: Plan, recipes: Sequence[Recipe], names: Names, report: Reporter) -> Target:
    recipe = replace(recipes[index], scope=recipes[index].scope.inherit())
    items = save_image(plan.graph.stages[index], recipe, names, plan, report)
    return Target(name, (Command.of("FROM", f"+{plan.targets[index]}"), *items))
