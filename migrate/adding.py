"""ADD of what COPY cannot bring: archives, downloads, Git repositories; each by a target that runs the ADD itself.

Two helper targets do it for the whole file: one writes a Dockerfile of a few lines, ``FROM scratch`` and ``ADD $source
/``, one is built from that. A COPY takes the files from there, so owner, mode and destination are those of any COPY.
Built with both tools, for every compression, URL and Git form (facts/dockerfile.md 7, hard-cases.md 9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate import archives, copying, folders, helperfiles, timestamps
from migrate.artifacts import clean
from migrate.context import Member
from migrate.contextsources import Argument, argument, names_folder
from migrate.dockerfile.model import CopyDetail, Instruction, Operand
from migrate.earthfile.model import Command, Item, Target
from migrate.recipe import NotExpressible, Recipe, command
from migrate.words import Literal, Word, merged

PLAIN, ARCHIVE, DOWNLOAD, REPOSITORY = "plain", "archive", "download", "repository"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SOURCE = "source"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SAID = {
    ARCHIVE: "unpacks an archive",
    DOWNLOAD: "downloads",
    REPOSITORY: "clones",
}
_NAMES = {ARCHIVE: "unpack", DOWNLOAD: "download", REPOSITORY: "clone"}
#: What the target of a kind is called in a finding that gives up.
_CODES = {ARCHIVE: "EM420", DOWNLOAD: "EM421", REPOSITORY: "EM422"}


class Kind(NamedTuple):
    """What a source of an ADD is, and its value where no build argument is passed (None: not known)."""

    kind: str
    operand: Operand
    value: str | None


def kinds(instruction: Instruction, stage: Recipe) -> list[Kind]:
    """What each source of ``instruction`` is; says so where a local file could not be looked at."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    return [_kind(source, instruction, stage) for source in detail.sources]


def _kind(source: Operand, instruction: Instruction, stage: Recipe) -> Kind:
    unpack = instruction.flag("unpack")
    keeps = unpack is not None and unpack.value == "false"
    value = stage.known(source.text)
    text = source.text if value is None else value
    if archives.is_git(text):
        return Kind(REPOSITORY, source, value)
    if archives.is_url(text):
        if unpack is not None and not keeps:
            # One FROM DOCKERFILE cannot take its context from another: earth says "features is already set".
            raise NotExpressible("EM461", instruction.span_of(unpack.start, unpack.end), source=source.text)
        return Kind(DOWNLOAD, source, value)
    if keeps or text.endswith("/") or clean(text) == "/":
        return Kind(PLAIN, source, value)
    found = archives.looked_at(text, stage.context) if value is not None else None
    if found is False and stage.scope.is_overridable(stage.word(source.text, instruction)[1]):
        found = None if not stage.context.is_directory(clean(text)[1:]) else False
    if found is None:
        found = archives.has_archive_name(text)
        if not found and not stage.context.is_directory(clean(text)[1:]):
            code = "EM467" if archives.may_match_archives(text) else "EM423"
            stage.report(code, instruction.span_of(source.start, source.end), source=text)
    return Kind(ARCHIVE if found else PLAIN, source, value)


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """One COPY for each source that needs a helper, one for each run of plain ones between them."""
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    found = kinds(instruction, stage)
    if all(one.kind == PLAIN for one in found):
        yield from copying.convert(instruction, stage)
        return
    target = argument(detail.destination, instruction, stage)
    if stage.scope.static(target.meaning) == "":
        target = Argument(detail.destination, ".", (Literal("."),))  # earth would take the root
    path = folders.destination(stage.known(detail.destination.text), stage)
    makes_folder = found[0].kind in (ARCHIVE, REPOSITORY)
    is_file = not makes_folder and not names_folder(detail.destination.text) and not folders.exists(path, stage)
    if len(found) > 1 and is_file:
        at = instruction.span_of(detail.destination.start, detail.destination.end)
        raise NotExpressible("EM407", at, destination=detail.destination.text)
    made: list[Item] = []
    plain: list[Operand] = []
    for one in found:
        if one.kind == PLAIN:
            plain.append(one.operand)
            continue
        made += _plain(plain, instruction, stage)
        plain = []
        made.append(_Copied(one, instruction, target, path, stage).command())
    yield from [*made, *_plain(plain, instruction, stage)]


