"""Settings of a repository: where they may stand, what wins, and that they lead nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrate.cli import main
from migrate.configuration import KEYS, ConfigurationError, read, root_of
from migrate.records import NAME

FALLEN = 'FROM alpine:3.20\nSHELL ["/bin/bash"]\nRUN true\n'


def put(root: Path, yaml: str = "", toml: str = "") -> Path:
    (root / "Dockerfile").write_text("FROM alpine:3.20\nRUN true\n")
    (root / "build.sh").write_text("docker build -t app .\n")
    (root / "Makefile").write_text("image:\n\tdocker build -t app .\n")
    if yaml:
        (root / NAME).write_text(yaml)
    if toml:
        (root / "pyproject.toml").write_text(toml)
    return root


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def test_both_files_are_read_and_yaml_wins(tmp_path: Path) -> None:
    put(tmp_path, "tool: earthly\nskip: [makefile]\n", '[tool.earthmigrate]\ntool = "earth"\ndocs = true\n')
    found = {key: setting.value for key, setting in read(tmp_path).items()}
    assert found == {"tool": "earthly", "skip": "makefile", "docs": True}


def test_settings_stand_in_for_options_and_the_command_line_wins(tmp_path: Path) -> None:
    put(tmp_path, "tool: earthly\nskip: [makefile]\n")
    done = run("repo", str(tmp_path))
    assert done.exit_code == 0
    assert "+earthly +docker" in done.stdout
    assert "Makefile" not in done.stdout
    done = run("repo", str(tmp_path), "--tool", "earth", "--skip", "shell")
    assert "+\tearth +docker" in done.stdout
    assert "build.sh" not in done.stdout


def test_lines_of_settings_stay_when_records_are_written(tmp_path: Path) -> None:
    put(tmp_path, "# Ours.\ntool: earthly # until we move\n")
    assert run("repo", str(tmp_path), "--write").exit_code == 0
    assert (tmp_path / NAME).read_text().startswith("# Ours.\ntool: earthly # until we move\nmigrated:\n")
    assert run("repo", str(tmp_path), "--check").exit_code == 0


def test_convert_and_verify_read_those_of_the_repository_that_they_stand_in(tmp_path: Path) -> None:
    put(tmp_path, "fallback: fail\nhelper-image: tools:1\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\nCOPY --parents a/b /\n")
    assert run("convert", str(tmp_path / "app")).exit_code == 3
    assert run("convert", str(tmp_path / "app"), "--fallback", "comment").exit_code == 0
    (tmp_path / NAME).write_text("fidelity: almost\n")
    for words in (("convert", str(tmp_path / "app")), ("verify", "--static", str(tmp_path / "app"))):
        done = run(*words)
        assert done.exit_code == 2
        assert ".earthmigrate.yaml:1:1: fidelity: clean or exact expected" in done.stderr


def test_nothing_is_looked_for_beyond_the_repository(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("tool: earthly\n")
    inner = tmp_path / "inner"
    (inner / ".git").mkdir(parents=True)
    assert root_of(inner) is None
    assert root_of(tmp_path / "other") == tmp_path
    (tmp_path / NAME).write_text("migrated:\n")
    (tmp_path / ".git").mkdir()
    assert root_of(tmp_path) is None


@pytest.mark.parametrize(
    ("yaml", "toml", "message"),
    [
        ("tol: earth\n", "", f"{NAME}:1:1: tol is no setting; did you mean tool?"),
        ("docs: yes please\n", "", f"{NAME}:1:1: docs: true or false expected"),
        ("tool: [earth]\n", "", f"{NAME}:1:1: tool: earth or earthly expected"),
        ("write: true\n", "", f"{NAME}:1:1: write is no setting; known are {', '.join(KEYS)}"),
        ("tool: earth\ntool: earthly\n", "", f"{NAME}:2:1: tool stands here twice"),
        ("tool: &a [*a]\n", "", f"{NAME}:1:7: "),
        (
            "",
            '[tool.earthmigrate]\n\nfail_on = "info"\n',
            "pyproject.toml:3:1: fail_on is no setting; did you mean fail-on?",
        ),
        ("", "[tool]\nearthmigrate = { docs = 1 }\n", "pyproject.toml:2:1: docs: true or false expected"),
        ("", 'tool.earthmigrate.tool = "docker"\n', "pyproject.toml:1:1: tool: earth or earthly expected"),
        ("", '[tool.earthmigrate]\ntool = "earth\n', "pyproject.toml:2:"),
        ("", "[tool]\nearthmigrate = 3\n", "pyproject.toml:1:1: tool.earthmigrate is no table"),
    ],
)
def test_errors_have_a_place_and_a_way_out(yaml: str, toml: str, message: str, tmp_path: Path) -> None:
    put(tmp_path, yaml, toml)
    with pytest.raises(ConfigurationError) as problem:
        read(tmp_path)
    assert f"/{message}" in str(problem.value)
    done = run("repo", str(tmp_path))
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    "path", ["../m.yaml", "/etc/passwd", "a/../../m.yaml", "~/m.yaml", "link.yaml", "there/m.yaml", "no.yaml"]
)
def test_a_path_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("{}\n")
    root = tmp_path / "inner"
    root.mkdir()
    os.symlink(tmp_path / "m.yaml", root / "link.yaml")
    os.symlink(tmp_path, root / "there")
    put(root, f"mappings: {path!r}\n")
    with pytest.raises(ConfigurationError, match=r"inner/\.earthmigrate\.yaml:1:1: mappings: "):
        read(root)


def test_mappings_below_the_root_are_laid_over(tmp_path: Path) -> None:
    put(tmp_path, "mappings: tools/m.yaml\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "m.yaml").write_text("base-images: 3\n")
    done = run("repo", str(tmp_path))
    assert done.exit_code == 2
    assert "tools/m.yaml:1:1: object expected, not 3" in done.stderr


def test_links_and_other_tables_are_not_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("tol: 1\n")
    root = tmp_path / "inner"
    root.mkdir()
    put(root, "", '[project]\nname = "earthmigrate-user"\n[tool.ruff]\ntol = 1\n')
    os.symlink(outside, root / NAME)
    assert read(root) == {}


def test_conversion_options_reach_the_earthfile(tmp_path: Path) -> None:
    put(tmp_path, "fidelity: exact\n")
    done = run("repo", str(tmp_path))
    assert "+    SAVE IMAGE --without-earthly-labels --push app" in done.stdout
