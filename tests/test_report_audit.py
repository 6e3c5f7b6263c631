"""The audit of many repositories: figures, hostile texts, files that other programs read, bounded time."""

from __future__ import annotations

import csv
import html
import io
import itertools
import re
import time
import tracemalloc
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from migrate.images import base_image
from migrate.mappings import builtin, overlay
from migrate.report.audit import page_name, render
from migrate.report.audit.figures import Effort, Figures, State, duration, formula, percent
from migrate.report.audit.imagelist import image_list
from migrate.report.audit.markup import Html, element, text
from migrate.report.audit.pages import web_address
from migrate.report.audit.parts import About
from migrate.report.audit.sheet import HEADS, harmless
from migrate.report.audit.summary import span
from migrate.results import BaseImage, DockerfileResult, Finding, Result, SiteResult, StageResult

EFFORT = Effort(repository=15, dockerfile=5, differs=20, failed=60, call=10, warning=10, second_wave=60)
COMMIT = "0123456789abcdef" * 2 + "01234567"


def dockerfile(grade: str, path: str = "Dockerfile", stages: int = 1, fallback: bool = False) -> DockerfileResult:
    parts = tuple(StageResult(str(index), f"t{index}", grade) for index in range(stages) if grade != "failed")
    return DockerfileResult(path, "", "Earthfile", grade, fallback, parts)


def site(outcome: str, line: int = 1, path: str = "build.sh", carrier: str = "shell") -> SiteResult:
    return SiteResult(path, line, carrier, outcome, "its words are put together" if outcome == "left" else "")


def finding(code: str, severity: str = "warning", path: str = "build.sh", line: int = 1, message: str = "m") -> Finding:
    return Finding(code, severity, path, line, 1, message, "do it")


READY = Result(
    "https://github.com/org/ready.git",
    "ready",
    "done",
    commit=COMMIT,
    dockerfiles=(dockerfile("equal", stages=2, fallback=True), dockerfile("exact", "b/Dockerfile")),
    sites=(site("rewritten"), site("unchanged", 2, "Makefile", "makefile")),
    findings=(finding("EM704", "info", "Dockerfile"),),
    bases=(BaseImage("alpine", True), BaseImage("reg.example.com/team/base", False)),
)
CALLS = Result(
    "/repos/calls",
    "calls",
    "unchanged",
    dockerfiles=(dockerfile("equal"),),
    sites=(site("left", 3), site("left", 4)),
    findings=(finding("EM801", line=3, message="a"), finding("EM801", line=4, message="b")),
    bases=(BaseImage("reg.example.com/team/base", False), BaseImage("reg.example.com/team/go", False)),
)
DIFFERS = Result(
    "/repos/differs",
    "differs",
    "done",
    dockerfiles=(dockerfile("differs"), dockerfile("differs", "b/Dockerfile")),
    sites=(site("left", 3),),
    findings=(
        finding("EM520", path="Dockerfile"),
        finding("EM520", path="b/Dockerfile"),
        finding("EM801", line=3, message="a"),
        finding("EM806", path="ci.yml", line=0),
    ),
)
BLOCKED = Result(
    "/repos/blocked",
    "blocked",
    "done",
    dockerfiles=(dockerfile("failed"), dockerfile("equal", "b/Dockerfile")),
    findings=(finding("EM107", "error", "Dockerfile"),),
)
EMPTY = Result("/repos/empty", "empty", "done")
FAILED = Result("/repos/failed", "failed", "failed", why="git clone: not found")
SKIPPED = Result("/repos/skipped", "skipped", "skipped", why="archived")
LATE = Result("/repos/late", "late", "not reached")
ALL = (BLOCKED, CALLS, DIFFERS, EMPTY, FAILED, LATE, READY, SKIPPED)


def figures(*results: Result) -> Figures:
    found = Figures(EFFORT)
    for result in results:
        found.add(result, f"{result.name}.html")
    return found


