"""CMD and ENTRYPOINT: always an exec form, because earth expands and unquotes the shell form (earthfile.md 0.1)."""

from __future__ import annotations

from migrate.dockerfile.model import Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Items, TextLine, Words
from migrate.layout import lines_of
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe
from migrate.words import Literal


def exec_command(keyword: str, instruction: Instruction, stage: Recipe) -> Command:
    """The array that Docker would store: the JSON as written, or the shell in force and the raw text."""
    items = instruction.exec_form
    if items is None:
        items = (*stage.shell, instruction.operand)
    try:
        text = quoting.exec_array(items)
    except quoting.UnrenderableError:
        if len(items) == 3 and items[:2] == DEFAULT_SHELL:
            # In single quotes earth neither expands nor unquotes its shell form.
            quoted = quoting.encode_single(items[2])
            first, *rest = quoted.split("\n")
            lines = (TextLine(first), *(TextLine(line, verbatim=True) for line in rest))
            return Command(keyword, lines, source=instruction.span, meaning=Words(((Literal(items[2]),),)))
        return _broken(keyword, items, instruction)
    made = Command.of(keyword, text, source=instruction.span, meaning=Items(items))
    if instruction.exec_form is None:
        return made
    written = lines_of(instruction, start=instruction.operand_start)
    return made._replace(lines=written, alternatives=((TextLine(text),),))


def _broken(keyword: str, items: tuple[str, ...], instruction: Instruction) -> Command:
    """An array over several lines, which earth reads where it would find an open ``$(`` in one line."""
    try:
        first, *rest = quoting.broken_array(items)
    except quoting.UnrenderableError as error:
        raise NotExpressible("EM604", None, keyword=keyword, reason=str(error)) from None
    # earth drops the blanks that begin the next line.
    lines = (TextLine(first), *(TextLine(f"    {line}") for line in rest))
    return Command(keyword, lines, source=instruction.span, meaning=Items(items))
