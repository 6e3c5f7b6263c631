"""What an image's own config says, and the file that keeps it (``--inspect``, ``--image-facts``).

The file is JSON with sorted keys: it can be committed, and a run that only reads it needs no network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from migrate.images import canonical

_ABOUT = "Written by earthmigrate convert --inspect. Remove an entry to have its image looked at again."
_TEXTS = ("user", "workdir", "stopsignal")
_LISTS = ("entrypoint", "environment", "healthcheck", "onbuild", "shell")


class FactsError(Exception):
    """A file of facts that cannot be used; the text says why."""


class ImageFacts(NamedTuple):
    """The parts of a config that a conversion can depend on; ``environment`` are the names that its ENV sets.

    ``user`` is ``root`` where the config names none, ``workdir`` is ``/``.
    """

    user: str = "root"
    environment: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    workdir: str = "/"
    healthcheck: tuple[str, ...] = ()
    stopsignal: str = ""


def read(text: str) -> dict[str, ImageFacts]:
    """The images of a file of facts: canonical reference -> what is known. Raises FactsError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FactsError(f"no JSON: {error}") from None
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, dict):
        raise FactsError('it has no object "images"')
    return {canonical(name): _facts(name, entry) for name, entry in images.items()}


def _facts(name: str, entry: Any) -> ImageFacts:
    if not isinstance(entry, dict):
        raise FactsError(f"the entry of {name} is not an object")
    fields: dict[str, Any] = {}
    for key, value in entry.items():
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if key in _LISTS and is_list:
            fields[key] = tuple(value)
        elif key in _TEXTS and isinstance(value, str):
            fields[key] = value
        else:
            raise FactsError(f"{key} of {name} is not known, or has a value of the wrong kind")
    return ImageFacts(**fields)


def written(images: Mapping[str, ImageFacts]) -> str:
    """The text of a file of facts; what is as by default is left out."""
    entries = {
        name: {key: value for key, value in facts._asdict().items() if value != ImageFacts._field_defaults[key]}
        for name, facts in images.items()
    }
    return json.dumps({"about": _ABOUT, "images": entries}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def section(images: Mapping[str, ImageFacts]) -> dict[str, dict[str, Any]]:
    """``images`` as ``Mappings.inspected`` holds them."""
    return {
        name: {
            "user": facts.user,
            "environment": facts.environment,
            "shell": facts.shell or None,
            "onbuild": bool(facts.onbuild),
            "triggers": facts.onbuild,
            "workdir": facts.workdir,
        }
        for name, facts in images.items()
    }
