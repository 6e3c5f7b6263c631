"""How new targets join an Earthfile that exists: nothing of somebody else's lines changes, not even a line end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrate.earthfile.model import Earthfile, Remark
from migrate.earthfile.printer import render_item, render_target
from migrate.earthfile.tree import EarthfileError, Statement
from migrate.standing import Mine, Standing, arguments_of, body, digest, each, outline, remarks_of


class MergeError(ValueError):
    """Text that cannot take the new targets; the text of the exception says why."""


def merged(standing: Standing, document: Earthfile) -> str:
    """The text with ``document`` in it: what is ours is replaced in place, and new targets stand behind their
    neighbours. Raises MergeError when the result would not read back as meant."""
    newline = standing.newline
    document = _with_remarks_inside(standing, document)
    edits = {**_arguments(standing, document, newline), **_targets(standing, document, newline)}
    text = "".join(_spliced(standing.lines, edits, newline))
    _check(text, standing, document)
    return text


def adopted(standing: Standing, document: Earthfile) -> Mine | None:
    """What is ours in a file without a record, when it holds all targets of ``document`` as they would be written."""
    targets = frozenset(target.name for target in document.targets)
    arguments = arguments_of(document)
    mine = Mine(targets, frozenset(arguments))
    found = outline(standing.text, mine)
    printed = {target.name: render_target(target, "\n") for target in document.targets}
    printed |= {name: render_item(item, "\n") for name, item in arguments.items()}
    there = {block.name: body(found, block).replace("\r\n", "\n") for block in (*found.arguments, *found.blocks)}
    return mine._replace(digest=digest(found)) if printed == there else None


def _with_remarks_inside(standing: Standing, document: Earthfile) -> Earthfile:
    """The comments of the Dockerfile's head stand above the first new target: the head of the file is not ours.

    In a file of ours they stand there already; a later change of them is not followed.
    """
    if standing.is_ours and standing.blocks:
        return document
    remarks = [line for item in document.base if isinstance(item, Remark) for line in item.lines]
    there = {line.rstrip() for line in remarks_of(standing).split("\n")}
    if not document.targets or there.issuperset(line for line in remarks if line):
        return document
    first = document.targets[0]
    # No blank line among them: what stands above one belongs to nobody.
    above = tuple(line for line in (*remarks, *first.above) if line)
    return document._replace(targets=(first._replace(above=above), *document.targets[1:]))


#: (First line that goes, line behind the last) -> the text that takes their place.
_Edits = Mapping[tuple[int, int], str]


def _arguments(standing: Standing, document: Earthfile, newline: str) -> dict[tuple[int, int], str]:
    new = arguments_of(document)
    there = {block.name for block in standing.arguments}
    lost = [name for name in new if name not in there]
    if lost and not standing.is_ours:
        raise MergeError(f"ARG --global {lost[0]} would reach its own targets")
    edits = {
        (block.start, block.end): render_item(new[block.name], newline) if block.name in new else ""
        for block in standing.arguments
    }
    if lost:
        line = max((block.end for block in standing.arguments), default=standing.tree.version_line)
        space = "" if there else newline
        edits[line, line] = space + "".join(render_item(new[name], newline) for name in lost)
    return edits


def _targets(standing: Standing, document: Earthfile, newline: str) -> dict[tuple[int, int], str]:
    old = {block.name: block for block in standing.blocks}
    edits: dict[tuple[int, int], str] = {}
    added: dict[int, list[str]] = {}
    here = min((block.start for block in standing.blocks), default=len(standing.lines))
    first = here if standing.blocks else None
    for target in document.targets:
        text = render_target(target, newline)
        block = old.pop(target.name, None)
        if block is not None:
            edits[block.start, block.end] = text
            here, first = block.end, None
        elif first is not None:
            added.setdefault(first, []).append(text + newline)
        else:
            added.setdefault(here, []).append(newline + text)
    for block in old.values():
        end = block.end
        while end < len(standing.lines) and not standing.lines[end].strip():
            end += 1
        edits[block.start, end] = ""
    if document.targets and not standing.blocks and here in added:
        last = standing.lines[-1:]
        added[here][0] = added[here][0].removeprefix(newline) if last and not last[0].strip() else added[here][0]
    return edits | {(line, line): "".join(texts) for line, texts in added.items()}


def _spliced(lines: Sequence[str], edits: _Edits, newline: str) -> Iterator[str]:
    position = 0
    for (start, end), text in sorted(edits.items()):
        yield from lines[position:start]
        if text and start and not lines[start - 1].endswith("\n"):
            yield newline
        yield text
        position = end
    yield from lines[position:]


def _check(text: str, standing: Standing, document: Earthfile) -> None:
    """Somebody else's recipes read as before, and ours as printed."""
    ours = frozenset(target.name for target in document.targets)
    try:
        found = outline(text, Mine(ours))
    except EarthfileError as error:
        raise MergeError(f"the result would not be readable: {error}") from None
    before = [(recipe.name, _statements(recipe.statements)) for recipe in standing.others]
    after = [(recipe.name, _statements(recipe.statements)) for recipe in found.others]
    printed = {target.name: render_target(target, "\n") for target in document.targets}
    there = {block.name: body(found, block).replace("\r\n", "\n") for block in found.blocks}
    if before != after or printed != there:
        raise MergeError("its lines cannot be told from new ones")


def _statements(statements: Iterable[Statement]) -> list[tuple[str, tuple[str, ...]]]:
    return [(statement.name, statement.args) for statement in each(statements)]
