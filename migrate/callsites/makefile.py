"""Makefiles: the recipe lines, each a script of its own. Source: GNU make manual, 5.1 Recipe Syntax.

make reads ``$(X)``, ``${X}``, ``$@`` before the shell does, and ``$$`` is the shell's ``$``: the former are opaque
words here, the latter are put back doubled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate.callsites import makevariables, shell, shellfolders
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.embeddedshell import LOOKS_LIKE_A_CALL
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.shellreading import ShellError
from migrate.callsites.translate import Note

_LOGICAL_LINE = re.compile(r"(?:[^\\\n]|\\\r?\n|\\[^\n])*\n?")
_PREFIX = re.compile(r"[ \t]*(?:[@+-][ \t]*)*")
_ASSIGNMENT = re.compile(r"[^#=:]*?(?::{1,3}|\?|\+|!)?=")
_RULE = re.compile(r"[^\s#=][^=\n#]*?::?(?!=)")
_CONDITION = re.compile(r"(?:ifeq|ifneq|ifdef|ifndef|else|endif|-?include)\b")
_ELSEWHERE = {
    "define": "it stands in a define, which make expands elsewhere",
    "variable": "a variable of make holds it",
}
#: A call inside a reference of make, such as ``$(call run,docker build .)``.
_EXPANDED = re.compile(r"\$\([^()]*(?<![\w./-])(?:docker|podman)\s+(?:buildx\s+|image\s+)?build\s")
_BUILDS = re.compile(r"\b(?:docker|podman)\b|\$[({](?:DOCKER|CONTAINER)\w*[)}]")


class _Recipe(NamedTuple):
    script: str
    """What the shell gets, make's own references masked."""
    places: tuple[tuple[int, int], ...]
    holes: Mapping[str, str]
    site: Site | None = None

    def outer(self, offset: int) -> int:
        inner, outer = next((item for item in reversed(self.places) if item[0] <= offset), self.places[0])
        return outer + offset - inner

    def shown(self, why: str) -> str:
        """``why`` with make's references as they were written."""
        for mask, original in self.holes.items():
            why = why.replace(mask, original)
        return why

    def written(self, new: str) -> str:
        """``new`` as make must read it."""
        new = new.replace("$", "$$")
        for mask, original in self.holes.items():
            new = new.replace(mask.replace("$", "$$"), original)
        return new


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls in the recipes of a Makefile."""
    own = path.rpartition("/")[0]
    start = None if path.endswith(".mk") else own
    if re.search(r"^\.ONESHELL\s*:", text, re.MULTILINE) and re.search(r"\b(?:cd|pushd)\b", text):
        start = shellfolders.UNKNOWN
    found: list[Site] = []
    tools = makevariables.dockers(text)
    for first, last, kind in _recipe_lines(text):
        line = text[first:last]
        if not _BUILDS.search(line) or "build" not in line:
            continue
        if kind != "recipe":
            if kind == "define" or LOOKS_LIKE_A_CALL.search(line):
                found.append(Site(path, "makefile", first, last, why=_ELSEWHERE[kind]))
            continue
        recipe = _recipe(text, first, last)
        try:
            inner = shell.found(recipe.script, path, tree, data.docker_flags, start, recipe.holes, _written_as(tools))
        except ShellError as error:
            found.append(Site(path, "makefile", first, last, why=f"its recipe cannot be followed: {error}"))
            continue
        if not inner and _EXPANDED.search(line):
            found.append(Site(path, "makefile", first, last, why="make puts the command together"))
        found += [
            replace(
                site,
                why=recipe.shown(site.why),
                carrier="makefile",
                start=recipe.outer(site.start),
                end=recipe.outer(site.end),
                holes=recipe.holes,
                detail=recipe._replace(site=site),
            )
            for site in inner
        ]
    return found


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    if site.why:
        return Outcome(site, why=site.why)
    recipe: _Recipe = site.detail
    if _variable_of(recipe) is not None and (name := makevariables.named(text, tool)) is not None:
        recipe = recipe._replace(holes={**recipe.holes, f"${{{name}}}": f"$({name})"})
        tool = f"${{{name}}}"
    assert recipe.site is not None
    done = shell.rewritten(recipe.site, recipe.script, translate, tool)
    edits = [Edit(recipe.outer(edit.start), recipe.outer(edit.end), recipe.written(edit.new)) for edit in done.edits]
    return Outcome(site, tuple(edits), done.notes, recipe.shown(done.why))


def companions(text: str, outcomes: list[Outcome], data: Data, tool: str) -> tuple[list[Edit], list[tuple[int, Note]]]:
    """A variable for the tool below the one for docker, where calls use that."""
    command = data.earth_tools[tool]["command"]
    name = makevariables.named(text, command)
    used = {_variable_of(outcome.site.detail) for outcome in outcomes if outcome.edits}
    places = sorted(place for variable, place in makevariables.dockers(text).items() if variable in used)
    if name is None or not places or makevariables.values(text, name):
        return [], []
    newline = "\r\n" if "\r\n" in text else "\n"
    return [Edit(places[0], places[0], f"{name} ?= {command}{newline}")], []


def _written_as(tools: Iterable[str]) -> list[str]:
    """The variables as they are masked in a recipe."""
    return [f"${{{name}}}" for name in tools]


def _variable_of(recipe: _Recipe) -> str | None:
    """The variable of make that a call names as its tool."""
    assert recipe.site is not None
    word = shell.tool_word(recipe.site)
    if recipe.site.why or word is None:
        return None
    match = re.fullmatch(r"\$\{(\w+)\}", recipe.script[word.start : word.end])
    return match.group(1) if match else None


def _recipe_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of each logical line of a recipe, its leading tab and prefixes left out."""
    prefix = "\t"
    position, in_rule, in_define = 0, False, False
    while position < len(text):
        match = _LOGICAL_LINE.match(text, position)
        assert match is not None
        line, position = match.group(), max(match.end(), position + 1)
        plain = line.strip()
        if in_define:
            in_define = plain != "endef"
            yield match.start(), match.end(), "define"
        elif re.match(r"define\b", plain):
            in_define = True
        elif (custom := re.match(r"\.RECIPEPREFIX\s*:?=\s*(\S)", plain)) is not None:
            prefix = custom.group(1)
        elif line.startswith(prefix) and in_rule:
            inner = _PREFIX.match(text, match.start() + len(prefix))
            assert inner is not None
            if inner.end() < match.end():
                yield inner.end(), match.start() + len(line.rstrip("\r\n")), "recipe"
        elif plain and not plain.startswith("#") and not _CONDITION.match(plain):
            if _ASSIGNMENT.match(line):
                yield match.start(), match.start() + len(line.rstrip("\r\n")), "variable"
            in_rule = bool(_RULE.match(line)) and not _ASSIGNMENT.match(line.split(":", 1)[0])
            rule, semicolon, _ = line.partition(";")
            if in_rule and semicolon and "=" not in rule:
                inner = _PREFIX.match(text, match.start() + len(rule) + 1)
                assert inner is not None
                yield inner.end(), match.start() + len(line.rstrip("\r\n")), "recipe"


