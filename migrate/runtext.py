"""The command of a RUN as earth must be told it: exec form, text for /bin/sh, text for another shell.

earth hands ``/bin/sh -c`` the arguments of a RUN joined by blanks (facts/earthfile.md 2); what it would read
differently is joined or quoted. Every command says what earth must read in it, and migrate/checked.py verifies that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrate.dockerfile.model import Instruction
from migrate.earthfile import quoting
from migrate.earthfile.flags import flags_and_args
from migrate.earthfile.model import Command, Items, ShellText, TextLine
from migrate.earthfile.shelltext import same_shell_text
from migrate.earthfile.tree import EarthfileError, Statement
from migrate.layout import Edit, lines_of, spellings
from migrate.recipe import NotExpressible, Recipe

#: Linux takes no argument of a program beyond 128 KiB; earth's own words and the arguments in scope need some of it.
_LONGEST = 128 * 1024 - 4096
#: What a shell runs itself, or reads as syntax, where the exec form finds a program of that name: dash, busybox, bash.
_BUILTIN_NAMES = """
    . : [ [[ ]] { } ! alias bg bind break builtin caller case cd chdir command compgen complete compopt continue coproc
    declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi for function getopts
    hash help history if in jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return
    select set shift shopt source suspend test then time times trap true type typeset ulimit umask unalias unset until
    wait while
"""
_BUILTINS = frozenset(_BUILTIN_NAMES.split())
_PROCESS_NUMBER = re.compile(r"\$\$|\$\{?PPID\b")
_SINGLE_QUOTED = re.compile(r"'[^']*'")


def exec_form(items: tuple[str, ...], edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    """An array stays one where earth runs it alike: no flag in front of it, no ARG that the program may read."""
    flags = flags_of(edits)
    if not items:
        raise NotExpressible("EM516")
    if not flags and not stage.scope.declared and not stage.arguments.has_globals:
        array = _array(items)
        if array is not None:
            made = Command.of("RUN", array, source=instruction.span, meaning=Items(items))
            return made._replace(lines=lines_of(instruction), alternatives=(made.lines,))
    if stage.has_shell is False:
        raise NotExpressible("EM517")
    text = " ".join(map(quoted_item, items))
    if items[0] in _BUILTINS:
        text = f"exec {text}"
    return quoted_command(flags, text, instruction)


def shell_form(edits: list[Edit], instruction: Instruction) -> Command:
    """Lines first; joined inside quotes, wholly joined, or quoted only where earth would read another text."""
    text = instruction.operand
    check_length(text)
    wrapped = f"/bin/sh -c {quoting.encode_single(text)}"
    whole = verbatim(flags_of(edits) + wrapped)
    choices = [*spellings(instruction, _guarded(edits, instruction))]
    if _fits(wrapped):
        choices.append(whole)
    meaning = ShellText(text, wrapped)
    return Command("RUN", choices[0], source=instruction.span, meaning=meaning, alternatives=tuple(choices[1:]))


def other_shell(edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    """``RUN <shell> '<text>'``, the line breaks kept inside the quotes, where the text does not depend on its
    indents."""
    text = instruction.operand
    flags = flags_of(edits)
    if stage.has_shell is False:
        return without_bin_sh(text, flags, instruction, stage)
    shell = " ".join(map(quoted_item, stage.shell))
    lines = lines_of(instruction, start=instruction.operand_start)
    code = [line for line in lines if not line.text.lstrip().startswith("#")]
    joined = " ".join(line.text.removesuffix("\\").strip(" \t") for line in code)
    if len(code) == 1 or not same_shell_text(text, joined):
        return quoted_command(flags, f"{shell} {quoted(text)}", instruction)
    # An apostrophe in a comment would end the quotes: such comments stand above.
    kept = [line for line in lines if line in code or "'" not in line.text]
    above = tuple(line.text.strip() for line in lines if line not in kept)
    first, *rest = [_inside_quotes(line.text) for line in kept]
    pieces = [f"{flags}{shell} '{first}", *rest]
    pieces[-1] += "'"
    whole = f"{shell} {quoting.encode_single(joined)}"
    check_length(whole)
    choices = (tuple(TextLine(piece) for piece in pieces), verbatim(flags + whole))
    return Command("RUN", choices[0], above, instruction.span, meaning=ShellText(whole), alternatives=choices[1:])


def without_bin_sh(text: str, flags: str, instruction: Instruction, stage: Recipe) -> Command:
    """An array of the shell in force and its text, for an image that has that shell but no /bin/sh."""
    items = (*stage.shell, text)
    array = None if flags or stage.scope.declared or stage.arguments.has_globals else _array(items)
    if array is None:
        raise NotExpressible("EM533", shell=" ".join(stage.shell))
    return Command.of("RUN", array, source=instruction.span, meaning=Items(items))


def quoted_command(flags: str, text: str, instruction: Instruction) -> Command:
    """A RUN of quoted words, with real newlines inside the quotes."""
    check_length(text)
    guard = "-- " if text.startswith("-") else ""
    return Command("RUN", verbatim(f"{flags}{guard}{text}"), source=instruction.span, meaning=ShellText(text))


def flags_of(edits: Sequence[Edit]) -> str:
    """The flags as they stand in front of a command."""
    return "".join(f"{text} " for _, _, text in edits if text)


def verbatim(text: str) -> tuple[TextLine, ...]:
    """The lines of ``text``, all but the first inside quotes."""
    first, *rest = text.split("\n")
    return (TextLine(first), *(TextLine(line, verbatim=True) for line in rest))


def quoted_item(item: str) -> str:
    """One word of a command line."""
    plain = item and item.isascii() and all(char.isalnum() or char in "-_./:,@%+" for char in item)
    return item if plain else quoted(item)


def quoted(text: str) -> str:
    """``text`` as one shell word: single quotes, or double ones where only those spare the apostrophes."""
    if "'" in text and not set(text) & set('"$`\\!#\n'):
        return f'"{text}"'
    return quoting.encode_single(text)


def check_length(text: str) -> None:
    """Raise NotExpressible where Linux would not start earth's shell with ``text``."""
    if not _fits(text):
        raise NotExpressible("EM531", None, size=str(len(text.encode("utf-8", "surrogatepass")) // 1024))


def report_process_number(instruction: Instruction, stage: Recipe) -> None:
    """Docker's shell is process 1; earth's is not."""
    text = _SINGLE_QUOTED.sub("", instruction.operand) + "".join(heredoc.body for heredoc in instruction.heredocs)
    found = _PROCESS_NUMBER.search(text)
    if found is not None:
        stage.warn("EM532", instruction, written=found[0].replace("{", ""))


def _fits(text: str) -> bool:
    # earth puts the text into single quotes once more: five characters for each.
    return len(text.encode("utf-8", "surrogatepass")) + 4 * text.count("'") < _LONGEST


def _array(items: tuple[str, ...]) -> str | None:
    """The array that earth runs as exactly ``items``, None where it has no such array."""
    try:
        array = quoting.exec_array(items)
        # earth groups the items of a RUN by their quotes once more, and expands what looks like a flag of its own.
        read = flags_and_args(Statement("RUN", items, True, 0, 0))
    except (quoting.UnrenderableError, EarthfileError):
        return None
    return array if read == ((), items) else None


def _guarded(edits: list[Edit], instruction: Instruction) -> list[Edit]:
    """A command that begins with a dash would be a flag to earth."""
    start = instruction.operand_start
    if instruction.operand.startswith("-"):
        return [*edits, (start, start, "-- ")]
    return edits


def _inside_quotes(line: str) -> str:
    """``line`` as it stands inside single quotes that go on over line ends."""
    if line.lstrip().startswith("#"):
        return line
    continued = line.endswith(" \\")
    body = line[:-2] if continued else line
    indent = body[: len(body) - len(body.lstrip(" "))]
    # The marks keep the encoding from dropping the quotes at its ends.
    encoded = quoting.encode_single(f"x{body.lstrip(' ')}x")
    return indent + encoded[2:-2] + (" \\" if continued else "")
