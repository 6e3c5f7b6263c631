"""Files of several owners copied into folders that --keep-own would reset: by cp in a RUN (hard-cases.md 4, 5)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from migrate import artifacts, asroot, folders
from migrate.contextsources import Argument, Piece, goes_into_folder, names_folder
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, ShellText, TextLine, Words
from migrate.recipe import Recipe
from migrate.runtext import quoted_item
from migrate.words import Literal, Variable, Word, literal_text

_PLACE = "/.copied"
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")
#: What has such a name is most likely a file: an extension, but not that of a folder like conf.d.
FILE_NAME = r"\w\.(?!d\Z)\w{1,5}\Z"


def is_possible(
    named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe, *, had_shell: bool | None
) -> bool:
    """Whether a RUN here can do it: with a shell, as a user that can be set again, and to a plain destination."""
    return (
        had_shell is True
        and asroot.is_possible(stage)
        and not any(piece.is_optional for piece in named)
        and not any(flag.name in ("chmod", "chown") for flag in instruction.flags)
        and _folder(named, target, stage) is not None
    )


def commands(
    flags: Sequence[tuple[str, Word]], named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe
) -> Iterator[Command]:
    """A copy with its owners to a place of its own, from where cp takes each file and folder to its destination."""
    path = folders.destination(stage.known(target.operand.text), stage)
    folder = _folder(named, target, stage) or path or "."
    stage.warn("EM432", instruction, folder=path or target.operand.text)
    if _is_folder(named, target, stage):
        place, lines = f"{_PLACE}/", _into_folder(folder, is_there=folders.exists(path, stage))
    else:
        place, lines = _to_name(named[0], path or "/", stage)
    keep: tuple[str, Word] = ("--keep-own", (Literal("--keep-own"),))
    sources = [(piece.source.spelling, piece.source.meaning) for piece in named]
    arguments = [*flags, keep, *sources, (place, (Literal(place),))]
    line = TextLine(" ".join(spelling for spelling, _ in arguments))
    yield Command("COPY", (line,), source=instruction.span, meaning=Words(tuple(word for _, word in arguments)))
    lines = [*(f"{text} \\" for text in lines), f"    rm -r {_PLACE}"]
    whole = " ".join(text.strip().removesuffix("\\").strip() for text in lines)
    run = Command("RUN", tuple(map(TextLine, lines)), source=instruction.span, meaning=ShellText(whole))
    yield from asroot.commands(run, instruction, stage)
    folders.note_made(path if _is_folder(named, target, stage) else path and posixpath.dirname(path), stage)


def _is_folder(named: Sequence[Piece], target: Argument, stage: Recipe) -> bool:
    """Whether the destination is a folder for certain, or becomes one."""
    return goes_into_folder(target, stage) or any(piece.is_folder for piece in named)


def _folder(named: Sequence[Piece], target: Argument, stage: Recipe) -> str | None:
    """The destination as a word of a shell, without a slash at its end; None where it, or what goes there, is not
    plain."""
    path = folders.destination(stage.known(target.operand.text), stage)
    is_fixed = not stage.scope.is_overridable(target.meaning)
    if not _is_folder(named, target, stage):
        is_alone = len(named) == 1 and not named[0].source.is_pattern and _name(named[0]) is not None
        return quoted_item(path) if is_alone and path is not None and is_fixed and _PLAIN.fullmatch(path) else None
    if path is not None and is_fixed:
        return quoted_item(path.rstrip("/")) if _PLAIN.fullmatch(path) else None
    last = target.meaning[-1] if target.meaning else None
    return _spelled(target) if isinstance(last, Literal) and names_folder(last.text) else None


def _spelled(target: Argument) -> str | None:
    """A destination that only the build knows: a shell puts the same values into it."""
    texts = []
    for part in target.meaning:
        if isinstance(part, Literal):
            texts.append(part.text)
        elif isinstance(part, Variable) and not part.operator and part.name.isidentifier() and part.name != "PWD":
            texts.append(f"${{{part.name}}}")
        else:
            return None
    literal = "".join(part.text for part in target.meaning if isinstance(part, Literal))
    text = "".join(texts).rstrip("/")
    if not _PLAIN.fullmatch(literal) or not text:
        return None
    return None if text.startswith("-") else f'"{text}"' if "$" in text else text


def _name(piece: Piece) -> str | None:
    """The last name of a source that says which it is."""
    text = literal_text(piece.source.meaning)
    name = posixpath.basename(artifacts.clean(text)) if text is not None else ""
    return name if name and _PLAIN.fullmatch(name) else None


def _into_folder(folder: str, *, is_there: bool) -> list[str]:
    make = [] if is_there else [f"mkdir -p {folder or '/'} &&"]
    lines = [*make, f"{_all_of(_PLACE, folder)} &&"]
    return [lines[0], *(f"    {line}" for line in lines[1:])]


def _all_of(place: str, folder: str) -> str:
    """The command that brings what is in ``place`` into ``folder``."""
    return f"find {place} -mindepth 1 -maxdepth 1 -exec cp -a '{{}}' {folder}/ ';'"


def _to_name(piece: Piece, path: str, stage: Recipe) -> tuple[str, list[str]]:
    """Where the COPY goes, and what brings it to ``path``: a file gets that name, of a folder the contents go there."""
    name = _name(piece) or ""
    parent, there = posixpath.dirname(path), f"{_PLACE}/{name}"
    make = "" if folders.exists(parent, stage) else f"mkdir -p {parent} && "
    if piece.is_folder is False or re.search(FILE_NAME, name):
        return f"{_PLACE}/", [f"{make}cp -a {there} {path} &&"]
    return there, [
        f"if [ -d {there} ]; then",
        f"        mkdir -p {path} && {_all_of(there, path)};",
        "    else",
        f"        {make}cp -a {there} {path};",
        "    fi &&",
    ]
