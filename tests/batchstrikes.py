"""Runs the command as a process that sends itself real signals at a moment that a test names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_SCRIPT = """
import importlib, os, signal, sys
place, numbers, before = sys.argv[1:4]
del sys.argv[1:4]
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
exec(before)
if place:
    module, _, name = place.partition(":")
    owner = importlib.import_module(module)
    inner, left = getattr(owner, name), [int(number) for number in numbers.split()]
    def strike(*arguments, **options):
        while left:
            os.kill(os.getpid(), left.pop())
        return inner(*arguments, **options)
    setattr(owner, name, strike)
from migrate.cli import main
main(prog_name="earthmigrate")
"""


def script(place: str, numbers: tuple[int, ...], *arguments: str, before: str = "") -> list[str]:
    """The command line: ``before`` runs first; the first call of ``place`` (MODULE:NAME) begins with the signals."""
    return [sys.executable, "-c", _SCRIPT, place, " ".join(map(str, numbers)), before, *arguments]


def struck(
    place: str, numbers: tuple[int, ...], *arguments: str, scratch: Path, before: str = ""
) -> subprocess.CompletedProcess[str]:
    """That command line, run to its end with ``scratch`` as the folder of temporary files."""
    scratch.mkdir(exist_ok=True)
    return subprocess.run(
        script(place, numbers, *arguments, before=before),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
