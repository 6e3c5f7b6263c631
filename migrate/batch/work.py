"""One repository of a batch: fetched where it has to be, migrated as ``earthmigrate repo`` does it, told as a result.

``perform`` raises nothing: whatever goes wrong is a result that says so.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from migrate import configuration, discovery, repodriver
from migrate.batch import branches, clones, knowledge, outline
from migrate.batch.answers import blank, failed, skipped
from migrate.batch.branches import BranchError
from migrate.batch.clones import CloneError
from migrate.batch.gitcalls import GitError, git
from migrate.batch.jobs import Answer, Earlier, Job, Seen
from migrate.callsites.data import builtin as callsite_data
from migrate.choice import OPTIONS, ChoiceError, chosen
from migrate.configuration import ConfigurationError
from migrate.disk import DiskError, reason
from migrate.gitpatch import patch
from migrate.mappings import MappingError, Mappings, builtin, overlay
from migrate.records import RecordError
from migrate.repository import Migration, migrate
from migrate.results import Result


def perform(job: Job) -> Answer:
    """Do ``job``."""
    start = time.monotonic()
    try:
        with _folder(job) as found:
            answer = _kept(job) if found is None else _migrated(job, *found)
    except CloneError as error:
        answer = skipped(job, str(error)) if error.empty else failed(job, "EM951", reason=str(error))
    except BranchError as error:
        answer = failed(job, "EM954", branch=job.mode.branch, reason=str(error))
    except DiskError as error:
        answer = failed(job, error.code, **error.fields)
    except RecordError as error:
        answer = failed(job, "EM737", problem=str(error))
    except Exception as error:  # one repository must not end a batch: the result says what happened
        answer = failed(job, "EM955", problem=_told(error))
    seconds = round(time.monotonic() - start, 3)
    return answer._replace(result=answer.result._replace(seconds=seconds))


def _told(error: Exception) -> str:
    """The exception with the place that raised it, in our code."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f" ({os.path.basename(code.co_filename)}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error}{place}"


@contextmanager
def _folder(job: Job) -> Iterator[tuple[Path, str | None] | None]:
    """(folder, commit) of the repository, None when it is as an earlier run found it. Raises CloneError, DiskError."""
    entry = job.entry
    if entry.problem:
        raise DiskError("EM950", reason=entry.problem)
    if not entry.url:
        yield _local(job)
        return
    keep = job.workdir is not None
    base = Path(job.workdir) if job.workdir else Path(tempfile.mkdtemp(prefix="earthmigrate-", dir=job.scratch))
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = clones.place(base, entry)
        if job.earlier is not None and _fits(job, job.earlier):
            there = clones.commit_of(entry.place, entry.ref, base) == job.earlier.state
            if there and (not job.mode.write or _made(job, job.earlier, folder)):
                yield None
                return
        yield folder, clones.checkout(entry.place, entry.ref, folder)
    finally:
        if not keep:
            shutil.rmtree(base, ignore_errors=True)


def _local(job: Job) -> tuple[Path, str | None] | None:
    folder = Path(job.entry.place)
    try:
        os.scandir(folder).close()
    except NotADirectoryError:
        raise DiskError("EM730", path=job.entry.repository) from None
    except OSError as error:
        raise DiskError("EM192", path=job.entry.repository, reason=reason(error)) from None
    if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and not (folder / ".git").exists():
        raise DiskError("EM956")
    commit = _commit(folder)
    earlier = job.earlier
    if earlier is not None and _fits(job, earlier) and _made(job, earlier, folder):
        if job.mode.branch is not None:
            return None if commit == earlier.state else (folder, commit)
        files = discovery.discover(folder, callsite_data().discovery)
        if _digest(commit, _stamps(folder, {*files.paths, *files.links, *earlier.changes})) == earlier.state:
            return None
    return folder, commit


def _fits(job: Job, earlier: Earlier) -> bool:
    return earlier.settings == job.settings and bool(earlier.state) and knowledge.same(job, earlier)


def _made(job: Job, earlier: Earlier, folder: Path) -> bool:
    """Whether the branch that an earlier run made is still there."""
    return earlier.branch is None or (folder.is_dir() and branches.exists(folder, earlier.branch))


def _kept(job: Job) -> Answer:
    """The run puts what the earlier one found in its place."""
    return Answer(blank(job, "unchanged"))


def _commit(folder: Path) -> str | None:
    if not discovery.may_be_git(folder.resolve()):
        return None
    try:
        return git("rev-parse", "--verify", "--quiet", "HEAD", cwd=folder).decode().strip()
    except GitError:
        return None  # no repository, or one without a commit


