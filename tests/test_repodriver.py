"""``repo`` as a user runs it: what is printed, what is written, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from migrate import inspecting, repoverify
from migrate.callsites.edits import Edit, apply
from migrate.cli import main
from migrate.diagnostics import Grade
from migrate.imagefacts import ImageFacts
from migrate.inspecting import Wanted
from migrate.verify import run
from migrate.verify.builders import Tool
from migrate.verify.compare import Aspect, Comparison, Difference
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Pair, jobs
from migrate.verify.session import Result as VerifyResult
from migrate.verify.session import Verdict

HOSTILE = "`a|b` <script>@octocat #1 ${X} [x](http://x.example)"


def git(root: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two Dockerfiles, a script, and two calls that stay."""
    folder = tmp_path / "shop"
    (folder / "web").mkdir(parents=True)
    (folder / "Dockerfile").write_text(
        "FROM alpine:3.20 AS build\nRUN true\nFROM alpine:3.20\nCOPY --from=build /x /x\n"
    )
    (folder / "web" / "Dockerfile").write_text("FROM alpine:3.20\nRUN true\n")
    (folder / "build.sh").write_bytes(b"docker build -t shop .\r\nid=$(docker build -q web)\r\n")
    (folder / "docker-compose.yml").write_text("services:\n  web:\n    build: web\n    image: web\n")
    git(folder, "init", "-q", ".")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    monkeypatch.chdir(folder)
    return folder


def repo(*words: str) -> Result:
    return CliRunner().invoke(main, ["repo", *words], prog_name="earthmigrate")


