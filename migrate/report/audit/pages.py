"""A page for each repository, which goes to its owners, and one for each code, which goes to who solves it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate.mappings import builtin, explanation
from migrate.report.audit.figures import BY_HAND, OUTCOMES, CodeFigures, Figures, Row, State, count, duration, percent
from migrate.report.audit.markup import (
    Cell,
    Column,
    Content,
    Html,
    code,
    document,
    element,
    join,
    link,
    number,
    prose,
    row,
    table,
)
from migrate.report.audit.parts import About, code_link, code_name, described, is_code, page_link, shown_state
from migrate.results import DockerfileResult, Finding, Result

_LISTED = 300
"""How many findings of one kind stand on a page; the rest is in results.jsonl."""
_ALIKE = 5
"""How many places of equal findings are named."""
_FORGES = {"github.com": "/blob/", "gitlab.com": "/-/blob/", "codeberg.org": "/src/commit/"}
"""Where a file of a commit can be looked at, by the host of the repository."""


def repository(result: Result, item: Row, about: About) -> bytes:
    """The page of one repository."""
    places = _Places(result)
    return document(
        f"{item.name}: audit",
        _up(),
        element(
            "main",
            element("h1", item.name),
            element("p", shown_state(item.state), ". ", _sentence(item)),
            _identity(result),
            _next(result, about),
            _work(result, places),
            _dockerfiles(result.dockerfiles, places),
            _sites(result, places),
            _files(result),
            _bases(result),
            _notes(result, places),
            id="main",
        ),
        element("footer", described(about)),
    )


def _up() -> Html:
    return element("nav", element("ul", element("li", link("../index.html", "All repositories"))), aria_label="Report")


def _sentence(item: Row) -> str:
    if item.why or item.state in (State.FAILED, State.SKIPPED, State.NOT_REACHED):
        return f"{item.why or item.state.meaning}."
    if item.state is State.EMPTY:
        return "There is no Dockerfile, and no call that builds one."
    grades = _counted(item.grades, ("exact", "equal", "differ", "not converted"))
    parts = [f"{count(sum(item.grades), 'Dockerfile')}: {grades}"]
    if sum(item.calls):
        parts.append(f"{count(sum(item.calls), 'call site')}: {_counted(item.calls, OUTCOMES)}")
    if item.fallback:
        parts.append(f"{count(item.fallback, 'Dockerfile')} in part still built FROM DOCKERFILE")
    return f"{'. '.join(parts)}. Wave {item.wave}, about {duration(item.minutes)}."


def _counted(counts: Sequence[int], names: Sequence[str]) -> str:
    return ", ".join(f"{part} {name}" for part, name in zip(counts, names, strict=True) if part) or "none"


class _Places:
    """Where lines of a repository's files can be looked at on the web, for the hosts that are known."""

    def __init__(self, result: Result) -> None:
        self.web = web_address(result.repository)
        host = self.web.split("/")[2] if self.web else ""
        commit = result.commit if result.commit and re.fullmatch(r"[0-9a-f]{40,64}", result.commit) else None
        self._files = f"{self.web}{_FORGES[host]}{commit}/" if self.web and commit and host in _FORGES else None

    def of(self, path: str, line: int, column: int = 0) -> Html:
        """``path:line``, with a link where there is one."""
        shown = code(":".join([path, *(str(part) for part in (line, column) if part)]))
        if self._files is None or not path:
            return shown
        return link(self._files + quoted(path) + (f"#L{line}" if line else ""), shown)


