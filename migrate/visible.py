"""The build context as BuildKit shows it to a Dockerfile: without what its ignore file leaves out."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from migrate.context import Context, Member
from migrate.ignorematch import IgnoreRules

#: More files than this are not looked at one by one.
MOST_FILES = 20_000


class VisibleContext(NamedTuple):
    """``context`` without what ``rules`` leave out."""

    context: Context
    rules: IgnoreRules

    def exists(self, path: str) -> bool | None:
        """Whether something stands at ``path`` and is not left out."""
        found = self.context.exists(path)
        return False if found and self.is_ignored(path) else found

    def is_directory(self, path: str) -> bool | None:
        """Whether a real directory stands at ``path`` and is not left out."""
        found = self.context.is_directory(path)
        return False if found and self.is_ignored(path) else found

    def link_target(self, path: str) -> str | None:
        """The text of the link at ``path``."""
        return None if self.is_ignored(path) else self.context.link_target(path)

    def head(self, path: str, size: int = 512) -> bytes | None:
        """The first ``size`` bytes of the file at ``path``."""
        return None if self.is_ignored(path) else self.context.head(path, size)

    def archive_kind(self, path: str) -> str | None:
        """ARCHIVE, PLAIN or UNKNOWN for the file at ``path``."""
        return None if self.is_ignored(path) else self.context.archive_kind(path)

    def archive_members(self, path: str) -> tuple[Member, ...] | None:
        """The entries of the archive at ``path``."""
        return None if self.is_ignored(path) else self.context.archive_members(path)

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        """The paths that a COPY wildcard pattern matches, sorted."""
        found = self.context.matches(pattern)
        return None if found is None else tuple(path for path in found if not self.is_ignored(path))

    def mode(self, path: str) -> int | None:
        """The permission bits of what stands at ``path``."""
        return self.context.mode(path)

    def children(self, path: str) -> tuple[str, ...] | None:
        """The names in the directory at ``path``."""
        found = self.context.children(path)
        if found is None:
            return None
        return tuple(name for name in found if not self.is_ignored(posixpath.join(path, name)))

    def is_ignored(self, path: str) -> bool:
        """Whether ``path`` is left out; of what is not there, ``!`` lines may bring a part back."""
        clean = posixpath.normpath("/" + path)[1:]
        if not clean or (self.rules.has_exceptions and not self.context.exists(clean)):
            return False
        return is_hidden(clean, self.context, self.rules)

    def ignore_text(self) -> tuple[str, str] | None:
        """(file name, text) of the ignore file that is applied here."""
        return self.context.ignore_text()

    def earth_ignore_text(self) -> tuple[str, str] | None:
        """(file name, text) of an existing .earthlyignore or .earthignore, if any."""
        return self.context.earth_ignore_text()

    def known(self) -> bool:
        """Whether this context can be asked."""
        return self.context.known()


def is_hidden(path: str, context: Context, rules: IgnoreRules) -> bool:
    """Whether ``path`` (clean, not empty) is left out: a folder is not when ``!`` brings something in it back."""
    queue = [path]
    while queue:
        here = queue.pop()
        if not rules.excludes(here):
            return False
        if rules.has_exceptions and context.is_directory(here):
            queue += (f"{here}/{name}" for name in context.children(here) or ())
    return True


class Difference(NamedTuple):
    """Paths that only one of two ignore files lets through, in order; a folder stands before what it holds."""

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def difference(context: Context, first: IgnoreRules, second: IgnoreRules) -> Difference | None:
    """What two ignore files make of the files that are there now; None when there are too many to look at."""
    seen: list[str] = []
    present: dict[str, list[bool]] = {}
    queue = [""]
    while queue:
        folder = queue.pop()
        for name in context.children(folder) or ():
            path = posixpath.join(folder, name)
            seen.append(path)
            present[path] = [not first.excludes(path), not second.excludes(path)]
            may_hold = any(present[path]) or first.has_exceptions or second.has_exceptions
            if may_hold and context.is_directory(path):
                queue.append(path)
        if len(seen) > MOST_FILES:
            return None
    for path in reversed(seen):  # what a folder holds stands behind it
        if above := present.get(path.rpartition("/")[0]):
            above[:] = (mine or its for mine, its in zip(above, present[path], strict=True))
    only = [[path for path in seen if present[path][side] and not present[path][not side]] for side in (0, 1)]
    return Difference(tuple(sorted(only[0])), tuple(sorted(only[1])))
