"""What a job of a batch knows of base images: --inspect and --image-facts, as ``repo`` has them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from migrate import repodriver
from migrate.batch.jobs import Earlier, Job, Seen
from migrate.diagnostics import Diagnostic
from migrate.discovery import Files
from migrate.imagefacts import ImageFacts, read
from migrate.mappings import Mappings


class Known(NamedTuple):
    """``mappings`` with it, what is said about images, each image with a digest of its facts, what is new."""

    mappings: Mappings
    diagnostics: tuple[Diagnostic, ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    seen: tuple[Seen, ...] = ()


def inspected(job: Job, files: Files, mappings: Mappings) -> Known:
    """What is known of the images in ``files``. Without --inspect and --image-facts: what the mappings have."""
    if job.inspection is None:
        return Known(mappings)
    from migrate import imageknowledge  # only such a run pays for it

    sources = repodriver.dockerfiles(files, job.choice, mappings)
    facts = _facts(job.inspection.facts)
    look = None
    if job.inspection.where is not None:
        from migrate.batch import imagecache

        look = partial(imagecache.look, where=job.inspection.where, folder=Path(job.inspection.cache or ""))
    found = imageknowledge.informed(sources, facts, look, mappings)
    wanted = imageknowledge.wanted(sources)
    both = {**facts, **found.new}
    return Known(
        found.mappings,
        repodriver.told(found.findings, mappings),
        tuple((name, _digest(both.get(name))) for name in sorted(wanted)),
        tuple(Seen(name, wanted[name].platform or "", one) for name, one in sorted(found.new.items())),
    )


def same(job: Job, earlier: Earlier) -> bool:
    """Whether the images of a repository are known as they were. What could not be looked at is looked at again.

    Without a file of facts, a registry is not asked whether an image has changed.
    """
    if job.inspection is None:
        return True
    if job.inspection.where is not None and any(not digest for _, digest in earlier.images):
        return False
    facts = _facts(job.inspection.facts)
    return job.inspection.facts is None or all(digest == _digest(facts.get(name)) for name, digest in earlier.images)


def _digest(facts: ImageFacts | None) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16] if facts is not None else ""


@lru_cache(maxsize=2)
def _facts(text: str | None) -> Mapping[str, ImageFacts]:
    return read(text) if text is not None else {}


def merged(known: Mapping[str, ImageFacts], seen: frozenset[Seen]) -> dict[str, ImageFacts]:
    """``known`` with what workers have ``seen``, whichever came first: this machine's platform counts before others."""
    return {**{one.name: one.facts for one in sorted(seen, reverse=True)}, **known}
