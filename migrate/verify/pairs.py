"""What there is to verify: Dockerfiles, each with the Earthfile beside its context or the one it is converted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from migrate.convert import Conversion, OutputFile, convert
from migrate.diagnostics import Diagnostic, Grade
from migrate.disk import DiskContext, DiskError, named_from, read_existing, read_input, shown
from migrate.images import image_name
from migrate.mappings import Mappings
from migrate.settings import Settings
from migrate.verify.errors import VerifyError

EARTHFILE = "Earthfile"
_LARGEST_EARTHFILE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pair:
    """A Dockerfile and the Earthfile that is held against it.

    ``name`` is the Dockerfile as people see it. ``conversion`` is what the Dockerfile is converted to now.
    ``earthfile`` is the text that is built; ``overlay`` are the files to lay over a copy of the context for that, None
    when everything stands in the context already.
    """

    name: str
    dockerfile: Path
    context: Path
    conversion: Conversion
    earthfile: str
    overlay: tuple[OutputFile, ...] | None = None
    written: str | None = None
    """What the tool writes now, where that is more than ``conversion``: several Dockerfiles share an Earthfile."""

    @property
    def is_ours(self) -> bool:
        """Whether nobody has changed the Earthfile."""
        return self.earthfile == (self.conversion.earthfile if self.written is None else self.written)


class Unread(NamedTuple):
    """A Dockerfile that cannot be verified, and why."""

    name: str
    error: VerifyError


class Job(NamedTuple):
    """One comparison: a stage (None: what a plain build delivers) and the target that is to be equal to it."""

    pair: Pair
    stage: str | None
    target: str
    grade: Grade | None
    """What the conversion promises for it, None where it cannot say."""
    announced: tuple[Diagnostic, ...] = ()
    """The differences that the conversion names."""

    @property
    def label(self) -> str:
        """``web/Dockerfile +app``."""
        return f"{self.pair.name} +{self.target}"


def read(dockerfile: Path, context: Path, *, fresh: bool = False, fidelity: str = "clean", mappings: Mappings) -> Pair:
    """The pair of one Dockerfile. Raises VerifyError for a Dockerfile or Earthfile that cannot be read."""
    name = shown(dockerfile)
    settings = Settings(
        name=image_name(context.resolve().name),
        fidelity=fidelity,
        dockerfile=named_from(dockerfile, context),
        writes=True,
    )
    try:
        source = read_input(dockerfile)
        existing = None if fresh else read_existing(context / EARTHFILE)
    except DiskError as error:
        raise VerifyError(error.code, **error.fields) from None
    conversion = convert(source, settings, path=name, context=DiskContext(context, dockerfile), mappings=mappings)
    if existing is not None:
        text = existing[:_LARGEST_EARTHFILE].decode("utf-8", "surrogateescape")
        return Pair(name, dockerfile, context, conversion, text)
    if conversion.earthfile is None:
        failed = [item for item in conversion.diagnostics if item.grade is Grade.FAILED]
        raise VerifyError("EM933", path=name, reason="; ".join(f"{item.code}: {item.message}" for item in failed))
    return Pair(name, dockerfile, context, conversion, conversion.earthfile, conversion.files)


def jobs(pair: Pair, wanted: Sequence[str], *, every: bool, given: tuple[Diagnostic, ...] = ()) -> tuple[Job, ...]:
    """The comparisons for ``pair``: of the stages ``wanted`` (``STAGE`` or ``STAGE=TARGET``), of every stage, or of
    what a plain build delivers. ``given`` are the differences that the run's own arguments bring about.

    Raises VerifyError for a stage or target that does not exist.
    """
    return tuple(
        job._replace(announced=(*job.announced, *given), grade=Grade.DIFFERS) if given else job
        for job in _jobs(pair, wanted, every=every)
    )


def _jobs(pair: Pair, wanted: Sequence[str], *, every: bool) -> tuple[Job, ...]:
    if every:
        stages = [result.stage for result in pair.conversion.targets if result.stage is not None]
        # Docker cannot select a stage without a name, except for the last.
        named = [stage for stage in stages[:-1] if not stage.isdecimal()]
        return tuple(_job(pair, stage, None) for stage in (*named, *stages[-1:]))
    if not wanted:
        return (_job(pair, None, None),)
    return tuple(_job(pair, *_split(text)) for text in wanted)


def _split(text: str) -> tuple[str, str | None]:
    stage, equals, target = text.partition("=")
    return stage, target.removeprefix("+") if equals else None


def _job(pair: Pair, stage: str | None, target: str | None) -> Job:
    results = [result for result in pair.conversion.targets if result.stage is not None]
    if stage is None:
        found = results[-1] if results else None
    else:
        found = next((result for result in results if (result.stage or "").lower() == stage.lower()), None)
        if found is None and results:
            stages = ", ".join(result.stage or "" for result in results)
            raise VerifyError("EM932", path=pair.name, stage=stage, stages=stages)
        if stage.isdecimal() and results:
            if found is not results[-1]:
                raise VerifyError("EM934", path=pair.name, stage=stage)
            stage = None
    name = target or (found.target if found is not None else None)
    known = targets(pair.earthfile)
    if name is None or (known is not None and name not in known):
        choices = ", ".join(known or ())
        wanted, of = name or "(of no known name)", stage or "the last"
        raise VerifyError("EM931", path=pair.name, target=wanted, stage=of, targets=choices)
    both = (*pair.conversion.diagnostics, *pair.conversion.hidden)
    announced = tuple(item for item in both if item.grade is Grade.DIFFERS)
    grade = found.grade if found is not None else None
    return Job(pair, stage, name, grade, announced if grade is Grade.DIFFERS else ())


def targets(earthfile: str) -> tuple[str, ...] | None:
    """The targets of an Earthfile, None when it cannot be read."""
    from migrate.earthfile.reader import EarthfileError
    from migrate.earthfile.reader import read as read_earthfile

    try:
        return tuple(recipe.name for recipe in read_earthfile(earthfile, strict=False).targets)
    except EarthfileError:
        return None
