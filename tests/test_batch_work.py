"""One repository of a batch: its result is what ``repo`` says, and nothing that a repository holds is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from batchrepos import FILES, commit, git, repository, url, write
from click.testing import CliRunner

from migrate.batch.inputs import Wanted, entries
from migrate.batch.jobs import Answer, Earlier, Job, Mode
from migrate.batch.work import perform
from migrate.choice import Choice
from migrate.cli import main
from migrate.results import Result

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
PATCHES = Mode(patches=True)


def job(text: str, ref: str | None = None, mode: Mode = PATCHES, **fields: Any) -> Job:
    (entry,) = entries([Wanted(text, ref)]).entries
    return Job(entry, Choice(), mode, **fields)


def done(text: str, ref: str | None = None, mode: Mode = PATCHES, **fields: Any) -> Answer:
    answer = perform(job(text, ref, mode, **fields))
    assert answer.result.status == "done", answer.result
    return answer


def failing(text: str, ref: str | None = None, mode: Mode = PATCHES, **fields: Any) -> Result:
    answer = perform(job(text, ref, mode, **fields))
    assert (answer.result.status, answer.patch) == ("failed", None), answer.result
    assert answer.result.findings[0].message == answer.result.why
    return answer.result


def lasting(result: Result) -> Result:
    """``result`` without what differs from run to run."""
    return result._replace(seconds=0.0, state="", identity="")


@pytest.mark.parametrize("case", [path.parent.name for path in sorted(GOLDEN.glob("*/repo"))][::8])
def test_the_result_is_what_repo_says(case: str, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(GOLDEN / case / "repo" / "before", root)
    found = CliRunner().invoke(main, ["repo", str(root), "--format", "json"])
    said = json.loads(found.stdout)
    answer = done(str(root))
    assert (answer.patch or b"").decode("utf-8", "surrogateescape") == said["diff"]
    result = answer.result
    place = [(item["span"] or {"start": {"line": 0, "column": 0}})["start"] for item in said["diagnostics"]]
    assert [(item.code, item.path, item.message, item.severity) for item in result.findings] == [
        (item["code"], item["path"], item["message"], item["severity"]) for item in said["diagnostics"]
    ]
    assert [(item.line, item.column) for item in result.findings] == [(at["line"], at["column"]) for at in place]
    assert [(item.path, item.carrier) for item in result.sites] == [
        (item["path"], item["carrier"]) for item in said["call_sites"]
    ]
    kinds = {"rewritten": "rewritten", "left": "reported", "unchanged": "left"}
    assert [kinds[item.outcome] for item in result.sites] == [item["outcome"] for item in said["call_sites"]]
    assert list(result.changes) == [(item["path"], item["change"]) for item in said["changes"]]
    stages = [stage for item in result.dockerfiles for stage in item.stages]
    assert [(item.target, item.grade) for item in stages] == [
        (target["target"], target["grade"]) for context in said["contexts"] for target in context["targets"]
    ]


def test_what_a_repository_says_itself_counts_as_for_repo(tmp_path: Path) -> None:
    settings = '[tool.earthmigrate]\ntool = "earthly"\nskip = ["makefile"]\nfidelity = "exact"\n'
    call = "docker build -t app .\n"
    files = {**FILES, "pyproject.toml": settings, "Makefile": f"a:\n\t{call}", "b.sh": call}
    root = repository(tmp_path / "web", files)
    said = CliRunner().invoke(main, ["repo", str(root)]).stdout
    assert "earthly +" in said
    assert "Makefile" not in said
    assert (done(str(root)).patch or b"").decode() == said
    ours = (done(str(root), given=frozenset(("tool",))).patch or b"").decode()
    assert "earth +" in ours
    write(root, {"pyproject.toml": settings.replace("makefile", "nothing-known")})
    assert "nothing-known" in failing(str(root)).why


def test_a_clone_gives_what_its_folder_gives(tmp_path: Path) -> None:
    root = repository(tmp_path / "web", {**FILES, "Dockerfile": "FROM nowhere.example/base:1 AS a\nFROM a\nRUN x\n"})
    folder, clone = done(str(root)), done(url(root))
    assert clone.patch == folder.patch
    assert clone.result.commit == folder.result.commit == git(root, "rev-parse", "HEAD")
    assert clone.result.repository == url(root)
    one, other = (lasting(answer.result)._replace(repository="", name="", settings="") for answer in (folder, clone))
    assert one == other
    assert [(base.name, base.known) for base in one.bases] == [("nowhere.example/base", False)]
    (site,) = one.sites
    assert site == ("build.sh", 3, "shell", "rewritten", "")


def test_what_failed_is_a_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "there is no such folder" in failing(str(tmp_path / "gone")).why
    assert "this is no folder" in failing(str(tmp_path / "file")).why
    assert failing("ext::sh -c 'touch /tmp/x'").findings[0].code == "EM950"
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    assert failing(str(tmp_path / "bare.git")).findings[0].code == "EM956"
    gone = failing(url(tmp_path / "gone"))
    assert gone.findings[0].code == "EM951"


def test_an_empty_repository_is_skipped(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    result = perform(job(url(tmp_path / "bare.git"))).result
    assert (result.status, result.why) == ("skipped", "it has no commits")


def test_refs(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    first = git(root, "rev-parse", "HEAD")
    git(root, "tag", "--annotate", "--message", "one", "v1")
    second = commit(root, {"Dockerfile": "FROM alpine:3.20\n"})
    git(root, "branch", "other/branch", first)
    place = url(root)
    assert done(place).result.commit == second
    for ref in ("v1", "other/branch", first):
        result = done(place, ref).result
        assert (result.commit, result.ref) == (first, ref)
    assert "no-such-ref" in failing(place, "no-such-ref").why
    assert failing(place, "f" * 40).findings[0].code == "EM951"


def test_credentials_stay_out_of_results_and_clones(tmp_path: Path) -> None:
    result = failing("http://me:secretword@127.0.0.1:9/o/a.git?token=secrettoken", workdir=str(tmp_path))
    assert "secret" not in repr(result)
    assert result.repository == "http://127.0.0.1:9/o/a.git"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes()


def test_nothing_of_a_clone_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    hook = f"#!/bin/sh\ntouch {ran}\n"
    template = tmp_path / "template" / "hooks"
    write(template, {"post-checkout": hook, "reference-transaction": hook})
    for path in template.iterdir():
        path.chmod(0o755)
    config = f'[init]\ntemplateDir = {template.parent}\n[filter "lfs"]\nsmudge = touch {ran}\nrequired = true\n'
    write(tmp_path, {"config": f"{config}[core]\nhooksPath = {template}\n[submodule]\nrecurse = true\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    module = repository(tmp_path / "module")
    root = repository(tmp_path / "web", {**FILES, ".gitattributes": "*.bin filter=lfs\n", "a.bin": b"\0"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", url(module), "module")
    git(root, "commit", "--quiet", "--message", "module")
    ran.unlink(missing_ok=True)
    result = done(url(root), workdir=str(tmp_path / "clones")).result
    assert not ran.exists()
    assert result.commit
    (clone,) = (tmp_path / "clones").glob("*/web")
    assert (clone / "a.bin").read_bytes() == b"\0"
    assert not list((clone / "module").iterdir())
    assert not (clone / ".git" / "hooks").exists()


def test_nothing_of_a_folder_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    root = repository(tmp_path / "web", {**FILES, ".gitattributes": "*.sh filter=evil\n"})
    git(root, "config", "filter.evil.clean", f"touch {ran}; cat")
    git(root, "config", "core.fsmonitor", f"touch {ran}; false")
    os.utime(root / "build.sh")
    done(str(root))
    assert not ran.exists()


def test_a_clone_that_stays_is_updated(tmp_path: Path) -> None:
    root, work = repository(tmp_path / "web"), str(tmp_path / "clones")
    first = done(url(root), workdir=work).result
    second = commit(root, {"new.sh": "docker build -t other .\n"})
    again = done(url(root), workdir=work).result
    assert (first.commit != second, again.commit, len(again.sites)) == (True, second, 2)
    (clone,) = Path(work).glob("*/web")
    write(clone, {"README.md": "Mine.\n"})
    assert "has changes" in failing(url(root), workdir=work).why
    (clone / ".git" / "earthmigrate-updating").touch()  # as after a run that was killed while it updated
    assert done(url(root), workdir=work).result.commit == second


def test_a_temporary_clone_is_gone(tmp_path: Path) -> None:
    root, scratch = repository(tmp_path / "web"), tmp_path / "scratch"
    scratch.mkdir()
    done(url(root), scratch=str(scratch))
    assert not list(scratch.iterdir())


def earlier(result: Result) -> Earlier:
    paths = tuple(path for path, _ in result.changes)
    return Earlier(result.state, result.settings, result.commit, paths, result.branch)


def status(text: str, known: Result, mode: Mode = PATCHES, **fields: Any) -> str:
    return perform(job(text, None, mode, earlier=earlier(known), **fields)).result.status


def test_what_did_not_change_is_known(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    plain = tmp_path / "plain"
    write(plain, FILES)
    for place, text in ((root, str(root)), (root, url(root)), (plain, str(plain))):
        known = done(text).result
        assert status(text, known) == "unchanged"
        assert status(text, known, mappings="base-images: {}\n") == "done"
        assert status(text, known, Mode()) == "done"
        if place is root:
            commit(root, {"Dockerfile": f"FROM alpine:3.2{text.count(':')}\n"})
        else:
            write(plain, {"Dockerfile": "FROM alpine\n"})
        assert status(text, known) == "done"


def test_a_commit_and_a_link_are_changes(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    (root / "link").symlink_to("README.md")
    commit(root, {})
    known = done(str(root)).result
    assert status(str(root), known) == "unchanged"
    (root / "link").unlink()
    (root / "link").symlink_to("build.sh")
    assert status(str(root), known) == "done"
    known = done(str(root)).result
    new = commit(root, {})
    assert status(str(root), known) == "done"
    assert done(str(root)).result.commit == new


@pytest.mark.skipif(os.name == "nt" or shutil.which("setpriv") is None, reason="setpriv takes root's rights away")
@pytest.mark.parametrize("tracked", [True, False])
def test_what_cannot_be_read_is_said(tmp_path: Path, tracked: bool) -> None:
    root = tmp_path / "web"
    files = {**FILES, "closed/Dockerfile": "FROM alpine\n", "b/Dockerfile": "FROM alpine\n", "c/Makefile": "a:\n"}
    if tracked:
        repository(root, files)
    else:
        write(root, files)
    for path in ("closed", "b/Dockerfile", "c/Makefile"):
        (root / path).chmod(0)
    rights = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    program = [sys.executable, "-m", "migrate.cli", "repo", str(root), "--format=json"]
    command = [*rights, *program] if os.getuid() == 0 else program
    found = subprocess.run(command, cwd=GOLDEN.parent, capture_output=True, check=False)
    (root / "closed").chmod(0o755)
    assert found.returncode == 1, found.stderr
    said = {(item["code"], item["path"]) for item in json.loads(found.stdout)["diagnostics"]}
    folder = ("EM192", "closed/Dockerfile") if tracked else ("EM749", "closed")
    assert said >= {("EM192", "b/Dockerfile"), ("EM749", "c/Makefile"), folder}


def test_write_is_what_repo_writes(tmp_path: Path) -> None:
    root, same = repository(tmp_path / "a" / "web"), repository(tmp_path / "b" / "web")
    assert CliRunner().invoke(main, ["repo", str(same), "--write"]).exit_code == 0
    mode = Mode(write=True)
    result = done(str(root), mode=mode).result
    for path, _ in result.changes:
        assert (root / path).read_bytes() == (same / path).read_bytes()
    assert result.commands[0].startswith(f"cd {root} && git checkout")
    assert status(str(root), result, mode) == "unchanged"
    (root / "Earthfile").unlink()
    assert status(str(root), result, mode) == "failed"  # other changes are not committed
    assert status(str(root), result, mode._replace(allow_dirty=True)) == "done"
    assert (root / "Earthfile").exists()


def test_a_dirty_work_tree_is_not_written_to(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    write(root, {"README.md": "Changed.\n"})
    assert failing(str(root), mode=Mode(write=True)).findings[0].code == "EM738"
    assert not (root / "Earthfile").exists()


BRANCH = Mode(write=True, branch="earth", message="Move to Earthfiles")


@pytest.fixture
def author(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{part}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{part}_EMAIL", "ann@example.org")


@pytest.mark.usefixtures("author")
def test_a_branch_leaves_everything_else_alone(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    git(root, "remote", "add", "origin", "https://example.org/web")
    patch = done(str(root)).patch
    write(root, {"README.md": "Changed.\n", "staged.txt": "staged\n", "new.txt": "new\n"})
    git(root, "add", "staged.txt")
    before = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD"), git(root, "symbolic-ref", "HEAD")
    answer = done(str(root), mode=BRANCH._replace(patches=True))
    after = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD"), git(root, "symbolic-ref", "HEAD")
    assert before == after
    assert git(root, "log", "--format=%an %s %P", "earth", "-1") == f"Ann Move to Earthfiles {before[1]}"
    assert git(root, "worktree", "list").count("\n") == 0
    assert answer.patch == patch
    changed = git(root, "diff", "--name-only", "main", "earth").split("\n")
    assert changed == sorted(path for path, _ in answer.result.changes)
    assert answer.result.commands == (f"git -C {root} push origin earth",)
    assert status(str(root), answer.result, BRANCH._replace(patches=True)) == "unchanged"
    assert done(str(root), mode=BRANCH).result.branch == "earth"  # it holds just this
    git(root, "branch", "--force", "earth", "main")
    assert "it exists" in failing(str(root), mode=BRANCH).why


@pytest.mark.usefixtures("author")
def test_the_users_hooks_have_a_say_in_a_commit(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    write(root / ".git" / "hooks", {"commit-msg": "#!/bin/sh\necho no ticket >&2\nexit 1\n"})
    (root / ".git" / "hooks" / "commit-msg").chmod(0o755)
    result = failing(str(root), mode=BRANCH)
    assert (result.findings[0].code, "no ticket" in result.why) == ("EM954", True)
    assert git(root, "branch", "--list", "earth") == ""
    assert git(root, "worktree", "list").count("\n") == 0


@pytest.mark.usefixtures("author")
def test_a_branch_in_a_clone(tmp_path: Path) -> None:
    root, work = repository(tmp_path / "web"), tmp_path / "clones"
    result = done(url(root), mode=BRANCH, workdir=str(work)).result
    (clone,) = work.glob("*/web")
    assert result.commands == (f"git -C {clone} push origin earth",)
    git(clone, "push", "--quiet", "origin", "earth")
    assert "Earthfile" in git(root, "ls-tree", "--name-only", "earth").split()
    assert status(url(root), result, BRANCH, workdir=str(work)) == "unchanged"
    git(clone, "branch", "-D", "earth")
    assert status(url(root), result, BRANCH, workdir=str(work)) == "done"


@pytest.mark.usefixtures("author")
def test_commands_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "-a b'c")
    git(root, "config", "remote.-x;y.url", url(root))
    monkeypatch.chdir(tmp_path)
    (command,) = done("-a b'c", mode=BRANCH._replace(branch="a$b;c")).result.commands
    shown = "'./-a b'\"'\"'c'"
    assert command == f"git -C {shown} push -- '-x;y' 'a$b;c'"
    (undo, *_) = done("-a b'c", mode=Mode(write=True)).result.commands
    assert undo.startswith(f"cd {shown} && ")


@pytest.mark.usefixtures("author")
def test_each_url_has_a_clone_of_its_own(tmp_path: Path) -> None:
    for side in "ab":
        root = repository(tmp_path / side / "web", {**FILES, "side.txt": side})
        result = done(url(root), mode=BRANCH, workdir=str(tmp_path / "clones")).result
        (command,) = result.commands
        assert git(Path(command.split()[2]), "remote", "get-url", "--push", "origin") == url(root)
    assert len(list((tmp_path / "clones").glob("*/web"))) == 2


@pytest.mark.usefixtures("author")
def test_a_branch_needs_a_commit_and_a_git_that_answers(tmp_path: Path) -> None:
    write(tmp_path / "empty", FILES)
    git(tmp_path / "empty", "init", "--quiet")
    assert failing(str(tmp_path / "empty"), mode=BRANCH).why.endswith("there is no commit to start from")
    root = repository(tmp_path / "web")
    (root / ".git" / "config").write_text("[broken", encoding="utf-8")
    assert "bad config" in failing(str(root), mode=BRANCH).why


def test_no_change_is_no_branch_and_no_patch(tmp_path: Path) -> None:
    root = repository(tmp_path / "web", {"README.md": "Nothing.\n"})
    answer = done(str(root), mode=BRANCH._replace(patches=True))
    assert (answer.patch, answer.result.branch, answer.result.changes) == (None, None, ())
    assert git(root, "branch", "--list", "earth") == ""


def test_odd_repositories_do_no_harm(tmp_path: Path) -> None:
    junk = bytes(range(256)) * 5000
    root = repository(
        tmp_path / "web",
        {**FILES, "Makefile": junk, "a/Dockerfile": junk, "b/Dockerfile": b"FROM", "big/Dockerfile": b"#" * 5_000_000},
    )
    result = done(str(root)).result
    assert {item.path: item.grade for item in result.dockerfiles} == {
        "Dockerfile": "equal",
        "a/Dockerfile": "failed",
        "b/Dockerfile": "failed",
    }
    assert ("EM193", "big/Dockerfile") in [(item.code, item.path) for item in result.findings]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    root = repository(tmp_path / "web")
    root.chmod(0)
    try:
        assert failing(str(root)).findings[0].code == "EM192"
    finally:
        root.chmod(0o755)
