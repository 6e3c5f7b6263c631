"""``verify`` with the real builders: what it catches, what it calls equal, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from daemons import Daemons

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent
SLOW = 600
"""Seconds for one run of the command, far more than it needs."""

DOCKERFILE = """\
FROM alpine:3.20
RUN mkdir /data && cd /data && echo content > file && chmod 640 file && touch two && ln two hard && \\
    ln -s file link && touch more owned && chown 1000:1000 owned && mknod null c 1 3
COPY src.txt /srv/
ENV A=1
LABEL team=web
EXPOSE 80
VOLUME /vol
HEALTHCHECK --interval=10s CMD true
WORKDIR /work
USER 1000
ENTRYPOINT ["/bin/echo"]
CMD ["hi"]
"""
EARTHFILE = """\
VERSION 0.8
docker:
    FROM alpine:3.20
    RUN mkdir /data && cd /data && echo content > file && chmod 640 file && touch two && ln two hard && \\
        ln -s file link && touch more owned && chown 1000:1000 owned && mknod null c 1 3
    COPY src.txt /srv/
    ENV A=1
    LABEL team=web
    EXPOSE 80
    VOLUME /vol
    HEALTHCHECK --interval=10s CMD true
    WORKDIR /work
    USER 1000
    ENTRYPOINT ["/bin/echo"]
    CMD ["hi"]
    SAVE IMAGE --push registry.example.com/must-not-be-pushed:latest
"""

BROKEN = {
    "content": ("echo content", "echo another", ("content", "/data/file")),
    "mode": ("chmod 640 file", "chmod 600 file", ("mode", "/data/file")),
    "owner": ("chown 1000:1000", "chown 1001:1000", ("owner", "/data/owned")),
    "group": ("chown 1000:1000", "chown 1000:1001", ("owner", "/data/owned")),
    "missing-file": ("touch more", "touch", ("missing", "/data/more")),
    "extra-file": ("touch more", "touch more extra", ("extra", "/data/extra")),
    "link": ("ln -s file", "ln -s more", ("link target", "/data/link")),
    "type": ("touch more", "mkdir more && touch", ("type", "/data/more")),
    "device": ("c 1 3", "c 1 5", ("device", "/data/null")),
    "copied": ("COPY src.txt", "COPY --chmod=600 src.txt", ("mode", "/srv/src.txt")),
    "env": ("ENV A=1", "ENV A=2", ("config", "Env A")),
    "label": ("team=web", "team=ops", ("config", "Labels team")),
    "port": ("EXPOSE 80", "EXPOSE 80/udp", ("config", "ExposedPorts 80/tcp", "ExposedPorts 80/udp")),
    "volume": ("VOLUME /vol", "VOLUME /other", ("config", "Volumes /other", "Volumes /vol")),
    "healthcheck": ("--interval=10s", "--interval=20s", ("config", "Healthcheck Interval")),
    "workdir": ("WORKDIR /work", "WORKDIR /work\n    WORKDIR /", ("config", "WorkingDir")),
    "user": ("USER 1000", "USER 1001", ("config", "User")),
    "entrypoint": ('"/bin/echo"', '"/bin/cat"', ("config", "Entrypoint")),
    "cmd": ('"hi"', '"ho"', ("config", "Cmd")),
}
"""Name -> what is replaced in the Earthfile, by what, and the difference: its kind, and what it concerns."""


class Done(NamedTuple):
    code: int
    stdout: str
    stderr: str

    @property
    def results(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.stdout)["results"]
        return found


@pytest.fixture(scope="module")
def home(builders: Daemons, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of the command: the daemons, a home and a temporary folder of its own."""
    home, temporary = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("temporary")
    return {**os.environ, **builders.environment(), "HOME": str(home), "TMPDIR": str(temporary), "CI": "1"}


def command(builders: Daemons, *arguments: str) -> list[str]:
    tools = ["--docker-builder=buildctl", "--registry", builders.registry]
    return [sys.executable, "-m", "migrate.cli", "verify", *tools, *arguments]


