"""The static level: what can be said of an Earthfile without building it. It proves nothing about the images."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from migrate.earthfile.reader import EarthfileError, Recipe, Statement, flags_and_args, read
from migrate.spans import Span
from migrate.verify.errors import VerifyError

_REFERENCE = re.compile(r"(?P<project>[^+]*)\+(?P<target>[A-Za-z0-9_.\-]+)(?P<path>/.*)?", re.DOTALL)
_WILD = re.compile(r"[*?\[]")


class Finding(NamedTuple):
    """A problem at a line of the Earthfile."""

    error: VerifyError
    span: Span


class Reference(NamedTuple):
    """What a command names of this Earthfile; ``path`` is None for a target without an artifact."""

    target: str
    path: str | None
    span: Span
    optional: bool = False


def check(earthfile: str) -> tuple[Finding, ...]:
    """Everything in ``earthfile`` that earth would refuse, or that names what does not exist."""
    try:
        tree = read(earthfile)
        recipes = {recipe.name: recipe for recipe in tree.targets}
        references = [found for recipe in tree.targets for found in _references(recipe.statements)]
        references += _references(tree.base)
        saved = {name: tuple(_saved(recipe)) for name, recipe in recipes.items()}
    except EarthfileError as error:
        span = Span.of(error.line, error.column, error.line, error.column + 1)
        return (Finding(VerifyError("EM940", reason=error.message), span),)
    return tuple(_judged(references, saved))


def _judged(references: Iterable[Reference], saved: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    for found in references:
        if found.target not in saved:
            if found.target != "base":
                yield Finding(VerifyError("EM941", target=found.target), found.span)
        elif found.path is not None and not found.optional and not _is_saved(found.path, saved[found.target]):
            names = ", ".join("/" + name for name in saved[found.target]) or "nothing"
            yield Finding(VerifyError("EM942", target=found.target, path=found.path, saved=names), found.span)


def statements(recipe: Iterable[Statement]) -> Iterator[Statement]:
    """The commands of a recipe, also those inside IF, FOR and the like."""
    for statement in recipe:
        yield statement
        for block in statement.blocks:
            yield from statements(block.statements)


def _references(recipe: Iterable[Statement]) -> Iterator[Reference]:
    for statement in statements(recipe):
        if statement.name not in ("FROM", "FROM DOCKERFILE", "BUILD", "COPY", "DO") or statement.exec_form:
            continue
        flags, words = flags_and_args(statement)
        span = Span.of(statement.line, statement.column, statement.line, statement.column + len(statement.name))
        optional = any(name == "if-exists" for name, _ in flags)
        if statement.name == "COPY":
            words = words[:-1]
        elif statement.name != "FROM DOCKERFILE":
            words = words[:1]
        else:
            words = (*words, *(value for name, value in flags if name == "f" and value is not None))
        for word in words:
            if statement.name != "DO" and (found := _parsed(word, span, optional, statement.name)):
                yield found


def _parsed(word: str, span: Span, optional: bool, command: str) -> Reference | None:
    """The reference in ``word``, None for another Earthfile's, a path of the context, or one with variables."""
    text = word[1:].split()[0] if word.startswith("(") and word[1:].split() else word
    plain = re.sub(r"\\(.)|[\"']", r"\1", text.replace("\\+", "\0"))
    found = _REFERENCE.fullmatch(plain)
    if found is None or found["project"] or "$" in plain:
        return None
    if command == "COPY" and found["path"] is None:
        return None  # a file's name with a plus
    path = None if command in ("FROM", "BUILD") else (found["path"] or "").replace("\0", "+").strip("/")
    return Reference(found["target"], path, span, optional)


def _saved(recipe: Recipe) -> Iterator[str]:
    """The names of what a target saves, without the slash in front."""
    for statement in statements(recipe.statements):
        if statement.name != "SAVE ARTIFACT":
            continue
        words = [re.sub(r"\\(.)|[\"']", r"\1", word) for word in flags_and_args(statement)[1]]
        if "AS" in words:
            words = words[: words.index("AS")]
        source = posixpath.normpath(words[0])
        name = words[1] if len(words) > 1 else posixpath.basename(source)
        if name.endswith(("/", "/.")) or name in (".", ""):
            name = posixpath.join(name, posixpath.basename(source))
        yield posixpath.normpath("/" + name).strip("/")


def _is_saved(path: str, names: tuple[str, ...]) -> bool:
    return any("$" in name or _meet(path, name) for name in names) if path else bool(names)


def _meet(path: str, name: str) -> bool:
    """Whether one of the two is the other or lies below it, wildcards on both sides."""
    if not name:
        return True
    pairs = zip(path.split("/"), name.split("/"), strict=False)
    return all(
        fnmatchcase(one, other) or fnmatchcase(other, one) or bool(_WILD.search(one) and _WILD.search(other))
        for one, other in pairs
    )
