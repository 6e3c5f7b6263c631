"""Clones: shallow, without hooks, submodules and LFS files, in a folder of our own; later runs update them by fetch.

A partial clone would be no gain: a shallow one has one commit, and all of its files are looked at. Only where a server
does not give a commit by its name, the whole history comes, and that without the contents of files.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from migrate.batch import urls
from migrate.batch.gitcalls import REMOTE, GitError, git
from migrate.batch.inputs import Entry

_HEAD = "refs/earthmigrate/head"
_MARK = "earthmigrate-updating"
_ALL = ("+refs/heads/*:refs/remotes/earthmigrate/*", "+refs/tags/*:refs/tags/*")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-gc")


class CloneError(Exception):
    """A URL that gives nothing; the text says why, without secrets. ``empty``: it has no commits."""

    def __init__(self, why: str, *, empty: bool = False) -> None:
        super().__init__(why)
        self.empty = empty


def place(workdir: Path, entry: Entry) -> Path:
    """Where the clone stands: its own folder has the name that git would give it, since images are named after it.

    The one around it is that of no other URL and ref, in whatever list they stand.
    """
    url = entry.place
    return workdir / f"{urls.basename(url)}-{entry.identity[:16]}" / urls.basename(url)


def commit_of(url: str, ref: str | None, cwd: Path) -> str:
    """The commit that the server has for ``ref``, "" when that cannot be known without a fetch. Raises CloneError."""
    if ref is not None and urls.is_commit(ref):
        return ref
    wanted = [f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}", f"refs/heads/{ref}", f"{ref}"] if ref else ["HEAD"]
    try:
        output = git("ls-remote", REMOTE, *wanted, cwd=cwd, url=url).decode("utf-8", "replace")
    except GitError as error:
        raise CloneError(urls.scrubbed(str(error), url)) from None
    found = {name: commit for commit, _, name in (line.partition("\t") for line in output.splitlines())}
    return next((found[name] for name in wanted if name in found), "")


def checkout(url: str, ref: str | None, folder: Path) -> str:
    """Bring ``folder`` to ``ref`` (None: what the server's HEAD is) and return its commit. Raises CloneError."""
    git_folder = folder / ".git"
    if (git_folder / _MARK).exists() or (folder.exists() and not git_folder.exists()):
        shutil.rmtree(folder, ignore_errors=True)  # a run was killed in here
    try:
        if not git_folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            git("init", "--quiet", "--template=", cwd=folder)
            (git_folder / _MARK).touch()
            git("remote", "add", "origin", urls.shown(url), cwd=folder)
        elif git("status", "--porcelain", "--untracked-files=normal", cwd=folder):
            raise CloneError("its clone in the work folder has changes: commit them on a branch, or remove the clone")
        (git_folder / _MARK).touch()
        commit = _fetched(url, ref, folder)
        git("checkout", "--quiet", "--detach", commit, cwd=folder, url=url)
        (git_folder / _MARK).unlink()
    except (GitError, OSError) as error:
        why = urls.scrubbed(str(error), url)
        empty = ref is None and "find remote ref HEAD" in why
        raise CloneError("it has no commits" if empty else why, empty=empty) from None
    return commit


def _fetched(url: str, ref: str | None, folder: Path) -> str:
    """The commit of ``ref``, with what it needs."""
    source = f"+{ref or 'HEAD'}:{_HEAD}"
    try:
        git(*_FETCH, "--depth=1", REMOTE, source, cwd=folder, url=url)
        name = _HEAD
    except GitError as error:
        if ref is not None and urls.is_commit(ref):
            git(*_FETCH, "--filter=blob:none", REMOTE, *_ALL, cwd=folder, url=url)
            name = ref
        elif "shallow" in str(error):  # such as plain files behind a web server
            git(*_FETCH, REMOTE, source, cwd=folder, url=url)
            name = _HEAD
        else:
            raise
    return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=folder).decode().strip()
