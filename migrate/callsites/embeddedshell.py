"""Shell commands inside other files: a script in a YAML scalar, a command in a string. Edits are mapped back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate.callsites import shell
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.shellwords import ShellError
from migrate.callsites.yamltext import Embedded


class _Inner(NamedTuple):
    embedded: Embedded
    script: str
    """The embedded text with its ``${{ }}`` masked."""
    holes: Mapping[str, str]
    site: Site


def sites(
    embedded: Embedded, path: str, tree: Tree, flags: Mapping[str, object], folder: str | None, carrier: str
) -> list[Site]:
    """The build calls in ``embedded``, their places in the outer text. A script that cannot be followed is one site."""
    script, holes = masked(embedded.text)
    try:
        calls = shell.found(script, path, tree, flags, folder, holes)
    except ShellError as error:
        at = embedded.outer(min(error.offset, len(script)))
        if not re.search(r"\b(?:docker|podman)\b.*\bbuild\b", script):
            return []
        return [Site(path, carrier, at, at, why=f"the script cannot be followed: {error}")]
    return [
        replace(
            site,
            carrier=carrier,
            start=embedded.outer(site.start),
            end=embedded.outer(site.end),
            why=_filled(site.why, holes),
            detail=_Inner(embedded, script, holes, site),
        )
        for site in calls
    ]


def rewritten(site: Site, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``, in the outer text."""
    if site.why:
        return Outcome(site, why=site.why)
    inner: _Inner = site.detail
    done = shell.rewritten(inner.site, inner.script, translate, tool)
    edits = []
    for edit in done.edits:
        written = inner.embedded.written(_filled(edit.new, inner.holes))
        if written is None:
            return Outcome(site, why="its string cannot hold the new command")
        edits.append(Edit(inner.embedded.outer(edit.start), inner.embedded.outer(edit.end), written))
    return Outcome(site, tuple(edits), done.notes, _filled(done.why, inner.holes), done.suggestion)


def _filled(text: str, holes: Mapping[str, str]) -> str:
    for mask, original in holes.items():
        text = text.replace(mask, original)
    return text


def masked(script: str) -> tuple[str, dict[str, str]]:
    """``script`` with each ``${{ }}`` or ``{{ }}`` as a variable of the same length, and what each stands for."""
    holes: dict[str, str] = {}

    def mask(match: re.Match[str]) -> str:
        size = len(match.group())
        name = f"{len(holes)}".rjust(size - 3, "G")
        holes[f"${{{name}}}"] = match.group()
        return f"${{{name}}}"

    return re.sub(r"\$?\{\{.*?\}\}", mask, script, flags=re.DOTALL), holes
