"""Base images that another Dockerfile of the repository builds under a name that only the local engine knows.

The builder of earth asks registries for images, never the engine (facts: call sites, section 0.12). So such a FROM must
name the target; where that is certain, it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from migrate.callsites.buildcall import BuildCall, shown
from migrate.callsites.model import Site, joined, reference
from migrate.callsites.suggestions import Places
from migrate.callsites.translate import tagged
from migrate.callsites.values import Value
from migrate.records import Record
from migrate.settings import LocalBase
from migrate.survey import Demand

_FROM = re.compile(r"^[ \t]*FROM[ \t]+((?:--\S+[ \t]+)*)(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE | re.MULTILINE)
_ARG = re.compile(r"^[ \t]*ARG[ \t]+([^\n#]*)", re.IGNORECASE | re.MULTILINE)
_PAIR = re.compile(r"([A-Za-z_]\w*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_INHERITED = re.compile(r"^[ \t]*(ONBUILD|SHELL)[ \t]", re.IGNORECASE | re.MULTILINE)
#: Options of a build that a FROM with a target cannot repeat.
_OWN = frozenset(("secret", "ssh", "allow", "label", "add-host", "network", "left"))
Key = tuple[str, str]
"""A Dockerfile and its context."""


class Producer(NamedTuple):
    """A call that gives an image a name: the Dockerfile, its context, the stage ("" for the last)."""

    key: Key
    stage: str
    site: Site


class Finding(NamedTuple):
    """What became of one FROM: the base to use, or why it stays."""

    base: LocalBase | None
    why: str = ""


def found(
    wanted: Sequence[Demand], sources: Mapping[str, str], places: Places, pushing: Iterable[str]
) -> dict[Key, dict[str, Finding]]:
    """For each Dockerfile and context: the word of a FROM -> what is known of the image of this repository.

    ``pushing`` are the texts in which a name may be pushed.
    """
    producers = _producers(wanted)
    texts = [line for text in pushing for line in text.split("\n") if "push" in line]
    result: dict[Key, dict[str, Finding]] = {}
    for demand in wanted:
        key = (demand.dockerfile, demand.context)
        for word, flags in _froms(sources[demand.dockerfile]):
            names = {_value(word, sources[demand.dockerfile], site) for site in demand.sites or (None,)}
            known = [name for name in names if name is not None and tagged(name) in producers]
            if not known:
                continue
            finding = Finding(None, "calls pass other images, too")
            if len(names) == 1:
                chain = _chain(producers[tagged(known[0]) or ""][0].key, wanted, producers, sources)
                finding = _finding(demand, word, producers[tagged(known[0]) or ""], sources, places, chain)
                if flags:
                    finding = Finding(None, f"{flags.strip()} asks for another platform")
                elif _is_pushed(known[0], producers[tagged(known[0]) or ""], texts):
                    finding = Finding(None, "the name is also pushed to a registry")
            result.setdefault(key, {})[word] = finding
    return _without_circles(result, producers, wanted, sources)


def _producers(wanted: Iterable[Demand]) -> dict[str, list[Producer]]:
    named: dict[str, list[Producer]] = {}
    for demand in wanted:
        for site in demand.sites:
            if site.call is None:
                continue
            target = site.call.last("target")
            for value in site.call.values("image"):
                if value.text and (target is None or target.text is not None):
                    stage = (target.text or "").lower() if target is not None else ""
                    producer = Producer((demand.dockerfile, demand.context), stage, site)
                    named.setdefault(tagged(value.text) or "", []).append(producer)
    return named


def _froms(text: str) -> Iterator[tuple[str, str]]:
    """(word, flags) of each FROM that names no stage above it."""
    stages: set[str] = set()
    for match in _FROM.finditer(text):
        flags, word, stage = match.groups()
        if word.lower() not in stages:
            yield word, flags
        if stage:
            stages.add(stage.lower())


def _value(word: str, text: str, site: Site | None) -> str | None:
    """The image of ``FROM word`` in one call, None when only the run knows it."""
    first = _FROM.search(text)
    header = text[: first.start()] if first else text
    values: dict[str, str | None] = {}
    for line in _ARG.findall(header):
        for name, value in _PAIR.findall(line):
            values[name] = value.strip("\"'") if value and "$" not in value else None
    if site is not None and site.call is not None:
        values |= {name: value.text for name, value in _arguments(site.call).items() if name in values}
    parts = {match.group(1) or match.group(2) for match in _VARIABLE.finditer(word)}
    if any(values.get(name) is None for name in parts):
        return None
    filled = _VARIABLE.sub(lambda match: values.get(match.group(1) or match.group(2)) or "", word)
    return None if "$" in filled or not filled else filled


def _arguments(call: BuildCall) -> dict[str, Value]:
    """The build arguments of a call; one taken from the environment has no text."""
    given: dict[str, Value] = {}
    for value in call.values("argument"):
        match = _PAIR.match(value.head)
        if match is not None:
            rest = value.head[len(match.group(1)) :].startswith("=")
            given[match.group(1)] = value.after(len(match.group(1)) + 1) if rest else Value(value.pieces)
    return given


def _chain(
    start: Key, wanted: Sequence[Demand], producers: Mapping[str, Sequence[Producer]], sources: Mapping[str, str]
) -> str:
    """The texts of a Dockerfile and of those that build its base images: arguments may be passed on to them."""
    texts: dict[Key, str] = {}
    queue = [start]
    while queue:
        key = queue.pop()
        if key not in texts:
            texts[key] = sources[key[0]]
            queue += _makers(
                next(demand for demand in wanted if (demand.dockerfile, demand.context) == key), producers, sources
            )
    return "\n".join(texts.values())


def _makers(demand: Demand, producers: Mapping[str, Sequence[Producer]], sources: Mapping[str, str]) -> Iterator[Key]:
    """What builds the base images of one Dockerfile."""
    text = sources[demand.dockerfile]
    for word, _ in _froms(text):
        for name in {_value(word, text, site) for site in demand.sites or (None,)} - {None}:
            yield from (maker.key for maker in producers.get(tagged(name) or "", ()))


def _finding(
    demand: Demand,
    word: str,
    makers: Sequence[Producer],
    sources: Mapping[str, str],
    places: Places,
    chain: str,
) -> Finding:
    key = (demand.dockerfile, demand.context)
    first = makers[0]
    if any((maker.key, maker.stage) != (first.key, first.stage) for maker in makers):
        return Finding(None, "several builds give an image this name")
    if first.key == key:
        return Finding(None, "the same Dockerfile builds it")
    place = places.get((*first.key, first.stage))
    if place is None:
        return Finding(None, f"{first.key[0]} was not converted")
    text = sources[first.key[0]]
    if inherited := _INHERITED.search(text):
        return Finding(None, f"its {inherited.group(1).upper()} would not be inherited")
    makes = [maker.site.call for maker in makers if maker.site.call is not None]
    if own := [option.name for call in makes for option in call.options if option.entry["becomes"] in _OWN]:
        return Finding(None, f"it is built with --{own[0]}")
    uses = [site.call for site in demand.sites if site.call is not None]
    platforms = {tuple(shown(value) for value in call.values("platform")) for call in (*makes, *uses)}
    if len(platforms) > 1:
        return Finding(None, "the two are built for different platforms")
    here = demand.context == first.key[1]
    passed, why = _passed(chain, makes, uses, here=here)
    if why:
        return Finding(None, why)
    names = reference(place.folder, demand.context, place.image_target)
    passes = bool(passed) and any(value is None for value in passed.values()) and not here
    fixed = tuple(sorted((name, value) for name, value in passed.items() if value is not None))
    return Finding(LocalBase(word, names, passes, fixed))


def _passed(
    text: str, makes: Sequence[BuildCall], uses: Sequence[BuildCall], *, here: bool
) -> tuple[dict[str, str | None], str]:
    """The arguments that the base is built with, None for one that the call of both passes; and why that cannot be."""
    declared = {name for line in _ARG.findall(text) for name, _ in _PAIR.findall(line)}
    given = [_arguments(call) for call in makes]
    taken = [_arguments(call) for call in uses]
    found: dict[str, str | None] = {}
    for name in sorted(declared):
        values = {shown(one[name]) if name in one else None for one in given}
        others = {shown(one[name]) if name in one else None for one in taken}
        if len(values) > 1:
            return {}, f"calls build it with different values of {name}"
        value = given[0].get(name)
        if value is None:
            continue
        if value.text is not None and "\n" not in value.text:
            found[name] = value.text
        elif others != values:
            return {}, f"it is built with a value of {name} that only the run knows"
        else:
            found[name] = None
    leaks = here or None in found.values()
    reached = sorted(name for name in declared - found.keys() if leaks and any(name in one for one in taken))
    return found, f"the argument {reached[0]} of this build would reach it, too" if reached else ""


def _is_pushed(name: str, makers: Iterable[Producer], texts: Iterable[str]) -> bool:
    for maker in makers:
        call = maker.site.call
        for option in call.options if call is not None else ():
            outputs = option.name == "output" and re.search(r"registry|push", shown(option.value or Value(())))
            if outputs or (option.name == "push" and not (option.value is not None and option.value.text == "false")):
                return True
    plain = re.escape(name.removesuffix(":latest"))
    pattern = re.compile(rf"push\b.*(?<![\w./-]){plain}(?![\w./-])")
    return any(pattern.search(text) for text in texts)


def _without_circles(
    result: dict[Key, dict[str, Finding]],
    producers: Mapping[str, Sequence[Producer]],
    wanted: Iterable[Demand],
    sources: Mapping[str, str],
) -> dict[Key, dict[str, Finding]]:
    """No base may need what is built on it."""
    edges = {
        (demand.dockerfile, demand.context): set(_makers(demand, producers, sources))
        for demand in wanted
        if (demand.dockerfile, demand.context) in result
    }

    def reaches(start: Key, goal: Key) -> bool:
        seen, queue = set(), [start]
        while queue:
            here = queue.pop()
            if here == goal:
                return True
            if here not in seen:
                seen.add(here)
                queue += edges.get(here, ())
        return False

    for key, findings in result.items():
        if any(reaches(base, key) for base in edges.get(key, ())):
            result[key] = dict.fromkeys(findings, Finding(None, "it is itself built on this image"))
    return result


def remembered(record: Record, targets: Mapping[str, frozenset[str]]) -> tuple[LocalBase, ...]:
    """The bases of an earlier run whose target is still there. ``targets``: folder -> what its Earthfile has."""
    kept = []
    for base in record.bases:
        way, _, target = base.reference.rpartition("+")
        folder = joined(record.context, way.replace("\\+", "+") or ".")
        if folder is not None and target in targets.get(folder, frozenset()):
            kept.append(base)
    return tuple(kept)


def lost_arguments(bases: Iterable[LocalBase], text: str) -> frozenset[str]:
    """Build arguments that only chose a base which is a target now: ``text``, the Earthfile, declares them no more."""
    named = {match.group(1) or match.group(2) for base in bases for match in _VARIABLE.finditer(base.written)}
    return frozenset(name for name in named if not re.search(rf"^\s*ARG (?:--\w+ )*{name}\b", text, re.MULTILINE))
