"""COPY <<EOF: a file written by a RUN, or copied from a small target where no RUN can (hard-cases.md 7)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from migrate import folders
from migrate.dockerfile.heredocs import chomped
from migrate.dockerfile.model import CopyDetail, Heredoc, Instruction
from migrate.dockerfile.words import parse_body
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, ShellText, Target, TextLine
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe
from migrate.words import Literal, Variable, Word, literal_text, merged, variables


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """One file per heredoc, mode 0644 and root's, or as --chown and --chmod say."""
    mode = instruction.flag("chmod")
    if mode is not None and not (mode.value or "").isdigit():
        raise NotExpressible("EM403", None, reason="its --chmod is not an octal number")
    if instruction.flag("parents") or instruction.flag("exclude"):
        raise NotExpressible("EM403", None, reason="it has --parents or --exclude")
    owner = instruction.flag("chown")
    plain = stage.user.root is True and stage.has_shell is True and owner is None and stage.shell == DEFAULT_SHELL
    files = _files(instruction, stage, plain=plain)
    if plain:
        for path, content in files.items():
            folder = posixpath.dirname(path)
            if mode is not None and mode.value not in ("755", "0755") and not folders.exists(folder, stage):
                stage.warn("EM406", instruction, mode.start, mode.end, mode=mode.value, folder=folder)
            yield _written(path, content, mode.value if mode else None, instruction, stage)
            folders.note_made(posixpath.dirname(path), stage)
    else:
        yield from _from_helper(files, instruction, stage)


def _files(instruction: Instruction, stage: Recipe, *, plain: bool) -> dict[str, Word]:
    """Absolute path -> content, in order; of two heredocs to one name the last stays."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    operand = detail.destination
    target = stage.known(operand.text)
    path = folders.destination(target, stage)
    if target is None or path is None:
        raise NotExpressible("EM403", None, reason=f"the folder of its destination {operand.text} is not known")
    if (word := stage.word(operand.text, instruction)[1]) and stage.scope.is_overridable(word):
        names = ", ".join(variable.name for variable in variables(word))
        stage.warn("EM306", instruction, operand.start, operand.end, written=operand.text, value=target, name=names)
    in_folder = target.endswith("/") or target in (".", "") or folders.exists(path, stage)
    files = {}
    for source in detail.sources:
        if source.heredoc is not None:
            name = posixpath.join(path, source.heredoc.name) if in_folder else path
            files[name] = _content(source.heredoc, instruction, stage, plain=plain)
    return files


def _content(heredoc: Heredoc, instruction: Instruction, stage: Recipe, *, plain: bool) -> Word:
    """What the builder writes: its own expansion, unless the name was quoted.

    A RUN has arguments and environment, so variables can stay there; a helper target has neither.
    """
    body = chomped(heredoc.body) if heredoc.chomp else heredoc.body
    if not heredoc.expand:
        return (Literal(body),)
    word = parse_body(body)
    text = stage.scope.static(word)
    if text is not None and not stage.scope.is_overridable(word):
        return (Literal(text),)
    used = list(variables(word))
    if plain and all(not part.operator and stage.scope.is_always_set(part.name) for part in used):
        return word
    names = ", ".join(sorted({part.name for part in used}))
    if text is None or any(stage.scope.is_bare_argument(part.name) for part in used):
        raise NotExpressible("EM416", None, names=names)
    stage.warn("EM306", instruction, written=f"<<{heredoc.name}", value=text, name=names)
    return (Literal(text),)


def _written(path: str, content: Word, mode: str | None, instruction: Instruction, stage: Recipe | None) -> Command:
    """The RUN that writes one file, a line of text on a line of its own."""
    folder = posixpath.dirname(path)
    there = folder in ("", "/") or (stage is not None and folders.exists(folder, stage))
    prefix = "" if there else f"mkdir -p {_quoted(folder)} && "
    name = _quoted(path)
    suffix = f">{name}" + (f" && chmod {mode} {name}" if mode else "")
    text_format, arguments = _printf(content)
    if not arguments:
        return Command.of("RUN", f"{prefix}: {suffix}", source=instruction.span)
    whole = f"{prefix}printf {text_format} {' '.join(arguments)} {suffix}"
    if "\n" in whole:
        first, *rest = whole.split("\n")
        verbatim = (TextLine(first), *(TextLine(line, verbatim=True) for line in rest))
        return Command("RUN", verbatim, source=instruction.span, meaning=ShellText(whole))
    lines = [f"{prefix}printf {text_format} \\", *(f"    {argument} \\" for argument in arguments), f"    {suffix}"]
    return Command("RUN", tuple(map(TextLine, lines)), source=instruction.span, meaning=ShellText(whole))


def _printf(content: Word) -> tuple[str, list[str]]:
    """``printf`` format and one quoted argument a line; a missing last newline stays missing."""
    if not content:
        return "%s", []
    lines: list[list[Literal | Variable]] = [[]]
    for part in content:
        if isinstance(part, Literal):
            first, *rest = part.text.split("\n")
            lines[-1].append(Literal(first))
            lines += [[Literal(line)] for line in rest]
        elif isinstance(part, Variable):
            lines[-1].append(part)
    if literal_text(merged(list(lines[-1]))) == "":
        return "'%s\\n'", [_argument(line) for line in lines[:-1]]
    # No newline at the end: one argument, the others' newlines inside it.
    joined = [part for line in lines[:-1] for part in (*line, Literal("\n"))] + lines[-1]
    return "%s", [_argument(joined)]


def _argument(line: list[Literal | Variable]) -> str:
    """One line as a shell word: single quotes, or double ones around variables."""
    text = literal_text(merged(list(line)))
    if text is not None:
        return quoting.encode_single(text)
    pieces = [
        f'"${{{part.name}}}"' if isinstance(part, Variable) else quoting.encode_single(part.text)
        for part in line
        if isinstance(part, Variable) or part.text
    ]
    return "".join(pieces)


def _from_helper(files: Mapping[str, Word], instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """A target on the helper image writes the files; COPY brings them with the owner that Docker gives them."""
    name = stage.arguments.unique(f"{stage.target}-files")
    image = stage.settings.helper_image
    stage.warn("EM418", instruction, target=name, image=image)
    stage.copies = True
    mode, owner = instruction.flag("chmod"), instruction.flag("chown")
    flag = f"--chown={owner.value} " if owner is not None else "" if stage.is_root() else "--chown=0:0 "
    items: list[Item] = [Command.of("FROM", image, source=instruction.span)]
    saves: list[Item] = []
    copies: list[Command] = []
    for path, content in files.items():
        inner = "/files" + path
        items.append(_written(inner, content, mode.value if mode else None, instruction, None))
        saves.append(Command.of("SAVE ARTIFACT", f"{_path(inner)} {_path(path)}", source=instruction.span))
        reference = quoting.render_artifact(name, (Literal(path),))
        copies.append(Command.of("COPY", f"{flag}{reference} {_path(path)}", source=instruction.span))
        folders.note_made(posixpath.dirname(path), stage)
    stage.extra.append(Target(name, (*items, *saves), source=instruction.span))
    yield from copies


def _path(path: str) -> str:
    return quoting.render((Literal(path),), path=True)


def _quoted(text: str) -> str:
    plain = text.isascii() and all(char.isalnum() or char in "-_./:@%+" for char in text)
    return text if plain else quoting.encode_single(text)
