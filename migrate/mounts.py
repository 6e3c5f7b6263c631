"""RUN --mount: what each option becomes in an Earthfile (earthfile.md 2, hard-cases.md 6 and 10)."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from migrate.dockerfile.model import Instruction, Mount, RunDetail
from migrate.recipe import NotExpressible, Recipe
from migrate.stages import StageGraph
from migrate.words import Literal, Word

_TARGET = ("target", "dst", "destination")
_SOURCE = ("source", "src")
_READ_ONLY = ("ro", "readonly")


class RunFlag(NamedTuple):
    """One flag of an Earthfile RUN; an empty ``text`` means that nothing is left of the mount."""

    text: str
    meaning: Word


def converted(mount: Mount, instruction: Instruction, stage: Recipe, shared: frozenset[str]) -> tuple[RunFlag, ...]:
    """The flags that stand for ``mount``; ``shared`` are cache targets that several stages use. Raises
    NotExpressible."""
    entry = stage.arguments.mappings.mounts.get(mount.type)
    if entry is None or not entry["native"]:
        code = "EM520" if entry is None else entry["diagnostic"]
        raise NotExpressible(code, instruction.span_of(mount.flag.start, mount.flag.end), type=mount.type)
    if any(value is not None and set(value) & set(',"') for _, value in mount.options):
        raise NotExpressible("EM521", instruction.span_of(mount.flag.start, mount.flag.end), mount=mount.flag.value)
    return _KINDS[mount.type](mount, instruction, stage, shared)


def shared_cache_targets(graph: StageGraph) -> frozenset[str]:
    """Targets of cache mounts without an id that more than one stage uses: Docker shares them by their path."""
    seen: dict[str, set[int]] = {}
    for stage in graph.stages:
        for instruction in stage.instructions:
            if isinstance(instruction.detail, RunDetail):
                for mount in instruction.detail.mounts:
                    if mount.type == "cache" and not mount.has("id") and (target := mount.get(*_TARGET)):
                        seen.setdefault(target, set()).add(stage.index)
    return frozenset(target for target, stages in seen.items() if len(stages) > 1)


def _cache(mount: Mount, instruction: Instruction, stage: Recipe, shared: frozenset[str]) -> tuple[RunFlag, ...]:
    at = (mount.flag.start, mount.flag.end)
    target = mount.get(*_TARGET) or "."
    if mount.has("from", *_SOURCE):
        stage.warn("EM522", instruction, *at, target=target)
    options = ["type=cache"]
    identity = mount.get("id") or (target if target in shared else None)
    options += [f"id={identity}"] if identity else []
    options.append(f"target={target}")
    if sharing := mount.get("sharing"):
        options.append(f"sharing={sharing}")
    options += ["ro"] if _is_read_only(mount) else []
    if mount.has("uid", "gid"):
        stage.warn("EM523", instruction, *at, target=target)
        options.append("mode=0777")
    elif mode := mount.get("mode"):
        options.append(f"mode={_octal(mode)}")
    elif stage.user.root is False or (stage.user.text is not None and stage.user.root is None):
        options.append("mode=0777")
    elif target.startswith(tuple(stage.arguments.mappings.mounts["cache"]["readable-below"])):
        options.append("mode=0755")
    elif stage.user.root is None:
        options.append("mode=0777")
    return (_flag(mount, options, instruction, stage),)


def _tmpfs(mount: Mount, instruction: Instruction, stage: Recipe, shared: frozenset[str]) -> tuple[RunFlag, ...]:
    if mount.has("size"):
        stage.warn("EM524", instruction, mount.flag.start, mount.flag.end, size=mount.get("size"))
    return (_flag(mount, ["type=tmpfs", f"target={mount.get(*_TARGET) or '.'}"], instruction, stage),)


def _secret(mount: Mount, instruction: Instruction, stage: Recipe, shared: frozenset[str]) -> tuple[RunFlag, ...]:
    at = (mount.flag.start, mount.flag.end)
    target = mount.get(*_TARGET)
    identity = mount.get("id", *_SOURCE) or posixpath.basename(target or "")
    if target is not None and not target.startswith(("/", "$")):
        # earth's daemon takes a relative target from the root, Docker from WORKDIR.
        if stage.workdir is None:
            raise NotExpressible("EM529", instruction.span_of(*at), target=target)
        target = posixpath.normpath(posixpath.join(stage.workdir, target))
    if (mount.get("required") or "").lower() not in ("true", "1") and not _is_bare(mount, "required"):
        stage.warn("EM525", instruction, *at, id=identity)
    flags: list[RunFlag] = []
    if variable := mount.get("env"):
        flags.append(RunFlag(f"--secret {variable}={identity}", (Literal(f"{variable}={identity}"),)))
        if target is None:
            return tuple(flags)
    options = ["type=secret", f"id={identity}", f"target={target or '/run/secrets/' + posixpath.basename(identity)}"]
    if mount.has("uid", "gid"):
        stage.warn("EM526", instruction, *at, id=identity)
        options.append("mode=0444")
    else:
        options.append(f"mode={_octal(mount.get('mode') or '0400')}")
    return (*flags, _flag(mount, options, instruction, stage))


def _ssh(mount: Mount, instruction: Instruction, stage: Recipe, shared: frozenset[str]) -> tuple[RunFlag, ...]:
    if (mount.get("required") or "").lower() not in ("true", "1") and not _is_bare(mount, "required"):
        stage.warn("EM528", instruction, mount.flag.start, mount.flag.end)
    if mount.get("id") not in (None, "default") or mount.has("uid", "gid", "mode", *_TARGET):
        stage.warn("EM527", instruction, mount.flag.start, mount.flag.end, mount=mount.flag.value)
    return (RunFlag("--ssh", (Literal("--ssh"),)),)


def _flag(mount: Mount, options: list[str], instruction: Instruction, stage: Recipe) -> RunFlag:
    """The flag as written when it has the same options, otherwise rewritten; variables are expanded in both
    languages."""
    written = {(key, value) for key, value in mount.options}
    wanted = {(key, value or None) for key, _, value in (option.partition("=") for option in options)}
    text = mount.flag.value if written == wanted and mount.flag.value else ",".join(options)
    spelling, word = stage.word(text, instruction, "flag")
    return RunFlag(f"--mount={spelling}", (Literal("--mount="), *word))


def _octal(mode: str) -> str:
    """earth wants a leading zero: ``mode=755`` is "failed to parse mount mode"."""
    return mode if mode.startswith(("0", "$")) else f"0{mode}"


def _is_read_only(mount: Mount) -> bool:
    value = mount.get(*_READ_ONLY)
    return _is_bare(mount, *_READ_ONLY) or (value or "").lower() in ("true", "1")


def _is_bare(mount: Mount, *names: str) -> bool:
    return any(key in names and value is None for key, value in mount.options)


_KINDS = {"cache": _cache, "tmpfs": _tmpfs, "secret": _secret, "ssh": _ssh}