def _plain(sources: Sequence[Operand], instruction: Instruction, stage: Recipe) -> list[Item]:
    if not sources:
        return []
    detail = instruction.detail
    assert isinstance(detail, CopyDetail)
    # An array keeps no line breaks, and those of the whole instruction would be wrong here.
    part = instruction._replace(detail=CopyDetail(tuple(sources), detail.destination), exec_form=())
    return list(copying.convert(part, stage))


class _Copied:
    """The COPY that takes one source of an ADD from the target that adds it."""

    def __init__(self, kind: Kind, instruction: Instruction, target: Argument, path: str | None, stage: Recipe) -> None:
        self.kind = kind
        self.instruction = instruction
        self.target = target
        self.path = path
        self.stage = stage

    def command(self) -> Command:
        """The command; raises NotExpressible where files, owners or modes would differ."""
        stage, instruction = self.stage, self.instruction
        written = _repository(self.kind, instruction, stage) if self.kind.kind == REPOSITORY else self.kind.operand.text
        spelling, source = stage.word(written, instruction)
        _check_parameter(spelling, instruction, self.kind)
        flags = [*self._owner(), *self._mode()]
        if stage.settings.fidelity == "exact" or timestamps.are_compared(stage.text, stage.arguments.mappings):
            flags.insert(0, ("--keep-ts", (Literal("--keep-ts"),)))
        helper = _helper(self.kind, instruction, stage)
        inner = "/src" if self.kind.kind == REPOSITORY else self._inner(source)
        text = f"(+{helper}{inner} --{_SOURCE}={spelling}"
        meaning: Word = (Literal(f"(+{helper}{inner} --{_SOURCE}="), *source)
        if (checksum := self._checksum()) is not None:
            text += f" --checksum={checksum[0]}"
            meaning = (*meaning, Literal(" --checksum="), *checksum[1])
        stage.copies = True
        if self.kind.kind == ARCHIVE:
            stage.context_sources.append(clean(self.kind.operand.text)[1:])
        folders.note_made(self._folder(), stage)
        if self.kind.kind != DOWNLOAD:
            folders.note_brought(self.path, None, stage)
        if stage.has_shell is False:
            stage.has_shell = None  # what is added may bring one
        said = _SAID[self.kind.kind]
        stage.warn("EM460", instruction, self.kind.operand.start, self.kind.operand.end, what=said, target=helper)
        destination = (self.target.spelling, self.target.meaning)
        return command("COPY", [*flags, (text + ")", merged([*meaning, Literal(")")])), destination], instruction)

    def _inner(self, source: Word) -> str:
        """What the COPY takes from the root of the helper: everything, or the one file by its name."""
        if self.kind.kind == ARCHIVE or names_folder(self.target.operand.text):
            return "/"
        last = source[-1] if source else None
        text = last.text if isinstance(last, Literal) else ""
        path, asks, _ = text.partition("?")
        folder, slash, name = (path.partition("://")[2] if len(source) == 1 else path).rpartition("/")
        # A question mark may stand in front of what a variable completes; a wildcard finds the one file by any name.
        certain = slash and (folder or len(source) > 1) and not (asks and len(source) > 1)
        return f"/{name}" if certain and _NAME.fullmatch(name) else "/*"

    def _folder(self) -> str | None:
        """The folder that exists after the COPY."""
        if self.kind.kind != DOWNLOAD or names_folder(self.target.operand.text):
            return self.path
        return self.path.rpartition("/")[0] if self.path else None

    def _owner(self) -> list[tuple[str, Word]]:
        stage, instruction = self.stage, self.instruction
        owner = copying.owner_flag(instruction, stage)
        if owner is not None:
            copying.check_linked_owner(instruction, self.target, self.path, stage)
            if self.kind.kind == ARCHIVE:
                self._check_given_owner()
            return [owner]
        if self.kind.kind == ARCHIVE:
            return self._archive_owner()
        if copying.is_linked(instruction) and not folders.is_ordinary(self.path, stage):
            return [("--keep-own", (Literal("--keep-own"),))]
        return [] if stage.is_root() else [("--chown=0:0", (Literal("--chown=0:0"),))]

    def _members(self) -> tuple[Member, ...] | None:
        """What is in the archive; None when nobody can look, or a build argument may name another one."""
        value, stage = self.kind.value, self.stage
        word = stage.word(self.kind.operand.text, self.instruction)[1]
        if self.kind.kind != ARCHIVE or value is None or stage.scope.is_overridable(word):
            return None
        return archives.members([value], stage.context)

    def _check_given_owner(self) -> None:
        """Docker gives --chown to the entries of an archive alone, COPY to every folder that it makes on the way."""
        found, operand = self._members(), self.kind.operand
        at = self.instruction.span_of(operand.start, operand.end)
        if found is None:
            self.stage.report("EM466", at, source=operand.text)
        elif self.path is None or archives.unnamed_folders(self.path, found):
            raise NotExpressible("EM420", at, source=operand.text)

    def _archive_owner(self) -> list[tuple[str, Word]]:
        """No flag when all is root's, else --keep-own; NotExpressible where that would change existing folders."""
        stage, operand = self.stage, self.kind.operand
        if copying.is_linked(self.instruction):
            return [("--keep-own", (Literal("--keep-own"),))]  # Docker merges it as a layer of its own, too
        found = self._members()
        special = (*folders.special_paths(stage), *(place for place, _ in stage.brought))
        if self.path is None or not archives.is_mergeable(self.path, found, special):
            raise NotExpressible("EM420", self.instruction.span_of(operand.start, operand.end), source=operand.text)
        if archives.are_roots(found) and stage.user.root is True:
            return []
        if not archives.are_roots(found):
            folders.assume_plain(self.path, stage)
            return [("--keep-own", (Literal("--keep-own"),))]
        return [("--chown=0:0", (Literal("--chown=0:0"),))]

    def _mode(self) -> list[tuple[str, Word]]:
        """``--chmod``, which Docker ignores for what it unpacks."""
        if self.kind.kind == ARCHIVE:
            return []
        return copying.mode_flag(self.instruction, self.path, self.stage, makes_folder=self.kind.kind == REPOSITORY)

    def _checksum(self) -> tuple[str, Word] | None:
        flag = self.instruction.flag("checksum")
        if flag is None or not flag.value or self.kind.kind != DOWNLOAD:
            return None
        spelling, word = self.stage.word(flag.value, self.instruction)
        _check_parameter(spelling, self.instruction, self.kind)
        return spelling, word


