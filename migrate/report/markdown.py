"""Untrusted text in Markdown as GitHub reads it, and in Mermaid: shown as it is, never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.diagnostics import visible

#: What starts markup becomes an entity; the other signs stay readable.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>!|~&^$]")
#: Mentions, issue numbers and addresses are found in the text that a reader sees: a comment cuts them in two.
_LINKED = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=www)(?=\.)")
_LABEL = re.compile(r"[^A-Za-z0-9 ._/:+,()=-]")


def plain(text: str) -> str:
    """``text`` as running text: no emphasis, link, mention, issue number, HTML or formula comes out of it."""
    cut = _LINKED.split(visible(text))
    return "<!-- -->".join(_MARKUP.sub(lambda match: f"&#{ord(match.group())};", part) for part in cut)


def code(text: str) -> str:
    """``text`` in a code span that nothing in it ends; a bar is escaped for tables."""
    shown = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def block(text: str, language: str) -> str:
    """``text`` as a fenced block that nothing in it ends."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def label(text: str) -> str:
    """``text`` as a label of Mermaid: in quotes, every other sign as a character code."""
    return '"' + _LABEL.sub(lambda match: f"#{ord(match.group())};", visible(text)) + '"'


def details(summary: str, body: str) -> str:
    """``body``, folded away under ``summary``, which is HTML already."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body.rstrip()}\n\n</details>"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
