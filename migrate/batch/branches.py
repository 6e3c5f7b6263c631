"""A migration as one commit on a new branch, made in a worktree of its own: work tree and index stay as they are."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from migrate.batch.gitcalls import GitError, git
from migrate.gitpatch import FileChange


class BranchError(Exception):
    """The commit was not made; the text says why."""


def exists(folder: Path, branch: str) -> bool:
    """Whether the repository has a branch of that name."""
    return _tree(folder, f"refs/heads/{branch}") is not None


@contextmanager
def worktree(folder: Path, scratch: str | None) -> Iterator[Path]:
    """What HEAD of the repository around ``folder`` has of that folder, under the same name. Raises BranchError."""
    try:
        top = Path(git("rev-parse", "--show-toplevel", cwd=folder).decode("utf-8", "surrogateescape").rstrip("\n"))
        below = git("rev-parse", "--show-prefix", cwd=folder).decode("utf-8", "surrogateescape").rstrip("\n")
        with tempfile.TemporaryDirectory(prefix="earthmigrate-", dir=scratch) as made:
            place = Path(made).resolve() / top.name
            git("worktree", "add", "--quiet", "--detach", str(place), "HEAD", cwd=folder)
            try:
                yield place / below
            finally:
                git("worktree", "remove", "--force", str(place), cwd=folder)
    except GitError as error:
        raise BranchError(str(error)) from None


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
    remotes = git("remote", cwd=folder).decode("utf-8", "replace").split()
    remote = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None
    return (f"git -C {shlex.quote(shown)} push {remote} {shlex.quote(branch)}",) if remote else ()


def _tree(folder: Path, name: str) -> str | None:
    try:
        return git("rev-parse", "--verify", "--quiet", f"{name}^{{tree}}", cwd=folder).decode().strip()
    except GitError:
        return None
