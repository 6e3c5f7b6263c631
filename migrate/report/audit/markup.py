"""HTML that cannot be broken out of: every string is escaped, unless it is ``Html`` that these functions made."""

from __future__ import annotations

import base64
import hashlib
import html
import pkgutil
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from migrate.diagnostics import visible


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = str | int | None
"""What may stand in an element: ``Html`` as it is, other text escaped, None for nothing."""

_EMPTY = {"meta", "link", "input", "br"}


def text(value: Content) -> Html:
    """``value`` as HTML: escaped, control and direction characters spelled out."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else html.escape(visible(str(value))))


def element(name: str, /, *children: Content, **attributes: Content | bool) -> Html:
    """``<name ...>children</name>``. ``class_`` is class, ``data_state`` is data-state; None and False are left out."""
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def join(parts: Iterable[Content], separator: str = "") -> Html:
    """``parts`` one after the other."""
    return Html(separator.join(text(part) for part in parts))


def link(target: str, *children: Content, **attributes: Content | bool) -> Html:
    """A link; ``target`` is a path that we made, or a web address."""
    return element("a", *children, href=target, **attributes)


def code(value: Content) -> Html:
    """Something to be read letter by letter."""
    return element("code", value)


def lines(values: Iterable[str]) -> Html:
    """Lines of code as they are, for ``<pre>``."""
    return join(map(code, values), "\n")


def commands(values: Iterable[str]) -> Html:
    """Lines that are copied and run: blanks of every kind stay what they are."""
    return Html("\n".join(element("code", Html(html.escape(value))) for value in values))


def prose(value: str) -> Html:
    """A text of the catalogue, in which ``backticks`` mark code."""
    parts = re.split(r"`([^`]+)`", value)
    return join(code(part) if index % 2 else part for index, part in enumerate(parts))


def definitions(pairs: Iterable[tuple[Content, Content]]) -> Html:
    """A list of terms and what they are; a pair without the latter is left out."""
    parts = [join([element("dt", term), element("dd", meaning)]) for term, meaning in pairs if meaning]
    return element("dl", *parts)


class Cell(NamedTuple):
    """A cell of a table; ``sort`` is what it is sorted by, when that is not its text: "" always comes last."""

    content: Content
    sort: int | str | None = None
    number: bool = False


def number(value: int, shown: str | None = None) -> Cell:
    """A cell with a number, or with ``shown`` in its place."""
    return Cell(str(value) if shown is None else shown, None if shown is None else value, number=True)


class Column(NamedTuple):
    """The head of a column; ``sort`` is how the table stands at first: "ascending", "descending" or ""."""

    title: str
    number: bool = False
    sort: str = ""


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Html], *, sortable: bool = False, name: str | None = None
) -> Html:
    """A table; its rows come from ``row``."""
    heads = [
        element("th", column.title, scope="col", class_="n" if column.number else None, aria_sort=column.sort or None)
        for column in columns
    ]
    body = join(rows, "\n")
    kind = "sortable" if sortable else None
    head = element("thead", element("tr", *heads))
    inner = [element("caption", element("span", caption)), head, element("tbody", body)]
    # A wide table scrolls in a box of its own; the box takes the keyboard's focus to do so.
    return element(
        "div", element("table", *inner, class_=kind, id=name), class_="wide", tabindex="0", role="region",
        aria_label=re.sub(r"<[^>]*>", "", caption) if isinstance(caption, str) else None,
    )  # fmt: skip


def row(cells: Sequence[Cell | Content], **attributes: Content) -> Html:
    """A row; its first cell is what the row is about."""
    parts = []
    for index, item in enumerate(cells):
        cell = item if isinstance(item, Cell) else Cell(item)
        name, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
        kind = ' class="n"' if cell.number else ""
        sort = "" if cell.sort is None else f' data-sort="{text(cell.sort)}"'
        parts.append(f"<{name}{scope}{kind}{sort}>{text(cell.content)}</{name}>")
    return element("tr", *map(Html, parts), **attributes)


@cache
def asset(name: str) -> str:
    """A text file beside this module, also in a wheel and in a zip."""
    data = pkgutil.get_data(__package__, name)
    assert data is not None, name
    return data.decode("utf-8").replace("\r\n", "\n")


def _digest(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


@cache
def _head(script: str) -> Html:
    style = asset("audit.css")
    # Nothing but our own style and script counts, and nothing is ever loaded: a second wall behind the escaping.
    scripts = _digest(script) if script else "'none'"
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {scripts}; base-uri 'none'"
    return join(
        [
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="generator", content="earthmigrate"),
            element("style", Html(style)),
        ],
        "\n",
    )


def document(title: str, *body: Content, script: str = "") -> bytes:
    """A whole page. ``script`` is the name of an asset."""
    source = asset(script) if script else ""
    parts = [
        Html('<!doctype html>\n<html lang="en">\n<head>'),
        _head(source),
        element("title", title),
        Html("</head>\n<body>"),
        link("#main", "To the content", class_="skip"),
        *body,
        element("script", Html(source)) if source else None,
        Html("</body>\n</html>\n"),
    ]
    return join(parts, "\n").encode("utf-8")
