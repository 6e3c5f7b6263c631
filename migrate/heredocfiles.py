"""COPY <<EOF: a file written by a RUN, or copied from a small target where no RUN can (hard-cases.md 7)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from migrate import artifacts, folders
from migrate.dockerfile.heredocs import chomped
from migrate.dockerfile.model import CopyDetail, Heredoc, Instruction
from migrate.dockerfile.words import parse_body
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, ShellText, Target, TextLine
from migrate.recipe import NotExpressible, Recipe
from migrate.runtext import check_length, quoted_item, verbatim
from migrate.scope import ARGUMENT, Binding
from migrate.words import Literal, Part, Variable, Word, literal_text, merged, variables

#: Where the container of a RUN has something of its own in place of the image's.
_MOUNTED = ("/dev", "/proc", "/sys", "/etc/hosts", "/etc/resolv.conf", "/etc/hostname", "/run/secrets")
#: What a shell sets by itself, and the builder knows nothing of.
_SHELL_NAMES = "HOME PWD OLDPWD SHLVL IFS PS1 PS2 PS4 OPTIND PPID LINENO UID EUID RANDOM SECONDS HOSTNAME TERM _"
_SHELL_SET = frozenset(_SHELL_NAMES.split())
#: Files of base images that are not plain 0644, by their names.
_ODD_FILE = re.compile(r"/s?bin/|\.(?:sh|py|pl|rb)\Z|entrypoint|sudoers|shadow|/ssh|/cron|\.ssh|secret|key|/init")
#: Gives a folder's group to what is made in it.
_SET_GROUP = re.compile(r"chmod\b[^;&|]*(?:[gs+,=]s\b|\b0?[2367][0-7]{3}\b)|\binstall\b")
_OPERATORS = ("", ":-", ":+")
#: What a shell reads when it looks for programs and files.
_SEARCHED = frozenset({"PATH", "CDPATH", "ENV", "BASH_ENV"})
#: A file name that needs no quotes in ``(+target/file --name=value)``.
_NAME = re.compile(r"[\w.-]+", re.ASCII)


class _Given(NamedTuple):
    """What a helper target knows: arguments with their defaults, and values that it is passed, by their names there."""

    declared: dict[str, Word]
    passed: dict[str, str]

    def pass_on(self, name: str, stage: Recipe) -> str:
        """The helper's name for the value of ``name``: its own, unless it means something to a shell or to earth."""
        is_odd = name in _SHELL_SET or name in _SEARCHED or name in stage.arguments.mappings.builtin_arguments
        inner = name.lower() if is_odd or name.startswith("LD_") else name
        if name in self.declared:
            return name
        while inner in self.declared or self.passed.get(inner, name) != name:
            inner += "_"
        self.passed[inner] = name
        return inner


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """One file per heredoc, mode 0644 and root's, or as --chown and --chmod say."""
    mode = instruction.flag("chmod")
    if mode is not None and not (mode.value or "").isdigit():
        raise NotExpressible("EM403", None, reason="its --chmod is not an octal number")
    if instruction.flag("parents") or instruction.flag("exclude"):
        raise NotExpressible("EM403", None, reason="it has --parents or --exclude")
    paths = _paths(instruction, stage)
    if paths is None or not _is_writable(paths, instruction, stage):
        yield from _from_helper(instruction, stage)
        return
    _warn_variable_path(instruction, stage)
    _warn_mode(next(iter(paths)), instruction, stage)
    for path, heredoc in paths.items():
        content = _content(heredoc, instruction, stage, in_stage=True)
        chmod = mode.value if mode is not None else None if _is_new(path, instruction, stage) else "644"
        yield _written(path, content, chmod, instruction, is_folder=folders.exists(posixpath.dirname(path), stage))
        folders.note_made(posixpath.dirname(path), stage)


def _paths(instruction: Instruction, stage: Recipe) -> dict[str, Heredoc] | None:
    """Absolute path -> heredoc, in order; of two heredocs to one name the last stays. None when a path is not
    known."""
    detail = _detail(instruction)
    target = stage.known(detail.destination.text)
    path = folders.destination(target, stage)
    if target is None or path is None:
        return None
    in_folder = target.endswith("/") or target in (".", "") or folders.exists(path, stage)
    found = {}
    for source in detail.sources:
        if source.heredoc is not None:
            found[posixpath.join(path, source.heredoc.name) if in_folder else path] = source.heredoc
    return found