def _recipe(text: str, first: int, last: int) -> _Recipe:
    script, places = "", [(0, first)]
    holes: dict[str, str] = {}
    position = first
    whole = text[first:last]
    while position < last:
        if text[position] != "$":
            script += text[position]
            position += 1
            continue
        if text.startswith("$$", position):
            script += "$"
            position += 2
            places.append((len(script), position))
            continue
        end = _reference_end(text, position, last)
        original = text[position:end]
        mask = _mask(original, whole, holes)
        holes[mask] = original
        script += mask
        position = end
        places.append((len(script), position))
    return _Recipe(script, tuple(places), holes)


def _reference_end(text: str, start: int, last: int) -> int:
    """Just after make's reference that starts at ``start``."""
    opening = text[start + 1 : start + 2]
    closing = {"(": ")", "{": "}"}.get(opening)
    if closing is None:
        return min(start + 2, last)
    depth = 0
    for index in range(start + 1, last):
        depth += (text[index] == opening) - (text[index] == closing)
        if depth == 0:
            return index + 1
    return last


def _mask(original: str, whole: str, holes: Mapping[str, str]) -> str:
    """A variable of the shell in the place of make's: its own name where that is clear, so that it can be known."""
    name = re.fullmatch(r"\$[({]([A-Za-z_]\w*)[)}]", original)
    if name and f"$${{{name.group(1)}}}" not in whole:
        return f"${{{name.group(1)}}}"
    known = next((mask for mask, text in holes.items() if text == original), None)
    return known or f"${{MAKE{len(holes)}_}}"
