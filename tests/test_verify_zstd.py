"""Unpacking zstd with whatever is there."""

from __future__ import annotations

import io
import shutil
import subprocess
from types import SimpleNamespace
from typing import IO, Any

import pytest

from migrate.verify import zstd
from migrate.verify.errors import VerifyError

TEXT = b"earth " * 100_000
needs_program = pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")


def packed() -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=TEXT, capture_output=True, check=True).stdout


@pytest.fixture
def no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstd, "_MODULES", ("no_such_module",))


@needs_program
@pytest.mark.usefixtures("no_module")
def test_the_program_unpacks() -> None:
    with zstd.unpacked(io.BytesIO(packed() + packed()), "layer 1") as plain:
        assert plain.read() == TEXT + TEXT


@needs_program
@pytest.mark.usefixtures("no_module")
def test_what_is_not_read_does_no_harm() -> None:
    with zstd.unpacked(io.BytesIO(packed()), "layer 1") as plain:
        assert plain.read(5) == TEXT[:5]


@needs_program
@pytest.mark.usefixtures("no_module")
def test_damage_is_reported() -> None:
    data = packed()
    with pytest.raises(zstd.BadZstd), zstd.unpacked(io.BytesIO(data[: len(data) // 2]), "layer 1") as plain:
        plain.read()


@needs_program
@pytest.mark.usefixtures("no_module")
def test_a_source_that_fails_is_heard() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise VerifyError("EM910", registry="r", image="i", reason="gone")

    with pytest.raises(VerifyError, match="EM910"), zstd.unpacked(Broken(), "layer 1") as plain:  # type: ignore[arg-type]
        plain.read()


@pytest.mark.usefixtures("no_module")
def test_nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VerifyError) as caught, zstd.unpacked(io.BytesIO(b""), "layer 1 of x.tar"):
        pass
    assert (caught.value.code, caught.value.fields) == ("EM906", {"layer": "layer 1 of x.tar"})


def test_a_module_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    class ZstdError(Exception):
        pass

    def fake_open(source: IO[bytes], mode: str) -> Any:
        if source.read() == b"bad":
            raise ZstdError("no frame")
        return io.BytesIO(b"plain")

    module = SimpleNamespace(open=fake_open, ZstdError=ZstdError)
    monkeypatch.setattr(zstd, "_module", lambda: module)
    with zstd.unpacked(io.BytesIO(b"good"), "layer 1") as plain:
        assert plain.read() == b"plain"
    with pytest.raises(zstd.BadZstd, match="no frame"), zstd.unpacked(io.BytesIO(b"bad"), "layer 1"):
        pass
