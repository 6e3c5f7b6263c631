"""Which Dockerfiles, contexts and Earthfiles belong together at a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import repodriver
from migrate.choice import Choice
from migrate.mappings import builtin
from migrate.verify.errors import VerifyError
from migrate.verify.finding import find
from migrate.verify.pairs import Pair, Unread, jobs


def write(path: Path, text: str = "FROM alpine\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def everything(path: Path, context: Path | None = None, *, fresh: bool = False) -> tuple[Pair | Unread, ...]:
    return find(path, context=context, fresh=fresh, fidelity="clean", mappings=builtin())


def found(path: Path, context: Path | None = None, *, fresh: bool = False) -> list[Pair]:
    pairs = everything(path, context, fresh=fresh)
    assert [item for item in pairs if isinstance(item, Unread)] == []
    return [item for item in pairs if isinstance(item, Pair)]


def code(path: Path) -> str:
    with pytest.raises(VerifyError) as caught:
        everything(path)
    return caught.value.code


def test_a_dockerfile_alone_is_converted(tmp_path: Path) -> None:
    write(tmp_path / "app" / "Dockerfile")
    for path in (tmp_path / "app", tmp_path / "app" / "Dockerfile"):
        (pair,) = found(path)
        assert pair.context == tmp_path / "app"
        assert pair.earthfile == pair.conversion.earthfile
        assert [file.name for file in pair.overlay or ()] == ["Earthfile"]
        assert pair.is_ours
    assert [path.name for path in tmp_path.rglob("*")] == ["app", "Dockerfile"]


def test_an_earthfile_beside_it_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "Dockerfile")
    write(tmp_path / "Earthfile", "VERSION 0.8\ndocker:\n    FROM alpine\n")
    (pair,) = found(tmp_path / "Dockerfile")
    assert (pair.overlay, pair.is_ours) == (None, False)
    assert pair.earthfile.startswith("VERSION 0.8\ndocker:")
    (fresh,) = found(tmp_path / "Dockerfile", fresh=True)
    assert (fresh.is_ours, fresh.overlay is not None) == (True, True)


def test_a_context_apart_from_the_dockerfile(tmp_path: Path) -> None:
    write(tmp_path / "docker" / "web.Dockerfile")
    write(tmp_path / "src" / "Earthfile", "VERSION 0.8\ndocker:\n    FROM alpine\n")
    (pair,) = found(tmp_path / "docker" / "web.Dockerfile", tmp_path / "src")
    assert (pair.context, pair.overlay) == (tmp_path / "src", None)


def test_a_migrated_repository_gives_every_pair(tmp_path: Path) -> None:
    for name in ("a/Dockerfile", "a/Dockerfile.dev", "b/c/Containerfile", "b/c/x.Dockerfile", "alone/Dockerfile"):
        write(tmp_path / name)
    for name in ("a/Dockerfile.dockerignore", "a/Dockerfile.md", "a/Dockerfile.bak", "node_modules/x/Dockerfile"):
        write(tmp_path / name)
    for name in ("a", "b/c", "gone", "node_modules/x"):
        write(tmp_path / name / "Earthfile", "VERSION 0.8\ndocker:\n    FROM alpine\n")
    names = [pair.dockerfile.relative_to(tmp_path).as_posix() for pair in found(tmp_path)]
    assert names == ["a/Dockerfile", "a/Dockerfile.dev", "b/c/Containerfile", "b/c/x.Dockerfile"]


def test_nothing_to_verify(tmp_path: Path) -> None:
    assert code(tmp_path) == "EM191"
    assert code(tmp_path / "missing") == "EM190"
    write(tmp_path / "Dockerfile", "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir\n")
    refused = code(tmp_path)
    assert refused == "EM933"


def test_a_pair_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name / "Earthfile", "VERSION 0.8\ndocker:\n    FROM alpine\n")
    write(tmp_path / "a" / "Dockerfile")
    (tmp_path / "b" / "Dockerfile").mkdir()
    (tmp_path / "b" / "Dockerfile.x").write_bytes(b"x" * 5_000_000)
    first, second = everything(tmp_path)
    assert isinstance(first, Pair)
    assert isinstance(second, Unread)
    assert second.error.code == "EM193"


def migrate(root: Path) -> None:
    job = repodriver.RepositoryJob(root, Choice(), write=True, allow_dirty=True)
    assert not repodriver.execute(job).failed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository after `earthmigrate repo --write`: two Dockerfiles share the root as their context."""
    write(tmp_path / "docker" / "web.Dockerfile", "FROM alpine AS base\nFROM base\nCOPY a /\n")
    write(tmp_path / "docker" / "job.Dockerfile", "FROM alpine AS base\nFROM base\nCOPY b /\n")
    write(tmp_path / "own" / "Dockerfile")
    lines = [f"docker build -f docker/{name}.Dockerfile -t {name} .\n" for name in ("web", "job")]
    write(tmp_path / "build.sh", "#!/bin/sh\n" + "".join(lines))
    migrate(tmp_path)
    return tmp_path


def test_the_record_of_a_migration_says_which_context_and_targets(repository: Path) -> None:
    pairs = found(repository)
    assert [(pair.dockerfile, pair.context) for pair in pairs] == [
        (repository / "docker" / "job.Dockerfile", repository),
        (repository / "docker" / "web.Dockerfile", repository),
        (repository / "own" / "Dockerfile", repository / "own"),
    ]
    assert all(pair.is_ours and pair.overlay is None for pair in pairs)
    assert pairs[0].earthfile == pairs[1].earthfile
    targets = [job.target for pair in pairs for job in jobs(pair, (), every=False)]
    assert len(set(targets[:2])) == 2
    assert targets[2] == "docker"


def test_a_part_of_a_migrated_repository(repository: Path) -> None:
    (one,) = found(repository / "docker" / "web.Dockerfile")
    assert (one.context, one.is_ours) == (repository, True)
    assert [pair.dockerfile.name for pair in found(repository / "docker")] == ["job.Dockerfile", "web.Dockerfile"]
    assert [pair.dockerfile.name for pair in found(repository / "own")] == ["Dockerfile"]
    (fresh,) = found(repository / "own", fresh=True)
    assert fresh.overlay is not None


def test_what_was_changed_since_the_migration(repository: Path) -> None:
    earthfile = repository / "Earthfile"
    earthfile.write_text(earthfile.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    assert [pair.is_ours for pair in found(repository)] == [False, False, True]
    (repository / "own" / "Earthfile").unlink()
    *_, last = everything(repository)
    assert isinstance(last, Unread)
    assert (last.error.code, "gone" in str(last.error.fields["reason"])) == ("EM933", True)
    (repository / ".earthmigrate.yaml").write_text("migrated: 3\n", encoding="utf-8")
    assert code(repository) == "EM737"


def test_the_record_of_another_repository_is_not_looked_at(repository: Path) -> None:
    write(repository / "sub" / "Dockerfile")
    (repository / "sub" / ".git").mkdir()
    (alone,) = found(repository / "sub")
    assert alone.overlay is not None
