"""An Earthfile that exists: which lines a migration wrote, which are somebody's own, and how new targets join them.

Nothing of the other lines changes, not even a line end. What is ours is told by name (.earthmigrate.yaml lists targets
and global arguments), and by a digest whether anybody has changed it since.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from migrate.earthfile.flags import flags_and_args
from migrate.earthfile.model import Command, Earthfile, Target
from migrate.earthfile.printer import render_target
from migrate.earthfile.reader import read
from migrate.earthfile.tree import EarthfileError, Recipe, Statement, Tree

_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOBAL = re.compile(r"--global[ \t]+([A-Za-z_][A-Za-z0-9_]*)")
_VERSION = "0.8"
_MOST_QUOTED = 50
"""Lines at the end of a target that are looked at one by one; each look reads the whole target."""


class Mine(NamedTuple):
    """What earlier runs wrote: names of targets, names of global arguments, and the digest of their text."""

    targets: frozenset[str] = frozenset()
    globals: frozenset[str] = frozenset()
    digest: str = ""


class Block(NamedTuple):
    """The lines ``start`` to ``end`` (not included, from 0) of a target, a function or a global argument."""

    name: str
    start: int
    end: int


class Standing(NamedTuple):
    """An Earthfile as it stands. ``blocks`` and ``arguments`` are ours."""

    text: str
    lines: tuple[str, ...]
    tree: Tree
    blocks: tuple[Block, ...]
    arguments: tuple[Block, ...]
    others: tuple[Recipe, ...]
    """Targets and functions of somebody else."""
    base: tuple[Statement, ...]
    """The base recipe of somebody else."""
    first: int = 0
    """The line with which the first recipe begins, its comments included."""

    @property
    def is_ours(self) -> bool:
        """Whether nothing in it is somebody else's, but for comments."""
        return not self.others and not self.base

    @property
    def newline(self) -> str:
        """How the file ends its lines."""
        return "\r\n" if self.lines and self.lines[0].endswith("\r\n") else "\n"


def outline(text: str, mine: Mine) -> Standing:
    """The parts of ``text``. Raises EarthfileError for text that earth cannot read."""
    tree = read(text, strict=False)
    lines = tuple(_LINES.findall(text))
    recipes = sorted((*tree.targets, *tree.functions), key=lambda recipe: recipe.line)
    starts = [_with_comments(lines, recipe.line - 1) for recipe in recipes]
    blocks = tuple(
        Block(recipe.name, start, _end(lines, start, limit, recipe.end))
        for recipe, start, limit in zip(recipes, starts, [*starts, len(lines)][1:], strict=True)
        if recipe.name in mine.targets
    )
    arguments = []
    for statement in tree.base:
        name = global_name(statement)
        if name in mine.globals:
            start = _with_comments(lines, statement.line - 1)
            arguments.append(Block(name, start, _end(lines, statement.line - 1, statement.line, len(lines))))
    others = tuple(recipe for recipe in recipes if recipe.name not in mine.targets)
    # A platform argument that the globals read stands with them, and reaches nobody else.
    base = tuple(
        statement
        for statement in tree.base
        if global_name(statement) not in mine.globals and not (mine.globals and _is_platform(statement))
    )
    return Standing(text, lines, tree, blocks, tuple(arguments), others, base, [*starts, len(lines)][0])


def _is_platform(statement: Statement) -> bool:
    return statement.name == "ARG" and len(statement.args) == 1 and bool(_PLATFORM.fullmatch(statement.args[0]))


_PLATFORM = re.compile(r"(?:TARGET|BUILD|NATIVE|USER)(?:PLATFORM|OS|ARCH|VARIANT)")


def global_name(statement: Statement) -> str:
    """The name that ``ARG --global`` gives to all targets, "" for any other command."""
    if statement.name != "ARG" or "--global" not in statement.args:
        return ""
    rest = [arg for arg in statement.args if not arg.startswith("--")]
    return rest[0].partition("=")[0] if rest else ""


def _with_comments(lines: Sequence[str], start: int) -> int:
    """The first of the comment lines directly above line ``start``."""
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return start


def _end(lines: Sequence[str], start: int, limit: int, whole: int) -> int:
    """Where the block ends: behind its last line that is no blank line, and no comment that nothing follows.

    From the line ``whole`` on it is known to have all of its statements.
    """
    end = limit
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    if end >= whole:
        return end
    # A line of quoted text may look like a comment.
    last = min(len(lines), end + _MOST_QUOTED)
    while end < last and not _is_whole(lines[start:end]):
        end += 1
    return end


def _is_whole(lines: Sequence[str]) -> bool:
    try:
        read(f"VERSION {_VERSION}\n" + "".join(lines), strict=False)
    except EarthfileError:
        return False
    return not lines[-1].rstrip().endswith("\\")


def digest(standing: Standing) -> str:
    """The digest of what is ours, however lines end.

    Comments above the first target belong to it as long as the file holds nothing else.
    """
    text = "".join(body(standing, block) for block in (*standing.arguments, *standing.blocks))
    if standing.is_ours or not standing.blocks:
        return _digest(remarks_of(standing) + text)
    return _digest(text)


def _digest(text: str) -> str:
    plain = text.replace("\r\n", "\n")
    if plain and not plain.endswith("\n"):
        plain += "\n"
    return f"sha256:{hashlib.sha256(plain.encode('utf-8', 'surrogateescape')).hexdigest()}"


