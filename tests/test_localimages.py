"""When a FROM is certain to name an image that another build of the repository makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from migrate.callsites.data import builtin as data
from migrate.choice import Choice
from migrate.discovery import discover
from migrate.localimages import lost_arguments, remembered
from migrate.mappings import builtin
from migrate.records import Record
from migrate.repository import Migration, migrate
from migrate.settings import LocalBase

BASE = "FROM alpine:3.20\nARG V=0\nRUN echo $V\n"


def migrated(root: Path, script: str, dockerfiles: Mapping[str, str]) -> Migration:
    (root / "build.sh").write_text(script)
    for folder, text in dockerfiles.items():
        (root / folder).mkdir()
        (root / folder / "Dockerfile").write_text(text)
    return migrate(discover(root, data().discovery), data(), builtin(), Choice())


def line(migration: Migration, folder: str) -> str:
    (text,) = [change.after for change in migration.changes if change.path == f"{folder}/Earthfile"]
    assert text is not None
    return next(line.strip() for line in text.decode().split("\n") if line.lstrip().startswith("FROM"))


@pytest.mark.parametrize(
    ("base", "use", "text", "expected"),
    [
        ("-t b", "", "FROM b", "FROM ../b+docker"),
        ("-t b:1", "", "FROM b:1", "FROM ../b+docker"),
        ("-t b", "", "FROM b:latest", "FROM ../b+docker"),
        ("-t b:1", "", "FROM b:2", "FROM b:2"),
        ("-t b", "--build-arg X=b", "ARG X=alpine\nFROM $X", "FROM ../b+docker"),
        ("-t b", "--build-arg X=$Y", "ARG X=b\nFROM $X", "FROM $X"),
        ("-t b", "--build-arg T=latest", "ARG T\nFROM b:${T}", "FROM ../b+docker"),
        ("-t b --build-arg V=1", "", "FROM b", "FROM ../b+docker --V=1"),
        ("-t b --build-arg V='1 2'", "", "FROM b", 'FROM ../b+docker "--V=1 2"'),
        ("-t b --build-arg V=$V", "--build-arg V=$V", "FROM b", "FROM --pass-args ../b+docker"),
        ("-t b --build-arg V=$V", "--build-arg V=$W", "FROM b", "FROM b"),
        ("-t b --build-arg V=$V", "", "FROM b", "FROM b"),
        ("-t b", "--build-arg V=1", "FROM b", "FROM ../b+docker"),
        ("--push -t b", "", "FROM b", "FROM b"),
        ("--platform linux/arm64 -t b", "", "FROM b", "FROM b"),
        ("--platform linux/arm64 -t b", "--platform linux/arm64", "FROM b", "FROM ../b+docker"),
        ("-t b", "", "FROM --platform=linux/arm64 b", "FROM --platform=linux/arm64 b"),
        ("-t b", "", "FROM alpine AS b\nFROM b", "FROM alpine"),
    ],
)
def test_bases(base: str, use: str, text: str, expected: str, tmp_path: Path) -> None:
    script = f"docker buildx build {base} b\ndocker buildx build -t app {use} app\n"
    found = migrated(tmp_path, script, {"b": BASE, "app": f"{text}\nRUN true\n"})
    assert line(found, "app") == expected
    said = {item.code for item in found.diagnostics} & {"EM811", "EM815"}
    assert said == ({"EM815"} if "../b+" in expected else {"EM811"} if expected in ("FROM b",) else said - {"EM815"})


def test_a_name_that_a_script_pushes_stays(tmp_path: Path) -> None:
    script = "docker build -t me/b b\ndocker build -t app app\ndocker push me/b\n"
    assert line(migrated(tmp_path, script, {"b": BASE, "app": "FROM me/b\n"}), "app") == "FROM me/b"


def test_arguments_pass_through_a_base_in_between(tmp_path: Path) -> None:
    script = (
        "docker build -t one --build-arg V=$V one\n"
        "docker build -t two --build-arg V=$V two\n"
        "docker build -t three {} three\n"
    )
    texts = {"one": BASE, "two": "FROM one\nRUN true\n", "three": "FROM two\nRUN true\n"}
    (tmp_path / "a").mkdir()
    assert line(migrated(tmp_path / "a", script.format(""), texts), "three") == "FROM two"
    (tmp_path / "b").mkdir()
    found = migrated(tmp_path / "b", script.format("--build-arg V=$V"), texts)
    assert line(found, "three") == "FROM --pass-args ../two+docker"


def test_what_an_earlier_run_found_stays_as_long_as_the_target(tmp_path: Path) -> None:
    base, gone = LocalBase("b", "../b+docker"), LocalBase("c", "../../c+docker")
    record = Record("app/Dockerfile", "app", "app/Earthfile", {}, {}, False, (), "", bases=(base, gone))
    assert remembered(record, {"b": frozenset({"docker"})}) == (base,)
    assert remembered(record, {"b": frozenset({"other"})}) == ()


def test_arguments_that_chose_the_base_are_lost() -> None:
    bases = (LocalBase("$A:${B}", "+t"),)
    assert lost_arguments(bases, "x:\n    ARG B=1\n") == {"A"}
    assert lost_arguments(bases, "ARG --global A\nx:\n") == {"B"}
