"""What a batch says of each repository: one JSON object on a line of ``results.jsonl``, docs/batch.md describes it.

The file only grows. The first line of each run has the kind ``run``; when a repository stands in it more than once,
its last line counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from operator import itemgetter
from types import UnionType
from typing import IO, Any, NamedTuple, get_args, get_origin, get_type_hints

FORMAT = 1
"""Raised when a field changes its meaning or goes; new fields do not count."""

GRADES = ("exact", "equal", "differs", "failed")
OUTCOMES = ("rewritten", "left", "unchanged")
SEVERITIES = ("error", "warning", "info")
STATUSES = ("done", "unchanged", "failed", "skipped", "not reached")
"""Converted now; kept from an earlier run of the same report; not converted (``why``); left out on purpose (``why``);
the run ended before."""


class ResultError(ValueError):
    """A line that is no result of ours; the text says which line and why."""


class StageResult(NamedTuple):
    """One stage (None: a helper target) and the target that it became."""

    stage: str | None
    target: str
    grade: str


class DockerfileResult(NamedTuple):
    """One Dockerfile in one context. ``grade`` is its worst target's: exact, equal, differs or failed."""

    path: str
    context: str
    earthfile: str
    grade: str
    fallback: bool
    """Whether a stage of it is built FROM DOCKERFILE."""
    stages: tuple[StageResult, ...]


class SiteResult(NamedTuple):
    """One call site. ``outcome``: rewritten, left (``why``), or unchanged."""

    path: str
    line: int
    carrier: str
    outcome: str
    why: str


class Finding(NamedTuple):
    """One diagnostic; ``line`` and ``column`` count from 1, 0 for one of a whole file."""

    code: str
    severity: str
    path: str
    line: int
    column: int
    message: str
    hint: str


class BaseImage(NamedTuple):
    """An image that a Dockerfile is FROM, without tag and digest, and whether the mappings know it."""

    name: str
    known: bool


