"""What a batch costs: memory of the parent, time beside docker2earthly, what it adds to each repository.

python benchmarks/batch.py memory [--count 10000]
python benchmarks/batch.py speed CORPUS [--jobs 2]
python benchmarks/batch.py overhead [--count 200]

CORPUS is a folder of repositories, or of links to them. Needs git and earthmigrate; ``speed`` also needs ``earth`` on
PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import click

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = "FROM alpine:3.20 AS build\nCOPY . /src\nRUN make -C /src\nFROM alpine:3.20\nCOPY --from=build /src/a /\n"
SCRIPT = "#!/bin/sh\nset -e\ndocker build -t example/app:1 .\n"
PEAK = """
import sys
from migrate.cli import main
try:
    main(sys.argv[1:], prog_name="earthmigrate")
except SystemExit as end:
    code = end.code
lines = open("/proc/self/status").read().splitlines()
print("peak", next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), code, file=sys.stderr)
"""


@click.group()
def main() -> None:
    """Measure one thing."""


@main.command()
@click.option("--count", default=10_000, show_default=True, help="How many repositories.")
@click.option("--folder", type=click.Path(file_okay=False), help="Keep them here.")
def memory(count: int, folder: str | None) -> None:
    """The parent's peak over many small repositories, with a report."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(folder or scratch).resolve()
        listed = place / "list"
        if not listed.exists():
            many(place, count)
        start = time.perf_counter()
        peak, code = measured(place, "--from", str(listed), "--report", str(place / "report"), "--quiet")
        spent = time.perf_counter() - start
        click.echo(f"{count} repositories: parent at most {peak} MiB, {spent:.0f} s, exit code {code}")
        start = time.perf_counter()
        peak, code = measured(place, "--from", str(listed), "--report", str(place / "report"), "--quiet")
        spent = time.perf_counter() - start
        click.echo(f"again, nothing changed: parent at most {peak} MiB, {spent:.0f} s, exit code {code}")


def many(place: Path, count: int) -> None:
    """``count`` git repositories of three files, whose objects are the same files on the disk."""
    first = place / "r00000"
    first.mkdir(parents=True)
    for name, text in {"Dockerfile": DOCKERFILE, "build.sh": SCRIPT, "README.md": "x\n"}.items():
        (first / name).write_text(text, encoding="utf-8")
    committed(first)
    for number in range(1, count):
        shutil.copytree(first, place / f"r{number:05}", copy_function=os.link)
    lines = [f"{place / f'r{number:05}'}\n" for number in range(count)]
    (place / "list").write_text("".join(lines), encoding="utf-8")


