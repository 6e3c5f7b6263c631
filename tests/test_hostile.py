"""Repositories that nobody makes by hand: bounded time, a message, no crash, nothing outside the tree touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.choice import Choice
from migrate.repodriver import RepositoryJob, RepositoryOutcome, execute

CALL = "docker build -t app .\n"
posix = pytest.mark.skipif(os.name == "nt", reason="needs a file system of POSIX")
with_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on PATH")
#: Seconds of processor time that one run may take, on a slow machine.
LIMIT = 20


def run(root: Path, *, write: bool = False) -> RepositoryOutcome:
    """One run, which must end in time and not be a failure."""
    start = time.process_time()
    outcome = execute(RepositoryJob(root, Choice(docs=True), write=write))
    assert time.process_time() - start < LIMIT
    return outcome


def codes(outcome: RepositoryOutcome, path: str) -> list[str]:
    return [item.code for item in outcome.diagnostics if item.path == path]


def fill(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, data in {"Dockerfile": "FROM alpine:3.20\nCOPY . /app\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
STEP = "jobs:\n  a:\n    steps:\n      - run: docker build . "
FILES: dict[str, tuple[str, str | bytes, str]] = {
    "aliases": ("compose.yaml", BOMB + "services: {app: {build: ., command: *i}}\n", ""),
    "aliases in GitLab": (".gitlab-ci.yml", BOMB + f"job:\n  script:\n    - *i\n    - {CALL}", ""),
    "merge keys": ("compose.yaml", BOMB + "services:\n  app:\n    <<: [*i, *i]\n    build: .\n", ""),
    "deep YAML": (".github/workflows/a.yml", "# docker build .\njobs: " + "[" * 5000, "EM806"),
    "deep YAML blocks": (".gitlab-ci.yml", "".join(" " * n + "a:\n" for n in range(600)) + f"# {CALL}", "EM806"),
    "deep JSON": ("package.json", '{"scripts": {"a": "docker build ."}, "b": ' + "[" * 100_000, "EM801"),
    "deep Python": ("a.py", f"x = {'(' * 9000}\n# docker build .\nos.system('docker build .')\n", "EM801"),
    "deep shell": ("a.sh", "docker build -t " + "$(" * 9000, "EM806"),
    "deep arrays": ("a.sh", CALL + "a=(" * 9000, "EM806"),
    "deep expansions": ("a.sh", CALL + "${a:-" * 9000, "EM806"),
    "deep functions": ("a.sh", CALL + "f() { " * 9000, "EM806"),
    "backquotes": ("a.sh", CALL + "`" * 100_001, "EM806"),
    "24 MB": ("a.sh", CALL + "#" * 24_000_000, "EM746"),
    "24 MB of YAML": ("compose.yaml", "services: {a: {build: .}}\n# docker build\n" + "#" * 24_000_000, "EM746"),
    "a large Python file": ("a.py", "os.system('docker build .')\n" * 20_000, "EM746"),
    "many calls": ("a.sh", CALL * 10_000, "EM806"),
    "UTF-16": ("a.sh", CALL.encode("utf-16"), "EM747"),
    "UTF-16, big endian": ("Makefile", b"\xfe\xff" + f"a:\n\t{CALL}".encode("utf-16-be"), "EM747"),
    "UTF-32": ("a.py", CALL.encode("utf-32"), "EM747"),
    "NUL bytes": ("a.sh", CALL.encode() + b"\0", "EM747"),
    "stray bytes": ("a.sh", b"# caf\xe9\n" + CALL.encode(), ""),
    "expressions": (".github/workflows/a.yml", STEP + "${{ x }}" * 9000, "EM801"),
    "open expressions": (".github/workflows/a.yml", STEP + "${{ " * 50_000, ""),
    "fences": ("a.md", "docker build\n" + "`" * 200_000, ""),
    "lines": ("justfile", "# docker build\n" + "\n" * 200_000, ""),
    "words": ("a.sh", "docker " * 30_000, ""),
    "braces": ("a.sh", "docker build {" + "{" * 200_000, ""),
    "odd blanks": ("a.sh", "echo a\vb \f c\rd \x85 \u2003\n" + CALL, ""),
    "tools": (".gitlab-ci.yml", "x: [" + "docker " * 30_000, ""),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_costs_no_more_than_a_message(name: str, tmp_path: Path) -> None:
    path, data, code = FILES[name]
    outcome = run(fill(tmp_path, {path: data}))
    assert not outcome.failed
    assert b"Earthfile" in outcome.stdout
    if code:
        assert code in codes(outcome, path)


@posix
def test_devices_pipes_and_links_are_passed_over(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", {"build.sh": CALL, "secret": "secret\n"})
    root = fill(tmp_path / "root", {"build.sh": CALL})
    os.mkfifo(root / "pipe.sh")
    os.mkfifo(root / ".gitignore")
    (root / "sub").mkdir()
    os.mkfifo(root / "sub" / "Dockerfile")
    (root / "link.sh").symlink_to(outside / "build.sh")
    (root / "Dockerfile.link").symlink_to(outside / "Dockerfile")
    (root / "out").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "self").symlink_to("self")
    outcome = run(root, write=True)
    assert not outcome.failed
    assert (root / "build.sh").read_text() == "earth +docker\n"
    assert (outside / "build.sh").read_text() == CALL
    assert sorted(path.name for path in outside.iterdir()) == ["Dockerfile", "build.sh", "secret"]
    assert not any("link" in item.path or "out" in item.path for item in outcome.diagnostics)


@posix
@with_git
def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", {"build.sh": CALL})
    root = fill(tmp_path / "root", {"sub/Dockerfile": "FROM alpine:3.20\n", "sub/build.sh": CALL})
    git(root, "init", "-q")
    git(root, "add", ".")
    shutil.rmtree(root / "sub")
    (root / "sub").symlink_to(outside)
    outcome = execute(RepositoryJob(root, Choice(), write=True, allow_dirty=True))
    assert sorted(path.name for path in outside.iterdir()) == ["Dockerfile", "build.sh"]
    assert (outside / "build.sh").read_text() == CALL
    assert b"outside" not in outcome.stdout


ODD = ["new\nline", "tab\there", 'quo"te', "sin'gle", "-rf", "$(touch x)", "`id`", "a b", "CON", "nul.txt", "é"]
ODD += ["+plus", "back\\slash", "[x]*?", "#a", "~"]


@posix
@with_git
@pytest.mark.parametrize("name", [*(name.encode() for name in ODD), b"latin\xe9"], ids=repr)
def test_odd_names(name: bytes, tmp_path: Path) -> None:
    root = fill(tmp_path / "root", {})
    folder = root / os.fsdecode(name)
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM alpine:3.20\nCOPY a /\n")
    (folder / "a").write_text("a")
    (folder / "build.sh").write_text(CALL)
    shown = run(root)
    git(root, "init", "-q")
    git(root, "add", ".")
    tracked = run(root)
    assert not shown.failed
    assert shown.stdout == tracked.stdout
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    subprocess.run(["git", "apply", "-p1"], cwd=copy, input=shown.stdout, check=True, capture_output=True)
    git(root, "commit", "-qm", "x")
    written = run(root, write=True)
    assert not written.failed
    assert files(root) == files(copy)
    assert not (root / "x").exists()
    again = execute(RepositoryJob(root, Choice()))
    assert again.stdout == b""


def files(root: Path) -> dict[bytes, bytes]:
    found = {}
    for folder, names, here in os.walk(root):
        names[:] = [name for name in names if name != ".git"]
        for name in here:
            path = os.path.join(folder, name)
            found[os.fsencode(os.path.relpath(path, root))] = Path(path).read_bytes()
    return found


@posix
def test_folders_deeper_than_python_recurses(tmp_path: Path) -> None:
    fill(tmp_path, {})
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1500):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    try:
        assert not run(tmp_path).failed
    finally:  # pytest cannot remove it
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


IGNORES = {
    "stars": "*a" * 400 + "b\n" + "**/" * 300 + "x\n",
    "many lines": "".join(f"x{n}*y\n" for n in range(3000)),
    "one line": "[" * 500_000,
    "classes": "[[:alpha:]-z]*[!a-\n\\",
    "bytes": "\udcff*\n",
}


@pytest.mark.parametrize("name", IGNORES)
def test_ignore_files(name: str, tmp_path: Path) -> None:
    text = IGNORES[name].encode("utf-8", "surrogateescape")
    root = fill(tmp_path, {".gitignore": text, **{f"aaaaaaaaaaaaaaaaaaaaaaaaaaaa{n}.txt": "" for n in range(200)}})
    assert not run(root).failed


def test_more_rules_than_can_be_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrate.discovery._MOST_TRIES", 1000)
    root = fill(tmp_path, {".gitignore": "x*\n" * 600, "a": "", "b": ""})
    outcome = run(root)
    assert outcome.failed
    assert [item.code for item in outcome.diagnostics] == ["EM748"]


@with_git
def test_a_damaged_index_is_said(tmp_path: Path) -> None:
    root = fill(tmp_path, {"build.sh": CALL})
    git(root, "init", "-q")
    (root / ".git" / "index").write_bytes(b"DIRC" + b"\xff" * 100)
    outcome = run(root)
    assert "EM745" in codes(outcome, ".")
    assert b"earth +docker" in outcome.stdout


@posix
@with_git
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill(tmp_path / "root", {"build.sh": CALL})
    git(root, "init", "-q")
    git(root, "add", ".")
    for path in [root, *root.rglob("*")]:
        os.chown(path, 12345, 12345)
    (tmp_path / "config").write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("SUDO_UID", raising=False)
    outcome = run(root)
    assert "EM745" in codes(outcome, ".")
    assert b"earth +docker" in outcome.stdout


@with_git
def test_a_worktree_has_a_file_for_git(tmp_path: Path) -> None:
    root = fill(tmp_path / "root", {"build.sh": CALL})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "tree" / "untracked.sh").write_text(CALL)
    outcome = run(tmp_path / "tree", write=True)
    assert not codes(outcome, ".")
    assert (tmp_path / "tree" / "build.sh").read_text() == "earth +docker\n"
    assert (tmp_path / "tree" / "untracked.sh").read_text() == CALL


@with_git
def test_a_file_for_git_that_leads_nowhere(tmp_path: Path) -> None:
    root = fill(tmp_path, {".git": "gitdir: /nowhere/at/all\n", "build.sh": CALL})
    assert "EM745" in codes(run(root), ".")


@posix
@with_git
def test_filters_of_the_repository_start_no_program(tmp_path: Path) -> None:
    root = fill(tmp_path / "root", {".gitattributes": "* filter=evil\n", "build.sh": CALL})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    for name in ("clean", "process", "smudge"):
        git(root, "config", f"filter.evil.{name}", f"touch '{tmp_path / 'started'}'; cat")
    os.utime(root / "build.sh", (1, 1))
    outcome = run(root, write=True)
    assert not outcome.failed
    assert not (tmp_path / "started").exists()


@with_git
def test_variables_of_a_hook_lead_to_no_other_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = fill(tmp_path / "other", {"other.sh": CALL})
    git(other, "init", "-q")
    root = fill(tmp_path / "root", {"build.sh": CALL})
    git(root, "init", "-q")
    git(root, "add", ".")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert b"build.sh" in run(root).stdout


def test_a_large_dockerfile_is_said(tmp_path: Path) -> None:
    root = fill(tmp_path, {"Dockerfile": b"FROM alpine\n" + b"#" * 24_000_000, "build.sh": CALL})
    outcome = run(root)
    assert "EM193" in codes(outcome, "Dockerfile")


def nothing_is_loaded_for(root: Path) -> Callable[[], set[str]]:
    script = (
        "import sys, pathlib\n"
        "from migrate.repodriver import RepositoryJob, execute\n"
        "from migrate.survey import Choice\n"
        f"execute(RepositoryJob(pathlib.Path({str(root)!r}), Choice()))\n"
        "print(' '.join(sys.modules))\n"
    )

    def loaded() -> set[str]:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        return set(done.stdout.split())

    return loaded


def test_files_without_a_hint_are_never_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill(
        tmp_path,
        {
            "a.py": "import os\nos.system('ls')\n",
            "compose.yaml": "services: {a: {image: x}}\n",
            ".github/workflows/a.yml": "on: push\njobs: {}\n",
            "a.sh": "echo\n",
            "Makefile": "a:\n\techo\n",
            "package.json": "{}",
        },
    )
    parsed: list[str] = []
    for reader in ("migrate.callsites.yamltext.documents", "migrate.callsites.shellwords.commands", "ast.parse"):
        monkeypatch.setattr(reader, lambda text, *_, **__: parsed.append(text))
    assert not run(root).failed
    assert parsed == []
    readers = {f"migrate.callsites.{name}" for name in ("python", "workflows", "makefile", "gitlab")}
    assert not (readers | {"libcst"}) & nothing_is_loaded_for(root)()


def test_python_without_a_call_costs_no_rewriter(tmp_path: Path) -> None:
    root = fill(tmp_path, {"a.py": "# docker build\nimport subprocess\nsubprocess.run(['ls'])\nx = 'docker'\n"})
    assert "libcst" not in nothing_is_loaded_for(root)()
    fill(root, {"a.py": "import subprocess\nsubprocess.run(['docker', 'build', '.'])\n"})
    assert "libcst" in nothing_is_loaded_for(root)()


def test_yaml_is_loaded_for_yaml_that_may_build_alone(tmp_path: Path) -> None:
    root = fill(tmp_path, {"Dockerfile": "FROM alpine\n", "b.sh": "docker build .\n"})
    fill(root, {".github/workflows/a.yml": "jobs:\n  build:\n    steps: [{run: make}]\n"})
    assert not any(name.startswith("ruamel") for name in nothing_is_loaded_for(root)())
    fill(root, {".github/workflows/a.yml": "jobs:\n  build:\n    steps: [{run: docker build .}]\n"})
    assert "ruamel.yaml" in nothing_is_loaded_for(root)()
