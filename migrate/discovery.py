"""Which files a repository has: those that git tracks, or else a walk that honours .gitignore.

Nothing outside the root is listed: links are left out, submodules and vendored folders too.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from migrate.disk import DiskError, reason, shown
from migrate.gitignores import Ignored, any_ignores

#: Settings of the repository itself must not start programs: it is not ours.
SAFE_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
#: A hook that calls us runs with these, and they would lead git to another repository or index.
_GIT_PLACES = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"))
_MOST_FILES = 500_000
_DEEPEST = 400
_LARGEST_IGNORE = 1024 * 1024
_LARGEST_KEPT = 16 * 1024
_MOST_KEPT = 2000
_MOST_TRIES = 20_000_000


@dataclass(frozen=True)
class Files:
    """The regular files of one repository. ``paths`` are relative to ``root``, with ``/``, sorted."""

    root: Path
    paths: tuple[str, ...]
    git: bool
    executable: frozenset[str] = frozenset()
    links: frozenset[str] = field(default=frozenset())
    submodules: tuple[str, ...] = ()
    refused: str = ""
    """What git said where there is a ``.git`` that it does not work with."""
    closed: tuple[tuple[str, str], ...] = ()
    """(path, why) of the folders that a walk could not look into."""

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
        """The bytes of a file; None when it is larger than ``limit``, or no regular file any more."""
        data = self.start(path, limit + 1)
        return None if data is None or len(data) > limit else data

    def refusal(self, path: str) -> str:
        """Why the system does not let a file of the repository be read, "" when it does, or when the file is gone."""
        if path not in self._files or not self._is_real(path.rpartition("/")[0], closed=True):
            return ""
        try:
            if stat.S_ISREG(os.lstat(f"{self.root}/{path}").st_mode):
                open(f"{self.root}/{path}", "rb").close()
        except FileNotFoundError:
            return ""
        except OSError as error:
            return reason(error)
        return ""

    def start(self, path: str, size: int) -> bytes | None:
        """The first ``size`` bytes of a file; None when it is no regular file any more.

        A folder on the way that has become a link is not followed: each is looked at before anything in it is read.
        What was read of a small file stays, so that all parts of a migration see the same.
        """
        kept = self._kept.get(path)
        if kept is not None:
            return kept[:size]
        data = self._read(path, size)
        if data is not None and len(data) <= min(_LARGEST_KEPT, size - 1) and len(self._kept) < _MOST_KEPT:
            self._kept[path] = data
        return data

    @cached_property
    def _kept(self) -> dict[str, bytes]:
        return {}

    def _read(self, path: str, size: int) -> bytes | None:
        if not self._is_real(path.rpartition("/")[0]):
            return None
        here = f"{self.root}/{path}"
        try:
            found = os.lstat(here)
            if not stat.S_ISREG(found.st_mode):
                return None
            with open(here, "rb") as file:
                return file.read(min(size, found.st_size))
        except OSError:
            return None

    @cached_property
    def _real(self) -> set[str]:
        return {""}

    def _is_real(self, folder: str, *, closed: bool = False) -> bool:
        """Whether neither ``folder`` nor one above it is a link; what was found once stays, as ``paths`` do.

        ``closed``: the answer for one that cannot be looked at.
        """
        unknown = []
        while folder not in self._real:
            unknown.append(folder)
            folder = folder.rpartition("/")[0]
        for folder in reversed(unknown):
            try:
                if not stat.S_ISDIR(os.lstat(f"{self.root}/{folder}").st_mode):
                    return False
            except PermissionError:
                return closed
            except OSError:
                return False
            self._real.add(folder)
        return True


def discover(root: Path, data: Mapping[str, Any]) -> Files:
    """The files below ``root``. ``data`` is mappings/discovery.yaml. Raises DiskError."""
    if not root.is_dir():
        raise DiskError("EM730", path=shown(root))
    skipped = frozenset(data["skipped-folders"])
    tracked, refused = _tracked(root)
    if tracked is None:
        return _walked(root, skipped, refused)
    kept = [(mode, path) for mode, path in tracked if not skipped & set(path.split("/")[:-1])]
    regular = (path for mode, path in kept if mode in ("100644", "100755"))
    return Files(
        root,
        tuple(sorted(path for path in regular if _may_be_there(f"{root}/{path}"))),
        True,
        frozenset(path for mode, path in kept if mode == "100755"),
        frozenset(path for mode, path in kept if mode == "120000"),
        tuple(sorted(path for mode, path in kept if mode == "160000")),
    )


def _may_be_there(path: str) -> bool:
    """Whether there is something at ``path``, or nobody lets us look: reading it then says so."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _tracked(root: Path) -> tuple[list[tuple[str, str]] | None, str]:
    """(mode, path) of what git tracks below ``root``; None where there is no git, or no repository.

    Then also what git said, where it should have been one.
    """
    if not may_be_git(root):
        return None, ""
    try:
        done = subprocess.run(
            [*SAFE_GIT, "ls-files", "-z", "--stage"], cwd=root, capture_output=True, check=False, env=git_environment()
        )
    except OSError:
        return None, ""
    if done.returncode:
        said = next(iter(done.stderr.decode("utf-8", "replace").splitlines()), "").removeprefix("fatal: ")
        return None, said if os.path.lexists(root / ".git") or "dubious" in said else ""
    found = []
    for entry in done.stdout.split(b"\0"):
        if entry:
            head, _, name = entry.partition(b"\t")
            found.append((head.split(b" ")[0].decode(), os.fsdecode(name)))
    return list(dict.fromkeys(found)) or None, ""


