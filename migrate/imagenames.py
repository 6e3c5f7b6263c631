"""What the images of one Dockerfile are called, and for which platforms: as call sites and earlier runs say."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from migrate.callsites.model import Site
from migrate.callsites.translate import Left, platforms, tagged
from migrate.combine import image_argument, prefixes
from migrate.images import image_name
from migrate.records import Record
from migrate.survey import Demand


def decided(
    demand: Demand,
    source: bytes,
    sources: Sequence[tuple[str, bytes]],
    known: Record | None,
    root: str,
    words: Collection[str] = (),
    asked: Collection[str] = (),
) -> Record:
    """The names of one Dockerfile's images: those of an earlier run, and what call sites ask for.

    ``words`` are those of somebody else's lines in the Earthfile, ``asked`` the arguments that calls of earth pass.
    """
    argument = image_argument(sources, demand.dockerfile, words)
    images = dict(known.images) if known is not None else {}
    arguments = dict(known.arguments) if known is not None else {}
    open_names = known is not None and known.open
    last = _last_stage(source)
    for stage, uses in sorted(_uses(demand.sites, last).items()):
        fixed = [names for names in uses if names is not None and None not in names]
        if stage not in images and fixed:
            counted = Counter(tuple(name for name in names if name) for names in fixed)
            images[stage] = max(counted, key=lambda names: (counted[names], -len(names)))
        if any(names is None or not _same(names, images.get(stage, ())) for names in uses):
            # A second fixed name would be saved once more for every name of a list.
            images[stage] = images.get(stage, ())[:1]
            open_names |= not stage and any(
                (names is None or len(names) > 1) and not _same(names, images[stage])
                for names in _uses(demand.sites, last, alone=True).get("", ())
            )
            if not images[stage]:
                del images[stage]
            arguments.setdefault(stage, _argument(argument, stage, arguments))
    if argument in asked and known is None:
        arguments.setdefault("", argument)
    together = known.platforms if known is not None else ()
    for site in demand.sites:
        together = together or _platforms(site, last)
    if together:
        arguments.setdefault("", argument)
    folder = demand.context.rpartition("/")[2]
    for site in demand.sites:
        if site.suggested is not None:
            images.setdefault(_stage(site, last), (site.suggested,))
    if "" not in images:
        prefix = prefixes([path for path, _ in sources])[demand.dockerfile]
        name = "-".join(part for part in (image_name(folder or root) or "app", prefix) if part)
        images[""] = (f"{name}:latest",)
    digest = f"sha256:{hashlib.sha256(source).hexdigest()}"
    earthfile = posixpath.join(demand.context, "Earthfile")
    return Record(demand.dockerfile, demand.context, earthfile, images, arguments, open_names, together, digest)


def _argument(argument: str, stage: str, others: Mapping[str, str]) -> str:
    """The ARG that names the image of ``stage``: no two stages may answer to the same one."""
    name = first = argument + (f"_{re.sub(r'[^a-z0-9]', '_', stage)}" if stage else "")
    number = 2
    while name in others.values():
        name, number = f"{first}_{number}", number + 1
    return name


def _same(names: Sequence[str | None] | None, saved: Sequence[str]) -> bool:
    return names is not None and [tagged(name) for name in names] == [tagged(name) for name in saved]


def _last_stage(source: bytes) -> str:
    """The name of the last stage, which a call may select too."""
    lines = re.findall(r"^[ \t]*FROM[ \t]+([^\n]*)", source.decode("utf-8", "replace"), re.IGNORECASE | re.MULTILINE)
    name = re.search(r"\sAS\s+(\S+)\s*$", lines[-1], re.IGNORECASE) if lines else None
    return name.group(1).lower() if name else ""


def _uses(sites: Iterable[Site], last: str, *, alone: bool = False) -> dict[str, list[list[str | None] | None]]:
    """Stage -> the names that each call gives its image; None in a list for a name, and for a list, not known.

    ``alone``: without the calls for several platforms.
    """
    found: dict[str, list[list[str | None] | None]] = {}
    for site in sites:
        assert site.call is not None
        target = site.call.last("target")
        if (target is not None and target.text is None) or (alone and _platforms(site, last)):
            continue
        stage = _stage(site, last)
        if site.open_tags is not None:
            found.setdefault(stage, []).append(None)
        elif site.call.values("image"):
            found.setdefault(stage, []).append([value.text for value in site.call.values("image")])
    return found


def _platforms(site: Site, last: str) -> tuple[str, ...]:
    """The platforms for which a call builds the last stage, () when it is one or nobody knows."""
    try:
        return platforms(site.call) if site.call is not None and not _stage(site, last) else ()
    except Left:
        return ()


def _stage(site: Site, last: str) -> str:
    """The stage that a call selects, "" for the last."""
    target = site.call.last("target") if site.call is not None else None
    stage = ((target.text or "") if target is not None else "").lower()
    return "" if stage == last else stage
