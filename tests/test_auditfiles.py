"""The report on disk: from a results.jsonl as runs leave it, also after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from migrate import auditfiles
from migrate.cli import main
from migrate.results import BaseImage, DockerfileResult, Result, ResultError, SiteResult, StageResult, line, run_line

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
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    auditfiles.write(folder)
    assert first == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(first) == 7


CUT = line(DONE)[:50] + "\n" + line(DONE)


@pytest.mark.parametrize("text", ["nonsense\n", '{"format": 99, "kind": "repository"}\n', CUT])
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