def _is_writable(paths: Mapping[str, Heredoc], instruction: Instruction, stage: Recipe) -> bool:
    """Whether a RUN of this stage leaves the same files: a root with a shell, and nothing special at their places."""
    if stage.user.root is not True or stage.has_shell is not True or instruction.flag("chown") is not None:
        return False
    owned = tuple(place for place in stage.owners if place not in ("", "/"))
    for path in paths:
        if any(path == place or path.startswith(place + "/") for place in _MOUNTED):
            return False
        is_owned = any(path == place or path.startswith(place + "/") for place in owned)
        if is_owned and (_SET_GROUP.search(stage.text) or not _is_new(path, instruction, stage)):
            return False
    return True


def _is_new(path: str, instruction: Instruction, stage: Recipe) -> bool:
    """Whether nothing before ``instruction`` can have put a file with another mode at ``path``."""
    if _ODD_FILE.search(path):
        return False
    name = posixpath.basename(path)
    graph = stage.arguments.plan.graph
    folders = _folders(instruction, stage)
    for index in graph.chain(stage.stage):
        for other in graph.stages[index].instructions:
            if other is instruction:
                break
            if other.keyword == "RUN" and name in other.text + "".join(heredoc.body for heredoc in other.heredocs):
                return False
            if isinstance(other.detail, CopyDetail) and not _is_apart(other, path, folders):
                return False
    return True


def _folders(instruction: Instruction, stage: Recipe) -> list[str] | None:
    """The absolute working directories up to ``instruction``, None when one is not plain."""
    graph = stage.arguments.plan.graph
    found: list[str] = []
    for index in reversed(graph.chain(stage.stage)):
        for other in graph.stages[index].instructions:
            if other is instruction:
                break
            if other.keyword == "WORKDIR" and (not other.operand.startswith("/") or "$" in other.operand):
                return None
            found += [artifacts.clean(other.operand)] if other.keyword == "WORKDIR" else []
    return found or None


def _is_apart(instruction: Instruction, path: str, folders: list[str] | None) -> bool:
    """Whether a COPY or ADD puts nothing at ``path``."""
    detail = _detail(instruction)
    text = detail.destination.text
    name = posixpath.basename(path)
    if all(source.heredoc is not None for source in detail.sources):
        names = [source.heredoc.name for source in detail.sources if source.heredoc is not None]
        return name not in (*names, posixpath.basename(text)) and "$" not in text
    if "$" in text or (not text.startswith("/") and folders is None):
        return False
    places = [text] if text.startswith("/") else [f"{folder}/{text}" for folder in folders or ()]
    return not any(artifacts.related(artifacts.clean(place), path) for place in places)


def _warn_variable_path(instruction: Instruction, stage: Recipe) -> None:
    operand = _detail(instruction).destination
    word = stage.word(operand.text, instruction)[1]
    if word and stage.scope.is_overridable(word):
        names = ", ".join(variable.name for variable in variables(word))
        value = stage.known(operand.text)
        stage.warn("EM306", instruction, operand.start, operand.end, written=operand.text, value=value, name=names)


def _warn_mode(path: str, instruction: Instruction, stage: Recipe) -> None:
    """A mode that a current BuildKit gives to new folders as well."""
    mode = instruction.flag("chmod")
    folder = posixpath.dirname(path)
    if mode is not None and mode.value not in ("755", "0755") and not folders.exists(folder, stage):
        stage.warn("EM406", instruction, mode.start, mode.end, mode=mode.value, folder=folder)


def _content(heredoc: Heredoc, instruction: Instruction, stage: Recipe, *, in_stage: bool) -> Word:
    """What the builder writes: its own expansion, unless the name was quoted.

    A RUN of the stage sees the same values, so variables can stay there; a helper target does not.
    """
    body = chomped(heredoc.body) if heredoc.chomp else heredoc.body
    if not heredoc.expand:
        return (Literal(body),)
    word = _named(parse_body(body))
    word = merged([new for part in word for new in _without_unset(part, stage)])
    if in_stage and all(_is_alike(part, stage) for part in word):
        return word
    text = stage.scope.static(word)
    if text is not None and not stage.scope.is_overridable(word):
        return (Literal(text),)
    names = ", ".join(sorted({part.name for part in variables(word)}))
    if text is None or any(stage.scope.is_bare_argument(part.name) for part in variables(word)):
        raise NotExpressible("EM416", None, names=names)
    stage.warn("EM306", instruction, written=f"<<{heredoc.name}", value=text, name=names)
    return (Literal(text),)


