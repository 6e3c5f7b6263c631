"""One ``verify`` run: what the command line asks for, the builders that are there, the results."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from migrate.diagnostics import Collector, Diagnostic
from migrate.dockerfile.directives import frontend
from migrate.mappings import Mappings
from migrate.verify import given, static
from migrate.verify.builders import QUESTION, Inputs, Registry, Secret, Tool
from migrate.verify.errors import VerifyError
from migrate.verify.finding import find
from migrate.verify.model import Image
from migrate.verify.pairs import Job, Pair, Unread, jobs
from migrate.verify.processes import Finished, Masker, Missing, Runner, TimedOut
from migrate.verify.processes import find as find_program
from migrate.verify.reading import read_path
from migrate.verify.session import Plan, Result, Session, Verdict, Watcher
from migrate.verify.tools import EARTHS, Choice, docker_builder, earth
from migrate.verify.workplace import prepared

OLDEST = {"version": (0, 20), "frontend": (1, 14), "engine": (28, 0)}
"""The first versions that the rules were checked against, of BuildKit, its frontend and the docker engine."""

_DOCKERS_OWN = r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?:(\d+\.\d+)[^@/]*"
NO_INPUTS = Inputs()
ANYTHING = Choice()


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of ``verify``."""

    path: Path
    context: Path | None = None
    stages: tuple[str, ...] = ()
    every: bool = False
    inputs: Inputs = NO_INPUTS
    choice: Choice = ANYTHING
    baseline: str = "auto"
    fidelity: str = "clean"
    timeout: float | None = None
    fresh: bool = False
    own_frontend: bool = False
    inspect: str | None = None
    """Where base images are looked at: ``auto``, ``engine`` or ``registry``; None: nowhere."""
    facts: Path | None = None
    """The file that keeps what was found there."""


class Checked(NamedTuple):
    """What the static level says about one Dockerfile's Earthfile."""

    dockerfile: str
    findings: tuple[Diagnostic, ...]


class Outcome(NamedTuple):
    """``tools`` maps a side to what has built it."""

    results: tuple[Result, ...]
    tools: Mapping[str, Tool]
    notes: tuple[Diagnostic, ...]


def execute(
    request: Request, mappings: Mappings, watcher: Watcher, pairs: Sequence[Pair | Unread] | None = None
) -> Outcome:
    """Verify everything that ``request`` names, or just ``pairs``. Raises VerifyError when nothing could be begun."""
    mappings, found_out = informed(request, mappings)
    mask = Masker([text for secret in request.inputs.secrets for text in _values(secret)])
    runner = Runner(mask=mask)
    work, unread = _work(request, mappings, pairs)
    exact = request.fidelity == "exact"
    choice = request.choice._replace(labels=not exact)
    docker, other = docker_builder(choice, find_program, runner), earth(choice, find_program, runner)
    tools = {"Dockerfile": docker.tool(runner), "Earthfile": other.tool(runner)}
    plan = Plan(request.inputs, mappings.noise, request.baseline, exact, request.timeout)
    session = Session(docker, other, plan, read_image, watcher, mask)
    results = [Result(None, Verdict.NOT_BUILT, error=item.error, unread=item.name) for item in unread]
    for pair, found in groupby(work, lambda job: job.pair):
        results += _verified(pair, list(found), session, own_frontend=request.own_frontend)
    files = {} if request.own_frontend else {job.pair.name: job.pair.dockerfile for job in work}
    said = notes(tools["Dockerfile"], session.left, request.path.as_posix(), mappings)
    said = (*found_out, *_pinned(files, mappings), *said)
    return Outcome(tuple(results), tools, said)


def _verified(pair: Pair, work: Sequence[Job], session: Session, *, own_frontend: bool) -> list[Result]:
    try:
        with prepared(pair, own_frontend=own_frontend) as place:
            return [session.verify(job, place) for job in work]
    except VerifyError as error:
        return [Result(job, Verdict.NOT_BUILT, error=error) for job in work]


