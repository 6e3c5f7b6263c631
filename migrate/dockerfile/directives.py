"""Parser directives (``# syntax=``, ``# escape=``, ``# check=``). Source: parser/directives.go and dockerui."""

from __future__ import annotations

import json

from migrate.dockerfile.errors import BAD_DIRECTIVE, DUPLICATE_DIRECTIVE, DockerfileError
from migrate.dockerfile.gotext import SPACE, TRUTHS
from migrate.dockerfile.model import Directive
from migrate.spans import Span

NAMES = ("syntax", "escape", "check")
_SPACE = "\t\n\f\r "


class DirectiveZone:
    """The directives at the top of a file, read line by line until a line is none."""

    def __init__(self, comment: str = "#") -> None:
        self.open = True
        self.found: list[Directive] = []
        self._comment = comment

    def take(self, text: str, number: int) -> bool:
        """Whether line ``number`` is a directive; raises DockerfileError for a repeated one."""
        directive = self._read(text, number) if self.open else None
        self.open = directive is not None
        if directive is None:
            return False
        if any(directive.name == known.name for known in self.found):
            span = Span.of(number, 1, number, len(text) + 1)
            raise DockerfileError(DUPLICATE_DIRECTIVE, span, {"directive": directive.name})
        self.found.append(directive)
        return True

    def _read(self, text: str, number: int) -> Directive | None:
        if not text.startswith(self._comment):
            return None
        key, equals, value = text[len(self._comment) :].lstrip(SPACE).partition("=")
        name = key.rstrip(_SPACE).lower()
        if not equals or not value or not key.isascii() or name not in NAMES:
            return None
        # Of a value that is all blank BuildKit keeps the last character.
        return Directive(name, value.strip(_SPACE) or value[-1], number)


def check_escape(directive: Directive, width: int) -> None:
    """Raise DockerfileError unless the value of ``# escape=`` is a backslash or a backtick."""
    if directive.name == "escape" and directive.value not in ("\\", "`"):
        problem = f"the escape character must be \\ or `, not {directive.value}"
        raise _bad(directive, problem, width)


def check_rules(lines: list[str]) -> None:
    """Raise DockerfileError for a ``# check=`` that BuildKit cannot read."""
    directive = _detected(lines, "check", "#")
    if directive is None:
        return
    options = directive.value.split(" ")[0].strip(SPACE)
    for option in options.split(";", 2) if options else ():
        key, equals, value = option.partition("=")
        known = key.strip(SPACE) in ("skip", "experimental", "error") and equals
        if not known or (key.strip(SPACE) == "error" and value.strip(SPACE) not in TRUTHS):
            raise _bad(directive, f"'{option}' is no option of check", len(lines[directive.line - 1]))


def frontend(lines: list[str], text: str) -> Directive | None:
    """The frontend image that the file asks for, in any of the forms that BuildKit looks for before it parses.

    ``# syntax=``, ``// syntax=`` (both at the very start of a line, below an optional ``#!`` line) or a JSON object.
    """
    found = _detected(lines, "syntax", "#") or _detected(lines, "syntax", "//")
    if found is not None:
        return Directive(found.name, found.value.split(" ")[0], found.line)
    first = 1 if lines and lines[0].startswith("#!") else 0
    if first >= len(lines) or not lines[first].lstrip(" \t\n\r").startswith("{"):
        return None
    try:
        value = json.loads(text.partition("\n")[2] if first else text)
    except (ValueError, RecursionError):
        return None
    syntax = value.get("syntax") if isinstance(value, dict) else None
    return Directive("syntax", syntax, first + 1) if isinstance(syntax, str) else None


def _detected(lines: list[str], name: str, comment: str) -> Directive | None:
    zone = DirectiveZone(comment)
    first = 1 if lines and lines[0].startswith("#!") else 0
    for index in range(first, len(lines)):
        try:
            if not zone.take(lines[index], index + 1):
                break
        except DockerfileError:
            break
    return next((directive for directive in zone.found if directive.name == name), None)


def _bad(directive: Directive, problem: str, width: int) -> DockerfileError:
    span = Span.of(directive.line, 1, directive.line, width + 1)
    return DockerfileError(BAD_DIRECTIVE, span, {"directive": directive.name, "problem": problem})
