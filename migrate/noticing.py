"""What the text of a RUN can notice of its mounts: who owns a folder, how large a tmpfs is, whether a secret is there.

An Earthfile lacks the owner of a cache, the size of a tmpfs and secrets that may be missing (facts/dockerfile.md 6).
That matters where the text asks. mappings/mounts.yaml has the programs that show it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from migrate import caches
from migrate.dockerfile.model import Instruction

_MOUNT_TABLE = re.compile(r"/proc/\S*mount")
_ERREXIT = re.compile(r"\bset\s+-\w*e|\berrexit\b|^#!.*\s-\w*e", re.MULTILINE)


def shows(instruction: Instruction, programs: Iterable[str]) -> bool:
    """Whether the RUN calls one of ``programs``: a name, or a name and an option (``ls -l``, also within ``-al``)."""
    known = [entry.partition(" ")[::2] for entry in programs]
    return any(
        words[0] == name and (not option or _has(words[1:], option))
        for words in caches.commands(instruction)
        for name, option in known
    )


def _has(words: Iterable[str], option: str) -> bool:
    """Whether ``option`` is among ``words``; one letter may stand in a group of them."""
    if re.fullmatch(r"-[A-Za-z]", option):
        return any(re.fullmatch(rf"-[A-Za-z]*{option[1]}[A-Za-z]*", word) for word in words)
    return any(word == option or word.startswith(f"{option}=") for word in words)


def shows_mount_table(instruction: Instruction) -> bool:
    """Whether the RUN reads what the kernel says of mounts."""
    return _MOUNT_TABLE.search(_text(instruction)) is not None


def mentions(instruction: Instruction, path: str) -> bool:
    """Whether ``path`` stands in the RUN's command."""
    return path in _text(instruction)


def goes_on_without_file(instruction: Instruction, path: str) -> bool:
    """Whether the command goes on when ``path`` is missing: it asks, catches the failure, or does not look at it."""
    text = _text(instruction)
    place = rf"[\"']?(?:{re.escape(path)}|{re.escape(posixpath.dirname(path))}/[*?])"
    if re.search(rf"(?:\[|\btest)\s+(?:!\s+)?-[a-zA-Z]\s+{place}", text):
        return True
    if re.search(rf"{place}[^\n;&|]*(?:\|\||2>\s*/dev/null)", text):
        return True
    # The exit status of `export A=$(...)` is export's, that of `A=$(...) program` the program's.
    inside = rf"[\"']?\$\([^)\n]*{place}[^)\n]*\)[\"']?"
    if re.search(rf"\b(?:export|local|readonly|declare)\s[^\n;&|]*{inside}|\w={inside}[ \t]+[\w./$]", text):
        return True
    return not _ERREXIT.search(text) and bool(re.search(rf"{place}[^\n;&|]*[\n;][\s;]*[^\s;]", text))


def goes_on_without_variable(instruction: Instruction, name: str) -> bool:
    """Whether the command asks if the variable ``name`` has a value."""
    test = rf"(?:\[|\btest)\s+(?:!\s+)?(?:-[nzv]\s+)?[\"']?(?:\$\{{?)?{re.escape(name)}\b"
    return re.search(rf"\$\{{{re.escape(name)}:?[-+?=]|{test}", _text(instruction)) is not None


def goes_on_after_failure(instruction: Instruction) -> bool:
    """Whether the command says what to do when one of its parts fails."""
    return "||" in _text(instruction)


def _text(instruction: Instruction) -> str:
    if instruction.exec_form is not None:
        return " ".join(instruction.exec_form)
    return "\n".join(instruction.texts)
