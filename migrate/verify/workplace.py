"""Temporary folders in which both sides are built, so that nothing in the user's folder changes."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from migrate import ignorefile, records
from migrate.disk import DiskContext, named_from
from migrate.dockerfile.directives import frontend
from migrate.ignorematch import IgnoreRules, PatternError
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Pair

_CONTEXT = "context"
_LINKED = "linked"


class Workplace(NamedTuple):
    """``dockerfile`` and ``ignore`` are for the Docker side; ``earthfiles`` is a folder with nothing in it but the
    context, which ``reference`` names, as in ``./context``. ``archives`` is an empty folder."""

    dockerfile: Path
    ignore: Path | None
    earthfiles: Path
    reference: str
    archives: Path


@contextlib.contextmanager
def prepared(pair: Pair, *, own_frontend: bool = False) -> Iterator[Workplace]:
    """A place to build ``pair`` in, gone afterwards. ``own_frontend`` takes the ``# syntax=`` line out, so that the
    daemon's own frontend reads the Dockerfile. Raises VerifyError when the disk does not do."""
    top = Path(tempfile.mkdtemp(prefix="earthmigrate-verify-"))
    try:
        try:
            dockerfile, ignore = _docker_side(pair, top, own_frontend)
            earthfiles = top / "earth"
            earthfiles.mkdir()
            reference = _earth_side(pair, earthfiles, top)
            (top / "images").mkdir()
        except OSError as error:
            reason = f"{error.filename or top}: {error.strerror or error}"
            raise VerifyError("EM935", path=pair.name, reason=reason) from None
        yield Workplace(dockerfile, ignore, earthfiles, reference, top / "images")
    finally:
        remove_tree(top)


def _docker_side(pair: Pair, top: Path, own_frontend: bool) -> tuple[Path, Path | None]:
    """The Dockerfile as it is; a copy beside an ignore file where the context holds files of the other side."""
    source = pair.dockerfile.read_bytes()
    changed = without_frontend(source) if own_frontend else source
    extra = pair.overlay is None and any((pair.context / name).exists() for name in ignorefile.OWN_FILES)
    text = DiskContext(pair.context, pair.dockerfile).ignore_text()
    if changed == source and not extra:
        own = pair.dockerfile.with_name(pair.dockerfile.name + ".dockerignore")
        return pair.dockerfile, own if own.is_file() else None
    folder = top / "docker"
    folder.mkdir()
    copy, ignore = folder / pair.dockerfile.name, folder / f"{pair.dockerfile.name}.dockerignore"
    copy.write_bytes(changed)
    lines = text[1] if text is not None else ""
    wanted = ignorefile.with_own_files(lines) if extra else lines
    ignore.write_text(wanted, encoding="utf-8", errors="surrogateescape", newline="")
    return copy, ignore


def without_frontend(source: bytes) -> bytes:
    """``source`` without the line that asks for a frontend image."""
    text = source.decode("utf-8", "surrogateescape")
    lines = text.splitlines(keepends=True)
    found = frontend([line.rstrip("\r\n") for line in lines], text)
    if found is None or not lines[found.line - 1].lstrip().startswith(("#", "//")):
        return source
    del lines[found.line - 1]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _earth_side(pair: Pair, folder: Path, top: Path) -> str:
    above = (named_from(pair.dockerfile, pair.context) or "").split("/").count("..")
    if pair.overlay is None and not above:
        with contextlib.suppress(OSError):  # Windows lets few users make links
            context = pair.context.resolve()
            root = _root_of(pair, context)
            (folder / _LINKED).symlink_to(root, target_is_directory=True)
            return f"./{_LINKED}" + (f"/{context.relative_to(root).as_posix()}" if context != root else "")
    # A stage may be built FROM DOCKERFILE: a Dockerfile outside the context stands where it stood, seen from there.
    reference = "/".join([*["above"] * above, _CONTEXT])
    copy = folder / reference
    copy.parent.mkdir(parents=True, exist_ok=True)
    if above:
        place = Path(os.path.normpath(copy / os.path.relpath(pair.dockerfile.resolve(), pair.context.resolve())))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pair.dockerfile, place)
    copy_tree(pair.context, copy, left_out(pair, top))
    for file in pair.overlay or ():
        place = copy / file.name
        if place.is_symlink() or place.exists():
            place.unlink()
        place.write_text(file.text, encoding="utf-8", errors="surrogateescape", newline="")
    return f"./{reference}"


def _root_of(pair: Pair, context: Path) -> Path:
    """The folder to link: the context, or the migrated repository when the Earthfile names targets of others in it."""
    if "../" in pair.earthfile:
        for folder in (context, *context.parents):
            if (folder / records.NAME).is_file():
                return folder
            if (folder / ".git").exists():
                break
    return context


def left_out(pair: Pair, top: Path) -> Callable[[Path], bool]:
    """What earth would not look at, so that it need not be copied: often the larger part of a folder."""
    ignores = [file.text for file in pair.overlay or () if file.name == ignorefile.NAME]
    existing = DiskContext(pair.context, pair.dockerfile).earth_ignore_text()
    try:
        rules = IgnoreRules(ignores[0] if ignores else existing[1] if existing is not None else "")
    except PatternError:
        rules = IgnoreRules("")  # earth will say so
    kept = {pair.dockerfile, pair.dockerfile.with_name(f"{pair.dockerfile.name}.dockerignore")}

    def leave_out(path: Path) -> bool:
        if path == top or path in kept or any(path in one.parents for one in kept):
            return path == top
        whole = not rules.has_exceptions or path.is_symlink() or not path.is_dir()
        return whole and rules.excludes(path.relative_to(pair.context).as_posix())

    return leave_out


def copy_tree(source: Path, target: Path, leave_out: Callable[[Path], bool]) -> None:
    """Copy a folder as a build context sees it: modes, times, links and attributes kept, owners not."""
    known: dict[tuple[int, int], Path] = {}

    def copy(one: Path, other: Path) -> None:
        os.mkdir(other)
        with os.scandir(one) as found:
            entries = list(found)
        for entry in entries:
            there, here = Path(entry.path), other / entry.name
            if leave_out(there):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                copy(there, here)
            elif stat.S_ISLNK(status.st_mode):
                os.symlink(os.readlink(there), here)
                shutil.copystat(there, here, follow_symlinks=False)
            elif stat.S_ISREG(status.st_mode):
                first = known.setdefault((status.st_dev, status.st_ino), here) if status.st_nlink > 1 else here
                _copy_file(there, here, first)
            elif stat.S_ISFIFO(status.st_mode):
                os.mkfifo(here)
                shutil.copystat(there, here)
        shutil.copystat(one, other)

    copy(source, target)


def _copy_file(source: Path, target: Path, first: Path) -> None:
    if first != target:
        os.link(first, target)
        return
    shutil.copyfile(source, target)
    shutil.copystat(source, target)


def remove_tree(top: Path) -> None:
    """Remove a folder of ours, also what was copied with modes that forbid it."""
    for folder, _, _ in os.walk(top):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
    shutil.rmtree(top, ignore_errors=True)