def run(line: list[str], environment: Mapping[str, str], folder: Path) -> Done:
    path = os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    done = subprocess.run(
        line,
        cwd=folder,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SLOW,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def write(folder: Path, dockerfile: str, earthfile: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (folder / "src.txt").write_text("source\n", encoding="utf-8")
    if earthfile is not None:
        (folder / "Earthfile").write_text(earthfile, encoding="utf-8")
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    found = {path: path.lstat() for path in sorted(folder.rglob("*"))}
    return {
        str(path): (status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path, status in found.items()
    }


@pytest.fixture(autouse=True)
def nothing_is_left(builders: Daemons, home: Mapping[str, str]) -> Iterator[None]:
    """After every test: nothing in the temporary folder, no process, and no image in the registry."""
    yield
    assert [path.name for path in Path(home["TMPDIR"]).iterdir()] == []
    assert processes(home["TMPDIR"]) == []
    names = asked(builders, "_catalog?n=1000")["repositories"]
    kept = [name for name in names if "earthmigrate-verify" in name or "must-not" in name]
    assert [name for name in kept if asked(builders, f"{name}/tags/list").get("tags")] == []


def asked(builders: Daemons, path: str) -> dict[str, Any]:
    """What the registry answers; nothing for what it does not know."""
    try:
        with urllib.request.urlopen(f"http://{builders.registry}/v2/{path}", timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 404:
            raise
        return {}


def processes(text: str) -> list[str]:
    """The command lines that name ``text``, apart from our own."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if entry.name.isdigit() and int(entry.name) != os.getpid() and text in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def repository(
    builders: Daemons, home: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, dict[str, Any]]:
    """One migrated repository with a broken pair for every kind of difference, and a sound one: name -> result."""
    top = tmp_path_factory.mktemp("repository")
    for name, (before, after, _) in BROKEN.items():
        assert before in EARTHFILE
        write(top / name, DOCKERFILE, EARTHFILE.replace(before, after, 1))
    write(top / "sound", DOCKERFILE, EARTHFILE)
    write(top / "stopsignal", DOCKERFILE + "STOPSIGNAL SIGINT\n", EARTHFILE)
    write(top / "hard-link", DOCKERFILE, EARTHFILE.replace("ln two hard", "cp -p two hard"))
    unchanged = snapshot(top)
    done = run(command(builders, ".", "--format=json"), home, top)
    assert done.code == 4, done.stderr
    assert snapshot(top) == unchanged
    return {Path(result["dockerfile"]).parent.name: result for result in done.results}


def differences(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    assert result["comparison"] is not None, result["error"]
    return [
        (item["kind"], item["path"] if "path" in item else " ".join(filter(None, (item["field"], item["key"]))))
        for item in result["comparison"]["differences"]
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_pair_is_caught_and_named_alone(name: str, repository: Mapping[str, dict[str, Any]]) -> None:
    kind, *places = BROKEN[name][2]
    result = repository[name]
    assert result["verdict"] == "differs"
    assert differences(result) == [(kind, place) for place in places]
    assert not result["unannounced"]  # somebody wrote that Earthfile by hand
    if kind == "config":
        item = result["comparison"]["differences"][-1]
        assert item["dockerfile_line"] or item["earthfile_line"]


def test_a_lost_stop_signal_and_a_lost_hard_link_are_caught(repository: Mapping[str, dict[str, Any]]) -> None:
    assert differences(repository["stopsignal"]) == [("config", "StopSignal")]
    kinds = {kind for kind, _ in differences(repository["hard-link"])}
    assert kinds == {"hard link"}


def test_the_sound_pair_is_equal(repository: Mapping[str, dict[str, Any]]) -> None:
    result = repository["sound"]
    assert (result["verdict"], differences(result), result["built_again"]) == ("equal", [], False)
    (name,) = result["bases"]
    assert name == "docker.io/library/alpine:3.20"


def test_a_conversion_is_verified_without_a_trace(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    folder = write(tmp_path / "app", DOCKERFILE + "COPY . /all/\nRUN head -c 9 /dev/urandom | tee /tmp/random\n")
    (folder / ".dockerignore").write_text("*.log\n", encoding="utf-8")
    (folder / "x.log").write_text("", encoding="utf-8")
    (folder / "deep").mkdir()
    (folder / "deep" / "run").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "deep" / "run").chmod(0o755)
    before = snapshot(folder)
    done = run(command(builders, "app"), home, tmp_path)
    assert done.code == 0, done.stdout + done.stderr
    assert "app/Dockerfile +docker: equal, 1 unstable path\n" in done.stdout
    assert "/tmp/random\n" in done.stdout
    assert "base image docker.io/library/alpine:3.20 is sha256:" in done.stdout
    assert "building the Dockerfile again, without cache" in done.stderr
    assert "\r" not in done.stderr
    assert snapshot(folder) == before


def test_exact_compares_times_too(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    folder = write(tmp_path / "app", "FROM alpine:3.20\nCOPY src.txt /srv/\nRUN date > /built\n")
    os.utime(folder / "src.txt", (1_000_000_000, 1_000_000_000))
    done = run(command(builders, "app", "--fidelity=exact", "--format=json"), home, tmp_path)
    (result,) = done.results
    assert (done.code, result["verdict"], result["comparison"]["unstable"]) == (0, "exact", ["/built"]), done.stdout


def test_stages_arguments_and_platforms_reach_both_sides(
    builders: Daemons, home: Mapping[str, str], tmp_path: Path
) -> None:
    text = (
        'ARG TAG=none\nFROM alpine:$TAG AS one\nARG A=1\nRUN echo "$A" > /a\nENV FROM_A=$A\n'
        "FROM one AS two\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nFROM two\nUSER 1000\n"
    )
    write(tmp_path, text)
    arguments = ["--build-arg=TAG=3.20", '--build-arg=A=it\'s "x" $HOME', "--build-arg=UNSET", "--build-arg=EM_SET"]
    line = command(builders, ".", *arguments, "--platform=linux/arm64", "--format=json", "--all-targets")
    done = run(line, {**home, "EM_SET": "1"}, tmp_path)
    assert [(result["stage"], result["target"], result["verdict"]) for result in done.results] == [
        ("one", "one", "equal"),
        ("two", "two", "equal"),
        (None, "docker", "equal"),
    ], done.stdout
    done = run(command(builders, ".", *arguments[:2], "--target=two", "--format=json"), home, tmp_path)
    assert [(result["stage"], result["verdict"]) for result in done.results] == [("two", "equal")]


def test_secrets_are_used_and_never_printed(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    read = "cat /run/secrets/file && echo $TOKEN"
    mounts = "--mount=type=secret,id=file --mount=type=secret,id=token,env=TOKEN"
    write(tmp_path, f"FROM alpine:3.20\nRUN {mounts} {read} && {read} > /x\n")
    (tmp_path / "key").write_text("filevalue-73ab\n", encoding="utf-8")
    arguments = ["--secret=id=file,src=key", "--secret=id=token,env=EM_TOKEN"]
    environment = {**home, "EM_TOKEN": "tokenvalue-91cd"}
    done = run(command(builders, ".", *arguments), environment, tmp_path)
    assert done.code == 0, done.stdout + done.stderr
    assert "equal" in done.stdout
    write(tmp_path, f"FROM alpine:3.20\nRUN {mounts} {read} && false\n")
    for style in ("text", "json"):
        done = run(command(builders, ".", *arguments, f"--format={style}"), environment, tmp_path)
        assert done.code == 3
        assert "***" in done.stdout
        assert "filevalue-73ab" not in done.stdout + done.stderr
        assert "tokenvalue-91cd" not in done.stdout + done.stderr


def test_a_failing_build_is_not_built_and_says_why(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    write(tmp_path, "FROM alpine:3.20\nRUN echo the reason is here && exit 7\n")
    done = run(command(builders, "."), home, tmp_path)
    assert done.code == 3
    assert "Dockerfile +docker: not built\n  EM923[build-failed]: buildctl did not build the Dockerfile" in done.stdout
    assert "the reason is here" in done.stdout
    write(tmp_path, "FROM alpine:3.20\n", EARTHFILE.replace("echo content", "echo reason on earth && exit 7"))
    done = run(command(builders, "."), home, tmp_path)
    assert done.code == 3
    assert "earth did not build the Earthfile" in done.stdout
    assert "reason on earth" in done.stdout


def test_each_obstacle_has_its_own_message(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    write(tmp_path, "FROM alpine:3.20\nRUN echo x > /x\n")
    (result,) = run([*command(builders, ".", "--format=json"), "--registry=127.0.0.1:1"], home, tmp_path).results
    assert result["error"]["code"] == "EM927", result["error"]
    done = run(command(builders, ".", "--docker-buildkit-host=tcp://127.0.0.2:1"), home, tmp_path)
    assert (done.code, "EM928" in done.stderr) == (3, True), done.stderr
    done = run(command(builders, ".", "--earth=no-such-earth"), home, tmp_path)
    assert (done.code, "EM922" in done.stderr, "--static" in done.stderr) == (3, True, True), done.stderr
    done = run(command(builders, ".", "--target=nope"), home, tmp_path)
    assert (done.code, "EM932" in done.stderr) == (3, True), done.stderr


def test_an_image_that_earth_does_not_save(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    write(tmp_path, "FROM scratch\nENV A=1\n")
    (result,) = run(command(builders, ".", "--format=json"), home, tmp_path).results
    assert result["verdict"] == "equal"
    write(tmp_path, "FROM scratch\nENV A=1\n", "VERSION 0.8\ndocker:\n    FROM scratch\n    ENV A=1\n")
    (result,) = run(command(builders, ".", "--format=json"), home, tmp_path).results
    assert result["error"]["code"] == "EM938", result


def test_a_build_that_takes_too_long_is_ended(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    write(tmp_path, f"FROM alpine:3.20\nRUN echo begun && sleep 300 # {time.monotonic_ns()}\n")
    begun = time.monotonic()
    (result,) = run(command(builders, ".", "--timeout=5", "--format=json"), home, tmp_path).results
    assert time.monotonic() - begun < 120
    assert result["error"]["code"] == "EM925"
    assert any("begun" in line for line in result["error"]["lines"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(
    builders: Daemons, home: Mapping[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    write(tmp_path, f"FROM alpine:3.20\nRUN sleep 300 # {time.monotonic_ns()}\n")
    environment = {**home, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command(builders, "."), cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "building the Dockerfile" in process.stderr.readline()
        time.sleep(2)
        process.send_signal(number)
        process.communicate(timeout=SLOW)
    assert process.returncode == 128 + number


def test_a_migrated_repository_is_verified_whole(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    for name in ("web", "job"):
        build = f"FROM alpine:3.20 AS build\nRUN echo {name} > /out\n"
        write(tmp_path, f"{build}FROM alpine:3.20\nCOPY --from=build /out /\nCOPY . /all/\n")
        (tmp_path / "Dockerfile").rename(tmp_path / f"{name}.Dockerfile")
    write(tmp_path / "own", "FROM alpine:3.20\nCOPY . /x/\n")
    calls = [f"docker build -f {name}.Dockerfile -t {name} .\n" for name in ("web", "job")]
    (tmp_path / "build.sh").write_text("#!/bin/sh\n" + "".join(calls), encoding="utf-8")
    migrate = [sys.executable, "-m", "migrate.cli", "repo", "--write", "--allow-dirty", "."]
    assert run(migrate, home, tmp_path).code == 0
    done = run(command(builders, ".", "--format=json"), home, tmp_path)
    assert [(result["dockerfile"], result["verdict"]) for result in done.results] == [
        ("job.Dockerfile", "equal"),
        ("web.Dockerfile", "equal"),
        ("own/Dockerfile", "equal"),
    ], done.stdout


@pytest.fixture
def containers(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The environment for podman and buildah: images from the test registry, everything else in a folder of its own."""
    (tmp_path / "registries.conf").write_text(
        f'unqualified-search-registries = ["docker.io"]\n[[registry]]\nprefix = "docker.io"\n'
        f'location = "{builders.registry}"\ninsecure = true\n',
        encoding="utf-8",
    )
    (tmp_path / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n', encoding="utf-8"
    )
    yield {
        **home,
        "CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf"),
    }
    subprocess.run(["umount", f"{tmp_path}/graph/overlay"], capture_output=True, check=False)


def images(program: str, environment: Mapping[str, str]) -> list[str]:
    """The images in an engine's store, apart from bases."""
    done = subprocess.run([program, "images", "-a"], env=environment, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines()[1:] if "library/alpine" not in line]


@pytest.mark.parametrize("builder", ["podman", "buildah"])
def test_another_reader_of_dockerfiles(
    builder: str, builders: Daemons, containers: Mapping[str, str], tmp_path: Path
) -> None:
    if not shutil.which(builder):
        pytest.skip(f"e2e: {builder} not on PATH")
    folder = write(tmp_path / "app", DOCKERFILE.replace(" && mknod null c 1 3", ""))
    line = [*command(builders, ".", "--format=json"), f"--docker-builder={builder}"]
    done = run(line, containers, folder)
    (result,) = done.results
    assert result["error"] is None, "\n".join(result["error"]["lines"])
    assert differences(result) == []
    assert list(result["bases"]) == ["alpine:3.20"]
    assert [note["code"] for note in json.loads(done.stdout)["notes"]] == ["EM937"]
    assert images(builder, containers) == []


def test_buildx_with_a_daemon_of_ones_own(builders: Daemons, home: Mapping[str, str], tmp_path: Path) -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode:
        pytest.skip("e2e: docker buildx not installed")
    configuration = os.environ.get("DOCKER_CONFIG", os.path.expanduser("~/.docker"))
    write(tmp_path, DOCKERFILE)
    options = ["--docker-builder=buildx", "--docker-buildkit-host", builders.buildkit, "--format=json"]
    done = run([*command(builders, "."), *options], {**home, "DOCKER_CONFIG": configuration}, tmp_path)
    (result,) = done.results
    assert result["error"] is None, "\n".join(result["error"]["lines"])
    assert (result["verdict"], differences(result)) == ("equal", [])
    assert list(result["bases"]) == ["docker.io/library/alpine:3.20"]


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_engine_hands_over_the_image(
    engine: str, builders: Daemons, containers: Mapping[str, str], tmp_path: Path
) -> None:
    if not shutil.which(engine) or subprocess.run([engine, "info"], capture_output=True, env=containers).returncode:
        pytest.skip(f"e2e: no {engine} engine answers")
    kept = images(engine, containers)
    folder = write(tmp_path / "app", DOCKERFILE)
    line = [sys.executable, "-m", "migrate.cli", "verify", ".", "--docker-builder=buildctl", f"--engine={engine}"]
    done = run([*line, "--format=json"], containers, folder)
    (result,) = done.results
    assert result["error"] is None, "\n".join(result["error"]["lines"])
    assert (result["verdict"], differences(result)) == ("equal", [])
    assert images(engine, containers) == kept
