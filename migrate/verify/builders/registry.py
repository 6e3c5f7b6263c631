"""Taking an image out of a registry again."""

from __future__ import annotations

import urllib.error
import urllib.request

from migrate.verify.builders import Registry

_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
)


def remove(image: Registry, scheme: str, seconds: float) -> bool:
    """Whether the registry has removed ``image``; many do not allow it."""
    place = f"{scheme}://{image.host}/v2/{image.repository}/manifests/"
    ask = urllib.request.Request(place + image.tag, method="HEAD", headers={"Accept": _ACCEPT})
    try:
        with urllib.request.urlopen(ask, timeout=seconds) as answer:
            digest = answer.headers["Docker-Content-Digest"]
        order = urllib.request.Request(f"{place}{digest}", method="DELETE")
        with urllib.request.urlopen(order, timeout=seconds):
            return True
    except (OSError, urllib.error.URLError):
        return False
