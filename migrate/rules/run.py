"""RUN: the same text for /bin/sh, on the same lines; heredocs and other shells are written out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate import bindmounts, mounts, scripts
from migrate.dockerfile.heredocs import chomped, parse_header
from migrate.dockerfile.model import Flag, Instruction, RunDetail
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, Items, ShellText, TextLine
from migrate.earthfile.shelltext import same_shell_text
from migrate.layout import Edit, lines_of, lines_with_whole_quotes, one_line
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe, refuse_flags


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Flags first, then the command: exec form, heredoc, or shell text."""
    detail = instruction.detail
    assert isinstance(detail, RunDetail)
    if stage.has_shell is False and instruction.exec_form is None:
        stage.warn("EM510", instruction)
    refuse_flags(instruction, stage.arguments.mappings)
    copies: list[Command] = []
    edits = _flag_edits(detail, instruction, stage, copies)
    yield from copies
    if instruction.exec_form is not None:
        yield _exec(instruction.exec_form, edits, instruction, stage)
    elif instruction.heredocs:
        yield _heredoc(edits, instruction, stage)
    elif not instruction.operand.strip():
        stage.warn("EM511", instruction)
    elif stage.shell != DEFAULT_SHELL:
        yield _other_shell(edits, instruction, stage)
    else:
        yield _shell(edits, instruction)


def _flag_edits(detail: RunDetail, instruction: Instruction, stage: Recipe, copies: list[Command]) -> list[Edit]:
    """What replaces each flag; removed flags take the blanks after them along. Bind mounts go to ``copies``."""
    by_flag = {id(mount.flag): mount for mount in detail.mounts}
    edits: list[Edit] = []
    seen: set[str] = set()
    for flag in instruction.flags:
        mount = by_flag.get(id(flag))
        if mount is not None and mount.type == "bind":
            copies.append(bindmounts.copy(mount, instruction, stage))
            texts = []
        elif mount is not None:
            shared = stage.arguments.shared_caches
            texts = [made.text for made in mounts.converted(mount, instruction, stage, shared)]
        else:
            texts = _other_flag(flag, instruction, stage)
        text = " ".join(text for text in texts if text != "--ssh" or text not in seen)
        seen.update(texts)
        edits.append(_edit(flag, text, instruction))
    return edits


def _edit(flag: Flag, text: str, instruction: Instruction) -> Edit:
    end = flag.end
    while not text and instruction.text[end : end + 1] in (" ", "\t"):
        end += 1
    return flag.start, end, text


def _other_flag(flag: Flag, instruction: Instruction, stage: Recipe) -> list[str]:
    written = f"--{flag.name}={flag.value}"
    if written == "--network=none":
        return [written]
    if written in ("--network=default", "--security=sandbox"):
        return []
    if written == "--security=insecure":
        stage.warn("EM512", instruction, flag.start, flag.end)
        return ["--privileged"]
    raise NotExpressible("EM513", instruction.span_of(flag.start, flag.end), flag=written)


def _flags(edits: list[Edit]) -> str:
    return "".join(f"{text} " for _, _, text in edits if text)


