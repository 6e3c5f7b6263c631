"""From a source to an image: manifest, config, layers laid over one another."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, cast

from migrate.verify.config import Malformed, read_config
from migrate.verify.errors import VerifyError
from migrate.verify.flatten import BadEntry, Flattener
from migrate.verify.layers import Hashing, items, unpacked
from migrate.verify.manifests import Descriptor, find
from migrate.verify.model import Image, ImageConfig
from migrate.verify.sources import Source, open_path, read_small
from migrate.verify.zstd import BadZstd

Progress = Callable[[int, int], None]
"""Told the layer that is being read, from 1, and how many there are."""


def read_path(
    path: Path, *, platform: str | None = None, name: str | None = None, progress: Progress | None = None
) -> Image:
    """The image in an OCI layout (folder or tar) or a docker archive.

    ``platform`` (``linux/arm64``) and ``name`` choose where there are several. Raises VerifyError.
    """
    with open_path(path, name) as source:
        return read_image(source, platform=platform, name=name, progress=progress)


def read_image(
    source: Source, *, platform: str | None = None, name: str | None = None, progress: Progress | None = None
) -> Image:
    """The image that ``source`` leads to. Raises VerifyError."""
    top, digest = _checked_top(source)
    manifest = find(top, digest, lambda blob: _small(source, blob, "manifest"), source.where, platform, name)
    config, diff_ids = read_config(_small(source, manifest.config, "config"), source.where)
    if len(diff_ids) != len(manifest.layers):
        reason = f"it names {len(diff_ids)} layers, the manifest {len(manifest.layers)}"
        raise VerifyError("EM909", image=source.where, what="config", reason=reason)
    flattener = Flattener()
    for number, (layer, diff_id) in enumerate(zip(manifest.layers, diff_ids, strict=True), 1):
        if progress:
            progress(number, len(manifest.layers))
        _lay(flattener, source, layer, diff_id, f"layer {number} of {len(manifest.layers)}")
    return Image(manifest.digest or manifest.config.digest, config, flattener.tree(), len(manifest.layers))


def read_only_config(source: Source, *, platform: str | None = None) -> ImageConfig:
    """The config of the image that ``source`` leads to, its layers left alone. Raises VerifyError."""
    top, digest = _checked_top(source)
    manifest = find(top, digest, lambda blob: _small(source, blob, "manifest"), source.where, platform, None)
    config, _ = read_config(_small(source, manifest.config, "config"), source.where)
    return config


def _checked_top(source: Source) -> tuple[bytes, str]:
    try:
        return source.top()
    except Malformed as error:
        raise VerifyError("EM909", image=source.where, what="manifest", reason=error) from None


def _small(source: Source, blob: Descriptor, what: str) -> bytes:
    with source.open(blob) as raw:
        stream = Hashing(raw, _algorithm(blob.digest))
        try:
            data = read_small(cast("IO[bytes]", stream))
        except Malformed as error:
            raise VerifyError("EM909", image=source.where, what=what, reason=error) from None
        stream.finish()
    _check(source, blob, stream, f"its {what}")
    return data


def _lay(flattener: Flattener, source: Source, layer: Descriptor, diff_id: str, what: str) -> None:
    """Read one layer to its end and lay it over the others, its digest checked."""
    with source.open(layer) as raw:
        packed, failure, plain = Hashing(raw, _algorithm(layer.digest)), "", ""
        try:
            with unpacked(packed, f"{what} of {source.where}") as stream:
                content = Hashing(stream, _algorithm(diff_id))
                flattener.apply(items(cast("IO[bytes]", content)))
                plain = content.finish()
        except (BadEntry, BadZstd, tarfile.TarError, EOFError, zlib.error, BadGzipFile, ValueError) as error:
            failure = str(error) or type(error).__name__
        packed.finish()
    _check(source, layer, packed, what)
    if failure:
        raise VerifyError("EM905", image=source.where, what=what, reason=failure)
    if plain != diff_id:
        raise VerifyError("EM903", image=source.where, what=what, found=plain, expected=diff_id)


def _check(source: Source, blob: Descriptor, stream: Hashing, what: str) -> None:
    """Hold what was read against the descriptor; a docker archive's files have no digest to hold against."""
    found = stream.finish()
    if stream.length < blob.size:
        reason = f"{stream.length} of {blob.size} bytes are there"
        raise VerifyError("EM904", image=source.where, what=what, reason=reason)
    if ":" in blob.digest and not blob.digest.startswith("file:") and found != blob.digest:
        raise VerifyError("EM903", image=source.where, what=what, found=found, expected=blob.digest)


def _algorithm(digest: str) -> str:
    name = digest.partition(":")[0]
    return name if name in ("sha256", "sha384", "sha512") else "sha256"
