"""golden/<case>/repo: a repository before and after, what is said about it, and that a second run changes nothing."""

from __future__ import annotations

import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from migrate.callsites.data import builtin as callsite_data
from migrate.changes import make
from migrate.choice import Choice
from migrate.discovery import discover
from migrate.gitpatch import patch
from migrate.mappings import builtin
from migrate.records import NAME, read
from migrate.repository import Migration, migrate

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FOLDERS = sorted(path.parent for path in GOLDEN.glob("*/repo")) if GOLDEN.is_dir() else []
cases = pytest.mark.parametrize("folder", FOLDERS, ids=[path.name for path in FOLDERS])


def choice(folder: Path) -> Choice:
    """The options that the case names."""
    file = folder / "options.yaml"
    options: dict[str, Any] = (
        YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) if file.exists() else {}
    )
    for name in ("only", "skip"):
        if name in options:
            options[name] = frozenset(options[name])
    return Choice(**options)


def planned(root: Path, folder: Path) -> Migration:
    return migrate(discover(root, callsite_data().discovery), callsite_data(), builtin(), choice(folder))


def said(migration: Migration) -> str:
    """Each finding on a line; those on the Dockerfile itself are other tests' business."""
    lines = []
    for item in migration.diagnostics:
        if item.code != "EM704":
            place = f":{item.span.start.line}:{item.span.start.column}" if item.span else ""
            by_hand = f" ({item.hint})" if "write by hand" in item.hint or "; here: " in item.hint else ""
            lines.append(f"{item.path}{place} {item.code}[{item.name}] {item.severity.label} {item.message}{by_hand}")
    return "".join(f"{line}\n" for line in lines)


def tree(root: Path) -> dict[str, bytes]:
    """Path -> bytes of every file below ``root``, git's own left out."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_there_are_cases() -> None:
    assert FOLDERS


@cases
def test_after(folder: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    root = tmp_path / "repository"
    shutil.copytree(folder / "repo" / "before", root)
    migration = planned(root, folder)
    make(root, migration.changes, git=True)
    found, text = tree(root), said(migration)
    if request.config.getoption("--update-golden"):
        shutil.rmtree(folder / "repo" / "after", ignore_errors=True)
        for path, data in found.items():
            (folder / "repo" / "after" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "repo" / "after" / path).write_bytes(data)
        (folder / "repo" / "diagnostics.txt").write_text(text, encoding="utf-8", newline="\n")
    assert found == tree(folder / "repo" / "after")
    assert text == (folder / "repo" / "diagnostics.txt").read_bytes().decode()


@cases
def test_a_second_run_changes_nothing(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(folder / "repo" / "after", root)
    assert planned(root, folder).changes == ()


@cases
def test_a_changed_dockerfile_is_drift_that_is_named(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(folder / "repo" / "after", root)
    text = (root / NAME).read_text(encoding="utf-8") if (root / NAME).exists() else ""
    known = [record for record in read(text, NAME)[0] if (root / record.dockerfile).is_file()] if text else []
    if not known:
        return
    path = root / known[0].dockerfile
    path.write_bytes(path.read_bytes().rstrip() + b"\nLABEL changed=1\n")
    migration = planned(root, folder)
    changed = {change.path for change in migration.changes}
    assert NAME in changed
    said = {item.code: item for item in migration.diagnostics if item.code in ("EM739", "EM741")}
    named = [item for item in said.values() if known[0].dockerfile in (item.path, item.message.split(" changed, ")[0])]
    assert named
    if "EM739" in said:
        assert known[0].earthfile in changed


@cases
def test_git_apply_gives_the_same_tree(folder: Path, tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH")
    root = tmp_path / "repository"
    shutil.copytree(folder / "repo" / "before", root)
    subprocess.run(["git", "init", "--quiet", "."], cwd=root, check=True)
    subprocess.run(["git", "add", "--all", "--force"], cwd=root, check=True)
    written = patch(planned(root, folder).changes)
    command = ["git", "apply", "-p1", "--allow-empty"]
    done = subprocess.run(command, cwd=root, input=written, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert tree(root) == tree(folder / "repo" / "after")


def test_an_earthfile_of_somebody_else_stays_in_every_run(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\n")
    (tmp_path / "Earthfile").write_text("VERSION 0.7\n")
    (tmp_path / "build.sh").write_text("docker build -t app .\n")
    migration = migrate(discover(tmp_path, callsite_data().discovery), callsite_data(), builtin(), Choice())
    assert migration.changes == ()
    assert sorted(item.code for item in migration.diagnostics if item.code != "EM704") == ["EM735", "EM801"]


def test_one_call_builds_no_name_twice(tmp_path: Path) -> None:
    for name in ("Dockerfile", "Dockerfile.dev"):
        (tmp_path / name).write_text(f"FROM alpine:3.20\nRUN echo {name}\n")
    (tmp_path / "build.sh").write_text("docker build -t app .\ndocker build -t app:latest -f Dockerfile.dev .\n")
    migration = migrate(discover(tmp_path, callsite_data().discovery), callsite_data(), builtin(), Choice())
    text = next(change.after for change in migration.changes if change.path == "Earthfile")
    assert text is not None
    assert text.decode().endswith("all:\n    BUILD +docker\n")


CALL = re.compile(
    r"(?<![\w./+-])earth(?:ly)?[ \"',](?:[^\n;&|]*?[ \"',(])?((?:\.\.?/|/)?[\w./-]*)\+([a-z][a-z0-9-]*)\b"
)


@cases
def test_every_target_that_a_new_call_names_exists(folder: Path) -> None:
    after = tree(folder / "repo" / "after")
    before = tree(folder / "repo" / "before")
    targets = {
        name: set(re.findall(r"^([a-z][a-z0-9-]*):", data.decode("utf-8", "replace"), re.MULTILINE))
        for name, data in after.items()
        if name.rpartition("/")[2] == "Earthfile"
    }
    for name, data in after.items():
        if name in targets or name == ".earthmigrate.yaml" or data == before.get(name):
            continue
        old = before.get(name, b"").decode("utf-8", "replace")
        for way, target in CALL.findall(data.decode("utf-8", "replace")):
            if f"+{target}" not in old:
                end = posixpath.normpath(way).lstrip("./")
                assert any(
                    target in found and posixpath.dirname(path).endswith(end) for path, found in targets.items()
                ), f"{name}: {way}+{target}"
