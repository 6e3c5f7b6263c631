"""A page for each repository, which goes to its owners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate.report.audit.commands import runnable
from migrate.report.audit.figures import BY_HAND, MOVING, Row, State, count, duration
from migrate.report.audit.markup import (
    Column,
    Content,
    Html,
    code,
    commands,
    definitions,
    document,
    element,
    join,
    link,
    row,
    table,
)
from migrate.report.audit.parts import About, code_link, code_name, described, shown_state, up
from migrate.results import OUTCOMES, DockerfileResult, Finding, Result, StageResult

_LISTED = 100
"""How many different texts of one code, and how many call sites, stand on a page at once; the rest is folded."""
_ALIKE = 5
"""How many places of equal findings stand there at once."""
_FORGES = {"github.com": "/blob/", "gitlab.com": "/-/blob/", "codeberg.org": "/src/commit/"}
"""Where a file of a commit can be looked at, by the host of the repository."""


def repository(result: Result, item: Row, about: About) -> bytes:
    """The page of one repository."""
    places = _Places(result)
    return document(
        f"{item.name}: audit",
        up(),
        element(
            "main",
            element("h1", item.name),
            element("p", shown_state(item.state), ": ", _sentence(item)),
            _identity(result, item),
            _next(result, about),
            _work(result, places, linked=item.state in (*MOVING, State.EMPTY)),
            _dockerfiles(result.dockerfiles, places),
            _sites(result, places),
            _files(result),
            _bases(result),
            _notes(result, places),
            id="main",
        ),
        element("footer", described(about)),
    )


def _sentence(item: Row) -> str:
    if item.state in (State.FAILED, State.SKIPPED, State.NOT_REACHED):
        return item.why or item.state.meaning
    if not item.wave:
        return item.state.meaning
    return f"wave {item.wave}, about {duration(item.minutes)}"


def _sizes(item: Row) -> Iterator[tuple[str, Content]]:
    """What the repository has, and what becomes of it."""
    if sum(item.grades):
        told = _counted(item.grades, ("exact", "equal", "differ", "not converted"))
        kept = f"; {item.fallback} with a stage that stays there, built FROM DOCKERFILE" if item.fallback else ""
        yield "Dockerfiles", f"{sum(item.grades)}: {told}{kept}"
    if sum(item.calls):
        yield "Call sites", f"{sum(item.calls)}: {_counted(item.calls, OUTCOMES)}"


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


def _identity(result: Result, item: Row) -> Html:
    address = web_address(result.repository)
    shown: list[tuple[str, Content]] = [
        ("Repository", link(address, result.repository) if address else code(result.repository)),
        ("Ref", code(result.ref) if result.ref else None),
        ("Commit", code(result.commit) if result.commit else None),
        ("Branch", code(result.branch) if result.branch else None),
        *_sizes(item),
    ]
    return definitions(shown)


def _next(result: Result, about: About) -> Html | None:
    """The patch, and the commands to run."""
    parts: list[Content] = []
    if result.patch:
        where = link(_way(about.patches, result.patch), code(result.patch)) if about.patches else code(result.patch)
        parts.append(element("p", "The patch: ", where, ". In a checkout: ", code("git apply -p1 FILE"), "."))
    if result.commands:
        parts.append(element("pre", commands(map(runnable, result.commands)), tabindex="0"))
    return element("section", element("h2", "What to run next"), *parts) if parts else None


def _way(folder: str, name: str) -> str:
    """The way from a page to a file; a scheme or a root in it counts for nothing."""
    path = f"../{folder}/{name}" if folder != "." else f"../{name}"
    return quoted(path)


def _work(result: Result, places: _Places, *, linked: bool) -> Html | None:
    """What somebody has to do. ``linked``: its codes have pages."""
    todo = [finding for finding in result.findings if finding.severity in BY_HAND]
    known = {(finding.path, finding.line) for finding in todo}
    todo += [
        Finding("", "warning", site.path, site.line, 0, f"this call stays as it is: {site.why}", "")
        for site in result.sites
        if site.outcome == "left" and (site.path, site.line) not in known
    ]
    return element("section", element("h2", "To do by hand"), *_by_code(todo, places, linked=linked)) if todo else None


def _notes(result: Result, places: _Places) -> Html | None:
    """What was assumed or renamed: nothing to do."""
    notes = [finding for finding in result.findings if finding.severity not in BY_HAND]
    if not notes:
        return None
    title = f"{count(len(notes), 'note')}: assumptions and changed names, nothing to do"
    return element(
        "section",
        element("h2", "Notes"),
        _folded(title, *_by_code(notes, places)),
    )


def _by_code(findings: Sequence[Finding], places: _Places, *, linked: bool = True) -> Iterator[Html]:
    """Errors before warnings before the rest; in them a part for each code, most places first."""
    order = {"error": 0, "warning": 1}
    codes: dict[tuple[int, str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda item: (item.path, item.line, item)):
        rank = order.get(finding.severity, 2)
        codes.setdefault((rank, finding.severity, finding.code), []).append(finding)
    for (_, severity, name), members in sorted(codes.items(), key=lambda pair: (pair[0][0], -len(pair[1]), pair[0])):
        shown = code_link(name, "../") if linked else code(name)
        title = [shown, f" {code_name(name)}"] if name else ["a call that is left"]
        yield element("h3", *title, element("small", f" {severity}, {count(len(members), 'place')}", class_="soft"))
        yield from _one_code(members, places)


def _one_code(members: Sequence[Finding], places: _Places) -> Iterator[Html]:
    """Findings with the same text stand together; a hint that all of them share stands once."""
    texts: dict[tuple[str, str], list[Finding]] = {}
    for finding in members:
        texts.setdefault((finding.message, finding.hint), []).append(finding)
    hints = {hint for _, hint in texts}
    items = []
    for (message, hint), alike in texts.items():
        where = list(dict.fromkeys(places.of(one.path, one.line, one.column) for one in alike))
        rest = where[_ALIKE:]
        more = _folded(count(len(rest), "more place"), join(rest, ", ")) if rest else None
        own = element("div", hint, class_="soft") if hint and len(hints) > 1 else None
        items.append(element("li", join(where[:_ALIKE], ", "), more, element("div", message), own))
    if len(hints) == 1 and (hint := hints.pop()):
        yield element("p", "What to do: ", hint, class_="soft")
    yield element("ul", *items[:_LISTED], class_="work")
    if rest := items[_LISTED:]:
        yield _folded(f"{len(rest)} more", element("ul", *rest, class_="work"))


def _folded(title: str, *content: Content) -> Html:
    """``content`` behind its title."""
    return element("details", element("summary", title), *content)


def _dockerfiles(dockerfiles: Sequence[DockerfileResult], places: _Places) -> Html | None:
    if not dockerfiles:
        return None
    rows = [
        row(
            [
                places.of(item.path, 0),
                code(item.context or "."),
                code(item.earthfile) if item.earthfile else "–",
                join([item.grade, ", in part FROM DOCKERFILE" if item.fallback else None]),
                join([_stage(stage, item.grade) for stage in item.stages], element("br")),
            ]
        )
        for item in sorted(dockerfiles)
    ]
    columns = ["Dockerfile", "Context", "Earthfile", "Grade", "Stages and targets"]
    caption = (
        "Each Dockerfile in its context, its Earthfile, and the target of each stage, with its grade if that differs"
    )
    return element("section", element("h2", "Dockerfiles"), table(caption, [Column(name) for name in columns], rows))


def _stage(stage: StageResult, grade: str) -> Html:
    # Docker takes no name that begins with a digit: a stage without a name goes by its number.
    known = stage.stage
    name: Content = "helper" if known is None else f"stage {known}" if known.isdigit() else code(known)
    own = f" {stage.grade}" if stage.grade != grade else None
    return join([name, " → ", code(f"+{stage.target}"), own])


def _sites(result: Result, places: _Places) -> Html | None:
    if not result.sites:
        return None
    order = {"left": 0, "rewritten": 1}
    sites = sorted(result.sites, key=lambda site: (order.get(site.outcome, 2), site))
    rows = [row([places.of(site.path, site.line), site.carrier, site.outcome, site.why or "–"]) for site in sites]
    columns = [Column(name) for name in ("Place", "Kind of file", "Outcome", "Why")]
    rest = rows[_LISTED:]
    return element(
        "section",
        element("h2", "Call sites"),
        table("Places that build an image", columns, rows[:_LISTED]),
        _folded(f"{len(rest)} more", table("The other places that build an image", columns, rest)) if rest else None,
    )


def _files(result: Result) -> Html | None:
    if not result.changes:
        return None
    items = [element("li", change, " ", code(path)) for path, change in sorted(result.changes)]
    inner = element("ul", *items)
    if len(items) > 12:
        inner = _folded(f"{len(items)} files", inner)
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
