"""The only place that touches files: inputs, the build context on disk, and careful writing."""

from __future__ import annotations

import os
import posixpath
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, TypeVar

from migrate.wildcards import component

if TYPE_CHECKING:
    from migrate.context import Member

_T = TypeVar("_T")

DOCKERFILE_NAMES = ("Dockerfile", "Containerfile", "dockerfile")
LARGEST_INPUT = 4 * 1024 * 1024
#: Archives above these are not listed: reading them takes too long.
_LARGEST_LISTED = 32 * 1024 * 1024
_MOST_MEMBERS = 50_000
_MOST_LINKS = 40
_WILDCARD = r"(?<!\\)(?:\\\\)*[*?\[]"


class DiskError(Exception):
    """An input that cannot be read or an output that cannot be written: the code and fields of its diagnostic."""

    def __init__(self, code: str, **fields: str) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields


def find_dockerfile(path: Path) -> Path:
    """``path``, or the Dockerfile in it when it is a folder. Raises DiskError."""
    if not path.is_dir():
        return path
    for name in DOCKERFILE_NAMES:
        if (path / name).exists():
            return path / name
    names = ", ".join(DOCKERFILE_NAMES[:-1]) + f" or {DOCKERFILE_NAMES[-1]}"
    raise DiskError("EM191", path=shown(path), names=names)


def read_input(path: Path) -> bytes:
    """The bytes of a file that should be a Dockerfile. Raises DiskError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_INPUT + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise DiskError("EM190", path=shown(path)) from None
    except (OSError, ValueError) as error:
        raise DiskError("EM192", path=shown(path), reason=reason(error)) from None
    return _limited(data, shown(path))


def read_standard_input() -> bytes:
    """All of standard input. Raises DiskError."""
    if sys.stdin is None:
        raise DiskError("EM192", path="-", reason="it is closed")
    try:
        data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
    except (OSError, ValueError) as error:
        raise DiskError("EM192", path="-", reason=reason(error)) from None
    return _limited(data, "-")


def read_existing(path: Path) -> bytes | None:
    """The bytes of a file, None for a missing one; a link, a folder or a device reads as empty. Raises DiskError."""
    try:
        return path.read_bytes() if stat.S_ISREG(os.lstat(path).st_mode) else b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DiskError("EM192", path=shown(path), reason=reason(error)) from None


def write_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all; a link there is replaced, not followed. Raises DiskError."""
    import tempfile  # only a run that writes pays for it

    try:
        mode = _mode_at(path)
        if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            path.write_bytes(data)  # /dev/stdout, a pipe: there is nothing to replace
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, mode_for(None if mode is None else stat.S_IMODE(mode)))
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise DiskError("EM195", path=shown(path), reason=reason(error)) from None


def mode_for(mode: int | None) -> int:
    """``mode``, or that of a new file."""
    return 0o666 & ~_umask() if mode is None else mode


def reason(error: Exception) -> str:
    """What went wrong, without the path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def shown(path: PurePath, base: PurePath | None = None) -> str:
    """``path`` for people and other programs: ``/`` between its parts, relative to the current folder when below it."""
    base = base if base is not None else Path.cwd()
    if path.is_absolute() and path.is_relative_to(base):
        path = path.relative_to(base)
    return path.as_posix()


def named_from(dockerfile: Path | None, folder: Path | None) -> str | None:
    """The Dockerfile as an Earthfile in ``folder`` names it, None when it is no file."""
    if dockerfile is None or folder is None or not dockerfile.is_file():
        return None
    try:
        return Path(os.path.relpath(dockerfile.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return None


def context_parts(path: str, *, windows: bool = os.name == "nt") -> tuple[str, ...] | None:
    """The parts of a context path, cleaned as BuildKit does (``..`` stops at the root); None for an impossible name.

    On Windows a part such as ``C:`` or ``a\\b`` would lead out of the folder that it is joined to.
    """
    parts = tuple(part for part in posixpath.normpath("/" + path).split("/") if part)
    if any("\0" in part or (windows and (set(part) & set('\\:*?"<>|'))) for part in parts):
        return None
    return parts


def link_text(text: str) -> str:
    """A link's target with ``/``: Windows gives it with backslashes, and a prefix when it is absolute."""
    plain = text.removeprefix("\\\\?\\")
    return PureWindowsPath(plain).as_posix() if plain != text or "\\" in text else text


