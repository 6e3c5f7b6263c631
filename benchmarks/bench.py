"""How fast earthmigrate is, each figure beside a peer measured in the same run. Needs earthmigrate and click, no more.

python benchmarks/bench.py [--runs 15] [--corpus LISTFILE]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
MEMORY = """
import sys
{work}
try:
    lines = open("/proc/self/status").read().splitlines()
    print(next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")))
except OSError:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak // (1024 * 1024 if sys.platform == "darwin" else 1024))
"""
"""Prints the peak of a process. On Linux ``ru_maxrss`` would count the parent, too."""


@click.command()
@click.option("--runs", default=15, show_default=True, help="How often each process is started.")
@click.option("--corpus", type=click.Path(exists=True, dir_okay=False), help="A list of Dockerfiles, one path a line.")
@click.option("--only", type=click.Choice(["start", "files", "stages", "memory"]), help="One part alone.")
def main(runs: int, corpus: str | None, only: str | None) -> None:
    """Measure start-up, files per second, growth with the number of stages, and memory."""
    parts: dict[str, Callable[[], None]] = {
        "start": lambda: start_up(runs),
        "files": lambda: files_per_second(corpus),
        "stages": stages,
        "memory": memory,
    }
    for name, part in parts.items():
        if only in (None, name):
            part()


def start_up(runs: int) -> None:
    """Whole processes, one run of each in turn, so that noise meets all alike."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        dockerfile = Path(folder, "Dockerfile")
        dockerfile.write_text(thirty_lines(), encoding="utf-8")
        # What the installed command does; `python -m` would import runpy on top.
        ours = [sys.executable, "-c", "from migrate.cli import main; main(prog_name='earthmigrate')"]
        peer = shutil.which("earth")
        commands = {
            "python -c 'import click'": [sys.executable, "-c", "import click"],
            "earthmigrate --help": [*ours, "--help"],
            "earthmigrate convert, 30 lines": [*ours, "convert", str(dockerfile)],
        }
        if peer:
            output = str(Path(folder, "Earthfile"))
            arguments = ["--dockerfile", str(dockerfile), "--earthfile", output, "--tag", "x:1"]
            commands["earth docker2earthly"] = [peer, "docker2earthly", *arguments]
        times: dict[str, list[float]] = {name: [] for name in commands}
        processor: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                Path(folder, "Earthfile").unlink(missing_ok=True)
                before, start = children(), time.perf_counter()
                done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, check=False)
                spent, used = time.perf_counter() - start, children() - before
                if done.returncode:
                    raise click.ClickException(f"{name}: {done.stderr.decode(errors='replace')}")
                if turn:  # the first turn fills the caches
                    times[name].append(spent)
                    processor[name].append(used)
    for what, values in (("elapsed", times), ("processor", processor)):
        middle = {name: statistics.median(found) for name, found in values.items()}
        click.echo(f"start-up, {what} time, medians (minima) of {runs} runs")
        base, docker2earthly = middle["python -c 'import click'"], middle.get("earth docker2earthly")
        for name, value in middle.items():
            ratio = f"{value / base:5.2f} x import click" if base else ""
            more = f"{value / docker2earthly:5.2f} x docker2earthly" if docker2earthly else ""
            click.echo(f"  {name:32} {value * 1e3:6.1f} ms ({min(values[name]) * 1e3:.1f})  {ratio}  {more}")


def children() -> float:
    """The processor time of the children that have ended: on a busy machine steadier than the clock."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def thirty_lines() -> str:
    """A Dockerfile as people write them, 30 lines."""
    text = """\
# syntax=docker/dockerfile:1
ARG NODE_VERSION=22
FROM node:${NODE_VERSION}-alpine AS base
ENV NODE_ENV=production \\
    PORT=3000
WORKDIR /usr/src/app

FROM base AS deps
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \\
    npm ci --omit=dev

FROM deps AS build
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
# All the sources.
COPY . .
RUN npm run build && \\
    npm prune

FROM base AS final
LABEL org.opencontainers.image.title="web"
RUN apk add --no-cache tini
COPY --from=deps /usr/src/app/node_modules ./node_modules
COPY --from=build /usr/src/app/dist ./dist
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s CMD wget -q localhost:3000/health || exit 1
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/main.js"]
"""
    return text


def files_per_second(corpus: str | None) -> None:
    """One process, one core: many files, reading them from disk not counted."""
    convert = converter()
    listed = Path(corpus).read_text(encoding="utf-8").split("\n") if corpus else []
    paths = [Path(line) for line in listed if line] or sorted((ROOT / "golden").glob("*/Dockerfile"))
    sources = [path.read_bytes() for path in paths]
    convert(sources[0])
    rates = []
    for _ in range(3):
        start = time.process_time()
        for source in sources:
            convert(source)
        rates.append(len(sources) / (time.process_time() - start))
    click.echo(
        f"one process: {statistics.median(rates):.0f} files/s, median of 3 runs over {len(sources)} files", nl=False
    )
    click.echo(f" of {sum(source.count(10) for source in sources) / len(sources):.0f} lines on average")


def converter() -> Callable[[bytes], object]:
    """The conversion as a library."""
    sys.path.insert(0, str(ROOT))
    from migrate.convert import convert
    from migrate.settings import Settings

    settings = Settings(name="app")
    return lambda source: convert(source, settings)


def generated(stages: int) -> bytes:
    """Three lines a stage; each stage copies from the one before."""
    return "\n".join(_lines(stages)).encode() + b"\n"


def _lines(stages: int) -> Iterator[str]:
    for index in range(stages):
        yield f"FROM alpine:3.20 AS stage{index}"
        yield f"COPY --from=stage{index - 1} /out/{index - 1} /in/" if index else "COPY a /in/"
        yield f"RUN mkdir -p /out && cp -r /in /out/{index} && echo 'stage {index}' >> /out/{index}/log"


def stages() -> None:
    """Time against the number of stages: twice the stages must cost twice the time."""
    convert = converter()
    convert(generated(5))
    click.echo("stages (3 lines each), medians of 3 runs")
    for count in (50, 100, 200, 400, 800):
        source = generated(count)
        times = []
        for _ in range(3):
            start = time.process_time()
            convert(source)
            times.append(time.process_time() - start)
        spent = statistics.median(times)
        click.echo(f"  {count:4} stages {spent * 1e3:7.0f} ms  {spent / count * 1e3:5.2f} ms a stage")


def memory() -> None:
    """The peak of resident memory of a process, in MiB."""
    if os.name == "nt":
        click.echo("memory: not measured on Windows")
        return
    convert = "from migrate.convert import convert\nfrom migrate.settings import Settings\n"
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        small.write_text(thirty_lines(), encoding="utf-8")
        large.write_bytes(generated(400))
        work = {
            "python -c 'import click'": "import click",
            "convert, 30 lines": f"import click\n{convert}convert(open({str(small)!r}, 'rb').read())",
            "convert, 400 stages": f"import click\n{convert}convert(open({str(large)!r}, 'rb').read())",
        }
        click.echo("peak memory")
        for name, script in work.items():
            command = [sys.executable, "-c", MEMORY.format(work=script)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
            click.echo(f"  {name:32} {done.stdout.strip():>4} MiB")


if __name__ == "__main__":
    main()
