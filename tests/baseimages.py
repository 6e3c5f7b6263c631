"""The small test base images: builds what images/images.yaml describes and pushes it to a registry.

``python dev.py images [--registry HOST:PORT] [--also NEW=KNOWN ...]``. Nothing is fetched: inside are the machine's own
busybox and bash and text from images/; see its README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).resolve().parent / "images"
TOOLS = "/usr/local/lib/testtools"
LARGE = 100_000
"""Files above this size are programs of the machine."""
REGISTRY = "127.0.0.1:5000"
PLATFORMS = (
    ("amd64", ""),
    ("arm64", "v8"),
    ("arm", "v7"),
    ("386", ""),
    ("s390x", ""),
    ("ppc64le", ""),
    ("riscv64", ""),
)
"""All with the same files: the programs inside are the machine's, whatever platform the index names."""
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CREATED = "2024-01-01T00:00:00Z"
TIME = 1704067200


@dataclass
class Entry:
    """One path of a layer."""

    kind: bytes
    mode: int = 0o755
    owner: tuple[int, int] = (0, 0)
    data: bytes = b""
    target: str = ""


@cache
def describe() -> dict[str, Any]:
    """images.yaml, read."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((FOLDER / "images.yaml").read_text(encoding="utf-8"))
    return found


def references(description: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """``repository:tag`` -> the image that it names."""
    return {
        f"{repository}:{tag}": image
        for image in description["images"].values()
        for repository, tags in image["names"].items()
        for tag in tags
    }


def layout(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A layout with what it takes from the ones it is like."""
    own = description["layouts"][name]
    under = layout(description, own["like"]) if "like" in own else {}
    merged: dict[str, Any] = {**under, **own}
    for key in ("directories", "links", "files"):
        merged[key] = {**under.get(key, {}), **own.get(key, {})}
    for key in ("users", "groups", "tools", "homes"):
        merged[key] = [*under.get(key, []), *own.get(key, [])]
    return merged


@cache
def busybox() -> tuple[bytes, tuple[str, ...]]:
    """The machine's static busybox, and where its links go below the root."""
    program = shutil.which("busybox")
    if program is None:
        sys.exit("busybox is not on PATH: on Debian and Ubuntu, sudo apt-get install busybox-static")
    listed = subprocess.run([program, "--list-full"], check=True, capture_output=True, text=True).stdout.split()
    return Path(program).read_bytes(), tuple(path for path in listed if not path.endswith(("/busybox", "linuxrc")))


def tree(place: Mapping[str, Any]) -> dict[str, Entry]:
    """Path -> entry of a layout."""
    found: dict[str, Entry] = {}
    for path, mode in place["directories"].items():
        found[path] = Entry(tarfile.DIRTYPE, int(mode, 8))
    for path, target in place["links"].items():
        found[path] = Entry(tarfile.SYMTYPE, 0o777, target=target)
    if applets := place.get("applets"):
        program, links = busybox()
        prefix = "/usr" if applets == "usr" else ""
        found[f"{prefix}/bin/busybox"] = Entry(tarfile.REGTYPE, 0o755, data=program)
        for link in links:
            where = f"/usr/{link.removeprefix('usr/')}" if prefix else f"/{link}"
            found.setdefault(where, Entry(tarfile.SYMTYPE, 0o777, target=f"{prefix}/bin/busybox"))
    for name in place.get("programs", []):
        found.update(program_of_machine(name))
    if place["tools"]:
        for script in sorted((FOLDER / "tools").iterdir()):
            found[f"{TOOLS}/{script.name}"] = Entry(tarfile.REGTYPE, data=script.read_bytes().replace(b"\r\n", b"\n"))
        for tool in ["record", *place["tools"]]:
            name, _, script_name = tool.partition("=")
            found[f"/usr/local/bin/{name}"] = Entry(tarfile.SYMTYPE, 0o777, target=f"{TOOLS}/{script_name or name}")
    for path, wanted in place["files"].items():
        details = {"text": wanted} if isinstance(wanted, str) else wanted
        owner = details.get("owner", (0, 0))
        found[path] = Entry(
            tarfile.REGTYPE, int(details.get("mode", "0644"), 8), tuple(owner), details["text"].encode()
        )
    return {**found, **accounts(place)}


