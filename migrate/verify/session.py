"""One run of ``verify``: builds both sides of each job, compares, and builds again where a difference asks for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from migrate.diagnostics import Diagnostic, Grade
from migrate.images import parse_reference
from migrate.mappings import Section
from migrate.verify.builders import (
    Built,
    DockerfileBuild,
    DockerfileBuilder,
    EarthfileBuild,
    EarthfileBuilder,
    Inputs,
    Registry,
)
from migrate.verify.compare import Aspect, Comparison, compare
from migrate.verify.errors import VerifyError
from migrate.verify.manifests import check_platform, normalized
from migrate.verify.model import Entry, Image, Kind
from migrate.verify.pairs import Job
from migrate.verify.processes import Runner

_PULLED = re.compile(r"pulled from (?P<name>[^\s@\"]+)@(?P<digest>sha256:[0-9a-f]{64})")
_ATTEMPTS = 2
_NOT_IN_REGISTRY = "EM912"


class Verdict(Enum):
    """What came out for one job."""

    EXACT = "exact"
    EQUAL = "equal"
    DIFFERS = "differs"
    NOT_BUILT = "not built"


@dataclass(frozen=True, slots=True)
class Result:
    """``comparison`` is None for what was not built: then ``error`` says why, with a builder's last lines.

    ``job`` is None for a Dockerfile that could not even be read: then ``unread`` is its name. ``bases`` are the base
    images with the digests that both sides have used, as far as they tell.
    """

    job: Job | None
    verdict: Verdict
    comparison: Comparison | None = None
    error: VerifyError | None = None
    bases: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    twice: bool = False
    """Whether the Dockerfile was built once more without cache."""
    unread: str = ""

    @property
    def name(self) -> str:
        """The Dockerfile."""
        return self.job.pair.name if self.job is not None else self.unread

    @property
    def label(self) -> str:
        """Dockerfile and target."""
        return self.job.label if self.job is not None else self.unread

    @property
    def announced(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that name a difference."""
        return self.job.announced if self.job is not None else ()

    @property
    def surprising(self) -> bool:
        """Whether a difference was found that our own conversion does not announce."""
        promised = self.job is not None and self.job.pair.is_ours and self.job.grade in (Grade.EXACT, Grade.EQUAL)
        return self.verdict is Verdict.DIFFERS and promised


class Watcher(Protocol):
    """Is told what happens."""

    def step(self, text: str) -> None:
        """Something begins that takes a while."""

    def line(self, text: str) -> None:
        """The newest line of a builder's output."""


class Place(Protocol):
    """Where a job is built: see ``workplace.Workplace``."""

    @property
    def dockerfile(self) -> Path: ...
    @property
    def ignore(self) -> Path | None: ...
    @property
    def earthfiles(self) -> Path: ...
    @property
    def reference(self) -> str: ...
    @property
    def archives(self) -> Path: ...


class Plan(NamedTuple):
    """How each job is verified. ``baseline`` is auto, always or never; ``timestamps`` compares times, too."""

    inputs: Inputs
    noise: Section
    baseline: str = "auto"
    timestamps: bool = False
    timeout: float | None = None


