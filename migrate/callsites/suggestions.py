"""The call of earth to use for a place that stays: for a person to read, never written into a file.

What only the run knows is shown as it was written; what a call of earth cannot say is left out and named.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from migrate.callsites import described, shellwriting
from migrate.callsites.buildcall import BuildCall, Option, shown
from migrate.callsites.data import Data
from migrate.callsites.model import Site, Tree, joined, located, reference
from migrate.callsites.translate import EarthCall, Facts, Left, Place, translate
from migrate.callsites.values import Value, pattern

Places = Mapping[tuple[str, str, str], Place]
"""(Dockerfile, context, stage; "" for the last) -> where its build lives now."""
_USUAL = ("dockerfile", "containerfile")
_FOR_ITSELF = ("--ci", "--push")
_SILENT_LOSSES = frozenset(("quiet", "load", "progress", "iidfile", "metadata-file", "builder"))


class Known(NamedTuple):
    """What suggestions are made from."""

    places: Places
    tree: Tree
    data: Data
    tool: str


class Suggestion(NamedTuple):
    """``command`` is run where the old call is, or in the root. ``lost`` are the options that it cannot say."""

    command: str
    lost: tuple[str, ...] = ()


class _Spot(NamedTuple):
    """Where a build lives: Dockerfile and context, the folder in which the call runs, and a folder to go to first."""

    pair: tuple[str, str]
    folder: str
    moving: str = ""


def suggestion(site: Site, text: str, end: int, known: Known) -> Suggestion | None:
    """The call for ``site`` of ``text``; the next site starts at ``end``. None where no target is known."""
    call = site.call or described.read(site, text, end, known.data)
    spot = _located(call, site, known)
    if spot is None:
        return None
    target = call.last("target") if call is not None else None
    stage = (target.text or "").lower() if target is not None else ""
    dockerfile, context = spot.pair
    place = known.places.get((dockerfile, context, stage))
    if place is None:
        return None  # another stage is another image
    made, lost = _made(call, place, site.open_tags)
    if target is not None and target.text is None:
        lost = (*lost, f"--target {shown(target)}")
    words = [shellwriting.spelled(word) for word in made.flags]
    if any(item.startswith("--tag") for item in lost):
        words = [word for word in words if not word.startswith(_FOR_ITSELF)]
    runs_in = known.data.descriptions.get(site.carrier, {}).get("runs-in")
    spot = spot._replace(folder="") if runs_in == "root" else spot
    start = place.folder if spot.moving or runs_in == "context" else spot.folder
    words += [shellwriting.quoted(reference(place.folder, start, made.reference))]
    words += [shellwriting.spelled(word) for word in made.arguments]
    variables = [f"{name}={shellwriting.spelled(value)}" for name, value in made.environment]
    command = " ".join([*variables, known.tool, *words])
    if spot.moving:
        command = f"(cd {spot.moving} && {command})"
    if call is not None:
        names, lost = _named(call, place, lost)
        command += names
    for mask, original in site.holes.items():
        command = command.replace(mask, original)
        lost = tuple(item.replace(mask, original) for item in lost)
    return Suggestion(command, tuple(dict.fromkeys(lost)))


def _named(call: BuildCall, place: Place, lost: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Commands behind the build for names that it cannot give, and for an image id; what is lost even so."""
    tags = [shellwriting.spelled(tag) for tag in call.values("image")]
    after = ""
    if place.names and any(item.startswith("--tag") for item in lost):
        after = "".join(f" && docker tag {place.names[0]} {tag}" for tag in tags)
        if any(item.startswith("--push") for item in lost):
            after += "".join(f" && docker push {tag}" for tag in tags)
        lost = tuple(item for item in lost if not item.startswith(("--push", "--tag")))
    if call.switched("quiet") or any(option.name == "iidfile" for option in call.options):
        names = tags or [shellwriting.quoted(name) for name in place.names]
        after += f" && docker image inspect --format '{{{{.Id}}}}' {names[0]}" if names else ""
    return after, lost