@dataclass(frozen=True)
class DiskContext:
    """The build context in the folder ``root``; ``dockerfile`` is the file being converted, if it is on disk.

    Links are followed as BuildKit follows them: an absolute one, or one with too many ``..``, ends inside the root.
    What was asked for often is looked at once.
    """

    root: Path
    dockerfile: Path | None = None
    fresh: bool = False
    """Whether to see no ignore file of an Earthfile: a migration decides about it."""

    def exists(self, path: str) -> bool | None:
        """Whether something stands at ``path``; a link there is not followed."""
        found = self._find(path)
        try:
            return found is not None and bool(os.lstat(found))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError:
            return None

    def is_directory(self, path: str) -> bool | None:
        """Whether a real directory stands at ``path``."""
        found = self._find(path)
        return found is not None and _is(stat.S_ISDIR, found)

    def link_target(self, path: str) -> str | None:
        """The text of the link at ``path``, None when it is no link."""
        found = self._find(path)
        if found is None or not _is(stat.S_ISLNK, found):
            return None
        return link_text(os.readlink(found))

    def head(self, path: str, size: int = 512) -> bytes | None:
        """The first ``size`` bytes of the file at ``path``, if there is one; a link is followed inside the root."""
        found = self._find(path, last=True)
        return None if found is None or not _is(stat.S_ISREG, found) else _read(found, size)

    def archive_kind(self, path: str) -> str | None:
        """What the file at ``path`` is to ADD, None when there is none; a link is followed inside the root."""
        from migrate.archives import kind_of  # only a Dockerfile with ADD pays for it

        return self._looked_into(path, kind_of)

    def archive_members(self, path: str) -> tuple[Member, ...] | None:
        """The entries of the archive at ``path``, None for a large one."""
        from migrate.archives import members_of

        found = self._find(path, last=True)
        if found is None or not _is(stat.S_ISREG, found) or os.stat(found).st_size > _LARGEST_LISTED:
            return None
        return self._looked_into(path, lambda file: members_of(file, _MOST_MEMBERS))

    def _looked_into(self, path: str, look: Callable[[IO[bytes]], _T]) -> _T | None:
        found = self._find(path, last=True)
        if found is None or not _is(stat.S_ISREG, found):
            return None
        try:
            with open(found, "rb") as file:
                return look(file)
        except OSError:
            return None

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        """The paths that a COPY wildcard pattern matches, sorted; ignore files are not applied."""
        parts = posixpath.normpath("/" + pattern).strip("/").split("/")
        fixed = next((index for index, part in enumerate(parts) if re.search(_WILDCARD, part)), len(parts))
        found = ["/".join(parts[:fixed])]
        for index, part in enumerate(parts[fixed:]):
            pattern_part = component(part)
            if pattern_part is None:
                return None
            names = [(folder, name) for folder in found for name in self._names(folder, linked=index == 0)]
            found = [posixpath.join(folder, name) for folder, name in names if pattern_part.matches(name)]
        return tuple(sorted((path for path in found if self.exists(path)), key=lambda path: path.split("/")))

    def mode(self, path: str) -> int | None:
        """The permission bits of what stands at ``path``; None where the system has others."""
        found = self._find(path)
        mode = _mode(found) if found is not None and os.name != "nt" else None
        return None if mode is None else stat.S_IMODE(mode)

    def children(self, path: str) -> tuple[str, ...] | None:
        """The names in the real directory at ``path``, sorted; None when there is none or it cannot be read."""
        found = self._find(path)
        try:
            return tuple(sorted(os.listdir(found))) if found is not None and _is(stat.S_ISDIR, found) else None
        except OSError:
            return None

    def is_ignored(self, path: str) -> bool:
        """False: no ignore file is applied here, see migrate.visible."""
        return False

    def ignore_text(self) -> tuple[str, str] | None:
        """(name, text) of the ignore file that BuildKit uses: the Dockerfile's own, else the context's."""
        return self._ignore_text

    @cached_property
    def _ignore_text(self) -> tuple[str, str] | None:
        if self.dockerfile is not None:
            own = f"{self.dockerfile}.dockerignore"
            if (text := _text(own)) is not None:
                return shown(Path(own), self.root), text
        return self._first_text(".dockerignore")

    def earth_ignore_text(self) -> tuple[str, str] | None:
        """(name, text) of the ignore file that an Earthfile in the root uses already."""
        if self.fresh:
            return None
        return self._first_text(".earthlyignore") or self._first_text(".earthignore")

    def known(self) -> bool:
        """True: this context can be asked."""
        return True

    def _first_text(self, name: str) -> tuple[str, str] | None:
        text = _text(os.path.join(self.root, name))
        return None if text is None else (name, text)

    def _names(self, folder: str, linked: bool) -> list[str]:
        found = self._find(folder, last=linked)
        return sorted(os.listdir(found)) if found is not None and _is(stat.S_ISDIR, found) else []

    def _find(self, path: str, last: bool = False) -> str | None:
        """Where ``path`` is on disk, links to folders on its way resolved (and, on demand, a link at its end)."""
        parts = context_parts(path)
        return None if parts is None else _resolved(self._absolute, parts, last)

    @cached_property
    def _absolute(self) -> str:
        return os.path.abspath(self.root)


def _limited(data: bytes, path: str) -> bytes:
    if len(data) > LARGEST_INPUT:
        raise DiskError("EM193", path=path, limit=str(LARGEST_INPUT // (1024 * 1024)))
    return data


@lru_cache(maxsize=1)
def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _mode_at(path: Path) -> int | None:
    """The mode of what stands at ``path``, or of a device behind a link there; None for a new file."""
    try:
        mode = os.lstat(path).st_mode
        if not stat.S_ISLNK(mode):
            return mode
        behind = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISREG(behind) or stat.S_ISDIR(behind) else behind


def _resolved(root: str, parts: tuple[str, ...], last: bool) -> str | None:
    done: list[str] = []
    left = list(reversed(parts))
    links = 0
    while left:
        part = left.pop()
        if part == "..":
            done = done[:-1]
            continue
        here = os.path.join(root, *done, part)
        if (left or last) and _is(stat.S_ISLNK, here):
            links += 1
            target = link_text(os.readlink(here))
            way = PurePosixPath(target).parts if links <= _MOST_LINKS else ("\0",)
            if target.startswith("/"):
                done, way = [], way[1:]
            if any(context_parts(step) is None for step in way):
                return None
            left.extend(reversed(way))
            continue
        done.append(part)
    return os.path.join(root, *done)


def _mode(path: str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (OSError, ValueError):
        return None


def _is(kind: Callable[[int], bool], path: str) -> bool:
    mode = _mode(path)
    return mode is not None and kind(mode)


def _read(path: str, size: int) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError:
        return None


def _text(path: str) -> str | None:
    """The text of an ignore file, without a byte order mark; odd bytes survive a later write."""
    data = _read(path, LARGEST_INPUT) if os.path.isfile(path) else None
    return None if data is None else data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
