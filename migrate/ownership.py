"""Who owns what a COPY brings, and which flag keeps it so (hard-cases.md 4, facts/dockerfile.md 7).

Docker keeps the owner of what it takes from a stage and gives context files to root; an Earthfile gives everything to
the
current USER unless a flag says otherwise.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from migrate.artifacts import needed, related
from migrate.dockerfile.model import CopyDetail, Instruction, OnbuildDetail
from migrate.dockerfile.words import parse_word
from migrate.images import base_image
from migrate.mappings import Mappings
from migrate.plan import Plan
from migrate.recipe import Recipe
from migrate.stages import Source

ROOT_OWNERS = frozenset({"0", "0:0", "root", "root:root", "0:root", "root:0"})

_COMMAND = r"(?:\A|[;&|({!\n]|\b(?:then|do|else|sudo|exec|xargs|time|env)\s)\s*"
#: RUN text that can leave files of other owners: changed on purpose, or unpacked with the archive's owners.
_EVIDENCE = (
    _COMMAND + r"(chown|chgrp|unsquashfs|rsync|su-exec|gosu|sudo|su|install\b[^;&|]*\s-o|tar|bsdtar|unzip|cpio)\b"
)
_MAKES = _COMMAND + r"mkdir\b([^;&|]*)"
_CHANGERS = ("chown", "chmod", "chgrp", "install ", "ln ", "useradd", "adduser")
_CHANGES = _COMMAND + r"(?:chown|chmod|chgrp|install|ln|useradd|adduser)\b([^;&|]*)"
#: Directories whose mode, owner or kind (a link) is not plain root 0755 on common systems.
_SPECIAL = (
    "/tmp", "/var/tmp", "/root", "/home", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/run", "/var/run",
    "/var/lock", "/dev", "/proc", "/sys", "/var/mail", "/var/spool", "/var/cache/man", "/var/log", "/var/local",
)  # fmt: skip
#: Files and folders of common distributions that are not root:root.
_DISTRIBUTION = (
    "/etc/shadow", "/etc/gshadow", "/home/x", "/run/lock", "/usr/bin/chage", "/usr/bin/wall", "/usr/sbin/unix_chkpwd",
    "/var/cache/apt/archives/partial", "/var/lib/apt/lists/partial", "/var/local", "/var/mail", "/var/spool/mail",
    "/var/log/apt/term.log", "/sbin/unix_chkpwd",
)  # fmt: skip
#: Where images keep what belongs to the user of their service.
_SERVICE_DATA = ("/var/", "/data", "/home/", "/srv/", "/opt/", "/app", "/usr/share/", "/run/")
#: The same for a stage: the Dockerfile itself is more likely to have made what lies elsewhere.
_STAGE_DATA = ("/var/lib/", "/home/")
_EXISTING = frozenset(
    (
        "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/root", "/run", "/sbin",
        "/srv", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib",
        "/usr/local/sbin", "/usr/local/share", "/usr/sbin", "/usr/share", "/var", "/var/cache", "/var/lib",
        "/var/log", "/var/tmp",
    )
)  # fmt: skip


class Doubt(NamedTuple):
    """Why copied files may belong to another user than root; ``certain`` is False when only the image is unknown."""

    reason: str
    certain: bool = True


def foreign_owner(plan: Plan, index: int, path: str, mappings: Mappings) -> Doubt | None:
    """The doubt about the owners of ``path`` in stage ``index``; None when nothing speaks against root."""
    if (index, path) not in plan.owner_doubts:
        plan.owner_doubts[index, path] = None  # a stage never copies from itself, but keep the recursion safe
        plan.owner_doubts[index, path] = _stage_owner(plan, index, path, mappings)
    return plan.owner_doubts[index, path]


def _stage_owner(plan: Plan, index: int, path: str, mappings: Mappings) -> Doubt | None:
    graph = plan.graph
    chain = graph.chain(index)
    for stage in chain:
        for instruction in graph.stages[stage].instructions:
            reason = _reason(instruction, path)
            if reason is not None:
                return Doubt(f"{reason} on line {instruction.span.start.line}")
        for source in graph.sources.get(stage, ()):
            copied = _copied_doubt(source, path, plan, mappings)
            if copied is not None:
                return copied
    root = graph.stages[chain[-1]]
    if root.is_scratch:
        return None
    return image_owner(root.reference, path, mappings, _STAGE_DATA)


def _copied_doubt(source: Source, path: str, plan: Plan, mappings: Mappings) -> Doubt | None:
    """The doubt that files bring along which a COPY --from put at or around ``path``."""
    detail = source.instruction.detail
    if not isinstance(detail, CopyDetail) or source.instruction.flag("chown") is not None:
        return None
    target = detail.destination.text.rstrip("/")
    if target.startswith("/") and "$" not in target and not related(target, path):
        return None
    for operand in detail.sources:
        wanted = needed(parse_word(operand.text, plan.graph.dockerfile.escape)).path
        if source.stage is not None:
            found = foreign_owner(plan, source.stage, wanted, mappings)
        else:
            found = image_owner(source.image, wanted, mappings)
        if found is not None and found.certain:
            return found
    return None


def image_owner(
    reference: str | None, path: str, mappings: Mappings, data: tuple[str, ...] = _SERVICE_DATA
) -> Doubt | None:
    """The doubt about the owners of ``path`` that the image itself gives."""
    if any(known == path or known.startswith(path.rstrip("/") + "/") for known in _DISTRIBUTION):
        return Doubt(f"{path} of a distribution has files of other users")
    image = base_image(reference, mappings) if reference is not None else None
    if image is None or image.user is None:
        return Doubt(f"the user of {reference or 'the base image'} is not known", certain=False)
    if image.user.partition(":")[0] not in ("root", "0"):
        return Doubt(f"{reference} runs as {image.user}")
    if path.startswith(data):
        return Doubt(f"{reference} may give {path} to the user of its service", certain=False)
    return None


def _reason(instruction: Instruction, path: str) -> str | None:
    if isinstance(instruction.detail, OnbuildDetail):
        return None
    if instruction.keyword == "USER" and instruction.operand.partition(":")[0] not in ("root", "0"):
        return f"USER {instruction.operand}"
    if isinstance(instruction.detail, CopyDetail):
        flag = instruction.flag("chown")
        if flag is not None and flag.value not in ROOT_OWNERS:
            return f"--chown={flag.value}"
        return None
    if instruction.keyword == "RUN":
        texts = [instruction.operand, *(heredoc.body for heredoc in instruction.heredocs)]
        for text in texts:
            for match in re.finditer(_EVIDENCE, text):
                if _touches(match[1], text[match.end() :], path):
                    return match[1].split()[0]
    return None


def _touches(command: str, rest: str, path: str) -> bool:
    """Whether a ``chown`` names only other absolute paths; anything less plain counts as touching ``path``."""
    if command not in ("chown", "chgrp"):
        return True
    words = [word.strip("\"'") for word in re.split(r"[;&|]", rest, maxsplit=1)[0].split() if not word.startswith("-")]
    named = [word.rstrip("/") or "/" for word in words[1:]]
    if not named or any(not word.startswith("/") or "$" in word or "*" in word for word in named):
        return True
    return any(path == word or path.startswith(word + "/") or word.startswith(path.rstrip("/") + "/") for word in named)


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
    if path is None:
        return False
    return not any(path == special or path.startswith(special + "/") for special in (*_SPECIAL, *_unusual(stage)))


def exists(path: str | None, stage: Recipe) -> bool:
    """Whether the directory ``path`` is there for certain."""
    return path is not None and (path in _EXISTING or path == stage.workdir or path in stage.made)


def is_standard(path: str) -> bool:
    """Whether every common distribution has the directory ``path``."""
    return path in _EXISTING


def note_made(path: str | None, stage: Recipe) -> None:
    """Remember that ``path`` and the folders above it exist from here on."""
    while path is not None and path not in ("", "/") and path not in stage.made:
        stage.made.add(path)
        path = path.rpartition("/")[0]


def note_run(instruction: Instruction, stage: Recipe) -> None:
    """Remember the directories that a RUN may give another owner or mode."""
    text = instruction.operand + "".join(heredoc.body for heredoc in instruction.heredocs)
    for match in re.finditer(_CHANGES, text) if any(word in text for word in _CHANGERS) else ():
        for word in match[1].split():
            path = word.strip("\"'").rstrip("/")
            if path.startswith("/"):
                stage.owners.add(path)
            elif "$" in path or (path and stage.workdir is not None and not path.startswith("-")):
                stage.owners.add(stage.workdir or "/")
    for match in re.finditer(_MAKES, text) if "mkdir" in text else ():
        for word in match[1].split():
            if not set(word) & set("$*?{-\"'`"):
                note_made(destination(word, stage), stage)
    if stage.user.root is not True:
        stage.owners.update(word.strip("\"'").rstrip("/") for word in text.split() if word.strip("\"'").startswith("/"))


def _unusual(stage: Recipe) -> Iterator[str]:
    yield from (path for path in stage.owners if path not in ("", "/"))


def _clean(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/") if path != "/" else "/"