def _check_parameter(spelling: str, instruction: Instruction, kind: Kind) -> None:
    """Raise NotExpressible for what earth does not read alike inside ``(+target --name=value)``."""
    blank = any(char.isspace() for char in spelling)
    if set(spelling) & set("()") or (blank and (spelling[0] != '"' or "\\" in spelling)):
        operand = kind.operand
        raise NotExpressible(_CODES[kind.kind], instruction.span_of(operand.start, operand.end), source=operand.text)


def _repository(kind: Kind, instruction: Instruction, stage: Recipe) -> str:
    """The repository with its reference as a fragment: the frontend inside earth knows no queries."""
    operand = kind.operand
    at = instruction.span_of(operand.start, operand.end)
    keep, checksum = instruction.flag("keep-git-dir"), instruction.flag("checksum")
    if keep is not None and keep.value != "false":
        stage.report("EM463", at, source=operand.text)
    if not (kind.value or operand.text).lower().startswith(("http", "git://")):
        raise NotExpressible("EM465", at, source=operand.text)
    has_query = "?" in (kind.value or operand.text)
    if not has_query and (checksum is None or not checksum.value):
        return operand.text
    text = operand.text
    if "{" in text or ("?" in text) != has_query:  # a modifier, or a variable that holds the query
        text = kind.value or ""
        if not text or stage.scope.is_overridable(stage.word(operand.text, instruction)[1]):
            raise NotExpressible("EM422", at, source=operand.text)
    remote, _, fragment = text.partition("#")
    remote, _, query = remote.partition("?")
    reference, _, folder = fragment.partition(":")
    asked = _query(query)
    if "keep-git-dir" in asked and asked.pop("keep-git-dir") != "false":
        stage.report("EM463", at, source=operand.text)
    asked.pop("mtime", None)
    asked.pop("fetch-by-commit", None)
    wanted = asked.pop("commit", None) or asked.pop("checksum", None) or (checksum.value if checksum else None)
    for key, prefix in (("ref", ""), ("tag", "refs/tags/"), ("branch", "refs/heads/")):
        if key in asked:
            reference = prefix + asked.pop(key).removeprefix(prefix)
    folder = asked.pop("subdir", folder)
    if asked or "%" in query or (wanted is not None and not _COMMIT.fullmatch(wanted)):
        raise NotExpressible("EM422", at, source=operand.text)
    reference = wanted or reference  # the commit is what must come out, whatever the name says now
    return f"{remote}#{reference}:{folder}" if folder else f"{remote}#{reference}" if reference else remote


