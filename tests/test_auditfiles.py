"""The report on disk: from a results.jsonl as runs leave it, also after a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrate import auditfiles
from migrate.cli import main
from migrate.results import (
    BaseImage,
    DockerfileResult,
    Finding,
    Result,
    ResultError,
    SiteResult,
    StageResult,
    line,
    run_line,
)

DONE = Result(
    "https://example.org/a.git",
    "a",
    "done",
    dockerfiles=(
        DockerfileResult("Dockerfile", "", "Earthfile", "equal", False, (StageResult("0", "docker", "equal"),)),
    ),
    sites=(SiteResult("ci.sh", 3, "shell", "left", "it is odd"),),
    bases=(BaseImage("reg.example.com/base", False),),
)


def batch(folder: Path, text: str) -> Path:
    (folder / auditfiles.RESULTS).write_bytes(text.encode())
    return folder


def test_the_last_line_of_a_repository_and_the_last_run_count(tmp_path: Path) -> None:
    earlier = DONE._replace(status="failed", why="no network", dockerfiles=(), sites=())
    folder = batch(
        tmp_path,
        run_line(started="2026-01-01")
        + line(earlier)
        + line(DONE._replace(name="b"))
        + run_line(started="2026-02-02", jobs=2, version=7)
        + line(DONE),
    )
    written = auditfiles.write(folder)
    assert written == (folder / "index.html", 2)
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert "run started `2026-02-02`" in summary
    assert "no network" not in summary
    assert sorted(path.name for path in (folder / "pages").iterdir()) == ["a.html", "b.html"]
    assert (folder / "base-images.yaml").exists()


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path: Path) -> None:
    cut = line(DONE._replace(name="b", repository="/r/\u00e9"))
    whole = (line(DONE) + cut).encode()
    for end in range(len(line(DONE).encode()), len(whole)):
        (tmp_path / auditfiles.RESULTS).write_bytes(whole[:end])
        if end % 40 == 0 or whole[end - 1 : end + 1] == b"\xc3\xa9":
            assert auditfiles.write(tmp_path).repositories == 1


def test_rendering_again_gives_the_same_files(tmp_path: Path) -> None:
    folder = batch(tmp_path, line(DONE) + line(DONE._replace(name="b")))
    auditfiles.write(folder)
    first = contents(folder)
    auditfiles.write(folder)
    assert first == contents(folder)
    assert len(first) == 7


def test_when_the_run_started_changes_no_page_of_a_repository(tmp_path: Path) -> None:
    folder = batch(tmp_path, run_line(started="2026-01-01") + line(DONE))
    auditfiles.write(folder)
    first = contents(folder)
    auditfiles.write(batch(folder, run_line(started="2026-01-01") + line(DONE) + run_line(started="2026-02-02")))
    changed = {path.name for path, data in contents(folder).items() if data != first[path]}
    assert changed == {"results.jsonl", "index.html", "summary.md"}


def test_what_an_earlier_report_had_goes(tmp_path: Path) -> None:
    other = DONE._replace(name="b", commands=("git push",), findings=(Finding("EM801", "error", "a", 1, 1, "m", "h"),))
    auditfiles.write(batch(tmp_path, line(DONE) + line(other)))
    (tmp_path / "pages" / "mine.html").write_text("a page of yours", encoding="utf-8")
    before = {path.relative_to(tmp_path).as_posix() for path in contents(tmp_path)}
    assert before >= {"commands.txt", "base-images.yaml", "pages/b.html", "codes/EM801.html"}
    rest = batch(tmp_path, line(DONE._replace(bases=())))
    auditfiles.write(rest, brief=lambda: True)
    assert (tmp_path / "pages" / "b.html").exists(), "a brief report leaves pages as they are"
    auditfiles.write(rest)
    after = {path.relative_to(tmp_path).as_posix() for path in contents(tmp_path)}
    assert after == {"results.jsonl", "index.html", "summary.md", "results.csv", "pages/a.html", "pages/mine.html"}


def test_a_list_of_images_that_was_filled_in_stays(tmp_path: Path) -> None:
    folder = batch(tmp_path, line(DONE))
    auditfiles.write(folder)
    mine = (folder / "base-images.yaml").read_text(encoding="utf-8").replace("  # reg.", "  reg.")
    (folder / "base-images.yaml").write_text(mine, encoding="utf-8")
    auditfiles.write(batch(folder, line(DONE._replace(bases=(BaseImage("other", False),)))))
    assert (folder / "base-images.yaml").read_text(encoding="utf-8") == mine
    assert "# other: {user: root}" in (folder / "base-images-2.yaml").read_text(encoding="utf-8")
    auditfiles.write(batch(folder, line(DONE._replace(bases=()))))
    assert [path.name for path in folder.glob("base-images*")] == ["base-images.yaml"]


def test_two_that_render_wait_for_each_other(tmp_path: Path) -> None:
    folder = batch(tmp_path, "".join(line(DONE._replace(name=f"n{number}")) for number in range(40)))
    command = [sys.executable, "-m", "migrate.cli", "report", str(folder), "--quiet"]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parent.parent, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.wait(), process.communicate()[1]) for process in processes] == [(0, b"")] * 4


def contents(folder: Path) -> dict[Path, bytes]:
    """The files of a report."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}


