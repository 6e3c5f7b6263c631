"""Which files a repository has: those that git tracks, or else a walk that honours .gitignore.

Nothing outside the root is listed: links are left out, submodules and vendored folders too.
"""

from __future__ import annotations

import fnmatch
import os
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from migrate.disk import DiskError, shown
from migrate.gitignores import Ignored, any_ignores

#: Settings of the repository itself must not start programs: it is not ours.
SAFE_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
_MOST_FILES = 500_000


@dataclass(frozen=True)
class Files:
    """The regular files of one repository. ``paths`` are relative to ``root``, with ``/``, sorted."""

    root: Path
    paths: tuple[str, ...]
    git: bool
    executable: frozenset[str] = frozenset()
    links: frozenset[str] = field(default=frozenset())
    submodules: tuple[str, ...] = ()

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self.paths)

    @cached_property
    def _folders(self) -> frozenset[str]:
        found = {""}
        for path in self.paths:
            while "/" in path:
                path = path.rpartition("/")[0]
                if path in found:
                    break
                found.add(path)
        return frozenset(found)

    def is_file(self, path: str) -> bool:
        """Whether the repository has a file at ``path``."""
        return path in self._files

    def is_folder(self, path: str) -> bool:
        """Whether the repository has files below ``path``."""
        return path in self._folders

    def read(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file; None when it is larger than ``limit``, or no regular file any more.

        A folder on the way that has become a link is not followed: each part of the path is looked at.
        """
        here = self.root
        for part in path.split("/"):
            here = here / part
            try:
                mode = os.lstat(here).st_mode
            except OSError:
                return None
            if stat.S_ISLNK(mode):
                return None
        if not stat.S_ISREG(mode):
            return None
        try:
            with here.open("rb") as file:
                data = file.read(limit + 1)
        except OSError:
            return None
        return None if len(data) > limit else data


def discover(root: Path, data: Mapping[str, Any]) -> Files:
    """The files below ``root``. ``data`` is mappings/discovery.yaml. Raises DiskError."""
    if not root.is_dir():
        raise DiskError("EM730", path=shown(root))
    skipped = frozenset(data["skipped-folders"])
    tracked = _tracked(root)
    if tracked is None:
        return _walked(root, skipped)
    kept = [(mode, path) for mode, path in tracked if not skipped & set(path.split("/")[:-1])]
    return Files(
        root,
        tuple(sorted(path for mode, path in kept if mode in ("100644", "100755") and os.path.lexists(root / path))),
        True,
        frozenset(path for mode, path in kept if mode == "100755"),
        frozenset(path for mode, path in kept if mode == "120000"),
        tuple(sorted(path for mode, path in kept if mode == "160000")),
    )


def _tracked(root: Path) -> list[tuple[str, str]] | None:
    """(mode, path) of what git tracks below ``root``; None where there is no git, or no repository."""
    try:
        done = subprocess.run(
            [*SAFE_GIT, "ls-files", "-z", "--stage"], cwd=root, capture_output=True, check=False, env=git_environment()
        )
    except OSError:
        return None
    if done.returncode:
        return None
    found = []
    for entry in done.stdout.split(b"\0"):
        if entry:
            head, _, name = entry.partition(b"\t")
            found.append((head.split(b" ")[0].decode(), os.fsdecode(name)))
    return list(dict.fromkeys(found)) or None


def git_environment() -> dict[str, str]:
    """The environment for git: it asks nobody, and speaks the language that we read."""
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _walked(root: Path, skipped: frozenset[str]) -> Files:
    paths: list[str] = []
    executable: set[str] = set()
    links: set[str] = set()
    for path, mode in _walk(root, "", skipped, ()):
        if stat.S_ISLNK(mode):
            links.add(path)
        elif stat.S_ISREG(mode):
            paths.append(path)
            if mode & 0o111:
                executable.add(path)
        if len(paths) > _MOST_FILES:
            raise DiskError("EM731", path=shown(root), limit=str(_MOST_FILES))
    return Files(root, tuple(sorted(paths)), False, frozenset(executable), frozenset(links))


def _walk(root: Path, folder: str, skipped: frozenset[str], rules: tuple[Ignored, ...]) -> Iterator[tuple[str, int]]:
    here = root / folder
    own = here / ".gitignore"
    if own.is_file() and not own.is_symlink():
        rules = (*rules, Ignored.of(folder, own.read_text(encoding="utf-8", errors="surrogateescape")))
    try:
        entries = sorted(os.scandir(here), key=lambda entry: entry.name)
    except OSError:
        return  # a folder that we may not read holds nothing for us
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        mode = entry.stat(follow_symlinks=False).st_mode
        is_folder = stat.S_ISDIR(mode)
        if is_folder and (entry.name in skipped or os.path.lexists(os.path.join(entry.path, ".git"))):
            continue
        if any_ignores(rules, path, is_folder=is_folder):
            continue
        if is_folder:
            yield from _walk(root, path, skipped, rules)
        else:
            yield path, mode


def fits(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of ``patterns`` is for the name of ``path``, or for its end when it holds a ``/``."""
    name = path.rpartition("/")[2]
    for pattern in patterns:
        if "/" in pattern:
            if fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern}"):
                return True
        elif fnmatch.fnmatchcase(name, pattern):
            return True
    return False


def carrier_of(path: str, data: Mapping[str, Any]) -> str | None:
    """The carrier that ``path`` is by its name, None for any other file."""
    return next((name for name, patterns in data["carriers"].items() if fits(path, patterns)), None)


def is_dockerfile(path: str, data: Mapping[str, Any]) -> bool:
    """Whether ``path`` is named like a Dockerfile."""
    return fits(path, data["dockerfiles"]) and not fits(path, data["not-dockerfiles"])


def is_template(path: str, data: Mapping[str, Any]) -> bool:
    """Whether ``path`` is named like text that a Dockerfile is made from."""
    if "{{" in path:  # cookiecutter and its like fill in the folder's name, and the text below it
        return True
    return fits(path, data["templates"])
