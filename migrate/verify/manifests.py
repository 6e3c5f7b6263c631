"""Manifests and indexes: which one is meant, and which blobs it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from migrate.verify.config import Malformed, json_object
from migrate.verify.errors import VerifyError

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
ACCEPT = (*_INDEXES, *_MANIFESTS)
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_DEEPEST = 4
_VARIANTS = {"arm64/v8": "arm64", "amd64/v1": "amd64", "arm/v7": "arm", "x86_64": "amd64", "aarch64": "arm64"}
"""The spellings that containerd's platforms package takes for one another."""


class Descriptor(NamedTuple):
    """A blob: ``digest`` is its name in the store. ``names`` are the image names that an archive notes beside it."""

    media_type: str
    digest: str
    size: int
    platform: str = ""
    names: tuple[str, ...] = ()
    attestation: bool = False


class Manifest(NamedTuple):
    """What one image consists of, the lowest layer first."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


def normalized(platform: str) -> str:
    """``platform`` in one spelling: linux/arm64/v8 is linux/arm64."""
    system, _, machine = platform.lower().partition("/")
    return f"{system}/{_VARIANTS.get(machine, machine)}"


def check_platform(found: str, asked: str | None, where: str) -> None:
    """Raise VerifyError where an image is of another platform than the one that was ``asked`` for."""
    if asked is not None and normalized(found) != normalized(asked):
        raise VerifyError("EM907", image=where, asked=asked, choices=normalized(found))


def find(
    top: bytes, digest: str, fetch: Callable[[Descriptor], bytes], where: str, platform: str | None, name: str | None
) -> Manifest:
    """The manifest that ``top``, an index or itself a manifest, leads to.

    ``fetch`` reads a manifest that an index names. ``platform`` and ``name`` choose where there are several. Raises
    VerifyError.
    """
    try:
        data = json_object(top)
        if "manifests" not in data:
            return _manifest(data, digest, where)
        chosen = _chosen(list(_leaves(data, fetch, _DEEPEST)), where, platform, name)
        return _manifest(json_object(fetch(chosen)), chosen.digest, where)
    except Malformed as error:
        raise VerifyError("EM909", image=where, what="manifest", reason=error) from None


def _leaves(index: Mapping[str, Any], fetch: Callable[[Descriptor], bytes], depth: int) -> Iterator[Descriptor]:
    if depth == 0:
        raise Malformed("an index inside an index inside an index")
    for item in _list(index, "manifests"):
        found = _descriptor(item)
        if found.media_type in _INDEXES:
            inner = _leaves(json_object(fetch(found)), fetch, depth - 1)
            yield from (leaf._replace(names=leaf.names or found.names) for leaf in inner)
        elif not found.attestation:
            yield found


def _chosen(leaves: Sequence[Descriptor], where: str, platform: str | None, name: str | None) -> Descriptor:
    named = [leaf for leaf in leaves if name in leaf.names] or leaves
    found = list({leaf.digest: leaf for leaf in named}.values())
    if not found:
        raise VerifyError("EM902", image=where, reason="its index lists no image")
    if len(found) == 1:
        return found[0]
    choices = ", ".join(sorted({leaf.platform or "/".join(leaf.names) or leaf.digest for leaf in found}))
    if platform is None:
        raise VerifyError("EM908", image=where, choices=choices)
    fitting = [leaf for leaf in found if normalized(leaf.platform) == normalized(platform)]
    if not fitting:
        raise VerifyError("EM907", image=where, asked=platform, choices=choices)
    return fitting[0]


def _manifest(data: Mapping[str, Any], digest: str, where: str) -> Manifest:
    if data.get("schemaVersion") != 2 or "layers" not in data:
        kind = data.get("mediaType") or f"a manifest of version {data.get('schemaVersion')}"
        raise VerifyError("EM914", image=where, kind=kind)
    layers = tuple(_descriptor(item) for item in _list(data, "layers"))
    for layer in layers:
        if not layer.media_type.startswith(_LAYERS) or layer.media_type.endswith("encrypted"):
            raise VerifyError("EM914", image=where, kind=f"a layer of the type {layer.media_type}")
    return Manifest(digest, _descriptor(data.get("config")), layers)


def _descriptor(data: Any) -> Descriptor:
    if not isinstance(data, dict):
        raise Malformed("a descriptor is not an object")
    annotations = data.get("annotations") or {}
    kind, digest, size = data.get("mediaType"), data.get("digest"), data.get("size")
    if not isinstance(digest, str) or not isinstance(size, int) or not isinstance(annotations, dict):
        raise Malformed("a descriptor lacks its digest or size")
    names = tuple(str(annotations[key]) for key in _NAMES if key in annotations)
    attestation = annotations.get("vnd.docker.reference.type") == "attestation-manifest"
    return Descriptor(str(kind), digest, size, _platform(data.get("platform")), names, attestation)


def _platform(data: Any) -> str:
    parts = [data.get(name) for name in ("os", "architecture", "variant")] if isinstance(data, dict) else []
    return "/".join(part for part in parts if isinstance(part, str) and part)


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if value is not None and not isinstance(value, list):
        raise Malformed(f"{name} is not a list")
    return value or []