def measured(cwd: Path, *arguments: str) -> tuple[int, int]:
    """The peak of the parent in MiB, and the exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "batch", *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    _, peak, code = done.stderr.splitlines()[-1].split()
    return int(peak), int(code)


@main.command()
@click.argument("corpus", type=click.Path(exists=True, file_okay=False))
@click.option("--jobs", default=2, show_default=True)
@click.option("--every", default=1, show_default=True, help="docker2earthly on each so many-th Dockerfile alone.")
@click.option("--runs", default=3, show_default=True, help="How often a batch is run.")
def speed(corpus: str, jobs: int, every: int, runs: int) -> None:
    """All Dockerfiles of the corpus: one batch, and docker2earthly on one after the other.

    The batch runs before and after its peer, for the speed of a machine changes; its median counts. Processor time is
    that of all processes, git's among them: on a busy machine the ratio of it tells more.
    """
    peer = shutil.which("earth")
    if peer is None:
        raise click.ClickException("earth is not on PATH")
    repositories = sorted(str(path) for path in Path(corpus).iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        options = ["--jobs", str(jobs), "--format", "json", "--quiet"]
        whole = [timed([*OURS, *repositories, *options], place / "whole")]
        results = [json.loads(line) for line in (place / "whole").read_text(encoding="utf-8").splitlines()]
        dockerfiles = [(line["repository"], item["path"]) for line in results for item in line["dockerfiles"]]
        bare = alone(place / "bare", dockerfiles)
        only = [timed([*OURS, *bare, *options], place / "only") for _ in range((runs + 1) // 2)]
        start, before = time.perf_counter(), os.times()
        failed = 0
        tried = dockerfiles[::every]
        for repository, path in tried:
            command = [peer, "docker2earthly", "--dockerfile", str(Path(repository, path))]
            (place / "Earthfile").unlink(missing_ok=True)
            done = subprocess.run(
                [*command, "--earthfile", str(place / "Earthfile"), "--tag", "x:1"],
                cwd=place,
                capture_output=True,
                check=False,
            )
            failed += done.returncode != 0
        more = len(dockerfiles) / len(tried)
        theirs = Spent((time.perf_counter() - start) * more, children_since(before) * more)
        only += [timed([*OURS, *bare, *options], place / "only") for _ in range(runs // 2)]
        whole += [timed([*OURS, *repositories, *options], place / "whole") for _ in range(runs - 1)]
    click.echo(f"{len(dockerfiles)} Dockerfiles of {len(repositories)} repositories, --jobs {jobs}")
    said = f"{failed} of {len(tried)} failed" + (f", the time for all is {more:.1f} times theirs" if every > 1 else "")
    click.echo(f"  docker2earthly, one after the other  {theirs.wall:6.2f} s, {theirs.processor:.1f} s of processor")
    click.echo(f"  ({said})")
    for what, every_run in (("the Dockerfiles alone", only), ("the whole repositories", whole)):
        ours = Spent(*(statistics.median(values) for values in zip(*every_run, strict=True)))
        walls = ", ".join(f"{one.wall:.2f}" for one in every_run)
        click.echo(
            f"  batch, {what:<29} {ours.wall:6.2f} s ({walls}), {ours.processor:.1f} s of processor: "
            f"{theirs.wall / ours.wall:.1f} and {theirs.processor / ours.processor:.1f} times less"
        )


class Spent(NamedTuple):
    """Seconds by the clock, and those of the processors."""

    wall: float
    processor: float


def children_since(before: os.times_result) -> float:
    """The processor time of the processes that have ended since."""
    now = os.times()
    return now.children_user + now.children_system - before.children_user - before.children_system


def alone(place: Path, dockerfiles: list[tuple[str, str]]) -> list[str]:
    """The Dockerfiles in repositories that hold nothing else; none for a repository without any."""
    place.mkdir()
    for repository, path in dockerfiles:
        target = place / Path(repository).name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(repository, path), target)
    made = sorted(str(path) for path in place.iterdir())
    for folder in made:
        committed(Path(folder))
    return made


def committed(folder: Path) -> None:
    """Make ``folder`` a git repository with one commit."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q", "--template="], ["add", "-A", "-f"], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


#: What the installed command does.
OURS = [sys.executable, "-c", "from migrate.cli import main; main(prog_name='earthmigrate')", "batch"]


def timed(command: list[str], output: Path) -> Spent:
    """What a batch takes, its workers included."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(output.parent / "cache")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    start, before = time.perf_counter(), os.times()
    with output.open("wb") as stdout:
        done = subprocess.run(command, cwd=output.parent, env=environment, stdout=stdout, check=False)
    if done.returncode not in (0, 1):
        raise click.ClickException(f"the batch ended with {done.returncode}")
    return Spent(time.perf_counter() - start, children_since(before))


@main.command()
@click.option("--count", default=200, show_default=True, help="How many repositories.")
def overhead(count: int) -> None:
    """What a batch adds to a repository beside its migration and git: processor time of a process that does both."""
    sys.path.insert(0, str(ROOT))
    from migrate.batch import work
    from migrate.batch.inputs import Wanted, entries
    from migrate.batch.jobs import Job, Mode
    from migrate.callsites.data import builtin as data
    from migrate.choice import Choice
    from migrate.mappings import builtin
    from migrate.repodriver import found
    from migrate.repository import migrate

    with tempfile.TemporaryDirectory() as scratch:
        many(Path(scratch), count)
        texts = (Path(scratch) / "list").read_text(encoding="utf-8").split()
        jobs = [Job(entry, Choice(), Mode()) for entry in entries(Wanted(text) for text in texts).entries]
        work.perform(jobs[0])
        times = []
        for function in (
            lambda job: migrate(found(Path(job.entry.place)), data(), builtin(), job.choice),
            work.perform,
        ):
            start = time.process_time()
            for job in jobs:
                function(job)
            times.append((time.process_time() - start) / count * 1e3)
        start = time.perf_counter()
        for job in jobs:
            subprocess.run(["git", "rev-parse", "HEAD"], cwd=job.entry.place, capture_output=True, check=True)
        git = (time.perf_counter() - start) / count * 1e3
    click.echo(f"one repository: {times[0]:.1f} ms as repo does it, {times[1]:.1f} ms in a batch: ", nl=False)
    click.echo(f"{times[1] - times[0]:.1f} ms more of processor time; one call of git takes {git:.1f} ms of the clock")


if __name__ == "__main__":
    main()
