"""Patterns of ``COPY --from``: what they are certain to match, and the links to nothing that they may bring along."""

from __future__ import annotations

from migrate import artifacts, outlinks, wildcards
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, Target
from migrate.images import base_image
from migrate.plan import run_texts
from migrate.recipe import Recipe
from migrate.stages import SCRATCH, Source
from migrate.words import Word, literal_text

FOLDER = "/root"
"""Where a helper target saves a root."""
#: Folders at the root in which distributions have links that lead nowhere while an image is built: /etc/mtab leads to
#: /proc, /var/lock to /run.
_FOLDERS = ("dev", "etc", "lib", "run", "sbin", "usr", "var")


def brings_link_to_nothing(source: Source, pattern: Word, stage: Recipe) -> bool:
    """Whether a folder that ``pattern`` takes may hold a link to nothing: earth asks for the end of each, and fails."""
    graph, folder = stage.arguments.plan.graph, artifacts.needed(pattern).path
    stages = graph.reachable(source.stage) if source.stage is not None else ()
    if outlinks.may_dangle([text for index in stages for text in run_texts(graph, index)], folder):
        return True
    return _has_folder(source, pattern, stage) is not False


def helper(source: Source, name: str, instruction: Instruction, stage: Recipe) -> str | None:
    """The target that saves the root of target ``name`` as FOLDER, made by the first that asks; None for an empty root.

    ``COPY --if-exists`` makes the first character of a path a plain one (hard-cases.md 1): a wildcard may stand there
    no more.
    """
    if source.stage is not None and stage.arguments.is_empty(source.stage):
        return None
    plan, shared, key = stage.arguments.plan, stage.arguments.shared, f"{name}-root"
    is_stage = source.stage is not None
    saved = plan.artifacts.get(source.stage or 0, ()) if is_stage else plan.image_helpers[source.image].artifacts
    if key not in shared:
        shared[key] = stage.arguments.unique(key)
        times = "--keep-ts " if any(artifact.keep_times for artifact in saved) else ""
        save = f"{times}--symlink-no-follow /* {FOLDER}/"
        items = (
            Command.of("FROM", f"+{name}", source=instruction.span),
            Command.of("SAVE ARTIFACT", save, source=instruction.span),
        )
        stage.extra.append(Target(shared[key], items, source=instruction.span))
    return shared[key]


def always_matches(source: Source, pattern: Word, stage: Recipe) -> bool:
    """Whether ``pattern`` matches a folder at the root that every distribution has."""
    return _has_folder(source, pattern, stage) is True


def _has_folder(source: Source, pattern: Word, stage: Recipe) -> bool | None:
    text = literal_text(pattern)
    if text is None or not artifacts.WILDCARDS & set(text) or text.count("/") > 1:
        return False
    automaton = wildcards.component(text.lstrip("/"))
    names = [name for name in _FOLDERS if automaton is not None and automaton.matches(name)]
    found = [_has(names, reference, stage) for reference in _images(source, stage)]
    return False if not any(one is not False for one in found) else True if all(found) else None


def _has(names: list[str], reference: str | None, stage: Recipe) -> bool | None:
    """Whether the image ``reference`` has a folder of one of these names at its root."""
    if not names or reference == SCRATCH:
        return False
    image = base_image(reference, stage.arguments.mappings) if reference is not None else None
    return None if image is None else image.folders is None or any(f"/{name}" in image.folders for name in names)


def _images(source: Source, stage: Recipe) -> list[str | None]:
    """The images that ``source`` begins with: several, where an argument selects a stage."""
    graph = stage.arguments.plan.graph
    if source.stage is None:
        return [source.image]
    found: list[str | None] = []
    queue, seen = [source.stage], {source.stage}
    while queue:
        one = graph.stages[queue.pop()]
        above = {*one.selects, *([] if one.base is None else [one.base])}
        if not above:
            found.append(SCRATCH if one.is_scratch else one.reference)
        queue += above - seen
        seen |= above
    return found
