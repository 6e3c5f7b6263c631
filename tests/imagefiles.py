"""Images that tests build: layers as tar archives, and the layouts and archives that hold them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

Member: TypeAlias = tuple[tarfile.TarInfo, bytes]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def member(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", **fields: Any) -> Member:
    """One entry for ``layer``; ``fields`` are attributes of TarInfo."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def directory(name: str, **fields: Any) -> Member:
    return member(name, tarfile.DIRTYPE, **fields)


def link(name: str, target: str, **fields: Any) -> Member:
    return member(name, tarfile.SYMTYPE, linkname=target, **fields)


def hard_link(name: str, target: str, **fields: Any) -> Member:
    return member(name, tarfile.LNKTYPE, linkname=target, **fields)


def layer(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    """An uncompressed layer."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(data: bytes, media_type: str, **fields: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **fields}


def config(layers: Sequence[bytes], inner: dict[str, Any] | None = None, **outer: Any) -> bytes:
    data = {
        "os": "linux",
        "architecture": "amd64",
        "config": inner or {},
        "rootfs": {"type": "layers", "diff_ids": [digest(item) for item in layers]},
        **outer,
    }
    return json.dumps(data).encode()


class Blobs:
    """The blobs of images, by digest."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def add(self, data: bytes, media_type: str, **fields: Any) -> dict[str, Any]:
        self.data[digest(data)] = data
        return descriptor(data, media_type, **fields)

    def image(self, layers: Sequence[bytes], inner: dict[str, Any] | None = None, **outer: Any) -> dict[str, Any]:
        """A manifest with its blobs, the layers packed with gzip; its descriptor."""
        packed = [self.add(gzip.compress(item, mtime=0), LAYER) for item in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.add(config(layers, inner, **outer), CONFIG),
            "layers": packed,
        }
        return self.add(json.dumps(manifest).encode(), MANIFEST)

    def index(self, *items: dict[str, Any]) -> bytes:
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": items}).encode()

    def files(self, index: bytes) -> dict[str, bytes]:
        """The files of an OCI layout."""
        blobs = {"blobs/" + name.replace(":", "/"): data for name, data in self.data.items()}
        return {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs}


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    path.write_bytes(layer(*(member(name, content=data) for name, data in files.items())))
    return path
