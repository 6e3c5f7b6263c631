"""COPY, and the ADDs that are one: sources, destination, owner and mode (earthfile.md 3, hard-cases.md 4 and 15)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate import artifacts, ownership, timestamps
from migrate.context import Context
from migrate.dockerfile import words
from migrate.dockerfile.model import CopyDetail, Flag, Instruction, Operand
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, TextLine, Words
from migrate.layout import Edit, lines_of
from migrate.recipe import NotExpressible, Recipe, refuse_flags
from migrate.stages import SCRATCH, Source
from migrate.words import Literal, Part, Variable, Word, literal_text, merged, variables

WILDCARDS = frozenset("*?[")
#: As many as Linux follows.
_MOST_LINKS = 40


class Argument(NamedTuple):
    """One argument of the new COPY: the operand it replaces, its spelling and its meaning."""

    operand: Operand
    spelling: str
    meaning: Word

    @property
    def text(self) -> str:
        """The literal text, variables left out."""
        return "".join(part.text for part in self.meaning if isinstance(part, Literal))

    @property
    def is_pattern(self) -> bool:
        """Whether it has a wildcard."""
        return bool(WILDCARDS & set(self.text))


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """COPY from the context, a stage or an image; what has no equal is NotExpressible."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    refuse_flags(instruction, stage.arguments.mappings)
    if any(source.heredoc is not None for source in detail.sources):
        raise NotExpressible("EM403", None, reason="it mixes heredocs and files")
    target = _argument(detail.destination, instruction, stage)
    if stage.scope.static(target.meaning) == "":
        target = Argument(detail.destination, ".", (Literal("."),))  # earth would take the root
    path = ownership.destination(stage.known(detail.destination.text), stage)
    flags = _mode(instruction, path, stage)
    source = _source(instruction, stage)
    if stage.has_shell is False:
        stage.has_shell = None  # what is copied may bring one
    if source is not None:
        yield from _from_source(source, detail, target, path, flags, instruction, stage)
    else:
        yield from _from_context(detail, target, path, flags, instruction, stage)


def _source(instruction: Instruction, stage: Recipe) -> Source | None:
    found = stage.arguments.plan.graph.sources.get(stage.stage, ())
    return next((source for source in found if source.instruction is instruction), None)


