"""Reads our own output as earth does and repairs what it would read differently (design 5.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Earthfile, Item, Items, Meaning, Remark, ShellText, Target, Words
from migrate.earthfile.printer import SourceMap, render_file
from migrate.earthfile.reader import expanded_words, flags_and_args, read, run_text
from migrate.earthfile.shelltext import same_shell_text
from migrate.earthfile.tree import EarthfileError, Statement, Tree
from migrate.recipe import Reporter


class Printed(NamedTuple):
    """An Earthfile, its text, and which of its lines come from where (see ``render_file``)."""

    document: Earthfile
    text: str
    source_map: SourceMap


def checked(earthfile: Earthfile, report: Reporter) -> Printed:
    """``earthfile`` with every command in a form that earth reads as it is meant.

    A command that fails is replaced by its first alternative that does not, else kept as a comment (``EM321``).
    """
    printed = Printed(earthfile, *render_file(earthfile))
    if _agrees(earthfile, printed.text):
        return printed
    repaired = _repaired(earthfile, report)
    return Printed(repaired, *render_file(repaired))


def _agrees(earthfile: Earthfile, text: str) -> bool:
    try:
        tree = read(text)
    except EarthfileError:
        return False
    commands = list(_commands(earthfile))
    statements = list(_statements(tree))
    return len(commands) == len(statements) and all(map(means, commands, statements))


def _commands(earthfile: Earthfile) -> Iterator[Command]:
    for items in (earthfile.base, *(target.items for target in earthfile.targets)):
        yield from (item for item in items if isinstance(item, Command))


def _statements(tree: Tree) -> Iterator[Statement]:
    yield from tree.base
    for target in tree.targets:
        yield from target.statements


def means(command: Command, statement: Statement) -> bool:
    """Whether earth reads in ``statement`` what ``command`` is meant to say."""
    meaning = command.meaning
    if statement.name != command.keyword:
        return False
    try:
        return _reads_as(statement, meaning)
    except (EarthfileError, quoting.WordError):
        return False


def _reads_as(statement: Statement, meaning: Meaning | None) -> bool:
    if isinstance(meaning, ShellText):
        read_text = run_text(statement)
        return not statement.exec_form and (read_text == meaning.wrapped or same_shell_text(meaning.text, read_text))
    if isinstance(meaning, Items):
        # earth groups the items of a RUN by their quotes once more; CMD and ENTRYPOINT keep them.
        kept = statement.name != "RUN" or flags_and_args(statement) == ((), meaning.items)
        return kept and statement.exec_form and statement.args == meaning.items
    if isinstance(meaning, Words):
        return tuple(expanded_words(statement)) == meaning.words
    return True


def _repaired(earthfile: Earthfile, report: Reporter) -> Earthfile:
    """Each command by itself: the first spelling that earth reads as meant."""
    targets = tuple(
        target._replace(items=tuple(_repaired_item(item, report, in_target=True) for item in target.items))
        for target in earthfile.targets
    )
    base = tuple(_repaired_item(item, report, in_target=False) for item in earthfile.base)
    return earthfile._replace(base=base, targets=targets)


def _repaired_item(item: Item, report: Reporter, *, in_target: bool) -> Item:
    if isinstance(item, Remark):
        return item
    for lines in (item.lines, *item.alternatives):
        kept = {line.text.strip() for line in lines}
        lost = [
            line.text.strip()
            for line in item.lines
            if line.text.lstrip().startswith("#") and line.text.strip() not in kept
        ]
        candidate = item._replace(lines=lines, alternatives=(), above=(*item.above, *lost))
        if _reads_alone(candidate, in_target=in_target):
            return candidate
    report("EM321", item.source, keyword=item.keyword)
    rest = tuple(f"#     {line.text.strip()}".rstrip() for line in item.lines[1:])
    first = item.lines[0].text if item.lines else ""
    return Remark(
        (*item.above, f"# EM321, not converted: {item.keyword} {first}".rstrip(), *rest), item.source, item.depth
    )


def _reads_alone(command: Command, *, in_target: bool) -> bool:
    flat = command._replace(depth=0)
    file = Earthfile((), (Target("t", (flat,)),)) if in_target else Earthfile((flat,), ())
    text, _ = render_file(file)
    try:
        statements = list(_statements(read(text)))
    except EarthfileError:
        return False
    return len(statements) == 1 and means(flat, statements[0])
