"""``--compose replace``: which services lose ``build:``, the targets that build them, and what their callers do first.

A service whose replacement is not certain keeps its ``build:`` and is reported; both kinds may stand in one file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from migrate.callsites import composebuild, composecall, composeedit
from migrate.callsites.compose import Built, command, is_override
from migrate.callsites.composecall import ComposeCall
from migrate.callsites.composeedit import Removal
from migrate.callsites.composefile import Reader, main_file
from migrate.callsites.model import Site, Tree
from migrate.callsites.translate import Left, tagged
from migrate.callsites.yamltext import YamlError
from migrate.composestate import ComposePlan, Item, Key, Placed, call_from, names_in
from migrate.composetargets import Recipes, one_call
from migrate.survey import Carrier


def plan(carriers: Sequence[Carrier], placed: Placed, recipes: Recipes, tree: Tree, tool: str) -> ComposePlan:
    """Decide for every service in ``carriers``; ``recipes`` makes the targets of projects."""
    made = ComposePlan(tree, tool, Reader(tree))
    calls: list[ComposeCall] = []
    for carrier in carriers:
        for site in carrier.sites:
            if carrier.name == "compose":
                _take(made, site, placed, recipes)
            elif (call := composecall.of(site)) is not None:
                calls.append(call)
    projects = made.projects(calls)
    paths = {carrier.path: carrier.text for carrier in carriers if carrier.name == "compose"}
    _meeting(made, projects)
    while True:
        before = len(made.why)
        _together(made, paths)
        _edited(made, paths)
        if len(made.why) == before:
            break
    for files in projects:
        _target(made, files, recipes)
    return made


def _take(made: ComposePlan, site: Site, placed: Placed, recipes: Recipes) -> None:
    built: Built = site.detail
    key = (built.service.path, built.service.name)
    # One reader for all files: what services share is one node then.
    built = replace(built, service=made.reader.services(site.path)[key[1]])
    made.sites[key] = replace(site, detail=built)
    try:
        if site.why:
            raise Left(site.why)
        folder, call = placed(site)
        if built.stays:
            raise Left(built.stays)
        if any(not word.head.startswith("--platform=") for word in call.flags) or call.environment:
            raise Left("its build needs options that a target cannot have")
        unclear = made.reader.unclear(posixpath.dirname(site.path))
        for name in names_in(call.arguments):
            if name in unclear:
                raise Left(f"{name} in .env is more than a plain value")
        recipes.check(call, site)
    except Left as left:
        made.why[key] = str(left)
        return
    made.items[key] = Item(site, built, folder, call)


def _meeting(made: ComposePlan, projects: Iterable[Sequence[str]]) -> None:
    """Services that several files of a project describe: their builds must mean the same alone and together."""
    for files in projects:
        made.merged |= {(first, second) for index, first in enumerate(files) for second in files[index + 1 :]}
    alternatives = {(main, path) for path, _ in made.sites if (main := main_file(path, made.tree))}
    for first, second in sorted(made.merged | alternatives):
        try:
            below, above = made.reader.services(first), made.reader.services(second)
        except YamlError:
            continue
        for name in below.keys() & above.keys():
            lower, upper = below[name], above[name]
            if lower.build is None:
                continue
            if upper.build is None:
                if upper.image is not None and tagged(upper.image) != tagged(lower.image or lower.default_image):
                    made.why.setdefault((first, name), f"{second} gives it another image")
            elif not composebuild.same_when_merged(lower, upper):
                made.why.setdefault((first, name), f"its build is merged with that of the same service in {second}")
                made.why.setdefault((second, name), f"its build is merged with that of the same service in {first}")


def _together(made: ComposePlan, paths: Mapping[str, str]) -> None:
    """What shares a build, an image or a base is replaced together or not at all."""
    names: dict[tuple[str, str], dict[str, Key]] = {}
    for key, item in made.items.items():
        if item.place[0] not in paths:
            made.why.setdefault(key, f"its build stands in {item.place[0]}, which is not rewritten")
        if key not in made.why:
            words = command(call_from(item, ""), "")
            names.setdefault((key[0], tagged(item.built.image) or ""), {})[words] = key
    for (_, image), found in names.items():
        if len(found) > 1:
            for key in found.values():
                others = ", ".join(sorted(other[1] for other in found.values() if other != key))
                made.why.setdefault(key, f"{others} builds another image of the same name {image}")
    changed = True
    while changed:
        changed = False
        for key, site in made.sites.items():
            service = site.detail.service
            if key not in made.why:
                continue
            shared = [other for other, item in made.items.items() if service.build.place == item.place]
            based = [base for base in service.bases if base in made.items]
            beside = [(other, key[1]) for pair in made.merged if key[0] in pair for other in pair]
            for other in [*shared, *based, *beside]:
                if other != key and other in made.items and other not in made.why:
                    where = f"{key[1]} in {key[0]}" if other[0] != key[0] else key[1]
                    made.why[other] = f"it goes together with {where}, whose build stays"
                    changed = True


def _edited(made: ComposePlan, paths: Mapping[str, str]) -> None:
    """The edits of every file, read again; what cannot be taken out cleanly stays."""
    made.edits = {}
    for path, text in paths.items():
        removals: dict[tuple[str, int], Removal] = {}
        for key, item in made.items.items():
            if key not in made.why and item.place[0] == path:
                removals.setdefault(item.place, _removal(item, made))
        chosen = list(removals.values())
        roots = made.reader.take(path, text)
        stuck = composeedit.needed_elsewhere(roots, chosen)
        reason = "an alias elsewhere needs its anchor"
        made_here = {removal.entry.place: composeedit.edits(text, removal) for removal in chosen}
        changes = [edit for found in made_here.values() for edit in found]
        if not stuck and not composeedit.says_the_same(text, roots, chosen, changes):
            stuck, reason = chosen, "the file would not read the same without it"
        for key, item in made.items.items():
            if any(removal.entry.place == item.place for removal in stuck):
                made.why.setdefault(key, reason)
        if not stuck:
            made.edits |= made_here


def _removal(item: Item, made: ComposePlan) -> Removal:
    """What takes the place of a build: the image's name where its file lacks it, and the policy never to pull it."""
    service = item.built.service
    entry = service.build
    assert entry is not None
    main = main_file(service.path, made.tree)
    merged_in = bool(main) and is_override(service.path) and service.name in made.reader.services(main)
    if merged_in and made.reader.services(main)[service.name].build is not None:
        others = [pair for pair in entry.holder.value if pair[0] is not entry.key]
        if others:
            return Removal(entry, None, policy=False)
    return Removal(entry, None if service.image is not None else item.built.image)


def _target(made: ComposePlan, files: tuple[str, ...], recipes: Recipes) -> None:
    """The target of one project, where it builds more than one image."""
    try:
        services = made.project(files)
    except Left:
        return
    keys: list[Key] = []
    for parts in services.values():
        built = [part for part in parts if part.build is not None]
        profiled = any(part.profiles for part in parts)
        if built and not profiled and all((part.path, part.name) in made.replaced for part in built):
            keys.append((built[-1].path, built[-1].name))
    if any(target.keys == frozenset(keys) for target in made.targets):
        return
    folder = posixpath.dirname(files[0])
    calls = [call_from(made.items[key], folder) for key in keys]
    if not calls or (one_call(calls) and recipes.known(files) is None):
        return
    sites = [made.items[key].site for key in keys]
    target = recipes.target(files, frozenset(keys), calls, sites)
    if target is not None:
        made.targets.append(target)
