"""COPY, and the ADDs that are one: sources, destination, owner and mode (earthfile.md 3, hard-cases.md 4 and 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrate import artifacts, copymodes, copyowners, folders, linkedowners, ownership, rootpatterns, timestamps
from migrate.contextsources import Argument, Piece, argument, goes_into_folder, names_folder, pieces
from migrate.dockerfile import words
from migrate.dockerfile.model import CopyDetail, Flag, Instruction, Operand
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, TextLine, Words
from migrate.layout import Edit, lines_of
from migrate.recipe import NotExpressible, Recipe, refuse_flags
from migrate.stages import SCRATCH, Source
from migrate.words import Literal, Variable, Word, literal_text, merged, variables


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """COPY from the context, a stage or an image; what has no equal is NotExpressible."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    refuse_flags(instruction, stage.arguments.mappings)
    target = argument(detail.destination, instruction, stage)
    if stage.scope.static(target.meaning) == "":
        target = Argument(detail.destination, ".", (Literal("."),))  # earth would take the root
    source = _source(instruction, stage)
    yield from _made(source, target, _with_owner(source, instruction, stage), stage)


def in_place(source: Source | None, instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """The COPY that stands for a bind mount: ``instruction`` is made up, with ``source`` for its --from."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    yield from _made(source, argument(detail.destination, instruction, stage), instruction, stage)


def _made(source: Source | None, target: Argument, instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    had_shell = stage.has_shell
    places = _linked_places(target, instruction, stage)
    if stage.has_shell is False:
        stage.has_shell = None  # what is copied may bring one
    if source is None:
        named = [piece for operand in detail.sources for piece in pieces(operand, target, instruction, stage)]
        flags = _context_flags(target, instruction, stage)
    else:
        named = _artifact_pieces(source, detail, target, instruction, stage)
        unkept = _unkept(source, named, target, instruction, stage)
        if unkept and copyowners.is_possible(named, target, instruction, stage, had_shell=had_shell):
            stage.copies = True
            yield from copyowners.commands(_times(source, named, stage), named, target, instruction, stage)
            _note_brought(source, named, target, stage)
            return
        if unkept:
            place = _path(target, stage) or "the destination"
            stage.report("EM415", source.span, reason=unkept.reason, destination=place)
        flags = _artifact_flags(source, named, target, instruction, stage)
    stage.copies = True
    if not is_linked(instruction) and any(spelling == "--keep-own" for spelling, _ in flags):
        named = _with_slashes(named, target, stage)
    before, flags, named, after = copymodes.applied(flags, named, target, source, instruction, stage, had_shell)
    yield from before
    yield from _commands(flags, named, target, instruction, stage)
    yield from after
    if places:
        yield linkedowners.command(places, instruction, stage)
    _note_brought(source, named, target, stage)


def _linked_places(target: Argument, instruction: Instruction, stage: Recipe) -> list[str]:
    """The folders that ``--link --chown`` gives to the owner, where a RUN behind the copy can do that."""
    flag = instruction.flag("chown")
    is_root = flag is not None and flag.value in ownership.ROOT_OWNERS
    if flag is None or not is_linked(instruction) or (is_root and not _shows_link(instruction, target, stage)):
        return []
    return linkedowners.owned(instruction, _path(target, stage), stage, says_folder=_says_folder(target, stage))


def _note_brought(source: Source | None, named: Sequence[Piece], target: Argument, stage: Recipe) -> None:
    """Folders come along with what may be one: below the destination nothing is known to be plain any more."""
    for piece in named:
        text = piece.source.text
        looks_like_file = piece.is_folder is None and re.search(copyowners.FILE_NAME, text) is not None
        if piece.is_folder is not False and not looks_like_file:
            is_plain = source is None and not piece.source.is_pattern and literal_text(piece.source.meaning) is not None
            path = artifacts.clean(text)[1:] if is_plain else None
            folders.note_brought(_path(target, stage), path, stage)


def _source(instruction: Instruction, stage: Recipe) -> Source | None:
    found = stage.arguments.plan.graph.sources.get(stage.stage, ())
    return next((source for source in found if source.instruction is instruction), None)


def _with_owner(source: Source | None, instruction: Instruction, stage: Recipe) -> Instruction:
    """``instruction`` without a --chown that is empty: to Docker it is none, earth would give the files to the USER."""
    flag = instruction.flag("chown")
    if flag is None or not flag.value or stage.known(flag.value) != "":
        return instruction
    word, value = words.parse_word(flag.value, stage.escape), ""
    if stage.scope.is_overridable(word):
        only = word[0] if len(word) == 1 else None
        if source is None and isinstance(only, Variable) and not only.operator:
            value = f"${{{only.name}:-0:0}}"
        else:
            names = ", ".join(variable.name for variable in variables(word))
            stage.warn("EM306", instruction, flag.start, flag.end, written=flag.value, value='""', name=names)
    flags = tuple(one._replace(value=value) if one is flag else one for one in instruction.flags)
    return instruction._replace(flags=flags)


def owner_flag(instruction: Instruction, stage: Recipe) -> tuple[str, Word] | None:
    """``--chown`` as it was written: its spelling and its meaning."""
    flag = instruction.flag("chown")
    if flag is None or not flag.value:
        return None
    spelling, word = stage.word(flag.value, instruction, "flag")
    return f"--chown={spelling}", merged([Literal("--chown="), *word])


def mode_flag(
    instruction: Instruction, path: str | None, stage: Recipe, *, makes_folder: bool
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
        if path is not None and not names_folder(detail.destination.text) and not makes_folder:
            folder = path.rpartition("/")[0] or "/"
        if not folders.exists(folder, stage) and value not in ("755", "0755"):
            stage.report("EM406", at, mode=value, folder=folder or detail.destination.text)
    spelling, word = stage.word(flag.value, instruction, "flag")
    return [(f"--chmod={spelling}", merged([Literal("--chmod="), *word]))]


def _path(target: Argument, stage: Recipe) -> str | None:
    return folders.destination(stage.known(target.operand.text), stage)


def plain(flag: str) -> tuple[str, Word]:
    """A flag that is nothing but its own text."""
    return flag, (Literal(flag),)


def is_linked(instruction: Instruction) -> bool:
    """Whether Docker merges what is copied as a layer of its own."""
    link = instruction.flag("link")
    return link is not None and link.value != "false" and instruction.flag("chmod") is None


def _shows_link(instruction: Instruction, target: Argument, stage: Recipe) -> bool:
    """Whether ``--link`` makes a difference, which --keep-own then makes too.

    The copy is made on an empty file system and laid over: folders on the way are plain ones of root afterwards, and a
    file takes the place of a folder of its name.
    """
    if not is_linked(instruction):
        return False
    path = _path(target, stage)
    return not folders.is_ordinary(path, stage) or (folders.exists(path, stage) and not _says_folder(target, stage))


def _says_folder(target: Argument, stage: Recipe) -> bool:
    value = stage.known(target.operand.text)
    return names_folder(target.operand.text if value is None else value)


def _links_to_root(instruction: Instruction, target: Argument, stage: Recipe) -> bool:
    """``--link --chown=0:0`` where the link shows: --keep-own says both for context files."""
    flag = instruction.flag("chown")
    return flag is not None and flag.value in ownership.ROOT_OWNERS and _shows_link(instruction, target, stage)


def check_linked_owner(instruction: Instruction, target: Argument, path: str | None, stage: Recipe) -> None:
    """With --link Docker gives --chown to every folder on the path, the existing ones too; earth cannot."""
    flag = instruction.flag("chown")
    if flag is None or not flag.value or not is_linked(instruction):
        return
    if flag.value in ownership.ROOT_OWNERS and not _shows_link(instruction, target, stage):
        return
    if linkedowners.owned(instruction, path, stage, says_folder=_says_folder(target, stage)):
        folders.assume_plain(path, stage)
        return  # a RUN behind the copy says so
    inside = _says_folder(target, stage) or path is None or folders.exists(path, stage)
    folder = path if inside else (path or "").rpartition("/")[0] or "/"
    folders.assume_plain(path, stage)
    if folder != "/":
        at = (flag.start, flag.end)
        stage.warn("EM426", instruction, *at, owner=flag.value or "", folder=folder or target.operand.text)


def _context_flags(target: Argument, instruction: Instruction, stage: Recipe) -> list[tuple[str, Word]]:
    """Context files are root's in Docker, whoever the USER is."""
    path = _path(target, stage)
    flags: list[tuple[str, Word]] = []
    if stage.settings.fidelity == "exact" or timestamps.are_compared(stage.text, stage.arguments.mappings):
        flags.append(plain("--keep-ts"))
    if (owner := owner_flag(instruction, stage)) is not None and not _links_to_root(instruction, target, stage):
        check_linked_owner(instruction, target, path, stage)
        flags.append(owner)
    elif _shows_link(instruction, target, stage):
        flags.append(plain("--keep-own"))
    elif not stage.is_root():
        flags.append(plain("--chown=0:0"))
    return flags


def _artifact_pieces(
    source: Source, detail: CopyDetail, target: Argument, instruction: Instruction, stage: Recipe
) -> list[Piece]:
    plan = stage.arguments.plan
    if source.stage is None and source.image == SCRATCH:
        raise NotExpressible("EM409", source.span)
    name = plan.targets[source.stage] if source.stage is not None else plan.image_helpers[source.image].target
    saved = plan.artifacts.get(source.stage, ()) if source.stage is not None else ()
    whole = any(artifact.path == artifacts.ROOT for artifact in saved)
    if whole and source.stage is not None and stage.arguments.is_empty(source.stage):
        stage.report("EM414", source.span, source=name)
    named = []
    for operand in detail.sources:
        word = artifacts.rooted(stage.adapt(words.parse_word(operand.text, stage.escape), instruction))
        found = Argument(operand, artifact_reference(name, word), merged([Literal(f"+{name}"), *word]))
        is_folder = _is_folder(source, operand, found, stage)
        if found.is_pattern and rootpatterns.brings_link_to_nothing(source, word, stage):
            stage.warn("EM434", instruction, operand.start, operand.end, source=operand.text)
        if rootpatterns.always_matches(source, word, stage):
            named.append(Piece(found, target, False, is_folder))
        elif found.is_pattern and not _begins_with_name(word):
            helper = rootpatterns.helper(source, name, instruction, stage)
            stage.warn("EM437" if helper else "EM410", instruction, operand.start, operand.end, source=operand.text)
            if helper:
                word = merged([Literal(rootpatterns.FOLDER), *word])
                found = Argument(operand, artifact_reference(helper, word), merged([Literal(f"+{helper}"), *word]))
            named.append(Piece(found, target, helper is not None, is_folder))
        else:
            named.append(Piece(found, target, found.is_pattern, is_folder))
    return named


def _is_folder(source: Source, operand: Operand, found: Argument, stage: Recipe) -> bool | None:
    if found.text.endswith("/"):
        return True
    path = artifacts.clean(operand.text)
    return False if ownership.is_file(stage.arguments.plan, source, path) else None


def _begins_with_name(word: Word) -> bool:
    """Whether --if-exists finds what is below the root: its first character is one that brackets keep as it is."""
    first = word[0]
    return isinstance(first, Literal) and first.text.lstrip("/")[:1] not in ("", *artifacts.NOT_IN_BRACKETS)


def artifact_reference(target: str, path: Word) -> str:
    """``+target/path``. Raises NotExpressible."""
    try:
        return quoting.render_artifact(target, path)
    except quoting.UnrenderableError as error:
        raise NotExpressible("EM320", None, text=str(error)) from None


def _artifact_flags(
    source: Source, named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe
) -> list[tuple[str, Word]]:
    """The first of hard-cases.md 4 that fits: no owner flag, --chown=0:0, --chown=U:G, --keep-own."""
    times = _times(source, named, stage)
    path = _path(target, stage)
    if (owner := owner_flag(instruction, stage)) is not None:
        check_linked_owner(instruction, target, path, stage)
        return [*times, owner]
    if _shows_link(instruction, target, stage):
        return [*times, plain("--keep-own")]
    keeps = folders.keeps_owners(path, stage, says_folder=_says_folder(target, stage))
    if keeps and _doubt(source, named, stage) is not None:
        folders.assume_plain(path, stage)
        return [*times, plain("--keep-own")]
    return times if stage.is_root() else [*times, plain("--chown=0:0")]


def _with_slashes(named: Sequence[Piece], target: Argument, stage: Recipe) -> list[Piece]:
    """``named`` for --keep-own, which does not see that a destination is a folder already: a slash says so."""
    if _says_folder(target, stage) or not folders.exists(_path(target, stage), stage):
        return list(named)
    meaning = merged([*target.meaning, Literal("/")])
    slashed = Argument(target.operand, stage.spell(meaning, how="path"), meaning)
    return [piece._replace(target=slashed) for piece in named]


def _unkept(
    source: Source, named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe
) -> ownership.Doubt | None:
    """Why no flag gives the files their owners: they have others than root, and --keep-own would do harm.

    Of what an unknown image brings, only its data are worth a doubt.
    """
    flag = instruction.flag("chown")
    if (flag is not None and flag.value) or _shows_link(instruction, target, stage):
        return None
    keeps = folders.keeps_owners(_path(target, stage), stage, says_folder=_says_folder(target, stage))
    doubt = None if keeps else _doubt(source, named, stage)
    data = stage.arguments.mappings.ownership["image-data"]
    is_data = any(f"{artifacts.clean(item.source.operand.text)}/".startswith(data) for item in named)
    return doubt if doubt is not None and (doubt.certain or is_data) else None


def _times(source: Source, named: Sequence[Piece], stage: Recipe) -> list[tuple[str, Word]]:
    plan = stage.arguments.plan
    is_image = source.stage is None
    saved = plan.image_helpers[source.image].artifacts if is_image else plan.artifacts.get(source.stage or 0, ())
    return [plain("--keep-ts")] if _keeps_times(named, saved, stage) else []


def _keeps_times(named: Sequence[Piece], saved: Sequence[artifacts.Artifact], stage: Recipe) -> bool:
    wanted = [artifacts.needed(words.parse_word(item.source.operand.text, stage.escape)) for item in named]
    return any(item.keep_times and (item.covers(one) or one.covers(item)) for item in saved for one in wanted)


def _doubt(source: Source, named: Sequence[Piece], stage: Recipe) -> ownership.Doubt | None:
    """The first doubt about who owns what these sources bring."""
    mappings = stage.arguments.mappings
    for item in named:
        path = artifacts.needed(words.parse_word(item.source.operand.text, stage.escape)).path
        if source.stage is not None:
            found = ownership.foreign_owner(stage.arguments.plan, source.stage, path, mappings)
        else:
            found = ownership.image_owner(source.image, path, mappings)
        if found is not None:
            return found
    return None


def _commands(
    flags: Sequence[tuple[str, Word]], named: Sequence[Piece], target: Argument, instruction: Instruction, stage: Recipe
) -> Iterator[Command]:
    """One COPY where one can say it.

    Sources that may match nothing stand in one with --if-exists. When the destination may be a name and not a folder,
    each source has a COPY of its own: of several, earth would make a folder, and Docker writes one over the other.
    """
    path = _path(target, stage)
    into_folder = _says_folder(target, stage) or (not is_linked(instruction) and goes_into_folder(target, stage))
    _note_owner(path, instruction, stage)
    if not all(piece.is_optional for piece in named):
        is_made = names_folder(target.text) or any(piece.is_folder for piece in named)
        folders.note_made(path if is_made else path and path.rpartition("/")[0], stage)
    if path is not None and any(piece.is_folder is None for piece in named):
        stage.perhaps.add(path)
    groups = list(_groups(named, together=into_folder))
    if len(groups) == 1 and not groups[0][0].is_optional and groups[0][0].target.operand is target.operand:
        yield _command(flags, [piece.source for piece in named], groups[0][0].target, instruction)
        return
    for group in groups:
        extra = [plain("--if-exists")] if group[0].is_optional else []
        yield _one_line([*flags, *extra], [piece.source for piece in group], group[0].target, instruction)


def _note_owner(path: str | None, instruction: Instruction, stage: Recipe) -> None:
    """The folders that a copy with --chown creates belong to that owner, those with --chmod have that mode."""
    owner, mode = instruction.flag("chown"), instruction.flag("chmod")
    is_root = owner is None or not owner.value or owner.value in ownership.ROOT_OWNERS
    is_plain = mode is None or mode.value in ("", None, "755", "0755")
    if path is not None and not (is_root and is_plain):
        stage.owners.update(folders.missing(path, stage))


def _groups(named: Sequence[Piece], *, together: bool) -> Iterator[list[Piece]]:
    """Neighbouring sources of one kind, in order: a later file still overwrites an earlier one."""
    group: list[Piece] = []
    for piece in named:
        alike = group and together and (piece.is_optional, piece.target) == (group[0].is_optional, group[0].target)
        if group and not alike:
            yield group
            group = []
        group.append(piece)
    yield group


def _command(
    flags: Sequence[tuple[str, Word]], sources: Sequence[Argument], target: Argument, instruction: Instruction
) -> Command:
    """COPY on the lines of the original where it had several."""
    made = _one_line(flags, sources, target, instruction)
    if instruction.exec_form is not None or len({id(item.operand) for item in sources}) < len(sources):
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
