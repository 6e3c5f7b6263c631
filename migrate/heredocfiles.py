"""COPY <<EOF: a file written by a RUN, or copied from a small target where no RUN can (hard-cases.md 7)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate import ownership
from migrate.dockerfile.heredocs import chomped
from migrate.dockerfile.model import CopyDetail, Heredoc, Instruction
from migrate.dockerfile.words import parse_body
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, ShellText, Target, TextLine
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe
from migrate.words import variables


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """One file per heredoc, mode 0644 and root's, or as --chown and --chmod say."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    target = stage.known(detail.destination.text)
    path = ownership.destination(target, stage)
    mode = instruction.flag("chmod")
    if target is None or path is None or (mode is not None and not (mode.value or "").isdigit()):
        raise NotExpressible("EM403")
    if instruction.flag("parents") or instruction.flag("exclude"):
        raise NotExpressible("EM403")
    in_folder = target.endswith("/") or target in (".", "") or ownership.exists(path, stage)
    heredocs = [source.heredoc for source in detail.sources if source.heredoc is not None]
    files = {}
    for heredoc in heredocs:
        files[posixpath.join(path, heredoc.name) if in_folder else path] = _content(heredoc, stage)
    for name in files:
        ownership.note_made(posixpath.dirname(name), stage)
    stage.copies = True
    owner = instruction.flag("chown")
    plain = stage.user.root is True and stage.has_shell is True and owner is None and stage.shell == DEFAULT_SHELL
    if plain:
        for name, content in files.items():
            yield _written(name, content, mode.value if mode else None, instruction)
    else:
        yield from _from_helper(files, instruction, stage)


def _content(heredoc: Heredoc, stage: Recipe) -> str:
    """The bytes that the builder writes: its own expansion, unless the name was quoted."""
    body = chomped(heredoc.body) if heredoc.chomp else heredoc.body
    if not heredoc.expand:
        return body
    word = parse_body(body)
    text = stage.scope.static(word)
    if text is None:
        names = sorted({variable.name for variable in variables(word)})
        raise NotExpressible("EM416", None, names=", ".join(names))
    return text


def _printf(content: str) -> tuple[str, list[str]]:
    """``printf`` format and one quoted argument a line; a missing last newline stays missing."""
    lines = content.split("\n")
    if lines[-1] == "":
        return "'%s\\n'", [quoting.encode_single(line) for line in lines[:-1]]
    return "%s", [quoting.encode_single(content)]


def _written(path: str, content: str, mode: str | None, instruction: Instruction) -> Command:
    folder = posixpath.dirname(path)
    name = path if _is_plain(path) else quoting.encode_single(path)
    text_format, arguments = _printf(content)
    prefix = "" if folder in ("/", "/etc", "/tmp", "/usr/local/bin", "/opt", "/root") else f"mkdir -p {_quoted(folder)} && "
    suffix = f" && chmod {mode} {name}" if mode else ""
    if not arguments:
        return Command.of("RUN", f"{prefix}: >{name}{suffix}", source=instruction.span)
    lines = [f"{prefix}printf {text_format} \\", *(f"    {argument} \\" for argument in arguments), f"    >{name}{suffix}"]
    if any("\n" in argument for argument in arguments):
        whole = f"{prefix}printf {text_format} {' '.join(arguments)} >{name}{suffix}"
        first, *rest = whole.split("\n")
        made = (TextLine(first), *(TextLine(line, verbatim=True) for line in rest))
        return Command("RUN", made, source=instruction.span, meaning=ShellText(whole))
    meaning = ShellText(f"{prefix}printf {text_format} {' '.join(arguments)} >{name}{suffix}")
    return Command("RUN", tuple(TextLine(line) for line in lines), source=instruction.span, meaning=meaning)


def _from_helper(files: dict[str, str], instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """A target on the helper image writes the files; COPY brings them with the owner that Docker gives them."""
    name = stage.arguments.unique(f"{stage.target}-files")
    image = stage.settings.helper_image
    stage.warn("EM418", instruction, target=name, image=image)
    mode = instruction.flag("chmod")
    items: list[Item] = [Command.of("FROM", image, source=instruction.span)]
    saves: list[Item] = []
    copies: list[Command] = []
    owner = instruction.flag("chown")
    flag = f"--chown={owner.value} " if owner is not None else "" if stage.is_root() else "--chown=0:0 "
    for path, content in files.items():
        inner = "/files" + path
        items.append(_written(inner, content, mode.value if mode else None, instruction))
        saves.append(Command.of("SAVE ARTIFACT", f"{_quoted(inner)} {_quoted(path)}", source=instruction.span))
        copies.append(Command.of("COPY", f"{flag}{_quoted(f'+{name}{path}')} {_quoted(path)}", source=instruction.span))
    stage.extra.append(Target(name, (*items, *saves), source=instruction.span))
    yield from copies


def _is_plain(text: str) -> bool:
    return bool(text) and text.isascii() and all(char.isalnum() or char in "-_./:@%+" for char in text)


def _quoted(text: str) -> str:
    return text if _is_plain(text) else quoting.encode_single(text)