def _in_helper(heredoc: Heredoc, given: _Given, instruction: Instruction, stage: Recipe) -> Word:
    """The content for a target of its own: it declares arguments with plain defaults, others are passed to it."""
    body = chomped(heredoc.body) if heredoc.chomp else heredoc.body
    word = _named(parse_body(body)) if heredoc.expand else (Literal(body),)
    found: list[Part] = []
    for part in word:
        value = stage.scope.static((part,))
        binding = stage.scope.bindings.get(part.name) if isinstance(part, Variable) else None
        if value is not None and not stage.scope.is_overridable((part,)):
            found.append(Literal(value))
        elif isinstance(part, Variable) and not part.operator and binding and _is_declarable(part.name, binding, stage):
            if part.name in given.passed:
                found.append(part)
                continue
            given.declared[part.name] = binding.default or ()
            found.append(part)
        elif _is_alike(part, stage) and _NAME.fullmatch(heredoc.name):
            found += [_passed(new, given, stage) for new in stage.adapt((part,), instruction)]
        else:
            return _content(heredoc, instruction, stage, in_stage=False)
    return merged(found)


def _passed(part: Part, given: _Given, stage: Recipe) -> Part:
    """``part`` with the names under which the helper is passed the values of its variables."""
    if not isinstance(part, Variable):
        return part
    name = given.pass_on(part.name, stage)
    return replace(part, name=name, operand=merged([_passed(inner, given, stage) for inner in part.operand]))


def _is_declarable(name: str, binding: Binding, stage: Recipe) -> bool:
    is_plain = binding.default is not None and literal_text(binding.default) is not None
    return binding.kind == ARGUMENT and is_plain and name not in stage.arguments.mappings.builtin_arguments


def _named(word: Word) -> Word:
    """``word`` without ``$1``, ``$@`` and their like, which are always empty here."""
    found: list[Part] = []
    for part in word:
        if not isinstance(part, Variable) or (part.name.isascii() and part.name.isidentifier()):
            found.append(part)
        elif part.operator in (":-", "-"):
            found += _named(part.operand)
    return merged(found)


def _without_unset(part: Part, stage: Recipe) -> Word:
    """``part``, or what it comes to when nothing can set its name."""
    if isinstance(part, Variable) and stage.scope.is_never_set(part.name):
        value = stage.scope.static((part,))
        return (part,) if value is None else (Literal(value),)
    return (part,)


def _is_alike(part: Part, stage: Recipe) -> bool:
    """Whether the shell of a RUN expands ``part`` as the builder does."""
    if not isinstance(part, Variable):
        return True
    if part.operator not in _OPERATORS or (part.name in _SHELL_SET and part.name not in stage.scope.bindings):
        return False
    return all(_is_alike(inner, stage) for inner in part.operand)


def _written(path: str, content: Word, mode: str | None, instruction: Instruction, *, is_folder: bool) -> Command:
    """The RUN that writes one file, a line of text on a line of its own."""
    folder = posixpath.dirname(path)
    prefix = "" if is_folder or folder in ("", "/") else f"mkdir -p {quoted_item(folder)} && "
    name = quoted_item(path)
    suffix = f">{name}" + (f" && chmod {mode} {name}" if mode else "")
    text_format, arguments = _printf(content)
    whole = f"{prefix}printf {text_format} {' '.join(arguments)} {suffix}" if arguments else f"{prefix}: {suffix}"
    check_length(whole)
    if "\n" in whole or not arguments:
        return Command("RUN", verbatim(whole), source=instruction.span, meaning=ShellText(whole))
    lines = [f"{prefix}printf {text_format} \\", *(f"    {argument} \\" for argument in arguments), f"    {suffix}"]
    return Command("RUN", tuple(map(TextLine, lines)), source=instruction.span, meaning=ShellText(whole))


