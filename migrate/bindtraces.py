"""What stands at the place of a bind mount before its RUN, and what looks there afterwards, from the text alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from migrate.artifacts import clean, related
from migrate.caches import commands
from migrate.dockerfile.model import CopyDetail, Instruction, Mount, RunDetail
from migrate.steps import Step, joined

TARGET = ("target", "dst", "destination")
SOURCE = ("source", "src")
#: The root of the file system as a word of its own, or a pattern in it.
ROOT = re.compile(r"(?<![\w$}./*'\"-])/(?:[*?\s;&|)'\"]|\Z)")
_MAKES = re.compile(r"\bmkdir\b([^;&|]*)")
_TRIES = re.compile(r"(?:\b(?:touch|mkdir|cp|mv|rm|tee|ln|install|sed\s+-i)\b|>)([^;&|\n]*)\|\|")
_REDIRECTION = re.compile(r">\s*(?!&|/dev/)[^\s;&|]")
_PLAIN_FILES = frozenset("Makefile Dockerfile Gemfile Pipfile Procfile Rakefile LICENSE gradlew mvnw".split())  # noqa: SIM905


class Shown(NamedTuple):
    """Files of ``origin`` (None: the context) from ``path`` on are at ``place``."""

    place: str
    path: str
    origin: int | str | None


def binds(instruction: Instruction) -> list[Mount]:
    detail = instruction.detail
    return [mount for mount in detail.mounts if mount.type == "bind"] if isinstance(detail, RunDetail) else []


def is_file(item: Shown) -> bool:
    """Whether the name looks like a file's."""
    name = posixpath.basename(item.path)
    return "." in name.lstrip(".") or name in _PLAIN_FILES


def is_system(place: str, known: Mapping[str, list[str]]) -> bool:
    """Whether an image is likely to have something of its own around ``place``."""
    if any(place.startswith(folder + "/") for folder in known["free-folders"]):
        return False
    return any(place == folder or place.startswith(folder + "/") for folder in known["system-folders"])


def is_filled(
    item: Shown,
    earlier: Sequence[Step],
    left: Iterable[Shown],
    known: Mapping[str, list[str]],
    *,
    text: str,
    strict: bool,
) -> bool:
    """Whether something may stand at ``item.place`` that the mount would hide, or (``strict``) anything at all.

    ``text`` is the RUN's own.
    """
    if is_system(item.place, known) and not (strict and _is_tool(item, earlier, text)):
        return True
    if any(related(other.place, item.place) and (strict or not _same(other, item)) for other in left):
        return True
    return any(_may_fill(step, item, known, strict=strict) for step in earlier)


def _is_tool(item: Shown, earlier: Sequence[Step], text: str) -> bool:
    """A program of another image or stage where programs are, called by the RUN (``text``) and by none before it."""
    folder, name = posixpath.split(item.place)
    called = rf"(?<![\w.-]){re.escape(name)}(?![\w.-])"
    if item.origin is None or not folder.endswith(("/bin", "/sbin")) or not re.search(called, text):
        return False
    return not any(re.search(called, text_of(step.instruction)) for step in earlier)


def _may_fill(step: Step, item: Shown, known: Mapping[str, list[str]], *, strict: bool) -> bool:
    instruction = step.instruction
    if instruction.keyword == "WORKDIR":
        place = joined(step.folder, instruction.operand)
        return strict and (place is None or place == item.place or place.startswith(item.place + "/"))
    if isinstance(instruction.detail, CopyDetail):
        copied = _copied(step)
        if copied is None:
            return True
        return any(related(other.place, item.place) and (strict or not _same(other, item)) for other in copied)
    if instruction.keyword != "RUN":
        return instruction.keyword == "ONBUILD"
    if any(place is None or _is_at_or_below(item.place, place) for place in _mounted_at(step)):
        return False  # the RUN cannot reach the place
    text = _MAKES.sub("", text_of(instruction)) if not strict else text_of(instruction)
    if item.place in text or (is_file(item) and posixpath.basename(item.place) in text):
        return True
    if step.folder is None or not related(step.folder, item.place):
        return False
    if step.folder == "/":
        name = item.place.split("/")[1]
        return re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w.-])", text) is not None
    if is_file(item) and re.search(r"\b(?:init|new|create)\b", text):
        return True
    quiet = [*known["quiet-programs"], *(known["quiet-for-files"] if is_file(item) else ())]
    return not _is_quiet(instruction, quiet) or _REDIRECTION.search(text) is not None


