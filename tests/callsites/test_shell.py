"""Call sites in shell scripts: which calls are found, what they become, and what is left alone."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from migrate.callsites import shell
from migrate.callsites.data import builtin
from migrate.callsites.edits import apply
from migrate.callsites.model import Outcome, Site, reference
from migrate.callsites.translate import EarthCall, Place, translate


class Everything:
    """A repository with every folder, and a Dockerfile in each."""

    def is_file(self, path: str) -> bool:
        return path.rpartition("/")[2] in ("Dockerfile", "other.Dockerfile")

    def read(self, path: str, limit: int) -> bytes | None:
        return None

    def is_folder(self, path: str) -> bool:
        return True


def translator(site: Site) -> EarthCall:
    assert site.call is not None
    place = Place(site.context or "", "docker", "docker", ("app:latest",), "image", "docker-tags")
    made = translate(site.call, place)
    made.reference = reference(place.folder, site.folder or "", made.reference)
    return made


def outcomes(script: str, path: str = "build.sh") -> list[Outcome]:
    found = shell.sites(script, path, Everything(), builtin())
    return [shell.rewritten(site, script, translator, "earth") for site in found if not site.passive]


def rewritten(script: str, path: str = "build.sh") -> str:
    return apply(script, [edit for outcome in outcomes(script, path) for edit in outcome.edits])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("docker build .", "earth --ci +docker"),
        ("docker build -t app .", "earth +docker"),
        ("docker build -t app:1 .", "earth +docker --image=app:1"),
        ('docker build . -t "me/$X:$(git rev-parse HEAD)"', 'earth +docker --image="me/$X:$(git rev-parse HEAD)"'),
        ("docker build -qt app .", "earth +docker >/dev/null 2>&1"),
        ("docker buildx build --push -t a -t b .", 'earth --ci --push +docker-tags --images="a b"'),
        ("docker buildx build --load -t app web", "earth ./web+docker"),
        ("docker image build --no-cache --pull -t app .", "earth --no-cache --pull +docker"),
        ("docker build --build-arg A=1 --build-arg B .", 'earth --ci +docker --A=1 ${B+--B="$B"}'),
        ('docker build --build-arg "A=$B c" .', 'earth --ci +docker "--A=$B c"'),
        ("docker build '--build-arg=A=b c' .", "earth --ci +docker --A='b c'"),
        ("docker build --platform linux/arm64 .", "earth --ci --platform=linux/arm64 +docker"),
        ("docker build --secret id=k,src=f .", "earth --ci --secret-file k=f +docker"),
        ("docker build --secret id=k,env=E .", 'k="$E" earth --ci --secret k +docker'),
        ("DOCKER_BUILDKIT=1 docker build .", "earth --ci +docker"),
        ("A=1 DOCKER_BUILDKIT=1 B=2 docker build .", "A=1 B=2 earth --ci +docker"),
        ("sudo -E docker build .", "sudo -E earth --ci +docker"),
        ("time docker build . | tee log", "time earth --ci +docker | tee log"),
        ("cd web && docker build .", "cd web && earth --ci +docker"),
        ("(cd web; docker build ..)", "(cd web; earth --ci ..+docker)"),
        ('cd "$(dirname "$0")" && docker build .', 'cd "$(dirname "$0")" && earth --ci +docker'),
        ("docker build . >log 2>&1 &", "earth --ci +docker >log 2>&1 &"),
        ("docker build -t a >log .", "earth +docker --image=a >log"),
        ("if ! docker build .; then exit 1; fi", "if ! earth --ci +docker; then exit 1; fi"),
        ("docker build \\\n  -t a \\\n  --build-arg A=1 \\\n  .", "earth +docker \\\n  --image=a \\\n  --A=1"),
    ],
)
def test_rewritten(before: str, after: str) -> None:
    assert rewritten(f"#!/bin/sh\n{before}\n") == f"#!/bin/sh\n{after}\n"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("id=$(docker build -q .)", "its output is used"),
        ("docker build $OPTIONS .", "$OPTIONS may hold options"),
        ("docker build .. .", "more than one context"),
        ('docker build "$d"', "only known when it runs"),
        ("docker build - < Dockerfile", "standard input"),
        ("docker build https://example.com/x.git", "elsewhere"),
        ("docker build --iidfile f .", "--iidfile"),
        ("docker build --nonsense .", "--nonsense is not known"),
        ("docker build --network host .", "no other network"),
        ("docker build -o out .", "SAVE ARTIFACT"),
        ("docker build --platform a,b .", "several platforms"),
        ("docker -H tcp://x build .", "another engine"),
        ("podman build .", "podman"),
        ("$DOCKER build .", "which program"),
        ("run_quietly docker build .", "decides what is run"),
        ('cd "$x" && docker build .', "folder in which it runs"),
        ("docker build --push .", "without a name"),
        ("docker build --secret id=k .", "nothing here says which"),
    ],
)
def test_left_with_a_reason(script: str, why: str) -> None:
    (outcome,) = outcomes(f"{script}\n")
    assert not outcome.edits
    assert why in outcome.why


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("linux/arm/v6", True),
        ("linux/arm", True),
        ("linux/amd64/v2", True),
        ("linux/amd64", False),
        ("linux/arm64/v8", False),
        ("$PLATFORM", False),
    ],
)
def test_a_variant_that_the_config_will_not_name(platform: str, said: bool) -> None:
    (outcome,) = outcomes(f"docker build --platform {platform} -t app .\n")
    assert [note.code for note in outcome.notes] == ["EM240"] * said


@pytest.mark.parametrize(
    "script",
    [
        "echo docker build .",
        'echo "docker build ."',
        "# docker build .",
        "cat <<EOF\ndocker build .\nEOF",
        "docker run x docker build .",
        "docker compose run app build",
        "docker compose up -d",
        "docker builder prune",
        "command -v docker",
        "printf 'docker build .'",
        "grep 'docker build' log",
    ],
)
def test_not_a_call_site(script: str) -> None:
    assert outcomes(f"{script}\n") == [] or all("decides" in item.why for item in outcomes(f"{script}\n"))
    assert rewritten(f"{script}\n") == f"{script}\n"


RECORDER = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word" >> "$RECORD"; done
"""


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="bash is not on PATH")
@pytest.mark.parametrize(
    "script",
    [
        "V='a b'; docker build -t app:1 --build-arg X=\"$V\" .",
        "docker build --build-arg X='$(id)' --build-arg \"Y=a'b\" -t 'app:1' .",
        "for t in 1 2; do docker build -t app:$t --build-arg X=$t . || exit 1; done",
        "X=1; docker build --build-arg X -t app:1 --build-arg UNSET_ONE .",
    ],
)
def test_values_arrive_as_they_did(script: str, tmp_path: Path) -> None:
    """Both scripts run in bash with recorders as docker and earth: names and arguments are the same words."""
    recorded = {}
    for name, text in (("docker", script), ("earth", rewritten(script))):
        recorder = tmp_path / name
        recorder.write_text(RECORDER, encoding="utf-8")
        recorder.chmod(0o755)
        record = tmp_path / f"{name}.txt"
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RECORD": str(record)}
        subprocess.run(["bash", "-e", "-c", text], env=environment, check=True)
        recorded[name] = record.read_text(encoding="utf-8").splitlines()
    wanted, words = [], iter(recorded["docker"])
    for word in words:
        if word == "-t":
            wanted.append(f"--image={next(words)}")
        elif word == "--build-arg":
            value = next(words)
            name, equals, _ = value.partition("=")
            wanted += [f"--{value}"] if equals else [f"--{name}=1"] if name == "X" else []
    got = [word for word in recorded["earth"] if word.startswith("--") and word != "--ci"]
    assert sorted(got) == sorted(wanted), shlex.join(got)


