"""The first screen of index.html: how many can move now, what blocks the rest, where to begin."""

from __future__ import annotations

from migrate.report.audit import figures
from migrate.report.audit.figures import CodeFigures, Figures, State, count, duration, percent
from migrate.report.audit.markup import Content, Html, element, join, link
from migrate.report.audit.parts import code_link, gist, page_link

_TOP = 4
"""How many blockers and repositories stand there."""


def answers(found: Figures) -> Html:
    """The three questions."""
    return element("div", _now(found), _rest(found), _begin(found), class_="answers")


def _now(found: Figures) -> Html:
    ready = found.wave(1)
    moving = found.moving
    share = join([str(len(ready)), " ", element("small", f"of {moving} ({percent(len(ready), moving)})")])
    if not moving:
        words: Content = "No repository has a Dockerfile."
    elif not ready:
        words = "Every repository needs some work first."
    else:
        words = join(
            [
                "Nothing is left to do by hand there. Review, build once and merge: about ",
                duration(sum(item.minutes for item in ready)),
                " in all. ",
                link("#repositories", "Show them", data_state=State.READY.key),
            ]
        )
    grades, calls = found.total("grades"), found.total("calls")
    sizes = (
        f"{_part(sum(grades[:2]), sum(grades), 'Dockerfile')} give equal images as they are, and"
        f" {_part(calls[0], sum(calls), 'call site')} are rewritten."
    )
    nothing = found.states[State.EMPTY]
    rest = element("p", f"{count(nothing, 'repository')} more: nothing to move.", class_="soft") if nothing else None
    return element(
        "section",
        element("h2", "How many repositories can move now?"),
        element("p", share, class_="big"),
        element("p", words),
        element("p", _more(found)) if found.images_only else None,
        element("p", sizes) if moving else None,
        rest,
    )


def _more(found: Figures) -> Html:
    return join(
        [
            "In ",
            element("strong", f"{found.images_only} more"),
            " every Dockerfile gives equal images, and call sites or warnings are left. The Dockerfiles stay, so"
            " nothing breaks if these change later.",
        ]
    )


def _part(part: int, whole: int, noun: str) -> str:
    return f"{part} of {count(whole, noun)} ({percent(part, whole)})"


def _rest(found: Figures) -> Html:
    blockers = found.blockers()
    items = [element("li", *_spread(item)) for item in blockers[:_TOP]]
    more = len(blockers) - len(items)
    return element(
        "section",
        element("h2", "What blocks the rest?"),
        element("ol", *items) if items else element("p", "Nothing."),
        element("p", link("#blockers", f"All {len(blockers)}, and what to do")) if more > 0 else None,
    )


def _spread(item: CodeFigures) -> tuple[Content, ...]:
    alone = f", {item.alone} of them by this alone" if item.alone else ""
    number = element("strong", count(len(item.rows), "repository"))
    return (number, alone, ": ", gist(item.code), " ", code_link(item.code))


def _begin(found: Figures) -> Html:
    first = [item for item in found.ordered() if item.wave][:_TOP]
    items = [
        element("li", page_link(item), ": ", _time(item.minutes), "" if item.wave == 1 else f", {item.state.label}")
        for item in first
    ]
    waves = [(wave, found.wave(wave)) for wave in figures.waves(found.effort)]
    plan = [
        element("li", f"wave {wave}: {count(len(rows), 'repository')}, ", _time(sum(row.minutes for row in rows)))
        for wave, rows in waves
        if rows
    ]
    return element(
        "section",
        element("h2", "Where to begin?"),
        element("ol", *items) if items else element("p", "There is nothing to move."),
        join([element("p", "The plan, with what it takes:"), element("ul", *plan)]) if items else None,
        element("p", link("#waves", "What the waves are")) if items else None,
    )


def _time(minutes: int) -> Html:
    return element("span", duration(minutes), class_="state")


def shares(found: Figures) -> Html:
    """A bar with the share of each state, and its legend with the numbers."""
    total = len(found.rows) or 1
    x, parts, legend = 0.0, [], []
    for state in State:
        number_of = found.states[state]
        if not number_of:
            continue
        width = 1000 * number_of / total
        parts.append(
            element("rect", x=f"{x:.2f}", y="0", width=f"{max(width - 1, 1):.2f}", height="10", class_=state.key)
        )
        x += width
        words = f"{state.label}: {number_of}"
        kind = f"state dot {state.key}"
        way = link("#repositories", words, data_state=state.key, title=state.meaning, class_=kind)
        legend.append(element("li", way))
    picture = element(
        "svg", *parts, class_="bar", viewBox="0 0 1000 10", preserveAspectRatio="none", aria_hidden="true"
    )
    return element("div", picture, element("ul", *legend, class_="legend"))