def web_address(repository: str) -> str | None:
    """The address of a repository in a browser, None where none is known."""
    match = re.fullmatch(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]+)((?::[0-9]+)?)/([^\s?#]+)", repository)
    if match:
        host, port, path = match.groups()
        scheme = repository.partition(":")[0]
        return f"{scheme}://{host.lower()}{port}/{_bare(path)}"
    match = re.fullmatch(r"(?:ssh://)?git@([A-Za-z0-9.-]+)[:/]([^\s?#:]+)", repository)
    if match and match.group(1).lower() in _FORGES:
        return f"https://{match.group(1).lower()}/{_bare(match.group(2))}"
    return None


_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.~-")


def quoted(path: str, also: str = "") -> str:
    """``path`` for an address: everything that could have a meaning there, but for ``also``, is written in percents."""
    kept = _PLAIN | frozenset(also.encode())
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in path.encode("utf-8", "surrogatepass"))


def _bare(path: str) -> str:
    return quoted(path.rstrip("/").removesuffix(".git"), "%")


def _identity(result: Result) -> Html:
    address = web_address(result.repository)
    shown: list[tuple[str, Content]] = [
        ("Repository", link(address, result.repository) if address else code(result.repository)),
        ("Ref", code(result.ref) if result.ref else None),
        ("Commit", code(result.commit) if result.commit else None),
        ("Branch", code(result.branch) if result.branch else None),
    ]
    pairs = [(element("dt", name), element("dd", value)) for name, value in shown if value]
    return element("dl", *(part for pair in pairs for part in pair))


def _next(result: Result, about: About) -> Html | None:
    """The patch, and the commands to run."""
    parts: list[Content] = []
    if result.patch:
        where = link(_way(about.patches, result.patch), code(result.patch)) if about.patches else code(result.patch)
        parts.append(element("p", "The patch: ", where, ". In a checkout: ", code("git apply -p1 FILE"), "."))
    if result.commands:
        parts.append(element("pre", _lines(result.commands), tabindex="0"))
    return element("section", element("h2", "What to run next"), *parts) if parts else None


def _lines(lines: Sequence[str]) -> Html:
    return join([element("code", one) for one in lines], "\n")


def _way(folder: str, name: str) -> str:
    """The way from a page to a file; a scheme or a root in it counts for nothing."""
    path = f"../{folder}/{name}" if folder != "." else f"../{name}"
    return quoted(path)


class _Alike(NamedTuple):
    """Findings with one code, message and hint."""

    finding: Finding
    places: tuple[Finding, ...]


def _grouped(findings: Sequence[Finding]) -> list[_Alike]:
    """Errors before warnings before the rest; in them by file and line; equal findings together."""
    order = {"error": 0, "warning": 1}
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda item: (order.get(item.severity, 2), item.path, item.line, item)):
        groups.setdefault((finding.severity, finding.code, finding.message, finding.hint), []).append(finding)
    return [_Alike(members[0], tuple(members)) for members in groups.values()]


def _work(result: Result, places: _Places) -> Html | None:
    """What somebody has to do."""
    todo = [finding for finding in result.findings if finding.severity in BY_HAND]
    known = {(finding.path, finding.line) for finding in todo}
    todo += [
        Finding("", "warning", site.path, site.line, 0, f"this call stays as it is: {site.why}", "")
        for site in result.sites
        if site.outcome == "left" and (site.path, site.line) not in known
    ]
    if not todo:
        return None
    groups = _grouped(todo)
    items = [element("li", *_told(group, places)) for group in groups[:_LISTED]]
    more = len(groups) - len(items)
    return element(
        "section",
        element("h2", "To do by hand"),
        element("ol", *items, class_="work"),
        element("p", f"{more} more stand in results.jsonl.") if more > 0 else None,
    )


def _told(group: _Alike, places: _Places) -> Iterator[Content]:
    finding = group.finding
    for index, place in enumerate(group.places[:_ALIKE]):
        yield ", " if index else None
        yield places.of(place.path, place.line, place.column)
    if len(group.places) > _ALIKE:
        yield f" and {len(group.places) - _ALIKE} more places"
    yield element("br")
    if finding.code:
        yield join([element("strong", finding.severity), " ", code_link(finding.code, "../"), ": "])
    yield finding.message
    if finding.hint:
        yield element("br")
        yield element("span", "What to do: ", finding.hint, class_="soft")


def _dockerfiles(dockerfiles: Sequence[DockerfileResult], places: _Places) -> Html | None:
    if not dockerfiles:
        return None
    rows = [
        row(
            [
                places.of(item.path, 0),
                code(item.context or "."),
                code(item.earthfile) if item.earthfile else "–",
                item.grade,
                join([_stage(stage.stage, stage.target, stage.grade) for stage in item.stages], element("br")),
                "in part" if item.fallback else "no",
            ]
        )
        for item in sorted(dockerfiles)
    ]
    columns = ["Dockerfile", "Context", "Earthfile", "Grade", "Stages and targets", "FROM DOCKERFILE"]
    caption = "Each Dockerfile in its context, the Earthfile that it becomes, and the target of each stage"
    return element("section", element("h2", "Dockerfiles"), table(caption, [Column(name) for name in columns], rows))