def body(standing: Standing, block: Block) -> str:
    text = "".join(standing.lines[block.start : block.end])
    return text if text.endswith("\n") else text + "\n"


def remarks_of(standing: Standing) -> str:
    """The comments above the first recipe that stand by themselves."""
    ours = {line for block in (*standing.arguments, *standing.blocks) for line in range(block.start, block.end)}
    head = enumerate(standing.lines[: standing.first])
    return "".join(line for index, line in head if line[0] == "#" and index not in ours)


def is_unchanged(standing: Standing, mine: Mine) -> bool:
    """Whether what earlier runs wrote is still there, and nobody has edited it."""
    if {block.name for block in standing.blocks} != mine.targets:
        return False
    text = "".join(body(standing, block) for block in (*standing.arguments, *standing.blocks))
    return mine.digest in (_digest(text), _digest(remarks_of(standing) + text))


def words(standing: Standing) -> frozenset[str]:
    """Every word of somebody else's lines that may be the name of a variable."""
    ours = {line for block in (*standing.arguments, *standing.blocks) for line in range(block.start, block.end)}
    text = "".join(line for index, line in enumerate(standing.lines) if index not in ours)
    return frozenset(_WORD.findall(text))


def names(standing: Standing) -> frozenset[str]:
    """The names that a new target must not take."""
    imports = {_import_name(statement) for statement in standing.base if statement.name == "IMPORT"}
    return frozenset(recipe.name for recipe in standing.others) | imports


def _import_name(statement: Statement) -> str:
    args = statement.args
    if len(args) > 2 and args[-2] == "AS":
        return args[-1]
    return args[0].split(":")[0].rstrip("/").rpartition("/")[2] if args else ""


def each(statements: Iterable[Statement]) -> Iterator[Statement]:
    """All commands, those inside IF, FOR, WITH, WAIT and TRY, too."""
    for statement in statements:
        yield statement
        for block in statement.blocks:
            yield from each(block.statements)


def clash(
    standing: Standing, document: Earthfile, images: Collection[str], is_environment: Collection[str] = ()
) -> str:
    """Why the targets of ``document`` cannot stand in this Earthfile, "" when they can.

    ``images`` are the names that they save; ``is_environment`` are names that programs read from their environment.
    """
    version = standing.tree.version or ()
    if version[-1:] != (_VERSION,):
        return f"its VERSION is {version[-1] if version else 'missing'}, and targets are written for {_VERSION}"
    missing = [flag for flag in document.version.split()[:-1] if flag not in version]
    if missing:
        return f"its VERSION lacks {missing[0]}"
    text = "".join(render_target(target, "\n") for target in document.targets)
    used = frozenset(_WORD.findall(text)) | frozenset(is_environment)
    for statement in standing.base:
        name = global_name(statement)
        if name in used:
            return f"its ARG --global {name} would change new targets, which use that name"
    bodies = {_meaning(target): target.name for target in document.targets}
    for recipe in standing.others:
        saved = [name for name in _saved(recipe) if name in images]
        if saved:
            return f"its target {recipe.name} saves {saved[0]} already"
        if (same := bodies.get(_meant(recipe))) is not None:
            return f"its target {recipe.name} does what the new target {same} would do"
    return ""


def arguments_of(document: Earthfile) -> dict[str, Command]:
    """The ``ARG --global`` of a document by their names."""
    found: dict[str, Command] = {}
    for item in document.base:
        if isinstance(item, Command) and item.keyword == "ARG" and item.lines:
            name = _GLOBAL.match(item.lines[0].text)
            if name:
                found[name.group(1)] = item
    return found


def arguments(document: Earthfile) -> tuple[str, ...]:
    """The names that a document makes global, sorted."""
    return tuple(sorted(arguments_of(document)))


def _saved(recipe: Recipe) -> Iterator[str]:
    """The names under which a target saves an image, a tag added where there is none."""
    defaults: dict[str, str] = {}
    for statement in each(recipe.statements):
        if statement.name == "ARG" and statement.args[-2:-1] == ("=",):
            defaults[statement.args[-3]] = statement.args[-1].strip("\"'")
        if statement.name == "SAVE IMAGE":
            for word in flags_and_args(statement)[1]:
                name = re.sub(r"\$\{?(\w+)\}?", lambda found: defaults.get(found.group(1), found.group()), word)
                name = name.strip("\"'")
                yield name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _meant(recipe: Recipe) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a target does, without the name of its image."""
    saves = [word for statement in recipe.statements if statement.name == "SAVE IMAGE" for word in statement.args]
    named = {name for word in saves for name in re.findall(r"\$\{?(\w+)", word)}
    return tuple(
        (statement.name, statement.args)
        for statement in recipe.statements
        if statement.name != "SAVE IMAGE" and not (statement.name == "ARG" and named.intersection(statement.args[:1]))
    )


def _meaning(target: Target) -> tuple[tuple[str, tuple[str, ...]], ...]:
    try:
        tree = read(f"VERSION {_VERSION}\n\n" + render_target(target, "\n"), strict=False)
    except EarthfileError:
        return ((target.name, ()),)
    return _meant(tree.targets[0]) if tree.targets else ((target.name, ()),)