def rendered(*results: Result, about: About | None = None) -> dict[str, bytes]:
    return dict(render(results, about))


def test_states_waves_and_minutes_of_each_repository() -> None:
    rows = {row.name: (row.state, row.wave, row.minutes) for row in figures(*ALL).rows}
    assert rows == {
        "ready": (State.READY, 1, 15 + 2 * 5),
        "calls": (State.TASKS, 2, 15 + 5 + 2 * 10),
        # Two Dockerfiles that differ, one call, and EM806: EM520 stands in Dockerfiles that count already.
        "differs": (State.TASKS, 3, 15 + 2 * 5 + 2 * 20 + 10 + 10),
        "blocked": (State.BLOCKED, 4, 15 + 2 * 5 + 60),
        "empty": (State.EMPTY, 0, 0),
        "failed": (State.FAILED, 0, 0),
        "skipped": (State.SKIPPED, 0, 0),
        "late": (State.NOT_REACHED, 0, 0),
    }


def test_totals_by_grade_and_outcome() -> None:
    found = figures(*ALL)
    assert found.moving == 4
    assert found.total("grades") == (1, 3, 2, 1)
    assert found.total("stages") == (1, 4, 2, 0)
    assert found.total("calls") == (1, 3, 1)
    assert found.calls_by_carrier() == [("shell", (1, 3, 0)), ("makefile", (0, 0, 1))]
    assert sum(row.fallback for row in found.rows) == 1


def test_helper_targets_are_no_stages() -> None:
    helper = DockerfileResult("Dockerfile", "", "Earthfile", "equal", False, (StageResult(None, "helper", "equal"),))
    assert figures(READY._replace(dockerfiles=(helper,))).total("stages") == (0, 0, 0, 0)


def test_blockers_are_ranked_by_repositories() -> None:
    found = figures(*ALL)
    ranked = [(item.code, len(item.rows), item.places, item.alone) for item in found.blockers()]
    assert ranked == [("EM801", 2, 3, 1), ("EM520", 1, 2, 0), ("EM107", 1, 1, 1), ("EM806", 1, 1, 0)]
    (most,) = [item for item in found.codes.values() if item.code == "EM801"]
    assert most.messages == {("a", "do it"): 2, ("b", "do it"): 1}
    assert not found.codes["EM704"].by_hand


def test_unknown_images_are_ranked_by_repositories() -> None:
    assert figures(*ALL).unknown_images() == [("reg.example.com/team/base", 2), ("reg.example.com/team/go", 1)]


def test_repositories_whose_images_are_equal_and_calls_are_left_are_told() -> None:
    no_dockerfile = CALLS._replace(name="none", dockerfiles=())
    found = figures(*ALL, no_dockerfile)
    assert found.images_only == 1
    assert "In **1 more** every Dockerfile gives equal images" in rendered(*ALL)["summary.md"].decode()


def test_a_grade_whose_message_is_hidden_is_no_move_by_itself() -> None:
    assert figures(READY._replace(dockerfiles=(dockerfile("differs"),))).rows[0].state is State.TASKS


def test_waves_are_ordered_by_what_they_take() -> None:
    bigger = READY._replace(name="a-bigger", dockerfiles=READY.dockerfiles * 2)
    found = figures(bigger, *ALL)
    assert [row.name for row in found.ordered() if row.wave] == ["ready", "a-bigger", "calls", "differs", "blocked"]