@cache
def program_of_machine(name: str) -> dict[str, Entry]:
    """A program of this machine in /usr/bin, and the libraries that it is linked with, below /usr."""
    program = shutil.which(name)
    if program is None:
        sys.exit(f"{name} is not on PATH")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout  # it fails for a static program
    found = {f"/usr/bin/{name}": Entry(tarfile.REGTYPE, data=Path(program).read_bytes())}
    for word in listed.split():
        if word.startswith("/"):
            place = word if word.startswith("/usr/") else f"/usr{word}"
            found[place] = Entry(tarfile.REGTYPE, data=Path(word).read_bytes())
    return found


def accounts(place: Mapping[str, Any]) -> dict[str, Entry]:
    """/etc/passwd, /etc/group and the homes of a layout."""
    if not place["users"]:
        return {}
    groups, found = list(place["groups"]), {}
    numbers = {group.split(":")[2] for group in groups}
    for user in place["users"]:
        name, _, uid, gid, _, home, _ = user.split(":")
        if gid not in numbers:
            groups.append(f"{name}:x:{gid}:")
        if name in place["homes"]:
            found[home] = Entry(tarfile.DIRTYPE, 0o755, (int(uid), int(gid)))
    for path, lines in (("/etc/passwd", place["users"]), ("/etc/group", groups)):
        found[path] = Entry(tarfile.REGTYPE, 0o644, data="".join(f"{line}\n" for line in lines).encode())
    return found


def archive(entries: Mapping[str, Entry]) -> bytes:
    """An archive of ``entries`` and of the folders above them, the same bytes each time."""
    above = {str(parent) for path in entries for parent in PurePosixPath(path).parents} - {"/"}
    entries = {**{path: Entry(tarfile.DIRTYPE) for path in above}, **entries}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as made:
        for path in sorted(entries):
            entry, info = entries[path], tarfile.TarInfo(path.lstrip("/"))
            info.type, info.mode, info.mtime = entry.kind, entry.mode, TIME
            info.uid, info.gid = entry.owner
            info.size, info.linkname = len(entry.data), entry.target
            made.addfile(info, io.BytesIO(entry.data))
    return raw.getvalue()


@dataclass(frozen=True)
class Image:
    """What a registry holds of one image: ``blobs`` and ``manifests`` by digest, and the index over the platforms."""

    index: bytes
    blobs: Mapping[str, bytes]
    manifests: Mapping[str, bytes]


def make(image: Mapping[str, Any], *extra: Mapping[str, Entry]) -> Image:
    """Build one image of images.yaml, with a layer of each of ``extra`` entries on top."""
    layers = [*layers_of(image["layout"]), *(archive(entries) for entries in extra if entries)]
    blobs, manifests, listed = {digest(layer): layer for layer in layers}, {}, []
    for architecture, variant in PLATFORMS:
        platform = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        config = encode(
            {
                **platform,
                "created": CREATED,
                "config": image["config"],
                "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
                "history": [{"created": CREATED, "created_by": "earthmigrate test image"} for _ in layers],
            }
        )
        manifest = encode(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor(CONFIG, config),
                "layers": [descriptor(LAYER, layer) for layer in layers],
            }
        )
        blobs[digest(config)], manifests[digest(manifest)] = config, manifest
        listed.append({**descriptor(MANIFEST, manifest), "platform": platform})
    return Image(encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}), blobs, manifests)


def descriptor(kind: str, data: bytes) -> dict[str, object]:
    """How a manifest or an index names ``data``."""
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}


