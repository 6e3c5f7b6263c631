"""One layer's bytes as archive entries: unpacked and hashed as they stream by, never held."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import IO, Any, cast

from migrate.verify import zstd
from migrate.verify.flatten import BadEntry, Item
from migrate.verify.model import Entry, Kind

CHUNK = 64 * 1024
MOST_BYTES = 1 << 40
"""What one layer may unpack to; an archive that claims more is not read."""
_MOST_HEADER = 1 << 20
"""Go's archive/tar, with which builders read layers, refuses longer extension headers, too."""
_XATTR = "SCHILY.xattr."
_KINDS = {
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.LINK,
    tarfile.CHRTYPE: Kind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
    tarfile.FIFOTYPE: Kind.FIFO,
}
_EXTENSIONS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, b"X")
"""Headers that only describe the next one; X is the Solaris form."""


class Hashing(io.RawIOBase):
    """Passes a stream on and keeps its length and digest; closing it leaves the stream open."""

    def __init__(self, source: IO[bytes], algorithm: str = "sha256") -> None:
        super().__init__()
        self._source = source
        self._hash = hashlib.new(algorithm)
        self.length = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._source.read(len(view))
        view[: len(data)] = data
        self._hash.update(data)
        self.length += len(data)
        self._ended = not data
        return len(data)

    def finish(self) -> str:
        """Read to the end; the digest of everything. The stream may be closed after the first call."""
        while not self._ended:
            self.read(CHUNK)
        return f"{self._hash.name}:{self._hash.hexdigest()}"


def items(stream: IO[bytes]) -> Iterator[Item]:
    """The entries of one unpacked tar stream, each read whole before the next. Raises BadEntry, tarfile.TarError."""
    try:
        with tarfile.open(
            fileobj=stream, mode="r|", bufsize=CHUNK, tarinfo=_Member, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            yield from _members(archive)
    except tarfile.ReadError as error:
        if str(error) != "empty file":  # Go takes no bytes at all for an archive without entries
            raise


def _members(archive: tarfile.TarFile) -> Iterator[Item]:
    total = 0
    for member in archive:
        archive.members.clear()  # type: ignore[attr-defined]  # otherwise it keeps every one
        total += member.size
        if total > MOST_BYTES:
            raise BadEntry(f"it unpacks to more than {MOST_BYTES >> 30} GiB")
        yield _item(archive, member)


class _Member(tarfile.TarInfo):
    """A header, read more strictly: tarfile takes a damaged header for the end of the archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Member:
        """The next header. Raises BadEntry for a damaged one, HeaderError at the end."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            # The end is a block of zeros, or nothing at all; these two classes have no public name.
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise BadEntry(f"{error} at byte {archive.offset}") from None

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # tarfile names this method as the place for such additions.
        if self.type in _EXTENSIONS and not 0 <= self.size <= _MOST_HEADER:
            raise BadEntry(f"an extension header of {self.size} bytes")
        if self.size < 0:
            raise BadEntry(f"{self.name} has a negative size")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


def _item(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Item:
    kind = _KINDS.get(member.type, Kind.FILE)
    if kind is Kind.FILE and not member.isreg() and not member.islnk():
        raise BadEntry(f"{member.name} is of an unknown type {member.type!r}")
    content = kind is Kind.FILE and not member.islnk()
    device = kind in (Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
    entry = Entry(
        _bytes(member.name),
        kind,
        member.mode & 0o7777 if kind is not Kind.LINK else 0o777,  # a link has no mode of its own on Linux
        member.uid,
        member.gid,
        _bytes(member.linkname) if kind is Kind.LINK else b"",
        member.size if content else 0,
        _content_hash(archive, member) if content else b"",
        (member.devmajor, member.devminor) if device else (0, 0),
        _xattrs(member),
        _nanoseconds(member),
    )
    return Item(entry, _bytes(member.linkname) if member.islnk() else None)


def _content_hash(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    found = hashlib.sha256()
    content = archive.extractfile(member) if member.size else None
    left = member.size
    while content and left:
        data = content.read(min(CHUNK, left))
        if not data:
            raise BadEntry(f"{member.name} ends early")
        found.update(data)
        left -= len(data)
    return found.digest()


def _xattrs(member: tarfile.TarInfo) -> tuple[tuple[str, bytes], ...]:
    found = {name: value for name, value in member.pax_headers.items() if name.startswith(_XATTR)}
    return tuple(sorted((name[len(_XATTR) :], _bytes(value)) for name, value in found.items()))


def _nanoseconds(member: tarfile.TarInfo) -> int:
    try:
        return int(Decimal(member.pax_headers.get("mtime", member.mtime)) * 10**9)
    except (InvalidOperation, ValueError, OverflowError):
        raise BadEntry(f"{member.name} has no readable time") from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@contextmanager
def unpacked(stream: io.RawIOBase, where: str) -> Iterator[IO[bytes]]:
    """``stream`` without its compression, told by its first bytes. ``where`` names the layer in errors.

    containerd goes by the bytes, too, and not by the media type.
    """
    source = io.BufferedReader(stream, CHUNK)
    start = source.peek(4)[:4]
    if start[:3] == b"\x1f\x8b\x08":
        with gzip.GzipFile(fileobj=source) as plain:
            yield cast("IO[bytes]", plain)
    elif start == b"\x28\xb5\x2f\xfd" or (start[1:] == b"\x2a\x4d\x18" and start[0] >> 4 == 5):
        with zstd.unpacked(source, where) as plain:
            yield plain
    else:
        yield source
