"""The Dockerfiles of whole repositories, each with the context that holds what it copies."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate.disk import DiskContext
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import CopyDetail
from migrate.dockerfile.reader import read

MOST = 40
"""So many Dockerfiles of a repository are taken, spread evenly over its list."""
LARGEST = 60_000_000
"""Bytes of a context; larger ones take minutes to copy."""
_NAME = re.compile(
    r"(?:^|/)(?:Dockerfile|Containerfile)(?:\.(?!.*(?:md|txt|dockerignore|j2|jinja2?|template|tmpl|tpl|erb)$)[^/]*)?$|[^/]\.Dockerfile$"
)
_WINDOWS = re.compile(r"(?i)nanoserver|servercore|windows/|escape=`")


@dataclass(frozen=True)
class Subject:
    """A Dockerfile to judge, with what its build is given. ``part`` is the row of the table it counts in."""

    name: str
    part: str
    dockerfile: Path
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None


def subjects(sources: list[Path], place: Path) -> Iterator[Subject]:
    """The Dockerfiles in the repositories ``sources``, checked out below ``place``, that have a context here."""
    for source in sources:
        name = source.parent.name if source.name in ("repo", ".git") else source.name
        top = place / name
        # A snapshot may lack its largest files: the others are checked out, though git says that it failed.
        clone = ["git", "clone", "--quiet", "--shared", str(source), str(top)]
        said = subprocess.run(clone, check=False, capture_output=True, text=True)
        if not top.is_dir():
            raise OSError(f"{source}: {said.stderr.strip()}")
        files = subprocess.run(
            ["git", "-C", str(top), "ls-tree", "-r", "--name-only", "HEAD"], check=True, capture_output=True, text=True
        ).stdout
        found = [path for path in files.splitlines() if _NAME.search(path) and (top / path).is_file()]
        step = max(1, len(found) / MOST)
        for path in (found[int(number * step)] for number in range(min(len(found), MOST))):
            context = context_of(top / path, top)
            if context is not None:
                (top / path).write_bytes(without_digests((top / path).read_bytes()))
                yield Subject(f"{name}/{path}", name, top / path, context)


def without_digests(text: bytes) -> bytes:
    """A Dockerfile that pins no image: nobody can make an image with the digest of another."""
    return re.sub(rb"@sha256:[0-9a-f]{64}", b"", text)


def context_of(dockerfile: Path, top: Path) -> Path | None:
    """The nearest folder from the Dockerfile's upward that has everything that is copied from the context."""
    text = dockerfile.read_bytes().decode("utf-8", "replace")
    if _WINDOWS.search(text):
        return None
    try:
        wanted = copied(text)
    except DockerfileError:
        wanted = []
    folder = dockerfile.parent
    while True:
        context = DiskContext(folder, dockerfile)
        if all(has(context, path) for path in wanted):
            return folder if size(folder) <= LARGEST else None
        if folder == top:
            return None
        folder = folder.parent


def copied(text: str) -> list[str]:
    """What the Dockerfile ``text`` copies from its context, as far as the text tells."""
    found = []
    for instruction in read(text).instructions:
        detail = instruction.detail
        if isinstance(detail, CopyDetail) and instruction.flag("from") is None and not instruction.heredocs:
            words = [source.text.strip("\"'") for source in detail.sources]
            found += [word for word in words if "$" not in word and "://" not in word and not word.startswith("git@")]
    return found


def has(context: DiskContext, path: str) -> bool:
    """Whether ``path``, maybe a pattern, is there; the context itself is."""
    plain = path.strip("/").removeprefix("./")
    if not plain.strip("."):
        return True
    if re.search(r"[*?[]", plain):
        return bool(context.matches(plain))
    return context.exists(plain) is not False


def size(folder: Path) -> int:
    """Bytes below a folder, Git's own left out."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    )