class Result(NamedTuple):
    """One repository. All but ``seconds``, the time that its worker took, and ``state`` is the same in every run."""

    repository: str
    """As given: a folder or a URL, without user and password."""
    name: str
    """What its page and its patch file are called: unique in the batch, safe in a file name."""
    status: str
    why: str = ""
    ref: str | None = None
    commit: str | None = None
    version: str = ""
    settings: str = ""
    """A digest of what decides the result beside commit and version."""
    seconds: float = 0.0
    dockerfiles: tuple[DockerfileResult, ...] = ()
    sites: tuple[SiteResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    bases: tuple[BaseImage, ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    """(path, "create", "replace" or "remove")."""
    patch: str | None = None
    """The patch file, relative to the folder of --patches."""
    branch: str | None = None
    commands: tuple[str, ...] = ()
    """What to run next in that repository, such as the push of its branch."""
    images: tuple[tuple[str, str], ...] = ()
    """With --inspect or --image-facts: the images that Dockerfiles name, and a digest of what is known of each."""
    state: str = ""
    """What tells that nothing has changed: a clone's commit; for a folder a digest of its commit and its files' sizes
    and times."""
    identity: str = ""
    """Which repository this is, whatever it was called: a digest of its URL, or of where the folder is, and the ref."""


def line(result: Result) -> str:
    """``result`` as one line of JSON, with its newline."""
    return _line({"kind": "repository", **_plain(result)})


def run_line(**facts: Any) -> str:
    """The line that starts a run; ``facts`` are plain JSON data, such as when it started and what it was asked."""
    return _line({"kind": "run", **facts})


def _line(data: Mapping[str, Any]) -> str:
    text = json.dumps({"format": FORMAT, **data}, ensure_ascii=False, separators=(",", ":"))
    # Odd bytes of a file name, as JSON spells them.
    return text.encode("utf-8", "backslashreplace").decode() + "\n"


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def run_facts(text: str) -> dict[str, Any] | None:
    """The facts of a line that starts a run, None for any other line."""
    if '"run"' not in text[:40]:
        return None
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and data.get("kind") == "run" else None


def read(lines: Iterable[str], first: int = 1) -> Iterator[Result]:
    """The results in ``lines``, as they come. A last line that was cut off by a crash is left out.

    ``first`` is the number of the first line, for what an error says.

    Raises ResultError for a line that is something else.
    """
    cut = ""
    for number, text in enumerate(lines, start=first):
        if cut:
            raise ResultError(cut)
        try:
            data = json.loads(text)
        except RecursionError:
            raise ResultError(f"line {number}: brackets in brackets in brackets") from None
        except ValueError as error:
            cut = f"line {number}: {error.msg if isinstance(error, json.JSONDecodeError) else error}"
            if text.endswith("\n"):
                raise ResultError(cut) from None
            continue
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ResultError(f"line {number}: this is no result of format {FORMAT}")
        if data.get("kind") == "repository":
            try:
                yield _result(data)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ResultError(f"line {number}: {error!r} is missing or odd") from None


def at(file: IO[bytes], offset: int) -> Result:
    """The result whose line begins at ``offset`` of an open results.jsonl. Raises ResultError."""
    file.seek(offset)
    (found,) = read([file.readline().decode("utf-8", "replace")])
    return found


def latest(results: Iterable[Result]) -> dict[str, Result]:
    """Name -> the last result of that repository."""
    return {result.name: result for result in results}


def _result(data: Mapping[str, Any]) -> Result:
    plain = {name: data[name] for name in Result._fields if name in data}
    plain["dockerfiles"] = tuple(
        item._replace(stages=_all(item.stages, StageResult)) for item in _all(data["dockerfiles"], DockerfileResult)
    )
    plain["sites"] = _all(data["sites"], SiteResult)
    plain["findings"] = _all(data["findings"], Finding)
    plain["bases"] = _all(data["bases"], BaseImage)
    plain["changes"] = tuple((path, change) for path, change in data["changes"])
    plain["commands"] = tuple(data["commands"])
    plain["images"] = tuple((name, digest) for name, digest in data.get("images", ()))
    _check(plain)
    return Result(**plain)


def _check(plain: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError for a field that has another kind of value than Result says."""
    for name, kinds in _kinds(Result):
        if name in plain and type(plain[name]) not in kinds:
            raise TypeError(name)
    texts = [plain["commands"], *plain["changes"], *plain["images"]]
    if not all(type(part) is str for some in texts for part in some):
        raise TypeError("commands, changes or images")
    values = {
        "status": (STATUSES, [plain["status"]]),
        "grade": (GRADES, [one.grade for item in plain["dockerfiles"] for one in (item, *item.stages)]),
        "outcome": (OUTCOMES, [item.outcome for item in plain["sites"]]),
        "severity": (SEVERITIES, [item.severity for item in plain["findings"]]),
    }
    for name, (known, found) in values.items():
        if odd := set(found) - set(known):
            raise ValueError(f"{name} {min(odd)}")


def _all(items: Iterable[Mapping[str, Any]], kind: Any) -> tuple[Any, ...]:
    """``items`` as ``kind``, by its fields: a later version may have written more. Raises KeyError, TypeError."""
    fields = itemgetter(*kind._fields)  # a large report has a million of them
    legal = _signatures(kind)
    found = []
    for item in items:
        values = fields(item)
        if tuple(map(type, values)) not in legal:
            raise TypeError(kind.__name__)
        found.append(kind(*values))
    return tuple(found)


@lru_cache(maxsize=16)
def _signatures(kind: Any) -> frozenset[tuple[type, ...]]:
    """The types that the fields of ``kind`` may have together, as JSON gives them."""
    return frozenset(product(*(kinds for _, kinds in _kinds(kind))))


@lru_cache(maxsize=16)
def _kinds(kind: Any) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """(field, its types) of ``kind``. A tuple is a list in JSON, but for those of Result, which are made already."""
    found = []
    for name, hint in get_type_hints(kind).items():
        types = tuple(get_origin(one) or one for one in (get_args(hint) if get_origin(hint) is UnionType else (hint,)))
        if types == (float,):
            types = (float, int)
        found.append((name, types if kind is Result else tuple(list if one is tuple else one for one in types)))
    return tuple(found)
