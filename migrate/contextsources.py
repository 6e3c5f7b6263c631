"""What a COPY takes from the build context, spelled so that earth takes the same (earthfile.md 3, hard-cases.md)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from migrate import artifacts, folders
from migrate.context import Context
from migrate.dockerfile.model import CopyDetail, Instruction, Operand
from migrate.dockerfile.words import parse_word
from migrate.lateregex import late
from migrate.recipe import Recipe
from migrate.visible import MOST_FILES
from migrate.wildcards import NOT_ASCII
from migrate.words import Literal, Part, Variable, Word, literal_text, merged, variables

#: As many as Linux follows.
_MOST_LINKS = 40
#: More files than this are not named one by one in place of a pattern.
_MOST_NAMES = 40
#: earth's --if-exists writes the first character as a pattern of its own. BuildKit cleans these two components away.
_IN_FRONT = "here/../"
#: A whole class in brackets, or one character; a bracket that nothing closes is a character.
_CLASS_OR_CHARACTER = late(r"\[(?:\\.|[^\]\\])+\]|.", re.DOTALL)


class Argument(NamedTuple):
    """One argument of the new COPY: the operand it replaces, its spelling and its meaning."""

    operand: Operand
    spelling: str
    meaning: Word

    @property
    def text(self) -> str:
        """The literal text, variables left out."""
        return "".join([part.text for part in self.meaning if isinstance(part, Literal)])

    @property
    def is_pattern(self) -> bool:
        """Whether it has a wildcard."""
        return bool(artifacts.WILDCARDS & set(self.text))


class Piece(NamedTuple):
    """One source of the new COPY and where it goes.

    ``is_optional``: it may match nothing. ``is_folder`` is None when that is not known.
    """

    source: Argument
    target: Argument
    is_optional: bool = False
    is_folder: bool | None = None


def argument(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    """``operand`` as an argument of the new COPY."""
    spelling, meaning = stage.word(operand.text, instruction, "path")
    return Argument(operand, spelling or '""', meaning)


def names_folder(text: str) -> bool:
    """Whether a destination says by its end that it is a folder."""
    return text.endswith(("/", "/.")) or text in (".", "..", "")


def goes_into_folder(target: Argument, stage: Recipe) -> bool:
    """Whether ``target`` is a folder for certain: it says so, or one is there."""
    value = stage.known(target.operand.text)
    if names_folder(target.operand.text if value is None else value):
        return True
    return folders.exists(folders.destination(value, stage), stage)


def pieces(operand: Operand, target: Argument, instruction: Instruction, stage: Recipe) -> list[Piece]:
    """What the source ``operand`` becomes, most often one piece."""
    source = _source(operand, instruction, stage)
    stage.context_sources.append(taken_path(source, stage))
    if not stage.context.known() and artifacts.clean(source.text or "x") != "/":
        stage.report("EM435", None)
    if _stays(target, stage):
        stage.leftovers.add(taken_path(source, stage))
    text = literal_text(source.meaning)
    if text is None:
        plain = _with_plain_names(source, instruction, stage)
        if not source.is_pattern:
            return [Piece(plain, target, False, _kind_of_value(source, stage))]
        return [Piece(_findable(plain, instruction, stage), target, True)]
    if not source.is_pattern:
        return [_literal(source, text, target, instruction, stage)]
    matches = stage.context.matches(text)
    if matches and (named := _followed_matches(source, matches, target, instruction, stage)):
        return named
    kinds = {stage.context.is_directory(match) for match in matches or ()}
    is_folder = kinds.pop() if len(kinds) == 1 else None
    plain = _with_plain_names(source, instruction, stage)
    if matches:
        return [Piece(plain, target, False, is_folder)]
    return [Piece(_findable(plain, instruction, stage), target, True, is_folder)]


def _stays(target: Argument, stage: Recipe) -> bool:
    """Whether no image and no other stage takes the folder ``target``: at most something deeper in it."""
    plan = stage.arguments.plan
    graph = plan.graph
    place = folders.destination(stage.known(target.operand.text), stage)
    kept = {index for end in (plan.final, *plan.saved) for index in graph.chain(end)}
    if place is None or stage.stage in kept:
        return False
    for source in (source for found in graph.sources.values() for source in found):
        if source.stage is None or stage.stage not in graph.chain(source.stage):
            continue
        detail = source.instruction.detail
        if not isinstance(detail, CopyDetail):
            return False
        paths = [artifacts.needed(parse_word(operand.text, stage.escape)).path for operand in detail.sources]
        if any(path == artifacts.ROOT or f"{place}/".startswith(f"{path}/") for path in paths):
            return False
    return True


def taken_path(source: Argument, stage: Recipe) -> str:
    """What ``source`` takes from the context: its value, or a pattern where that depends on build arguments."""
    if not stage.scope.is_overridable(source.meaning) and (value := stage.scope.static(source.meaning)) is not None:
        return value
    return "".join(part.text if isinstance(part, Literal) else "*" for part in source.meaning)


def _source(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    """A source without the leading slash and the dots that BuildKit ignores and earth does not."""
    found = argument(operand, instruction, stage)
    text = literal_text(found.meaning)
    if text is None:
        return _variable_source(found, instruction, stage)
    cleaned = artifacts.clean(text)[1:] or "."
    if not found.is_pattern and stage.context.is_ignored(cleaned):
        name, _ = stage.context.ignore_text() or ("", "")
        stage.warn("EM706", instruction, operand.start, operand.end, source=operand.text, name=name)
    rooted = text.startswith("/") or ".." in text.split("/")
    is_like_flag = cleaned.startswith("-")  # to earth, wherever the split of a COPY puts it
    if not rooted and not is_like_flag and cleaned != ".":
        return found
    cleaned = f"./{cleaned}" if is_like_flag else cleaned
    cleaned += "/" if text.endswith("/") and cleaned != "." else ""
    return _respelled(found, (Literal(cleaned),), stage)


def _variable_source(found: Argument, instruction: Instruction, stage: Recipe) -> Argument:
    """A source with variables: earth copies nothing for one that ends as ``""`` or ``./``, Docker the whole context."""
    operand, meaning = found.operand, found.meaning
    value = stage.scope.static(meaning)
    first, last = meaning[0], meaning[-1]
    is_folder = isinstance(last, Literal) and last.text.endswith("/")
    alone = [part for part in meaning if isinstance(part, Variable)]
    may_be_whole = artifacts.clean(found.text) == "/" and value in (None, found.text)
    if is_folder:
        meaning = merged([*meaning, Literal(".")])
    elif may_be_whole and len(alone) == 1 and not alone[0].operator:
        whole = replace(alone[0], operator=":-", operand=(Literal("."),))
        meaning = merged([whole if part is alone[0] else part for part in meaning])
    elif may_be_whole:
        stage.warn("EM425", instruction, operand.start, operand.end, source=operand.text)
    elif value not in (None, ".") and artifacts.clean(value or "") == "/":
        if stage.scope.is_overridable(meaning):
            names = ", ".join(variable.name for variable in variables(meaning))
            stage.warn("EM306", instruction, operand.start, operand.end, written=operand.text, value=".", name=names)
        return _respelled(found, (Literal("."),), stage)
    if isinstance(first, Literal) and first.text.startswith("/"):
        meaning = merged([Literal(first.text.lstrip("/")), *meaning[1:]])
    elif not isinstance(first, Literal) and value is not None and value.startswith("/"):
        meaning = merged([Literal("./"), *meaning])
    return _respelled(found, meaning, stage)


def _kind_of_value(source: Argument, stage: Recipe) -> bool | None:
    """Whether a source with variables is a folder, with the values of a plain build."""
    value = stage.scope.static(source.meaning)
    if value is None:
        return None
    path = artifacts.clean(value)[1:]
    return stage.context.is_directory(_resolved(path, stage.context) or path) if path else True


def _respelled(found: Argument, meaning: Word, stage: Recipe) -> Argument:
    return found if meaning == found.meaning else Argument(found.operand, stage.spell(meaning, how="path"), meaning)


def _with_plain_names(source: Argument, instruction: Instruction, stage: Recipe) -> Argument:
    """``source`` without what earth's list of wanted files cannot say: ``?``, and names beyond ASCII.

    A pattern for one character takes their place; ``[^/]`` is ``?`` to both builders.
    """
    if "?" not in source.text and source.text.isascii():
        return source
    parts: list[Part] = [
        Literal(_CLASS_OR_CHARACTER.sub(_spelled_out, part.text)) if isinstance(part, Literal) else part
        for part in source.meaning
    ]
    plain = _respelled(source, merged(parts), stage)
    if not source.text.isascii() and not _same_matches(plain.text, source.text, stage.context):
        operand = source.operand
        stage.warn("EM412", instruction, operand.start, operand.end, source=operand.text)
    return plain


def _spelled_out(match: re.Match[str]) -> str:
    """A character as earth's patterns have it; a class in brackets stays."""
    text = match.group()
    if len(text) > 1:
        return text
    return "[^/]" if text == "?" else text if text.isascii() else NOT_ASCII


