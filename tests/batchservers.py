"""Real servers on loopback for the tests of batches: one that is silent, git's own daemon, a gate before it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from batchrepos import git


@contextmanager
def silent_server() -> Iterator[str]:
    """The URL of a server that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"git://127.0.0.1:{server.getsockname()[1]}/silent"


@contextmanager
def git_daemon(base: Path) -> Iterator[int]:
    """The port of a git daemon that serves ``base``."""
    program = shutil.which("git-daemon", path=git(base, "--exec-path"))
    if program is None:
        pytest.skip("git has no daemon here")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--reuseaddr", "--export-all", f"--base-path={base}", "--listen=127.0.0.1", f"--port={port}"]
    process = subprocess.Popen([program, *options, str(base)], stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def gate(port: int) -> Iterator[int]:
    """A port that holds its first call for ever, and hands the others on to ``port``."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with contextlib.suppress(OSError):  # closed at the end
                stack.enter_context(server.accept()[0])
                while True:
                    inside = stack.enter_context(server.accept()[0])
                    outside = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for one, other in ((inside, outside), (outside, inside)):
                        threading.Thread(target=_pour, args=(one, other), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
