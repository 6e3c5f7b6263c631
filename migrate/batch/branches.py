"""A migration as one commit on a new branch, made in a worktree of its own: work tree and index stay as they are."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from migrate import locks
from migrate.batch.gitcalls import GitError, git
from migrate.batch.inputs import Entry
from migrate.gitpatch import FileChange


class BranchError(Exception):
    """The commit was not made; the text says why."""


def exists(folder: Path, branch: str) -> bool:
    """Whether the repository has a branch of that name."""
    return _tree(folder, f"refs/heads/{branch}") is not None


def once_each(entries: Iterable[Entry]) -> Iterator[Entry]:
    """``entries``, with a problem for folders of a git repository in which one before them gets the branch."""
    first: dict[Path, Entry] = {}
    for entry in entries:
        around = repository_around(Path(entry.place)) if not entry.url and not entry.problem else None
        other = first.setdefault(around, entry) if around is not None else entry
        if other is not entry:
            problem = f"it is in one git repository with {other.repository}, where this run makes the branch"
            entry = entry._replace(problem=problem)
        yield entry


def repository_around(folder: Path) -> Path | None:
    """The git folder that the branches of ``folder`` are in, None without one; found as git does it."""
    for here in (folder, *folder.parents):
        found = here / ".git"
        if found.is_dir():
            return found.resolve()
        with contextlib.suppress(OSError, ValueError):  # a worktree or a submodule; or nothing
            place = here / found.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
            with contextlib.suppress(OSError):  # only a worktree has one
                place /= (place / "commondir").read_text(encoding="utf-8", errors="surrogateescape").strip()
            return place.resolve()
    return None


@contextmanager
def worktree(folder: Path, scratch: str | None) -> Iterator[Path]:
    """What HEAD of the repository around ``folder`` has of that folder, under the same name. Raises BranchError."""
    try:
        top = Path(git("rev-parse", "--show-toplevel", cwd=folder).decode("utf-8", "surrogateescape").rstrip("\n"))
        below = git("rev-parse", "--show-prefix", cwd=folder).decode("utf-8", "surrogateescape").rstrip("\n")
        start = git("rev-parse", "HEAD", cwd=folder).decode().strip()
        tidy(folder)
        prefix = f"{_PREFIX}{start[:_START]}-"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=scratch) as made, _in_use(Path(made)):
            place = Path(made).resolve() / top.name
            git("worktree", "add", "--quiet", "--detach", str(place), start, cwd=folder)
            try:
                yield place / below
            finally:
                git("worktree", "remove", "--force", str(place), cwd=folder)
    except GitError as error:
        raise BranchError(str(error)) from None


_PREFIX = "earthmigrate-worktree-"
_START = 12
_OURS = re.compile(rf"{re.escape(_PREFIX)}([0-9a-f]{{{_START}}})-[^/]*")
"""The folder of a worktree of ours; the commit that it started from is in its name."""
_LOCK = ".lock"


@contextmanager
def _in_use(made: Path) -> Iterator[None]:
    """While this process works in ``made``, no other takes it for a leftover."""
    file = locks.taken(made / _LOCK)
    try:
        yield
    finally:
        if file is not None:
            file.close()


def tidy(folder: Path) -> None:
    """Remove the worktrees in which a worker was killed, and a branch of theirs that got no commit. Raises GitError."""
    listed = git("worktree", "list", "--porcelain", cwd=folder).decode("utf-8", "surrogateescape")
    for entry in listed.split("\n\n"):
        facts = dict(line.partition(" ")[::2] for line in entry.splitlines())
        place = Path(facts.get("worktree", ""))
        ours = _OURS.fullmatch(place.parent.name)
        if ours is None or not _left(place.parent):
            continue
        git("worktree", "remove", "--force", "--force", str(place), cwd=folder)
        shutil.rmtree(place.parent, ignore_errors=True)
        branch = facts.get("branch", "").removeprefix("refs/heads/")
        if branch and facts.get("HEAD", "").startswith(ours[1]):
            git("branch", "--quiet", "-D", branch, cwd=folder)


def tidy_below(scratch: Path) -> None:
    """The same for the repositories of all worktrees that were left in ``scratch``."""
    for place in scratch.glob(f"{_PREFIX}*/*/.git"):
        with contextlib.suppress(GitError, OSError):  # the next run tries again
            common = git("rev-parse", "--git-common-dir", cwd=place.parent).decode("utf-8", "surrogateescape")
            tidy(place.parent / common.rstrip("\n"))


def _left(made: Path) -> bool:
    """Whether nobody works in ``made`` any more."""
    try:
        file = locks.taken(made / _LOCK)
    except OSError:
        return not made.exists()
    if file is not None:
        file.close()
    return file is not None


def commit(root: Path, branch: str, message: str, changes: Sequence[FileChange]) -> None:
    """Commit ``changes``, which stand in the worktree ``root``, on the new ``branch``. Raises BranchError.

    Author, signing and hooks are those that git is configured for. A branch that holds just this stays.
    """
    paths = b"".join(change.path.encode("utf-8", "surrogateescape") + b"\0" for change in changes)
    listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
    try:
        git("--literal-pathspecs", "add", "--force", *listed, cwd=root, data=paths)
        existing = _tree(root, f"refs/heads/{branch}")
        if existing is not None:
            if existing == git("write-tree", cwd=root).decode().strip():
                return
            raise BranchError("it exists, with other content")
        git("checkout", "--quiet", "-b", branch, cwd=root)
    except GitError as error:
        raise BranchError(str(error)) from None
    try:
        git("commit", "--quiet", "--message", message, cwd=root, hooks=True)
    except GitError as error:
        git("checkout", "--quiet", "--detach", cwd=root)
        git("branch", "--quiet", "-D", branch, cwd=root)
        raise BranchError(str(error)) from None


def push_commands(folder: Path, shown: str, branch: str) -> tuple[str, ...]:
    """How to push ``branch``: to origin, or to the only remote; none where that is not clear."""
    remotes = git("remote", cwd=folder).decode("utf-8", "replace").splitlines()
    remote = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None
    if remote is None:
        return ()
    end = "-- " if remote.startswith("-") else ""
    return (f"git -C {shlex.quote(shown)} push {end}{shlex.quote(remote)} {shlex.quote(branch)}",)


def _tree(folder: Path, name: str) -> str | None:
    try:
        return git("rev-parse", "--verify", "--quiet", f"{name}^{{tree}}", cwd=folder).decode().strip()
    except GitError:
        return None
