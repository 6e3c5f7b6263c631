"""What a RUN says in front of its command so that its environment is Docker's.

An Earthfile exports an argument that nobody passes as an empty text; Docker leaves it unset, and ``${X-default}`` sees
that. And earth keeps some names to itself (TARGETARCH, USERARCH): an argument of the Dockerfile that has such a name
and a default of its own is set by each RUN.
"""

from __future__ import annotations

import re

from migrate.dockerfile.model import Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, ShellText, TextLine
from migrate.header import lists_environment
from migrate.layout import Edit
from migrate.recipe import NotExpressible, Recipe


def is_tested(name: str, text: str) -> bool:
    """Whether shell text asks if ``name`` is set."""
    if name not in text:
        return False
    name = re.escape(name)
    return re.search(rf"\$\{{{name}[-+?]|-v\s+{name}\b|\bprintenv\s+{name}\b", text) is not None


def is_asked_for(name: str, stage: Recipe) -> bool:
    """Whether a RUN of the stage asks if ``name`` is set, or lists all variables."""
    instructions = stage.arguments.plan.graph.stages[stage.stage].instructions
    return is_tested(name, stage.text) or any(map(lists_environment, instructions))


def prefix(instruction: Instruction, stage: Recipe) -> str:
    """The commands in front of a RUN, each with its semicolon; "" for nearly all."""
    scope = stage.scope
    set_here = [f"export {name}={_quoted(value)};" for name, value in scope.fixed.items() if value is not None]
    if scope.helpers and lists_environment(instruction):
        set_here.append(f"unset {' '.join(scope.helpers)};")
    bare = [name for name in scope.declared if scope.is_bare_argument(name)]
    if not bare:
        return " ".join(set_here)
    text = "\n".join(instruction.texts)
    tested = [name for name in sorted(bare) if is_tested(name, text) or lists_environment(instruction)]
    return " ".join([*set_here, *(f'[ -n "${name}" ] || unset {name};' for name in tested)])


def inserted(text: str, instruction: Instruction) -> Edit:
    """The edit that puts ``text`` in front of the command, behind the flags."""
    if instruction.operand.startswith("-"):
        raise NotExpressible("EM321", None, keyword=instruction.keyword)  # earth would need "--" behind it
    return (instruction.operand_start, instruction.operand_start, f"{text} ")


def meant(made: Command, text: str) -> Command:
    """``made``, written with ``text`` in front of its command, with that in its meaning and on a line of its own."""
    meaning = made.meaning
    assert isinstance(meaning, ShellText)
    wrapped = f"{text} {meaning.wrapped}" if meaning.wrapped is not None else None
    # A heredoc's lines come with the flags on a line of their own.
    own = tuple(line._replace(text=f"{text} \\") if line.text == f"{text}  \\" else line for line in made.lines)
    made = made._replace(lines=own, meaning=ShellText(f"{text} {meaning.text}", wrapped))
    for index, line in enumerate(made.lines):
        before, found, rest = line.text.partition(text)
        if found and not line.verbatim and rest.strip(" \\"):
            broken = (TextLine(f"{before}{found} \\"), TextLine(f"    {rest.lstrip()}"))
            lines = (*made.lines[:index], *broken, *made.lines[index + 1 :])
            return made._replace(lines=lines, alternatives=(made.lines, *made.alternatives))
    return made


def _quoted(value: str) -> str:
    plain = value.isascii() and all(char.isalnum() or char in "-_./:,@%+" for char in value)
    return value if plain else quoting.encode_single(value)
