"""Image references, and what mappings/base-images.yaml knows about the images they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from migrate.mappings import Mappings, builtin, longest_pattern

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_FACTS: Mapping[str, Any] = {
    "user": None,
    "shell": None,
    "onbuild": False,
    "has_shell": True,
    "environment": None,
    "folders": None,
    "special_folders": (),
    "sets": (),
    "workdir": None,
}
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
REPOSITORY = r"[a-z0-9]+(?:(?:[./]|__?|-+)[a-z0-9]+)*"
"""A pattern for what stands between the registry and the tag."""
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z0-9+._-]+:[0-9A-Fa-f]{32,}"
_LEGAL = rf"(?:{_HOST}/)?{REPOSITORY}(?::{TAG})?(?:@{_DIGEST})?"
_UNLISTED: Mapping[str, Any] = {**_FACTS, "has_shell": None, "special_folders": None}


class ImageReference(NamedTuple):
    """An image reference in its parts; ``registry`` is ``""`` for Docker Hub, whose ``library/`` is left out too.

    Variables stay as written: ``tag`` may be ``$VERSION``, ``repository`` may hold one as well.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository, the key that mappings use: ``alpine``, ``gcr.io/distroless/static``."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository


class BaseImage(NamedTuple):
    """What is known about a base image; None is unknown, except for ``shell``: there it is Docker's default.

    ``user``: who RUN runs as, ``root`` or a name or number. ``shell``: the SHELL in the image's config. ``onbuild``: it
    has triggers. ``has_shell``: it has a /bin/sh.
    """

    user: str | None
    shell: tuple[str, ...] | None
    onbuild: bool | None
    has_shell: bool | None
    environment: tuple[str, ...] | None = None
    """The names that its ENV sets, None when unknown."""
    triggers: tuple[str, ...] | None = None
    """The texts of its ONBUILD, None when unknown."""
    workdir: str | None = None
    folders: tuple[str, ...] | None = None
    """The standard folders that it has, None for those of every distribution."""
    special_folders: tuple[str, ...] | None = ()
    """Folders of its own that are not plain ones of root with mode 0755, None when unknown."""
    sets: tuple[str, ...] = ()
    """Names that its ENV sets, where ``environment`` is unknown."""


def parse_reference(text: str) -> ImageReference:
    """The parts of ``text``; what is written inside ``${...}`` never separates them."""
    masked = re.sub(r"\$\{[^}]*\}", lambda match: "_" * len(match[0]), text)
    end = masked.find("@")
    digest = text[end + 1 :] if end >= 0 else None
    masked = masked[:end] if end >= 0 else masked
    colon = masked.rfind(":")
    tag = text[colon + 1 : len(masked)] if colon > masked.rfind("/") else None
    path = text[: colon if tag is not None else len(masked)]
    slash = masked.find("/")
    registry, repository = "", path
    if slash > 0 and (text[:slash] == "localhost" or "." in text[:slash] or ":" in text[:slash]):
        registry, repository = path[:slash], path[slash + 1 :]
    if registry in ("", *_DOCKER_HUB):
        registry, repository = "", repository.removeprefix("library/")
    return ImageReference(registry, repository, tag, digest)


def is_legal(reference: str) -> bool:
    """Whether ``reference`` can name an image; "invalid reference format" otherwise (distribution/reference)."""
    return re.fullmatch(_LEGAL, reference) is not None


def base_image(reference: str, mappings: Mappings | None = None) -> BaseImage | None:
    """What is known about the image that ``reference`` names, None for one that nobody listed or looked at.

    What the image's own config says (``--inspect``) counts more than what mappings/base-images.yaml has.
    """
    mappings = mappings or builtin()
    return mappings.once(("image", reference), lambda: _looked_up(reference, mappings))


def _looked_up(reference: str, mappings: Mappings) -> BaseImage | None:
    image = parse_reference(reference)
    entry = _entry(image.name, mappings.base_images)
    seen = mappings.inspected.get(canonical(reference))
    if entry is None and seen is None:
        return None
    known_tag = image.tag if image.tag is not None else None if image.digest else "latest"
    listed = _facts(entry, known_tag) if entry is not None else _UNLISTED
    return BaseImage(**{**listed, **(seen or {})})


def canonical(reference: str) -> str:
    """One spelling for all names of an image: ``docker.io/library/alpine`` is ``alpine:latest``."""
    image = parse_reference(reference)
    return f"{image.name}@{image.digest}" if image.digest else f"{image.name}:{image.tag or 'latest'}"


def image_name(text: str) -> str | None:
    """``text`` made a legal image name (of one component), None when nothing of it can stay."""
    name = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    name = re.sub(r"[._-]*-[._-]*|\.[._]+|_\.+|_{3,}", "-", name)
    return name.strip("._-") or None


def _entry(name: str, images: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if name in images:
        found: Mapping[str, Any] = images[name]
        return found
    key = longest_pattern(name, images) if "$" not in name else None
    if key is None:
        return None
    entry: Mapping[str, Any] = images[key]
    if entry.get("official"):
        return images.get(name[len(key) - 1 :])
    return entry


def _facts(entry: Mapping[str, Any], tag: str | None) -> dict[str, Any]:
    """The facts that hold for ``tag``; where it is not known, those that hold for every tag."""
    facts = {**_FACTS, **{key: value for key, value in entry.items() if key in _FACTS}}
    for pattern, changes in entry.get("tags", {}).items():
        if tag is None or "$" in tag:
            facts.update(dict.fromkeys(changes))
        elif fnmatchcase(tag, pattern):
            facts.update(changes)
    return facts
