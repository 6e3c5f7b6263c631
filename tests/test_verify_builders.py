"""The command lines of the builders, and what is read from their output."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from migrate.mappings import builtin
from migrate.verify.builders import (
    Built,
    DockerfileBuild,
    EarthfileBuild,
    Inputs,
    Registry,
    Secret,
    Watching,
    comma,
    failure,
    run_build,
    version_in,
)
from migrate.verify.builders.buildah import Buildah
from migrate.verify.builders.buildctl import Buildctl
from migrate.verify.builders.buildx import Buildx
from migrate.verify.builders.earth import Earth, configuration, is_loopback
from migrate.verify.builders.engine import Engine, unique_name
from migrate.verify.builders.podman import Podman, Stages, common_options
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner

KEY = Path("/keys/a,b")
SECRETS = (Secret("file", file=KEY), Secret("variable", variable="TOKEN"))
INPUTS = Inputs((("A", "x y"), ("B", "")), SECRETS, True, "linux/arm64", True)
FULL = DockerfileBuild(Path("/p/Dockerfile.web"), Path("/p/context"), "app", INPUTS, Path("/p/ignore"))
PLAIN = DockerfileBuild(Path("/p/Dockerfile"), Path("/p"), None, Inputs())
ARCHIVE = Path("/tmp/a,b/image.tar")
DIGEST = "sha256:" + "0" * 64


def test_buildctl() -> None:
    assert Buildctl("buildctl", "tcp://h:1").command(FULL, ARCHIVE) == [
        *("buildctl", "--addr", "tcp://h:1", "build", "--progress=plain", "--frontend=dockerfile.v0"),
        *(f"--local=context={FULL.context}", f"--local=dockerfile={FULL.file.parent}"),
        *("--opt=filename=Dockerfile.web", "--opt=target=app", "--opt=platform=linux/arm64"),
        *("--opt=build-arg:A=x y", "--opt=build-arg:B="),
        *(f'--secret=id=file,"src={KEY}"', "--secret=id=variable,env=TOKEN"),
        *("--ssh=default", "--no-cache", f'--output=type=oci,"dest={ARCHIVE}"'),
    ]
    assert Buildctl("buildctl").command(PLAIN, Path("/i.tar")) == [
        *("buildctl", "build", "--progress=plain", "--frontend=dockerfile.v0"),
        *(f"--local=context={PLAIN.context}", f"--local=dockerfile={PLAIN.context}", "--opt=filename=Dockerfile"),
        f"--output=type=oci,dest={Path('/i.tar')}",
    ]


def test_buildx() -> None:
    assert Buildx("docker").command(FULL, "--load", "--tag=x") == [
        *("docker", "buildx", "build", "--progress=plain", f"--file={FULL.file}"),
        *("--target=app", "--platform=linux/arm64", "--build-arg=A=x y", "--build-arg=B="),
        *(f'--secret=id=file,"src={KEY}"', "--secret=id=variable,env=TOKEN"),
        *("--ssh=default", "--no-cache", "--load", "--tag=x", str(FULL.context)),
    ]


def test_podman_and_buildah_keep_no_layers_and_add_no_label() -> None:
    assert common_options(FULL) == [
        *("--format=docker", "--layers=false", "--force-rm", "--identity-label=false", "--http-proxy=false"),
        *(f"--file={FULL.file}", f"--ignorefile={FULL.ignore}", "--target=app", "--platform=linux/arm64"),
        *("--build-arg=A=x y", "--build-arg=B="),
        *(f"--secret=id=file,src={KEY}", "--secret=id=variable,env=TOKEN", "--ssh=default", "--no-cache"),
    ]


def earth_command(earth: Earth, folder: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("EARTH_CONFIG", "EARTHLY_CONFIG", "EARTH_BUILDKIT_HOST", "EARTHLY_BUILDKIT_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: folder / "nobody")
    private = folder / "private"
    private.mkdir()
    return earth.command(EarthfileBuild(folder, "./context+app", inputs), "reg:5000/x:latest", private)


def test_earth_with_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2secret\n")
    earth = Earth("earth", "tcp://127.0.0.2:8372", "127.0.0.1:5000", labels=False)
    command = earth_command(earth, tmp_path, INPUTS, monkeypatch)
    private = tmp_path / "private"
    assert command == [
        *("earth", "--strict", "--config", str(private / "config.yml"), "--buildkit-host", "tcp://127.0.0.2:8372"),
        *("--push", "--no-output", "--no-cache", "--platform", "linux/arm64"),
        *("--secret-file", f"file={KEY}", "--secret-file", f"variable={private / 'secret-1'}"),
        *("+verified", "--A=x y", "--B="),
    ]
    assert not any("hunter2secret" in word for word in command)
    assert (private / "secret-1").read_bytes() == b"hunter2secret\n"
    if os.name != "nt":
        assert stat.S_IMODE((private / "secret-1").stat().st_mode) == 0o600
    assert (tmp_path / "Earthfile").read_text(encoding="utf-8") == (
        "VERSION --allow-without-earthly-labels 0.8\n\nverified:\n    FROM --pass-args ./context+app\n"
        "    SAVE IMAGE --push --insecure --without-earthly-labels reg:5000/x:latest\n"
    )


def test_earth_with_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = earth_command(Earth("earthly", engine=Engine("docker", "docker")), tmp_path, Inputs(), monkeypatch)
    assert command == ["earthly", "--strict", "+verified"]
    assert (tmp_path / "Earthfile").read_text(encoding="utf-8") == (
        "VERSION 0.8\n\nverified:\n    FROM --pass-args ./context+app\n    SAVE IMAGE reg:5000/x:latest\n"
    )


def test_earth_needs_a_way_for_its_image() -> None:
    with pytest.raises(VerifyError) as caught:
        Earth(sys.executable).tool(Runner())
    assert caught.value.code == "EM926"


HOME = Path("/home/nobody-of-ours")


@pytest.mark.parametrize(
    ("address", "environment", "plain"),
    [
        ("tcp://127.0.0.2:8372", {}, True),
        ("tcp://localhost:8372", {}, True),
        ("tcp://[::1]:8372", {}, True),
        (None, {"EARTH_BUILDKIT_HOST": "tcp://127.0.0.1:1"}, True),
        (None, {"EARTHLY_BUILDKIT_HOST": "tcp://127.0.0.1:1"}, True),
        ("tcp://build.example.com:8372", {}, False),
        ("docker-container://buildkit", {}, False),
        (None, {}, False),
    ],
)
def test_earth_speaks_plainly_with_this_machine_only(
    address: str | None, environment: dict[str, str], plain: bool
) -> None:
    text = configuration(address, None, environment, HOME)
    assert (text is not None) is plain
    if text is not None:
        assert json.loads(text) == {"global": {"tls_enabled": False}}


def test_the_own_configuration_of_earth_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text("global:\n  tlsca: certs/ca.pem\n  cache_size_mb: 5\ngit:\n  example.com: {auth: ssh}\n", "utf-8")
    text = configuration("tcp://127.0.0.1:1", Engine("podman", "podman"), {"EARTH_CONFIG": str(file)}, HOME)
    assert text is not None
    assert json.loads(text) == {
        "global": {
            "tlsca": str(tmp_path / "certs/ca.pem"),
            "cache_size_mb": 5,
            "tls_enabled": False,
            "container_frontend": "podman-shell",
        },
        "git": {"example.com": {"auth": "ssh"}},
    }
    file.write_text("global: {tls_enabled: true, container_frontend: docker-shell}\n", "utf-8")
    assert configuration("tcp://127.0.0.1:1", Engine("podman", "podman"), {"EARTH_CONFIG": str(file)}, HOME) is None


def test_a_broken_configuration_of_earth_is_named(tmp_path: Path) -> None:
    (tmp_path / ".earthly").mkdir()
    (tmp_path / ".earthly" / "config.yml").write_text("global: [", "utf-8")
    with pytest.raises(VerifyError) as caught:
        configuration("tcp://127.0.0.1:1", None, {}, tmp_path)
    assert caught.value.code == "EM922"
    assert "config.yml" in str(caught.value.fields["program"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:5000", True),
        ("localhost/prefix", True),
        ("[::1]:5000", True),
        ("registry.example.com", False),
        ("10.0.0.1:5000", False),
        ("[bad", False),
    ],
)
def test_loopback(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_names_are_unique_and_legal() -> None:
    names = {unique_name() for _ in range(100)}
    assert len(names) == 100
    assert Registry("h:5000", "a/b", "t").name == "h:5000/a/b:t"


@pytest.mark.parametrize(
    ("line", "bases"),
    [
        (f"#4 [1/2] FROM docker.io/library/a:1@{DIGEST}", {"docker.io/library/a:1": DIGEST}),
        (f"#7 [build 1/3] FROM h:5000/a@{DIGEST} 0.1s done", {"h:5000/a": DIGEST}),
        (f"#4 resolve docker.io/library/a:1@{DIGEST} done", {}),
        ("#4 [1/2] FROM docker.io/library/a:1", {}),
    ],
)
def test_digests_of_bases_are_read_from_the_output(line: str, bases: dict[str, str]) -> None:
    seen: list[str] = []
    watching = Watching.over(Runner(on_line=seen.append))
    watching.runner.on_line(line)
    assert watching.bases == bases
    assert seen == [line]


def test_podman_is_asked_for_the_digests_of_the_images_it_was_from() -> None:
    stages = Stages(Runner())
    for line in (
        "STEP 1/3: FROM docker.io/library/a:1 AS build",
        "[2/2] STEP 1/2: FROM --platform=linux/amd64 scratch",
        "STEP 1/2: FROM build",
        "STEP 2/2: RUN echo STEP 1/2: FROM x",
    ):
        stages.runner.on_line(line)
    script = f"import sys; print({{'docker.io/library/a:1': {DIGEST!r}}}[sys.argv[1]])"
    assert stages.digests([sys.executable, "-c", script]) == {"docker.io/library/a:1": DIGEST}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("github.com/moby/buildkit v0.29.0 abc", "0.29.0"),
        ("1.26.0-dev", "1.26.0-dev"),
        ("github.com/moby/buildkit v0.0.0+unknown", ""),
        ("earth version v0.8.18-48-g6ff704d3 6ff linux/amd64; Debian 12.5", "0.8.18-48-g6ff704d3"),
        ("podman version 4.3.1", "4.3.1"),
        ("20.10.24+dfsg1", "20.10.24+dfsg1"),
        ("v0.8+unknown", "0.8+unknown"),
        ("", ""),
        (None, ""),
    ],
)
def test_versions(text: str | None, expected: str) -> None:
    assert version_in(text) == expected


def test_fields_of_options_are_quoted_where_they_must_be() -> None:
    assert [comma("a=b c"), comma("a,b"), comma('a"b')] == ["a=b c", '"a,b"', '"a""b"']


@pytest.mark.parametrize(
    ("lines", "code", "reason"),
    [
        (["exec /bin/sh: exec format error"], "EM929", "exec format error"),
        (["no match for platform in manifest: not found"], "EM929", "no match for platform in manifest: not found"),
        (["error: failed to push x: dial tcp: connection refused"], "EM927", None),
        (['failed to SAVE IMAGE: failed to do request: Head "https://h/v2/": connection refused'], "EM927", None),
        (["failed to resolve source metadata for docker.io/docker/dockerfile:1.4: not found"], "EM924", None),
        (["failed to resolve source metadata for docker.io/library/x:1: not found"], "EM944", None),
        (["apply FROM x: resolve image config for x: cache: x: failed to do request: Head x"], "EM944", None),
        (["Error: creating build container: initializing source docker://x:1: pinging"], "EM944", None),
        (["mkdir /x: no space left on device"], "EM945", "no space left on device"),
        (["http: server gave HTTP response to HTTPS client"], "EM927", None),
        (["error: failed to list workers: Unavailable: connection error"], "EM928", None),
        (["Cannot connect to the Docker daemon at unix:///x. Is it running?"], "EM928", None),
        (["process did not complete successfully: exit code: 1"], "EM923", None),
    ],
)
def test_what_a_failing_builder_says_decides_the_message(lines: list[str], code: str, reason: str | None) -> None:
    found = failure("the Dockerfile", "/usr/bin/docker", 7, lines)
    assert found.code == code
    assert found.fields["lines"] == tuple(lines)
    assert found.fields["program"] == "docker"
    assert reason is None or found.fields["reason"] == reason
    entry = builtin().diagnostics[code]
    assert "the Dockerfile" in entry.message.format(**found.fields)


def test_a_build_that_fails_keeps_its_last_lines() -> None:
    with pytest.raises(VerifyError) as caught:
        run_build(Runner(), [sys.executable, "-c", "print('why'); raise SystemExit(9)"], what="the Dockerfile")
    assert (caught.value.code, caught.value.fields["code"], caught.value.fields["lines"]) == ("EM923", 9, ("why",))
    with pytest.raises(VerifyError) as caught:
        run_build(Runner(), ["no-such-program-of-ours"], what="the Dockerfile")
    assert caught.value.code == "EM922"
    with pytest.raises(VerifyError) as caught:
        run_build(Runner().within(0.3), [sys.executable, "-c", "import time; time.sleep(60)"], what="the Dockerfile")
    assert caught.value.code == "EM925"


@pytest.mark.parametrize("builder", [Buildctl, Buildx, Podman, Buildah])
def test_a_builder_that_does_not_answer_says_so(builder: type[Buildctl | Buildx | Podman | Buildah]) -> None:
    with pytest.raises(VerifyError) as caught:
        builder("no-such-program-of-ours").tool(Runner())
    assert caught.value.code in ("EM922", "EM928")


def test_an_engine_that_is_not_there_does_not_answer() -> None:
    assert not Engine("docker", "no-such-program-of-ours").answers(Runner())
    Engine("docker", "no-such-program-of-ours").remove("x", Runner())


def test_discarding_what_is_in_no_registry_does_nothing(tmp_path: Path) -> None:
    assert Earth("earth").discard(Built(tmp_path / "x.tar"))


def test_a_registry_that_does_not_answer_keeps_the_image() -> None:
    assert not Earth("earth").discard(Built(Registry("127.0.0.1:1", "x", "latest")))
