"""``--remove-dockerfiles``: the Dockerfiles that nothing needs any more, and why each of the others stays.

A Dockerfile goes when its Earthfile builds the same image and nothing in the repository names it or may build it.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.callsites import composecall, described
from migrate.callsites.compose import Built
from migrate.callsites.data import Data
from migrate.callsites.edits import position
from migrate.callsites.model import Outcome, Site
from migrate.callsites.values import Value
from migrate.diagnostics import Collector, Diagnostic, Grade
from migrate.discovery import Files
from migrate.earthfile.model import Command
from migrate.gitpatch import FileChange
from migrate.grouping import Group
from migrate.mappings import Mappings
from migrate.records import NAME as RECORDS
from migrate.rewriting import Rewritten

_LARGEST = 1024 * 1024
_PROSE = (".md", ".markdown", ".rst", ".adoc", ".txt", ".html")
#: Files that name Dockerfiles to tell how they are treated, not to read them.
_HARMLESS = frozenset(
    (".dockerignore", ".gitignore", ".gitattributes", ".editorconfig", ".earthlyignore", "CODEOWNERS", RECORDS)
) | {"renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", "dependabot.yml", "dependabot.yaml"}
_LISTED = re.compile(r"\s*-\s+[\"']?[\w*./!-]+[\"']?\s*(?:#.*)?$|.*\bhashFiles\(")


class Removal(NamedTuple):
    """The changes that remove files, and what is said of every Dockerfile."""

    changes: tuple[FileChange, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass
class _Work:
    groups: Sequence[Group]
    rewritten: Sequence[Rewritten]
    files: Files
    data: Data
    changes: Mapping[str, bytes | None]
    """Path -> its bytes after the migration."""
    paths: Sequence[str]
    why: dict[str, str] = field(default_factory=dict)
    prose: dict[str, list[str]] = field(default_factory=dict)

    def keep(self, path: str, why: str) -> None:
        self.why.setdefault(path, why)

    @property
    def going(self) -> list[str]:
        return [path for path in self.paths if path not in self.why]


def decide(
    dockerfiles: Sequence[str],
    groups: Sequence[Group],
    rewritten: Sequence[Rewritten],
    changes: Iterable[FileChange],
    files: Files,
    data: Data,
    mappings: Mappings,
) -> Removal:
    """What becomes of ``dockerfiles``; ``changes`` are those of the migration so far."""
    after = {change.path: change.after for change in changes}
    work = _Work(groups, rewritten, files, data, after, dockerfiles)
    for path in dockerfiles:
        if why := _unequal(path, groups):
            work.keep(path, why)
    for item in rewritten:
        _calls(item, work)
    _mentions(work)
    return _result(work, mappings)


def _unequal(path: str, groups: Iterable[Group]) -> str:
    """Why the Earthfile does not stand in for a Dockerfile, "" when it does."""
    found = [
        (one, conversion)
        for one in groups
        for record, conversion in zip(one.records, one.combined.conversions, strict=True)
        if record.dockerfile == path
    ]
    if not found:
        return "no Earthfile was made from it"
    for one, conversion in found:
        if one.blocked:
            return one.blocked
        if conversion.document is None:
            return "it was not converted"
        grade = max((target.grade for target in conversion.targets), default=Grade.FAILED)
        if grade not in (Grade.EXACT, Grade.EQUAL):
            return "its Earthfile does not build the same image"
        for target in conversion.document.targets:
            for item in target.items:
                if isinstance(item, Command) and item.keyword == "FROM DOCKERFILE" and not _is_generated(item):
                    return f"+{target.name} builds from it"
    return ""


def _is_generated(command: Command) -> bool:
    """Whether FROM DOCKERFILE reads a file that another target writes."""
    return any(re.search(r"-f \+", line.text) for line in command.lines)


def _calls(item: Rewritten, work: _Work) -> None:
    """Keep what a place that stays builds, or may build."""
    text = item.carrier.text
    sites = [outcome.site for outcome in item.outcomes]
    ends = [*(site.start for site in sites), len(text)][1:]
    for outcome, end in zip(item.outcomes, ends, strict=True):
        site = outcome.site
        if outcome.edits or _is_replaced(outcome):
            continue
        where = f"{site.path}:{position(text, site.start)[0]}"
        if composecall.of(site) is not None:
            continue  # what Compose builds is what its services say
        if site.dockerfile is None and site.call is None:
            site = described.located_site(site, text, end, work.files, work.data)
        if site.dockerfile is not None:
            work.keep(site.dockerfile, f"{where} builds it")
            continue
        for path in _possible(site, text, work.paths):
            work.keep(path, f"{where} may build it")


def _is_replaced(outcome: Outcome) -> bool:
    return isinstance(outcome.site.detail, Built) and any(note.code == "EM830" for note in outcome.notes)


def _possible(site: Site, text: str, paths: Sequence[str]) -> list[str]:
    """The Dockerfiles that a place can mean, as far as it names one."""
    if site.call is None:
        named = [path for path in paths if path in text[site.start : site.end]]
        return named or list(paths)
    file, context = site.call.last("file"), site.call.context
    if context is not None and "://" in (context.text or ""):
        return []
    wanted = _pattern(file) if file is not None else f"{_pattern(context)}/Dockerfile" if context else "Dockerfile"
    wanted = posixpath.normpath(wanted).removeprefix("../")
    return [path for path in paths if fnmatch.fnmatchcase(f"/{path}", f"*/{wanted}")]


def _pattern(value: Value | None) -> str:
    """What is known of a word, ``*`` for the rest."""
    parts = [piece.text if piece.text is not None else "*" for piece in value.pieces] if value is not None else ["*"]
    return re.sub(r"\*+", "*", "".join(parts)) or "*"


def _mentions(work: _Work) -> None:
    """Keep Dockerfiles that a file names, whatever it does with them."""
    names = {posixpath.basename(path) for path in work.going}
    if not names:
        return
    # The longest first: Dockerfile.dev is no mention of Dockerfile.
    pattern = re.compile(
        r"(?<![\w*?\]])[\w@{}$./-]*(?:"
        + "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        + r")(?![\w*-]|\.[\w$*{])"
    )
    found: list[tuple[str, str, int]] = []
    for path in sorted({*work.files.paths, *(path for path, data in work.changes.items() if data is not None)}):
        text = _text(path, work)
        if text is None or not any(name in text for name in names):
            continue
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start())
            if _counts(path, text, match.start()):
                found += [(meant, path, line + 1) for meant in _meant(match.group(), path, work.going)]
    changed = True
    while changed:
        changed = False
        for meant, path, line in found:
            if path.endswith(_PROSE):
                work.prose.setdefault(meant, []).append(f"{path}:{line}")
            elif meant not in work.why and path != meant and path not in work.going:
                work.keep(meant, f"{path}:{line} names it")
                changed = True


def _text(path: str, work: _Work) -> str | None:
    if posixpath.basename(path) in _HARMLESS or path.endswith(".dockerignore"):
        return None
    data = work.changes[path] if path in work.changes else work.files.read(path, _LARGEST)
    return None if data is None or b"\0" in data[:1024] else data.decode("utf-8", "replace")


def _counts(path: str, text: str, offset: int) -> bool:
    """Whether a mention in a file could be a use: not a filter's list in CI, not a comment of an Earthfile."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    if posixpath.basename(path) == "Earthfile":
        return line.lstrip().startswith(("COPY", "FROM DOCKERFILE"))
    if path.startswith(".github/") or path.endswith(".gitlab-ci.yml"):
        return not _LISTED.match(line)
    return not line.lstrip().startswith("#")