def _same_matches(plain: str, text: str, context: Context) -> bool:
    """Whether the ASCII pattern ``plain`` takes what ``text`` takes, as far as anyone can tell."""
    return plain.isascii() and (context.matches(plain) is None or context.matches(plain) == context.matches(text))


def _findable(source: Argument, instruction: Instruction, stage: Recipe) -> Argument:
    """A pattern that may match nothing, so that --if-exists finds what it matches."""
    value = stage.scope.static(source.meaning)
    begins = (source.text if isinstance(source.meaning[0], Literal) else value or "*").removeprefix("./")
    if begins[:1] not in artifacts.NOT_IN_BRACKETS:
        return source
    operand = source.operand
    stage.warn("EM428", instruction, operand.start, operand.end, source=operand.text, front=_IN_FRONT)
    first, *rest = source.meaning
    start = Literal(_IN_FRONT + first.text.removeprefix("./")) if isinstance(first, Literal) else Literal(_IN_FRONT)
    return _respelled(source, merged([start, *([] if isinstance(first, Literal) else [first]), *rest]), stage)


def _literal(source: Argument, text: str, target: Argument, instruction: Instruction, stage: Recipe) -> Piece:
    """A source without wildcards: a link is followed, as Docker does and earth does not."""
    path = artifacts.clean(text)[1:]
    real = _resolved(path, stage.context) if path else path
    plain = source
    if real is None:
        stage.warn("EM411", instruction, source.operand.start, source.operand.end, source=source.operand.text)
    elif real != path:
        at = (source.operand.start, source.operand.end)
        stage.warn("EM427", instruction, *at, source=source.operand.text, real=real)
        plain = Argument(source.operand, stage.spell((Literal(real),), how="path"), (Literal(real),))
        target = _named_target(target, posixpath.basename(path), real, stage)
    is_folder = True if not real else stage.context.is_directory(real)
    plain = _with_plain_names(plain, instruction, stage)
    if source.text.endswith("/") and is_folder is None:
        is_folder = True
    return Piece(plain, target, False, is_folder)


