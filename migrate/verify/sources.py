"""Images in files: an OCI layout as a folder or a tar, and what `docker save` writes."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from migrate.verify.config import Malformed
from migrate.verify.errors import VerifyError
from migrate.verify.manifests import Descriptor

_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
_MOST_JSON = 16 << 20
_FILE = "file:"
"""Stands before the name of a file in an archive that knows no digests."""


class Source(Protocol):
    """Where an image comes from. ``where`` names it for people."""

    where: str

    def top(self) -> tuple[bytes, str]:
        """The index or manifest to start from, and its digest."""

    def open(self, blob: Descriptor) -> IO[bytes]:
        """A blob's bytes as they are stored; whoever asked closes it. Raises VerifyError."""


class _Files(Protocol):
    """A folder or an archive: files by their name with ``/``; OSError or KeyError for a missing one."""

    def open(self, name: str) -> IO[bytes]: ...

    def size(self, name: str) -> int: ...


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> IO[bytes]:
        return self._inside(name).open("rb")

    def size(self, name: str) -> int:
        return self._inside(name).stat().st_size

    def _inside(self, name: str) -> Path:
        """The file ``name``; a manifest that leads out of the folder leads nowhere."""
        if re.search(r"(^|/)\.\.(/|$)|[\\:]", name):
            raise KeyError(name)
        return self._path.joinpath(*name.split("/"))


class _Archive:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {member.name.removeprefix("./"): member for member in archive}

    def open(self, name: str) -> IO[bytes]:
        found = self._archive.extractfile(self._members[name])
        if found is None:
            raise KeyError(name)
        return found

    def size(self, name: str) -> int:
        return self._members[name].size


class _Layout:
    """An OCI image layout."""

    def __init__(self, files: _Files, where: str) -> None:
        self._files = files
        self.where = where

    def top(self) -> tuple[bytes, str]:
        with self._files.open("index.json") as stream:
            return read_small(stream), ""

    def open(self, blob: Descriptor) -> IO[bytes]:
        if not _DIGEST.fullmatch(blob.digest):
            raise VerifyError("EM909", image=self.where, what="manifest", reason=f"{blob.digest} is no digest")
        return _opened(self._files, "blobs/" + blob.digest.replace(":", "/"), self.where)


class _DockerArchive:
    """What `docker save` wrote before it wrote layouts: manifest.json names files, and nothing has a digest."""

    def __init__(self, files: _Files, where: str, name: str | None) -> None:
        self._files = files
        self._name = name
        self.where = where

    def top(self) -> tuple[bytes, str]:
        try:
            with self._files.open("manifest.json") as stream:
                images = json.loads(read_small(stream))
            named = [image for image in images if self._name in (image.get("RepoTags") or ())] or images
            if len(named) != 1:
                tags = sorted(tag for image in images for tag in image.get("RepoTags") or ())
                raise VerifyError("EM908", image=self.where, choices=", ".join(tags) or "none")
            config, layers = str(named[0]["Config"]), [str(name) for name in named[0]["Layers"]]
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise VerifyError("EM909", image=self.where, what="manifest", reason=error) from None
        blobs = [self._blob(name) for name in (config, *layers)]
        return json.dumps({"schemaVersion": 2, "config": blobs[0], "layers": blobs[1:]}).encode(), ""

    def _blob(self, name: str) -> dict[str, object]:
        with _opened(self._files, name, self.where):
            size = self._files.size(name)
        return {"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "digest": _FILE + name, "size": size}

    def open(self, blob: Descriptor) -> IO[bytes]:
        return _opened(self._files, blob.digest.removeprefix(_FILE), self.where)


@contextmanager
def open_path(path: Path, name: str | None = None) -> Iterator[Source]:
    """The image in a folder or a tar; ``name`` chooses where a docker archive holds several. Raises VerifyError."""
    where = path.name
    try:
        if path.is_dir():
            yield _recognized(_Folder(path), where, name)
            return
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            yield _recognized(_Archive(archive), where, name)
    except tarfile.TarError as error:
        raise VerifyError("EM902", image=where, reason=error) from None
    except OSError as error:
        raise VerifyError("EM901", image=where, reason=error.strerror or error) from None


def _recognized(files: _Files, where: str, name: str | None) -> Source:
    if _has(files, "oci-layout") and _has(files, "index.json"):
        return _Layout(files, where)
    if _has(files, "manifest.json"):
        return _DockerArchive(files, where, name)
    raise VerifyError("EM902", image=where, reason="it has neither an index.json nor a manifest.json")


def _has(files: _Files, name: str) -> bool:
    try:
        files.open(name).close()
    except (OSError, KeyError):
        return False
    return True


def _opened(files: _Files, name: str, where: str) -> IO[bytes]:
    try:
        return files.open(name)
    except (OSError, KeyError):
        raise VerifyError("EM904", image=where, what=name, reason="it is not there") from None


def read_small(stream: IO[bytes]) -> bytes:
    """A JSON document, which is never large. Raises Malformed for one that is."""
    data = stream.read(_MOST_JSON + 1)
    if len(data) > _MOST_JSON:
        raise Malformed(f"it is larger than {_MOST_JSON >> 20} MiB")
    return data
