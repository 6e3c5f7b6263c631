"""The options of one conversion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class SavedStage(NamedTuple):
    """A stage, besides the last, whose image is kept under ``images``. ``argument``: the ARG that names it instead."""

    stage: str
    images: tuple[str, ...]
    argument: str | None = None


class LocalBase(NamedTuple):
    """A FROM whose image a target builds: the word in the Dockerfile, the target with its folder, what it is given.

    ``passes``: the arguments of the call reach the target, too.
    """

    written: str
    reference: str
    passes: bool = False
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a caller may choose; hashable and picklable, so a batch can send it to workers.

    ``images``: names for the last stage's SAVE IMAGE. ``target``: the stage that a plain ``docker build`` of this
    repository selects (None: the last). ``name``: the context folder's name, used for the image when ``images`` is
    empty (None: unknown, as from stdin). ``fidelity``: ``clean`` or ``exact``. ``helper_image``: the image of helper
    targets that have no better one.
    """

    images: tuple[str, ...] = ()
    target: str | None = None
    name: str | None = None
    fidelity: str = "clean"
    helper_image: str = "busybox"
    fallback: str = "dockerfile"
    """What becomes of a line that an Earthfile cannot say: ``dockerfile``, ``comment`` or ``fail``."""
    dockerfile: str | None = "Dockerfile"
    """The Dockerfile as the Earthfile names it, relative to the context; None when it is not a file there."""
    image_argument: str | None = None
    """The ARG that may give the last stage's image another name than ``images``."""
    saved: tuple[SavedStage, ...] = ()
    """Other stages whose images are kept, each by a thin target of its own."""
    prefix: str = ""
    """What target names start with: several Dockerfiles share one Earthfile."""
    reserved: frozenset[str] = frozenset()
    """Target names that this Earthfile has already."""
    target_names: tuple[tuple[str, str], ...] = ()
    """(stage, target) of an earlier run: calls use these names, so they stay."""
    private_arguments: frozenset[str] = frozenset()
    """Global arguments that must not become visible in the targets of another Dockerfile."""
    build_contexts: tuple[tuple[str, str], ...] = ()
    """(name, value) of the named contexts of the build: ``docker-image://IMAGE`` or ``target:TARGET``."""
    bases: tuple[LocalBase, ...] = ()
    """Base images that other targets build."""
    writes: bool = False
    """Whether the caller writes every file of the result: then nobody must be told to carry one over."""
