"""``batch --inspect`` and ``--image-facts``: what ``repo`` says of base images, each asked for once in a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batchrepos import repository, url
from click.testing import CliRunner, Result
from imagefiles import Blobs, layer, member
from registryserver import Shop, serving

from migrate import imagefacts
from migrate.batch.jobs import Seen
from migrate.batch.knowledge import merged
from migrate.cli import main
from migrate.imagefacts import ImageFacts

CONFIG = {"User": "web", "OnBuild": ["RUN echo built"]}


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials, and no docker."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def shop() -> Iterator[Shop]:
    blobs = Blobs()
    image = blobs.image([layer(member("a"))], CONFIG)
    with serving(Shop(blobs=blobs.data)) as opened:
        for tag in ("1", "2"):
            opened.put(tag, blobs.data[image["digest"]])
        yield opened


def batch(*arguments: str, code: int = 0) -> Result:
    found = CliRunner().invoke(main, ["batch", *arguments])
    assert found.exit_code == code, (found.output, found.exception)
    return found


def told(output: str) -> list[dict[str, Any]]:
    """The results without what differs from run to run, in order."""
    found = [{**json.loads(line), "seconds": 0, "state": ""} for line in output.splitlines()]
    return sorted(found, key=lambda line: str(line["name"]))


def latest(report: Path) -> dict[str, str]:
    lines = [json.loads(line) for line in (report / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    return {line["name"]: line["status"] for line in lines if line["kind"] == "repository"}


def manifests(shop: Shop) -> Counter[str]:
    """How often each manifest was asked for."""
    return Counter(path.rpartition("/")[2] for path, _ in shop.asked if "/manifests/" in path)


def repositories(tmp_path: Path, *bases: str) -> list[Path]:
    return [
        repository(tmp_path / f"r{number}", {"Dockerfile": f"FROM {base}\nCOPY . /a\n"})
        for number, base in enumerate(bases)
    ]


def test_it_is_what_repo_says_and_each_image_is_asked_for_once(tmp_path: Path, shop: Shop) -> None:
    name = f"{shop.host}/team/app"
    bases = (
        f"{name}:1",
        f"{name}:2",
        f"{name}:1",
        f"{name}:gone",
        "127.0.0.1:1/dead",
        "127.0.0.1:1/dead:2",
        "Not/AnImage",
    )
    roots = repositories(tmp_path, *bases)
    options = ("--inspect", "--format", "json", "--fail-on", "never")
    found = [told(batch(*map(str, roots), *options, "--jobs", jobs).stdout) for jobs in ("1", "3")]
    assert found[0] == found[1]
    assert manifests(shop) == {"1": 2, "2": 2, "gone": 2}, "once in each run"
    for root, line in zip(roots, found[0], strict=True):
        said = json.loads(CliRunner().invoke(main, ["repo", str(root), *options]).stdout)
        assert [(item["code"], item["message"]) for item in line["findings"]] == [
            (item["code"], item["message"]) for item in said["diagnostics"]
        ]
        assert [change["path"] for change in said["changes"]] == [path for path, _ in line["changes"]]
    codes = [{item["code"] for item in line["findings"]} for line in found[0]]
    assert ["EM647" in one for one in codes] == [False, False, False, True, True, True, False]
    assert "EM253" in codes[-1], "what can name no image is not asked for"
    assert found[0][0]["bases"] == [{"name": name, "known": True}]


def test_without_it_nothing_is_asked(tmp_path: Path, shop: Shop) -> None:
    (root,) = repositories(tmp_path, f"{shop.host}/team/app:1")
    (line,) = told(batch(str(root), "--format", "json").stdout)
    assert (shop.asked, line["bases"][0]["known"], line["images"]) == ([], False, [])


def test_the_file_is_kept_and_its_changes_count(tmp_path: Path, shop: Shop) -> None:
    name = f"{shop.host}/team/app"
    one, two = repositories(tmp_path, f"{name}:1", f"{name}:2")
    facts, report = tmp_path / "facts.json", tmp_path / "report"
    options = ("--image-facts", str(facts), "--report", str(report), "--jobs", "2")
    assert "wrote" in batch(str(one), url(two), "--inspect", *options).stderr
    kept = imagefacts.read(facts.read_text(encoding="utf-8"))
    assert {image: one.user for image, one in kept.items()} == {f"{name}:1": "web", f"{name}:2": "web"}
    asked = len(shop.asked)
    batch(str(one), url(two), "--inspect", *options)
    assert (set(latest(report).values()), len(shop.asked)) == ({"unchanged"}, asked)
    facts.write_text(imagefacts.written({image: kept[image] for image in [f"{name}:2"]}), encoding="utf-8")
    batch(str(one), url(two), "--inspect", *options)
    assert sorted(latest(report).values()) == ["done", "unchanged"], "an entry that was removed is looked at again"
    batch(str(one), url(two), *options)
    assert set(latest(report).values()) == {"done"}, "the settings are others"
    facts.write_text(imagefacts.written({**kept, f"{name}:1": ImageFacts("other")}), encoding="utf-8")
    batch(str(one), url(two), *options)
    assert sorted(latest(report).values()) == ["done", "unchanged"]


def test_what_could_not_be_looked_at_is_tried_again(tmp_path: Path) -> None:
    (root,) = repositories(tmp_path, "127.0.0.1:1/dead")
    for _ in range(2):
        batch(str(root), "--inspect", "--report", str(tmp_path / "report"))
        assert latest(tmp_path / "report") == {"r0": "done"}


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (root,) = repositories(tmp_path, "alpine")
    facts = tmp_path / "facts.json"
    assert "--inspect makes it" in batch(str(root), "--image-facts", str(facts), code=2).stderr
    facts.write_text("{", encoding="utf-8")
    assert "facts.json" in batch(str(root), "--image-facts", str(facts), code=3).stderr


def test_which_of_several_is_kept_does_not_depend_on_the_order() -> None:
    a, b, c = (Seen("x:latest", platform, ImageFacts(platform or "mine")) for platform in ("", "linux/arm64", "z"))
    for seen in ({a, b, c}, {c, b, a}):
        assert merged({}, frozenset(seen))["x:latest"].user == "mine"
    assert merged({}, frozenset({c, b}))["x:latest"].user == "linux/arm64"
    assert merged({"x:latest": ImageFacts("old")}, frozenset({a}))["x:latest"].user == "old"
