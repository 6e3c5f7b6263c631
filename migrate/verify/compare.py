"""Two images held against each other; a third one, built as the first, shows what no build repeats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeAlias

from migrate.diagnostics import Grade
from migrate.mappings import Section
from migrate.verify.flatten import shown
from migrate.verify.manifests import normalized
from migrate.verify.model import Entry, Image, ImageConfig, Kind
from migrate.verify.unstable import alike, unstable_paths

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

    ``unstable`` are the paths of the two images that differ between two builds of the Dockerfile itself. ``paths``
    counts all paths. ``ignored`` names what is different and does not count: ``timestamps``, and entries of the
    mapping ``noise``.
    """

    grade: Grade
    differences: tuple[Difference, ...]
    unstable: tuple[bytes, ...]
    paths: int
    ignored: tuple[str, ...] = ()


def compare(
    docker: Image, earth: Image, ignored: Section, again: Image | None = None, *, timestamps: bool = False
) -> Comparison:
    """Hold ``earth``'s image against ``docker``'s. ``ignored`` is the mapping ``noise``.

    ``again`` is the Docker side built once more without its cache. ``timestamps``: compare modification times, too.
    """
    unstable = unstable_paths(docker.tree, again.tree, earth.tree) if again else frozenset()
    found, noise = _config_differences(docker.config, earth.config, ignored)
    paths = sorted(docker.tree.keys() | earth.tree.keys())
    steady = {path for path in docker.tree.keys() & earth.tree.keys() if path not in unstable}
    first, second = _groups(docker.tree, steady), _groups(earth.tree, steady)
    for path in paths:
        one, other = docker.tree.get(path), earth.tree.get(path)
        if one is None or other is None:
            found += [] if path in unstable else [_one_sided(one, other, path)]
        elif path in unstable:
            found += _differing(path, _outside(one, other))
        else:
            groups = first.get(path, b""), second.get(path, b"")
            timed = timestamps and _repeated(one, again)
            found += _differing(path, _aspects(one, other, groups, timed))
    if not timestamps and any(docker.tree[path].mtime != earth.tree[path].mtime for path in steady):
        noise.add("timestamps")
    grade = _grade(found, timestamps, earth, ignored)
    listed = tuple(path for path in paths if path in unstable)
    return Comparison(grade, tuple(found), listed, len(paths), tuple(sorted(noise)))


def _groups(tree: Mapping[bytes, Entry], paths: set[bytes]) -> dict[bytes, bytes]:
    """Path -> smallest path of its hard links, as far as they are among ``paths``."""
    members: dict[bytes, list[bytes]] = {}
    for path in paths:
        if group := tree[path].group:
            members.setdefault(group, []).append(path)
    return {path: min(group) for group in members.values() if len(group) > 1 for path in group}


def _repeated(entry: Entry, again: Image | None) -> bool:
    """Whether the Dockerfile's own builds give this path one and the same time, as far as is known."""
    second = again.tree.get(entry.path) if again else None
    return second is None or entry.mtime == second.mtime


def _grade(found: list[Difference], timestamps: bool, earth: Image, ignored: Section) -> Grade:
    if any(item.aspect is not Aspect.TIME for item in found):
        return Grade.DIFFERS
    labelled = any(_noisy_label(name, ignored) for name in earth.config.labels or {})
    return Grade.EQUAL if found or not timestamps or labelled else Grade.EXACT


def _one_sided(docker: Entry | None, earth: Entry | None, path: bytes) -> Difference:
    aspect = Aspect.MISSING if earth is None else Aspect.EXTRA
    return Difference(aspect, path, docker.kind.value if docker else None, earth.kind.value if earth else None)


def _differing(path: bytes, pairs: Iterable[tuple[Aspect, str, str]]) -> list[Difference]:
    return [Difference(aspect, path, one, other) for aspect, one, other in pairs if one != other]


def _outside(docker: Entry, earth: Entry) -> Iterator[tuple[Aspect, str, str]]:
    """What is compared of a path whose content is unstable."""
    yield Aspect.TYPE, docker.kind.value, earth.kind.value
    yield Aspect.OWNER, _owner(docker), _owner(earth)
    if docker.kind is earth.kind:
        yield Aspect.MODE, f"{docker.mode:04o}", f"{earth.mode:04o}"


