"""How fast `earthmigrate repo` is: a made repository of 5,000 files with 50 Dockerfiles, on one core.

python benchmarks/repository.py [--files 5000] [--dockerfiles 50] [--runs 5] [--keep FOLDER]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
MEASURED = """
import os, sys, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from migrate.cli import main
try:
    main(sys.argv[1:], prog_name="earthmigrate")
finally:
    times = os.times()
    used = times.user + times.system + times.children_user + times.children_system
    try:
        status = open("/proc/self/status", encoding="utf-8").read().splitlines()
        peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        peak = 0
    print(f"measured {used} {peak} {'libcst' in sys.modules}", file=sys.stderr)
"""

DOCKERFILE = """\
FROM golang:1.22 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/root/.cache go mod download
COPY . .
ARG VERSION=dev
RUN go build -ldflags "-X main.version=$VERSION" -o /out/app ./cmd/app

FROM alpine:3.20
RUN apk add --no-cache ca-certificates
COPY --from=build /out/app /usr/local/bin/app
USER 1000
ENTRYPOINT ["/usr/local/bin/app"]
"""
WORKFLOW = """\
name: build {n}
on:
  push:
    paths: ["services/s{n}/Dockerfile", "services/s{n}/**"]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-buildx-action@v3
      - uses: docker/build-push-action@v6
        with:
          context: services/s{n}
          tags: example/s{n}:latest
          push: true
"""
#: A file of each kind without a hint of docker, by the end of its name.
OTHERS = {
    "py": "import os\n\n\ndef value(x: int) -> int:\n    return os.getpid() + x\n" * 30,
    "go": "package main\n\nfunc main() {\n\tprintln(1)\n}\n" * 30,
    "sh": "#!/bin/sh\nset -e\nfor i in 1 2 3; do echo $i; done\n" * 30,
    "ts": "export const x = (y: number) => y + 1;\n" * 60,
    "yaml": "a:\n  - b: c\n    d: [1, 2, 3]\n" * 40,
    "md": "# Title\n\nSome text about nothing in particular.\n" * 40,
    "json": '{"a": [1, 2, 3]}\n',
}


def fill(root: Path, files: int, dockerfiles: int) -> None:
    """The repository: services with their Dockerfile, script, Makefile and workflow, and files that build nothing."""
    made: dict[str, str] = {"compose.yaml": "services:\n"}
    for n in range(dockerfiles):
        folder = f"services/s{n}"
        made[f"{folder}/Dockerfile"] = DOCKERFILE
        made[f"{folder}/go.mod"] = f"module s{n}\n"
        made[f"{folder}/go.sum"] = ""
        made[f"{folder}/build.sh"] = f"#!/bin/sh\nset -e\ndocker build -t example/s{n}:dev --build-arg VERSION=$1 .\n"
        made[f"{folder}/Makefile"] = f"image: Dockerfile\n\tdocker build -t example/s{n}:latest .\n"
        made[f".github/workflows/s{n}.yml"] = WORKFLOW.replace("{n}", str(n))
        made["compose.yaml"] += f"  s{n}:\n    build: services/s{n}\n    image: example/s{n}:latest\n"
        if n % 10 == 0:
            call = f"subprocess.run(['docker', 'build', '-t', 'example/s{n}:test', 'services/s{n}'], check=True)"
            made[f"tools/build{n}.py"] = f"import subprocess\n\n{call}\n"
    kinds = list(OTHERS)
    for n in range(max(files - len(made), 0)):
        kind = kinds[n % len(kinds)]
        made[f"services/s{n % dockerfiles}/pkg{n % 17}/file{n}.{kind}"] = OTHERS[kind]
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", "."], cwd=root, check=True)


@click.command()
@click.option("--files", default=5000, show_default=True)
@click.option("--dockerfiles", default=50, show_default=True)
@click.option("--runs", default=5, show_default=True)
@click.option("--keep", type=click.Path(file_okay=False), help="Make the repository there, and leave it.")
def main(files: int, dockerfiles: int, runs: int, keep: str | None) -> None:
    """Make the repository and run `repo` on it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(keep or folder, "repository")
        root.mkdir(parents=True)
        fill(root, files, dockerfiles)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": f"{folder}/cache"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
        spent, used, peak = [], [], ""
        for _ in range(runs + 1):
            start = time.perf_counter()
            command = [sys.executable, "-c", MEASURED, "repo", str(root)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            spent.append(time.perf_counter() - start)
            last = done.stderr.splitlines()[-1].split()
            if done.returncode > 1 or last[0] != "measured":
                raise click.ClickException(done.stderr)
            used.append(float(last[1]))
            peak = last[2]
        click.echo("\n".join(done.stderr.splitlines()[-8:-1]))
        click.echo(
            f"{files} files, {dockerfiles} Dockerfiles: {statistics.median(spent[1:]):.2f} s"
            f" ({statistics.median(used[1:]):.2f} s of processor time, least {min(used):.2f} s), {peak} MiB"
        )


if __name__ == "__main__":
    main()
