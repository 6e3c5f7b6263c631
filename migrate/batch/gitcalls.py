"""Git as a batch calls it: it asks nobody, and nothing that a repository holds starts a program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from migrate.discovery import SAFE_GIT, git_environment

_GIT = (
    *SAFE_GIT,
    *("-c", "submodule.recurse=false", "-c", "fetch.recurseSubmodules=false"),
    *("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"),
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"),
)
REMOTE = "earthmigrate"
"""The remote that stands for a URL with its user and password: it is in the environment, never in a file."""


class GitError(Exception):
    """Git said no; the text is what it said, in a line or a few."""


def git(*arguments: str, cwd: Path, url: str = "", data: bytes | None = None, hooks: bool = False) -> bytes:
    """What git prints. ``url`` is what the remote REMOTE stands for. ``hooks``: those of the user run.

    Raises GitError.
    """
    command = ["git", "-c", "core.quotePath=false"] if hooks else [*_GIT]
    environment = _environment(url)
    try:
        done = subprocess.run(
            [*command, *arguments], cwd=cwd, env=environment, input=data or b"", capture_output=True, check=False
        )
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror}") from None
    if done.returncode:
        raise GitError(_said(done.stderr) or _said(done.stdout) or f"git ended with {done.returncode}")
    return done.stdout


def _said(output: bytes) -> str:
    """The lines that matter: without progress and hints."""
    lines = [line.split("\r")[-1].strip() for line in output.decode("utf-8", "replace").split("\n")]
    kept = [line for line in lines if line and not line.startswith("hint:")]
    return "; ".join(kept[-4:]).removeprefix("fatal: ")[-1000:]


def _environment(url: str) -> Mapping[str, str]:
    found = {
        **git_environment(),
        **_prompts(),
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    # Where git itself is what called us (a hook, an alias), these name another repository.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"):
        found.pop(name, None)
    found.setdefault("GIT_ASKPASS", "")
    if url:
        count = int(found.get("GIT_CONFIG_COUNT") or 0)
        found |= {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"remote.{REMOTE}.url",
            f"GIT_CONFIG_VALUE_{count}": url,
        }
    return found


@cache
def _prompts() -> Mapping[str, str]:
    """ssh must not ask either, whichever the user has."""
    if "GIT_SSH" in os.environ and "GIT_SSH_COMMAND" not in os.environ:
        return {}
    command = os.environ.get("GIT_SSH_COMMAND") or _configured("core.sshCommand") or "ssh"
    return {"GIT_SSH_COMMAND": f"{command} -oBatchMode=yes"}


def _configured(name: str) -> str:
    try:
        done = subprocess.run(["git", "config", "--global", "--get", name], capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "surrogateescape").strip()
