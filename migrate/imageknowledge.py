"""What a run knows of base images beyond the mappings: a file of facts, and on request engine and registries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from migrate import imagefacts
from migrate.disk import DiskError, read_existing, shown, write_file
from migrate.images import canonical
from migrate.mappings import Mappings

if TYPE_CHECKING:
    from migrate.inspecting import Problem, Wanted


class Knowledge(NamedTuple):
    """``mappings`` with it; findings (code, fields) about images that could not be looked at; what was written."""

    mappings: Mappings
    findings: tuple[tuple[str, dict[str, str]], ...] = ()
    notes: tuple[str, ...] = ()


Look = Callable[[tuple["Wanted", ...]], tuple[Mapping[str, imagefacts.ImageFacts], Sequence["Problem"]]]
"""What looks at images, such as ``migrate.inspecting.inspect``."""


class Informed(NamedTuple):
    """``mappings`` with what is known of the images of some Dockerfiles; the findings; what is new."""

    mappings: Mappings
    findings: tuple[tuple[str, dict[str, str]], ...] = ()
    new: Mapping[str, imagefacts.ImageFacts] = MappingProxyType({})


def gathered(sources: Iterable[bytes], where: str | None, facts: Path | None, mappings: Mappings) -> Knowledge:
    """What is known for the Dockerfiles ``sources``.

    ``facts`` is the file that keeps it; ``where`` (``auto``, ``engine`` or ``registry``) asks for what is missing
    there, None for nothing. Raises DiskError.
    """
    known = parsed(kept(facts), facts)
    look: Look | None = None
    if where is not None:
        from migrate import inspecting  # only a run with --inspect needs an HTTP client

        look = partial(inspecting.inspect, where=where)
    found = informed(sources, known, look, mappings)
    notes: tuple[str, ...] = ()
    if facts is not None and found.new:
        notes = (keep(facts, {**known, **found.new}),)
    return Knowledge(found.mappings, found.findings, notes)


def informed(
    sources: Iterable[bytes], known: Mapping[str, imagefacts.ImageFacts], look: Look | None, mappings: Mappings
) -> Informed:
    """``mappings`` with what is ``known``, and with what ``look`` finds of the images that ``sources`` name beside."""
    findings: list[tuple[str, dict[str, str]]] = []
    new: Mapping[str, imagefacts.ImageFacts] = {}
    if look is not None:
        missing = tuple(one for name, one in wanted(sources).items() if name not in known)
        new, problems = look(missing)
        for problem in problems:
            reason = mappings.diagnostics[problem.error.code].message.format(**problem.error.fields)
            findings.append(("EM647", {"images": ", ".join(problem.images), "reason": reason}))
    inspected = {**mappings.inspected, **imagefacts.section({**known, **new})}
    return Informed(replace(mappings, inspected=inspected), tuple(findings), new)


def wanted(sources: Iterable[bytes]) -> dict[str, Wanted]:
    """The images that the Dockerfiles ``sources`` name, by their canonical names."""
    from migrate import inspecting

    return {canonical(one.image): one for source in sources for one in inspecting.images_of(source)}


def kept(facts: Path | None) -> str | None:
    """The text of a file of facts, None when there is none. Raises DiskError."""
    old = read_existing(facts) if facts is not None else None
    try:
        return old.decode("utf-8") if old is not None else None
    except UnicodeDecodeError as error:
        raise DiskError("EM648", path=shown(facts or Path()), reason=str(error)) from None


def parsed(text: str | None, facts: Path | None) -> dict[str, imagefacts.ImageFacts]:
    """The facts in ``text``, which stood in the file ``facts``. Raises DiskError."""
    try:
        return imagefacts.read(text) if text is not None else {}
    except imagefacts.FactsError as error:
        raise DiskError("EM648", path=shown(facts or Path()), reason=str(error)) from None


def keep(facts: Path, known: Mapping[str, imagefacts.ImageFacts]) -> str:
    """Write the file of facts, and say so. Raises DiskError."""
    write_file(facts, imagefacts.written(known).encode())
    return f"wrote {shown(facts)}"