@cache
def layers_of(name: str) -> tuple[bytes, ...]:
    """A layout as archives: the machine's programs, which many images share, and the rest."""
    entries = tree(layout(describe(), name))
    large = {path: entry for path, entry in entries.items() if len(entry.data) > LARGE}
    rest = {path: entry for path, entry in entries.items() if path not in large}
    # An archive names the folders above its files, so the second one sets their modes after the first.
    return tuple(archive(part) for part in (large, rest) if part)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encode(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


class Registry:
    """The push side of the registry protocol, over plain HTTP."""

    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.places: dict[str, str] = {}
        """Digest -> a repository that has the blob."""

    def close(self) -> None:
        self.connection.close()

    def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """One request; its answer is read whole."""
        self.connection.request(method, path, body or None, {"Content-Length": str(len(body)), **(headers or {})})
        answer = self.connection.getresponse()
        answer.read()
        return answer

    def blob(self, repository: str, name: str, data: bytes) -> None:
        """Give a repository a blob: it has it, another one does, or it is sent."""
        if name not in self.places and self.call("HEAD", f"/v2/{repository}/blobs/{name}").status == 200:
            self.places[name] = repository
        if self.places.get(name) == repository:
            return
        source = f"?mount={name}&from={self.places[name]}" if name in self.places else ""
        started = self.call("POST", f"/v2/{repository}/blobs/uploads/{source}")
        if started.status not in (201, 202):
            raise OSError(f"{repository}: the registry answers {started.status} to the beginning of a blob")
        if started.status == 202:
            place = started.getheader("Location") or ""
            place = f"{place[place.index('/v2/') :]}{'&' if '?' in place else '?'}digest={name}"
            sent = self.call("PUT", place, data, {"Content-Type": "application/octet-stream"})
            if sent.status != 201:
                raise OSError(f"{repository}: the registry answers {sent.status} to a blob")
        self.places[name] = repository

    def manifest(self, repository: str, reference: str, data: bytes, kind: str) -> None:
        """Put a manifest or an index under a tag or digest."""
        sent = self.call("PUT", f"/v2/{repository}/manifests/{reference}", data, {"Content-Type": kind})
        if sent.status != 201:
            raise OSError(f"{repository}:{reference}: the registry answers {sent.status} to a manifest")

    def upload(self, repository: str, image: Image) -> bytes:
        """Push all of an image but its index, which is given back."""
        for name, data in image.blobs.items():
            self.blob(repository, name, data)
        for name, data in image.manifests.items():
            self.manifest(repository, name, data, MANIFEST)
        return image.index


def connected(address: str) -> AbstractContextManager[Registry]:
    """The registry at ``address``, for the length of a block."""
    return closing(Registry(address))


def path_of(repository: str) -> str:
    """Where a mirror of all registries keeps ``repository``: Docker Hub's short names are below library/."""
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first):
        return rest
    return repository if slash else f"library/{repository}"


def push(wanted: Mapping[str, Mapping[str, Any]], address: str = REGISTRY) -> Iterator[str]:
    """Push images; gives each reference with its digest when it is there."""
    made: dict[tuple[str, int], bytes] = {}
    with connected(address) as registry:
        for reference, image in wanted.items():
            repository, _, tag = reference.rpartition(":")
            key = (path_of(repository), id(image))
            if key not in made:
                made[key] = registry.upload(key[0], make(image))
            registry.manifest(key[0], tag, made[key], INDEX)
            yield f"{reference} {digest(made[key])}"


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="dev.py images", description="Build and push the small test base images.")
    parser.add_argument(
        "--registry", default=REGISTRY, help=f"HOST:PORT of a registry without TLS (default {REGISTRY})"
    )
    parser.add_argument("--also", action="append", default=[], metavar="NEW=KNOWN", help="another name for an image")
    options = parser.parse_args(arguments)
    known = references(describe())
    wanted = dict(known)
    for item in options.also:
        new, _, old = item.partition("=")
        wanted[new] = known[old]
    try:
        for line in push(wanted, options.registry):
            print(line)
    except OSError as error:
        print(f"{options.registry}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
