"""Facts from a file, and from what is missing there; see test_cli.py for a whole run."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import inspecting
from migrate.disk import DiskError
from migrate.imagefacts import ImageFacts, read, written
from migrate.imageknowledge import gathered
from migrate.images import base_image
from migrate.mappings import builtin
from migrate.verify.errors import VerifyError

A, B = b"FROM acme/a\n", b"FROM acme/b\nCOPY --from=acme/a /x /x\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []

    def inspect(images: tuple[inspecting.Wanted, ...], where: str) -> object:
        names = [one.image for one in images]
        calls.append(names)
        error = VerifyError("EM915", image="acme/a")
        found = {f"{name}:latest": ImageFacts(user="app") for name in names if name != "acme/a"}
        return found, [inspecting.Problem(("acme/a",), error)] if "acme/a" in names else []

    monkeypatch.setattr(inspecting, "inspect", inspect)
    return calls


def test_each_image_of_all_files_is_asked_for_once(asked: list[list[str]], tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    known = gathered([A, B, B], "auto", file, builtin())
    assert asked == [["acme/a", "acme/b"]]
    assert [code for code, _ in known.findings] == ["EM647"]
    assert "acme/a" in known.findings[0][1]["reason"]
    assert known.notes == (f"wrote {file.as_posix()}",)
    assert read(file.read_text(encoding="utf-8")) == {"acme/b:latest": ImageFacts(user="app")}
    found = base_image("acme/b", known.mappings)
    assert found is not None
    assert found.user == "app"


def test_the_file_alone(asked: list[list[str]], tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(written({"acme/a:latest": ImageFacts(user="7")}), encoding="utf-8")
    known = gathered([A], None, file, builtin())
    assert (asked, known.findings, known.notes) == ([], (), ())
    assert gathered([A], "registry", file, builtin()).mappings == known.mappings
    assert asked == [[]]
    assert gathered([A], None, None, builtin()).mappings == builtin()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"images": 1}'])
def test_a_file_that_is_something_else(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_bytes(content)
    with pytest.raises(DiskError) as caught:
        gathered([A], None, file, builtin())
    assert caught.value.code == "EM648"
