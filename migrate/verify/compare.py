"""Two images held against each other; a third one, built as the first, shows what no build repeats."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeAlias

from migrate.diagnostics import Grade
from migrate.mappings import Section
from migrate.verify.model import Entry, Image, ImageConfig, Kind

Facts: TypeAlias = dict[tuple[str, str], str]
"""What a config says, one fact each: (field, key within it or empty) -> value as text."""


class Aspect(Enum):
    """What is different."""

    MISSING = "missing"
    EXTRA = "extra"
    TYPE = "type"
    CONTENT = "content"
    MODE = "mode"
    OWNER = "owner"
    LINK = "link target"
    HARD_LINK = "hard link"
    DEVICE = "device"
    XATTR = "extended attribute"
    TIME = "timestamp"
    CONFIG = "config"


class Difference(NamedTuple):
    """One difference. ``docker`` and ``earth`` say what each side has, None where it has nothing.

    ``path`` is empty for the root and for the config, whose ``field`` (``Env``) and ``key`` (``PATH``) are given.
    """

    aspect: Aspect
    path: bytes
    docker: str | None
    earth: str | None
    field: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``grade`` is EXACT, EQUAL or DIFFERS; timestamps alone make an image EQUAL and are listed all the same.

    ``unstable`` are the paths that differ between two builds of the Dockerfile itself. ``paths`` counts what was
    compared.
    """

    grade: Grade
    differences: tuple[Difference, ...]
    unstable: tuple[bytes, ...]
    paths: int


def compare(
    docker: Image, earth: Image, ignored: Section, again: Image | None = None, *, timestamps: bool = False
) -> Comparison:
    """Hold ``earth``'s image against ``docker``'s. ``ignored`` is the mapping ``noise``.

    ``again`` is the Docker side built once more without its cache. ``timestamps``: compare modification times, too.
    """
    unstable = unstable_paths(docker, again, earth) if again else frozenset()
    found = [*_config_differences(docker.config, earth.config, ignored)]
    paths = sorted(docker.tree.keys() | earth.tree.keys())
    for path in paths:
        ours = _path_differences(docker.tree.get(path), earth.tree.get(path), path, timestamps=timestamps)
        if path in unstable:
            found += [item for item in ours if item.aspect in (Aspect.TYPE, Aspect.MODE, Aspect.OWNER)]
        else:
            found += [item for item in ours if item.aspect is not Aspect.TIME or _repeated(path, docker, again)]
    grade = _grade(found, timestamps, earth, ignored)
    return Comparison(grade, tuple(found), tuple(sorted(unstable)), len(paths))


def unstable_paths(docker: Image, again: Image, earth: Image) -> frozenset[bytes]:
    """The paths that differ between ``docker`` and ``again``, two builds of one Dockerfile, timestamps apart.

    In a folder where those two disagree about names (``/tmp/build-x81a``), a name that only ``earth`` has is one of
    them.
    """
    both = docker.tree.keys() | again.tree.keys()
    found = {path for path in both if any(_path_differences(docker.tree.get(path), again.tree.get(path), path))}
    unsteady = {_folder(path) for path in found if (path in docker.tree) != (path in again.tree)}
    extra = sorted(earth.tree.keys() - both)
    for path in extra:
        folder = _folder(path)
        if folder in unsteady or (folder in found and folder not in both):
            found.add(path)
    return frozenset(found)


def _repeated(path: bytes, docker: Image, again: Image | None) -> bool:
    """Whether the Dockerfile's own builds give this path one and the same time, as far as is known."""
    first, second = docker.tree.get(path), again.tree.get(path) if again else None
    return first is None or second is None or first.mtime == second.mtime


def _grade(found: list[Difference], timestamps: bool, earth: Image, ignored: Section) -> Grade:
    if any(item.aspect is not Aspect.TIME for item in found):
        return Grade.DIFFERS
    labelled = any(_is_ignored_label(name, ignored) for name in earth.config.labels or {})
    return Grade.EQUAL if found or not timestamps or labelled else Grade.EXACT


def _path_differences(
    docker: Entry | None, earth: Entry | None, path: bytes, *, timestamps: bool = False
) -> Iterator[Difference]:
    if docker is None or earth is None:
        there = docker or earth
        aspect = Aspect.MISSING if earth is None else Aspect.EXTRA
        has = there.kind.value if there else ""
        yield Difference(aspect, path, has if docker else None, has if earth else None)
        return
    if docker._replace(mtime=None) == earth._replace(mtime=None) and not timestamps:
        return
    for aspect, one, other in _aspects(docker, earth, timestamps):
        if one != other:
            yield Difference(aspect, path, one, other)