def _work(
    request: Request, mappings: Mappings, pairs: Sequence[Pair | Unread] | None
) -> tuple[list[Job], list[Unread]]:
    """What there is to do, and what cannot be done. Raises VerifyError when nothing can.

    Of several Dockerfiles those that lack a stage that is asked for are left out.
    """
    work: list[Job] = []
    unread: list[Unread] = []
    lacking: list[VerifyError] = []
    for item in _pairs(request, mappings) if pairs is None else pairs:
        if isinstance(item, Unread):
            unread.append(item)
            continue
        try:
            work += jobs(item, request.stages, every=request.every, given=given_to(item, request.inputs, mappings))
        except VerifyError as error:
            if error.code == "EM932":
                lacking.append(error)
            else:
                unread.append(Unread(item.name, error))
    if not work and (unread or lacking or pairs is None):
        raise (*(item.error for item in unread), *lacking)[0]
    return work, unread


def given_to(pair: Pair, inputs: Inputs, mappings: Mappings) -> tuple[Diagnostic, ...]:
    """The differences that the build arguments themselves bring about."""
    text = pair.dockerfile.read_text(encoding="utf-8", errors="replace") if inputs.arguments else ""
    return given.findings(inputs.arguments, text, pair.name, mappings)


def check(request: Request, mappings: Mappings) -> tuple[Checked, ...]:
    """The static level: for each pair what is wrong with its Earthfile, earth asked where it is installed."""
    names = (request.choice.earth,) if request.choice.earth is not None else EARTHS
    program = next((found for name in names if (found := find_program(name))), None)
    mappings, _ = informed(request, mappings)
    return tuple(Checked(item.name, _checked(item, mappings, program)) for item in _pairs(request, mappings))


def _checked(pair: Pair | Unread, mappings: Mappings, program: str | None) -> tuple[Diagnostic, ...]:
    if isinstance(pair, Unread):
        return (Collector(pair.name, mappings.diagnostics).report(pair.error.code, None, **pair.error.fields),)
    collector = Collector(_earthfile_name(pair), mappings.diagnostics)
    for finding in static.check(pair.earthfile):
        collector.report(finding.error.code, finding.span, **finding.error.fields)
    if program is not None and not collector.diagnostics:
        with prepared(pair) as place:
            folder = place.earthfiles / place.reference
            refusal = refused(program, folder, Runner().within(QUESTION))
        if refusal:
            collector.report("EM943", None, reason=refusal)
    return collector.diagnostics


def refused(program: str, folder: Path, runner: Runner) -> str:
    """What earth says against the Earthfile in ``folder``, "" for nothing."""
    try:
        done: Finished = runner.run([program, "debug", "ast", "Earthfile"], folder=folder)
    except (Missing, TimedOut) as error:
        return str(error)
    lines = [line for line in done.tail if line.strip()]
    return "" if done.code == 0 else re.sub(r"^Error:\s*", "", lines[-1] if lines else f"exit code {done.code}")


def _earthfile_name(pair: Pair) -> str:
    return (pair.context / "Earthfile").as_posix() if pair.overlay is None else f"{pair.name} (converted)"


def informed(request: Request, mappings: Mappings) -> tuple[Mappings, tuple[Diagnostic, ...]]:
    """``mappings`` with what is found out about the base images, and what could not be. Raises VerifyError."""
    if request.inspect is None and request.facts is None:
        return mappings, ()
    from migrate.disk import DiskError
    from migrate.imageknowledge import gathered

    files = {item.dockerfile for item in _pairs(request, mappings) if isinstance(item, Pair)}
    try:
        known = gathered([file.read_bytes() for file in sorted(files)], request.inspect, request.facts, mappings)
    except DiskError as error:
        raise VerifyError(error.code, **error.fields) from None
    collector = Collector(request.path.as_posix(), mappings.diagnostics)
    for code, fields in known.findings:
        collector.report(code, None, **fields)
    return known.mappings, collector.diagnostics


def _pairs(request: Request, mappings: Mappings) -> tuple[Pair | Unread, ...]:
    return find(
        request.path, context=request.context, fresh=request.fresh, fidelity=request.fidelity, mappings=mappings
    )


