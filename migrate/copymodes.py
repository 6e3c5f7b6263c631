"""COPY --chmod where earth's builder does otherwise than a current BuildKit (hard-cases.md 15).

Folders that the copy creates: BuildKit gives them the mode, the fork 0755; a RUN makes them first. Symbolic modes, and
bits beyond 0777 in the mode or in a source: only chmod itself sets them right, after the copy or in its own target.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from migrate import folders, ownership
from migrate.artifacts import WILDCARDS, clean, needed
from migrate.contextsources import Argument, Piece, goes_into_folder, names_folder
from migrate.dockerfile.model import CopyDetail, Instruction
from migrate.dockerfile.words import parse_word
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, ShellText, Target, TextLine, Words
from migrate.recipe import NotExpressible, Recipe
from migrate.stages import Source
from migrate.visible import MOST_FILES
from migrate.words import Literal, Word, literal_text, merged

_FOLDER = "/modes"
_CLAUSE = r"([ugoa]*)((?:[-+=][rwxX]*)+)"


class Copied(NamedTuple):
    """The commands in front of the COPY, what it is made of, and the commands behind it."""

    before: list[Command]
    flags: list[tuple[str, Word]]
    pieces: list[Piece]
    after: list[Command]


def applied(
    flags: list[tuple[str, Word]],
    named: list[Piece],
    target: Argument,
    source: Source | None,
    instruction: Instruction,
    stage: Recipe,
    had_shell: bool | None,
) -> Copied:
    """``flags`` and ``named`` with the mode that ``--chmod`` asks for, and what must be done around them."""
    flag = instruction.flag("chmod")
    if flag is None or not flag.value:
        return Copied([], flags, named, [])
    at = instruction.span_of(flag.start, flag.end)
    value = stage.known(flag.value)
    can_run = stage.user.root is True and had_shell is True
    is_octal = value is not None and value.isdigit() and not set(value) & set("89")
    if value is not None and not is_octal:
        symbolic = _symbolic(value)
        if symbolic is None:
            raise NotExpressible("EM404", at, mode=value)
        return _with_chmod(symbolic, flags, named, target, source, instruction, stage, can_run=can_run)
    number = int(value, 8) if value is not None else None
    made = Copied([], flags, named, [])
    if number is not None and (number > 0o777 or _keeps_bits(named, source, stage)):
        made = _with_chmod(value or "", flags, named, target, source, instruction, stage, can_run=can_run)
    else:
        spelling, word = stage.word(flag.value, instruction, "flag")
        made.flags.append((f"--chmod={spelling}", merged([Literal("--chmod="), *word])))
    # --keep-own resets every folder on its way.
    can_make = can_run and not any(spelling == "--keep-own" for spelling, _ in flags)
    before = _folders_first(number, flag.value, named, target, instruction, stage, can_run=can_make)
    return made._replace(before=before)


def _symbolic(mode: str) -> str | None:
    """A symbolic mode as chmod takes it, None where BuildKit's reading may be another.

    BuildKit has no umask, and asks for X what the file was before any clause; chmod asks what it is by then.
    """
    clauses = []
    had_execute = had_assignment = False
    for text in mode.split(","):
        match = re.fullmatch(_CLAUSE, text)
        if match is None or ("X" in text and (had_execute or had_assignment or len(re.findall("[-+=]", text)) > 1)):
            return None
        had_execute |= "x" in text
        had_assignment |= "=" in text and "X" not in text
        clauses.append(f"{match[1] or 'a'}{match[2]}")
    return ",".join(clauses)


def _folders_first(
    number: int | None,
    written: str,
    named: Sequence[Piece],
    target: Argument,
    instruction: Instruction,
    stage: Recipe,
    *,
    can_run: bool,
) -> list[Command]:
    """A RUN that makes the folders which the copy would create, with the mode that BuildKit gives them."""
    flag = instruction.flag("chmod")
    if flag is None or (number is not None and number & 0o777 == 0o755):
        return []
    path = folders.destination(stage.known(target.operand.text), stage)
    folder = _created(named, target, path, stage)
    missing = folders.missing(folder, stage) if folder is not None else None
    if missing == []:
        return []
    owner = _owner(instruction, stage)
    always = any(not piece.is_optional for piece in named)
    mode = f"{number & 0o777:o}" if number is not None and "$" not in written else f'"{written}"'
    if missing is None or owner is None or not can_run or not always or not re.fullmatch(r'[0-7]+|"\$\{?\w+\}?"', mode):
        shown = folder or target.operand.text
        stage.warn("EM406", instruction, flag.start, flag.end, mode=written, folder=shown)
        return []
    stage.warn("EM429", instruction, flag.start, flag.end, mode=written, folder=missing[-1])
    words = _words(missing)
    place = words[0] if len(words) == 1 else '"$folder"'
    # Docker takes an owner that does not exist for root, chown fails.
    chown = f"; chown {owner} {place}" + (" || true" if re.search("[A-Za-z]", owner) else "") if owner else ""
    make = f"{{ mkdir -m {mode} {place}{chown}; }}" if chown else f"mkdir -m {mode} {place}"
    text = f"[ -d {place} ] || {make}"
    if len(words) > 1:
        text = f"for folder in {' '.join(words)}; do {text}; done"
    return [_run(text, instruction)]


def _words(paths: Iterable[str]) -> list[str]:
    """``paths`` as words of a shell."""
    return [quoting.encode_single(path) if re.search(r"[^\w./-]", path) else path for path in paths]


def _run(text: str, instruction: Instruction) -> Command:
    return Command("RUN", (TextLine(text),), source=instruction.span, meaning=ShellText(text))


def _created(named: Sequence[Piece], target: Argument, path: str | None, stage: Recipe) -> str | None:
    """The folder that has to exist for the copy, None when that is not known."""
    if path is None:
        return None
    value = stage.known(target.operand.text)
    if names_folder(target.operand.text if value is None else value) or folders.exists(path, stage):
        return path
    kinds = {_is_folder(piece) for piece in named}
    if kinds == {False}:
        return path.rpartition("/")[0] or "/"
    return path if kinds == {True} else None


def _is_folder(piece: Piece) -> bool | None:
    """Whether the piece is a folder; without a context, a name with a dot in it is taken to be a file."""
    name = (literal_text(piece.source.meaning) or "").rstrip("/").rpartition("/")[2]
    if piece.is_folder is None and "." in name.strip("."):
        return False
    return piece.is_folder


def _owner(instruction: Instruction, stage: Recipe) -> str | None:
    """What chown must be told for a --chown: "" for none, None when that cannot be said."""
    flag = instruction.flag("chown")
    if flag is None or not flag.value or flag.value in ownership.ROOT_OWNERS:
        return ""
    value = stage.known(flag.value)
    if value is None or "$" in flag.value or not re.fullmatch(r"[\w-]*(?::[\w-]+)?", value) or value.startswith("-"):
        return None
    user, colon, group = value.partition(":")
    if colon:
        return f"{user or '0'}:{group}"
    return f"{user}:{user}" if user.isdigit() else f"{user}:"


def _keeps_bits(named: Sequence[Piece], source: Source | None, stage: Recipe) -> bool:
    """Whether a source may have setuid, setgid or sticky bits, which the fork keeps when it sets a mode."""
    if source is None:
        taken = [(literal_text(piece.source.meaning), piece.source.is_pattern) for piece in named]
        return any(path is not None and _has_bits(path, stage, is_pattern=pattern) for path, pattern in taken)
    plan = stage.arguments.plan
    paths = [needed(parse_word(piece.source.operand.text, stage.escape)).path for piece in named]
    if any(ownership.special_bits(plan, source, path, stage.arguments.mappings) for path in paths):
        return True
    chain = plan.graph.chain(source.stage) if source.stage is not None else ()
    copied = [item for index in chain for item in plan.graph.stages[index].instructions if item.keyword == "COPY"]
    return any(
        _has_bits(operand.text, stage, is_pattern=bool(WILDCARDS & set(operand.text)))
        for item in copied
        if isinstance(item.detail, CopyDetail) and item.flag("from") is None and item.flag("chmod") is None
        for operand in item.detail.sources
        if "$" not in operand.text and operand.heredoc is None
    )


def _has_bits(path: str, stage: Recipe, *, is_pattern: bool) -> bool:
    """Whether something at or below ``path`` of the context has special bits."""
    context = stage.context
    queue = list((context.matches(path) if is_pattern else (clean(path)[1:],)) or ())
    seen = 0
    while queue and seen < MOST_FILES:
        here = queue.pop()
        seen += 1
        if ((context.mode(here) if here else None) or 0) > 0o777:
            return True
        if not here or context.is_directory(here):
            queue += (posixpath.join(here, name) for name in context.children(here) or ())
    return False


def _with_chmod(
    mode: str,
    flags: list[tuple[str, Word]],
    named: list[Piece],
    target: Argument,
    source: Source | None,
    instruction: Instruction,
    stage: Recipe,
    *,
    can_run: bool,
) -> Copied:
    """The mode set by chmod: after the copy when all copied files are known, otherwise in a target of its own."""
    path = folders.destination(stage.known(target.operand.text), stage)
    files = _copied_files(named, target, path, stage) if can_run and source is None else None
    if files is not None:
        stage.warn("EM433", instruction, mode=mode)
        return Copied([], flags, named, [_run(f"chmod {mode} {' '.join(_words(files))}", instruction)])
    return _in_helper(mode, flags, named, target, source, instruction, stage)


def _copied_files(named: Sequence[Piece], target: Argument, path: str | None, stage: Recipe) -> list[str] | None:
    """Where the copied files are, None when one of them is not known to be a file."""
    if path is None or any(piece.is_folder is not False or piece.is_optional for piece in named):
        return None
    found: list[str] = []
    for piece in named:
        text = literal_text(piece.source.meaning)
        matches = stage.context.matches(text) if text is not None and piece.source.is_pattern else (text,)
        if not matches or None in matches or piece.target is not target:
            return None
        found += (posixpath.join(path, posixpath.basename(clean(item or ""))) for item in matches)
    if goes_into_folder(target, stage):
        return list(dict.fromkeys(found))
    # Several go to a name only when it is a folder; and one goes into a folder that a link leads to.
    is_name = len(found) == 1 and not ownership.may_be_link(stage.arguments.plan, stage.stage, path)
    return [path] if is_name else None


def _in_helper(
    mode: str,
    flags: list[tuple[str, Word]],
    named: list[Piece],
    target: Argument,
    source: Source | None,
    instruction: Instruction,
    stage: Recipe,
) -> Copied:
    into_folder = goes_into_folder(target, stage)
    fits = into_folder or len(named) == 1
    plain = all(piece.target is target and literal_text(piece.source.meaning) is not None for piece in named)
    if not fits or not plain or all(piece.is_optional for piece in named):
        flag = instruction.flag("chmod")
        assert flag is not None  # its value is ``mode``
        code = "EM405" if mode.isdigit() else "EM404"
        raise NotExpressible(code, instruction.span_of(flag.start, flag.end), mode=flag.value)
    name = stage.arguments.unique(f"{stage.target}-modes")
    image = stage.settings.helper_image
    stage.warn("EM430", instruction, target=name, image=image)
    place = _FOLDER if into_folder else f"{_FOLDER}/{_name(named[0])}"
    times = [item for item in flags if item[0] == "--keep-ts"]
    keeps = [("--keep-own", (Literal("--keep-own"),))] if source is not None else []
    items: list[Item] = [
        Command.of("FROM", image, source=instruction.span),
        Command.of("WORKDIR", _FOLDER, source=instruction.span),
        *_copies([*times, *keeps], named, place + ("/" if into_folder else ""), instruction),
        # Five digits: with fewer, some chmods leave the special bits of folders alone.
        _run(f"chmod -R {mode:0>5} {place}" if mode.isdigit() else f"chmod -R {mode} {place}", instruction),
    ]
    saved = "--keep-ts " if times else ""
    items.append(Command.of("SAVE ARTIFACT", f"{saved}{place} {place}", source=instruction.span))
    stage.extra.append(Target(name, tuple(items), source=instruction.span))
    meaning: Word = (Literal(place),)
    taken = Argument(named[0].source.operand, quoting.render_artifact(name, meaning), (Literal(f"+{name}{place}"),))
    return Copied([], flags, [Piece(taken, target)], [])


def _name(piece: Piece) -> str:
    name = re.sub(r"[^\w.-]", "-", (literal_text(piece.source.meaning) or "").rstrip("/").rpartition("/")[2])
    return name if name.strip(".") else "files"


def _copies(
    flags: Sequence[tuple[str, Word]], named: Sequence[Piece], place: str, instruction: Instruction
) -> Iterator[Command]:
    for piece in named:
        extra = [("--if-exists", (Literal("--if-exists"),))] if piece.is_optional else []
        arguments = [*flags, *extra, (piece.source.spelling, piece.source.meaning), (place, (Literal(place),))]
        text = TextLine(" ".join(spelling for spelling, _ in arguments))
        meaning = Words(tuple(word for _, word in arguments))
        yield Command("COPY", (text,), source=instruction.span, meaning=meaning)
