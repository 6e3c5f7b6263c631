"""base-images.yaml: the base images that the mappings do not know, as a file for ``--mappings`` to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from migrate.diagnostics import visible
from migrate.report.audit.figures import count

_NAME = re.compile(r"[a-z0-9][a-z0-9._/:-]*\Z")
"""What may be a key of ``base-images`` (mappings/schema.json)."""
_HEAD = """\
# Base images that the mappings do not know, those of most repositories first. Where you know who an image runs as, take
# the "# " in front of its line away, correct the user, and pass this file:
#
#     earthmigrate batch ... --mappings base-images.yaml
#
# user is root, or the name or number that the image's config says (docker inspect --format '{{.Config.User}}' IMAGE).
# What else can be said of an image stands in the README, section "Your own images". A * at the end of a name stands for
# any rest.
base-images:
  # Known already; it only keeps this file valid while nothing else is filled in.
  scratch: {user: root}
"""


def image_list(images: Sequence[tuple[str, int]]) -> bytes:
    """The file for ``images``, (name, repositories) in order."""
    listed = [(name, used) for name, used in images if _NAME.match(name)]
    odd = [(name, used) for name, used in images if not _NAME.match(name)]
    lines = [f"  # {_key(name)}: {{user: root}}  # {count(used, 'repository')}" for name, used in listed]
    if groups := [*_groups(listed)]:
        lines += ["", "  # Or all images of one place at once, where they have the same user:"]
        lines += [f"  # {_key(name)}: {{user: root}}  # {count(number, 'image')}" for name, number in groups]
    if odd:
        lines += [
            "",
            "  # Names that are only known when a build runs, or that no key can be (capitals in a host, [::1]):",
        ]
        lines += [f"  #   {visible(name)}  ({count(used, 'repository')})" for name, used in odd]
    return (_HEAD + "".join(f"{line}\n" for line in lines)).encode("utf-8")


def filled_in(text: str) -> bool:
    """Whether somebody has changed a list that this module made: it has lines that count, beside the first."""
    counting = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return counting != [line for line in _HEAD.splitlines() if not line.lstrip().startswith("#")]


def _key(name: str) -> str:
    """``name`` as a key of YAML: plain where it can be taken for nothing else."""
    return f'"{name}"' if ":" in name or "*" in name else name


def _groups(images: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """(pattern, how many images) for registries and folders that hold several of ``images``."""
    counts: dict[str, int] = {}
    for name, _ in images:
        folder, slash, _ = name.rpartition("/")
        if slash:
            counts[folder] = counts.get(folder, 0) + 1
    for folder, number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if number > 1:
            yield f"{folder}/*", number
