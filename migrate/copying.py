"""COPY, and the ADDs that are one: sources, destination, owner and mode (earthfile.md 3, hard-cases.md 4 and 15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate import artifacts, folders, ownership, timestamps
from migrate.contextsources import (
    Argument,
    argument,
    context_source,
    followed,
    is_folder,
    is_optional,
    matches_nothing,
    taken_path,
    without_question_marks,
)
from migrate.dockerfile import words
from migrate.dockerfile.model import CopyDetail, Flag, Instruction
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, TextLine, Words
from migrate.layout import Edit, lines_of
from migrate.recipe import NotExpressible, Recipe, refuse_flags
from migrate.stages import SCRATCH, Source
from migrate.words import Literal, Word, literal_text, merged


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """COPY from the context, a stage or an image; what has no equal is NotExpressible."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    refuse_flags(instruction, stage.arguments.mappings)
    if any(source.heredoc is not None for source in detail.sources):
        raise NotExpressible("EM403", None, reason="it mixes heredocs and files")
    target = argument(detail.destination, instruction, stage)
    if stage.scope.static(target.meaning) == "":
        target = Argument(detail.destination, ".", (Literal("."),))  # earth would take the root
    path = folders.destination(stage.known(detail.destination.text), stage)
    flags = mode_flag(instruction, path, stage)
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


def mode_flag(
    instruction: Instruction, path: str | None, stage: Recipe, *, makes_folder: bool | None = None
) -> list[tuple[str, Word]]:
    """``--chmod`` where both builders apply it alike; ``makes_folder``: whether the destination becomes a folder."""
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
            and not is_folder(detail.destination.text)
            and not (_may_be_folder(detail, instruction, stage) if makes_folder is None else makes_folder)
        ):
            folder = path.rpartition("/")[0] or "/"
        if not folders.exists(folder, stage) and value not in ("755", "0755"):
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


def owner_flag(instruction: Instruction, stage: Recipe) -> tuple[str, Word] | None:
    """``--chown`` as it was written: its spelling and its meaning."""
    flag = instruction.flag("chown")
    if flag is None or not flag.value:
        return None
    spelling, word = stage.word(flag.value, instruction, "flag")
    return f"--chown={spelling}", merged([Literal("--chown="), *word])


def _plain(flag: str) -> tuple[str, Word]:
    return flag, (Literal(flag),)


def is_linked(instruction: Instruction) -> bool:
    """Whether Docker merges what is copied as a layer of its own."""
    link, mode = instruction.flag("link"), instruction.flag("chmod")
    return link is not None and link.value != "false" and mode is None


def _links_to_root(instruction: Instruction, path: str | None, stage: Recipe) -> bool:
    """``--link --chown=0:0`` into folders that it resets: --keep-own says both for context files."""
    flag = instruction.flag("chown")
    owned = flag is not None and flag.value in ownership.ROOT_OWNERS
    return owned and is_linked(instruction) and not folders.is_ordinary(path, stage)


def check_linked_owner(instruction: Instruction, target: Argument, path: str | None, stage: Recipe) -> None:
    """With --link Docker gives --chown to every folder on the path, the existing ones too; earth cannot."""
    flag = instruction.flag("chown")
    if flag is None or not is_linked(instruction) or flag.value in ownership.ROOT_OWNERS:
        return
    folder = path if is_folder(target.operand.text) or path is None else path.rpartition("/")[0] or "/"
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
    if (owner := owner_flag(instruction, stage)) is not None and not _links_to_root(instruction, path, stage):
        check_linked_owner(instruction, target, path, stage)
        flags.append(owner)
    elif is_linked(instruction) and not folders.is_ordinary(path, stage):
        flags.append(_plain("--keep-own"))
    elif not stage.is_root():
        flags.append(_plain("--chown=0:0"))
    flags += mode
    if stage.settings.fidelity == "exact" or timestamps.are_compared(stage.text, stage.arguments.mappings):
        flags.insert(0, _plain("--keep-ts"))
    sources = [context_source(operand, instruction, stage) for operand in detail.sources]
    stage.context_sources += [taken_path(source, stage) for source in sources]
    sources = _check_destination(sources, target, path, instruction, stage, in_context=True)
    if len(sources) == 1:
        sources[0], target = followed(sources[0], target, path, instruction, stage)
    sources = [source for source in sources if not matches_nothing(source, instruction, stage)]
    if not sources:
        first = detail.sources[0]
        raise NotExpressible("EM410", instruction.span_of(first.start, first.end), source=first.text)
    optional = [is_optional(source, instruction, stage) for source in sources]
    sources = [without_question_marks(source, stage) for source in sources]
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
        folder = path if is_folder(target.operand.text) else path.rpartition("/")[0] if path else None
        folders.note_made(folder, stage)
        yield _command(flags, sources, target, instruction)
        return
    for may_miss, group in _groups(sources, optional):
        extra = [_plain("--if-exists")] if may_miss else []
        yield _one_line([*flags, *extra], group, target, instruction)


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
    if is_folder(target.operand.text if value is None else value) or folders.exists(path, stage):
        return sources
    at = (target.operand.start, target.operand.end)
    known = _known_files(sources, stage) if in_context else None
    if known is not None and len(known) > 1:
        last = known[-1]
        stage.warn("EM419", instruction, *at, source=last, destination=target.operand.text)
        meaning: Word = (Literal(last),)
        return [Argument(sources[-1].operand, stage.spell(meaning, how="path"), meaning)]
    all_folders = in_context and all(stage.context.is_directory(source.text.strip("/")) for source in sources)
    if known is None and len(sources) > 1 and not all_folders:
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
    if (owner := owner_flag(instruction, stage)) is not None:
        check_linked_owner(instruction, target, path, stage)
        return [owner]
    ordinary = folders.is_ordinary(path, stage)
    if is_linked(instruction) and not ordinary:
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
