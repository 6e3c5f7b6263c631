"""What is known of the folders that a COPY goes to: whether they exist, and whether they are plain ones of root.

What every system has stands in mappings/ownership.yaml; the rest is read from the text of the stage.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from migrate.dockerfile.model import Instruction
from migrate.mappings import Mappings
from migrate.ownership import COMMAND
from migrate.recipe import Recipe

_MAKES = COMMAND + r"mkdir\b([^;&|]*)"
_ADDS_USER = COMMAND + r"adduser((?:\s+[^\s;&|]+)+)"
_NO_HOME = ("-h", "-H", "-S", "--home", "--no-create-home", "--system")


def destination(text: str | None, stage: Recipe) -> str | None:
    """The absolute, cleaned path of a COPY destination whose value is known, else None."""
    if text is None:
        return None
    if text.startswith("/"):
        return _clean(text)
    return None if stage.workdir is None else _clean(posixpath.join(stage.workdir, text))


def is_ordinary(path: str | None, stage: Recipe) -> bool:
    """Whether every directory that may exist on ``path`` is known to be a real one of root with mode 0755.

    Only then do ``--keep-own`` and Docker's ``--link`` leave the directories as they are.
    """
    if path is None or any(_may_be_in(path, place, source, stage) for place, source in stage.brought):
        return False
    return not any(path == special or path.startswith(special + "/") for special in special_paths(stage))


def _may_be_in(path: str, place: str, source: str | None, stage: Recipe) -> bool:
    """Whether the folder ``path`` may be one of those that came along with what was copied to ``place``."""
    below = path.removeprefix(place.rstrip("/") + "/")
    if below in (path, ""):
        return False
    if source is None or not stage.context.known():
        return True
    return stage.context.is_directory(posixpath.join(source, below.partition("/")[0])) is not False


def keeps_owners(path: str | None, stage: Recipe, *, says_folder: bool) -> bool:
    """Whether --keep-own does to ``path`` what a plain copy does.

    It copies to an empty file system and lays that over: it does not see whether a bare name is a folder there.
    """
    return is_ordinary(path, stage) and (says_folder or path not in stage.perhaps)


def special_paths(stage: Recipe) -> tuple[str, ...]:
    """The paths that may be something else than a folder of root's with mode 0755."""
    own = (stage.base.special_folders or ()) if stage.base is not None else ()
    is_empty = stage.is_from_scratch and not any(place == "/" for place, _ in stage.brought)
    common = () if is_empty else stage.arguments.mappings.ownership["special-folders"]
    return (*common, *own, *_unusual(stage))


def assume_plain(path: str | None, stage: Recipe) -> None:
    """Say once per image that its own folders on ``path`` are taken to be plain, where nobody knows them."""
    base = stage.base
    known = base is not None and base.special_folders is not None and base.user in ("root", "0")
    if path is not None and not known and missing(path, stage):
        stage.report("EM431", stage.image_span, image=stage.image)


def exists(path: str | None, stage: Recipe) -> bool:
    """Whether the directory ``path`` is there for certain."""
    if path is None:
        return False
    if path == "/" or path == stage.workdir or path in stage.made:
        return True
    if any(path == gone or path.startswith(f"{gone}/") for gone in stage.gone):
        return False
    if stage.base is not None and stage.base.folders is not None:
        return path in stage.base.folders
    return is_standard(path, stage.arguments.mappings)


def missing(path: str, stage: Recipe) -> list[str]:
    """``path`` and the directories above it that are not there for certain, the highest first."""
    found: list[str] = []
    while not exists(path, stage):
        found.append(path)
        path = path.rpartition("/")[0] or "/"
    return found[::-1]


def is_standard(path: str, mappings: Mappings) -> bool:
    """Whether every common distribution has the directory ``path``."""
    return path in mappings.ownership["existing-folders"]


def note_made(path: str | None, stage: Recipe) -> None:
    """Remember that ``path`` and the folders above it exist from here on."""
    while path is not None and path not in ("", "/") and path not in stage.made:
        stage.made.add(path)
        path = path.rpartition("/")[0]


def note_gone(path: str, stage: Recipe) -> None:
    """Remember that nothing is left at ``path``."""
    stage.gone.add(path)
    stage.made.difference_update([made for made in stage.made if made == path or made.startswith(f"{path}/")])


def note_brought(path: str | None, source: str | None, stage: Recipe) -> None:
    """Remember that folders of any owner and mode may lie below ``path`` from here on."""
    stage.brought.append((path or "/", source))


def note_run(instruction: Instruction, stage: Recipe) -> None:
    """Remember the directories that a RUN may give another owner or mode."""
    text = "".join(instruction.texts)
    changers = stage.arguments.mappings.ownership["folder-changers"]
    for match in re.finditer(_changes(changers), text) if any(name in text for name in changers) else ():
        for word in match[1].split():
            path = word.strip("\"'").rstrip("/")
            if path.startswith("/"):
                stage.owners.add(path)
            elif "$" in path or (path and stage.workdir is not None and not path.startswith("-")):
                stage.owners.add(stage.workdir or "/")
    for match in re.finditer(_MAKES, text) if "mkdir" in text else ():
        words = match[1].split()
        has_mode = "umask" in text or any(word.startswith(("-m", "-pm", "--mode")) for word in words)
        for word in words:
            if not set(word) & set("$*?{-\"'`"):
                path = destination(word, stage)
                stage.owners.update([path] if has_mode and path is not None else ())
                note_made(path, stage)
    for match in re.finditer(_ADDS_USER, text) if "adduser" in text else ():
        note_made(_home_of(match[1].split()), stage)
    if stage.user.root is not True:
        stage.owners.update(word.strip("\"'").rstrip("/") for word in text.split() if word.strip("\"'").startswith("/"))


def _home_of(words: list[str]) -> str | None:
    """The home directory that ``adduser`` with these words makes, None when that is not plain."""
    *options, name = words
    is_alone = not options or options[-1].startswith("-") or options[-1].isdigit()
    if not is_alone or any(option.startswith(_NO_HOME) for option in options) or not re.fullmatch(r"[\w.-]+", name):
        return None
    return None if name.startswith("-") or name.isdigit() else f"/home/{name}"


@lru_cache(maxsize=8)
def _changes(commands: Iterable[str]) -> str:
    return rf"{COMMAND}(?:{'|'.join(map(re.escape, commands))})\b([^;&|]*)"


def _unusual(stage: Recipe) -> Iterator[str]:
    yield from (path for path in stage.owners if path not in ("", "/"))


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/") if path != "/" else "/"
