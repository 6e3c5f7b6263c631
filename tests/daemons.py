"""A registry, BuildKit and EarthBuild's BuildKit on loopback, for one test run or for a developer.

What the builders fetch from other machines comes from website.py.

``python dev.py daemons`` starts them, pushes the test base images, prints what to set and waits for Ctrl-C. Tests call
``running()``: the daemons then belong to a process of their own, which ends them and removes all state when its
standard input closes, however the test run ended. What they need: images/README.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import baseimages
import website

PROGRAMS = ("docker-registry", "buildkitd", "earth-buildkitd", "runc", "busybox")
READY = 60
"""Seconds that a daemon may take to answer."""
ENDING = 15
"""Seconds that a daemon may take to end by itself."""
ATTEMPTS = 3
"""A port that was free may be taken a moment later."""
LOOPBACK = "127.0.0.2"
"""earth takes 127.0.0.1 for a daemon that it manages itself."""


class DaemonError(Exception):
    """A daemon did not start; the text holds the end of its log."""


@dataclass(frozen=True)
class Daemons:
    """Where they listen. ``folder`` holds their state, their logs and earth's configuration."""

    registry: str
    buildkit: str
    earth_buildkit: str
    folder: str

    def environment(self) -> dict[str, str]:
        """The variables with which ``earth`` and ``buildctl`` find their daemons."""
        return {
            "BUILDKIT_HOST": self.buildkit,
            "EARTH_BUILDKIT_HOST": self.earth_buildkit,
            "EARTHLY_BUILDKIT_HOST": self.earth_buildkit,
            "EARTH_CONFIG": str(Path(self.folder) / "earth.yml"),
            "EARTHLY_CONFIG": str(Path(self.folder) / "earth.yml"),
            "EARTHLY_DISABLE_ANALYTICS": "1",
        }


def unable() -> str:
    """Why the daemons cannot run here, "" when they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the daemons need Linux and root"
    absent = [name for name in PROGRAMS if not shutil.which(name)]
    return f"{', '.join(absent)} not on PATH" if absent else ""


@contextlib.contextmanager
def running() -> Iterator[Daemons]:
    """Daemons of one's own, with the test base images in the registry; gone with all they wrote when the block ends."""
    command = [sys.executable, str(Path(__file__).resolve()), "--json"]
    # A session of its own: Ctrl-C in a terminal reaches the tests, which then close the pipe.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], 5 * READY)
        line = process.stdout.readline() if readable else ""
        if not line.startswith("{"):
            process.stdin.close()
            process.wait(5 * ENDING)
            raise DaemonError(process.stderr.read() or "the daemons did not start in time")
        yield Daemons(**json.loads(line))
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(5 * ENDING)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
        process.stderr.close()


# --- the process that owns the daemons --------------------------------------------------------------------------------

Command = Callable[[Path, str], list[str]]
"""State folder and address of a daemon -> the command that starts it."""


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Daemons]:
    """All daemons, with their state below ``folder``; they end with the block."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with website.serving(folder / "website") as site:
            registry = start(folder / "registry", "127.0.0.1", registry_command, processes)
            wanted = {name: partial(worker_command, name, registry) for name in ("buildkitd", "earth-buildkitd")}
            buildkit, earth = (
                start(folder / name, LOOPBACK, command, processes, site.environment(os.environ["PATH"]))
                for name, command in wanted.items()
            )
            (folder / "earth.yml").write_text("global:\n  tls_enabled: false\n", encoding="utf-8")
            for _ in baseimages.push(baseimages.references(baseimages.describe()), registry):
                pass
            yield Daemons(registry, f"tcp://{buildkit}", f"tcp://{earth}", str(folder))
    finally:
        end(processes)
        unmount(folder)


def registry_command(state: Path, address: str) -> list[str]:
    """A registry without TLS that keeps its blobs below ``state``."""
    config = state / "config.yml"
    storage = f"storage: {{filesystem: {{rootdirectory: {state / 'data'}}}, delete: {{enabled: true}}}}"
    config.write_text(f"version: 0.1\nlog: {{level: warn}}\n{storage}\nhttp: {{addr: '{address}'}}\n", encoding="utf-8")
    return ["docker-registry", "serve", str(config)]


def worker_command(program: str, registry: str, state: Path, address: str) -> list[str]:
    """A BuildKit daemon that looks for every image in ``registry``; containers share the machine's network."""
    mirrors = "".join(
        f'[registry."{host}"]\nmirrors = ["{registry}"]\n' for host in baseimages.describe()["registries"]
    )
    config = state / "config.toml"
    config.write_text(
        f'root = "{state / "root"}"\n[grpc]\naddress = ["tcp://{address}"]\n'
        '[worker.oci]\nenabled = true\nnetworkMode = "host"\nmax-parallelism = 4\n'
        "[worker.containerd]\nenabled = false\n"
        f'{mirrors}[registry."{registry}"]\nhttp = true\ninsecure = true\n',
        encoding="utf-8",
    )
    return [program, "--config", str(config)]


