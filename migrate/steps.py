"""The instructions of a stage and of the stages it is FROM, with the working directory and the user in front of each.

For decisions that stand before any rule runs: only what the text says, and what is known of the base image.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from migrate.artifacts import clean
from migrate.dockerfile.model import Instruction
from migrate.images import BaseImage, base_image
from migrate.mappings import Mappings
from migrate.stages import StageGraph


class Step(NamedTuple):
    """One instruction and the state in front of it; ``folder`` and ``is_root`` are None when unknown."""

    instruction: Instruction
    folder: str | None
    is_root: bool | None
    user: str | None
    """The operand of the USER in force."""


def steps_of(graph: StageGraph, index: int, mappings: Mappings) -> Iterator[Step]:
    """The steps of the whole chain of stage ``index``, in order."""
    chain = graph.chain(index)[::-1]
    first = graph.stages[chain[0]]
    image = base_image(first.reference, mappings) if first.reference is not None else None
    folder = "/" if first.is_scratch else None
    user: str | None = None
    is_root = True if first.is_scratch else None if image is None or image.user is None else _is_root(image.user)
    for stage in chain:
        for instruction in graph.stages[stage].instructions:
            yield Step(instruction, folder, is_root, user)
            if instruction.keyword == "WORKDIR":
                folder = joined(folder, instruction.operand)
            elif instruction.keyword == "USER":
                user = instruction.operand
                is_root = None if "$" in user else _is_root(user)


def joined(folder: str | None, text: str) -> str | None:
    """The absolute path of ``text`` in ``folder``, None when it is not known."""
    text = text.strip("\"'")
    if "$" in text or (folder is None and not text.startswith("/")):
        return None
    return clean(posixpath.join(folder or "/", text))


def standard_folders(image: BaseImage | None, mappings: Mappings) -> tuple[str, ...]:
    """The folders that an image has for certain."""
    if image is not None and image.folders is not None:
        return image.folders
    return tuple(mappings.ownership["existing-folders"])


def _is_root(user: str) -> bool:
    return user.partition(":")[0].strip("\"'") in ("root", "0")