def _aspects(docker: Entry, earth: Entry, timestamps: bool) -> Iterator[tuple[Aspect, str, str]]:
    yield Aspect.OWNER, _owner(docker), _owner(earth)
    if docker.kind is not earth.kind:
        yield Aspect.TYPE, docker.kind.value, earth.kind.value
        return
    yield Aspect.MODE, f"{docker.mode:04o}", f"{earth.mode:04o}"
    yield Aspect.LINK, _text(docker.target), _text(earth.target)
    yield Aspect.CONTENT, _content(docker), _content(earth)
    yield Aspect.DEVICE, _device(docker), _device(earth)
    yield Aspect.XATTR, _xattrs(docker), _xattrs(earth)
    yield Aspect.HARD_LINK, _group(docker), _group(earth)
    if timestamps and docker.mtime is not None and earth.mtime is not None:
        yield Aspect.TIME, _time(docker.mtime), _time(earth.mtime)


def _owner(entry: Entry) -> str:
    return f"{entry.uid}:{entry.gid}"


def _content(entry: Entry) -> str:
    return f"{entry.size} bytes, sha256 {entry.sha256.hex()}" if entry.kind is Kind.FILE else ""


def _device(entry: Entry) -> str:
    return f"{entry.device[0]}:{entry.device[1]}"


def _xattrs(entry: Entry) -> str:
    return ", ".join(f"{name}={value.hex()}" for name, value in entry.xattrs) or "none"


def _group(entry: Entry) -> str:
    return f"linked with {_text(entry.group)}" if entry.group else "a file of its own"


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{seconds}.{rest:09}".rstrip("0").rstrip(".")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _folder(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _config_differences(docker: ImageConfig, earth: ImageConfig, ignored: Section) -> Iterator[Difference]:
    one, other = facts(docker, ignored), facts(earth, ignored)
    for field, key in sorted(one.keys() | other.keys()):
        ours = Difference(Aspect.CONFIG, b"", one.get((field, key)), other.get((field, key)), field, key)
        if ours.docker != ours.earth:
            yield ours


def facts(config: ImageConfig, ignored: Section) -> Facts:
    """What ``config`` says, without what the mapping ``noise`` calls noise."""
    found = {**_lists(config), **_maps(config), **_healthcheck(config)}
    for name, text in (("User", config.user), ("WorkingDir", config.working_dir), ("StopSignal", config.stop_signal)):
        found[name, ""] = text
    found["Platform", ""] = config.platform
    found["Author", ""] = config.author
    found.update({(name, ""): value for name, value in (config.others or {}).items()})
    return {place: value for place, value in found.items() if value and not _is_noise(place, value, ignored)}


def _lists(config: ImageConfig) -> Facts:
    lists = {"Cmd": config.cmd, "Entrypoint": config.entrypoint, "Shell": config.shell, "OnBuild": config.on_build}
    return {(name, ""): json.dumps(value, ensure_ascii=False) for name, value in lists.items() if value}


def _maps(config: ImageConfig) -> Facts:
    found: Facts = {}
    for item in config.env:
        name, _, value = item.partition("=")
        found["Env", name] = f"{name}={value}"
    found.update({("Labels", name): f"{name}={value}" for name, value in (config.labels or {}).items()})
    found.update({("ExposedPorts", name): name for name in config.exposed_ports})
    found.update({("Volumes", name): name for name in config.volumes})
    return found


def _healthcheck(config: ImageConfig) -> Facts:
    check = config.healthcheck
    if check is None:
        return {}
    found = {("Healthcheck", "Test"): json.dumps(check.test, ensure_ascii=False)}
    times = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
    }
    found.update({("Healthcheck", name): f"{_time(value)}s" for name, value in times.items() if value})
    return found if not check.retries else {**found, ("Healthcheck", "Retries"): str(check.retries)}


def _is_noise(place: tuple[str, str], value: str, ignored: Section) -> bool:
    field, key = place
    name = f"{field}.{key}" if field == "Healthcheck" else field
    default: Mapping[str, str] | None = ignored["defaults"].get(name)
    if field == "Labels" and _is_ignored_label(key, ignored):
        return True
    return field in ignored["config"] or (default is not None and default["value"] == value)


def _is_ignored_label(name: str, ignored: Section) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in ignored["labels"])