def _aspects(
    docker: Entry, earth: Entry, groups: tuple[bytes, bytes], timed: bool
) -> Iterator[tuple[Aspect, str, str]]:
    if alike(docker, earth) and groups[0] == groups[1] and not timed:
        return  # nearly always: thousands of texts need not be made
    yield from _outside(docker, earth)
    if docker.kind is earth.kind:
        yield Aspect.LINK, shown(docker.target), shown(earth.target)
        yield Aspect.CONTENT, _content(docker), _content(earth)
        yield Aspect.DEVICE, _device(docker), _device(earth)
        yield Aspect.XATTR, _xattrs(docker), _xattrs(earth)
        yield Aspect.HARD_LINK, _group(groups[0]), _group(groups[1])
    if timed and docker.mtime is not None and earth.mtime is not None:
        yield Aspect.TIME, _time(docker.mtime), _time(earth.mtime)


def _owner(entry: Entry) -> str:
    return f"{entry.uid}:{entry.gid}"


def _content(entry: Entry) -> str:
    return f"{entry.size} bytes, sha256 {entry.sha256.hex()}" if entry.kind is Kind.FILE else ""


def _device(entry: Entry) -> str:
    return f"{entry.device[0]}:{entry.device[1]}"


def _xattrs(entry: Entry) -> str:
    return ", ".join(f"{name}={value.hex()}" for name, value in entry.xattrs) or "none"


def _group(group: bytes) -> str:
    return f"linked with /{shown(group)}" if group else "a file of its own"


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{seconds}.{rest:09}".rstrip("0").rstrip(".")


def _config_differences(docker: ImageConfig, earth: ImageConfig, ignored: Section) -> tuple[list[Difference], set[str]]:
    """What differs and counts, and the names of what differs and does not."""
    one, other = facts(docker), facts(earth)
    one["Env.order", ""], other["Env.order", ""] = _order(docker.env, earth.env), _order(earth.env, docker.env)
    found: list[Difference] = []
    noise: set[str] = set()
    for field, key in sorted(one.keys() | other.keys()):
        values = [side.get((field, key)) for side in (one, other)]
        names = [_noise((field, key), value, ignored) for value in values]
        left = [None if name else value for name, value in zip(names, values, strict=True)]
        if left[0] != left[1]:
            found.append(Difference(Aspect.CONFIG, b"", values[0], values[1], field, key))
        elif values[0] != values[1]:
            noise.update(filter(None, names))
    return found, noise


def facts(config: ImageConfig) -> Facts:
    """Everything that ``config`` says."""
    found = {**_lists(config), **_maps(config), **_healthcheck(config)}
    for name, text in (("User", config.user), ("WorkingDir", config.working_dir), ("StopSignal", config.stop_signal)):
        found[name, ""] = text
    found["Platform", ""] = normalized(config.platform) if config.platform else ""
    found["Author", ""] = config.author
    found.update({(name, ""): value for name, value in (config.others or {}).items()})
    return {place: value for place, value in found.items() if value}


def _order(env: Iterable[str], other: Iterable[str]) -> str:
    """The names of ``env`` that ``other`` has, too, in their order."""
    known = {item.partition("=")[0] for item in other}
    return " ".join(name for name in dict.fromkeys(item.partition("=")[0] for item in env) if name in known)


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


def _noise(place: tuple[str, str], value: str | None, ignored: Section) -> str:
    """The name of the entry of the mapping ``noise`` by which this fact does not count, empty where it does."""
    field, key = place
    name = f"{field}.{key}" if field == "Healthcheck" else field
    if field == "Labels":
        return _noisy_label(key, ignored)
    default: Mapping[str, str] | None = ignored["defaults"].get(name)
    return name if field in ignored["config"] or (default is not None and default["value"] == value) else ""


def _noisy_label(name: str, ignored: Section) -> str:
    return next((pattern for pattern in ignored["labels"] if fnmatchcase(name, pattern)), "")