def _stage(stage: str | None, target: str, grade: str) -> Html:
    return join([code(stage) if stage is not None else "(helper)", " → ", code(f"+{target}"), f" {grade}"])


def _sites(result: Result, places: _Places) -> Html | None:
    if not result.sites:
        return None
    order = {"left": 0, "rewritten": 1}
    sites = sorted(result.sites, key=lambda site: (order.get(site.outcome, 2), site))
    rows = [
        row([places.of(site.path, site.line), site.carrier, site.outcome, site.why or "–"]) for site in sites[:_LISTED]
    ]
    more = len(sites) - len(rows)
    columns = [Column(name) for name in ("Place", "Kind of file", "Outcome", "Why")]
    return element(
        "section",
        element("h2", "Call sites"),
        table("Places that build an image", columns, rows),
        element("p", f"{more} more stand in results.jsonl.") if more > 0 else None,
    )


def _files(result: Result) -> Html | None:
    if not result.changes:
        return None
    items = [element("li", change, " ", code(path)) for path, change in sorted(result.changes)]
    inner = element("ul", *items)
    if len(items) > 12:
        inner = element("details", element("summary", f"{len(items)} files"), inner)
    return element("section", element("h2", "Files of the change"), inner)


def _bases(result: Result) -> Html | None:
    if not result.bases:
        return None
    unknown = [base.name for base in sorted(result.bases) if not base.known]
    known = [base.name for base in sorted(result.bases) if base.known]
    parts = [
        element("p", f"{title}: ", join(map(code, names), ", "), ".")
        for title, names in (("Not known", unknown), ("Known", known))
        if names
    ]
    return element("section", element("h2", "Base images"), *parts)


def _notes(result: Result, places: _Places) -> Html | None:
    """What was assumed or renamed: nothing to do."""
    groups = _grouped([finding for finding in result.findings if finding.severity not in BY_HAND])
    if not groups:
        return None
    items = [element("li", *_told(group, places)) for group in groups[:_LISTED]]
    more = len(groups) - len(items)
    return element(
        "section",
        element("h2", "Notes"),
        element(
            "details",
            element("summary", f"{count(len(groups), 'note')}: assumptions and changed names, nothing to do"),
            element("ul", *items, class_="work"),
            element("p", f"{more} more stand in results.jsonl.") if more > 0 else None,
        ),
    )


def codes(found: Figures, about: About) -> Iterator[tuple[str, bytes]]:
    """(file name, page) of each code that was found."""
    for name, item in sorted(found.codes.items()):
        if is_code(name):
            yield f"{name}.html", _code(item, found, about)


def _code(item: CodeFigures, found: Figures, about: About) -> bytes:
    entry = builtin().diagnostics.get(item.code)
    told = join([code_name(item.code), " · ", entry.severity.label if entry else "not known to this version"])
    return document(
        f"{item.code} {code_name(item.code)}: audit",
        _up(),
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
    parts: list[Content] = []
    for title, words in (("What it means", known.what), ("Why", known.why), ("What to do", known.do)):
        if words:
            parts += [element("h2", title), element("p", prose(words))]
    for title, example in (("Before", known.before), ("After", known.after)):
        if example:
            parts += [element("h2", title), element("pre", _lines(example.split("\n")), tabindex="0")]
    return element("section", *parts)


def _messages(item: CodeFigures) -> Html:
    messages = sorted(item.messages.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [row([message, hint or "–", number(often)]) for (message, hint), often in messages[:_LISTED]]
    columns = [Column("Message"), Column("What to do"), Column("Repositories", True, "descending")]
    caption = "What it says, most repositories first"
    if len(messages) > len(rows):
        caption += f"; the first {len(rows)}"
    return element("section", element("h2", "Messages"), table(caption, columns, rows))


def _affected(item: CodeFigures, found: Figures) -> Html:
    affected = sorted(((found.rows[index], places) for index, places in item.rows), key=lambda pair: pair[0].order)
    rows = [
        row([page_link(one, "../"), shown_state(one.state), Cell(str(one.wave or "–"), number=True), number(places)])
        for one, places in affected
    ]
    columns = [Column("Repository"), Column("State"), Column("Wave", True), Column("Places", True)]
    caption = "Where it was found, in the order of the waves"
    return element("section", element("h2", "Repositories"), table(caption, columns, rows))
