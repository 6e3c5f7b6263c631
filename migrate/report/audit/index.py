"""index.html: what can move now, what blocks the rest, where to begin; then everything behind these answers."""

from __future__ import annotations

from migrate import __version__, results
from migrate.report.audit import figures
from migrate.report.audit.answers import answers, shares
from migrate.report.audit.figures import Figures, Row, State, count, duration, percent
from migrate.report.audit.markup import (
    Cell,
    Column,
    Content,
    Html,
    code,
    definitions,
    document,
    element,
    join,
    link,
    number,
    row,
    table,
)
from migrate.report.audit.parts import About, advice, code_link, code_name, described, page_link, shown_state

_AT_ONCE, _FIRST = 1000, 250
"""Of more repositories than this only so many stand in the table: the script takes the others from a template."""
_NOTHING = Cell("–", "", number=True)
_LISTED = 8
"""How many codes a row of the table of repositories names."""


def index(found: Figures, about: About) -> bytes:
    """The page."""
    title = f"Audit of {count(len(found.rows), 'repository')}"
    return document(
        title,
        element(
            "header", element("h1", title), element("p", described(about, started=True), class_="soft"), _ways(found)
        ),
        element(
            "main",
            answers(found),
            shares(found),
            _numbers(found),
            _waves(found),
            _blockers(found),
            _repositories(found),
            _images(found),
            _without_result(found),
            _method(found),
            id="main",
        ),
        element("footer", f"Made by earthmigrate {about.version or __version__} from results.jsonl in this folder."),
        script="audit.js",
    )


def _ways(found: Figures) -> Html:
    ways: list[Html | None] = [
        link("#waves", "Waves"),
        link("#blockers", "Blockers") if found.blockers() else None,
        link("#repositories", "Repositories"),
        link("#images", "Unknown base images") if found.unknown else None,
        link("#without-result", "Without a result") if _unlooked(found) else None,
        link("#method", "How it is reckoned"),
        link("summary.md", "summary.md"),
        link("results.csv", "results.csv"),
        link("base-images.yaml", "base-images.yaml") if found.unknown else None,
        link("commands.txt", "commands.txt") if any(item.commands for item in found.rows) else None,
    ]
    return element("nav", element("ul", *(element("li", way) for way in ways if way)), aria_label="Sections and files")


def _numbers(found: Figures) -> Html:
    dockerfiles, stages, calls = (found.total(name) for name in ("grades", "stages", "calls"))
    fallback = sum(item.fallback for item in found.rows)
    note = (
        f"Of the Dockerfiles, {fallback} ({percent(fallback, sum(dockerfiles))}) have a stage that stays there, built"
        " FROM DOCKERFILE."
    )
    return element(
        "section",
        element("h2", "In numbers"),
        table(
            "Dockerfiles (once for each context that they are built in) and their stages, by grade",
            [Column("What"), Column("Total", True), *(Column(grade, True) for grade in results.GRADES)],
            [row(["Dockerfiles", *_shares(dockerfiles)]), row(["Stages", *_shares(stages)])],
        ),
        element("p", note) if fallback else None,
        table(
            "Places that build an image, by the kind of file. Rewritten: they call earth. Left: somebody has to change"
            " them. Unchanged: they go on as they are, and a warning says so where that is work for somebody.",
            [Column("Call sites"), Column("Total", True), *(Column(outcome, True) for outcome in results.OUTCOMES)],
            [row(["all", *_shares(calls)])] + [row([name, *_shares(part)]) for name, part in found.calls_by_carrier()],
        ),
    )


def _shares(counts: tuple[int, ...]) -> list[Cell]:
    total = sum(counts)
    return [number(total), *(number(part, f"{part} ({percent(part, total)})" if part else "0") for part in counts)]


def _blockers(found: Figures) -> Html | None:
    blockers = found.blockers()
    if not blockers:
        return None
    columns = [
        Column("Diagnostic"),
        Column("Repositories", True, "descending"),
        Column("Share", True),
        Column("Alone", True),
        Column("Places", True),
        Column("What it is, and what to do"),
    ]
    rows = [
        row(
            [
                join([code_link(item.code), " ", code_name(item.code)]),
                number(len(item.rows)),
                number(len(item.rows), percent(len(item.rows), found.moving)),
                number(item.alone),
                number(item.places),
                advice(item),
            ]
        )
        for item in blockers
    ]
    caption = (
        "What keeps repositories from moving by themselves, most repositories first. Alone: the repositories in which"
        " it is the only kind of obstacle."
    )
    return element(
        "section", element("h2", "Blockers"), table(caption, columns, rows, sortable=True), id="blockers"
    )  # fmt: skip


def _waves(found: Figures) -> Html:
    rows, before = [], 0
    for wave, meaning in figures.waves(found.effort).items():
        members = found.wave(wave)
        before += len(members)
        minutes = sum(item.minutes for item in members)
        names: list[Content] = []
        for item in members[:3]:
            names += [", " if names else None, page_link(item)]
        if len(members) > 3:
            names += [", ", link("#repositories", "all", data_wave=str(wave), aria_label=f"all of wave {wave}")]
        rows.append(
            row(
                [
                    f"Wave {wave}",
                    meaning,
                    number(len(members)),
                    number(before, percent(before, found.moving)),
                    number(minutes, duration(minutes)),
                    join(names),
                ]
            )
        )
    columns = [
        Column("Wave"),
        Column("What it holds"),
        Column("Repositories", True),
        Column("Moved by then", True),
        Column("Effort", True),
        Column("First ones"),
    ]
    return element(
        "section",
        element("h2", "Waves"),
        table("The order in which repositories are best moved", columns, rows),
        element("p", figures.formula(found.effort), ". Estimates: see ", link("#method", "how it is reckoned"), "."),
        id="waves",
    )


