"""RUN --mount: what each option becomes in an Earthfile (earthfile.md 2, hard-cases.md 6 and 10)."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from migrate.dockerfile.model import Instruction, Mount
from migrate.recipe import NotExpressible, Recipe
from migrate.words import Literal, Word

_TARGET = ("target", "dst", "destination")
_SOURCE = ("source", "src")
_READ_ONLY = ("ro", "readonly")
#: earth sets a variable with ``NAME="$(cat /run/secrets/ID)"`` in the text for its shell.
_SHELL_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PLAIN_ID = r"[A-Za-z0-9._/$@:-]+"


class RunFlag(NamedTuple):
    """One flag of an Earthfile RUN; an empty ``text`` means that nothing is left of the mount."""

    text: str
    meaning: Word


def converted(mount: Mount, instruction: Instruction, stage: Recipe) -> tuple[RunFlag, ...]:
    """The flags that stand for ``mount``. Raises NotExpressible."""
    entry = stage.arguments.mappings.mounts.get(mount.type)
    if entry is None or not entry["native"]:
        code = "EM520" if entry is None else entry["diagnostic"]
        raise NotExpressible(code, instruction.span_of(mount.flag.start, mount.flag.end), type=mount.type)
    if any(value is not None and set(value) & set(',"') for _, value in mount.options):
        raise NotExpressible("EM521", instruction.span_of(mount.flag.start, mount.flag.end), mount=mount.flag.value)
    return _KINDS[mount.type](mount, instruction, stage)


def _cache(mount: Mount, instruction: Instruction, stage: Recipe) -> tuple[RunFlag, ...]:
    at = (mount.flag.start, mount.flag.end)
    target = mount.get(*_TARGET) or "."
    if mount.has("from", *_SOURCE):
        stage.warn("EM522", instruction, *at, target=target)
    cache = stage.arguments.caches[id(mount)]
    if _is_owned(mount):
        from migrate import noticing  # few files need it

        seen = noticing.shows(instruction, stage.arguments.mappings.mounts["cache"]["owner-shown-by"])
        stage.warn("EM541" if seen else "EM523", instruction, *at, target=target)
    sharing = mount.get("sharing")
    options = [
        "type=cache",
        *([f"id={cache.identity}"] if cache.identity else []),
        f"target={target}",
        *([f"sharing={sharing}"] if sharing else []),
        *(["ro"] if _is_read_only(mount) else []),
        *([f"mode={cache.mode}"] if cache.mode else []),
    ]
    return (_flag(mount, options, instruction, stage),)


def _is_owned(mount: Mount) -> bool:
    """Whether the mount belongs to somebody else than root."""
    return any(mount.get(key) not in (None, "0") for key in ("uid", "gid"))


def _tmpfs(mount: Mount, instruction: Instruction, stage: Recipe) -> tuple[RunFlag, ...]:
    if mount.has("size"):
        from migrate import noticing  # few files need it

        known = stage.arguments.mappings.mounts["tmpfs"]["size-shown-by"]
        seen = noticing.shows(instruction, known) or noticing.shows_mount_table(instruction)
        code = "EM540" if seen else "EM524"
        stage.warn(code, instruction, mount.flag.start, mount.flag.end, size=mount.get("size"))
    return (_flag(mount, ["type=tmpfs", f"target={mount.get(*_TARGET) or '.'}"], instruction, stage),)


def _secret(mount: Mount, instruction: Instruction, stage: Recipe) -> tuple[RunFlag, ...]:
    from migrate import noticing  # few files need it

    at = (mount.flag.start, mount.flag.end)
    target = mount.get(*_TARGET)
    identity = mount.get("id", *_SOURCE) or posixpath.basename(target or "")
    if target is not None and not target.startswith(("/", "$")):
        # earth's daemon takes a relative target from the root, Docker from WORKDIR.
        if stage.workdir is None:
            raise NotExpressible("EM529", instruction.span_of(*at), target=target)
        target = posixpath.normpath(posixpath.join(stage.workdir, target))
    variable = mount.get("env")
    if variable and not (re.fullmatch(_SHELL_NAME, variable) and re.fullmatch(_PLAIN_ID, identity)):
        raise NotExpressible("EM534", instruction.span_of(*at), variable=variable, id=identity)
    if variable and _is_known(variable, stage):
        # earth writes the secret in front of the command, and what the image's environment says still wins.
        raise NotExpressible("EM539", instruction.span_of(*at), variable=variable)
    file = target or (None if variable else f"/run/secrets/{posixpath.basename(identity)}")
    if not _is_required(mount):
        missing = (file is not None and noticing.goes_on_without_file(instruction, file)) or (
            variable and noticing.goes_on_without_variable(instruction, variable)
        )
        stage.warn("EM544" if missing else "EM525", instruction, *at, id=identity)
    flags: list[RunFlag] = []
    if variable:
        stage.warn("EM535", instruction, *at, variable=variable)
        flags.append(RunFlag(f"--secret {variable}={identity}", (Literal(f"{variable}={identity}"),)))
        if file is None:
            if noticing.mentions(instruction, "/run/secrets"):
                stage.warn("EM543", instruction, *at, id=identity)
            return tuple(flags)
    options = ["type=secret", f"id={identity}", f"target={file}"]
    if _is_owned(mount):
        seen = noticing.shows(instruction, stage.arguments.mappings.mounts["cache"]["owner-shown-by"])
        stage.warn("EM542" if seen else "EM526", instruction, *at, id=identity)
        options.append("mode=0444")
    else:
        options.append(f"mode={_octal(mount.get('mode') or '0400')}")
    return (*flags, _flag(mount, options, instruction, stage))


def _is_known(name: str, stage: Recipe) -> bool:
    """Whether the text, or what is known of the image, sets ``name``."""
    scope = stage.scope
    return name in scope.bindings or name in scope.environment or name in (scope.image_environment or ())


def _ssh(mount: Mount, instruction: Instruction, stage: Recipe) -> tuple[RunFlag, ...]:
    if not _is_required(mount):
        from migrate import noticing  # few files need it

        code = "EM545" if noticing.goes_on_after_failure(instruction) else "EM528"
        stage.warn(code, instruction, mount.flag.start, mount.flag.end)
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


def _is_required(mount: Mount) -> bool:
    return (mount.get("required") or "").lower() in ("true", "1") or _is_bare(mount, "required")


def _is_read_only(mount: Mount) -> bool:
    value = mount.get(*_READ_ONLY)
    return _is_bare(mount, *_READ_ONLY) or (value or "").lower() in ("true", "1")


def _is_bare(mount: Mount, *names: str) -> bool:
    return any(key in names and value is None for key, value in mount.options)


_KINDS = {"cache": _cache, "tmpfs": _tmpfs, "secret": _secret, "ssh": _ssh}
