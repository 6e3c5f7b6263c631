"""Where an image is in a registry."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from migrate.images import REPOSITORY, TAG, parse_reference
from migrate.verify.errors import VerifyError

_HUB = "docker.io"
_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_REPOSITORY = re.compile(REPOSITORY)
_WANTED = re.compile(rf"{TAG}|sha256:[0-9a-f]{{64}}")


class Reference(NamedTuple):
    """``host`` is the registry with its port, ``wanted`` a tag or a digest."""

    host: str
    repository: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{'@' if ':' in self.wanted else ':'}{self.wanted}"

    @property
    def server(self) -> str:
        """The host to talk to."""
        return "registry-1.docker.io" if self.host == _HUB else self.host

    @property
    def is_local(self) -> bool:
        """Whether the registry is on this machine."""
        found = _HOST.fullmatch(self.host)
        name = found["name"] if found else ""
        try:
            return ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")


def parse(text: str) -> Reference:
    """The parts of an image name as docker reads it: no registry is Docker Hub. Raises VerifyError."""
    parts = parse_reference(text)
    name = parts.repository
    if not parts.registry and "/" not in name:
        name = f"library/{name}"
    return checked(Reference(parts.registry or _HUB, name, parts.digest or parts.tag or "latest"))


def checked(reference: Reference) -> Reference:
    """``reference``, none of whose parts can be anything but a part of a URL. Raises VerifyError."""
    patterns = (_HOST, _REPOSITORY, _WANTED)
    if not all(pattern.fullmatch(part) for pattern, part in zip(patterns, reference, strict=True)):
        raise VerifyError("EM915", image=reference)
    return reference