def _repositories(found: Figures) -> Html:
    rows = found.ordered()
    first = rows if len(rows) <= _AT_ONCE else rows[:_FIRST]
    rest = rows[len(first) :]
    csv = join(["The first ", str(_FIRST), " are shown; all are in ", link("results.csv", "results.csv"), "."])
    columns = [
        Column("Repository"),
        Column("State"),
        Column("Wave", True, "ascending"),
        Column("Effort", True),
        Column("Dockerfiles", True),
        Column("differ", True),
        Column("failed", True),
        Column("Calls left", True),
        Column("Errors", True),
        Column("Warnings", True),
        Column("Codes"),
    ]
    return element(
        "section",
        element("h2", "Repositories"),
        _controls(found),
        table(
            "All repositories, in the order of their waves; in a wave those that take least come first",
            columns,
            map(_repository, first),
            sortable=True,
            name="repositories-table",
        ),
        element("template", *map(_repository, rest), id="rest") if rest else None,
        element("noscript", element("p", csv)) if rest else None,
        element("button", "Show all", type="button", id="more", class_="more", hidden=True),
        id="repositories",
    )


def _repository(item: Row) -> Html:
    codes = [code_link(name) for name in item.blockers[:_LISTED]]
    more = len(item.blockers) - len(codes)
    known = bool(sum(item.grades) or item.wave)
    numbers = [
        *map(number, (sum(item.grades), item.grades[2], item.grades[3])),
        number(item.left, f"{item.left} of {sum(item.calls)}"),
        number(item.errors),
        number(item.warnings),
    ]
    return row(
        [
            page_link(item),
            shown_state(item.state),
            number(item.wave) if item.wave else _NOTHING,
            number(item.minutes, duration(item.minutes)) if item.wave else _NOTHING,
            *(numbers if known else [_NOTHING] * len(numbers)),
            join([join(codes, " "), f" and {more} more" if more > 0 else None]) if known else item.why,
        ],
        data_state=item.state.key,
        data_wave=str(item.wave),
        data_codes=" ".join(item.blockers[_LISTED:]) or None,
    )


def _controls(found: Figures) -> Html:
    def option(value: str, label: str) -> Html:
        return element("option", label, value=value)

    states = [option(state.key, state.label) for state in State if found.states[state]]
    waves = [option(str(wave), f"wave {wave}") for wave in figures.waves(found.effort)]
    return element(
        "div",
        element("label", "Search (press /)", element("input", type="search", id="search", autocomplete="off")),
        element("label", "State", element("select", option("", "all"), *states, id="state")),
        element("label", "Wave", element("select", option("", "all"), *waves, id="wave")),
        element("button", "Clear", type="button", id="clear"),
        element("span", id="shown", role="status", class_="soft"),
        class_="controls",
        id="controls",
        hidden=True,
    )


def _images(found: Figures) -> Html | None:
    if not found.unknown:
        return None
    rows = [row([code(name), number(used)]) for name, used in found.unknown_images()]
    about = join(
        [
            "Of these images the user, the shell and the environment are not known, which makes Earthfiles longer than"
            " they need be. ",
            link("base-images.yaml", "base-images.yaml"),
            " lists them, ready to fill in: pass it with ",
            code("--mappings base-images.yaml"),
            ", or let ",
            code("earthmigrate convert --inspect"),
            " look at the images themselves.",
        ]
    )
    columns = [Column("Image"), Column("Repositories", True, "descending")]
    return element(
        "section",
        element("h2", "Unknown base images"),
        element("p", about),
        table("Base images that the mappings do not know, most used first", columns, rows, sortable=True),
        id="images",
    )


def _unlooked(found: Figures) -> list[Row]:
    kinds = (State.FAILED, State.NOT_REACHED, State.SKIPPED)
    return [item for kind in kinds for item in found.ordered() if item.state is kind]


def _without_result(found: Figures) -> Html | None:
    unlooked = _unlooked(found)
    if not unlooked:
        return None
    rows = [row([page_link(item), shown_state(item.state), item.why or item.state.meaning]) for item in unlooked]
    columns = [Column("Repository"), Column("State"), Column("Why")]
    return element(
        "section",
        element("h2", "Without a result"),
        table("Repositories of which nothing is known, and why", columns, rows),
        id="without-result",
    )


def _method(found: Figures) -> Html:
    grades = {
        "exact": "the images are equal, timestamps included",
        "equal": "the same files and the same config; timestamps, labels of the tool and history may differ",
        "differs": "a diagnostic says how",
        "failed": "not converted",
    }
    return element(
        "section",
        element("h2", "How it is reckoned"),
        element("p", "Effort: ", figures.formula(found.effort), "."),
        element(
            "p",
            "These are estimates, not measurements. Put your own numbers into a file with the section ",
            code("effort"),
            " (the names are those of mappings/effort.yaml), and render again: ",
            code("earthmigrate report DIR --mappings FILE"),
            ". A day has eight hours.",
        ),
        element("p", "Percentages of repositories are of those that have something to move."),
        definitions((shown_state(state), state.meaning) for state in State),
        element("p", "Grades say what is promised of an image, and earthmigrate verify proves it by building both:"),
        definitions(grades.items()),
        id="method",
    )
