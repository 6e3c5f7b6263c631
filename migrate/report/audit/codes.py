"""A page for each diagnostic code, for whoever solves one obstacle in all repositories."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.mappings import builtin, explanation
from migrate.report.audit.figures import CodeFigures, Figures, count, percent
from migrate.report.audit.markup import (
    Cell,
    Column,
    Html,
    definitions,
    document,
    element,
    join,
    lines,
    number,
    prose,
    row,
    table,
)
from migrate.report.audit.parts import About, code_name, described, is_code, page_link, shown_state, up

_TEXTS = 100
"""How many different texts are shown."""
_AFFECTED = 1000
"""How many repositories are named."""


def pages(found: Figures, about: About) -> Iterator[tuple[str, bytes]]:
    """(file name, page) of each code that was found."""
    for name, item in sorted(found.codes.items()):
        if is_code(name):
            yield f"{name}.html", _code(item, found, about)


def _code(item: CodeFigures, found: Figures, about: About) -> bytes:
    entry = builtin().diagnostics.get(item.code)
    told = join([code_name(item.code), " · ", entry.severity.label if entry else "not known to this version"])
    return document(
        f"{item.code} {code_name(item.code)}: audit",
        up(),
        element(
            "main",
            element("h1", item.code, " ", element("small", told, class_="soft")),
            element("p", _reach(item, found)),
            _explained(item.code),
            _messages(item),
            _affected(item, found),
            id="main",
        ),
        element("footer", described(about)),
    )


def _reach(item: CodeFigures, found: Figures) -> str:
    where = f"{count(item.places, 'place')} in {count(len(item.rows), 'repository')}"
    if not item.by_hand:
        return f"{where}. It is a note: nothing has to be done."
    share = percent(len(item.rows), found.moving)
    alone = f" In {item.alone} of them it is the only kind of obstacle." if item.alone else ""
    return f"{where}, {share} of those that have something to move.{alone}"


def _explained(name: str) -> Html | None:
    known = explanation(name)
    if known is None:
        return None
    told = {"What it means": known.what, "Why": known.why, "What to do": known.do}
    examples = [
        join([element("h3", title), element("pre", lines(example.split("\n")), tabindex="0")])
        for title, example in (("Before", known.before), ("After", known.after))
        if example
    ]
    head = element("h2", "The diagnostic")
    return element("section", head, definitions((title, prose(words)) for title, words in told.items()), *examples)


def _messages(item: CodeFigures) -> Html:
    messages = sorted(item.messages.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [row([message, hint or "–", number(often)]) for (message, hint), often in messages[:_TEXTS]]
    columns = [Column("Message"), Column("What to do"), Column("Repositories", True, "descending")]
    caption = "What it says, most repositories first"
    if len(messages) > len(rows):
        caption += f"; the first {len(rows)}"
    return element("section", element("h2", "Messages"), table(caption, columns, rows))


def _affected(item: CodeFigures, found: Figures) -> Html:
    affected = sorted(((found.rows[index], places) for index, places in item.rows), key=lambda pair: pair[0].order)
    rows = [
        row([page_link(one, "../"), shown_state(one.state), Cell(str(one.wave or "–"), number=True), number(places)])
        for one, places in affected[:_AFFECTED]
    ]
    columns = [Column("Repository"), Column("State"), Column("Wave", True), Column("Places", True)]
    caption = "Where it was found, in the order of the waves"
    if len(affected) > len(rows):
        caption += f"; the first {len(rows)}, results.csv has all"
    return element("section", element("h2", "Repositories"), table(caption, columns, rows))
