"""Compose files: each service that is built. ``build:`` stays and gets the ``image:`` that the Earthfile saves, or it
goes where a plan says so (``--compose replace``: migrate.composeplan).

Source: the Compose specification, "build" (context, dockerfile, target, args, tags) and "image".
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from migrate.callsites import composebuild, shellwriting, yamltext
from migrate.callsites.composefile import OVERRIDES, Reader, Service, main_file
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import literal
from migrate.callsites.yamlnodes import is_mapping

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node


@dataclass(frozen=True, slots=True)
class Built:
    """What a site knows of its service: ``image`` is its name in a project; ``given`` whether a file says it.

    ``names`` whether this site is the one that writes the name into the file. ``stays`` says why ``build:`` cannot
    go. ``lost`` are keys of ``build:`` that go with it and their reasons.
    """

    service: Service
    image: str
    given: bool
    names: bool
    stays: str = ""
    lost: tuple[tuple[str, str], ...] = ()


@runtime_checkable
class Planned(Protocol):
    """A translator that has decided which services lose ``build:``."""

    compose: Callable[[Site], Outcome] | None


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The services that are built. Raises YamlError."""
    reader = Reader(tree)
    reader.take(path, text)
    peers = _peers(path, reader, tree)
    folder = posixpath.dirname(path)
    environment = {**reader.environment(folder), **dict.fromkeys(reader.unclear(folder))}
    found: list[Site] = []
    named: set[tuple[str, int]] = set()
    for service in reader.services(path).values():
        if service.build is not None:
            site = _site(service, peers.get(service.name), text, environment, tree, data)
            detail: Built = site.detail
            if detail.names and service.build.place in named:
                site = replace(site, detail=replace(detail, names=False))
            named.add(service.build.place)
            found.append(site)
    return found


def _peers(path: str, reader: Reader, tree: Tree) -> dict[str, Service]:
    """The services of the file that Compose reads before this one, when both are of one project."""
    main = main_file(path, tree)
    if not main:
        return {}
    try:
        return reader.services(main)
    except yamltext.YamlError:
        return {}


def _site(
    service: Service, peer: Service | None, text: str, environment: dict[str, str | None], tree: Tree, data: Data
) -> Site:
    assert service.build is not None
    entry = service.build if service.build.holder is service.node else None
    first = yamltext.start(entry.key) if entry else yamltext.start(service.key)
    last = value_end(entry.key, entry.value, text) if entry else yamltext.end(service.key)
    image = service.image or service.default_image
    if service.image is None and peer is not None:
        image = peer.image or peer.default_image
    given = service.image is not None or (peer is not None and peer.image is not None)
    names = not given and service.build.path == service.path
    detail = Built(service, image, given, names and (peer is None or is_override(service.path)))
    site = Site(service.path, "compose", first, last, detail=detail)
    folder = posixpath.dirname(service.build.path)
    try:
        call = composebuild.read(service, image, data, environment)
        dockerfile, context = composebuild.place(call, folder, tree)
        detail = replace(
            detail,
            stays=composebuild.needs_compose(service, data),
            lost=tuple(composebuild.lost(service, data)),
        )
        if peer is not None and peer.build is not None and not composebuild.same_when_merged(peer, service):
            raise Left(f"its build is merged with that of the same service in {peer.path}")
    except Left as left:
        return replace(site, why=str(left))
    suggested = None if given else image
    return replace(
        site, call=call, folder=folder, dockerfile=dockerfile, context=context, suggested=suggested, detail=detail
    )


def is_override(path: str) -> bool:
    """Whether Compose merges the file by itself into the main one, so that nobody reads it alone."""
    return posixpath.basename(path) in OVERRIDES


def value_end(key: Node, value: Node, text: str) -> int:
    """Just after an entry's value, which may be an alias: its node stands where the anchor is."""
    after = yamltext.end(key)
    written = text[after:].lstrip(" \t")
    if written.startswith(":"):
        alias = written[1:].lstrip(" \t")
        if alias.startswith("*"):
            name = len(alias) - len(alias[1:].lstrip("".join(_ANCHOR)))
            return len(text) - len(alias) + name
    end = max(yamltext.end(value), after)
    return yamltext.start(key) + len(text[yamltext.start(key) : end].rstrip())


_ANCHOR = [chr(code) for code in range(33, 127) if chr(code) not in "[]{},"]


def command(made: EarthCall, tool: str) -> str:
    """A call of earth as people would type it."""
    words = [literal(tool), *made.flags, literal(made.reference), *made.arguments]
    return " ".join(shellwriting.spelled(word) for word in words)


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edit for one of ``sites``: what the plan says, or the name that the Earthfile saves, where none is given."""
    if isinstance(translate, Planned) and translate.compose is not None:
        return translate.compose(site)
    if site.why:
        return Outcome(site, why=site.why)
    built: Built = site.detail
    try:
        if built.stays.startswith("build."):
            raise Left(built.stays)
        made = translate(site)
    except Left as left:
        return Outcome(site, why=str(left))
    notes = tuple(note for note in made.notes if note.code != "EM802")
    notes = (*notes, Note("EM807", {"service": built.service.name, "command": command(made, tool)}))
    return Outcome(site, named(built, text), notes)


def named(built: Built, text: str) -> tuple[Edit, ...]:
    """The edit that writes the image's name in front of ``build:``, where a site has to."""
    if not built.names:
        return ()
    entry = built.service.build
    assert entry is not None
    start = yamltext.start(entry.key)
    if is_mapping(entry.holder) and entry.holder.flow_style:
        return (Edit(start, start, f"image: {built.image}, "),)
    newline = "\r\n" if "\r\n" in text else "\n"
    return (Edit(start, start, f"image: {built.image}{newline}{' ' * entry.key.start_mark.column}"),)