def read_image(place: Path | Registry, platform: str | None) -> Image:
    """The image at ``place``."""
    if isinstance(place, Path):
        return read_path(place, platform=platform)
    from migrate.verify.registry import read_registry

    return read_registry(place.host, place.repository, place.tag, platform=platform)


def _pinned(files: Mapping[str, Path], mappings: Mappings) -> tuple[Diagnostic, ...]:
    """The Dockerfiles that ask for an old frontend themselves."""
    found: list[Diagnostic] = []
    for name, file in files.items():
        version = pinned_frontend(file.read_text(encoding="utf-8", errors="replace"))
        if version is not None and _numbers(version) < OLDEST["frontend"]:
            tool = f"Dockerfile frontend {version}, as {name} asks"
            collector = Collector(name, mappings.diagnostics)
            found.append(collector.report("EM936", None, tool=tool, limit=_limit("frontend")))
    return tuple(found)


def pinned_frontend(text: str) -> str | None:
    """The version of Docker's own frontend that a ``# syntax=`` line holds fast, such as 1.4; None for the newest."""
    directive = frontend(text.split("\n"), text)
    found = re.fullmatch(_DOCKERS_OWN, directive.value if directive else "")
    return found[1] if found else None


def _limit(field: str) -> str:
    return ".".join(map(str, OLDEST[field]))


def notes(tool: Tool, left: Sequence[Registry], path: str, mappings: Mappings) -> tuple[Diagnostic, ...]:
    """What must be known about the builder of the Docker side to trust a verdict, and what could not be removed."""
    collector = Collector(path, mappings.diagnostics)
    for image in left:
        collector.report("EM939", None, image=image.name)
    if not tool.buildkit:
        collector.report("EM937", None, tool=f"{tool.name} {tool.version}")
    for field, oldest in OLDEST.items():
        version = getattr(tool, field)
        if tool.buildkit and version and _numbers(version) < oldest:
            what = {"version": "BuildKit", "frontend": "Dockerfile frontend", "engine": "docker engine"}[field]
            collector.report("EM936", None, tool=f"{what} {version}", limit=_limit(field))
            break
    return collector.diagnostics


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _values(secret: Secret) -> Sequence[str]:
    """The value of a secret, to be kept out of every output."""
    if secret.variable is not None:
        return [os.environ.get(secret.variable, "")]
    try:
        data = secret.file.read_bytes() if secret.file is not None else b""
    except OSError:
        return []
    return [data.decode("utf-8", "replace")]


def parse_secret(text: str, environment: Mapping[str, str], exists: Callable[[Path], bool]) -> Secret:
    """A secret as docker spells it: ``id=x,src=FILE``, ``id=x,env=NAME``, ``id=x`` or ``x``. Raises ValueError."""
    fields = dict(part.partition("=")[::2] for part in text.split(",")) if "=" in text else {"id": text}
    name = fields.pop("id", "")
    file = fields.pop("src", fields.pop("source", None))
    variable = fields.pop("env", None)
    kind = fields.pop("type", None)
    if not name or fields or kind not in (None, "file", "env"):
        raise ValueError(f"{text} is not of the form id=NAME[,src=FILE|,env=VARIABLE]")
    if file is None and variable is None:
        variable = name
    if variable is not None and kind == "env" and file is not None:
        raise ValueError(f"{name}: give src or env, not both")
    if variable is not None:
        if variable not in environment:
            raise ValueError(f"{name}: the environment variable {variable} is not set")
        return Secret(name, variable=variable)
    path = Path(os.path.abspath(os.path.expanduser(file or "")))
    if not exists(path):
        raise ValueError(f"{name}: {file} is not a file")
    return Secret(name, file=path)


def parse_argument(text: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """``K=V``, or ``K`` with its value from the environment; None for one that is not set there, as docker does."""
    name, equals, value = text.partition("=")
    if not name:
        raise ValueError(f"{text} is not of the form NAME[=VALUE]")
    if equals:
        return name, value
    return (name, environment[name]) if name in environment else None
