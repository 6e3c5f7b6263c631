"""What every carrier works with: a view of the repository's files, a call site, and what was decided about it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from migrate.callsites.buildcall import BuildCall, shown
from migrate.callsites.edits import Edit
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Value


class Tree(Protocol):
    """Which files the repository has; paths are relative to its root with ``/``, "" is the root."""

    def is_file(self, path: str) -> bool:
        """Whether a file stands at ``path``."""

    def is_folder(self, path: str) -> bool:
        """Whether a folder stands at ``path``."""

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of the file at ``path``, None when it cannot be read or is larger."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that builds an image: ``text[start:end]`` of ``path``.

    ``call`` is None when the words could not be read; ``why`` then, or for a call that stays, completes "this call
    stays: ...". ``dockerfile`` and ``context`` are paths in the repository, None when unknown; a call that stays may
    have them, too. ``folder`` is the
    working directory of the call.
    """

    path: str
    carrier: str
    start: int
    end: int
    call: BuildCall | None = None
    folder: str | None = None
    dockerfile: str | None = None
    context: str | None = None
    why: str = ""
    suggested: str | None = None
    """A name for the image where the site gives none, for the case that no other site does."""
    open_tags: Value | None = None
    """The list of image names where only the run knows them."""
    dynamic: bool = False
    """Whether switches may have values that only the run knows: inputs of a workflow step."""
    variants: Mapping[str, Site] = field(default_factory=dict)
    """Where a word that is only known when it runs takes one of a few values: value -> the site with it."""
    moving: str = ""
    """The word with which a shell goes to the context, where the call names that by an expansion."""
    choice: str = ""
    """The variable that takes the values of ``variants``."""
    holes: Mapping[str, str] = field(default_factory=dict)
    """What masks in its words stand for: text that another program fills in before the shell reads it."""
    detail: Any = None
    """What the carrier needs to write the edit."""
    passive: bool = False
    """Whether it builds only what is missing: a start of compose services. It is no call site of its own."""


class Outcome(NamedTuple):
    """What became of a site: an edit, or a reason to leave it; notes go to its line either way."""

    site: Site
    edits: tuple[Edit, ...] = ()
    notes: tuple[Note, ...] = ()
    why: str = ""
    suggestion: str = ""
    """The call of earth to use by hand, for a site that stays: filled in by migrate.rewriting."""
    lacks: tuple[str, ...] = ()
    """The options of the old call that the suggestion leaves out."""


Translator = Callable[[Site], EarthCall]
"""Gives the call of earth for a site; raises Left."""


def joined(folder: str, path: str) -> str | None:
    """``path`` as seen from ``folder``, both in the repository; None when it leads out of it."""
    if path.startswith(("/", "~")) or "\\" in path or (len(path) > 1 and path[1] == ":"):
        return None
    found = posixpath.normpath(posixpath.join(folder or ".", path))
    return None if found == ".." or found.startswith("../") else "" if found == "." else found


def located(call: BuildCall, folder: str | None, tree: Tree) -> tuple[str, str]:
    """(Dockerfile, context folder) of a call that runs in ``folder``. Raises Left with the reason."""
    if call.problem:
        raise Left(call.problem)
    if call.context is None:
        raise Left("it names no build context")
    context, file = call.context.text, call.last("file")
    if context == "-" or (file is not None and file.text == "-"):
        raise Left("the Dockerfile or the context comes from standard input")
    if context is None:
        raise Left(f"the build context {shown(call.context)} is only known when it runs")
    if "://" in context or context.startswith(("git@", "github.com/")):
        raise Left(f"the build context {context} is elsewhere")
    if folder is None:
        raise Left("the folder in which it runs is not certain")
    where = joined(folder, context)
    if where is None:
        raise Left(f"the build context {context} lies outside the repository")
    if not tree.is_folder(where):
        raise Left(f"the build context {context} is no folder of the repository")
    if file is None:
        return _default_dockerfile(where, tree), where
    if file.text is None:
        raise Left(f"which Dockerfile {shown(file)} is, is only known when it runs")
    dockerfile = joined(folder, file.text)
    if dockerfile is None or not tree.is_file(dockerfile):
        raise Left(f"the Dockerfile {file.text} is not in the repository")
    return dockerfile, where


def placed(site: Site, folders: Iterable[str | None], tree: Tree) -> Site:
    """``site`` with the files of its call, which runs in the first of ``folders`` that has them, or with a reason."""
    reasons = []
    for folder in dict.fromkeys(folders) if site.call is not None else ():
        assert site.call is not None
        try:
            dockerfile, context = located(site.call, folder, tree)
        except Left as left:
            reasons.append(str(left))
            continue
        return replace(site, folder=folder, dockerfile=dockerfile, context=context)
    return replace(site, why=next(iter(reasons), site.why))


def _default_dockerfile(context: str, tree: Tree) -> str:
    names = ("Dockerfile", "dockerfile", "Containerfile")
    for name in names:
        path = posixpath.join(context, name)
        if tree.is_file(path):
            return path
    raise Left(f"there is no Dockerfile in {context or 'the root'}")


def relative(folder: str, start: str) -> str:
    """The way from ``start`` to ``folder`` as earth wants it: "" for the same place, else ``./x`` or ``../x``."""
    way = posixpath.relpath(folder or ".", start or ".")
    return "" if way == "." else way if way.startswith("..") else f"./{way}"


def reference(folder: str, start: str, target: str) -> str:
    """The reference to ``target`` of the Earthfile in ``folder``, for a call that runs in ``start``."""
    return f"{relative(folder, start)}+{target}".replace("+", "\\+", relative(folder, start).count("+"))


Places = Mapping[tuple[str, str], Any]
