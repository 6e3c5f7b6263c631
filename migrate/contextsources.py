"""What a COPY takes from the build context, spelled so that earth takes the same (earthfile.md 3, hard-cases.md)."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from migrate import artifacts, folders
from migrate.context import Context
from migrate.dockerfile.model import Instruction, Operand
from migrate.recipe import Recipe
from migrate.words import Literal, Part, Variable, Word, literal_text, merged, variables

WILDCARDS = frozenset("*?[")
#: As many as Linux follows.
_MOST_LINKS = 40


class Argument(NamedTuple):
    """One argument of the new COPY: the operand it replaces, its spelling and its meaning."""

    operand: Operand
    spelling: str
    meaning: Word

    @property
    def text(self) -> str:
        """The literal text, variables left out."""
        return "".join(part.text for part in self.meaning if isinstance(part, Literal))

    @property
    def is_pattern(self) -> bool:
        """Whether it has a wildcard."""
        return bool(WILDCARDS & set(self.text))


def argument(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    spelling, meaning = stage.word(operand.text, instruction, "path")
    return Argument(operand, spelling or '""', meaning)


def is_folder(text: str) -> bool:
    return text.endswith(("/", "/.")) or text in (".", "..", "")


def context_source(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    """A source without the leading slash and the dots that BuildKit ignores and earth does not."""
    found = argument(operand, instruction, stage)
    text = literal_text(found.meaning)
    if text is not None:
        cleaned = artifacts.clean(text)[1:] or "."
        if not found.is_pattern and stage.context.is_ignored(cleaned):
            name, _ = stage.context.ignore_text() or ("", "")
            stage.warn("EM706", instruction, operand.start, operand.end, source=operand.text, name=name)
        rooted = text.startswith("/") or ".." in text.split("/")
        if not rooted and cleaned != ".":
            return found
        cleaned += "/" if text.endswith("/") and cleaned != "." else ""
        meaning: Word = (Literal(cleaned),)
        return Argument(operand, stage.spell(meaning, how="path"), meaning)
    return _variable_source(found, instruction, stage)


def taken_path(source: Argument, stage: Recipe) -> str:
    """What ``source`` takes from the context: its value, or a pattern where that depends on build arguments."""
    if not stage.scope.is_overridable(source.meaning) and (value := stage.scope.static(source.meaning)) is not None:
        return value
    return "".join(part.text if isinstance(part, Literal) else "*" for part in source.meaning)


def _variable_source(argument: Argument, instruction: Instruction, stage: Recipe) -> Argument:
    """A source with variables: earth copies nothing for one that ends as ``""`` or ``./``, Docker the whole context."""
    operand, meaning = argument.operand, argument.meaning
    value = stage.scope.static(meaning)
    last = meaning[-1]
    is_folder = isinstance(last, Literal) and last.text.endswith("/")
    if value is not None and value != "." and not is_folder and artifacts.clean(value) == "/":
        if stage.scope.is_overridable(meaning):
            names = ", ".join(variable.name for variable in variables(meaning))
            stage.warn("EM306", instruction, operand.start, operand.end, written=operand.text, value=".", name=names)
        return Argument(operand, ".", (Literal("."),))
    first = meaning[0]
    if isinstance(first, Literal) and first.text.startswith("/"):
        meaning = merged([Literal(first.text.lstrip("/")), *meaning[1:]])
    elif value is not None and value.startswith("/"):
        stage.warn("EM413", instruction, operand.start, operand.end, source=operand.text, value=value)
    if is_folder:
        meaning = merged([*meaning, Literal(".")])
    elif all(isinstance(part, Variable) for part in meaning) and value is None:
        stage.warn("EM425", instruction, operand.start, operand.end, source=operand.text)
    return argument if meaning == argument.meaning else Argument(operand, stage.spell(meaning, how="path"), meaning)


def without_question_marks(source: Argument, stage: Recipe) -> Argument:
    """``?`` never matches in a context source of earth; ``[^/]`` is the same pattern and does."""
    if "?" not in source.text:
        return source
    parts: list[Part] = []
    in_brackets = False
    for part in source.meaning:
        if not isinstance(part, Literal):
            parts.append(part)
            continue
        text = ""
        for char in part.text:
            in_brackets = char == "[" or (in_brackets and char != "]")
            text += "[^/]" if char == "?" and not in_brackets else char
        parts.append(Literal(text))
    meaning = merged(parts)
    return Argument(source.operand, stage.spell(meaning, how="path"), meaning)


def matches_nothing(source: Argument, instruction: Instruction, stage: Recipe) -> bool:
    """A pattern that begins with a wildcard and is known to match nothing now: earth would fail on it."""
    if source.text.removeprefix("./")[:1] not in WILDCARDS or literal_text(source.meaning) is None:
        return False
    if stage.context.matches(source.text) != ():
        return False
    stage.warn("EM410", instruction, source.operand.start, source.operand.end, source=source.operand.text)
    return True


def followed(
    source: Argument, target: Argument, path: str | None, instruction: Instruction, stage: Recipe
) -> tuple[Argument, Argument]:
    """A source that is a link in the context, replaced by what it points to: Docker follows it, earth does not."""
    name = literal_text(source.meaning)
    if not name or source.is_pattern:
        return source, target
    real = _resolved(artifacts.clean(name)[1:], stage.context)
    if real is None or real == artifacts.clean(name)[1:]:
        return source, target
    folder = stage.context.is_directory(real)
    operand = source.operand
    stage.warn("EM427", instruction, operand.start, operand.end, source=operand.text, real=real)
    meaning: Word = (Literal(real),)
    named = Argument(operand, stage.spell(meaning, how="path"), meaning)
    written = literal_text(target.meaning)
    if folder or written is None or not (is_folder(written) or folders.exists(path, stage)):
        return named, target
    end: Word = (Literal(posixpath.join(written, posixpath.basename(artifacts.clean(name)))),)
    return named, Argument(target.operand, stage.spell(end, how="path"), end)


def _resolved(path: str, context: Context, depth: int = 0) -> str | None:
    """``path`` without links on the way; None when one leads out of the context, in a ring, or nowhere known."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        link = context.link_target("/".join(parts[:end]))
        if link is None:
            continue
        real = posixpath.normpath("/".join((*parts[: end - 1], link, *parts[end:])))
        if link.startswith("/") or real.startswith("..") or depth > _MOST_LINKS:
            return None
        return _resolved(real, context, depth + 1)
    return path if depth == 0 or context.exists(path) else None


def is_optional(source: Argument, instruction: Instruction, stage: Recipe) -> bool:
    """Whether a wildcard may match nothing, which Docker accepts and earth does not."""
    operand = source.operand
    if not source.text.isascii():
        stage.warn("EM412", instruction, operand.start, operand.end, source=operand.text)
    named = [source.text] if not source.is_pattern else stage.context.matches(source.text) or ()
    if any(_resolved(path, stage.context) != path for path in (artifacts.clean(name)[1:] for name in named)):
        stage.warn("EM411", instruction, operand.start, operand.end, source=operand.text)
    if not source.is_pattern:
        return False
    if literal_text(source.meaning) is not None and stage.context.matches(source.text):
        return False
    if source.text.removeprefix("./")[:1] in WILDCARDS:
        stage.warn("EM410", instruction, operand.start, operand.end, source=operand.text)
        return False
    return True
