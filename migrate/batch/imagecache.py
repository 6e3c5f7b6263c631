"""Base images that the workers of one machine look at, each image and each dead registry once in a run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrate import imagefacts, inspecting, locks
from migrate.imagefacts import ImageFacts
from migrate.images import canonical
from migrate.inspecting import Problem, Wanted
from migrate.verify.errors import VerifyError
from migrate.verify.reference import Reference, parse


def look(wanted: Sequence[Wanted], where: str, folder: Path) -> tuple[Mapping[str, ImageFacts], Sequence[Problem]]:
    """What ``migrate.inspecting.inspect`` says, which is asked only for what ``folder`` does not have."""
    found: dict[str, ImageFacts] = {}
    failed: dict[str, tuple[list[str], VerifyError]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for one in wanted:
        answer = _shared(one, where, folder)
        if isinstance(answer, VerifyError):
            failed.setdefault(inspecting.blamed(one.image, answer), ([], answer))[0].append(one.image)
        elif answer is not None:
            found[canonical(one.image)] = answer
    return found, [Problem(tuple(names), error) for names, error in failed.values()]


def _shared(one: Wanted, where: str, folder: Path) -> ImageFacts | VerifyError | None:
    """What is known of an image; None: there is nothing to know."""
    try:
        place = parse(one.image)
    except VerifyError as error:
        return error
    file = _file(folder, "image", canonical(one.image), one.platform or "", where)
    with locks.held(file.with_suffix(".lock")):  # another worker may be asking just now
        if file.exists():
            return _read(file)
        dead = _file(folder, "host", place.host)
        known = _read(dead)
        unreachable = {place.host: _of(place, known)} if isinstance(known, VerifyError) else {}
        found, problems = inspecting.inspect((one,), where, unreachable=unreachable)
        answer = problems[0].error if problems else next(iter(found.values()), None)
        if isinstance(answer, VerifyError) and inspecting.blamed(one.image, answer) == place.host:
            answer = _of(place, _first(dead, answer))
        _write(file, answer)
        return answer


def _file(folder: Path, *key: str) -> Path:
    return folder / f"{hashlib.sha256(chr(0).join(key).encode('utf-8', 'surrogateescape')).hexdigest()}.json"


def _first(file: Path, error: VerifyError) -> VerifyError:
    """What the first worker says that could not reach a host: then all say the same of it."""
    with locks.held(file.with_suffix(".lock")):
        known = _read(file)
        if isinstance(known, VerifyError):
            return known
        _write(file, error)
        return error


def _of(image: Reference, error: VerifyError) -> VerifyError:
    """What was said of a host, said of an image of it."""
    return VerifyError(error.code, **{**error.fields, "image": str(image)})


def _write(file: Path, answer: ImageFacts | VerifyError | None) -> None:
    data: dict[str, Any] = {}
    if isinstance(answer, VerifyError):
        data = {"code": answer.code, "fields": {name: str(value) for name, value in answer.fields.items()}}
    elif answer is not None:
        data = {"facts": imagefacts.written({"image": answer})}
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(data), encoding="utf-8")
    os.replace(draft, file)


def _read(file: Path) -> ImageFacts | VerifyError | None:
    if not file.exists():
        return None
    data = json.loads(file.read_text(encoding="utf-8"))
    if "code" in data:
        return VerifyError(data["code"], **data["fields"])
    return next(iter(imagefacts.read(data["facts"]).values())) if data else None