CUT = line(DONE)[:50] + "\n" + line(DONE)


FINDING = line(DONE._replace(findings=(Finding("EM801", "error", "a", 1, 1, "m", "h"),)))
ODD = [
    line(DONE).replace('"line":3', '"line":null'),
    line(DONE).replace('"name":"a"', '"name":["a"]'),
    line(DONE).replace('"grade":"equal"', '"grade":"Equal"'),
    line(DONE).replace('"fallback":false', '"fallback":0'),
    line(DONE).replace('"outcome":"left"', '"outcome":"lost"'),
    line(DONE).replace('"commands":[]', '"commands":[1]'),
    line(DONE).replace('"known":false', '"known":"no"'),
    line(DONE).replace('"bases":[{', '"bases":[[{').replace('"known":false}]', '"known":false}]]'),
    FINDING.replace('"severity":"error"', '"severity":"bad"'),
    FINDING.replace('"message":"m"', '"message":{}'),
    200_000 * "[" + "\n",
]


@pytest.mark.parametrize(
    "text", ["nonsense\n", '{"format": 99, "kind": "repository"}\n', CUT, *ODD], ids=range(3 + len(ODD))
)
def test_what_is_no_result_is_said_with_its_line(tmp_path: Path, text: str) -> None:
    folder = batch(tmp_path, run_line() + text)
    with pytest.raises(ResultError, match="line 2: "):
        auditfiles.write(folder)
    done = CliRunner().invoke(main, ["report", str(folder)])
    assert (done.exit_code, done.stdout) == (3, "")
    assert "results.jsonl: line 2: " in done.stderr


def test_the_command_renders_and_names_the_page(tmp_path: Path) -> None:
    folder = batch(tmp_path, line(DONE))
    mappings = tmp_path / "numbers.yaml"
    mappings.write_text("effort: {repository: 1, dockerfile: 2, call: 4}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["report", str(folder), "--mappings", str(mappings)])
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"{(folder / 'index.html').as_posix()}: 1 repository\n"
    assert "Wave 2: `a` (7 min)." in (folder / "summary.md").read_text(encoding="utf-8")


def test_a_folder_without_results_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert done.exit_code == 3
    assert "results.jsonl: No such file or directory" in done.stderr
    assert not list(tmp_path.iterdir())
    assert CliRunner().invoke(main, ["report", str(tmp_path / "none")]).exit_code == 2


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    folder = batch(tmp_path, line(DONE))
    (folder / "pages").write_text("a file of yours", encoding="utf-8")
    done = CliRunner().invoke(main, ["report", str(folder)])
    assert done.exit_code == 3
    assert (folder / "pages").read_text(encoding="utf-8") == "a file of yours"
