"""Which Dockerfiles go with --remove-dockerfiles; golden/repo-remove-* show more."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.callsites.data import builtin as callsite_data
from migrate.changes import make
from migrate.choice import Choice
from migrate.discovery import discover
from migrate.gitpatch import patch
from migrate.mappings import builtin
from migrate.repository import Migration, migrate

DOCKERFILE = "FROM alpine:3.20\nRUN echo hello > /hello\n"


def planned(root: Path, **files: str) -> Migration:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return again(root)


def again(root: Path) -> Migration:
    choice = Choice(remove_dockerfiles=True)
    return migrate(discover(root, callsite_data().discovery), callsite_data(), builtin(), choice)


def gone(migration: Migration) -> list[str]:
    return [change.path for change in migration.changes if change.after is None]


def why(migration: Migration) -> dict[str, str]:
    return {item.path: item.message for item in migration.diagnostics if item.code == "EM841"}


def test_one_that_nothing_needs(tmp_path: Path) -> None:
    migration = planned(tmp_path, a__Dockerfile=DOCKERFILE, a___dockerignore="x\n")
    assert gone(migration) == ["a/Dockerfile", "a/.dockerignore"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tool_py", "open('a/Dockerfile')\n"),
        ("a__tool_py", "open('Dockerfile')\n"),
        ("conf_toml", "file = './a/Dockerfile'\n"),
        ("other_yml", "x: ${ROOT}/a/Dockerfile\n"),
        ("build_sh", 'docker build -f "$1" .\n'),
        ("build_sh", "id=$(docker build -q a)\n"),
        ("build_sh", 'docker build -f "a/Dockerfile$1" a\n'),
    ],
)
def test_what_keeps_it(tmp_path: Path, name: str, text: str) -> None:
    migration = planned(tmp_path, a__Dockerfile=DOCKERFILE, **{name: text})
    assert gone(migration) == []
    assert list(why(migration)) == ["a/Dockerfile"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README_md", "See a/Dockerfile.\n"),
        ("tool_py", "# a/Dockerfile was here\n"),
        ("tool_py", "open('b/Dockerfile')\nopen('a/Dockerfile.old')\nopen('my-a/Dockerfile')\n"),
        ("build_sh", "docker build -t a a\n"),
        ("build_sh", "docker build https://example.com/a.git\n"),
        ("build_sh", 'docker build -f "b/Dockerfile$1" b\n'),
    ],
)
def test_what_does_not_keep_it(tmp_path: Path, name: str, text: str) -> None:
    assert gone(planned(tmp_path, a__Dockerfile=DOCKERFILE, **{name: text})) == ["a/Dockerfile"]


def test_prose_is_named(tmp_path: Path) -> None:
    migration = planned(tmp_path, a__Dockerfile=DOCKERFILE, README_md="\nSee a/Dockerfile.\n")
    (said,) = (item.message for item in migration.diagnostics if item.code == "EM840")
    assert said.endswith("README.md:2 mentions it")


def test_the_ignore_file_stays_with_a_dockerfile_of_its_context(tmp_path: Path) -> None:
    migration = planned(
        tmp_path,
        a__Dockerfile=DOCKERFILE,
        a__Dockerfile_dev=DOCKERFILE.replace("hello", "dev"),
        a___dockerignore="x\n",
        build_sh="id=$(docker build -q -f a/Dockerfile.dev a)\n",
    )
    assert gone(migration) == ["a/Dockerfile"]


def test_a_later_run_changes_nothing(tmp_path: Path) -> None:
    files = {"a__Dockerfile": DOCKERFILE, "compose_yaml": "services: {a: {build: a}, b: {build: a, image: b}}\n"}
    migration = planned(tmp_path, **files)
    assert gone(migration) == ["a/Dockerfile"]
    make(tmp_path, migration.changes, git=True)
    assert again(tmp_path).changes == ()


def test_git_removes_what_write_removes(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH")
    written, applied = tmp_path / "written", tmp_path / "applied"
    for root in (written, applied):
        (root / "images" / "deep").mkdir(parents=True)
        dockerfile = root / "images" / "deep" / "Dockerfile"
        dockerfile.write_text("FROM alpine:3.20\nCOPY build.sh /\n")
        dockerfile.chmod(0o755)
        (root / "build.sh").write_text("docker build -t x -f images/deep/Dockerfile .\n")
        subprocess.run(["git", "init", "--quiet", "."], cwd=root, check=True)
        subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    migration = again(written)
    text = patch(migration.changes)
    assert b"deleted file mode 100755" in text
    make(written, migration.changes, git=True)
    subprocess.run(["git", "apply", "-p1"], cwd=applied, input=text, check=True)
    found = [sorted(path.relative_to(root).as_posix() for path in root.iterdir()) for root in (written, applied)]
    assert found[0] == found[1]
    assert "images" not in found[0]
