"""Variables of make that name a tool. Source: GNU make manual, 6.5 Setting Variables."""

from __future__ import annotations

import re

_NAMES_DOCKER = re.compile(r"^(?:export[ ]+)?(\w+)[ \t]*(?:[:?]|:::?)?=[ \t]*docker[ \t]*(?:#|\r?$)", re.MULTILINE)


def values(text: str, name: str) -> list[tuple[int, str | None]]:
    """(place, value) of everything in a Makefile that may set the variable ``name``; None for more than a text."""
    plain = rf"^(?:(?:export|override|private)[ ]+)*{name}[ \t]*(?:[:?]|:::?)?=[ \t]*([^#\r\n]*)"
    other = (
        rf"^(?:(?:export|override|private)[ ]+)*{name}[ \t]*[+!]=",
        rf"^[^\n#=]*:[^\n=]*\b{name}[ \t]*[:?+]?=",  # for one rule
        rf"^[ ]*(?:define|undefine)[ ]+{name}\b",
        rf"\$\(eval[ ]+{name}\b",
    )
    found: list[tuple[int, str | None]] = [
        (match.start(), match.group(1).strip()) for match in re.finditer(plain, text, re.MULTILINE)
    ]
    for pattern in other:
        found += [(match.start(), None) for match in re.finditer(pattern, text, re.MULTILINE)]
    return found


def dockers(text: str) -> dict[str, int]:
    """Variable -> just behind the line that sets it, for those that the file sets once, to docker."""
    found = {}
    for name in dict.fromkeys(_NAMES_DOCKER.findall(text)):
        (place, value), *more = values(text, name)
        if value == "docker" and not more:
            found[name] = text.find("\n", place) + 1 or len(text)
    return found


def named(text: str, command: str) -> str | None:
    """The variable that names ``command``, to be written where it is not yet; None where it is something else."""
    name = command.upper()
    return name if all(value == command for _, value in values(text, name)) else None
