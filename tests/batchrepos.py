"""Small git repositories for the tests of batches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

DOCKERFILE = "FROM alpine:3.20\nRUN echo hello > /hello\n"
SCRIPT = "#!/bin/sh\nset -e\ndocker build -t example/app:1 .\n"
FILES: Mapping[str, str | bytes] = {"Dockerfile": DOCKERFILE, "build.sh": SCRIPT, "README.md": "An app.\n"}
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


def git(folder: Path, *arguments: str) -> str:
    """What git prints in ``folder``, as nobody in particular."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, files: Mapping[str, str | bytes] = FILES, *, branch: str = "main") -> Path:
    """A repository with one commit of ``files``."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", f"--initial-branch={branch}")
    commit(folder, files)
    return folder


def commit(folder: Path, files: Mapping[str, str | bytes]) -> str:
    """Commit ``files``; the commit's name."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "files")
    return git(folder, "rev-parse", "HEAD")


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Put ``files`` there."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)


def url(folder: Path) -> str:
    """The file URL of a repository."""
    return folder.resolve().as_uri()
