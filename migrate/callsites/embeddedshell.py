"""Shell commands inside other files: a script in a YAML scalar, a command in a string. Edits are mapped back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import shell
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.shellreading import ShellError
from migrate.callsites.shellwords import Loop
from migrate.callsites.unread import speaks_of_builds
from migrate.callsites.yamltext import Embedded, embedded, end, scalar, start

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

#: A script without any of these calls nothing that is looked for.
_MENTIONS_A_TOOL = re.compile(r"docker|podman|container_|kaniko|buildah", re.IGNORECASE)
#: Text that looks like a call, where no parser can look closer.
LOOKS_LIKE_A_CALL = re.compile(
    r"(?<![\w./-])(?:docker|podman)\s+(?:buildx\s+|image\s+|builder\s+)?build\s+(?:-|\.|/|\$|\\|\w)"
)


_MOST_HOLES = 300


class _Inner(NamedTuple):
    embedded: Embedded
    script: str
    """The embedded text with its ``${{ }}`` masked."""
    holes: Mapping[str, str]
    site: Site


Values = Callable[[str], "tuple[str, ...] | None"]
"""The values that a hole such as ``${{ matrix.x }}`` takes, None when only the run knows them."""


def sites(
    inner: Embedded,
    path: str,
    tree: Tree,
    flags: Mapping[str, object],
    folder: str | None,
    carrier: str,
    values: Values = lambda _: None,
) -> list[Site]:
    """The build calls in ``inner``, their places in the outer text. A script that cannot be followed is one site."""
    script, holes = masked(inner.text)
    if not holes and not _MENTIONS_A_TOOL.search(script):
        return []
    if len(holes) > _MOST_HOLES:
        why = f"its script has more than {_MOST_HOLES} expressions"
        return [Site(path, carrier, inner.outer(0), inner.outer(0), why=why)] if speaks_of_builds(script) else []
    known = [Loop(mask[2:-1], values(hole), braced=True) for mask, hole in holes.items()]
    try:
        calls = shell.found(script, path, tree, flags, folder, holes, known=known)
    except ShellError as error:
        at = inner.outer(min(error.offset, len(script)))
        if not speaks_of_builds(script):
            return []
        return [Site(path, carrier, at, at, why=f"the script cannot be followed: {error}")]
    return [
        replace(
            site,
            why=_filled(site.why, holes),
            carrier=carrier,
            start=inner.outer(site.start),
            end=inner.outer(site.end),
            holes=holes,
            detail=_Inner(inner, script, holes, site),
        )
        for site in calls
    ]


def scalar_sites(
    node: Node | None,
    text: str,
    path: str,
    tree: Tree,
    flags: Mapping[str, object],
    folder: str | None,
    carrier: str,
    values: Values = lambda _: None,
) -> list[Site]:
    """The build calls in a YAML scalar; one whose text is not what stands in the file is reported as a whole."""
    inner = embedded(node, text)
    if inner is not None:
        return sites(inner, path, tree, flags, folder, carrier, values)
    value = scalar(node)
    if node is None or value is None or not LOOKS_LIKE_A_CALL.search(value):
        return []
    return [Site(path, carrier, start(node), end(node), why="its YAML string has escapes or is folded")]


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
    return Outcome(site, tuple(edits), done.notes, _filled(done.why, inner.holes))


def unread(text: str, path: str, carrier: str, why: str) -> list[Site]:
    """The first call in a file that its parser refuses, as far as text shows one."""
    match = LOOKS_LIKE_A_CALL.search(text)
    return [Site(path, carrier, match.start(), match.end(), why=why)] if match else []


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

    # Behind the last end there is none: the rest of the text would be looked through for each start.
    last = script.rfind("}}") + 2
    return re.sub(r"\$?\{\{.*?\}\}", mask, script[:last], flags=re.DOTALL) + script[last:], holes