def _printf(content: Word) -> tuple[str, list[str]]:
    """``printf`` format and one quoted argument a line; a missing last newline stays missing."""
    if not content:
        return "%s", []
    lines: list[list[Part]] = [[]]
    for part in content:
        if isinstance(part, Literal):
            first, *rest = part.text.split("\n")
            lines[-1].append(Literal(first))
            lines += [[Literal(line)] for line in rest]
        else:
            lines[-1].append(part)
    if literal_text(merged(list(lines[-1]))) == "":
        return "'%s\\n'", [_argument(line) for line in lines[:-1]]
    # No newline at the end: one argument, the others' newlines inside it.
    joined = [part for line in lines[:-1] for part in (*line, Literal("\n"))] + lines[-1]
    return "%s", [_argument(joined)]


def _argument(line: list[Part]) -> str:
    """One line as a shell word: single quotes, or double ones around variables."""
    text = literal_text(merged(list(line)))
    if text is not None:
        return quoting.encode_single(text)
    if not any(isinstance(part, Literal) and set(part.text) & set('"\\$`!\n') for part in line):
        return f'"{"".join(map(_expansion, line))}"'
    return "".join(
        quoting.encode_single(part.text) if isinstance(part, Literal) else f'"{_expansion(part)}"'
        for part in line
        if not isinstance(part, Literal) or part.text
    )


def _expansion(part: Part) -> str:
    """``part`` as it stands inside double quotes."""
    if isinstance(part, Literal):
        return part.text
    assert isinstance(part, Variable)
    operand = "".join(
        re.sub(r'([\\"$`}])', r"\\\1", inner.text) if isinstance(inner, Literal) else _expansion(inner)
        for inner in part.operand
    )
    return f"${{{part.name}{part.operator}{operand}}}"


def _from_helper(instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """A target on the helper image writes the files; COPY brings them with the owner that Docker gives them."""
    detail = _detail(instruction)
    mode, owner = instruction.flag("chmod"), instruction.flag("chown")
    heredocs = {source.heredoc.name: source.heredoc for source in detail.sources if source.heredoc is not None}
    given = _Given({}, {})
    contents = {name: _in_helper(heredoc, given, instruction, stage) for name, heredoc in heredocs.items()}
    name = stage.arguments.unique(f"{stage.target}-files")
    image = stage.settings.helper_image
    stage.warn("EM418", instruction, target=name, image=image)
    paths = _paths(instruction, stage)
    if paths is not None:
        _warn_mode(next(iter(paths)), instruction, stage)
    elif mode is not None and mode.value not in ("755", "0755"):
        stage.warn("EM406", instruction, mode.start, mode.end, mode=mode.value, folder=detail.destination.text)
    items: list[Item] = [Command.of("FROM", image, source=instruction.span)]
    for key, default in given.declared.items():
        value = stage.spell(default, None, "argument") or '""'
        items.append(Command.of("ARG", f"{key}={value}", source=instruction.span))
    items += [Command.of("ARG", key, source=instruction.span) for key in given.passed]
    saves: list[Item] = []
    for file, content in contents.items():
        inner = f"/files/{file}"
        items.append(_written(inner, content, mode.value if mode else None, instruction, is_folder=bool(saves)))
        saves.append(Command.of("SAVE ARTIFACT", f"{_path(inner)} {_path('/' + file)}", source=instruction.span))
    stage.extra.append(Target(name, (*items, *saves), source=instruction.span))
    flag = f"--chown={owner.value} " if owner is not None else "" if stage.is_root() else "--chown=0:0 "
    stage.copies = True
    spelled, word = stage.word(detail.destination.text, instruction, "path")
    target = "." if stage.scope.static(word) == "" else spelled
    # To a path without a slash every file goes, and the last one stays.
    files = list(contents) if len(contents) == 1 or detail.destination.text.endswith("/") else list(contents)[-1:]
    values = "".join(f" --{key}=${outer}" for key, outer in given.passed.items())
    found = [quoting.render_artifact(name, (Literal("/" + file),)) for file in files]
    sources = " ".join(f"({source}{values})" if values else source for source in found)
    yield Command.of("COPY", f"{flag}{sources} {target}", source=instruction.span)
    for path in paths or ():
        folders.note_made(posixpath.dirname(path), stage)


def _detail(instruction: Instruction) -> CopyDetail:
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    return detail


def _path(path: str) -> str:
    return quoting.render((Literal(path),), path=True)
