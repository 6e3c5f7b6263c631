"""A Dockerfile and its conversion, built by the real builders and compared as ``earthmigrate verify`` does."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import daemons

from migrate.diagnostics import Grade
from migrate.mappings import builtin
from migrate.report.verdicts import render
from migrate.report.verification import described
from migrate.verify.builders import DockerfileBuild, EarthfileBuild, Inputs
from migrate.verify.builders.buildctl import Buildctl
from migrate.verify.builders.earth import Earth
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Job, Pair, jobs
from migrate.verify.processes import Runner
from migrate.verify.run import given_to, read_image
from migrate.verify.session import Place, Plan, Session, Verdict
from migrate.verify.workplace import prepared

DOCKER_SIDE = "the Dockerfile"
"""How an error names the side."""
SECONDS = 180.0
"""One build may take so long."""
REFUSED = "refused"
"""The Docker builder refuses the file, and so does earth, or we convert nothing."""
NOT_CONVERTED = "not converted"
"""We convert nothing, though it can be built."""
UNBUILT = Verdict.NOT_BUILT.value
DIFFERS = Verdict.DIFFERS.value
EQUAL = (Verdict.EXACT.value, Verdict.EQUAL.value)
_CHANGING = re.compile(r"\b[0-9a-z]{25}(::[0-9a-z]{25})?\b|sha256:[0-9a-f]{64}")
"""References and digests that a builder mentions."""
_WRONG = re.compile(r"\b(?:ERROR|Error|error)\b(?!\.\.\.)")


@dataclass(frozen=True)
class Judgement:
    """What came out.

    ``rows`` are the differences in groups, or the last line of a builder that failed. ``announced`` are the codes of
    the diagnostics that promise a difference.
    """

    verdict: str
    announced: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    @property
    def silent(self) -> bool:
        """Whether something is different, or fails, and no diagnostic has said so."""
        return self.verdict in (DIFFERS, UNBUILT) and not self.announced

    @property
    def equal(self) -> bool:
        """Whether the images are the same."""
        return self.verdict in EQUAL


class Silence:
    """Watches a session and says nothing."""

    def step(self, text: str) -> None:
        """A session's step."""

    def line(self, text: str) -> None:
        """A builder's line."""


@dataclass(frozen=True)
class Judges:
    """The builders of both sides."""

    docker: Buildctl
    earth: Earth
    baseline: str = "auto"

    @classmethod
    def at(cls, found: daemons.Daemons) -> Judges:
        """Those that use ``found``."""
        earth = Earth(_program("earth"), found.earth_buildkit, found.registry)
        return cls(Buildctl(_program("buildctl"), found.buildkit), earth)

    def tools(self) -> dict[str, str]:
        """Side -> name and version."""
        sides = {"Dockerfile": self.docker.tool(Runner()), "Earthfile": self.earth.tool(Runner())}
        return {side: described(tool) for side, tool in sides.items()}

    def judge(self, pair: Pair, stage: str | None, inputs: Inputs) -> Judgement:
        """Build both sides of ``pair`` and compare. A pair without an Earthfile is built by Docker alone."""
        if pair.conversion.earthfile is None:
            return self._unconverted(pair, stage, inputs)
        try:
            given = given_to(pair, inputs, builtin())
            (job,) = jobs(pair, [] if stage is None else [stage], every=False, given=given)
        except VerifyError as error:  # there is no such stage
            return Judgement(REFUSED, rows=[said(error)])
        session = Session(self.docker, self.earth, self._plan(inputs), read_image, Silence())
        codes = sorted({item.code for item in job.announced})
        with prepared(pair, own_frontend=True) as place:
            result = session.verify(job, place)
            if result.error is not None:
                refusal = self._refusal(job, place, inputs) if result.error.fields.get("what") == DOCKER_SIDE else ""
                rows = [said(result.error), *([refusal] if refusal else [])]
                return Judgement(REFUSED if refusal else UNBUILT, codes, rows)
        assert result.comparison is not None
        rows = [" ".join(row.split()) for row in render("", result.comparison).splitlines()[1:]]
        return Judgement(result.verdict.value, codes, rows)

    def _plan(self, inputs: Inputs) -> Plan:
        return Plan(inputs, builtin().noise, self.baseline, timeout=SECONDS)

    def _refusal(self, job: Job, place: Place, inputs: Inputs) -> str:
        """What earth says against what the Docker builder refuses, "" when it builds it."""
        asked = EarthfileBuild(place.earthfiles, f"{place.reference}+{job.target}", inputs)
        try:
            built = self.earth.build(asked, place.archives / "image.tar", Runner().within(SECONDS))
        except VerifyError as error:
            return said(error)
        self.earth.discard(built)
        return ""

    def _unconverted(self, pair: Pair, stage: str | None, inputs: Inputs) -> Judgement:
        codes = sorted({item.code for item in pair.conversion.diagnostics if item.grade is Grade.FAILED})
        with prepared(pair, own_frontend=True) as place:
            asked = DockerfileBuild(place.dockerfile, pair.context, stage, inputs, place.ignore)
            try:
                self.docker.build(asked, place.archives / "image.tar", Runner().within(SECONDS))
            except VerifyError as error:
                return Judgement(REFUSED, codes, [said(error)])
        return Judgement(NOT_CONVERTED, codes)


def said(error: VerifyError) -> str:
    """The side, and what its builder says is wrong, without what changes from run to run."""
    found = error.fields.get("lines")
    lines = [str(line) for line in found if str(line).strip()] if isinstance(found, (list, tuple)) else []
    places = [number for number, line in enumerate(lines) if _WRONG.search(line)]
    told = lines[places[-1] :][:4] if places else lines[-1:] or [str(error.fields.get("reason", error))]
    prefix, bar, _ = told[0].partition(" | ")
    same = [line.partition(" | ")[2] for line in told if line.startswith(f"{prefix} | ")] if bar else told[:1]
    text = " ".join(" ".join(same).split())
    return f"{error.fields.get('what', error.code)}: {_CHANGING.sub('...', text)}"


@contextlib.contextmanager
def judges(registry: str | None) -> Iterator[Judges]:
    """The builders, with daemons of one's own, or with those of ``registry`` and the environment."""
    if registry is None:
        with daemons.running() as found:
            yield Judges.at(found)
        return
    hosts = os.environ["BUILDKIT_HOST"], os.environ["EARTH_BUILDKIT_HOST"]
    yield Judges.at(daemons.Daemons(registry, *hosts, folder=""))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not on PATH")
    return found
