"""The Dockerfiles of one build context in one Earthfile, and what becomes of an Earthfile that stands there already."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from migrate import ignorefile, ignoremerge, standing, standingmerge
from migrate.callsites.translate import tagged
from migrate.choice import Style
from migrate.combine import Combined, Others, Part, combine
from migrate.convert import Conversion
from migrate.diagnostics import Collector, Diagnostic
from migrate.discovery import Files
from migrate.disk import LARGEST_INPUT, DiskContext
from migrate.earthfile.model import Command
from migrate.earthfile.tree import EarthfileError
from migrate.header import is_environment_name
from migrate.imagenames import decided
from migrate.mappings import Mappings
from migrate.plan import LAST
from migrate.records import Record
from migrate.report.diff import NOTHING, unified
from migrate.settings import LocalBase, SavedStage, Settings
from migrate.standing import Mine, Standing
from migrate.survey import Demand


class Output(NamedTuple):
    """A file of a group: what stands there, and what should."""

    path: str
    before: bytes | None
    after: bytes


class Group(NamedTuple):
    """One build context: its Earthfile with all Dockerfiles in it, and what is recorded of each.

    ``recorded`` is what .earthmigrate.yaml gets, which is older where the Earthfile stays. ``blocked``: why it stays as
    it is, and with it the calls; "" when it is written.
    """

    context: str
    combined: Combined
    records: tuple[Record, ...]
    outputs: tuple[Output, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    blocked: str = ""
    recorded: tuple[Record, ...] = ()

    @property
    def text(self) -> str | None:
        """The Earthfile to come, None where none is written."""
        found = [item.after for item in self.outputs if posixpath.basename(item.path) == "Earthfile"]
        return found[0].decode("utf-8", "surrogateescape") if found and not self.blocked else None


def group(
    context: str,
    wanted: Sequence[Demand],
    earlier: Iterable[Record],
    files: Files,
    mappings: Mappings,
    *,
    force: bool = False,
    style: Style | None = None,
    asked: Collection[str] = (),
    bases: Mapping[str, tuple[LocalBase, ...]] | None = None,
) -> Group:
    """Convert the Dockerfiles of one context into one Earthfile.

    ``asked`` are the arguments that calls of earth pass.
    ``bases``: Dockerfile -> its base images that other targets build; None for what ``earlier`` says.

    ``earlier`` are the records of this context. ``force``: what somebody else wrote, or changed, gives way where it is
    in the way.
    """
    if bases is None:
        bases = {record.dockerfile: record.bases for record in earlier}
    return _Work(context, wanted, tuple(earlier), files, mappings, force, dict(bases), style or Style(), asked).group()


class _Work:
    """One context on its way to a Group."""

    def __init__(
        self,
        context: str,
        wanted: Sequence[Demand],
        earlier: tuple[Record, ...],
        files: Files,
        mappings: Mappings,
        force: bool,
        bases: dict[str, tuple[LocalBase, ...]],
        style: Style,
        asked: Collection[str],
    ) -> None:
        self.context, self.wanted, self.earlier, self.style, self.asked = context, wanted, earlier, style, asked
        self.files, self.mappings, self.force, self.bases = files, mappings, force, bases
        self.known = {record.dockerfile: record for record in earlier}
        self.sources = [(demand.dockerfile, files.read(demand.dockerfile, LARGEST_INPUT) or b"") for demand in wanted]
        folder = files.root / context
        self.contexts = {path: DiskContext(folder, files.root / path, fresh=True) for path, _ in self.sources}
        self.path = posixpath.join(context, "Earthfile")
        self.before = files.read(self.path, LARGEST_INPUT)
        self.findings: list[Diagnostic] = []

    def group(self) -> Group:
        combined, records = self._combined(None)
        if self.before is None:
            return self._done(combined, records, combined.text, None)
        text = self.before.decode("utf-8", "surrogateescape")
        try:
            there = standing.outline(text, self._mine())
            if not self.earlier and combined.document is not None:
                mine = standingmerge.adopted(there, combined.document)
                there = standing.outline(text, mine) if mine is not None else there
        except EarthfileError as error:
            return self._clash(combined, records, f"earth cannot read it: {error}")
        if not there.is_ours:
            shared = frozenset(block.name for block in there.arguments)
            combined, records = self._combined(Others(standing.names(there), standing.words(there), shared))
        if combined.document is None:
            return self._unwritten(combined, records, "")
        images = {tagged(name) or "" for record in records for names in record.images.values() for name in names}
        environment = [
            name
            for statement in there.base
            if (name := standing.global_name(statement)) and is_environment_name(name, self.mappings)
        ]
        if problem := standing.clash(there, combined.document, images, environment):
            return self._clash(combined, records, problem)
        try:
            after = standingmerge.merged(there, combined.document)
        except standingmerge.MergeError as error:
            return self._clash(combined, records, str(error))
        if not self.force and (self.earlier and not self._is_untouched(there)):
            return self._kept(combined, records, after)
        return self._done(combined, records, after, there)

    def _mine(self) -> Mine:
        targets = frozenset(target for record in self.earlier for target in record.targets)
        shared = frozenset(name for record in self.earlier for name in record.globals)
        return Mine(targets, shared, next((record.written for record in self.earlier if record.written), ""))

    def _is_untouched(self, there: Standing) -> bool:
        """Whether nobody has changed what an earlier run wrote, and all it was written from is still there."""
        gone = {record.dockerfile for record in self.earlier} - {demand.dockerfile for demand in self.wanted}
        return not gone and standing.is_unchanged(there, self._mine())

    def _combined(self, others: Others | None) -> tuple[Combined, tuple[Record, ...]]:
        records, parts = [], []
        words = others.words if others is not None else frozenset()
        for demand, (_, source) in zip(self.wanted, self.sources, strict=True):
            known = self.known.get(demand.dockerfile)
            record = decided(demand, source, self.sources, known, self.files.root.name, words, self.asked)
            earlier = known.targets if known is not None else {}
            record = record._replace(targets=earlier, bases=self.bases.get(demand.dockerfile, ()))
            records.append(record)
            parts.append(self._part(record, source))
        combined = combine(parts, self.mappings, others)
        unusable = [
            conversion.path
            for record, conversion in zip(records, combined.conversions, strict=True)
            if record.bases and not _names_all(record.bases, conversion)
        ]
        if unusable:
            self.bases |= dict.fromkeys(unusable, ())
            return self._combined(others)
        pairs = zip(records, combined.conversions, strict=True)
        return combined, tuple(_existing(record, conversion) for record, conversion in pairs)

    def _part(self, record: Record, source: bytes) -> Part:
        settings = Settings(
            images=record.images[""],
            image_argument=record.arguments.get(""),
            saved=tuple(
                SavedStage(stage, record.images.get(stage) or (f"{stage}:latest",), record.arguments.get(stage))
                for stage in sorted({*record.images, *record.arguments} - {""})
            ),
            dockerfile=posixpath.relpath(record.dockerfile, record.context or "."),
            target_names=tuple(sorted((stage, target) for target, stage in record.targets.items())),
            bases=record.bases,
            fidelity=self.style.fidelity,
            fallback=self.style.fallback,
            helper_image=self.style.helper_image,
            writes=True,
        )
        context = self.contexts[record.dockerfile]
        return Part(record.dockerfile, source, settings, context, record.open, record.platforms)

    @cached_property
    def _ignore_file(self) -> tuple[bytes | None, bool]:
        """The bytes of the .earthlyignore, and whether an earlier run wrote all of it."""
        data = self.files.read(posixpath.join(self.context, ignorefile.NAME), LARGEST_INPUT)
        digests = [record.ignored for record in self.earlier if record.ignored]
        return data, data is not None and _digest(data) in digests

    def _done(self, combined: Combined, records: tuple[Record, ...], text: str | None, there: Standing | None) -> Group:
        if text is None:
            return self._unwritten(combined, records, "")
        ignore, problem = self._ignored(combined, there)
        self._say_what_is_not_shared(combined)
        if problem and not self.force:
            return self._ignore_clash(combined, records, problem)
        outputs = [Output(self.path, self.before, _encoded(text))]
        if ignore is not None:
            outputs.append(ignore)
        self._say_what_changed(records)
        written = self._recorded(combined, records, text, ignore)
        return Group(self.context, combined, written, tuple(outputs), tuple(self.findings), "", written)

    def _ignored(self, combined: Combined, there: Standing | None) -> tuple[Output | None, str]:
        """The ignore file, and why it cannot be as both sides need it."""
        path = posixpath.join(self.context, ignorefile.NAME)
        data, is_ours = self._ignore_file
        wanted = combined.ignore
        foreign = there is not None and not there.is_ours
        context = DiskContext(self.files.root / self.context, self.files.root / self.wanted[0].dockerfile)
        existing = None if is_ours else context.earth_ignore_text()
        if not foreign and existing is None:
            return (Output(path, data, _encoded(wanted)) if wanted is not None else None), ""
        if existing is not None:
            path = posixpath.join(self.context, existing[0])
            data = self.files.read(path, LARGEST_INPUT)
        docker, needed = context.ignore_text(), combined.docker_ignore
        ours = [source for conversion in combined.conversions for source in conversion.sources]
        theirs = ignoremerge.sources(there.others) if there is not None else ()
        found = ignoremerge.joined(
            # A byte order mark is no part of the text that was read.
            data.decode("utf-8", "surrogateescape") if data is not None and existing is not None else None,
            needed if foreign else ignorefile.with_own_files(needed),
            ignoremerge.Sides(ours, theirs, not foreign),
            context,
        )
        if found.is_other and existing is not None:
            source = posixpath.basename(docker[0]) if docker is not None else "the Docker build, which has none,"
            self._report(path, "EM711", "", name=existing[0], source=source)
        text = wanted if found.problem and self.force else found.text
        return (Output(path, data, _encoded(text)) if text is not None else None), found.problem

    def _say_what_is_not_shared(self, combined: Combined) -> None:
        """A Dockerfile whose own ignore file does not do what the shared one does."""
        for demand, conversion in zip(self.wanted, combined.conversions, strict=True):
            context = self.contexts[demand.dockerfile]
            own = context.ignore_text()
            text = own[1] if own is not None else ""
            if conversion.document is None or not conversion.sources or text == combined.docker_ignore:
                continue
            if difference := ignoremerge.unlike(combined.docker_ignore, text, conversion.sources, context):
                path = (
                    posixpath.normpath(posixpath.join(self.context, own[0])) if own is not None else demand.dockerfile
                )
                fields = {"earthignore": ignorefile.NAME, "dockerfile": demand.dockerfile, "difference": difference}
                self._report(path, "EM744", "", **fields)

    def _recorded(
        self, combined: Combined, records: tuple[Record, ...], text: str, ignore: Output | None
    ) -> tuple[Record, ...]:
        """The records with what is written, in the first of them."""
        assert combined.document is not None
        shared = standing.arguments(combined.document)
        targets = [target.name for target in combined.document.targets]
        owned = [dict(_targets(conversion)) for conversion in combined.conversions]
        left = set(targets).difference(*owned)
        owned[0] |= dict.fromkeys(left, "")
        mine = Mine(frozenset(targets), frozenset(shared), self._mine().digest)
        found = standing.outline(text, mine)
        digest = mine.digest if mine.digest and standing.is_unchanged(found, mine) else standing.digest(found)
        ignored = self._ignore_digest(ignore)
        written = [record._replace(targets=own) for record, own in zip(records, owned, strict=True)]
        return (
            written[0]._replace(globals=shared, written=digest, ignored=ignored),
            *(record._replace(globals=(), written="", ignored="") for record in written[1:]),
        )

    def _ignore_digest(self, ignore: Output | None) -> str:
        """The digest of an ignore file that is all ours, "" for any other."""
        data, is_ours = self._ignore_file
        if ignore is not None and (data is None or is_ours):
            return _digest(ignore.after)
        return _digest(data) if data is not None and is_ours else ""

    def _say_what_changed(self, records: Iterable[Record]) -> None:
        for record in records:
            known = self.known.get(record.dockerfile)
            if known is not None and known.digest != record.digest:
                self._report(record.dockerfile, "EM739", "", earthfile=self.path)

    def _report(self, path: str, code: str, diff: str, **fields: object) -> None:
        collector = Collector(path, self.mappings.diagnostics)
        found = collector.report(code, None, **fields)
        if diff:
            collector.show(found, diff)
        self.findings += collector.diagnostics

    def _diff(self, path: str, before: bytes | None, after: str | None) -> str:
        old = before.decode("utf-8", "surrogateescape") if before is not None else ""
        return unified(old, after or "", path if before is not None else NOTHING, path)

    def _clash(self, combined: Combined, records: tuple[Record, ...], problem: str) -> Group:
        """The Earthfile is somebody else's, and ours cannot join it."""
        if combined.text is None:
            return self._unwritten(combined, records, "")
        if self.force or self.before == _encoded(combined.text):
            combined, records = self._combined(None)
            return self._done(combined, records, combined.text, None)
        diff = self._diff(self.path, self.before, combined.text)
        self._report(self.path, "EM735", diff, problem=problem)
        return self._unwritten(combined, records, f"{self.path} stays as it is: {problem}")

    def _ignore_clash(self, combined: Combined, records: tuple[Record, ...], problem: str) -> Group:
        path = posixpath.join(self.context, ignorefile.NAME)
        data = self.files.read(path, LARGEST_INPUT)
        self._report(path, "EM740", self._diff(path, data, combined.ignore), problem=problem)
        return self._unwritten(combined, records, f"{path} stays as it is: {problem}")

    def _kept(self, combined: Combined, records: tuple[Record, ...], after: str) -> Group:
        """What an earlier run wrote has been changed by hand: it stays."""
        changed = [
            path for path, source in self.sources if path in self.known and self.known[path].digest != _digest(source)
        ]
        diff = self._diff(self.path, self.before, after)
        gone = sorted(self.known.keys() - {path for path, _ in self.sources})
        if gone:
            self._report(self.path, "EM743", "", dockerfiles=", ".join(gone))
        if changed:
            self._report(self.path, "EM741", diff, dockerfiles=", ".join(changed))
        elif diff and not gone:
            self._report(self.path, "EM742", diff)
        digests = {path: _digest(source) for path, source in self.sources}
        return self._unwritten(combined, records, f"{self.path} is kept by hand now")._replace(
            recorded=tuple(
                record._replace(digest=digests.get(record.dockerfile, record.digest)) for record in self.earlier
            )
        )

    def _unwritten(self, combined: Combined, records: tuple[Record, ...], why: str) -> Group:
        return Group(self.context, combined, records, (), tuple(self.findings), why, self.earlier)


