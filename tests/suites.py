"""Outside suites through ``convert`` and the real builders: ``python dev.py suites KIND SOURCE... [--jobs 2]``.

KIND is ``buildkit``: SOURCE is a checkout of BuildKit, whose tests hold the Dockerfiles. Or ``repositories``: each
SOURCE is a Git repository of any kind. Nothing of them is kept. Prints a line for each Dockerfile and a table of those
that can be built here; docs/suites.md has the numbers. Exit code 1 when an image differs and no diagnostic says so.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import suite_buildkit
import suite_repositories
from realbuilds import DOCKER_SIDE, NOT_CONVERTED, REFUSED, Judgement, Judges, judges
from suite_repositories import Subject
from suite_worlds import World, push

from migrate.convert import convert
from migrate.diagnostics import Severity
from migrate.disk import DiskContext
from migrate.settings import Settings
from migrate.verify.builders import Inputs, Secret
from migrate.verify.pairs import Pair

DOCKER = "cannot be built here"
MOVED = "EM930"
"""The two sides were given different base images of one name."""
INFO = "as an info says"
NAMED = {"EM525": r"unable to lookup secret", "EM528": r"no SSH key"}
"""What earth says where it lacks what an info has asked for: the build fails, and the info names why."""
OUTCOMES = (
    "equal",
    "differs, announced",
    "differs, SILENT",
    "not built, announced",
    INFO,
    "not built, SILENT",
    NOT_CONVERTED,
)


@dataclass(frozen=True)
class Outcome:
    """One Dockerfile of a suite: what was found, and whether its Earthfile leaves something to FROM DOCKERFILE."""

    subject: Subject
    judgement: Judgement
    native: bool
    infos: frozenset[str] = frozenset()
    """The codes of the infos about it."""

    @property
    def kind(self) -> str:
        """Its column in the table."""
        found = self.judgement
        if found.equal:
            return "equal"
        if found.verdict == NOT_CONVERTED:
            return NOT_CONVERTED
        said = "".join(found.rows[:1])
        if found.verdict == REFUSED or said.startswith((DOCKER_SIDE, MOVED)):
            return DOCKER
        if found.silent and any(code in self.infos and re.search(text, said) for code, text in NAMED.items()):
            return INFO
        return f"{found.verdict}, {'SILENT' if found.silent else 'announced'}"


def judge(found: Judges, subject: Subject) -> Outcome:
    """Convert and build one Dockerfile."""
    place = subject.dockerfile.relative_to(subject.context).as_posix()
    settings = Settings(name="app", writes=True, target=subject.target, dockerfile=place)
    source = subject.dockerfile.read_bytes()
    context = DiskContext(subject.context, subject.dockerfile)
    conversion = convert(source, settings, path="Dockerfile", context=context)
    text = conversion.earthfile or ""
    pair = Pair(subject.name, subject.dockerfile, subject.context, conversion, text, conversion.files)
    with tempfile.TemporaryDirectory(prefix="earthmigrate-suite-") as private:
        secrets = []
        for number, (name, value) in enumerate(subject.secrets.items()):
            file = Path(private) / str(number)
            file.write_text(value, encoding="utf-8")
            secrets.append(Secret(name, file))
        inputs = Inputs(tuple(subject.arguments.items()), tuple(secrets))
        infos = frozenset(item.code for item in conversion.diagnostics if item.severity is Severity.INFO)
        return Outcome(subject, found.judge(pair, subject.target, inputs), "FROM DOCKERFILE" not in text, infos)


def shown(outcome: Outcome) -> str:
    """A line for the outcome, and its rows where it is not equal."""
    found = outcome.judgement
    codes = f" ({' '.join(found.announced)})" if found.announced else ""
    return "\n".join([f"{outcome.subject.name}: {outcome.kind}{codes}", *(f"    {row}" for row in found.rows)])


def table(outcomes: Iterable[Outcome]) -> str:
    """Numbers by the part of the suite that a Dockerfile comes from."""
    everything = list(outcomes)
    built = [item for item in everything if item.kind != DOCKER]
    native = sum(item.native for item in built)
    numbers = f"{len(everything)} Dockerfiles, {len(built)} can be built here"
    lines = [f"{numbers}, {native} of them are converted without FROM DOCKERFILE.", ""]
    lines += [f"| Part | Dockerfiles | Built | {' | '.join(OUTCOMES)} |", "| --- |" + " --- |" * (len(OUTCOMES) + 2)]
    for part in sorted({item.subject.part for item in built}):
        lines.append(_row(part, [item for item in everything if item.subject.part == part]))
    return "\n".join([*lines, _row("all", everything)])


def _row(part: str, found: list[Outcome]) -> str:
    counts = Counter(item.kind for item in found)
    numbers = len(found), len(found) - counts[DOCKER], *(counts[name] or "" for name in OUTCOMES)
    return f"| {part} | {' | '.join(map(str, numbers))} |"


def of_buildkit(sources: list[Path], place: Path) -> Iterator[Subject]:
    """BuildKit's own Dockerfiles, each written into a folder below ``place``."""
    for source in sources:
        for number, found in enumerate(suite_buildkit.dockerfiles(source)):
            folder = place / str(number)
            found.write(folder)
            part = found.name.partition("/")[0]
            yield Subject(found.name, part, folder / "Dockerfile", folder, found.arguments, found.secrets, found.target)


def main(arguments: list[str]) -> int:
    """The command line."""
    kinds = {"buildkit": of_buildkit, "repositories": suite_repositories.subjects}
    parser = argparse.ArgumentParser(prog="dev.py suites", description="Outside Dockerfiles through the real builders.")
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("sources", nargs="+", type=Path, metavar="SOURCE")
    parser.add_argument("-k", default="", metavar="TEXT", help="only those whose name contains TEXT")
    parser.add_argument("--jobs", type=int, default=1, help="Dockerfiles at a time")
    parser.add_argument("--registry", help="HOST:PORT of a registry that has the images, with daemons that use it")
    chosen = parser.parse_args(arguments)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="earthmigrate-suites-") as place, judges(chosen.registry) as found:
        subjects = [one for one in kinds[chosen.kind](chosen.sources, Path(place)) if chosen.k in one.name]
        if chosen.kind == "repositories":
            world = World()
            for subject in subjects:
                world.learn(subject.dockerfile.read_bytes(), subject.context)
            print(f"{sum(1 for _ in push(world, found.earth.registry or ''))} base images", flush=True)
        with ThreadPoolExecutor(chosen.jobs) as pool:
            for outcome in pool.map(lambda subject: judge(found, subject), subjects):
                outcomes.append(outcome)
                print(shown(outcome), flush=True)
    print(f"\n{table(outcomes)}")
    return 1 if any(item.kind.endswith("SILENT") for item in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