class Session:
    """Verifies one job after the other with the same builders."""

    def __init__(
        self,
        docker: DockerfileBuilder,
        earth: EarthfileBuilder,
        plan: Plan,
        read: Callable[[Path | Registry, str | None], Image],
        watcher: Watcher,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._docker = docker
        self._earth = earth
        self._plan = plan
        self._read = read
        self._watcher = watcher
        self._mask = mask
        self._count = 0
        self.left: list[Registry] = []
        """The images that a registry did not let go."""

    def verify(self, job: Job, place: Place) -> Result:
        """Build both sides of ``job`` at ``place`` and compare them."""
        begun = time.monotonic()
        try:
            comparison, bases, twice = self._compared(job, place)
        except VerifyError as error:
            return Result(job, Verdict.NOT_BUILT, error=error, seconds=time.monotonic() - begun)
        verdict = Verdict[comparison.grade.name]
        return Result(job, verdict, comparison, None, bases, time.monotonic() - begun, twice)

    def _compared(self, job: Job, place: Place) -> tuple[Comparison, Mapping[str, str], bool]:
        moved: tuple[str, str, str] | None = None
        for attempt in range(_ATTEMPTS):
            if attempt and moved:
                self._watcher.step(f"{job.label}: the base image {moved[0]} has moved, building again")
            docker, bases = self._docker_side(job, place, fresh=self._plan.timestamps)
            earth = self._earth_side(job, place)
            moved = moved_base(bases, pulled(earth))
            if moved:
                continue
            comparison = self._compare(docker, earth, None)
            if not self._build_again(comparison):
                return comparison, bases, False
            again, later = self._docker_side(job, place, fresh=True, again=True)
            moved = moved_base(bases, later)
            if moved:
                continue
            return self._compare(docker, earth, again), bases, True
        assert moved is not None
        raise VerifyError("EM930", path=job.pair.name, image=moved[0], first=moved[1], second=moved[2])

    def _compare(self, docker: Image, earth: Image, again: Image | None) -> Comparison:
        return compare(docker, earth, self._plan.noise, again, timestamps=self._plan.timestamps)

    def _build_again(self, comparison: Comparison) -> bool:
        if self._plan.baseline != "auto":
            return self._plan.baseline == "always"
        # What a config says is not a matter of chance.
        return any(item.aspect is not Aspect.CONFIG for item in comparison.differences)

    def _docker_side(
        self, job: Job, place: Place, *, fresh: bool, again: bool = False
    ) -> tuple[Image, Mapping[str, str]]:
        inputs = self._inputs(fresh=fresh)
        self._watcher.step(
            f"{job.label}: building the Dockerfile" + (" again, without cache, to see what is stable" if again else "")
        )
        asked = DockerfileBuild(place.dockerfile, job.pair.context.resolve(), job.stage, inputs, place.ignore)
        archive = self._archive(place)
        try:
            built = self._docker.build(asked, archive, self._runner())
            image = self._reading(job, built, "Dockerfile")
            # The platform of the other side is compared.
            check_platform(image.config.platform, inputs.platform, "the image of the Dockerfile")
            return without_mounts(image, built.mounts), built.bases
        finally:
            archive.unlink(missing_ok=True)

    def _earth_side(self, job: Job, place: Place) -> Image:
        self._watcher.step(f"{job.label}: building the Earthfile")
        inputs = self._inputs(fresh=self._plan.timestamps)
        asked = EarthfileBuild(place.earthfiles, f"{place.reference}+{job.target}", inputs)
        archive = self._archive(place)
        built: Built | None = None
        try:
            built = self._earth.build(asked, archive, self._runner())
            image = self._reading(job, built, "Earthfile")
            self._check_platform(job, image)
            return image
        except VerifyError as error:
            if error.code == _NOT_IN_REGISTRY:  # though earth was content
                raise VerifyError("EM938", what=f"+{job.target}") from None
            raise
        finally:
            archive.unlink(missing_ok=True)
            if built is not None and not self._earth.discard(built) and isinstance(built.image, Registry):
                self.left.append(built.image)

    def _check_platform(self, job: Job, image: Image) -> None:
        """A base image for another platform: Docker warns and calls the result what was asked for, earth does not."""
        asked, found = self._plan.inputs.platform, image.config.platform
        # earth never writes a variant: that is compared with Docker's config.
        same = asked is not None and normalized(found) in (normalized(asked), "/".join(asked.split("/")[:2]))
        if asked is not None and not same and job.grade is not Grade.DIFFERS:
            raise VerifyError("EM907", image=f"the image of +{job.target}", asked=asked, choices=found)

    def _reading(self, job: Job, built: Built, what: str) -> Image:
        self._watcher.step(f"{job.label}: reading the image of the {what}")
        return self._read(built.image, self._plan.inputs.platform)

    def _inputs(self, *, fresh: bool) -> Inputs:
        inputs = self._plan.inputs
        return Inputs(inputs.arguments, inputs.secrets, inputs.ssh, inputs.platform, fresh)

    def _archive(self, place: Place) -> Path:
        self._count += 1
        return place.archives / f"image-{self._count}.tar"

    def _runner(self) -> Runner:
        seconds = self._plan.timeout
        until = None if seconds is None else time.monotonic() + seconds
        return Runner({}, until, seconds or 0.0, self._mask, self._watcher.line)


def without_mounts(image: Image, mounts: frozenset[bytes]) -> Image:
    """``image`` without the empty files that its builder has left at ``mounts``, made as runc makes mount points."""

    def left(path: bytes, entry: Entry) -> bool:
        made = (entry.kind, entry.size, entry.mode, entry.uid, entry.gid) == (Kind.FILE, 0, 0o755, 0, 0)
        return path in mounts and made

    if not mounts:
        return image
    return replace(image, tree={path: entry for path, entry in image.tree.items() if not left(path, entry)})


def pulled(image: Image) -> dict[str, str]:
    """The bases that a builder has noted in an image's history: name -> digest."""
    history = (image.config.others or {}).get(".history", "")
    return {found["name"]: found["digest"] for found in _PULLED.finditer(history)}


def moved_base(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The first image that two builds have seen with different digests: name and both digests."""
    later = {_familiar(name): digest for name, digest in second.items()}
    for name, digest in first.items():
        other = later.get(_familiar(name), digest)
        if other != digest:
            return name, digest, other
    return None


def _familiar(name: str) -> tuple[str, str, str]:
    """``docker.io/library/alpine`` and ``alpine:latest`` are one."""
    reference = parse_reference(name)
    return reference.registry, reference.repository, reference.tag or "latest"


def exit_code(results: Sequence[Result]) -> int:
    """4 for a difference, else 3 when something was not built, else 0."""
    verdicts = {result.verdict for result in results}
    return 4 if Verdict.DIFFERS in verdicts else 3 if Verdict.NOT_BUILT in verdicts else 0
