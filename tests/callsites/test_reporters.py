"""Files of other builders: what the patterns find, and what they pass over."""

from __future__ import annotations

import re

import pytest

from migrate.callsites import reporters
from migrate.callsites.data import builtin


class Nothing:
    """A repository without files."""

    def is_file(self, path: str) -> bool:
        return False

    def read(self, path: str, limit: int) -> bytes | None:
        return None

    def is_folder(self, path: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("carrier", "text", "count"),
    [
        ("bake", 'target "a" {\n}\n# target "b" {\n', 1),
        ("bake", "group {}\n", 0),
        ("cloudbuild", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n", 1),
        (
            "cloudbuild",
            "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [push, x]\n- name: x\n  args: [build]\n",
            0,
        ),
        ("circleci", "- run: docker build .\n- run: docker builder prune\n- run: docker run x\n", 1),
        ("jenkins", "docker.build('x')\n// docker.build('y')\nagent { dockerfile true }\n", 2),
        ("skaffold", "artifacts:\n  - image: a\n  # - image: b\n", 1),
        ("tilt", "docker_build('a', '.')\nload('x', 'docker_build_with_restart')\n", 1),
        ("devcontainer", '{"build": {"dockerfile": "D"}}\n', 1),
        ("azure", "- task: Docker@2\n", 1),
        ("drone", "image: plugins/docker\n", 1),
        ("platform", "[build]\ndockerfile = 'x'\n", 1),
        ("travis", "script: docker-compose up --build\n", 1),
    ],
)
def test_found(carrier: str, text: str, count: int) -> None:
    found = reporters.sites(text, "x", Nothing(), builtin(), carrier)
    assert len(found) == count
    assert all(text[site.start : site.end].strip() for site in found)


def test_every_reporter_is_a_carrier_and_every_pattern_is_one() -> None:
    data = builtin()
    assert set(data.reporters) <= set(data.discovery["carriers"])
    for entry in data.reporters.values():
        for find in entry["finds"]:
            re.compile(find["pattern"])
