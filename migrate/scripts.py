"""Heredoc scripts as ordinary RUN text (hard-cases.md 7): a chain of commands where that is proven, else one quoted
text."""

from __future__ import annotations

import re

_BLANKS = " \t"
#: After these a newline separates nothing, so no semicolon may stand there.
_OPENER = r"(?:(?:\A|[;&|)]\s*|\b(?:then|do|else)\s+)(?:!\s+)?(?:then|do|else|\{|\()|&&|\|\|)\Z"
#: Words that begin a command which goes on: alone on a line they need one.
_BEGINNERS = ("if", "while", "until", "elif", "!", "for", "in", "time", "(", "{")
#: Shapes that are not proven here: the script stays one quoted text.
_UNPROVEN = (
    r"<<|\bcase\b|\besac\b|;;|\$\(\(|`|\bfunction\b|\bselect\b|\bcoproc\b"
    # What a line changes in how the shell reads the next one, or knows about lines.
    r"|\balias\b|\bshopt\b|\bLINENO\b"
)


def chain(body: str) -> tuple[str, ...] | None:
    """The lines of a ``;``-joined RUN that does what ``sh -c body`` does, comments on lines of their own; None if
    unproven.

    Every line must be a complete command: no open quote or substitution, no continuation, no trailing comment.
    """
    lines = [line.strip(_BLANKS) for line in body.split("\n")]
    lines = [line for line in lines if line]
    if not lines or lines[0].startswith("#!") or re.search(_UNPROVEN, body) or "\r" in body:
        return None
    indents = [line[: len(line) - len(line.lstrip(_BLANKS))] for line in body.split("\n") if line.strip(_BLANKS)]
    common = min(indents, key=len)
    commands = [index for index, line in enumerate(lines) if not line.startswith("#")]
    if not commands or any(not _is_complete(lines[index]) for index in commands):
        return None
    result: list[str] = []
    trailing = lines[commands[-1] + 1 :]
    for index, line in enumerate(lines[: commands[-1] + 1]):
        indent = indents[index].removeprefix(common).expandtabs(4)
        if line.startswith("#"):
            result.append(indent + line)
        elif index == commands[-1]:
            # Nothing can follow the last command, so the comments below it stand above it.
            result += [*(indent + comment for comment in trailing), indent + line]
        else:
            result.append(f"{indent}{line}{'' if _opens(line) else ';'} \\")
    return tuple(result)


def _opens(line: str) -> bool:
    return re.search(_OPENER, line) is not None


def _is_complete(line: str) -> bool:
    """Whether ``line`` is whole in itself and ends where a ``;`` or an opener may stand."""
    if line.endswith(("\\", "&", ";", ")")) and not line.endswith("&&"):
        return False
    if line.endswith("|") and not line.endswith("||"):
        return False
    if (line in _BEGINNERS or line.endswith(("(", "{"))) and not _opens(line):
        return False
    quote = ""
    depth = 0
    groups = 0
    index = 0
    while index < len(line):
        char = line[index]
        if char == "\\" and quote != "'":
            index += 1
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        elif quote != "'" and line.startswith("$(", index):
            depth += 1
            index += 1
        elif char == ")" and depth and quote != "'":
            depth -= 1
        elif char in "()" and not quote:
            groups += 1 if char == "(" else -1
        elif char == "#" and not quote and line[index - 1] in " \t;&|()":
            return False
        index += 1
    return not quote and not depth and groups == line.endswith("(") - line.startswith(")")
