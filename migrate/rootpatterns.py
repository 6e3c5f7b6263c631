"""Patterns of ``COPY --from``: what they are certain to match, and the links to nothing that they may bring along."""

from __future__ import annotations

from migrate import artifacts, outlinks, wildcards
from migrate.images import base_image
from migrate.plan import run_texts
from migrate.recipe import Recipe
from migrate.stages import Source
from migrate.words import Word, literal_text

#: Every distribution has it, and in it the link mtab, which leads to /proc.
_FOLDER = "etc"


def brings_link_to_nothing(source: Source, pattern: Word, stage: Recipe) -> bool:
    """Whether a folder that ``pattern`` takes may hold a link to nothing: earth asks for the end of each, and fails."""
    graph, folder = stage.arguments.plan.graph, artifacts.needed(pattern).path
    stages = graph.reachable(source.stage) if source.stage is not None else ()
    if outlinks.may_dangle([text for index in stages for text in run_texts(graph, index)], folder):
        return True
    return _has_folder(source, pattern, stage) is not False


def always_matches(source: Source, pattern: Word, stage: Recipe) -> bool:
    """Whether ``pattern`` matches a folder at the root that every distribution has."""
    return _has_folder(source, pattern, stage) is True


def _has_folder(source: Source, pattern: Word, stage: Recipe) -> bool | None:
    text = literal_text(pattern)
    if text is None or not artifacts.WILDCARDS & set(text) or text.count("/") > 1:
        return False
    graph = stage.arguments.plan.graph
    root = graph.stages[graph.chain(source.stage)[-1]] if source.stage is not None else None
    if root is not None and root.is_scratch:
        return False
    reference = root.reference if root is not None else source.image
    image = base_image(reference, stage.arguments.mappings) if reference is not None else None
    automaton = wildcards.component(text.lstrip("/"))
    if automaton is None or not automaton.matches(_FOLDER):
        return False
    return None if image is None else image.folders is None or f"/{_FOLDER}" in image.folders
