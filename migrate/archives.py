"""What ADD unpacks: a tar archive, compressed or not, known by its content (facts/dockerfile.md 7).

For BuildKit it is one when its tar reader finds a first entry after decompression (solver/llbsolver/file/unpack.go).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import IO

from migrate.artifacts import WILDCARDS, clean
from migrate.context import ARCHIVE, PLAIN, UNKNOWN, Context, Member
from migrate.dockerfile.model import CopyDetail, Instruction

_URL = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_GIT = re.compile(r"(?:git@|git://|ssh://)|https?://[^?#]*\.git(?:[?#].*)?\Z", re.IGNORECASE)
_ENDINGS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst")
_NAME = re.compile(rf"(?:{'|'.join(map(re.escape, _ENDINGS))}|\.tar\.\w+)\Z", re.IGNORECASE)
_ZSTD = b"\x28\xb5\x2f\xfd"
_LZMA = b"]\x00\x00\x80"
#: Folders that are links on many systems: a folder of that name in an archive replaces the link, COPY follows it.
_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/run", "/var/lock")


def is_git(text: str) -> bool:
    """Whether ADD takes ``text`` for a Git repository."""
    return _GIT.match(text) is not None


def is_url(text: str) -> bool:
    """Whether ADD takes ``text`` for something to download."""
    return _URL.match(text) is not None and not is_git(text)


def is_local(text: str) -> bool:
    """Whether ADD takes ``text`` for a path of the build context."""
    return not is_git(text) and not is_url(text)


def has_archive_name(text: str) -> bool:
    """Whether a file of that name is likely to be an archive."""
    return _NAME.search(text) is not None


def may_match_archives(pattern: str) -> bool:
    """Whether ``pattern`` matches names of archives, too: what stands behind its last wildcard may end one."""
    tail = re.split(r"[*?\]]", pattern)[-1]
    return tail != pattern and any(ending.endswith(tail) for ending in _ENDINGS)


def is_archive(text: str, context: Context) -> bool:
    """Whether the literal source ``text`` brings an archive: by content, and by name where nobody can look."""
    found = looked_at(text, context)
    return has_archive_name(text) if found is None else found


def looked_at(text: str, context: Context) -> bool | None:
    """Whether the content of ``text`` is an archive, None when that is not known."""
    path = clean(text)[1:]
    if path == "" or text.endswith("/"):
        return False
    if WILDCARDS & set(path):
        matches = context.matches(path)
        if matches is None:
            return None
        answers = [looked_at(match, context) for match in matches if not WILDCARDS & set(match)]
        return True if any(answers) else None if None in answers else False
    if context.is_directory(path):
        return False
    kind = context.archive_kind(path)
    return None if kind is None or kind == UNKNOWN else kind == ARCHIVE


def members(texts: Iterable[str], context: Context) -> tuple[Member, ...] | None:
    """What is in the archives that the sources ``texts`` bring, None when that cannot be told of one of them."""
    found: list[Member] = []
    for text in texts:
        path = clean(text)[1:]
        for name in (context.matches(path) or ()) if WILDCARDS & set(path) else (path,):
            if context.archive_kind(name) != ARCHIVE:
                return None
            listed = context.archive_members(name)
            if listed is None:
                return None
            found += listed
    return tuple(found)


def are_roots(found: tuple[Member, ...] | None) -> bool:
    """Whether every entry belongs to root."""
    return found is not None and all(member.uid == 0 and member.gid == 0 for member in found)


def unnamed_folders(target: str, found: tuple[Member, ...]) -> frozenset[str]:
    """The folders below ``target`` that the entries ``found`` need and do not name: unpacking makes them root's."""
    named, made = _folders(target, found)
    return frozenset(made - named - {target})


def _folders(target: str, found: tuple[Member, ...]) -> tuple[set[str], set[str]]:
    """The folders that the archive names, and all folders that something in it lies in; with ``target`` in front."""
    named = {posixpath.join(target, member.path).rstrip("/") for member in found if member.is_folder}
    entries = {posixpath.join(target, member.path).rstrip("/") for member in found}
    return named, {parent for path in entries for parent in _parents(path, target)}


def is_mergeable(target: str, found: tuple[Member, ...] | None, special: Iterable[str]) -> bool:
    """Whether a COPY of the unpacked files to ``target`` leaves the existing folders as unpacking them there does.

    ``special`` are paths that may exist as something else than a folder of root's with mode 0755. Files of root go
    with a plain COPY: it gives a folder the mode that the archive names, but also 0755 to one that the archive does
    not name. Others need --keep-own, which resets every folder on the way.
    """
    special = tuple(special)
    if found is None:
        return not _is_special(target, special) and not any(_is_below(path, target) for path in special)
    named, above = _folders(target, found)
    folders = named | above
    if any(folder in _LINKS for folder in folders):
        return False
    if are_roots(found):
        return not any(_is_special(folder, special) for folder in folders - named)
    return not any(_is_special(folder, special) for folder in (*folders, target))


def _parents(path: str, target: str) -> Iterable[str]:
    """The folders between ``target`` and ``path``, both left out."""
    while (path := posixpath.dirname(path)) not in ("/", "", target) and _is_below(path, target):
        yield path


def _is_special(path: str, special: Iterable[str]) -> bool:
    return any(path == one or _is_below(path, one) for one in special)


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/") and path != folder


def has_foreign_owners(instruction: Instruction, context: Context) -> bool:
    """Whether an ADD may bring files that are not root's: it unpacks an archive that is not known to hold only such."""
    detail = instruction.detail
    if not isinstance(detail, CopyDetail) or instruction.keyword != "ADD" or instruction.flag("chown") is not None:
        return False
    unpack = instruction.flag("unpack")
    if unpack is not None and unpack.value == "false":
        return False
    for source in detail.sources:
        if source.heredoc is not None or is_git(source.text):
            continue
        if is_url(source.text):
            continue
        if "$" in source.text:
            if has_archive_name(source.text):
                return True
        elif is_archive(source.text, context) and not are_roots(members([source.text], context)):
            return True
    return False


def kind_of(file: IO[bytes]) -> str:
    """``ARCHIVE``, ``PLAIN`` or ``UNKNOWN``: what the content of ``file`` is; older Pythons cannot look into zstd."""
    import tarfile  # only a Dockerfile with ADD pays for it

    head = file.read(4)
    file.seek(0)
    if head == _LZMA:
        return PLAIN  # tarfile would read it, BuildKit does not
    try:
        with tarfile.open(fileobj=file, mode="r|*") as tar:
            return ARCHIVE if tar.next() is not None else PLAIN
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return UNKNOWN if head == _ZSTD else PLAIN


def members_of(file: IO[bytes], most: int) -> tuple[Member, ...] | None:
    """The entries of the archive ``file``, None when there are more than ``most`` or it cannot be read to its end."""
    import tarfile

    found: list[Member] = []
    try:
        with tarfile.open(fileobj=file, mode="r|*") as tar:
            for entry in tar:
                if len(found) == most:
                    return None
                path = posixpath.normpath("/" + entry.name).lstrip("/")
                found.append(Member(path, entry.isdir(), entry.uid, entry.gid))
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return None
    return tuple(found)
