"""Markdown: commands in fenced blocks of a shell language, whole lines only. Asked for with ``--docs``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.callsites import embeddedshell
from migrate.callsites.data import Data
from migrate.callsites.model import Outcome, Site, Translator, Tree
from migrate.callsites.yamltext import Embedded

_FENCE = re.compile(r"^( {0,3}|[ \t]*)(`{3,}(?!`)|~{3,}(?!~))[ \t]*([A-Za-z0-9_-]*)[^\n]*\n", re.MULTILINE)
_CONSOLES = frozenset(("console", "shell-session", "sh-session", "terminal"))
_LANGUAGES = frozenset(("", "sh", "bash", "shell", "console", "zsh", "shell-session", "sh-session", "terminal", "text"))


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls in fenced blocks. Readers run them in the root of the repository, or beside the page."""
    found: list[Site] = []
    for start, end, language in _blocks(text):
        for inner in _commands(text, start, end, root=language in _CONSOLES):
            found += embeddedshell.sites(inner, path, tree, data.docker_flags, None, "markdown")
    return found


def _blocks(text: str) -> Iterator[tuple[int, int, str]]:
    position = 0
    while (fence := _FENCE.search(text, position)) is not None:
        close = re.compile(rf"^[ \t]*{re.escape(fence.group(2))}[`~]*[ \t]*$", re.MULTILINE).search(text, fence.end())
        end = close.start() if close else len(text)
        if fence.group(3).lower() in _LANGUAGES:
            yield fence.end(), end, fence.group(3).lower()
        position = close.end() if close else len(text)


def _commands(text: str, start: int, end: int, *, root: bool) -> Iterator[Embedded]:
    """Each command of a block: a line with what its backslashes continue. A prompt in front is not part of it."""
    position = start
    # "# " is the prompt of root in a session, and a comment in a script.
    line = re.compile(rf"[ \t]*(?:[$%>{'#' if root else ''}] )?((?:[^\\\n]|\\[^\n]|\\\n)*)\n?")
    while position < end:
        match = line.match(text, position, end)
        assert match is not None
        command = match.group(1).rstrip()
        if re.search(r"\b(?:docker|podman)\b", command) and "build" in command:
            yield Embedded(command, "|", ((0, match.start(1)),))
        position = max(match.end(), position + 1)


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    return embeddedshell.rewritten(site, translate, tool)
