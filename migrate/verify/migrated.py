"""The pairs of a repository that ``earthmigrate repo`` has migrated: .earthmigrate.yaml says which they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from migrate import records
from migrate.diagnostics import Grade
from migrate.discovery import Files
from migrate.disk import DiskError, read_existing, shown
from migrate.grouping import group
from migrate.mappings import Mappings
from migrate.records import Record
from migrate.survey import Demand
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import EARTHFILE, Pair, Unread


def root_of(path: Path) -> Path | None:
    """The nearest folder above ``path`` (or itself) that holds the record of a migration, not beyond its repository."""
    here = path if path.is_dir() else path.parent
    for folder in (here, *here.parents):
        if (folder / records.NAME).is_file():
            return folder
        if (folder / ".git").exists():
            return None
    return None


def pairs(root: Path, path: Path, mappings: Mappings) -> tuple[Pair | Unread, ...]:
    """What the record in ``root`` says about ``path``: a Dockerfile, or everything in a folder. Raises VerifyError."""
    try:
        known = records.read((root / records.NAME).read_text(encoding="utf-8"), shown(root / records.NAME)).records
    except (records.RecordError, OSError, UnicodeDecodeError) as error:
        raise VerifyError("EM737", problem=str(error)) from None
    wanted = [record for record in known if _concerns(record, root, path)]
    found: list[Pair | Unread] = []
    for context in sorted({record.context for record in wanted}):
        # Everything in a context shares an Earthfile, whatever of it is asked for.
        together = [record for record in known if record.context == context and (root / record.dockerfile).is_file()]
        asked = {shown(root / record.dockerfile) for record in wanted}
        found += [pair for pair in _group(root, context, together, mappings) if pair.name in asked]
    return tuple(found)


def _concerns(record: Record, root: Path, path: Path) -> bool:
    dockerfile, context = (root / record.dockerfile).resolve(), (root / record.context).resolve()
    if not path.is_dir():
        return dockerfile == path.resolve()
    return path.resolve() in (context, *context.parents, *dockerfile.parents) and dockerfile.is_file()


def _group(root: Path, context: str, known: Iterable[Record], mappings: Mappings) -> list[Pair | Unread]:
    known = sorted(known, key=lambda record: record.dockerfile)
    if not known:
        return []
    demands = [Demand(record.dockerfile, context) for record in known]
    combined = group(context, demands, known, Files(root, (), False), mappings).combined
    found: list[Pair | Unread] = []
    for demand, conversion in zip(demands, combined.conversions, strict=True):
        name = shown(root / demand.dockerfile)
        try:
            existing = read_existing(root / context / EARTHFILE)
        except DiskError as error:
            found.append(Unread(name, VerifyError(error.code, **error.fields)))
            continue
        if existing is None or conversion.earthfile is None:
            failed = [item for item in conversion.diagnostics if item.grade is Grade.FAILED]
            reason = "; ".join(f"{item.code}: {item.message}" for item in failed) or "the Earthfile is gone"
            found.append(Unread(name, VerifyError("EM933", path=name, reason=reason)))
            continue
        text = existing.decode("utf-8", "surrogateescape")
        found.append(
            Pair(name, root / demand.dockerfile, root / context, conversion, text, written=combined.text or "")
        )
    return found
