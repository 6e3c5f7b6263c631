"""RUN <<EOF: a chain of commands where that is proven, a quoted script, or a file that its interpreter runs
(hard-cases.md 7, facts/dockerfile.md 2)."""

from __future__ import annotations

from migrate import runtext, scripts
from migrate.dockerfile.heredocs import chomped, parse_header
from migrate.dockerfile.model import Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, ShellText, TextLine
from migrate.layout import Edit
from migrate.recipe import DEFAULT_SHELL, Recipe

#: Where Docker mounts a script that names its interpreter; a tmpfs there is writable for every user, and gone after.
_PIPES = "/dev/pipes"


def command(edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    """The RUN for an instruction with heredocs."""
    script = _script(instruction)
    flags = runtext.flags_of(edits)
    if script is not None and script.startswith("#!"):
        return _interpreted(script, flags, instruction, stage)
    text = _with_bodies(instruction) if script is None else script
    if stage.has_shell is False and stage.shell != DEFAULT_SHELL:
        return runtext.without_bin_sh(text, flags, instruction, stage)
    if script and "LINENO" not in script and "\r\n" not in script:
        text = f"\n{script}"  # reads better below the quote
    shell = f"{_shell(stage)} {quoting.encode_single(text)}"
    chained = scripts.chain(script) if script is not None and stage.shell == DEFAULT_SHELL else None
    if chained is None:
        return runtext.quoted_command(flags, shell, instruction)
    return _chained(chained, shell, flags, instruction)


def _chained(chained: tuple[str, ...], shell: str, flags: str, instruction: Instruction) -> Command:
    """The script as readable lines; ``shell`` is the quoted form, for when earth reads other lines."""
    comments = next((index for index, line in enumerate(chained) if not line.startswith("#")), 0)
    lines = tuple(TextLine(line if not flags else "    " + line) for line in chained[comments:])
    if flags:
        lines = (TextLine(f"{flags}\\"), *lines)
    else:
        lines = (lines[0], *(TextLine("    " + line.text) for line in lines[1:]))
    text = " ".join(line.removesuffix("\\").strip() for line in chained if not line.lstrip().startswith("#"))
    runtext.check_length(text)
    meaning = ShellText(text, shell)
    quoted = (runtext.verbatim(flags + shell),)
    return Command("RUN", lines, chained[:comments], instruction.span, meaning=meaning, alternatives=quoted)


def _script(instruction: Instruction) -> str | None:
    """The body that is the whole command; None when the shell itself reads the heredocs."""
    if len(instruction.heredocs) != 1 or parse_header(instruction.operand.strip()) is None:
        return None
    heredoc = instruction.heredocs[0]
    return chomped(heredoc.body) if heredoc.chomp else heredoc.body


def _with_bodies(instruction: Instruction) -> str:
    """The header line and its heredocs as the shell gets them."""
    bodies = "".join(f"\n{heredoc.body}{heredoc.name}" for heredoc in instruction.heredocs)
    return f"{instruction.operand}{bodies}"


def _interpreted(script: str, flags: str, instruction: Instruction, stage: Recipe) -> Command:
    """Docker mounts such a body as a program and runs that; so does this, from a tmpfs at the same place."""
    name = runtext.quoted_item(f"{_PIPES}/{instruction.heredocs[0].name}")
    stage.warn("EM518", instruction, path=name)
    run = name if stage.shell == DEFAULT_SHELL else f"{_shell(stage)} {runtext.quoted_item(name)}"
    text = f"printf %s {quoting.encode_single(script)} >{name} && chmod 0755 {name} && {run}"
    return runtext.quoted_command(f"{flags}--mount=type=tmpfs,target={_PIPES} ", text, instruction)


def _shell(stage: Recipe) -> str:
    return " ".join(map(runtext.quoted_item, stage.shell))
