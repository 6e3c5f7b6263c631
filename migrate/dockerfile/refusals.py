"""What is valid, or nearly, but nothing that this tool converts: templates, foreign frontends, Windows."""

from __future__ import annotations

import re
from functools import lru_cache

from migrate.dockerfile.gotext import lower

_WINDOWS_PATHS = ("windows", "windowsservercore", "nanoserver", "servercore")
_WINDOWS_REPOSITORIES = ("mcr.microsoft.com/windows", "mcr.microsoft.com/dotnet/framework")
_WINDOWS_TAGS = ("windowsservercore", "nanoserver", "servercore")
_WINDOWS_SHELLS = ("powershell", "powershell.exe", "pwsh.exe", "cmd", "cmd.exe")


def is_docker_frontend(reference: str) -> bool:
    """Whether a ``# syntax=`` image is Docker's own (``docker/dockerfile`` and its upstream builds)."""
    name = reference.removeprefix("index.").removeprefix("docker.io/")
    return name.startswith("docker/dockerfile")


def is_windows_image(image: str) -> bool:
    """Whether a literal image reference is known to hold Windows."""
    name = lower(image).partition("@")[0]
    path, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    if any(path == known or path.startswith(known + "/") for known in _WINDOWS_REPOSITORIES):
        return True
    return path.rpartition("/")[2] in _WINDOWS_PATHS[1:] or any(word in tag for word in _WINDOWS_TAGS)


def is_windows_platform(platform: str | None) -> bool:
    """Whether a literal ``--platform`` asks for Windows."""
    return platform is not None and lower(platform).partition("/")[0].partition("(")[0] == "windows"


def is_windows_shell(arguments: tuple[str, ...]) -> bool:
    """Whether a SHELL names a program that only Windows has (``pwsh`` alone runs on Linux too)."""
    return bool(arguments) and lower(re.split(r"[/\\]", arguments[0])[-1]) in _WINDOWS_SHELLS


def template_mark(text: str) -> tuple[int, int] | None:
    """Where ``text`` holds the mark of a template language, None when it holds none."""
    match = _marks().search(text)
    return match.span() if match else None


@lru_cache(maxsize=1)
def _marks() -> re.Pattern[str]:
    return re.compile(r"\{\{(?:[^}]|\}(?!\}))*(?:\}\})?|\{%.*?(?:%\}|$)|<%.*?(?:%>|$)|@[A-Za-z_][A-Za-z0-9_.-]*@|%%[A-Za-z_][A-Za-z0-9_.-]*%%")
