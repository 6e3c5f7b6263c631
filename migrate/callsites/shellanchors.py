"""Folders that a script names in a way that does not depend on where it is started: its own, and the repository's root.

``DIR="$(cd "$(dirname "$0")/.." && pwd)"`` and ``$(git rev-parse --show-toplevel)`` and what is below them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import replace

from migrate.callsites.buildcall import BuildCall
from migrate.callsites.model import Site, Tree, joined, placed
from migrate.callsites.shellwords import Command
from migrate.callsites.values import Value, literal

_SCRIPT = re.compile(
    r"(?:\$(?:0|BASH_SOURCE|\{0\}|\{BASH_SOURCE(?:\[0\])?\}|\{\(%\):-%[xN]\})"
    r"|\$\((?:realpath|readlink -[ef]) \$(?:0|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})\))$"
)
_OWN = re.compile(r"\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\}$")
_TOP = re.compile(r"(?:\$\(|`)git rev-parse --show-toplevel[)`]$")
_THERE = re.compile(r"\$\((?:cd|pushd) (?:-P )?(.+?) ?(?:(?:&?>|1>) ?/dev/null ?(?:2>&1 ?)?)?(?:&&|;) ?pwd(?: -P)?\)$")
_REAL = re.compile(r"\$\((?:realpath|readlink -[ef]) (.+)\)$")
_PARENT = re.compile(r"\$\(dirname (.+)\)$")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_DEEPEST = 12


class Anchors:
    """What the variables of one script stand for; ``path`` is the script's."""

    def __init__(self, commands: Iterable[Command], path: str) -> None:
        self.own = path.rpartition("/")[0]
        self.known: dict[str, str] = {}
        seen: set[str] = set()
        for command in commands:
            for word in command.setting:
                raw = _raw(word)
                name, equals, value = raw.partition("=")
                folder = self._folder(value) if equals else None
                certain = not (command.conditional or command.function or command.loops or command.substituted)
                if folder is not None and certain and name not in seen:
                    self.known[name] = folder
                elif re.sub(r"[^\w].*", "", name) in self.known and name not in ("-r", "-x"):
                    del self.known[re.sub(r"[^\w].*", "", name)]
                seen.add(re.sub(r"[^\w].*", "", name))

    def folder(self, word: Value) -> str | None:
        """The path in the repository that ``word`` surely is, None for another word; "" is the root."""
        if word.text is not None:
            return None
        return self._folder(_raw(word))

    def _folder(self, raw: str, depth: int = 0) -> str | None:
        if depth > _DEEPEST:
            return None
        text = " ".join(raw.replace('"', "").replace(" -- ", " ").split())
        head, rest = _split(text)
        if "$" in rest or "`" in rest:
            return None
        base = self._base(head, depth + 1)
        return joined(base, rest.lstrip("/") or ".") if base is not None else None

    def _base(self, text: str, depth: int) -> str | None:
        if (variable := _VARIABLE.fullmatch(text)) is not None:
            return self.known.get(variable.group(1) or variable.group(2))
        if _OWN.match(text):
            return self.own
        if _TOP.match(text):
            return ""
        if (match := _PARENT.match(text)) is not None:
            inner = match.group(1)
            if _SCRIPT.match(inner):
                return self.own
            folder = self._folder(inner, depth)
            return joined(folder, "..") if folder else None
        if (match := _THERE.match(text) or _REAL.match(text)) is not None:
            return self._folder(match.group(1), depth)
        return None


def place(site: Site, folders: Iterable[str | None], anchors: Anchors, text: str, tree: Tree) -> Site | None:
    """``site`` with its files where its call names one of them by an anchor; None for any other call.

    ``text`` is the script. A context that is named so becomes a folder to go to: a reference in a call of earth must
    start with a dot.
    """
    call = site.call
    if call is None or call.context is None or call.problem:
        return None
    file, context = call.last("file"), anchors.folder(call.context)
    named = anchors.folder(file) if file is not None else None
    if context is None and named is None:
        return None
    for folder in dict.fromkeys(folders):
        path = named if named is not None else _seen_from(folder, file)
        start = folder if context is None else ""
        if start is None or (file is not None and path is None):
            continue
        fixed = replace(call, context=literal(context or ".")) if context is not None else call
        fixed = _with_file(fixed, posixpath.relpath(path, start or ".")) if path is not None else fixed
        found = placed(replace(site, call=fixed), (start,), tree)
        if found.dockerfile is not None and context is not None:
            return replace(found, folder=found.context, moving=text[call.context.start : call.context.end])
        if found.dockerfile is not None:
            return found
    return None


def _seen_from(folder: str | None, file: Value | None) -> str | None:
    """The path in the repository of a file that is named from ``folder``."""
    return joined(folder, file.text) if folder is not None and file is not None and file.text is not None else None


def _with_file(call: BuildCall, path: str) -> BuildCall:
    options = tuple(
        option._replace(value=literal(path)) if option.entry["becomes"] == "file" else option for option in call.options
    )
    return replace(call, options=options)


def _raw(word: Value) -> str:
    return "".join(piece.raw or piece.text or "" for piece in word.pieces)


def _split(text: str) -> tuple[str, str]:
    """An expansion at the start of ``text``, and what follows it."""
    if text.startswith("`"):
        end = text.find("`", 1) + 1
    elif text.startswith("$("):
        depth, end = 0, 0
        for index, char in enumerate(text):
            depth += (char == "(") - (char == ")")
            if char == ")" and depth == 0:
                end = index + 1
                break
    elif text.startswith("${"):
        end = text.find("}") + 1
    else:
        match = _VARIABLE.match(text)
        end = match.end() if match else 0
    return text[:end], text[end:]