def _located(call: BuildCall | None, site: Site, known: Known) -> _Spot | None:
    """Where the build lives: as the site says, or the only place that it can mean."""
    pairs = sorted({(dockerfile, context) for dockerfile, context, stage in known.places if not stage})
    if site.dockerfile is not None and site.context is not None:
        pair = (site.dockerfile, site.context)
        return _Spot(pair, site.folder or "") if pair in pairs else None
    own = posixpath.dirname(site.path)
    entry = known.data.descriptions.get(site.carrier, {})
    starts = [site.folder] if site.folder is not None else [own, ""]
    if call is None:
        return _Spot(pairs[0], site.folder or "") if len(pairs) == 1 else None
    if call.context is not None and call.context.text is None:
        return _moving(call, starts, pairs) or _only(call, own, site.folder, pairs)
    if call.context is not None:
        whole = described.placed(replace(call, problem=""), entry) if site.call is None else replace(call, problem="")
        for folder in dict.fromkeys(starts):
            try:
                pair = located(whole, folder, known.tree)
            except Left:
                continue
            if pair in pairs:
                return _Spot(pair, folder)
    return _only(call, own, site.folder, pairs)


def _moving(call: BuildCall, starts: Sequence[str | None], pairs: Sequence[tuple[str, str]]) -> _Spot | None:
    """A context that the run chooses among several: each must hold a Dockerfile of the usual name."""
    assert call.context is not None
    if call.last("file") is not None:
        return None
    written = pattern(call.context)
    if written is None:
        return None
    written = written.rstrip("/")
    for start in starts:
        prefix = re.escape(f"{start}/") if start else ""
        fitting = [pair for pair in pairs if re.fullmatch(prefix + written, pair[1])]
        plain = [pair for pair in fitting if posixpath.basename(pair[0]).lower() in _USUAL]
        if plain and re.sub(r"\.\+|[/\\]", "", written):
            return _Spot(plain[0], start or "", shellwriting.spelled(call.context))
    return None


def _only(call: BuildCall, own: str, folder: str | None, pairs: Sequence[tuple[str, str]]) -> _Spot | None:
    """The one Dockerfile that a call with an unknown folder or context can mean."""
    file = call.last("file")
    if file is not None:
        tail = (file.text if file.text is not None else _tail(file)).removeprefix("./")
        fitting = [pair for pair in pairs if tail and f"/{pair[0]}".endswith(f"/{tail}")]
        near = [pair for pair in fitting if own in (posixpath.dirname(pair[0]), pair[1])]
        choices = near or fitting
    else:
        context = call.context.text if call.context is not None else None
        if context is not None and ("://" in context or context.startswith(("-", "git@", "github.com/"))):
            return None
        wanted = joined(own, context) if context is not None else own or None
        choices = [pair for pair in pairs if pair[1] == wanted]
        if context is None and not choices:
            choices = list(pairs)
    return _Spot(choices[0], folder or "") if len(choices) == 1 else None


def _tail(word: Value) -> str:
    """The literal end of ``word`` behind a slash."""
    text = ""
    for piece in reversed(word.pieces):
        if piece.text is None:
            return text[1:] if text.startswith("/") else ""
        text = piece.text + text
    return text


def _made(call: BuildCall | None, place: Place, open_names: Value | None) -> tuple[EarthCall, tuple[str, ...]]:
    """The call of earth with every option that it can take, and those that it cannot."""
    if call is None:
        return EarthCall(reference=place.image_target), ()
    call = replace(call, problem="")
    facts = Facts(open_names=open_names, dynamic=True)
    try:
        return translate(call, place, facts), ()
    except Left:
        pass
    kept: list[Option] = []
    lost: list[str] = []
    made = EarthCall(reference=place.image_target)
    # The image's name first: a push without one is refused.
    for option in sorted(call.options, key=lambda item: item.entry["becomes"] != "image"):
        trial = replace(call, options=tuple(item for item in call.options if item in (*kept, option)))
        try:
            made = translate(trial, place, facts)
        except Left:
            if option.name not in _SILENT_LOSSES and option.entry["becomes"] != "target":
                lost.append(f"--{option.name}" + (f" {shown(option.value)}" if option.value is not None else ""))
        else:
            kept.append(option)
    return made, tuple(lost)
