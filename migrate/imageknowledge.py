"""What a run knows of base images beyond the mappings: a file of facts, and on request engine and registries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from migrate import imagefacts
from migrate.disk import DiskError, read_existing, shown, write_file
from migrate.images import canonical
from migrate.mappings import Mappings


class Knowledge(NamedTuple):
    """``mappings`` with it; findings (code, fields) about images that could not be looked at; what was written."""

    mappings: Mappings
    findings: tuple[tuple[str, dict[str, str]], ...] = ()
    notes: tuple[str, ...] = ()


def gathered(sources: Iterable[bytes], where: str | None, facts: Path | None, mappings: Mappings) -> Knowledge:
    """What is known for the Dockerfiles ``sources``.

    ``facts`` is the file that keeps it; ``where`` (``auto``, ``engine`` or ``registry``) asks for what is missing
    there, None for nothing. Raises DiskError.
    """
    known = _read(facts)
    findings: list[tuple[str, dict[str, str]]] = []
    notes: list[str] = []
    if where is not None:
        from migrate import inspecting  # only a run with --inspect needs an HTTP client

        wanted = {canonical(one.image): one for source in sources for one in inspecting.images_of(source)}
        missing = tuple(one for name, one in wanted.items() if name not in known)
        new, problems = inspecting.inspect(missing, where)
        known.update(new)
        for problem in problems:
            reason = mappings.diagnostics[problem.error.code].message.format(**problem.error.fields)
            findings.append(("EM647", {"images": ", ".join(problem.images), "reason": reason}))
        if facts is not None and new:
            write_file(facts, imagefacts.written(known).encode())
            notes.append(f"wrote {shown(facts)}")
    inspected = {**mappings.inspected, **imagefacts.section(known)}
    return Knowledge(replace(mappings, inspected=inspected), tuple(findings), tuple(notes))


def _read(facts: Path | None) -> dict[str, imagefacts.ImageFacts]:
    old = read_existing(facts) if facts is not None else None
    if facts is None or old is None:
        return {}
    try:
        return imagefacts.read(old.decode("utf-8"))
    except (imagefacts.FactsError, UnicodeDecodeError) as error:
        raise DiskError("EM648", path=shown(facts), reason=str(error)) from None
