"""What is a Dockerfile for others, but nothing that this tool converts: templates, foreign frontends, Windows."""

from __future__ import annotations

import re

from migrate.dockerfile.gotext import lower

LITERAL = frozenset({"FROM", "EXPOSE", "STOPSIGNAL"})
"""Instructions whose operand Docker must understand: a template's mark there is never meant for it."""

_WINDOWS_REPOSITORIES = ("mcr.microsoft.com/windows", "mcr.microsoft.com/dotnet/framework")
_WINDOWS_NAMES = ("windowsservercore", "nanoserver", "servercore")
_WINDOWS_SHELLS = ("powershell", "powershell.exe", "pwsh.exe", "cmd", "cmd.exe")
_MARKS = "|".join(
    (
        r"\{\{(?:[^}]|\}(?!\}))*(?:\}\})?",  # Jinja, Go, Liquid, Handlebars
        r"\{%[^%]*(?:%\})?",  # Jinja, Liquid
        r"<%[^%]*(?:%>)?",  # ERB, EJS
        r"@[A-Za-z_][A-Za-z0-9_.-]*@",  # autoconf, CMake
        r"%%[A-Za-z_][A-Za-z0-9_.-]*%%",
        r"\$\{templateOption:[^}]*\}",  # dev container templates
    )
)
#: Without one of these there is no mark: most lines need no pattern.
_MARK_STARTS = ("{{", "{%", "<%", "@", "%%", "${t")


def is_docker_frontend(reference: str) -> bool:
    """Whether a ``# syntax=`` image is Docker's own (``docker/dockerfile`` and its upstream builds)."""
    return reference.removeprefix("index.").removeprefix("docker.io/").startswith("docker/dockerfile")


def is_windows_image(image: str) -> bool:
    """Whether a literal image reference is known to hold Windows."""
    folder, _, last = lower(image).partition("@")[0].rpartition("/")
    name, _, tag = last.partition(":")
    path = f"{folder}/{name}" if folder else name
    if any(path == known or path.startswith(known + "/") for known in _WINDOWS_REPOSITORIES):
        return True
    return name in _WINDOWS_NAMES or any(word in tag for word in _WINDOWS_NAMES)


def is_windows_platform(platform: str) -> bool:
    """Whether a literal ``--platform`` asks for Windows."""
    return re.split("[/(]", lower(platform))[0] == "windows"


def is_windows_shell(arguments: tuple[str, ...]) -> bool:
    """Whether a SHELL names a program that only Windows has (``pwsh`` alone runs on Linux too)."""
    return bool(arguments) and lower(re.split(r"[/\\]", arguments[0])[-1]) in _WINDOWS_SHELLS


def template_mark(text: str) -> tuple[int, int] | None:
    """Where ``text`` holds the mark of a template language, None when it holds none."""
    if not any(mark in text for mark in _MARK_STARTS):
        return None
    match = re.search(_MARKS, text)
    return match.span() if match else None
