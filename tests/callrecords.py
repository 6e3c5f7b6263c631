"""What scripts really call, told by stand-ins for docker and earth on PATH, and what each of these calls builds.

Calls are read here by themselves, not with the code under test: flags as docker's and earth's references list them, and
an Earthfile's targets as far as migrated ones need it (ARG, SAVE IMAGE, BUILD, FOR).
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from migrate.callsites.data import builtin
from migrate.earthfile.reader import Statement, flags_and_args, read
from migrate.repository import Migration

STAND_IN = '#!/bin/sh\n{ printf "%s\\0" "@@" "${0##*/}" "$PWD" "$DOCKER_DEFAULT_PLATFORM" "$@"; } >>"$RECORD"\n'
#: bash calls this for a program that is not there: nothing outside the stand-ins matters.
MISSING = "command_not_found_handle() { return 0; }\n"
_EARTH_VALUES = ("--secret", "--secret-file", "--platform", "--build-arg")
_PLAIN_TOOLS = (
    "sh",
    "bash",
    "make",
    "dirname",
    "basename",
    "cat",
    "true",
    "false",
    "echo",
    "printf",
    "mkdir",
    "env",
    "nice",
    "tr",
    "sed",
    "grep",
    "head",
    "sort",
    "uname",
    "seq",
    "xargs",
    "test",
    "ls",
    "pwd",
    "time",
    "tee",
    "rm",
    "cp",
)


class Build(NamedTuple):
    """One image build, whoever makes it. ``names`` are what it is kept or pushed as."""

    dockerfile: str
    context: str
    stage: str
    names: frozenset[str]
    platforms: frozenset[str]
    arguments: frozenset[str]
    secrets: frozenset[str]
    pushed: bool


_Saved = tuple[str, list[str], list[str], Mapping[str, str], set[str]]


class Call(NamedTuple):
    """A recorded call."""

    tool: str
    folder: str
    words: tuple[str, ...]
    platform: str = ""
    """What DOCKER_DEFAULT_PLATFORM said."""


def tools(folder: Path) -> Path:
    """A folder for PATH: the stand-ins, and the plain programs that scripts use."""
    folder.mkdir()
    for name in ("docker", "earth", "earthly", "podman", "docker-compose", "git", "sudo", "npm", "kubectl"):
        (folder / name).write_text(STAND_IN, encoding="utf-8")
        (folder / name).chmod(0o755)
    (folder / "date").write_text("#!/bin/sh\necho today\n", encoding="utf-8")
    (folder / "date").chmod(0o755)
    (folder / "sudo").write_text('#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n', encoding="utf-8")
    for name in _PLAIN_TOOLS:
        found = next((place for place in ("/bin", "/usr/bin") if os.path.exists(f"{place}/{name}")), None)
        if found is not None:
            (folder / name).symlink_to(f"{found}/{name}")
    return folder


def record(
    command: Sequence[str], folder: Path, programs: Path, place: Path, variables: Mapping[str, str]
) -> list[Call]:
    """Run ``command`` in ``folder`` and give the calls that it made."""
    place.write_bytes(b"")
    start = place.with_name("start.sh")
    start.write_text(MISSING, encoding="utf-8")
    environment = {
        **variables,
        "PATH": str(programs),
        "RECORD": str(place),
        "BASH_ENV": str(start),
        "HOME": str(folder),
    }
    subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )
    calls = place.read_bytes().decode().split("@@\0")[1:]
    return [Call(words[0], words[1], tuple(words[3:]), words[2]) for words in (call[:-1].split("\0") for call in calls)]


def tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def docker_build(call: Call, root: Path, environment: Mapping[str, str]) -> Build | None:
    """What a recorded docker call builds, None for another command."""
    words = list(call.words)
    while words[:1] and words[0] in ("buildx", "image", "builder"):
        words.pop(0)
    if call.tool != "docker" or words[:1] not in (["build"], ["b"]):
        return None
    options, operands = _docker_options(words[1:])
    values = {name: [value for key, value in options if key == name] for name, _ in options}
    context = os.path.normpath(os.path.join(call.folder, operands[0] if operands else "."))
    file = values.get("file", [""])[-1]
    dockerfile = os.path.normpath(os.path.join(call.folder, file)) if file else os.path.join(context, "Dockerfile")
    arguments = {
        text if "=" in text else f"{text}={environment[text]}"
        for text in values.get("build-arg", ())
        if "=" in text or text in environment
    }
    outputs = " ".join(values.get("output", ()))
    return Build(
        os.path.relpath(dockerfile, root),
        os.path.relpath(context, root),
        values.get("target", [""])[-1].lower(),
        frozenset(map(tagged, values.get("tag", ()))),
        frozenset(
            part
            for text in values.get("platform", [call.platform] if call.platform else [])
            for part in text.split(",")
        ),
        frozenset(text for text in arguments if not text.startswith(("BUILDKIT_", "TARGET", "SOURCE_DATE_EPOCH"))),
        frozenset(re.sub(r"^(?:type=\w+,)?id=([^,]*).*", r"\1", text) for text in values.get("secret", ())),
        ("push" in values and values["push"][-1] not in ("false", "0"))
        or "type=registry" in outputs
        or "push=true" in outputs,
    )


def _docker_options(words: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    flags = builtin().docker_flags
    shorts = {entry["short"]: name for name, entry in flags.items() if "short" in entry}
    options: list[tuple[str, str]] = []
    operands: list[str] = []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            takes = name in flags and flags[name]["value"]
            options.append((name, value if equals else words.pop(0) if takes and words else "true"))
        elif word.startswith("-") and len(word) > 1:
            name, rest = shorts.get(word[1], word[1]), word[2:]
            while name in flags and not flags[name]["value"] and rest:
                options.append((name, "true"))
                name, rest = shorts.get(rest[0], rest[0]), rest[1:]
            takes = name in flags and flags[name]["value"]
            options.append((name, rest.removeprefix("=") if rest else words.pop(0) if takes and words else "true"))
        else:
            operands.append(word)
    return options, operands


def earth_builds(call: Call, root: Path, migration: Migration) -> Iterator[Build]:
    """What a recorded call of earth builds."""
    words = list(call.words)
    flags: list[tuple[str, str]] = []
    while (words and "+" not in words[0].replace("\\+", "")) or (words and words[0].startswith("--")):
        word = words.pop(0)
        name, equals, value = word.partition("=")
        flags.append((name, value if equals else words.pop(0) if name in _EARTH_VALUES else "true"))
    place, _, target = words.pop(0).replace("\\+", "\0").rpartition("+")
    folder = os.path.normpath(os.path.join(call.folder, place.replace("\0", "+")))
    context = os.path.relpath(folder, root)
    arguments = dict(word.removeprefix("--").partition("=")[::2] for word in words)
    assert all(word.startswith("--") and "=" in word for word in words), f"{words} would be lost without a word"
    on = {name for name, value in flags if value not in ("false", "0", "")}
    kept = "--push" in on or "--ci" not in on
    for name, names, platforms, given, used in _saves(folder, target, arguments):
        way, _, own_name = name.rpartition("+")
        context = os.path.relpath(os.path.normpath(os.path.join(folder, way)), root)
        dockerfile, stage, own = _origin(migration, context, own_name)
        yield Build(
            dockerfile,
            context,
            stage,
            frozenset(map(tagged, names)) if kept else frozenset(),
            frozenset((*platforms, *(value for key, value in flags if key == "--platform"))),
            frozenset(f"{key}={value}" for key, value in given.items() if key not in own and key not in used),
            frozenset(value.partition("=")[0] for key, value in flags if key in ("--secret", "--secret-file")),
            "--push" in on,
        )


def _saves(folder: str, target: str, given: Mapping[str, str]) -> Iterator[_Saved]:
    """(target, names, platforms, arguments, those that the target uses up) of each image that a target builds."""
    recipes = {
        recipe.name: recipe
        for recipe in read(Path(folder, "Earthfile").read_text(encoding="utf-8"), strict=False).targets
    }
    assert target in recipes, f"+{target} is not in {folder}/Earthfile"
    values: dict[str, str] = {}
    names: list[str] = []
    builds: list[tuple[str, list[str], dict[str, str]]] = []

    def filled(text: str) -> str:
        return re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match.group(1), match.group()), text.strip('"'))

    def walk(statements: Sequence[Statement]) -> None:
        for statement in statements:
            flags, words = flags_and_args(statement)
            if statement.name == "ARG" and words:
                name, _, default = "".join(words).partition("=")
                values[name] = given.get(name, filled(default))
            elif statement.name == "SAVE IMAGE":
                names.extend(filled(word) for word in words if filled(word))
            elif statement.name == "BUILD":
                own = [word for word in words[1:] if word.startswith("--")]
                passed = dict(filled(word)[2:].partition("=")[::2] for word in own)
                builds.append((words[0], [value or "" for key, value in flags if key == "platform"], passed))
            for block in statement.blocks:
                loop = (
                    re.fullmatch(r"(\w+) IN (.*)", " ".join(flags_and_args(statement)[1]))
                    if statement.name == "FOR"
                    else None
                )
                items = re.split(r"[\n\t ,]+", filled(loop.group(2)).strip()) if loop else [""]
                for item in items:
                    if loop:
                        values[loop.group(1)] = item
                    walk(block.statements)

    walk(recipes[target].statements)
    if not builds:
        yield target, names, [], given, set()
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, platforms, passed in builds:
        way, _, there = name.rpartition("+")
        for _, saved, more, _, _ in _saves(os.path.normpath(os.path.join(folder, way)), there, {**given, **passed}):
            grouped.setdefault((name, (*platforms, *more)), []).extend(saved)
    for (name, platforms_), saved in grouped.items():
        yield name, saved, list(platforms_), given, set(values)


def _origin(migration: Migration, context: str, target: str) -> tuple[str, str, set[str]]:
    """(Dockerfile, stage, arguments that name images) of a target."""
    for group in migration.groups:
        if (group.context or ".") != context:
            continue
        for item, conversion in zip(group.records, group.combined.conversions, strict=True):
            own = {*item.arguments.values()}
            saved = {name: stage for stage, name in conversion.images}
            stages = [result for result in conversion.targets if result.stage is not None]
            last = stages[-1].target if stages else ""
            if target in saved:
                return item.dockerfile, saved[target], own
            for result in stages:
                if result.target == target:
                    return item.dockerfile, "" if target == last else result.stage or "", own
    raise AssertionError(f"no Dockerfile has become {context}+{target}")


def token(expression: str) -> str:
    """A value for what only a run knows, the same each time."""
    return "v" + hashlib.sha256(expression.encode()).hexdigest()[:6]


def last_stage(dockerfile: Path) -> str:
    """The name of the last stage."""
    found = re.findall(
        r"(?im)^[ \t]*FROM[ \t][^\n]*?(?:[ \t]AS[ \t]+(\S+))?[ \t\r]*$",
        dockerfile.read_text(encoding="utf-8", errors="replace"),
    )
    return found[-1].lower() if found else ""


def plain(build: Build, root: Path) -> Build:
    """``build`` with the last stage unnamed: both ways to say it are the same."""
    file = root / build.dockerfile
    name = build.dockerfile
    if not file.exists():
        other = next((n for n in ("dockerfile", "Containerfile") if (file.parent / n).exists()), None)
        name = posixpath.join(posixpath.dirname(name), other) if other else name
    stage = "" if (root / name).is_file() and build.stage == last_stage(root / name) else build.stage
    return build._replace(stage=stage, dockerfile=posixpath.normpath(name))