def _meant(word: str, path: str, paths: Iterable[str]) -> Iterator[str]:
    """The Dockerfiles that ``word`` in the file ``path`` can mean."""
    plain = re.sub(r"^.*[}$]", "", word).lstrip("@")
    rooted = posixpath.normpath(plain.lstrip("/"))
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), plain))
    for candidate in paths:
        if candidate in (rooted, beside) or ("/" in rooted and candidate.endswith(f"/{rooted}")):
            yield candidate


def _result(work: _Work, mappings: Mappings) -> Removal:
    changes: list[FileChange] = []
    diagnostics: list[Diagnostic] = []
    going = work.going
    for path in work.paths:
        collector = Collector(path, mappings.diagnostics)
        if path in work.why:
            collector.report("EM841", None, why=work.why[path])
        else:
            places = ", ".join(dict.fromkeys(work.prose.get(path, ())))
            collector.report("EM840", None, places=f"; {places} mentions it" if places else "")
            changes += _gone(path, work)
            changes += _gone(f"{path}.dockerignore", work)
        diagnostics += collector.diagnostics
    for one in work.groups:
        if all(record.dockerfile in going for record in one.records) and not _reads_context(one):
            changes += _gone(posixpath.join(one.context, ".dockerignore"), work)
    return Removal(tuple(dict.fromkeys(changes)), tuple(diagnostics))


def _reads_context(one: Group) -> bool:
    """Whether a Docker build of the folder is left, which would read its .dockerignore."""
    text = one.text or ""
    return bool(one.blocked) or re.search(r"^\s*FROM DOCKERFILE(?!.* \+\S+/\s*$)", text, re.MULTILINE) is not None


def _gone(path: str, work: _Work) -> list[FileChange]:
    if not work.files.is_file(path):
        return []
    data = work.files.read(path, _LARGEST)
    return [] if data is None else [FileChange(path, data, None, path in work.files.executable)]