def _stamps(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Path -> mode, size and time of a file that a migration reads or would write.

    Read without git: asking whether a work tree is clean can run filters that the repository configures.
    """
    found = {}
    for path in paths:
        try:
            stat = os.lstat(f"{root}/{path}")
            found[path] = f"{stat.st_mode} {stat.st_size} {stat.st_mtime_ns}"
        except OSError:
            found[path] = "-"
    return found


def _digest(commit: str | None, stamps: Mapping[str, str]) -> str:
    text = f"\0{commit or ''}\0" + "".join(f"{path}\0{stamps[path]}\0" for path in sorted(stamps))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


class _Done(NamedTuple):
    """A repository that was looked at."""

    job: Job
    files: discovery.Files
    migration: Migration
    result: Result
    stamps: dict[str, str]
    seen: tuple[Seen, ...]


def _planned(job: Job, root: Path, commit: str | None) -> _Done:
    job, mappings = _configured(job, root)
    files = repodriver.found(root)
    is_folder = not job.entry.url and job.mode.branch is None
    stamps = _stamps(root, (*files.paths, *files.links)) if is_folder else {}
    known = knowledge.inspected(job, files, mappings)
    migration = migrate(files, callsite_data(), known.mappings, job.choice)
    migration = migration._replace(diagnostics=(*known.diagnostics, *migration.diagnostics))
    result = blank(job, "done")._replace(
        commit=commit,
        state=commit or "",
        images=known.images,
        **outline.fields(migration, known.mappings),
    )
    return _Done(job, files, migration, result, stamps, known.seen)


def _migrated(job: Job, folder: Path, commit: str | None) -> Answer:
    if job.mode.branch is not None:
        return _on_branch(job, folder, commit)
    job, files, migration, result, stamps, seen = _planned(job, folder, commit)
    if job.mode.write:
        wanted = repodriver.RepositoryJob(folder, job.choice, write=True, allow_dirty=job.mode.allow_dirty)
        repodriver.write(wanted, files, migration)
        if migration.changes:
            undo = repodriver.undo(migration.changes, git=files.git)
            place = shlex.quote(_shown(job, folder))
            result = result._replace(commands=tuple(f"cd {place} && {line}" for line in undo))
    if not job.entry.url:
        stamps |= _stamps(folder, (change.path for change in migration.changes))
        result = result._replace(state=_digest(commit, stamps))
    return Answer(result, _patch(job, migration), seen)


def _configured(job: Job, root: Path) -> tuple[Job, Mappings]:
    """``job`` with what the repository itself says, as ``repo`` takes it, where nobody says otherwise.

    Raises RecordError for settings that cannot be used.
    """
    settings: dict[str, configuration.Setting] = {}
    try:
        settings |= {key: one for key, one in configuration.read(root).items() if key not in job.given}
        values = {key: one.value for key, one in settings.items() if key in OPTIONS}
        choice = chosen(values, callsite_data(), job.choice)
    except ConfigurationError as error:
        raise RecordError(str(error)) from None
    except ChoiceError as error:
        place = f"{settings[error.option].place}: " if error.option in settings else ""
        raise RecordError(f"{place}{error.option}: {error}") from None
    own = settings.get("mappings")
    return job._replace(choice=choice), _overlaid(Path(own.value)) if own is not None else _mappings(job.mappings)


def _overlaid(path: Path) -> Mappings:
    try:
        return overlay(builtin(), path.read_text(encoding="utf-8"), path.name)
    except (MappingError, OSError, UnicodeDecodeError) as error:
        raise RecordError(str(error)) from None


def _on_branch(job: Job, folder: Path, commit: str | None) -> Answer:
    branch = job.mode.branch or ""
    if commit is None:
        raise BranchError(_why_none(folder))
    with branches.worktree(folder, job.scratch) as root:
        job, files, migration, result, _, seen = _planned(job, root, commit)
        if migration.changes:
            repodriver.write(repodriver.RepositoryJob(root, job.choice, write=True), files, migration)
            branches.commit(root, branch, job.mode.message, migration.changes)
    if migration.changes:
        commands = branches.push_commands(folder, _shown(job, folder), branch)
        result = result._replace(branch=branch, commands=commands)
    return Answer(result, _patch(job, migration), seen)


def _why_none(folder: Path) -> str:
    """Why there is no commit."""
    try:
        git("rev-parse", "--git-dir", cwd=folder)
    except GitError as error:
        return str(error)
    return "there is no commit to start from"


def _patch(job: Job, migration: Migration) -> bytes | None:
    return patch(migration.changes) if job.mode.patches and migration.changes else None


def _shown(job: Job, folder: Path) -> str:
    """The folder as a command may name it: as given, or where the clone stands."""
    text = str(folder) if job.entry.url else job.entry.repository
    return f"./{text}" if text.startswith("-") else text


@lru_cache(maxsize=4)
def _mappings(text: str | None) -> Mappings:
    return overlay(builtin(), text, "--mappings") if text is not None else builtin()