def may_be_git(root: Path) -> bool:
    """Whether ``root`` or a folder above it looks like a repository to git, which need not be asked otherwise."""
    return any(os.path.lexists(f"{folder}/{name}") for folder in (root, *root.parents) for name in (".git", "HEAD"))


def git_environment() -> dict[str, str]:
    """The environment for git: it asks nobody, speaks the language that we read, and is about the folder it runs in."""
    kept = {name: value for name, value in os.environ.items() if name not in _GIT_PLACES}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def environment_without_filters(root: Path) -> dict[str, str]:
    """As ``git_environment``, with the filters empty that the repository's own settings define: they are programs."""
    environment = git_environment()
    command = [*SAFE_GIT, "config", "--local", "--includes", "--null", "--name-only", "--get-regexp", r"^filter\."]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False, env=environment)
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    for index, name in enumerate(names, first):
        value = "false" if name.lower().endswith(".required") else ""
        environment |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
    return {**environment, "GIT_CONFIG_COUNT": str(first + len(names))}


def _walked(root: Path, skipped: frozenset[str], refused: str) -> Files:
    paths: list[str] = []
    executable: set[str] = set()
    links: set[str] = set()
    closed: list[tuple[str, str]] = []
    for count, (path, mode) in enumerate(_walk(root, skipped, closed)):
        if count >= _MOST_FILES:
            raise DiskError("EM731", path=shown(root), limit=str(_MOST_FILES))
        if stat.S_ISLNK(mode):
            links.add(path)
        elif stat.S_ISREG(mode):
            paths.append(path)
            if mode & 0o111:
                executable.add(path)
    kept = tuple(sorted(closed))
    return Files(root, tuple(sorted(paths)), False, frozenset(executable), frozenset(links), (), refused, kept)


def _walk(root: Path, skipped: frozenset[str], closed: list[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """(path, mode) of what is no folder, .gitignore files honoured; ``closed`` gets the folders that cannot be read.

    Raises DiskError where the rules are too many.
    """
    folders: list[tuple[str, tuple[Ignored, ...]]] = [("", ())]
    tries = 0
    while folders:
        folder, rules = folders.pop()
        try:
            entries = _entries(f"{root}/{folder}")
        except OSError as error:
            closed.append((folder or ".", reason(error)))
            continue
        if folder and ".git" in entries:
            continue
        own = _ignore_text(root / folder / ".gitignore") if ".gitignore" in entries else ""
        rules = (*rules, Ignored.of(folder, own)) if own else rules
        size = sum(len(one.rules) for one in rules)
        for name, mode in sorted(entries.items()):
            tries += size
            if tries > _MOST_TRIES:
                raise DiskError("EM748", path=shown(root))
            path = f"{folder}/{name}" if folder else name
            is_folder = stat.S_ISDIR(mode)
            if is_folder and name in skipped:
                continue
            if any_ignores(rules, path, is_folder=is_folder):
                continue
            if not is_folder:
                yield path, mode
            elif path.count("/") < _DEEPEST:
                folders.append((path, rules))


def _entries(folder: str) -> dict[str, int]:
    """Name -> mode of what lies in ``folder``. Raises OSError."""
    found: dict[str, int] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            with contextlib.suppress(FileNotFoundError):  # it has just gone
                found[entry.name] = stat.S_IFDIR if is_folder else entry.stat(follow_symlinks=False).st_mode
    return found


def _ignore_text(path: Path) -> str:
    """The text of a .gitignore, as far as one is read; nothing for a link or a device."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return ""
        with path.open("rb") as file:
            return file.read(_LARGEST_IGNORE).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def fits(path: str, patterns: Sequence[str]) -> bool:
    """Whether one of ``patterns`` is for the name of ``path``, or for its end when it holds a ``/``."""
    return first_fit(path, (tuple(patterns),)) is not None


def first_fit(path: str, groups: tuple[tuple[str, ...], ...]) -> int | None:
    """The number of the first of ``groups`` with a pattern that ``fits``."""
    names, ends = _together(groups)
    matches = (names.match(path.rpartition("/")[2]), ends.match(path))
    return min((int((match.lastgroup or "")[1:]) for match in matches if match), default=None)


@lru_cache(maxsize=64)
def _together(groups: tuple[tuple[str, ...], ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One regular expression for the patterns of names, one for those of paths, with a group for each of ``groups``."""
    names = [[pattern for pattern in patterns if "/" not in pattern] for patterns in groups]
    paths = [[pattern for pattern in patterns if "/" in pattern] for patterns in groups]
    return _any_of(names), _any_of([[*some, *(f"*/{pattern}" for pattern in some)] for some in paths])


def _any_of(groups: Iterable[Sequence[str]]) -> re.Pattern[str]:
    texts = ("|".join(map(fnmatch.translate, patterns)) or "(?!)" for patterns in groups)
    return re.compile("|".join(f"(?P<n{index}>{text})" for index, text in enumerate(texts)) or "(?!)")


def carrier_of(path: str, data: Mapping[str, Any]) -> str | None:
    """The carrier that ``path`` is by its name, None for any other file."""
    carriers = data["carriers"]
    index = first_fit(path, tuple(carriers.values()))
    return None if index is None else list(carriers)[index]


def is_dockerfile(path: str, data: Mapping[str, Any]) -> bool:
    """Whether ``path`` is named like a Dockerfile."""
    return fits(path, data["dockerfiles"]) and not fits(path, data["not-dockerfiles"])


def is_template(path: str, data: Mapping[str, Any]) -> bool:
    """Whether ``path`` is named like text that a Dockerfile is made from."""
    if "{{" in path:  # cookiecutter and its like fill in the folder's name, and the text below it
        return True
    return fits(path, data["templates"])