def _argument(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    spelling, meaning = stage.word(operand.text, instruction, "path")
    return Argument(operand, spelling or '""', meaning)


def _mode(instruction: Instruction, path: str | None, stage: Recipe) -> list[tuple[str, Word]]:
    """``--chmod`` where both builders apply it alike."""
    flag = instruction.flag("chmod")
    if flag is None or not flag.value:
        return []
    at = instruction.span_of(flag.start, flag.end)
    value = stage.known(flag.value)
    if value is not None:
        if not value.isdigit() or set(value) & set("89"):
            raise NotExpressible("EM404", at, mode=value)
        if int(value, 8) > 0o777:
            raise NotExpressible("EM405", at, mode=value)
        detail = instruction.detail
        assert isinstance(detail, CopyDetail)
        folder = path
        if (
            path is not None
            and not _is_folder(detail.destination.text)
            and not _may_be_folder(detail, instruction, stage)
        ):
            folder = path.rpartition("/")[0] or "/"
        if not ownership.exists(folder, stage) and value not in ("755", "0755"):
            stage.report("EM406", at, mode=value, folder=folder or detail.destination.text)
    spelling, word = stage.word(flag.value, instruction, "flag")
    return [(f"--chmod={spelling}", merged([Literal("--chmod="), *word]))]


def _may_be_folder(detail: CopyDetail, instruction: Instruction, stage: Recipe) -> bool:
    """Whether one of the sources is a folder, or nobody can tell: then the destination itself is made."""
    in_context = instruction.flag("from") is None
    for source in detail.sources:
        found = stage.context.is_directory(source.text.strip("/").removeprefix("./")) if in_context else None
        if found or (found is None and "." not in source.text.rstrip("/").rpartition("/")[2]):
            return True
    return False


def _owner(instruction: Instruction, stage: Recipe) -> tuple[str, Word] | None:
    flag = instruction.flag("chown")
    if flag is None or not flag.value:
        return None
    spelling, word = stage.word(flag.value, instruction, "flag")
    return f"--chown={spelling}", merged([Literal("--chown="), *word])


def _plain(flag: str) -> tuple[str, Word]:
    return flag, (Literal(flag),)


def _is_folder(text: str) -> bool:
    return text.endswith(("/", "/.")) or text in (".", "..", "")


def _linked(instruction: Instruction) -> bool:
    link, mode = instruction.flag("link"), instruction.flag("chmod")
    return link is not None and link.value != "false" and mode is None


def _links_to_root(instruction: Instruction, path: str | None, stage: Recipe) -> bool:
    """``--link --chown=0:0`` into folders that it resets: --keep-own says both for context files."""
    flag = instruction.flag("chown")
    owned = flag is not None and flag.value in ownership.ROOT_OWNERS
    return owned and _linked(instruction) and not ownership.is_ordinary(path, stage)


def _check_linked_owner(instruction: Instruction, target: Argument, path: str | None, stage: Recipe) -> None:
    """With --link Docker gives --chown to every folder on the path, the existing ones too; earth cannot."""
    flag = instruction.flag("chown")
    if flag is None or not _linked(instruction) or flag.value in ownership.ROOT_OWNERS:
        return
    folder = path if _is_folder(target.operand.text) or path is None else path.rpartition("/")[0] or "/"
    if folder != "/":
        at = (flag.start, flag.end)
        stage.warn("EM426", instruction, *at, owner=flag.value or "", folder=folder or target.operand.text)


def _from_context(
    detail: CopyDetail,
    target: Argument,
    path: str | None,
    mode: list[tuple[str, Word]],
    instruction: Instruction,
    stage: Recipe,
) -> Iterator[Command]:
    flags: list[tuple[str, Word]] = []
    if (owner := _owner(instruction, stage)) is not None and not _links_to_root(instruction, path, stage):
        _check_linked_owner(instruction, target, path, stage)
        flags.append(owner)
    elif _linked(instruction) and not ownership.is_ordinary(path, stage):
        flags.append(_plain("--keep-own"))
    elif not stage.is_root():
        flags.append(_plain("--chown=0:0"))
    flags += mode
    if stage.settings.fidelity == "exact" or timestamps.are_compared(stage.text):
        flags.insert(0, _plain("--keep-ts"))
    sources = [_context_source(operand, instruction, stage) for operand in detail.sources]
    stage.context_sources += [source.text for source in sources]
    sources = _check_destination(sources, target, path, instruction, stage, in_context=True)
    if len(sources) == 1:
        sources[0], target = _followed(sources[0], target, path, instruction, stage)
    sources = [source for source in sources if not _matches_nothing(source, instruction, stage)]
    if not sources:
        first = detail.sources[0]
        raise NotExpressible("EM410", instruction.span_of(first.start, first.end), source=first.text)
    optional = [_is_optional(source, instruction, stage) for source in sources]
    sources = [_without_question_marks(source, stage) for source in sources]
    yield from _commands(flags, sources, optional, target, path, instruction, stage)


def _commands(
    flags: list[tuple[str, Word]],
    sources: Sequence[Argument],
    optional: Sequence[bool],
    target: Argument,
    path: str | None,
    instruction: Instruction,
    stage: Recipe,
) -> Iterator[Command]:
    """One COPY, or one for each run of sources that must match and of those that need not."""
    stage.copies = True
    if not any(optional):
        folder = path if _is_folder(target.operand.text) else path.rpartition("/")[0] if path else None
        ownership.note_made(folder, stage)
        yield _command(flags, sources, target, instruction)
        return
    for is_optional, group in _groups(sources, optional):
        extra = [_plain("--if-exists")] if is_optional else []
        yield _one_line([*flags, *extra], group, target, instruction)


def _context_source(operand: Operand, instruction: Instruction, stage: Recipe) -> Argument:
    """A source without the leading slash and the dots that BuildKit ignores and earth does not."""
    argument = _argument(operand, instruction, stage)
    text = literal_text(argument.meaning)
    if text is not None:
        cleaned = artifacts.clean(text)[1:] or "."
        rooted = text.startswith("/") or ".." in text.split("/")
        if not rooted and cleaned != ".":
            return argument
        cleaned += "/" if text.endswith("/") and cleaned != "." else ""
        meaning: Word = (Literal(cleaned),)
        return Argument(operand, stage.spell(meaning, how="path"), meaning)
    return _variable_source(argument, instruction, stage)


def _variable_source(argument: Argument, instruction: Instruction, stage: Recipe) -> Argument:
    """A source with variables: earth copies nothing for one that ends as ``""`` or ``./``, Docker the whole context."""
    operand, meaning = argument.operand, argument.meaning
    value = stage.scope.static(meaning)
    last = meaning[-1]
    is_folder = isinstance(last, Literal) and last.text.endswith("/")
    if value is not None and value != "." and not is_folder and artifacts.clean(value) == "/":
        if stage.scope.is_overridable(meaning):
            names = ", ".join(variable.name for variable in variables(meaning))
            stage.warn("EM306", instruction, operand.start, operand.end, written=operand.text, value=".", name=names)
        return Argument(operand, ".", (Literal("."),))
    first = meaning[0]
    if isinstance(first, Literal) and first.text.startswith("/"):
        meaning = merged([Literal(first.text.lstrip("/")), *meaning[1:]])
    elif value is not None and value.startswith("/"):
        stage.warn("EM413", instruction, operand.start, operand.end, source=operand.text, value=value)
    if is_folder:
        meaning = merged([*meaning, Literal(".")])
    elif all(isinstance(part, Variable) for part in meaning) and value is None:
        stage.warn("EM425", instruction, operand.start, operand.end, source=operand.text)
    return argument if meaning == argument.meaning else Argument(operand, stage.spell(meaning, how="path"), meaning)


def _without_question_marks(source: Argument, stage: Recipe) -> Argument:
    """``?`` never matches in a context source of earth; ``[^/]`` is the same pattern and does."""
    if "?" not in source.text:
        return source
    parts: list[Part] = []
    in_brackets = False
    for part in source.meaning:
        if not isinstance(part, Literal):
            parts.append(part)
            continue
        text = ""
        for char in part.text:
            in_brackets = char == "[" or (in_brackets and char != "]")
            text += "[^/]" if char == "?" and not in_brackets else char
        parts.append(Literal(text))
    meaning = merged(parts)
    return Argument(source.operand, stage.spell(meaning, how="path"), meaning)


def _matches_nothing(source: Argument, instruction: Instruction, stage: Recipe) -> bool:
    """A pattern that begins with a wildcard and is known to match nothing now: earth would fail on it."""
    if source.text.removeprefix("./")[:1] not in WILDCARDS or literal_text(source.meaning) is None:
        return False
    if stage.context.matches(source.text) != ():
        return False
    stage.warn("EM410", instruction, source.operand.start, source.operand.end, source=source.operand.text)
    return True


def _followed(
    source: Argument, target: Argument, path: str | None, instruction: Instruction, stage: Recipe
) -> tuple[Argument, Argument]:
    """A source that is a link in the context, replaced by what it points to: Docker follows it, earth does not."""
    name = literal_text(source.meaning)
    if not name or source.is_pattern:
        return source, target
    real = _resolved(artifacts.clean(name)[1:], stage.context)
    if real is None or real == artifacts.clean(name)[1:]:
        return source, target
    folder = stage.context.is_directory(real)
    operand = source.operand
    stage.warn("EM427", instruction, operand.start, operand.end, source=operand.text, real=real)
    meaning: Word = (Literal(real),)
    followed = Argument(operand, stage.spell(meaning, how="path"), meaning)
    written = literal_text(target.meaning)
    if folder or written is None or not (_is_folder(written) or ownership.exists(path, stage)):
        return followed, target
    end: Word = (Literal(posixpath.join(written, posixpath.basename(artifacts.clean(name)))),)
    return followed, Argument(target.operand, stage.spell(end, how="path"), end)


def _resolved(path: str, context: Context, depth: int = 0) -> str | None:
    """``path`` without links on the way; None when one leads out of the context, in a ring, or nowhere known."""
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        link = context.link_target("/".join(parts[:end]))
        if link is None:
            continue
        real = posixpath.normpath("/".join((*parts[: end - 1], link, *parts[end:])))
        if link.startswith("/") or real.startswith("..") or depth > _MOST_LINKS:
            return None
        return _resolved(real, context, depth + 1)
    return path if depth == 0 or context.exists(path) else None


def _is_optional(source: Argument, instruction: Instruction, stage: Recipe) -> bool:
    """Whether a wildcard may match nothing, which Docker accepts and earth does not."""
    operand = source.operand
    if not source.text.isascii():
        stage.warn("EM412", instruction, operand.start, operand.end, source=operand.text)
    named = [source.text] if not source.is_pattern else stage.context.matches(source.text) or ()
    if any(_resolved(path, stage.context) != path for path in (artifacts.clean(name)[1:] for name in named)):
        stage.warn("EM411", instruction, operand.start, operand.end, source=operand.text)
    if not source.is_pattern:
        return False
    if literal_text(source.meaning) is not None and stage.context.matches(source.text):
        return False
    if source.text.removeprefix("./")[:1] in WILDCARDS:
        stage.warn("EM410", instruction, operand.start, operand.end, source=operand.text)
        return False
    return True


def _groups(sources: Sequence[Argument], optional: Sequence[bool]) -> Iterator[tuple[bool, list[Argument]]]:
    """Neighbouring sources of one kind, in order: a later file still overwrites an earlier one."""
    group: list[Argument] = []
    for index, source in enumerate(sources):
        if group and optional[index] != optional[index - 1]:
            yield optional[index - 1], group
            group = []
        group.append(source)
    yield optional[-1], group


def _check_destination(
    sources: list[Argument],
    target: Argument,
    path: str | None,
    instruction: Instruction,
    stage: Recipe,
    *,
    in_context: bool,
) -> list[Argument]:
    """The sources that take effect. Several files to one name: Docker keeps the last, earth makes a folder."""
    value = stage.known(target.operand.text)
    if _is_folder(target.operand.text if value is None else value) or ownership.exists(path, stage):
        return sources
    at = (target.operand.start, target.operand.end)
    known = _known_files(sources, stage) if in_context else None
    if known is not None and len(known) > 1:
        last = known[-1]
        stage.warn("EM419", instruction, *at, source=last, destination=target.operand.text)
        meaning: Word = (Literal(last),)
        return [Argument(sources[-1].operand, stage.spell(meaning, how="path"), meaning)]
    folders = in_context and all(stage.context.is_directory(source.text.strip("/")) for source in sources)
    if known is None and len(sources) > 1 and not folders:
        stage.warn("EM407", instruction, *at, destination=target.operand.text)
    elif known is None and sources[0].is_pattern:
        stage.warn("EM408", instruction, *at, source=sources[0].operand.text, destination=target.operand.text)
    return sources


def _known_files(sources: Sequence[Argument], stage: Recipe) -> list[str] | None:
    """Every file of the context that ``sources`` name, None when one is unknown or a folder."""
    found: list[str] = []
    for source in sources:
        text = literal_text(source.meaning)
        matches = stage.context.matches(text) if text is not None else None
        if not matches or any(stage.context.is_directory(match) is not False for match in matches):
            return None
        found += matches
    return found


def _from_source(
    source: Source,
    detail: CopyDetail,
    target: Argument,
    path: str | None,
    mode: list[tuple[str, Word]],
    instruction: Instruction,
    stage: Recipe,
) -> Iterator[Command]:
    plan = stage.arguments.plan
    if source.stage is None and source.image == SCRATCH:
        raise NotExpressible("EM409", source.span)
    name = plan.targets[source.stage] if source.stage is not None else plan.image_helpers[source.image].target
    saved = plan.artifacts.get(source.stage, ()) if source.stage is not None else ()
    whole = any(artifact.path == artifacts.ROOT for artifact in saved)
    if whole and source.stage is not None and stage.arguments.is_empty(source.stage):
        stage.report("EM414", source.span, source=name)
    sources = []
    for operand in detail.sources:
        path_word = artifacts.rooted(stage.adapt(words.parse_word(operand.text, stage.escape), instruction))
        sources.append(Argument(operand, _artifact(name, path_word), merged([Literal(f"+{name}"), *path_word])))
    sources = _check_destination(sources, target, path, instruction, stage, in_context=False)
    helper = plan.image_helpers[source.image].artifacts if source.stage is None else saved
    times = [_plain("--keep-ts")] if _keeps_times(sources, helper, stage) else []
    flags = [*times, *_artifact_owner(source, sources, target, path, instruction, stage), *mode]
    optional = [source.is_pattern for source in sources]
    yield from _commands(flags, sources, optional, target, path, instruction, stage)


def _keeps_times(sources: Sequence[Argument], saved: Sequence[artifacts.Artifact], stage: Recipe) -> bool:
    wanted = [artifacts.needed(words.parse_word(item.operand.text, stage.escape)) for item in sources]
    return any(item.keep_times and (item.covers(one) or one.covers(item)) for item in saved for one in wanted)


def _artifact(target: str, path: Word) -> str:
    try:
        return quoting.render_artifact(target, path)
    except quoting.UnrenderableError as error:
        raise NotExpressible("EM320", None, text=str(error)) from None


def _artifact_owner(
    source: Source,
    sources: Sequence[Argument],
    target: Argument,
    path: str | None,
    instruction: Instruction,
    stage: Recipe,
) -> list[tuple[str, Word]]:
    """The first of hard-cases.md 4 that fits: no flag, --chown=0:0, --chown=U:G, --keep-own."""
    if (owner := _owner(instruction, stage)) is not None:
        _check_linked_owner(instruction, target, path, stage)
        return [owner]
    ordinary = ownership.is_ordinary(path, stage)
    if _linked(instruction) and not ordinary:
        return [_plain("--keep-own")]
    doubt = _doubt(source, sources, stage)
    if doubt is not None and ordinary:
        return [_plain("--keep-own")]
    if doubt is not None and doubt.certain:
        stage.report("EM415", source.span, reason=doubt.reason, destination=path or "the destination")
    return [] if stage.is_root() else [_plain("--chown=0:0")]


def _doubt(source: Source, sources: Sequence[Argument], stage: Recipe) -> ownership.Doubt | None:
    """The first doubt about who owns what these sources bring."""
    mappings = stage.arguments.mappings
    for item in sources:
        path = artifacts.needed(words.parse_word(item.operand.text, stage.escape)).path
        if source.stage is not None:
            found = ownership.foreign_owner(stage.arguments.plan, source.stage, path, mappings)
        else:
            found = ownership.image_owner(source.image, path, mappings)
        if found is not None:
            return found
    return None


def _command(
    flags: Sequence[tuple[str, Word]], sources: Sequence[Argument], target: Argument, instruction: Instruction
) -> Command:
    """COPY on the lines of the original where it had several."""
    made = _one_line(flags, sources, target, instruction)
    if instruction.exec_form is not None:
        return made
    edits: list[Edit] = [_gone(flag, instruction) for flag in instruction.flags]
    edits += [(item.operand.start, item.operand.end, item.spelling) for item in (*sources, target)]
    start = instruction.operand_start
    edits.append((start, start, "".join(f"{spelling} " for spelling, _ in flags)))
    lines = lines_of(instruction, edits)
    return made._replace(lines=lines, alternatives=(made.lines,)) if len(lines) > 1 else made


def _gone(flag: Flag, instruction: Instruction) -> Edit:
    end = flag.end
    while instruction.text[end : end + 1] in (" ", "\t"):
        end += 1
    return flag.start, min(end, instruction.operand_start), ""


def _one_line(
    flags: Sequence[tuple[str, Word]], sources: Sequence[Argument], target: Argument, instruction: Instruction
) -> Command:
    arguments = [*flags, *((item.spelling, item.meaning) for item in (*sources, target))]
    text = TextLine(" ".join(spelling for spelling, _ in arguments))
    return Command("COPY", (text,), source=instruction.span, meaning=Words(tuple(word for _, word in arguments)))