def _exec(items: tuple[str, ...], edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    """An array stays one where earth runs it alike: no flag in front of it, no ARG that the program may read."""
    flags = _flags(edits)
    if not items:
        raise NotExpressible("EM516")
    try:
        if not flags and not stage.scope.declared and not stage.arguments.has_globals:
            text = quoting.exec_array(items)
            made = Command.of("RUN", text, source=instruction.span, meaning=Items(items))
            return made._replace(lines=lines_of(instruction), alternatives=(made.lines,))
    except quoting.UnrenderableError:
        pass  # the quoted shell form below can say it
    text = " ".join(map(_quoted_item, items))
    guard = "-- " if text.startswith("-") else ""
    if stage.has_shell is False:
        raise NotExpressible("EM517")
    return Command.of("RUN", f"{flags}{guard}{text}", source=instruction.span, meaning=ShellText(text))


def _is_plain(item: str) -> bool:
    return bool(item) and item.isascii() and all(char.isalnum() or char in "-_./:,@%+" for char in item)


def _shell(edits: list[Edit], instruction: Instruction) -> Command:
    """Lines first; joined inside quotes, wholly joined, or quoted only where earth would read another text."""
    text = instruction.operand
    wrapped = f"/bin/sh -c {quoting.encode_single(text)}"
    whole = _verbatim(_flags(edits) + wrapped)
    edits = _guarded(edits, instruction)
    choices = [
        lines_of(instruction, edits),
        lines_with_whole_quotes(instruction, edits),
        one_line(instruction, edits),
        whole,
    ]
    meaning = ShellText(text, wrapped)
    return Command("RUN", choices[0], source=instruction.span, meaning=meaning, alternatives=tuple(choices[1:]))


def _guarded(edits: list[Edit], instruction: Instruction) -> list[Edit]:
    """A command that begins with a dash would be a flag to earth."""
    start = instruction.operand_start
    if instruction.operand.startswith("-"):
        return [*edits, (start, start, "-- ")]
    return edits


def _verbatim(text: str) -> tuple[TextLine, ...]:
    first, *rest = text.split("\n")
    return (TextLine(first), *(TextLine(line, verbatim=True) for line in rest))


def _other_shell(edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    """``RUN <shell> '<text>'``, the line breaks kept inside the quotes, where the text does not depend on its
    indents."""
    text = instruction.operand
    shell = " ".join(map(_quoted_item, stage.shell))
    flags = _flags(edits)
    lines = lines_of(instruction, start=instruction.operand_start)
    code = [line for line in lines if not line.text.lstrip().startswith("#")]
    joined = " ".join(line.text.removesuffix("\\").strip(" \t") for line in code)
    if len(code) == 1 or not same_shell_text(text, joined):
        exact = f"{shell} {_quoted(text)}"
        return Command("RUN", _verbatim(flags + exact), source=instruction.span, meaning=ShellText(exact))
    # An apostrophe in a comment would end the quotes: such comments stand above.
    kept = [line for line in lines if line in code or "'" not in line.text]
    above = tuple(line.text.strip() for line in lines if line not in kept)
    first, *rest = [_inside_quotes(line.text) for line in kept]
    pieces = [f"{flags}{shell} '{first}", *rest]
    pieces[-1] += "'"
    whole = f"{shell} {quoting.encode_single(joined)}"
    choices = (tuple(TextLine(piece) for piece in pieces), _verbatim(flags + whole))
    return Command("RUN", choices[0], above, instruction.span, meaning=ShellText(whole), alternatives=choices[1:])


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


def _heredoc(edits: list[Edit], instruction: Instruction, stage: Recipe) -> Command:
    script = _script(instruction)
    flags = _flags(edits)
    if script is None:
        whole = _with_bodies(instruction)
        quoted = f"{' '.join(map(_quoted_item, stage.shell))} {quoting.encode_single(whole)}"
        return Command("RUN", _verbatim(flags + quoted), source=instruction.span, meaning=ShellText(quoted))
    if script.startswith("#!"):
        return _interpreted(script, flags, instruction, stage)
    shell = f"{' '.join(map(_quoted_item, stage.shell))} {quoting.encode_single(chr(10) + script)}"
    quoted_lines = _verbatim(flags + shell)
    chained = scripts.chain(script) if stage.shell == DEFAULT_SHELL else None
    if chained is None:
        return Command("RUN", quoted_lines, source=instruction.span, meaning=ShellText(shell))
    comments = next((index for index, line in enumerate(chained) if not line.startswith("#")), 0)
    lines = tuple(TextLine(line if not flags else "    " + line) for line in chained[comments:])
    if flags:
        lines = (TextLine(f"{flags}\\"), *lines)
    else:
        lines = (lines[0], *(TextLine("    " + line.text) for line in lines[1:]))
    text = " ".join(line.removesuffix("\\").strip() for line in chained if not line.lstrip().startswith("#"))
    meaning = ShellText(text, shell)
    return Command("RUN", lines, chained[:comments], instruction.span, meaning=meaning, alternatives=(quoted_lines,))


def _script(instruction: Instruction) -> str | None:
    """The body that is the whole command; None when the shell itself reads the heredocs."""
    if len(instruction.heredocs) != 1 or parse_header(instruction.operand.strip()) is None:
        return None
    heredoc = instruction.heredocs[0]
    return chomped(heredoc.body) if heredoc.chomp else heredoc.body


def _quoted_item(item: str) -> str:
    return item if _is_plain(item) else _quoted(item)


def _quoted(text: str) -> str:
    """``text`` as one shell word: single quotes, or double ones where only those spare the apostrophes."""
    if "'" in text and not set(text) & set('"$`\\!#\n'):
        return f'"{text}"'
    return quoting.encode_single(text)


def _with_bodies(instruction: Instruction) -> str:
    """The header line and its heredocs as the shell gets them (facts/dockerfile.md 2)."""
    bodies = "".join(f"\n{heredoc.body}{heredoc.name}" for heredoc in instruction.heredocs)
    return f"{instruction.operand}{bodies}"


def _interpreted(script: str, flags: str, instruction: Instruction, stage: Recipe) -> Command:
    """Docker runs such a body as a file; so does this, from /tmp, and removes it again."""
    name = posixpath.join("/tmp", instruction.heredocs[0].name)
    stage.warn("EM518", instruction, path=name)
    text = (
        f"printf %s {quoting.encode_single(script)} >{name} && chmod 0755 {name} && {name}; "
        f"status=$?; rm -f {name}; exit $status"
    )
    return Command("RUN", _verbatim(flags + text), source=instruction.span, meaning=ShellText(text))
