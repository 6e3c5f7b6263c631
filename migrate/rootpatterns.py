"""Patterns of ``COPY --from``: what they are certain to match, and the links to nothing that they may bring along."""

from __future__ import annotations

from migrate import artifacts, outlinks, wildcards
from migrate.images import base_image
from migrate.plan import run_texts
from migrate.recipe import Recipe
from migrate.stages import SCRATCH, Source
from migrate.words import Word, literal_text

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