@pytest.mark.parametrize(
    ("script", "after"),
    [
        (
            "f() { cd web; docker build -t a .; }\ndocker build -t a .\n",
            "f() { cd web; earth +docker --image=a; }\nearth +docker --image=a\n",
        ),
        (
            "pushd web\ndocker build -t a .\npopd\ndocker build -t a web\n",
            "pushd web\nearth +docker --image=a\npopd\nearth ./web+docker --image=a\n",
        ),
        ('docker build -t a "$PWD"\n', "earth +docker --image=a\n"),
        ("docker build -t a -t a:latest -t b .\n", 'earth +docker-tags --images="a b"\n'),
        ("docker build -t a . | tee log\n", "earth +docker --image=a | tee log\n"),
    ],
)
def test_folders_and_names(script: str, after: str) -> None:
    assert rewritten(script) == after


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("f() { docker build -t a .; }\ncd web\nf\n", "the folder in which it runs is not certain"),
        ("f() { cd web; }\nf\ndocker build -t a .\n", "the folder in which it runs is not certain"),
        ("function f { cd web; }\nf\ndocker build -t a .\n", "the folder in which it runs is not certain"),
        ("docker build -q . > id\n", "its output is used"),
        ("docker build . | grep Built\n", "grep reads its output"),
        ("docker build . 2>&1 | tail -n1\n", "tail reads its output"),
        ("eval 'docker build -t a .'\n", "it is a string that eval runs"),
        ('ssh host "docker build -t a ."\n', "it is a string that ssh runs"),
        ("cmd=(docker build -t a)\n", "the variable cmd holds it"),
        ("b='docker build'\n", "the variable b holds it"),
        ('docker buildx build --platform "$PLATFORMS" --push -t a .\n', "only known when it runs"),
    ],
)
def test_left_because_not_certain(script: str, reason: str) -> None:
    found = outcomes(script)
    assert [reason in item.why for item in found] == [True]
    assert rewritten(script) == script


def test_help_is_no_call() -> None:
    assert outcomes("docker build --help\n") == []


@pytest.mark.parametrize(
    "script",
    ["docker compose build", "docker-compose -f a.yml -p x build --pull web", "sudo docker compose up -d --build"],
)
def test_compose_goes_on_building(script: str) -> None:
    (found,) = outcomes(f"{script}\n")
    assert ([note.code for note in found.notes], found.edits, found.why) == (["EM810"], (), "")


@pytest.mark.parametrize("script", ["docker buildx bake --push", "buildah bud .", "/kaniko/executor --context ."])
def test_other_builders_are_reported(script: str) -> None:
    (found,) = outcomes(f"{script}\n")
    assert found.why