def _mounted_at(step: Step) -> Iterator[str | None]:
    detail = step.instruction.detail
    if isinstance(detail, RunDetail):
        yield from (joined(step.folder, mount.get(*TARGET) or ".") for mount in detail.mounts if mount.type == "bind")


def _is_quiet(instruction: Instruction, quiet: Sequence[str]) -> bool:
    """Whether a RUN calls only what puts nothing into its working directory; entries may name a subcommand."""
    for words in commands(instruction):
        named = any(" ".join(words[:count]) in quiet for count in range(1, 4))
        if not named or any(word in (".", "-e", "-t", "--target", "--editable") or word[:2] == "./" for word in words):
            return False
    return True


def sees(step: Step, item: Shown, known: Mapping[str, list[str]]) -> bool:
    """Whether an instruction after the RUN may notice what the copy left at ``item.place``."""
    instruction = step.instruction
    if isinstance(instruction.detail, CopyDetail):
        copied = _copied(step)
        return copied is None or any(related(o.place, item.place) and not _same(o, item) for o in copied)
    if instruction.keyword != "RUN":
        return False
    for mount in binds(instruction):
        place = joined(step.folder, mount.get(*TARGET) or ".")
        other = Shown(place or "", clean(mount.get(*SOURCE) or "/"), mount.get("from"))
        if place is not None and _is_at_or_below(item.place, place) and _same(other, item):
            return False
    text = text_of(instruction)
    if any(re.search(rf"{re.escape(folder)}(?![\w.-])", text) for folder in _ancestors(item.place)):
        return True
    if ROOT.search(text[instruction.operand_start :]):
        return True
    if step.folder is not None and not related(step.folder, item.place):
        return False
    return not _is_quiet(instruction, known["quiet-programs"])


def _ancestors(place: str) -> Iterator[str]:
    while place not in ("", "/"):
        yield place
        place = posixpath.dirname(place)


def _is_at_or_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _same(one: Shown, other: Shown) -> bool:
    """Whether both show the same file at every place that both cover."""
    if one.origin != other.origin:
        return False
    if _is_at_or_below(other.place, one.place):
        one, other = other, one
    return clean(other.path + one.place[len(other.place) :]) == one.path


def _copied(step: Step) -> list[Shown] | None:
    """Where a COPY puts what; None when that is not plain."""
    detail = step.instruction.detail
    assert isinstance(detail, CopyDetail)
    target = joined(step.folder, detail.destination.text)
    if target is None or {flag.name for flag in step.instruction.flags} - {"from", "link"}:
        return None
    flag = step.instruction.flag("from")
    # An ADD may unpack; names of stages are compared with nothing.
    origin = "another" if flag is not None or step.instruction.keyword == "ADD" else None
    in_folder = detail.destination.text.endswith("/") or detail.destination.text in (".", "") or len(detail.sources) > 1
    found = []
    for source in detail.sources:
        if source.heredoc is not None or "$" in source.text:
            return None
        path = clean(source.text)
        if set(path) & set("*?["):
            path = posixpath.dirname(path)
            found.append(Shown(target, path, "another" if set(path) & set("*?[") else origin))
        elif path != "/" and not source.text.endswith("/") and is_file(Shown("", path, None)) and in_folder:
            found.append(Shown(clean(f"{target}/{posixpath.basename(path)}"), path, origin))
        else:
            found.append(Shown(target, path, origin))
    return found


def tries_to_write(step: Step, place: str) -> bool:
    """Whether the RUN goes on where it cannot write at ``place``: a mount is read-only, a copy is not."""
    text = text_of(step.instruction)[step.instruction.operand_start :]
    words = [word.strip(")\"'") for match in _TRIES.finditer(text) for word in match[1].split() if word[0] != "-"]
    paths = [joined(step.folder, word) for word in words]
    return any(path is None or _is_at_or_below(path, place) for path in paths)


def exists(folder: str, earlier: Sequence[Step], known: Sequence[str]) -> bool:
    """Whether ``folder`` is there for certain."""
    if folder == "/" or folder in known:
        return True
    for step in earlier:
        if step.instruction.keyword == "WORKDIR":
            made = [joined(step.folder, step.instruction.operand)]
        elif step.instruction.keyword == "RUN":
            words = [word for match in _MAKES.finditer(text_of(step.instruction)) for word in match[1].split()]
            made = [joined(step.folder, word) for word in words if not set(word) & set("$*?{-\"'`")]
        else:
            continue
        if any(place is not None and _is_at_or_below(place, folder) for place in made):
            return True
    return False


def text_of(instruction: Instruction) -> str:
    return "\n".join((instruction.text, *(heredoc.body for heredoc in instruction.heredocs)))