def _existing(record: Record, conversion: Conversion) -> Record:
    """``record`` without stages that a call names and the Dockerfile does not have."""
    stages = {"", *(result.stage for result in conversion.targets if result.stage is not None)}
    return record._replace(
        images={stage: names for stage, names in record.images.items() if stage in stages},
        arguments={stage: name for stage, name in record.arguments.items() if stage in stages},
    )


def _targets(conversion: Conversion) -> Iterable[tuple[str, str]]:
    """(target, stage) of what came from one Dockerfile; "" for the stage of a helper."""
    document = conversion.document
    stages = {result.target: result.stage or "" for result in conversion.targets}
    last = [target for target, stage in stages.items() if stage][-1:]
    stages |= {target: LAST for target in last if stages[target].isdecimal()}
    return [(target.name, stages.get(target.name, "")) for target in document.targets] if document is not None else []


def _names_all(bases: Iterable[LocalBase], conversion: Conversion) -> bool:
    """Whether each base became a FROM. A Dockerfile inside the Earthfile cannot name a target."""
    if conversion.document is None:
        return True
    commands = [item for target in conversion.document.targets for item in target.items if isinstance(item, Command)]
    lines = [line.text for item in commands if item.keyword == "FROM" for line in item.lines]
    inside = any(item.keyword == "FROM DOCKERFILE" for item in commands)
    return not inside and all(any(base.reference in line.split() for line in lines) for base in bases)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
