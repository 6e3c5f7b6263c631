"""When the Dockerfile is built again, what moved bases do, that nothing stays behind: with builders made up here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from migrate.convert import Conversion, OutputFile
from migrate.diagnostics import Grade
from migrate.mappings import builtin
from migrate.verify.builders import Built, DockerfileBuild, EarthfileBuild, Inputs, Registry, Tool
from migrate.verify.builders.podman import MOUNT_POINTS
from migrate.verify.compare import Aspect
from migrate.verify.errors import VerifyError
from migrate.verify.model import Entry, Image, ImageConfig, Kind
from migrate.verify.pairs import Job, Pair
from migrate.verify.processes import Runner
from migrate.verify.session import Plan, Result, Session, Verdict, exit_code, moved_base, pulled, without_mounts
from migrate.verify.workplace import Workplace

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
BASE = "docker.io/library/alpine:3.20"
PAIR = Pair("Dockerfile", Path("Dockerfile"), Path("."), Conversion("Dockerfile", (), ()), "VERSION 0.8\n")
JOB = Job(PAIR, None, "app", Grade.EQUAL)


def image(files: Mapping[str, str] | None = None, *, history: Sequence[str] = (), **config: object) -> Image:
    tree = {b"": Entry(b"", Kind.DIRECTORY, 0o755)}
    for name, content in (files or {}).items():
        path = name.encode()
        tree[path] = Entry(path, Kind.FILE, 0o644, sha256=content.encode().ljust(32), size=len(content), mtime=1)
    others = {".history": json.dumps([{"created_by": line} for line in history])} if history else {}
    known = ImageConfig(os="linux", architecture="amd64", others=others)
    return Image("sha256:" + "0" * 64, replace(known, **config), tree, 1)  # type: ignore[arg-type]


class Docker:
    """Gives its images in turn; remembers what it was asked."""

    def __init__(self, *images: Image, bases: Sequence[str] = (ONE,)) -> None:
        self.images = list(images)
        self.bases = list(bases)
        self.asked: list[DockerfileBuild] = []

    def tool(self, runner: Runner) -> Tool:
        return Tool("docker", "1")

    def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
        archive.write_text("docker", encoding="utf-8")
        runner.on_line("#1 building")
        number = len(self.asked)
        self.asked.append(asked)
        return Built(archive, {BASE: self.bases[min(number, len(self.bases) - 1)]})


class Earth:
    def __init__(self, *images: Image, fails: VerifyError | None = None, registry: bool = False) -> None:
        self.images = list(images)
        self.fails = fails
        self.registry = registry
        self.asked: list[EarthfileBuild] = []
        self.discarded: list[Built] = []

    def tool(self, runner: Runner) -> Tool:
        return Tool("earth", "1")

    def build(self, asked: EarthfileBuild, archive: Path, runner: Runner) -> Built:
        self.asked.append(asked)
        archive.write_text("earth", encoding="utf-8")
        if self.fails is not None:
            raise self.fails
        return Built(Registry("h", f"x/{len(self.asked)}", "latest") if self.registry else archive)

    def discard(self, built: Built) -> bool:
        self.discarded.append(built)
        return False


class Watcher:
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def line(self, text: str) -> None:
        self.lines.append(text)


def verify(
    docker: Docker,
    earth: Earth,
    place: Path,
    *,
    watcher: Watcher | None = None,
    job: Job = JOB,
    platform: str = "linux/amd64",
    **plan: Any,
) -> Result:
    def read(where: Path | Registry, platform: str | None) -> Image:
        side = docker if isinstance(where, Path) and where.read_text(encoding="utf-8") == "docker" else earth
        return side.images.pop(0) if len(side.images) > 1 else side.images[0]

    settings = Plan(Inputs((("A", "1"),), platform=platform), builtin().noise)._replace(**plan)
    session = Session(docker, earth, settings, read, watcher or Watcher())
    work = Workplace(place / "Dockerfile", None, place, "./context", place)
    return session.verify(job, work)


def test_equal_images_are_built_once(tmp_path: Path) -> None:
    docker, earth, watcher = Docker(image({"a": "1"})), Earth(image({"a": "1"})), Watcher()
    result = verify(docker, earth, tmp_path, watcher=watcher)
    assert (result.verdict, result.twice, result.bases) == (Verdict.EQUAL, False, {BASE: ONE})
    assert [asked.inputs.no_cache for asked in docker.asked] == [False]
    assert docker.asked[0].inputs == replace(earth.asked[0].inputs)
    assert earth.asked[0].reference == "./context+app"
    assert watcher.lines == ["#1 building"]
    assert watcher.steps == [
        "Dockerfile +app: building the Dockerfile",
        "Dockerfile +app: reading the image of the Dockerfile",
        "Dockerfile +app: building the Earthfile",
        "Dockerfile +app: reading the image of the Earthfile",
    ]
    assert list(tmp_path.iterdir()) == []
    assert exit_code([result]) == 0


def test_a_difference_in_the_tree_is_checked_against_a_second_build(tmp_path: Path) -> None:
    docker = Docker(image({"random": "1", "a": "1"}), image({"random": "2", "a": "1"}))
    result = verify(docker, Earth(image({"random": "3", "a": "1"})), tmp_path)
    assert result.verdict is Verdict.EQUAL
    assert result.twice
    assert result.comparison is not None
    assert result.comparison.unstable == (b"random",)
    assert [asked.inputs.no_cache for asked in docker.asked] == [False, True]


def test_a_stable_difference_stays_one(tmp_path: Path) -> None:
    docker = Docker(image({"random": "1", "a": "1"}), image({"random": "2", "a": "1"}))
    result = verify(docker, Earth(image({"random": "3", "a": "2"})), tmp_path)
    assert result.comparison is not None
    found = [(item.aspect, item.path) for item in result.comparison.differences]
    assert (result.verdict, found) == (Verdict.DIFFERS, [(Aspect.CONTENT, b"a")])
    assert exit_code([result]) == 4


def test_a_difference_in_the_config_needs_no_second_build(tmp_path: Path) -> None:
    docker = Docker(image(user="app"))
    result = verify(docker, Earth(image()), tmp_path)
    assert (result.verdict, result.twice, len(docker.asked)) == (Verdict.DIFFERS, False, 1)


@pytest.mark.parametrize(("baseline", "builds"), [("auto", 1), ("always", 2), ("never", 1)])
def test_a_baseline_on_request(baseline: str, builds: int, tmp_path: Path) -> None:
    docker = Docker(image({"a": "1"}))
    result = verify(docker, Earth(image({"a": "1"})), tmp_path, baseline=baseline)
    assert (result.verdict, len(docker.asked)) == (Verdict.EQUAL, builds)


def test_never_takes_the_first_difference_for_real(tmp_path: Path) -> None:
    docker = Docker(image({"a": "1"}), image({"a": "2"}))
    result = verify(docker, Earth(image({"a": "3"})), tmp_path, baseline="never")
    assert (result.verdict, len(docker.asked)) == (Verdict.DIFFERS, 1)


def test_timestamps_are_compared_without_cache_only(tmp_path: Path) -> None:
    docker, earth = Docker(image({"a": "1"})), Earth(image({"a": "1"}))
    result = verify(docker, earth, tmp_path, timestamps=True)
    assert result.verdict is Verdict.EXACT
    assert [docker.asked[0].inputs.no_cache, earth.asked[0].inputs.no_cache] == [True, True]


def test_a_base_that_moves_while_building_makes_both_build_again(tmp_path: Path) -> None:
    docker = Docker(image({"a": "1"}), image({"a": "2"}), bases=[ONE, TWO])
    old, new = (image({"a": name}, history=[f"pulled from {BASE}@{TWO}"]) for name in "12")
    earth, watcher = Earth(old, new), Watcher()
    result = verify(docker, earth, tmp_path, watcher=watcher)
    assert (result.verdict, result.bases) == (Verdict.EQUAL, {BASE: TWO})
    assert [len(docker.asked), len(earth.asked), len(earth.discarded)] == [2, 2, 2]
    assert f"Dockerfile +app: the base image {BASE} has moved, building again" in watcher.steps


def test_a_base_that_differs_for_the_second_build_moved_too(tmp_path: Path) -> None:
    docker = Docker(image({"a": "1"}), image({"a": "2"}), image({"a": "2"}), bases=[ONE, TWO, TWO])
    earth = Earth(image({"a": "2"}))
    result = verify(docker, earth, tmp_path)
    assert (result.verdict, result.twice, len(earth.asked)) == (Verdict.EQUAL, False, 2)


def test_a_base_that_never_stands_still_has_its_own_message(tmp_path: Path) -> None:
    docker = Docker(image({"a": "1"}))
    earth = Earth(image({"a": "1"}, history=[f"pulled from {BASE}@{TWO}"]))
    result = verify(docker, earth, tmp_path)
    assert result.verdict is Verdict.NOT_BUILT
    assert result.error is not None
    assert (result.error.code, result.error.fields["image"]) == ("EM930", BASE)
    assert exit_code([result]) == 3


def test_a_failing_build_is_a_verdict_and_leaves_nothing(tmp_path: Path) -> None:
    earth = Earth(image(), fails=VerifyError("EM923", what="the Earthfile"))
    result = verify(Docker(image()), earth, tmp_path)
    assert result.verdict is Verdict.NOT_BUILT
    assert result.error is earth.fails
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_was_pushed_is_discarded_even_when_reading_fails(tmp_path: Path) -> None:
    earth = Earth(image(), registry=True)

    def read(where: Path | Registry, platform: str | None) -> Image:
        if isinstance(where, Path):
            return image()
        raise VerifyError("EM905", image="x", what="layer 1", reason="bad")

    session = Session(Docker(image()), earth, Plan(Inputs(), builtin().noise), read, Watcher())
    result = session.verify(JOB, Workplace(tmp_path / "Dockerfile", None, tmp_path, "./context", tmp_path))
    assert result.error is not None
    assert (result.error.code, len(earth.discarded)) == ("EM905", 1)
    assert [image.name for image in session.left] == ["h/x/1:latest"]


def test_an_image_that_earth_did_not_save_has_its_own_message(tmp_path: Path) -> None:
    def read(where: Path | Registry, platform: str | None) -> Image:
        if isinstance(where, Path):
            return image()
        raise VerifyError("EM912", image="x", registry="h")

    session = Session(Docker(image()), Earth(image(), registry=True), Plan(Inputs(), builtin().noise), read, Watcher())
    result = session.verify(JOB, Workplace(tmp_path / "Dockerfile", None, tmp_path, "./context", tmp_path))
    assert result.error is not None
    assert result.error.code == "EM938"


def test_an_image_for_another_platform_has_its_own_message(tmp_path: Path) -> None:
    other = image(architecture="arm64")
    result = verify(Docker(image()), Earth(other), tmp_path)
    assert result.error is not None
    assert (result.error.code, result.error.fields["choices"]) == ("EM907", "linux/arm64")
    announced = JOB._replace(grade=Grade.DIFFERS)
    assert verify(Docker(image()), Earth(other), tmp_path, job=announced).verdict is Verdict.DIFFERS
    assert verify(Docker(image()), Earth(image()), tmp_path, platform="linux/x86_64").verdict is Verdict.EQUAL


def test_earth_writes_no_variant(tmp_path: Path) -> None:
    """Another machine is a message, a variant that is missing one difference."""
    bare, arm = image(architecture="arm"), image(architecture="arm", variant="v6")
    assert verify(Docker(arm), Earth(bare), tmp_path, platform="linux/arm/v6").verdict is Verdict.DIFFERS
    error = verify(Docker(arm), Earth(image()), tmp_path, platform="linux/arm/v6").error
    assert error is not None
    assert error.code == "EM907"


def test_the_time_for_each_build_is_limited(tmp_path: Path) -> None:
    seen: list[Runner] = []

    class Patient(Docker):
        def build(self, asked: DockerfileBuild, archive: Path, runner: Runner) -> Built:
            seen.append(runner)
            return super().build(asked, archive, runner)

    verify(Patient(image()), Earth(image()), tmp_path, timeout=5.0)
    assert (seen[0].deadline is not None, seen[0].seconds) == (True, 5.0)


def test_empty_files_of_a_builder_are_not_the_dockerfiles() -> None:
    made = {b"etc/hosts": (0, 0o755), b"etc/resolv.conf": (3, 0o755), b"etc/hostname": (0, 0o644), b"x": (0, 0o755)}
    tree = {path: Entry(path, Kind.FILE, mode, size=size) for path, (size, mode) in made.items()}
    found = without_mounts(replace(image(), tree=tree), MOUNT_POINTS)
    assert set(found.tree) == {b"etc/resolv.conf", b"etc/hostname", b"x"}
    assert without_mounts(replace(image(), tree=tree), frozenset()).tree == tree


def test_bases_are_one_under_all_their_names() -> None:
    assert moved_base({BASE: ONE}, {"alpine:3.20": ONE}) is None
    assert moved_base({BASE: ONE}, {"alpine:3.20": TWO}) == (BASE, ONE, TWO)
    assert moved_base({"a": ONE}, {"docker.io/library/a:latest": TWO}) == ("a", ONE, TWO)
    assert moved_base({BASE: ONE}, {"other.example.com/alpine:3.20": TWO}) is None


def test_the_history_names_bases() -> None:
    lines = [f"pulled from {BASE}@{ONE}", f"RUN echo pulled from x@{TWO[:-1]}", "COPY a"]
    assert pulled(image(history=lines)) == {BASE: ONE}
    assert pulled(image()) == {}


@pytest.mark.parametrize(
    ("verdict", "promise", "ours", "surprising"),
    [
        (Verdict.DIFFERS, Grade.EQUAL, True, True),
        (Verdict.DIFFERS, Grade.EXACT, True, True),
        (Verdict.DIFFERS, Grade.DIFFERS, True, False),
        (Verdict.DIFFERS, None, True, False),
        (Verdict.DIFFERS, Grade.EQUAL, False, False),
        (Verdict.EQUAL, Grade.EQUAL, True, False),
    ],
)
def test_a_difference_that_nothing_announced_is_a_surprise(
    verdict: Verdict, promise: Grade | None, ours: bool, surprising: bool
) -> None:
    conversion = Conversion("Dockerfile", (OutputFile("Earthfile", PAIR.earthfile if ours else "other"),), ())
    job = Job(replace(PAIR, conversion=conversion), None, "app", promise)
    assert Result(job, verdict).surprising is surprising


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((Verdict.EXACT, Verdict.EQUAL), 0),
        ((Verdict.EQUAL, Verdict.NOT_BUILT), 3),
        ((Verdict.NOT_BUILT, Verdict.DIFFERS), 4),
        ((), 0),
    ],
)
def test_exit_codes(verdicts: Sequence[Verdict], code: int) -> None:
    assert exit_code([Result(JOB, verdict) for verdict in verdicts]) == code