def _helper(kind: Kind, instruction: Instruction, stage: Recipe) -> str:
    """The name of the target that does this kind of ADD, made by the first that asks for it."""
    keeps_git = kind.kind == REPOSITORY and _keeps_git(kind, instruction)
    name = _NAMES[kind.kind] + ("-with-git" if keeps_git else "")
    shared = stage.arguments.shared
    if name not in shared:
        shared[name] = stage.arguments.unique(name)
        stage.extra.append(_target(shared[name], kind, keeps_git, instruction, stage))
    return shared[name]


def _keeps_git(kind: Kind, instruction: Instruction) -> bool:
    flag = instruction.flag("keep-git-dir")
    if flag is not None and flag.value != "false":
        return True
    return _query(kind.operand.text.partition("#")[0].partition("?")[2]).get("keep-git-dir", "false") != "false"


def _query(text: str) -> dict[str, str]:
    """The keys and values of a URL's query."""
    return {key: value for key, _, value in (one.partition("=") for one in text.split("&") if one)}


def _target(name: str, kind: Kind, keeps_git: bool, instruction: Instruction, stage: Recipe) -> Target:
    """The target that adds its argument ``source`` to an empty image, and saves what came of it."""
    span = instruction.span
    has_sums = kind.kind != REPOSITORY and _has_sums(stage)
    items: list[Item] = [Command.of("ARG", f"--required {_SOURCE}", source=span)]
    items += [Command.of("ARG", "checksum", source=span)] if has_sums else []
    passed = f"--build-arg {_SOURCE}=${_SOURCE}" + (" --build-arg checksum=$checksum" if has_sums else "")
    times = "--keep-ts " if stage.settings.fidelity == "exact" else ""
    saved = f"{times}--symlink-no-follow /* /"
    if kind.kind == REPOSITORY:
        git = "--keep-git-dir=true " if keeps_git else ""
        image = helperfiles.shell_image(stage) or stage.settings.helper_image
        lines: tuple[str, ...] = (f"FROM {image}", f"ARG {_SOURCE}", f"ADD {git}${_SOURCE} /src")
        writer = _writer(f"{name}-dockerfile", lines, instruction, stage)
        saved = f"{times}/src /src"
    else:
        sums = " --checksum=$checksum" if has_sums else ""
        lines = ("FROM scratch", f"ARG {_SOURCE}", *(("ARG checksum",) if has_sums else ()), f"ADD{sums} ${_SOURCE} /")
        writer = _writer("add-dockerfile", lines, instruction, stage)
    context = "." if kind.kind == ARCHIVE else f"+{writer}/"
    items.append(Command.of("FROM DOCKERFILE", f"{passed} -f +{writer}/Dockerfile {context}", source=span))
    if kind.kind == REPOSITORY:
        # EarthBuild's daemon checks out with modes 666 and 777, BuildKit's with 644 and 755.
        items.append(Command.of("RUN", "chmod -R go-w /src", source=span))
    items.append(Command.of("SAVE ARTIFACT", saved, source=span))
    return Target(name, tuple(items), source=span)


def _has_sums(stage: Recipe) -> bool:
    """Whether an ADD of the file has --checksum: the target for downloads is one for all."""
    return any(
        item.keyword == "ADD" and item.flag("checksum") is not None
        for one in stage.arguments.plan.graph.stages
        for item in one.instructions
    )


def _writer(name: str, lines: tuple[str, ...], instruction: Instruction, stage: Recipe) -> str:
    """The name of the target that writes ``lines``, made by the first that asks for it."""
    key = "\n".join(lines)
    shared = stage.arguments.shared
    if key not in shared:
        shared[key] = stage.arguments.unique(name)
        above = ("# A Dockerfile for what an Earthfile cannot say: ADD of more than plain files.",)
        stage.extra.append(helperfiles.writing_target(shared[key], lines, above, instruction.span, stage))
    return shared[key]
