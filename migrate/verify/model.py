"""An image as it is compared: its flattened file tree and its config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a path is. Hard links are files (or other entries) that share a ``group``."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "symbolic link"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "named pipe"


class Entry(NamedTuple):
    """One path of the flattened tree.

    ``path`` has no leading slash, the root is empty. ``mode`` is the permission bits with setuid, setgid and sticky.
    ``target`` is a link's text. ``sha256`` is the raw digest of a file's bytes, empty for what has none. ``device`` is
    major and minor. ``xattrs`` are sorted by name. ``mtime`` counts nanoseconds, None for a directory that no layer
    names. ``group`` is the smallest of the paths that are hard links to one another, empty for a path of its own.
    """

    path: bytes
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    target: bytes = b""
    size: int = 0
    sha256: bytes = b""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()
    mtime: int | None = None
    group: bytes = b""


class Healthcheck(NamedTuple):
    """As in the config, durations in nanoseconds; 0 means that the default holds."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What the image's config says. An absent list and an empty one are the same.

    ``others`` are the fields of the JSON that have no name here and are not empty: name -> value as JSON text. Those
    of the outer object (``created``, ``history``) have a dot before their name.
    """

    os: str = ""
    architecture: str = ""
    variant: str = ""
    author: str = ""
    env: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    labels: Mapping[str, str] | None = None
    exposed_ports: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    healthcheck: Healthcheck | None = None
    stop_signal: str = ""
    shell: tuple[str, ...] = ()
    on_build: tuple[str, ...] = ()
    others: Mapping[str, str] | None = None

    @property
    def platform(self) -> str:
        """``linux/arm64/v8``; the variant only where there is one."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Image:
    """One image. ``digest`` is that of its manifest, or of its config where the archive has no manifest."""

    digest: str
    config: ImageConfig
    tree: Mapping[bytes, Entry]
    layers: int
