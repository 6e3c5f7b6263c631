"""``COPY --link --chown``: Docker gives the owner to every folder on the way, an Earthfile only to those it creates.

A RUN chown behind the copy does the rest, where each of these folders is a plain one.
"""

from __future__ import annotations

import re

from migrate import folders
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, ShellText, TextLine
from migrate.recipe import Recipe

#: User and group: chown leaves the group alone when only a user is named, COPY does not.
_BOTH = re.compile(r"[\w.-]+:[\w.-]+")
_SAFE = re.compile(r"(?:[\w.:-]|\$\{\w+\}|\$\w+)+")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")


def owned(instruction: Instruction, path: str | None, stage: Recipe, *, says_folder: bool) -> list[str]:
    """The folders on ``path`` whose owner a RUN can set behind this copy, the highest first; none where it cannot."""
    flag = instruction.flag("chown")
    owner = flag.value if flag is not None and flag.value else ""
    is_known = _SAFE.fullmatch(owner) is not None and _BOTH.fullmatch(stage.known(owner) or "") is not None
    can_run = stage.user.root is True and stage.has_shell is True
    if path is None or not is_known or not can_run or not _PLAIN.issuperset(path):
        return []
    if not folders.is_ordinary(path, stage) or (folders.exists(path, stage) and not says_folder):
        return []
    # The copy itself has the owner already, and chown would take special bits from a file.
    parts = (path if says_folder else path.rpartition("/")[0]).strip("/").split("/")
    return ["/" + "/".join(parts[: end + 1]) for end in range(len(parts)) if parts[0]]


def command(places: list[str], instruction: Instruction, stage: Recipe) -> Command:
    """The RUN that gives ``places`` the owner of the copy."""
    flag = instruction.flag("chown")
    assert flag is not None
    assert flag.value
    stage.warn("EM436", instruction, flag.start, flag.end, folder=places[-1])
    stage.owners.update(places)
    owner = f'"{flag.value}"' if "$" in flag.value else flag.value
    text = f"chown {owner} {' '.join(places)}"
    return Command("RUN", (TextLine(text),), source=instruction.span, meaning=ShellText(text))