def _named_target(target: Argument, name: str, real: str, stage: Recipe) -> Argument:
    """``target`` with the link's own name behind it, where the copy would take that of the real file."""
    if name == posixpath.basename(real) or stage.context.is_directory(real) or not goes_into_folder(target, stage):
        return target
    written = target.meaning or (Literal("."),)
    text = target.text
    slash = "" if isinstance(written[-1], Literal) and text.endswith("/") else "/"
    meaning = (Literal(name),) if text == "." and len(written) == 1 else merged([*written, Literal(slash + name)])
    return Argument(target.operand, stage.spell(meaning, how="path"), meaning)


def _followed_matches(
    source: Argument, matches: tuple[str, ...], target: Argument, instruction: Instruction, stage: Recipe
) -> list[Piece]:
    """What a pattern matches, one by one, when a link at or below it leads to what the pattern does not take.

    earth asks for the end of every link that a pattern brings along, but sends only what the pattern names.
    """
    links = [path for path in _walked(matches, stage.context) if stage.context.link_target(path) is not None]
    strays = [path for path in links if not _is_taken(_resolved(path, stage.context), matches)]
    if not strays:
        return []
    if len(matches) > _MOST_NAMES:
        at = (source.operand.start, source.operand.end)
        stage.warn("EM411", instruction, *at, source=strays[0])
        return []
    named = []
    for path in matches:
        meaning: Word = (Literal(_escaped(path)),)
        each = Argument(source.operand, stage.spell(meaning, how="path"), meaning)
        named.append(_literal(each, path, target, instruction, stage))
    return named


def _walked(paths: tuple[str, ...], context: Context) -> Iterator[str]:
    """``paths`` and what lies below them, as far as anyone has the patience to look."""
    queue = list(paths)
    for _ in range(MOST_FILES):
        if not queue:
            return
        here = queue.pop()
        yield here
        if context.is_directory(here):
            queue += (f"{here}/{name}" for name in context.children(here) or ())


def _is_taken(real: str | None, paths: tuple[str, ...]) -> bool:
    return real is not None and any(real == path or real.startswith(path + "/") for path in paths)


def _escaped(path: str) -> str:
    """``path`` as a pattern that matches it alone."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _resolved(path: str, context: Context, depth: int = 0) -> str | None:
    """``path`` without links on the way, absolute ones rooted in the context; None when one leads to nothing."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        link = context.link_target("/".join(parts[:end]))
        if link is None:
            continue
        if depth > _MOST_LINKS:
            return None
        above = parts[: end - 1] if not link.startswith("/") else []
        real = artifacts.clean("/".join((*above, link.lstrip("/"), *parts[end:])))[1:]
        return _resolved(real, context, depth + 1)
    return path if depth == 0 or not path or context.exists(path) else None
