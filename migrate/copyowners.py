"""Files of several owners copied into folders that --keep-own would reset: by cp in a RUN (hard-cases.md 4, 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate import folders
from migrate.contextsources import Argument, Piece, goes_into_folder
from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, ShellText, TextLine, Words
from migrate.recipe import Recipe
from migrate.words import Literal, Word

_PLACE = "/.copied"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")


def is_possible(
    named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe, *, had_shell: bool | None
) -> bool:
    """Whether a RUN here can do it: as root, with a shell, into a folder whose path is known."""
    path = folders.destination(stage.known(target.operand.text), stage)
    return (
        path is not None
        and _PLAIN.issuperset(path)
        and stage.user.root is True
        and had_shell is True
        and goes_into_folder(target, stage)
        and not stage.scope.is_overridable(target.meaning)
        and not any(piece.is_optional for piece in named)
        and not any(flag.name in ("chmod", "chown") for flag in instruction.flags)
    )


def commands(
    flags: Sequence[tuple[str, Word]], named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe
) -> Iterator[Command]:
    """A copy with its owners to a place of its own, from where cp takes each file and folder to its destination."""
    path = folders.destination(stage.known(target.operand.text), stage) or "/"
    stage.warn("EM432", instruction, folder=path)
    keep: tuple[str, Word] = ("--keep-own", (Literal("--keep-own"),))
    sources = [(piece.source.spelling, piece.source.meaning) for piece in named]
    arguments = [*flags, keep, *sources, (f"{_PLACE}/", (Literal(f"{_PLACE}/"),))]
    line = TextLine(" ".join(spelling for spelling, _ in arguments))
    yield Command("COPY", (line,), source=instruction.span, meaning=Words(tuple(word for _, word in arguments)))
    make = "" if folders.exists(path, stage) else f"mkdir -p {path} && "
    place = path.rstrip("/") + "/"
    lines = [
        f"{make}cd {_PLACE} && \\",
        f"    find . -mindepth 1 -maxdepth 1 -exec cp -a '{{}}' {place} ';' && \\",
        f"    rm -r {_PLACE}",
    ]
    whole = " ".join(text.strip().removesuffix("\\").strip() for text in lines)
    yield Command("RUN", tuple(map(TextLine, lines)), source=instruction.span, meaning=ShellText(whole))
    folders.note_made(path, stage)
