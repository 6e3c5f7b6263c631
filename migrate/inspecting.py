"""Looks at base images: their config, from a local engine or a registry (``convert --inspect``)."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import FromDetail
from migrate.dockerfile.reader import read
from migrate.imagefacts import ImageFacts
from migrate.images import canonical
from migrate.stages import SCRATCH, build
from migrate.verify.config import read_config
from migrate.verify.errors import VerifyError
from migrate.verify.manifests import normalized
from migrate.verify.model import ImageConfig
from migrate.verify.reading import read_only_config
from migrate.verify.reference import parse
from migrate.verify.registry import Registry

_ENGINE = "docker"
_TIMEOUT = 30
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_NOT_THERE = "EM907"
_UNREACHABLE = "EM910"

Run = Callable[[list[str]], "bytes | None"]
"""Runs a program and gives what it prints, None when it fails."""


class Wanted(NamedTuple):
    """An image to look at, and for which platform (None: this machine's)."""

    image: str
    platform: str | None = None


class Problem(NamedTuple):
    """Why images could not be looked at: a diagnostic of ``verify`` with its fields."""

    images: tuple[str, ...]
    error: VerifyError


def images_of(source: bytes) -> tuple[Wanted, ...]:
    """The images that a Dockerfile names with its default arguments: bases, and what it copies from."""
    try:
        graph = build(read(source, every_stage=False))
    except DockerfileError:
        return ()  # the conversion will say why
    found: dict[str, Wanted] = {}
    for stage in graph.stages:
        detail = stage.instruction.detail
        flag = detail.platform if isinstance(detail, FromDetail) else None
        literal = flag.value if flag is not None and flag.value and "$" not in flag.value else None
        if stage.base is None and stage.reference is not None:
            found.setdefault(canonical(stage.reference), Wanted(stage.reference, literal))
        for one in graph.sources.get(stage.index, ()):
            if one.stage is None and "$" not in one.image:
                found.setdefault(canonical(one.image), Wanted(one.image))
    found.pop(canonical(SCRATCH), None)
    return tuple(found.values())


def inspect(
    images: Iterable[Wanted],
    where: str = "auto",
    *,
    run: Run | None = None,
    plain_http: bool | None = None,
    unreachable: Mapping[str, VerifyError] = MappingProxyType({}),
) -> tuple[dict[str, ImageFacts], list[Problem]]:
    """What the configs of ``images`` say, and what could not be looked at.

    ``where`` is ``engine`` (docker, without pulling), ``registry``, or ``auto``: the engine first. podman is not asked:
    its ``image inspect`` leaves out ONBUILD and SHELL. A registry that cannot be reached is asked once;
    ``unreachable`` are those that somebody has asked already.
    """
    found: dict[str, ImageFacts] = {}
    failed: dict[str, tuple[list[str], VerifyError]] = {host: ([], error) for host, error in unreachable.items()}
    has_engine = where != "registry" and (run is not None or shutil.which(_ENGINE) is not None)
    for wanted in images:
        config = _from_engine(wanted, run or _run) if has_engine else None
        try:
            if config is None:
                config = _from_registry(wanted, where, failed, plain_http)
        except VerifyError as error:
            failed.setdefault(blamed(wanted.image, error), ([], error))[0].append(wanted.image)
        else:
            if config is not None:
                found[canonical(wanted.image)] = facts_of(config)
    return found, [Problem(tuple(names), error) for names, error in failed.values() if names]


def blamed(image: str, error: VerifyError) -> str:
    """What ``error`` is about: the host of the registry when that cannot be reached, else the image."""
    return parse(image).host if error.code == _UNREACHABLE else image


def facts_of(config: ImageConfig) -> ImageFacts:
    """The part of a config that a conversion can depend on."""
    user = config.user
    return ImageFacts(
        user="root" if user in ("", "0", "root", "0:0", "root:root") else user,
        environment=tuple(sorted({pair.partition("=")[0] for pair in config.env})),
        shell=config.shell,
        onbuild=config.on_build,
        entrypoint=config.entrypoint,
        workdir=config.working_dir or "/",
        healthcheck=config.healthcheck.test if config.healthcheck is not None else (),
        stopsignal=config.stop_signal,
    )


def _from_engine(wanted: Wanted, run: Run) -> ImageConfig | None:
    """The config that the local engine has for the image, if it has the image."""
    printed = run([_ENGINE, "image", "inspect", "--", wanted.image])
    return _engine_config(printed, wanted) if printed else None


def _engine_config(printed: bytes, wanted: Wanted) -> ImageConfig | None:
    """What ``docker image inspect`` prints, as a config; None for something else or another platform."""
    try:
        (data,) = json.loads(printed)
        if "NamesHistory" in data:
            return None  # podman under docker's name
        inner: dict[str, Any] = data.get("Config") or {}
        outer = {"os": data.get("Os"), "architecture": data.get("Architecture"), "config": inner}
        config, _ = read_config(json.dumps(outer).encode(), wanted.image)
    except (ValueError, TypeError, AttributeError, VerifyError):
        return None
    if wanted.platform is not None and normalized(config.platform) != normalized(wanted.platform):
        return None
    return config


def _from_registry(
    wanted: Wanted, where: str, failed: dict[str, tuple[list[str], VerifyError]], plain_http: bool | None
) -> ImageConfig | None:
    reference = parse(wanted.image)
    if where == "engine":
        raise VerifyError("EM649", image=wanted.image)
    if reference.host in failed:
        raise failed[reference.host][1]
    source = Registry(reference, plain_http=plain_http)
    platforms = [wanted.platform] if wanted.platform is not None else [_own_platform(), "linux/amd64", "linux/arm64"]
    for index, one in enumerate(platforms):
        try:
            return read_only_config(source, platform=one)
        except VerifyError as error:
            if error.code != _NOT_THERE or index == len(platforms) - 1:
                raise
    return None


def _own_platform() -> str:
    machine = platform.machine().lower()
    return f"linux/{_MACHINES.get(machine, machine)}"


def _run(command: list[str]) -> bytes | None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