def test_the_effort_is_data_and_its_formula_is_stated() -> None:
    assert Effort.of(builtin().effort) == EFFORT
    more = overlay(builtin(), "effort: {call: 500}", "e.yaml")
    calls = [row for row in _csv(dict(render(ALL, mappings=more))) if row["name"] == "calls"]
    assert calls[0]["minutes"] == "1020"
    files = rendered(*ALL)
    for name in ("index.html", "summary.md"):
        assert formula(EFFORT) in files[name].decode()


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, "–"), (0, 5, "0 %"), (1, 1000, "<1 %"), (1, 3, "33 %"), (999, 1000, "99 %"), (5, 5, "100 %")],
)
def test_percentages_never_round_to_none_or_all(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"), [(0, "0 min"), (89, "89 min"), (90, "2 h"), (960, "16 h"), (961, "3 days"), (4800, "10 days")]
)
def test_durations(minutes: int, shown: str) -> None:
    assert duration(minutes) == shown


def test_nothing_at_all_renders() -> None:
    files = rendered()
    assert sorted(files) == ["index.html", "results.csv", "summary.md"]
    assert "Audit of 0 repositories" in files["summary.md"].decode()
    assert b"No repository has a Dockerfile." in files["index.html"]


def test_equal_results_give_equal_bytes_whatever_their_seconds() -> None:
    slower = tuple(result._replace(seconds=99.5) for result in ALL)
    assert rendered(*ALL) == rendered(*slower)


