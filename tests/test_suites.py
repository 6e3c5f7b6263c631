from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import baseimages
import pytest
import suite_buildkit
import suite_repositories
import suite_worlds
import suites
from baseimages import Entry
from realbuilds import Judgement
from suite_repositories import Subject
from suite_worlds import World, called

GO = """
func testCopy(t *testing.T, sb integration.Sandbox) {
	image := integration.UnixOrWindows("busybox", "nanoserver")
	dockerfile := []byte(integration.UnixOrWindows(
		`
FROM busybox AS first // not a comment
COPY foo "it's"
RUN echo ` + "`date`" + `
`,
		`
FROM nanoserver
`,
	))
	dir := integration.Tmpdir(t,
		fstest.CreateFile("Dockerfile", dockerfile, 0600),
		fstest.CreateFile("foo", []byte("text\\n"), 0600),
		fstest.CreateDir("sub", 0700),
		fstest.Symlink("foo", "sub/link"),
	)
	_, err = f.Solve(sb.Context(), c, client.SolveOpt{
		FrontendAttrs: map[string]string{
			"build-arg:A": "one",
			"target":      "first",
		},
		Session: []session.Attachable{secretsprovider.FromMap(map[string][]byte{
			"token": []byte("secret"),
		})},
	}, nil)
	dockerfile = []byte(fmt.Sprintf("FROM %s\\nENV X=100%%\\n", image))
	expected := "FROM nothing\\n"
	dockerfile = []byte(fmt.Sprintf("FROM %s\\n", server.URL))
}
"""


def test_the_dockerfiles_of_a_go_test(tmp_path: Path) -> None:
    folder = tmp_path / "frontend" / "dockerfile"
    folder.mkdir(parents=True)
    (folder / "dockerfile_copy_test.go").write_text(GO, encoding="utf-8")
    first, second = suite_buildkit.dockerfiles(tmp_path)
    assert first.name == "copy/testCopy-1"
    assert first.dockerfile == '\nFROM busybox AS first // not a comment\nCOPY foo "it\'s"\nRUN echo `date`\n'
    assert first.files == {"foo": "text\n", "sub": None}
    assert first.links == {"sub/link": "foo"}
    assert first.arguments == {"A": "one"}
    assert first.target == "first"
    assert first.secrets == {"token": "secret"}
    assert second.dockerfile == "FROM busybox\nENV X=100%\n"
    assert second.files == first.files
    first.write(tmp_path / "out")
    assert (tmp_path / "out" / "sub" / "link").is_symlink()


@pytest.mark.parametrize(
    ("text", "programs"),
    [
        ("apt-get update && apt-get install -y x | tee /log", {"apt-get", "tee"}),
        ("cd /src; CC=gcc ./configure || exit 1", set()),
        ("if [ -f x ]; then conda install y; fi", {"conda"}),
        ("x=$(curl -s z) && echo $x", {"curl"}),
        ("set -eux \n  /opt/tool/run --now", {"/opt/tool/run"}),
    ],
)
def test_the_programs_that_a_text_calls(text: str, programs: set[str]) -> None:
    assert called(text) == programs


def test_a_world_has_what_other_stages_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseimages, "busybox", lambda: (b"busybox", ("bin/sh", "usr/bin/awk")))
    monkeypatch.setattr(baseimages, "program_of_machine", lambda name: {f"/usr/bin/{name}": Entry(tarfile.REGTYPE)})
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "make.sh").write_text("#!/bin/sh\n/x/y && meson setup\n", encoding="utf-8")
    world = World()
    world.learn(
        b"ARG V=1\nFROM golang:$V AS build\nWORKDIR /src\nCOPY . .\n"
        b"RUN conda build && awk x; mkdir -p /made\nFROM scratch\n"
        b"COPY --from=build /src/dist /src/conf /src /out/app* /made /\nCOPY --from=acme/tool:2 /bin/tool /\n",
        tmp_path,
    )
    assert world.wanted == {"golang:1": {"/src/dist", "/out/appsome"}, "scratch": set(), "acme/tool:2": {"/bin/tool"}}
    assert world.programs == {"conda", "awk", "mkdir", "meson"}
    extra: dict[str, Entry] = {}
    monkeypatch.setattr(baseimages, "make", lambda image, shell, made: extra.update(shell | made) or image)
    images = dict(world.images())
    assert set(images) == {"golang:1", "acme/tool:2"}
    assert extra["/usr/local/bin/conda"].target == f"{baseimages.TOOLS}/record"
    assert "/usr/local/bin/awk" not in extra
    assert extra["/usr/bin/sh"].target == "dash"
    assert extra["/usr/local/bin/wget"].target == f"{baseimages.TOOLS}/fetch"
    assert extra["/src/dist"].kind == tarfile.DIRTYPE
    assert extra["/usr/bin/tool"].mode == 0o755  # /bin is a link there
    assert b"exit 0" in extra["/out/appsome"].data


