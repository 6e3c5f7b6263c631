"""Unpacks zstd: with a Python module where one is installed, otherwise with the program."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

from migrate.verify.errors import VerifyError

_MODULES = ("compression.zstd", "backports.zstd")
"""Python 3.14 has the first, the other is a package. A third, zstandard, takes the end of a frame for the end."""
_PROGRAMS = ("zstd", "unzstd")
_CHUNK = 64 * 1024


class BadZstd(Exception):
    """The bytes are not what zstd wrote; the text says why."""


@contextmanager
def unpacked(source: IO[bytes], where: str) -> Iterator[IO[bytes]]:
    """``source`` unpacked. ``where`` names the layer in errors. Raises VerifyError, and BadZstd while it is read."""
    module = _module()
    if module is not None:
        try:
            with module.open(source, "rb") as plain:
                yield cast("IO[bytes]", plain)
        except getattr(module, "ZstdError", EOFError) as error:
            raise BadZstd(str(error)) from None
        return
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise VerifyError("EM906", layer=where)
    yield from _through(program, source)


def _module() -> Any:
    for name in _MODULES:
        with suppress(ImportError):
            return importlib.import_module(name)
    return None


def _through(program: str, source: IO[bytes]) -> Iterator[IO[bytes]]:
    """Run ``program`` as a filter; a thread feeds it."""
    with subprocess.Popen(
        [program, "-d", "-c", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("the pipes that were asked for are missing")
        failed: list[BaseException] = []
        feeder = threading.Thread(target=_feed, args=(source, process.stdin, failed), daemon=True)
        feeder.start()
        try:
            yield process.stdout
            rest = process.stdout.read(_CHUNK)
            while rest:
                rest = process.stdout.read(_CHUNK)
        finally:
            process.stdout.close()
            feeder.join()
            message = process.stderr.read(_CHUNK).decode("utf-8", "replace")
        if failed:
            raise failed[0]
        if process.wait() != 0:
            raise BadZstd(message.strip())


def _feed(source: IO[bytes], sink: IO[bytes], failed: list[BaseException]) -> None:
    try:
        with sink:
            while data := source.read(_CHUNK):
                sink.write(data)
    except BrokenPipeError:
        return  # the program stopped reading; its exit code says why
    except BaseException as error:
        failed.append(error)