def start(
    state: Path,
    host: str,
    command: Command,
    processes: list[subprocess.Popen[bytes]],
    environment: Mapping[str, str] | None = None,
) -> str:
    """Start a daemon on a free port of ``host`` and wait until it listens; gives its address.

    ``environment`` is laid over that of this process.
    """
    state.mkdir()
    log = state.with_suffix(".log")
    for _ in range(ATTEMPTS):
        address = free_address(host)
        with log.open("ab") as output:
            processes.append(
                subprocess.Popen(
                    command(state, address),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    env={**os.environ, **(environment or {})},
                )
            )
        if listens(address, processes[-1]):
            return address
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    raise DaemonError(f"{state.name} did not start:\n" + "\n".join(lines))


def free_address(host: str) -> str:
    """An address of ``host`` on which nothing listens."""
    with socket.socket() as found:
        found.bind((host, 0))
        return f"{host}:{found.getsockname()[1]}"


def listens(address: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until ``address`` takes connections: False when the process ends before, or needs too long."""
    host, _, port = address.partition(":")
    until = time.monotonic() + READY
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return process.poll() is None
        time.sleep(0.05)
    return False


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the daemons, and by force what does not end by itself."""
    for process in processes:
        signal_group(process, signal.SIGTERM)
    until = time.monotonic() + ENDING
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            signal_group(process, signal.SIGKILL)
            process.wait()
        # What the daemon started and left behind is in its group.
        signal_group(process, signal.SIGKILL)


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process and to what it started, unless all of them are gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def unmount(folder: Path) -> None:
    """Take away what a daemon that was killed left mounted below ``folder``."""
    with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:
        places = [line.split(" ")[1] for line in mounts]
    for place in reversed(places):
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False)


def own(arguments: Sequence[str]) -> int:
    """The command line: for a developer, or with ``--json`` for ``running``."""
    machine = "--json" in arguments
    if why := unable():
        print(why, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, interrupt)
    folder = Path(tempfile.mkdtemp(prefix="earthmigrate-daemons-"))
    try:
        with started(folder) as daemons:
            print(json.dumps(asdict(daemons)) if machine else shown(daemons), flush=True)
            # Ends at the end of input, when the test run is gone, or at Ctrl-C.
            sys.stdin.buffer.read() if machine else signal.pause()
    except DaemonError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def interrupt(number: int, frame: object) -> None:
    """SIGTERM does what Ctrl-C does."""
    raise KeyboardInterrupt


def shown(daemons: Daemons) -> str:
    """What a developer sets to use the daemons."""
    lines = [f"export {name}={value}" for name, value in daemons.environment().items()]
    return "\n".join([*lines, f"# the registry with the test images: {daemons.registry}; Ctrl-C ends all of it"])


if __name__ == "__main__":
    sys.exit(own(sys.argv[1:]))
