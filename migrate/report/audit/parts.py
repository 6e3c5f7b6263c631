"""Pieces that several pages of an audit share."""

from __future__ import annotations

from typing import NamedTuple

from migrate import __version__
from migrate.mappings import builtin, explanation
from migrate.report.audit.figures import CodeFigures, Row, State
from migrate.report.audit.markup import Content, Html, code, element, join, link, prose, text


class About(NamedTuple):
    """The run: when it started, by which version; ``patches`` is the way from the report to the patch files."""

    version: str = __version__
    started: str = ""
    patches: str = ""


def described(about: About, *, started: bool = False) -> str:
    """One line on the run; with ``started`` also when that was, which makes pages differ from run to run."""
    when = f", run started {about.started}" if started and about.started else ""
    return f"From Dockerfiles to Earthfiles with earthmigrate {about.version or __version__}{when}."


def shown_state(state: State) -> Html:
    """A state in words, with its colour before them."""
    return element("span", state.label, class_=f"state dot {state.key}")


def up() -> Html:
    """The way back, for a page in a folder of the report."""
    return element("nav", element("ul", element("li", link("../index.html", "All repositories"))), aria_label="Report")


def page_link(item: Row, up: str = "") -> Html:
    """The link to a repository's page; ``up`` leads to the folder of index.html."""
    return link(f"{up}pages/{item.page}", item.name)


def code_link(name: str, up: str = "") -> Html:
    """The link to a code's page. A code that is no code of ours has none."""
    return link(f"{up}codes/{name}.html", name) if is_code(name) else code(name)


def is_code(name: str) -> bool:
    """Whether ``name`` looks like a code, and may be a file's name."""
    return len(name) == 5 and name.startswith("EM") and name[2:].isascii() and name[2:].isdigit()


def code_name(item: str) -> str:
    """The name of a code in the catalogue, "" for one that is not there."""
    entry = builtin().diagnostics.get(item)
    return entry.name if entry is not None else ""


def gist(name: str) -> Html:
    """What a code means, in one sentence."""
    known = explanation(name)
    if known is None:
        return text("A diagnostic that this version does not know.")
    first, dot_, _ = known.what.partition(". ")
    return prose(first + ("." if dot_ else ""))


def advice(item: CodeFigures) -> Html:
    """What the code means and what helps, and what it says most often."""
    known = explanation(item.code)
    parts: list[Content] = []
    if known is not None:
        parts += [prose(known.what), " ", prose(known.do)]
    ((message, _), often), *rest = sorted(item.messages.items(), key=lambda pair: (-pair[1], pair[0]))
    start = "It says" if not rest else "For example" if often == 1 else f"In {often} repositories"
    parts.append(element("p", start, ": ", code(message), class_="soft"))
    return join(parts)
