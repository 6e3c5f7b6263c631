"""Patterns that name Dockerfiles, and the ones for Earthfiles that belong beside them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from migrate.neighbourfiles.model import Move
from migrate.pathpatterns import PathPattern, pattern

#: Why a pattern stays as it is.
NOT_PLAIN = "it is no plain pattern"
_MOST = 200_000
_NAMES = re.compile(r"ockerfile|ontainerfile|\.dockerignore", re.IGNORECASE)
#: Characters that mean different things to different tools, or what we do not follow.
_ODD = re.compile(r"[][{}+!$@()|\\]|[^/]\*\*|\*\*[^/]")


def names_dockerfile(text: str) -> bool:
    """Whether the last name in the pattern is one of a Dockerfile or its ignore file."""
    return bool(_NAMES.search(text.rstrip("/").rpartition("/")[2]))


class Additions(NamedTuple):
    """What joins a list of patterns: behind which item, and the new ones. ``odd`` are items that are not followed."""

    after: int
    patterns: tuple[str, ...]
    odd: tuple[int, ...] = ()


def additions(
    patterns: Sequence[str], moves: Iterable[Move], *, folder: str = "", floating: bool = False, ignores: bool = True
) -> Additions:
    """The patterns to add to a list such that Earthfiles are in it where their Dockerfiles are named.

    ``folder``: what the patterns are relative to. ``floating``: a pattern without a slash fits at any depth.
    Without ``ignores`` only Earthfiles are added.
    """
    compiled = [_compiled(text, floating) if not _ODD.search(text) else None for text in patterns]
    naming = [index for index, text in enumerate(patterns) if names_dockerfile(text)]
    moves = list(moves)
    if len(patterns) * len(moves) > _MOST:
        return Additions(-1, (), tuple(naming[:1]))
    odd = tuple(
        index for index in naming if compiled[index] is None and _may_mean(patterns[index], moves, folder, floating)
    )
    wanted: dict[str, int] = {}
    for move in moves:
        sources = [(move.dockerfile, move.files if ignores else (move.earthfile,))]
        if ignores and move.ignore:
            sources.append((move.docker_ignore, (move.ignore,)))
        for source, targets in sources:
            index = next((index for index in naming if _hits(compiled[index], source, folder)), None)
            for target in targets:
                if index is not None and not any(_hits(one, target, folder) for one in compiled):
                    wanted.setdefault(target, index)
    texts: dict[str, None] = {}
    for target, index in wanted.items():
        if not any(_hits(_compiled(text, floating), target, folder) for text in texts):
            texts[spelled(patterns[index], target, folder, floating=floating)] = None
    return Additions(max(naming, default=-1), tuple(texts), odd)


def spelled(text: str, target: str, folder: str = "", *, floating: bool) -> str:
    """The pattern for ``target`` in the manner of ``text``: with its wildcards where they fit."""
    head, slash, _ = text.rpartition("/")
    like = f"{head}{slash}{posixpath.basename(target)}"
    if _hits(_compiled(like, floating), target, folder):
        return like
    below = posixpath.relpath(target, folder or ".")
    start = re.match(r"(?:\./|/)?", text)
    return (start.group() if start else "") + below


def _compiled(text: str, floating: bool) -> PathPattern | None:
    bare = text.removeprefix("./")
    anchored = not floating or "/" in bare.rstrip("/")
    return pattern(bare.strip("/"), anchored=anchored)


def _hits(one: PathPattern | None, path: str, folder: str) -> bool:
    if one is None:
        return False
    return one.matches(posixpath.relpath(path, folder) if folder else path)


def _may_mean(text: str, moves: Iterable[Move], folder: str, floating: bool) -> bool:
    """Whether a pattern that is not followed could be for a converted Dockerfile, by the plain start of its name."""
    if text.startswith("!") and not _ODD.search(text[1:]):
        one = _compiled(text[1:], floating)
        return any(_hits(one, move.dockerfile, folder) for move in moves)
    name = text.rstrip("/").rpartition("/")[2].lower()
    plain = re.split(r"[^\w.-]", name.lstrip("!*"))[0]
    return any(posixpath.basename(move.dockerfile).lower().startswith(plain) for move in moves)
