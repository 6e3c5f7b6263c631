"""The call of earth to use by hand, for places that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.callsites.data import builtin as callsite_data
from migrate.choice import Choice
from migrate.discovery import discover
from migrate.mappings import builtin
from migrate.repository import migrate

DOCKERFILES = ("Dockerfile", "web/Dockerfile", "images/a/Dockerfile", "images/b/Dockerfile", "tools/ci.Dockerfile")


def suggested(root: Path, path: str, text: str, dockerfiles: tuple[str, ...] = DOCKERFILES) -> list[str]:
    """The advice for each site of a file that stays."""
    for name in dockerfiles:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("FROM alpine:3.20 AS base\nRUN true\nFROM base AS dev\nRUN true\n", encoding="utf-8")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    data = callsite_data()
    migration = migrate(discover(root, data.discovery), data, builtin(), Choice())
    outcomes = [outcome for item in migration.rewritten for outcome in item.outcomes]
    assert not [outcome for outcome in outcomes if outcome.edits]
    said = " ".join(item.hint for item in migration.diagnostics)
    assert all(outcome.suggestion in said for outcome in outcomes)
    return [" - ".join([outcome.suggestion, *outcome.lacks]) for outcome in outcomes]


SHELL = [
    ("docker build -t x $OPTS web", "earth ./web+dev && docker tag web:latest x"),
    (
        "id=$(docker build -q --build-arg V=$V -t x web)",
        "earth ./web+dev --V=$V && docker image inspect --format '{{.Id}}' x",
    ),
    ("docker build -t x --squash web", "earth ./web+dev - --squash"),
    ("docker build -t x --output out .", "earth +dev - --output out"),
    ("podman build -t x --target base web", "earth ./web+base-image-image"),
    ("docker build -t me/$d images/$d", "(cd images/$d && earth +dev) && docker tag a:latest me/$d"),
    ("docker build -t x -f $TEMP/ci.Dockerfile $TEMP", "earth ./tools+dev && docker tag tools:latest x"),
    ('cmd="docker build -t x web"', "earth ./web+dev && docker tag web:latest x"),
    ("docker build --target $T web", "earth --ci ./web+dev - --target $T"),
    ("docker build - <Dockerfile", ""),
    ("docker build -t $1 $2", ""),
]


@pytest.mark.parametrize(("text", "wanted"), SHELL, ids=[text for text, _ in SHELL])
def test_shell(text: str, wanted: str, tmp_path: Path) -> None:
    assert suggested(tmp_path, "build.sh", f"{text}\n") == [wanted]


OTHERS = [
    (
        "skaffold.yaml",
        "build:\n  artifacts:\n  - image: web\n    context: web\n    docker: {dockerfile: Dockerfile}\n",
        ['earth --push="${PUSH_IMAGE:-false}" +dev --image="$IMAGE"'],
    ),
    (
        "Tiltfile",
        "docker_build('app', './web', live_update=[])\ndocker_build('b', context='.', dockerfile='Dockerfile')\n",
        ['earth ./web+dev --image="$EXPECTED_REF"', 'earth +dev --image="$EXPECTED_REF"'],
    ),
    (
        "cloudbuild.yaml",
        "steps:\n- name: gcr.io/cloud-builders/docker\n"
        "  args: ['build', '-t', 'gcr.io/$PROJECT_ID/x', '--build-arg', 'A=$_B', 'web']\n"
        "- name: gcr.io/cloud-builders/docker\n  args:\n  - build\n  - --tag=y:1\n  - .\n  dir: web\n",
        [
            'earth --ci --push ./web+dev --image="gcr.io/$PROJECT_ID/x" "--A=$_B"',
            "earth --ci --push +dev",
        ],
    ),
    (
        ".circleci/config.yml",
        'jobs:\n  build:\n    steps:\n      - run: "docker build -t x:$CIRCLE_SHA1 -f web/Dockerfile web"\n',
        ["earth ./web+dev --image=x:$CIRCLE_SHA1"],
    ),
    ("Jenkinsfile", "sh 'docker build -t x:${TAG} web'\n", ["earth ./web+dev --image=x:${TAG}"]),
    (
        "docker-bake.hcl",
        'target "x" {\n  context = "web"\n  target = "base"\n  tags = ["x:1"]\n}\n',
        ["earth ./web+base-image-image"],
    ),
    ("docker-bake.hcl", 'target "x" {\n  inherits = ["y"]\n  tags = ["x:1"]\n}\n', [""]),
    (
        ".devcontainer/devcontainer.json",
        '{"build": {"dockerfile": "../web/Dockerfile", "context": "../web"}}\n',
        ["earth ./web+dev"],
    ),
    (
        "compose.yaml",
        "services:\n  x:\n    build:\n      context: web\n      network: host\n",
        ["earth ./web+dev"],
    ),
    (
        "Makefile",
        "define build\n\tdocker build -t x web\nendef\n",
        ["earth ./web+dev && docker tag web:latest x"],
    ),
    (
        ".github/workflows/x.yml",
        "jobs:\n  x:\n    steps:\n    - id: b\n      uses: docker/build-push-action@v6\n      with:\n"
        "        context: web\n"
        "        tags: x:1\n        push: true\n    - run: echo ${{ steps.b.outputs.digest }}\n",
        ["earth --ci --push ./web+dev"],
    ),
]


@pytest.mark.parametrize(
    ("path", "text", "wanted"), OTHERS, ids=[f"{path}-{index}" for index, (path, _, _) in enumerate(OTHERS)]
)
def test_other_carriers(path: str, text: str, wanted: list[str], tmp_path: Path) -> None:
    assert suggested(tmp_path, path, text) == wanted


def test_the_only_dockerfile_is_meant(tmp_path: Path) -> None:
    found = suggested(tmp_path, "build.sh", "docker build -t x $WHERE\n", ("web/Dockerfile",))
    assert found == ["earth ./web+dev && docker tag web:latest x"]