class Page(HTMLParser):
    """Elements and attributes of a page, its links, and its text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.words: list[str] = []
        self.feed(content.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))
        values = dict(attrs)
        if "href" in values:
            self.links.append(values["href"] or "")
        if "id" in values:
            self.ids.add(values["id"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


NASTY = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</style></title></td><img src=x onerror=alert(1)>",
    "<!--",
    "]]>&amp;<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "`x` | ![a](http://e.example/i.png) [b](javascript:1) <b> @everyone #1 \\",
    '=HYPERLINK("http://e.example")',
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "a\nb\r\nc\td\x00e\x1b[31m",
    "\u202egnp.exe \u200b \u2028 \ud800",
    "../../../etc/passwd",
    "CON",
    "",
)


def hostile(value: str) -> Result:
    """A result with ``value`` in every field that holds text."""
    return Result(
        repository=value,
        name=value,
        status="done",
        why="",
        ref=value,
        commit=value,
        version=value,
        settings=value,
        dockerfiles=(DockerfileResult(value, value, value, value, True, (StageResult(value, value, value),)),),
        sites=(SiteResult(value, 1, value, "left", value), SiteResult(value, 2, value, value, value)),
        findings=tuple(
            Finding(code, severity, value, 1, 1, value, value)
            for code in ("EM801", value)
            for severity in ("error", "warning", "info", value)
        ),
        bases=(BaseImage(value, False), BaseImage(value + "b", True)),
        changes=((value, value),),
        patch=value,
        branch=value,
        commands=(value,),
    )


def shape(content: bytes) -> list[tuple[str, tuple[str, ...]]]:
    return Page(content).tags


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_no_text_of_a_repository_becomes_an_element_or_an_attribute(value: str) -> None:
    """A page with a hostile text has the elements and attributes of a page with a harmless one."""
    about = About(value, value, "patches")
    bad = rendered(hostile(value), Result(value + "f", value + "f", "failed", why=value), about=about)
    failed = Result("plainf", "plainf", "failed", why="plain")
    good = rendered(hostile("plain"), failed, about=About("v", "s", "patches"))
    pages = sorted(name for name in bad if name.startswith("pages/"))
    assert len(pages) == 2
    assert _without_links(shape(bad["index.html"])) == _without_links(shape(good["index.html"]))
    assert _kinds(bad["codes/EM801.html"]) == _kinds(good["codes/EM801.html"])
    for name in pages:
        assert _kinds(bad[name]) <= _kinds(good["pages/plain.html"]) | _kinds(good["pages/plainf.html"])
    for name, content in bad.items():
        if name.endswith(".html"):
            assert not [target for target in Page(content).links if target.lower().startswith(("javascript:", "//"))]
            assert Page(content).tags.count(("script", ())) == (name == "index.html")


def _without_links(tags: list[tuple[str, tuple[str, ...]]]) -> list[tuple[str, tuple[str, ...]]]:
    return [tag for tag in tags if tag[0] not in ("a", "code")]


def _kinds(content: bytes) -> set[tuple[str, tuple[str, ...]]]:
    return set(shape(content))


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_paths_of_the_report_stay_in_it(value: str) -> None:
    for name in rendered(hostile(value), hostile("b" + value)):
        assert re.fullmatch(r"(?:(?:pages|codes)/)?[A-Za-z0-9_+][A-Za-z0-9._+-]*\.(?:html|md|csv|yaml|txt)", name), name


def test_page_names_differ_on_every_file_system() -> None:
    taken: set[str] = set()
    names = [page_name(name, taken) for name in ("a", "A", "a/b", "a-b", "..", "con", "x" * 300, "é")]
    stems = ("a", "A-2", "a-b", "a-b-2", "repository", "_con", "x" * 120, "repository-2")
    assert names == [f"{stem}.html" for stem in stems]


def test_attributes_and_children_are_escaped() -> None:
    assert element("a", "<b>", Html("<i></i>"), title='"', hidden=False, open=True) == (
        '<a title="&quot;" open>&lt;b&gt;<i></i></a>'
    )
    assert text("a\u202eb\n") == "a\\u202eb\\n"


def test_a_page_loads_nothing_and_runs_only_its_own_script() -> None:
    for name, content in rendered(*ALL).items():
        if not name.endswith(".html"):
            continue
        page = content.decode()
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
        assert "default-src &#x27;none&#x27;" in policy
        assert not re.search(r"<(?:link|img|iframe|object|base)\b|@import|url\(", page)
        assert ("script-src &#x27;none&#x27;" in policy) == (name != "index.html")


def test_the_hashes_of_the_policy_are_those_of_script_and_style() -> None:
    import base64
    import hashlib
    import html

    page = rendered(*ALL)["index.html"].decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in html.unescape(policy)


def test_every_link_between_pages_leads_somewhere() -> None:
    files = rendered(*ALL)
    pages = {name: Page(content) for name, content in files.items() if name.endswith(".html")}
    followed = 0
    for name, page in pages.items():
        folder = name.rpartition("/")[0]
        for target in page.links:
            if target.startswith("https://"):
                continue
            path, _, place = target.partition("#")
            whole = "/".join(_walk([*folder.split("/"), *path.split("/")])) if path else name
            assert whole in files, (name, target)
            assert not place or place in pages[whole].ids, (name, target)
            followed += 1
    assert followed > 60
    linked = set(pages["index.html"].links)
    assert {f"pages/{result.name}.html" for result in ALL} <= linked
    assert {"codes/EM801.html", "codes/EM520.html", "summary.md", "results.csv", "base-images.yaml"} <= linked


def _walk(parts: list[str]) -> list[str]:
    done: list[str] = []
    for part in parts:
        if part == "..":
            done.pop()
        elif part:
            done.append(part)
    return done


def test_tables_tell_readers_of_screens_what_they_are() -> None:
    for name, content in rendered(*ALL).items():
        if name.endswith(".html"):
            tags = [tag for tag, _ in shape(content)]
            assert tags.count("table") == tags.count("caption") == tags.count("thead")
            assert tags.count("h1") == tags.count("main") == 1
            levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
            assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), name
    heads = [names for tag, names in shape(rendered(*ALL)["index.html"]) if tag == "th"]
    assert all("scope" in names for names in heads)
    assert any("aria-sort" in names for names in heads)


def test_a_page_shows_work_targets_patch_and_commands() -> None:
    result = DIFFERS._replace(
        repository="https://github.com/org/app.git",
        commit=COMMIT,
        patch="differs.patch",
        branch="earth",
        commands=("git -C app push origin earth",),
        changes=(("Earthfile", "create"),),
    )
    page = rendered(result, about=About("1", "", "../patches"))["pages/differs.html"].decode()
    place = f"https://github.com/org/app/blob/{COMMIT}/build.sh#L3"
    for part in (
        f'<a href="{place}"><code>build.sh:3:1</code></a>',
        '<a href="../../patches/differs.patch">',
        "git -C app push origin earth",
        "<td>stage 0 → <code>+t0</code></td>",
        "To do by hand",
        '<a href="../codes/EM520.html">EM520</a>',
        "create <code>Earthfile</code>",
        "wave 3, about 85 min",
    ):
        assert part in page, part


def test_a_stage_says_its_grade_where_it_is_another() -> None:
    stages = (
        StageResult("build", "build", "equal"),
        StageResult("1", "docker", "differs"),
        StageResult(None, "h", "equal"),
    )
    mixed = DockerfileResult("Dockerfile", "", "Earthfile", "differs", True, stages)
    page = rendered(DIFFERS._replace(dockerfiles=(mixed,)))["pages/differs.html"].decode()
    first, second = "<code>build</code> → <code>+build</code>", "stage 1 → <code>+docker</code>"
    helper = "helper → <code>+h</code>"
    told = f"{first} equal<br>{second}<br>{helper} equal"
    assert f"<td>differs, in part FROM DOCKERFILE</td><td>{told}</td>" in page


def test_a_call_without_a_finding_is_still_work() -> None:
    page = rendered(CALLS._replace(findings=()))["pages/calls.html"].decode()
    assert page.count("this call stays as it is: its words are put together") == 1
    assert "build.sh:3</code>, <code>build.sh:4" in page


def test_long_lists_are_folded_and_lose_nothing() -> None:
    many = tuple(finding("EM801", line=line, message=f"m{line}.") for line in range(1, 400))
    same = tuple(finding("EM802", line=1000 + line, message="same") for line in range(1, 400))
    sites = tuple(site("left", 2000 + line) for line in range(1, 400))
    page = rendered(CALLS._replace(findings=(*many, *same), sites=sites))["pages/calls.html"].decode()
    assert page.count("<summary>299 more</summary>") == 2
    assert "<summary>394 more places</summary>" in page
    assert all(f"build.sh:{line}" in page for line in (399, 1399, 2399))


def test_equal_findings_stand_together_and_a_common_hint_once() -> None:
    same = [finding("EM801", line=line, message="same") for line in range(1, 9)]
    result = CALLS._replace(findings=(*same, finding("EM801", line=20, message="other")), sites=())
    page = rendered(result)["pages/calls.html"].decode()
    assert page.count("same") == page.count("other") == page.count("do it") == 1
    assert "<summary>3 more places</summary>" in page
    assert "warning, 9 places" in page


def test_commands_stand_together_wave_by_wave() -> None:
    push = ("git -C /w/ready push origin earth",)
    calls = CALLS._replace(commands=("git -C /w/calls push origin earth", "echo a\nrm -rf b"))
    files = rendered(calls, READY._replace(commands=push), BLOCKED)
    assert files["commands.txt"].decode().splitlines() == [
        "# Wave 1: Nothing is left to do by hand: review, build once, merge.",
        "# ready",
        "git -C /w/ready push origin earth",
        "# Wave 2: Every Dockerfile is converted, and all there is to do takes no more than 60 minutes.",
        "# calls",
        "git -C /w/calls push origin earth",
        "# Not to be run as it stands, for a name in it has characters that cannot be shown: echo a\\nrm -rf b",
    ]
    assert "commands.txt" in Page(files["index.html"]).links
    assert "commands.txt" not in rendered(*ALL)


def test_commands_keep_their_blanks() -> None:
    command = "git -C '/w/\u65e5\u3000\u672c\u00a0' push origin '<earth>'"
    files = rendered(CALLS._replace(commands=(command,)))
    assert command in files["commands.txt"].decode()
    assert html.escape(command) in files["pages/calls.html"].decode()


def test_a_failed_repository_has_no_links_to_codes_without_a_page() -> None:
    files = rendered(Result("f", "f", "failed", why="w", findings=(finding("EM954", "error"),)))
    assert "EM954" in files["pages/f.html"].decode()
    assert not [link for link in Page(files["pages/f.html"]).links if "EM954" in link]


def test_all_codes_of_a_row_are_searched() -> None:
    codes = [f"EM8{number}" for number in range(10, 30)]
    page = rendered(CALLS._replace(findings=tuple(finding(code) for code in codes)))["index.html"].decode()
    row = page[page.index('id="repositories-table"') :]
    assert all(code in row[: row.index("</table>")] for code in codes)


def test_alone_is_what_would_be_ready_without_it() -> None:
    def alone(result: Result) -> int:
        found = Figures(EFFORT)
        found.add(result, "p.html")
        return found.codes["EM801"].alone

    one = READY._replace(findings=(finding("EM801"), finding("EM704", "info", "Dockerfile")))
    assert alone(one) == 1
    assert alone(one._replace(findings=(*one.findings, finding("EM802")))) == 0
    assert alone(one._replace(dockerfiles=(dockerfile("differs", "a/Dockerfile"),))) == 0, "nothing says how"
    assert alone(one._replace(dockerfiles=(dockerfile("differs", "build.sh"),))) == 1, "the code says how"
    assert alone(one._replace(sites=(site("left", 9),))) == 0


def test_of_very_many_repositories_most_wait_in_a_template() -> None:
    def rows(number: int) -> tuple[int, int]:
        page = dict(render(many(number)))["index.html"].decode()
        table = page[page.index('id="repositories-table"') :]
        first, _, rest = table[: table.index("</section>")].partition("</table>")
        return first.count("data-state"), rest.count("data-state") if "<template" in rest else -1

    assert rows(1000) == (1000, -1)
    assert rows(1001) == (250, 751)


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/a/b%20c", "https://github.com/a/b%20c"),
        ("https://github.com/a/b.git", "https://github.com/a/b"),
        ("https://GitLab.com/a/b/c/", "https://gitlab.com/a/b/c"),
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@codeberg.org/a/b", "https://codeberg.org/a/b"),
        ("http://git.example.com:8080/a b", None),
        ("http://git.example.com:8080/a", "http://git.example.com:8080/a"),
        ("https://user:secret@git.example.com/a", "https://git.example.com/a"),
        ("git@git.example.com:a/b.git", None),
        ("/srv/repos/a", None),
        ("file:///srv/a", None),
        ("javascript://github.com/a/b", None),
        ('https://github.com/a"><b', "https://github.com/a%22%3E%3Cb"),
    ],
)
def test_addresses_for_a_browser(repository: str, address: str | None) -> None:
    assert web_address(repository) == address


def _csv(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files["results.csv"].decode("utf-8-sig"), newline="")))


def test_the_sheet_reads_back() -> None:
    rows = {row["name"]: row for row in _csv(rendered(*ALL))}
    assert set(rows) == {result.name for result in ALL}
    assert rows["differs"] == {
        **dict.fromkeys(HEADS, "0"),
        **{"name": "differs", "repository": "/repos/differs", "state": "work left", "wave": "3", "minutes": "85"},
        **{"dockerfiles": "2", "dockerfiles differs": "2", "stages": "2", "stages differs": "2"},
        **{"call sites": "1", "call sites left": "1", "warnings": "4", "codes": "EM520 EM801 EM806"},
        **{"unknown base images": "", "why": "", "commit": "", "branch": "", "patch": ""},
    }
    assert rows["failed"]["why"] == "git clone: not found"


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_no_cell_is_a_formula_and_no_row_is_split(value: str) -> None:
    files = rendered(hostile(value), READY)
    rows = list(csv.reader(io.StringIO(files["results.csv"].decode("utf-8-sig"), newline="")))
    assert [len(row) for row in rows] == [len(HEADS)] * 3
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]


def test_only_formulas_are_marked() -> None:
    assert [
        harmless(cell) for cell in ("=1", " +1", "-a", "@b", "a=1", "https://x", "", "\uff0b1", "a;=1", "b; -1", "c;d")
    ] == [*("'=1", "' +1", "'-a", "'@b", "a=1", "https://x", "", "'\uff0b1", "a;'=1", "b; '-1", "c;d")]


@pytest.mark.parametrize("value", NASTY, ids=range(len(NASTY)))
def test_hostile_text_stays_in_code_spans(value: str) -> None:
    """Outside of code spans the summary is the same whatever the repository says."""
    one = rendered(hostile(value), Result("f", "f" + value, "failed", why=f"w{value}"))["summary.md"].decode()
    two = rendered(hostile("plain"), Result("f", "fplain", "failed", why="plain"))["summary.md"].decode()
    assert _outside(one) == _outside(two)


def _outside(markdown: str) -> list[str]:
    """The lines without code spans, by the rule of CommonMark: a span ends at as many backticks as it began with."""
    bare = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "CODE", markdown)
    return sorted(bare.replace("CODE call-left", "CODE").splitlines())


def test_code_spans() -> None:
    spans = [span(value) for value in ("a", "`", "a``b", "a|b", "")]
    assert spans == ["`a`", "`` ` ``", "```a``b```", "`a\\|b`", "` `"]


def test_the_image_list_loads_when_it_is_filled_in() -> None:
    names = [("reg.example.com:5000/team/base", 3), ("reg.example.com:5000/team/go", 2), ("node-x", 1), ("null", 1)]
    odd = [("${REGISTRY}/base", 2), ("Upper/Case", 1), ("a\n  b: {user: x}", 1), ("x: {user: 1}", 1), ("foo:", 1)]
    plain = image_list([*names, *odd]).decode()
    assert "3 repositories" in plain
    untouched = overlay(builtin(), plain, "base-images.yaml")
    assert untouched.base_images == builtin().base_images
    filled = overlay(builtin(), re.sub(r"(?m)^  # (\S+: \{user: root\})", r"  \1", plain), "base-images.yaml")
    for name, _ in names:
        found = base_image(name, filled)
        assert found is not None, name
        assert found.user == "root"
    assert base_image("reg.example.com:5000/team/anything", filled) is not None
    assert set(filled.base_images) - set(builtin().base_images) == {
        *(name for name, _ in names),
        "reg.example.com:5000/team/*",
        "foo:",
    }


def many(number: int) -> Iterator[Result]:
    """Repositories of every kind, one at a time."""
    for index in range(number):
        base = ALL[index % len(ALL)]
        yield base._replace(name=f"{base.name}-{index:05}", repository=f"https://github.com/org/{base.name}-{index}")


def test_ten_thousand_repositories_in_bounded_time() -> None:
    begun = time.process_time()
    sizes = {name: len(content) for name, content in render(many(10_000))}
    assert time.process_time() - begun < 60
    assert len([name for name in sizes if name.startswith("pages/")]) == 10_000
    assert sizes["index.html"] < 10_000_000


def test_little_is_kept_of_a_repository() -> None:
    """What is held while pages come: ten thousand repositories fit into 30 MB."""
    tracemalloc.start()
    held = []
    for number, _ in enumerate(render(many(1500)), start=1):
        if number in (500, 1500):
            held.append(tracemalloc.get_traced_memory()[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held[1] - held[0] < 1000 * 3000
    assert peak < 30_000_000


def test_assets_are_in_the_package() -> None:
    folder = Path(__file__).resolve().parent.parent / "migrate" / "report" / "audit"
    for name in ("audit.css", "audit.js"):
        content: Any = (folder / name).read_text(encoding="utf-8")
        assert "</" not in content, "it would end its element"
        assert content.isascii()