def test_an_unknown_user_gets_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {"/etc/passwd": Entry(tarfile.REGTYPE, data=b"root:x:0:0::/root:/bin/sh\n")}
    made = suite_worlds._account("jovyan", entries)
    assert made["/etc/passwd"].data.endswith(b"jovyan:x:1000:1000::/home/jovyan:/bin/sh\n")
    assert made["/home/jovyan"].owner == (1000, 1000)
    assert suite_worlds._account("root", entries) == suite_worlds._account("65532", entries) == {}


def test_the_context_of_a_dockerfile_in_a_repository(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "place"
    for name, text in {
        "app/Dockerfile": f"FROM a:1@sha256:{'0' * 64}\nCOPY main.py /\n",
        "app/main.py": "",
        "deploy/web.Dockerfile": "FROM a\nCOPY app/*.py --chown /\n".replace(" --chown", ""),
        "Dockerfile.md": "no",
        "lost/Dockerfile": "FROM a\nCOPY nothing /\n",
        "win/Dockerfile": "FROM mcr.microsoft.com/windows/nanoserver\n",
        "Dockerfile.dev": "FROM a\nADD https://example.com/x /\nCOPY --from=b /x /\n",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    git = ["git", "-C", str(source), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "x"], check=True)
    place.mkdir()
    found = {
        one.name: one.context.relative_to(place).as_posix() for one in suite_repositories.subjects([source], place)
    }
    assert (place / "source" / "app" / "Dockerfile").read_bytes() == b"FROM a:1\nCOPY main.py /\n"
    assert found == {
        "source/Dockerfile.dev": "source",
        "source/app/Dockerfile": "source/app",
        "source/deploy/web.Dockerfile": "source",
    }


def test_the_table_counts_what_was_built() -> None:
    subject = Subject("a/b", "a", Path(), Path())
    outcomes = [
        suites.Outcome(subject, Judgement("equal"), True),
        suites.Outcome(subject, Judgement("differs", ["EM404"]), False),
        suites.Outcome(subject, Judgement("differs"), True),
        suites.Outcome(subject, Judgement("refused"), True),
        suites.Outcome(subject, Judgement("not built", [], ["the Dockerfile: no such image"]), True),
        suites.Outcome(subject, Judgement("not built", [], ["the Earthfile: no"]), True),
    ]
    text = suites.table(outcomes)
    assert text.startswith("6 Dockerfiles, 4 can be built here, 3 of them are converted without FROM DOCKERFILE.")
    assert "| a | 6 | 4 | 1 | 1 | 1 |  |  | 1 |  |" in text
    assert text.splitlines()[-1] == "| all | 6 | 4 | 1 | 1 | 1 |  |  | 1 |  |"


def test_what_an_info_says_has_a_column_of_its_own() -> None:
    subject = Subject("a", "p", Path("Dockerfile"), Path())
    missing = Judgement("not built", rows=['the Earthfile: Error: unable to lookup secret "s": not found'])
    assert suites.Outcome(subject, missing, True, frozenset(["EM525"])).kind == suites.INFO
    assert suites.Outcome(subject, missing, True, frozenset(["EM528"])).kind == "not built, SILENT"
    other = Judgement("not built", rows=["the Earthfile: Error: exit code 1"])
    assert suites.Outcome(subject, other, True, frozenset(["EM525"])).kind == "not built, SILENT"
    announced = Judgement("not built", ["EM544"], missing.rows)
    assert suites.Outcome(subject, announced, True, frozenset(["EM525"])).kind == "not built, announced"


def test_a_shell_where_bin_is_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = ("/usr/bin/bash", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/ld-linux-x86-64.so.2")
    made = {path: Entry(tarfile.REGTYPE) for path in libraries}
    monkeypatch.setattr(baseimages, "program_of_machine", lambda name: made)
    found = suite_worlds._shell("bash", merged=False)
    links = {path: entry.target for path, entry in found.items() if entry.kind == tarfile.SYMTYPE}
    assert links == {
        "/bin/sh": "/usr/bin/bash",
        "/lib/x86_64-linux-gnu": "/usr/lib/x86_64-linux-gnu",
        "/lib64/ld-linux-x86-64.so.2": "/usr/lib64/ld-linux-x86-64.so.2",
    }
