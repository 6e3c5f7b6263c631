"""How much memory `verify` takes to read a large image. Writes one of --size MiB to a temporary folder first.

python benchmarks/verify_memory.py [--size 2048] [--files 50000]

Half of it is one file in a layer that is not compressed, half are many files in a layer of gzip; a third layer of gzip
holds one file of zeros that is as large as everything else, and that nobody may hold in memory.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click

ROOT = Path(__file__).resolve().parent.parent
MIB = 1 << 20
READ = """
import sys, time
from pathlib import Path
from migrate.verify.reading import read_path
begun = time.monotonic()
image = read_path(Path(sys.argv[1])) if len(sys.argv) > 1 else None
lines = open("/proc/self/status").read().splitlines()
peak = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
print(peak, len(image.tree) if image else 0, time.monotonic() - begun)
"""


class Tee(io.RawIOBase):
    """Writes on and keeps the digest and the length."""

    def __init__(self, sink: IO[bytes]) -> None:
        self.sink, self.hash, self.length = sink, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self.length += len(data)
        return self.sink.write(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self.hash.hexdigest()}"


class Noise(io.RawIOBase):
    """``size`` bytes that repeat only every MiB."""

    block = os.urandom(MIB)

    def __init__(self, size: int, block: bytes | None = None) -> None:
        self.left, self.data = size, block or self.block

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self.left, MIB)
        buffer[:size] = self.data[:size]
        self.left -= size
        return size


@click.command()
@click.option("--size", default=2048, show_default=True, help="MiB in the first two layers together.")
@click.option("--files", default=50_000, show_default=True, help="Files in the second layer.")
def main(size: int, files: int) -> None:
    """Print the peak memory and the time of reading the image, beside those of importing alone."""
    with tempfile.TemporaryDirectory() as name:
        write_image(Path(name), size * MIB, files)
        disk = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
        for what, arguments in (("imports alone", []), (f"{2 * size} MiB unpacked", [name])):
            command = [sys.executable, "-c", READ, *arguments]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            peak, paths, seconds = done.stdout.split()
            print(f"{what}: {peak} MiB at most, {paths} paths, {float(seconds):.1f} s ({disk // MIB} MiB on disk)")


def write_image(folder: Path, size: int, files: int) -> None:
    """An OCI layout with the three layers."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers = [
        write_layer(blobs, "tar", lambda archive: add(archive, "large", size // 2)),
        write_layer(blobs, "tar+gzip", lambda archive: many(archive, size // 2, files)),
        write_layer(blobs, "tar+gzip", lambda archive: add(archive, "zeros", size, bytes(MIB))),
    ]
    inner = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [plain for plain, _ in layers]}}
    config = write_blob(blobs, json.dumps(inner).encode(), "application/vnd.oci.image.config.v1+json")
    data = {"schemaVersion": 2, "config": config, "layers": [item for _, item in layers]}
    manifest = write_blob(blobs, json.dumps(data).encode(), "application/vnd.oci.image.manifest.v1+json")
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}), encoding="utf-8")


def write_layer(blobs: Path, kind: str, fill: Callable[[tarfile.TarFile], None]) -> tuple[str, dict[str, Any]]:
    """A layer that ``fill`` fills: the digest of what it unpacks to, and its descriptor."""
    part = blobs / "part"
    with part.open("wb") as file:
        packed = Tee(file)
        packer: Any = gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) if kind.endswith("gzip") else packed
        plain = Tee(packer)
        with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            fill(archive)
        if packer is not packed:
            packer.close()
    part.rename(blobs / packed.digest.removeprefix("sha256:"))
    media_type = f"application/vnd.oci.image.layer.v1.{kind}"
    return plain.digest, {"mediaType": media_type, "digest": packed.digest, "size": packed.length}


def many(archive: tarfile.TarFile, size: int, files: int) -> None:
    for number in range(files):
        add(archive, f"usr/lib/package-{number // 100}/module-{number}.js", size // files)


def add(archive: tarfile.TarFile, name: str, size: int, block: bytes | None = None) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    archive.addfile(info, io.BufferedReader(Noise(size, block), MIB))


def write_blob(blobs: Path, data: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


if __name__ == "__main__":
    main()