def everything(root: Path) -> dict[str, tuple[bytes, int, int]]:
    """Path -> bytes, mode and time of change of all files, git's own too."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[path.relative_to(root).as_posix()] = (content, status.st_mode, status.st_mtime_ns)
    return found


def test_the_summary_says_what_to_try_what_was_found_and_what_is_left(root: Path) -> None:
    lines = repo().stderr.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("after --write"))
    assert lines[first:] == [
        "after --write, try:  earth +docker",
        "install earth:  https://www.earthbuild.dev/install.html",
        "CI:  a job that runs build.sh needs earth and an engine (on GitHub: EarthBuild/actions-setup)",
        "2 Dockerfiles, 3 stages in 2 Earthfiles: 2 equal",
        "3 call sites: 1 rewritten, 1 reported, 1 left as they are",
        "to do by hand, 1 place:",
        "  build.sh:2:6  earth --ci ./web+docker && docker image inspect --format '{{.Id}}' web",
        "would change 4 files",
    ]


def test_after_a_write_the_undo_command_brings_the_old_tree_back(root: Path) -> None:
    before = {path: content for path, (content, _, _) in everything(root).items() if not path.startswith(".git/")}
    result = repo("--write")
    assert (result.exit_code, result.stdout) == (0, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("to undo it:  git checkout -- build.sh && rm -f -- ")
    assert git(root, "status", "--porcelain") != ""
    subprocess.run(last.removeprefix("to undo it:"), shell=True, cwd=root, check=True)
    assert git(root, "status", "--porcelain") == ""
    after = {path: content for path, (content, _, _) in everything(root).items() if not path.startswith(".git/")}
    assert after == before


@pytest.mark.parametrize("words", [(), ("--check",), ("--format=json",), ("--docs",)])
def test_without_write_nothing_is_written_not_even_in_git(root: Path, words: tuple[str, ...]) -> None:
    # An index whose times no longer fit the files is what git likes to write anew.
    os.utime(root / "build.sh", ns=(10**18, 10**18))
    before = everything(root)
    result = repo(*words)
    assert result.exit_code == (1 if "--check" in words else 0)
    assert everything(root) == before


def test_json_has_the_edits_that_make_the_new_text(root: Path) -> None:
    data = json.loads(repo("--format=json").stdout)
    text = (root / "build.sh").read_bytes().decode()
    edits = [
        Edit(offset(text, item["span"]["start"]), offset(text, item["span"]["end"]), item["text"])
        for item in data["edits"]
        if item["path"] == "build.sh"
    ]
    assert edits
    assert repo("--write").exit_code == 0
    assert (root / "build.sh").read_bytes().decode() == apply(text, edits)


def offset(text: str, place: dict[str, int]) -> int:
    lines = re.split(r"(?<=\n)", text)
    return sum(map(len, lines[: place["line"] - 1])) + place["column"] - 1


def test_json_says_what_became_of_each_call_site(root: Path) -> None:
    data = json.loads(repo("--format=json").stdout)
    sites = [
        (item["path"], item["span"]["start"]["line"], item["outcome"], item["suggestion"])
        for item in data["call_sites"]
    ]
    assert sites == [
        ("build.sh", 1, "rewritten", None),
        ("build.sh", 2, "reported", "earth --ci ./web+docker && docker image inspect --format '{{.Id}}' web"),
        ("docker-compose.yml", 3, "left", None),
    ]
    assert data["counts"] == {
        "dockerfiles": 2,
        "earthfiles": 2,
        "stages": 3,
        "grades": {"equal": 2},
        "call_sites": {"found": 3, "rewritten": 1, "reported": 1, "left": 1},
    }
    assert data["undo"][0] == "git checkout -- build.sh"
    assert {item["change"] for item in data["changes"]} == {"create", "replace"}
    assert data["diff"].startswith("diff --git ")


def test_a_dirty_tree_is_refused(root: Path) -> None:
    (root / "build.sh").write_text("docker build -t mine .\n")
    before = everything(root)
    result = repo("--write")
    assert (result.exit_code, "EM738" in result.stderr) == (3, True)
    assert everything(root) == before
    result = repo("--write", "--allow-dirty")
    assert result.exit_code == 0
    assert (root / "build.sh").read_text() == "earth +docker\n"
    undo = result.stderr.splitlines()[-1].removeprefix("to undo it:")
    subprocess.run(undo, shell=True, cwd=root, check=True)
    assert (root / "build.sh").read_text() == "docker build -t mine .\n"  # git alone would have lost it


def test_the_report_is_the_same_every_time_and_beside_the_repository(root: Path, tmp_path: Path) -> None:
    before = everything(root)
    result = repo("--report", str(tmp_path / "out" / "deep"))
    page = (tmp_path / "out" / "deep" / "pull-request.md").read_text(encoding="utf-8")
    assert result.exit_code == 0
    assert everything(root) == before
    assert repo("--report", str(tmp_path / "two")).exit_code == 0
    assert (tmp_path / "two" / "pull-request.md").read_text(encoding="utf-8") == page
    assert "| `build` | `+build` | equal |" in page
    assert '```mermaid\nflowchart LR\n    t0["+build"]\n    t1["+docker"]\n    t0 -.-> t1\n```' in page
    assert "- [ ] `build.sh:2:6`: this call stays as it is: its output is used (EM801)<br>use `earth --ci ./web" in page
    assert "git checkout -- build.sh\n" in page
    assert "Nothing was built for this page" in page


def test_a_report_inside_the_repository_is_said_or_refused(root: Path) -> None:
    result = repo("--report", "out")
    assert "wrote out/pull-request.md (inside the repository: keep it out of the commit)" in result.stderr
    (root / "docs").mkdir()
    (root / "docs" / "pull-request.md").write_text("mine\n")
    git(root, "add", "docs")
    for folder in ("docs", ".git", ".git/hooks"):
        result = repo("--report", folder)
        assert (result.exit_code, "EM870" in result.stderr, result.stdout) == (3, True, "")
    assert (root / "docs" / "pull-request.md").read_text() == "mine\n"


def test_the_report_escapes_what_comes_from_the_repository(root: Path, tmp_path: Path) -> None:
    (root / f"{HOSTILE.replace('/', '-')}.sh").write_text(f"docker build --squash -t '{HOSTILE}' .\n")
    git(root, "add", "-A")
    assert repo("--report", str(tmp_path / "out")).exit_code == 0
    page = (tmp_path / "out" / "pull-request.md").read_text(encoding="utf-8")
    bare = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "CODE", page)  # code spans show what is in them
    assert "octocat" in page
    assert "<script>" not in bare
    assert "@octocat" not in bare
    assert "](http://x" not in bare


def test_many_dockerfiles_are_folded_away(root: Path, tmp_path: Path) -> None:
    for number in range(30):
        (root / f"s{number}").mkdir()
        (root / f"s{number}" / "Dockerfile").write_text("FROM alpine:3.20 AS a\nFROM a\nRUN true\n")
    git(root, "add", "-A")
    assert repo("--report", str(tmp_path / "out")).exit_code == 0
    page = (tmp_path / "out" / "pull-request.md").read_text(encoding="utf-8")
    assert page.count("<details>") == page.count("</details>") > 30
    assert "<summary><code>s7/Dockerfile</code> &rarr; <code>s7/Earthfile</code>: equal</summary>" in page


def test_without_builders_nothing_is_written(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(where)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    before = everything(root)
    result = repo("--verify", "--write")
    assert (result.exit_code, "EM920[no-docker-builder]" in result.stderr) == (3, True)
    assert everything(root) == before


def judged(verdict: Verdict, seen: list[Pair], error: VerifyError | None = None) -> Any:
    """A stand-in for the builders: every pair gets ``verdict``."""

    def execute(request: run.Request, mappings: object, watcher: object, pairs: tuple[Pair, ...]) -> run.Outcome:
        seen.extend(pairs)
        found = (Difference(Aspect.CONTENT, b"etc/x", "1", "2"),) if verdict is Verdict.DIFFERS else ()
        grade = Grade.DIFFERS if found else Grade.EQUAL
        comparison = Comparison(grade, found, (), 3, ()) if error is None else None
        results = [
            VerifyResult(job, verdict, comparison, error) for pair in pairs for job in jobs(pair, (), every=False)
        ]
        return run.Outcome(tuple(results), {"Dockerfile": Tool("buildctl", ""), "Earthfile": Tool("earth", "")}, ())

    return execute


@pytest.mark.parametrize(
    ("verdict", "error", "code", "said"),
    [
        (Verdict.EQUAL, None, 0, "verified 2 targets: 2 equal"),
        (Verdict.DIFFERS, None, 4, "verified 2 targets: 2 differs"),
        (Verdict.NOT_BUILT, VerifyError("EM921"), 3, "verified 2 targets: 2 not built"),
    ],
)
def test_verify_reports_verdicts_everywhere(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    error: VerifyError | None,
    code: int,
    said: str,
) -> None:
    seen: list[Pair] = []
    monkeypatch.setattr(run, "execute", judged(verdict, seen, error))
    monkeypatch.setattr(repoverify, "ready", lambda wish: None)
    before = everything(root)
    result = repo("--verify", "--format=json", "--report", str(tmp_path / "out"))
    assert (result.exit_code, everything(root)) == (code, before)
    assert said in result.stderr
    assert [item["verdict"] for item in json.loads(result.stdout)["verification"]["results"]] == [verdict.value] * 2
    page = (tmp_path / "out" / "pull-request.md").read_text(encoding="utf-8")
    assert page.count(f"| {verdict.value} |") >= 4
    assert [(pair.name, pair.overlay is not None) for pair in seen] == [("Dockerfile", True), ("web/Dockerfile", True)]
    seen.clear()
    assert repo("--verify", "--write").exit_code == code
    assert [(pair.name, pair.overlay) for pair in seen] == [("Dockerfile", None), ("web/Dockerfile", None)]
    assert all((pair.context / "Earthfile").read_text() == pair.earthfile for pair in seen)


def test_options_of_verify_need_verify(root: Path) -> None:
    result = repo("--registry=127.0.0.1:5000")
    assert (result.exit_code, "--verify" in result.stderr) == (2, True)


def test_each_image_is_looked_at_once(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def inspect(images: tuple[Wanted, ...], where: str) -> tuple[dict[str, ImageFacts], list[object]]:
        asked.extend(one.image for one in images)
        return {"docker.io/library/alpine:3.20": ImageFacts(user="app")}, []

    monkeypatch.setattr(inspecting, "inspect", inspect)
    facts = tmp_path / "facts.json"
    result = repo("--inspect", "--image-facts", str(facts))
    assert (result.exit_code, asked) == (0, ["alpine:3.20"])
    assert "wrote " in result.stderr
    asked.clear()
    assert repo("--image-facts", str(facts)).exit_code == 0
    assert asked == []
    assert repo("--image-facts", str(tmp_path / "none")).exit_code == 2
