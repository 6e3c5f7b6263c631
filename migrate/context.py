"""The build context as the core sees it: a lazily asked view, or unknown. Only drivers implement the disk."""

from __future__ import annotations

from typing import NamedTuple, Protocol

#: What a file of the context is to ADD; UNKNOWN: it is compressed in a way that cannot be looked into here.
ARCHIVE, PLAIN, UNKNOWN = "archive", "plain", "unknown"


class Member(NamedTuple):
    """One entry of an archive: its path without a slash at either end, and whose it is."""

    path: str
    is_folder: bool
    uid: int
    gid: int


class Context(Protocol):
    """Answers about paths relative to the context root, ``/``-separated; None means unknown."""

    def exists(self, path: str) -> bool | None:
        """Whether something stands at ``path`` (links are not followed)."""

    def is_directory(self, path: str) -> bool | None:
        """Whether a real directory stands at ``path``."""

    def link_target(self, path: str) -> str | None:
        """The text of the link at ``path``, None when it is no link or unknown."""

    def head(self, path: str, size: int = 512) -> bytes | None:
        """The first ``size`` bytes of the file at ``path``."""

    def archive_kind(self, path: str) -> str | None:
        """ARCHIVE, PLAIN or UNKNOWN for the file at ``path``, None when there is none or nobody can look."""

    def archive_members(self, path: str) -> tuple[Member, ...] | None:
        """The entries of the archive at ``path``, None when they cannot be listed."""

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        """The paths that a COPY wildcard pattern matches, sorted."""

    def mode(self, path: str) -> int | None:
        """The permission bits of what stands at ``path``, special ones included."""

    def children(self, path: str) -> tuple[str, ...] | None:
        """The names in the directory at ``path`` (``""`` is the root), sorted."""

    def is_ignored(self, path: str) -> bool:
        """Whether Docker's ignore file is known to leave out ``path``."""

    def ignore_text(self) -> tuple[str, str] | None:
        """(file name, text) of the ignore file that BuildKit would use for this Dockerfile, if any."""

    def earth_ignore_text(self) -> tuple[str, str] | None:
        """(file name, text) of an existing .earthlyignore or .earthignore, if any."""

    def known(self) -> bool:
        """False for a context nobody can look into."""


class UnknownContext:
    """A context that answers nothing: a Dockerfile read from stdin."""

    def exists(self, path: str) -> bool | None:
        """Unknown."""
        return None

    def is_directory(self, path: str) -> bool | None:
        """Unknown."""
        return None

    def link_target(self, path: str) -> str | None:
        """Unknown."""
        return None

    def head(self, path: str, size: int = 512) -> bytes | None:
        """Unknown."""
        return None

    def archive_kind(self, path: str) -> str | None:
        """Unknown."""
        return None

    def archive_members(self, path: str) -> tuple[Member, ...] | None:
        """Unknown."""
        return None

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        """Unknown."""
        return None

    def mode(self, path: str) -> int | None:
        """Unknown."""
        return None

    def children(self, path: str) -> tuple[str, ...] | None:
        """Unknown."""
        return None

    def is_ignored(self, path: str) -> bool:
        """Unknown."""
        return False

    def ignore_text(self) -> tuple[str, str] | None:
        """Unknown."""
        return None

    def earth_ignore_text(self) -> tuple[str, str] | None:
        """Unknown."""
        return None

    def known(self) -> bool:
        """Always False."""
        return False
