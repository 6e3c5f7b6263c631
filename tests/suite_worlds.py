"""Base images for Dockerfiles that nobody wrote for the test base images.

Every image that a Dockerfile names is made of the most similar layout of images/images.yaml, with the user and shell
that mappings/base-images.yaml knows. All programs that the RUN texts call and that are in no layout become the test
tool that writes down its call; and what other stages copy out of a stage lies in its base image already, because such
programs make nothing.
"""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import baseimages
from baseimages import Entry, Image
from ruamel.yaml import YAML

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import CopyDetail, Instruction
from migrate.dockerfile.reader import read
from migrate.images import BaseImage, base_image, parse_reference
from migrate.stages import SCRATCH, StageGraph, build

_STARTS = re.compile(r"(?:^|&&|\|\||[;|({!`\n]|\b(?:then|else|do|if|while|until|exec|sudo|xargs|time|env|nohup)\b)\s*")
_WORD = re.compile(r"(?:[A-Za-z_]\w*=(?:\"[^\"]*\"|'[^']*'|[^\s\"']*)\s+)*(?P<word>[\w./+-]+)(?=[\s;|&)`]|$)")
_LEGAL = re.compile(r"[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w.-]+)?")
_MKDIR = re.compile(r"\bmkdir((?:[ \t]+[^\s;&|]+)+)")
_MOST_SCRIPTS, _LARGEST_SCRIPT = 100, 100_000
_ON_PATH = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin")
_MERGED = ("bin", "sbin", "lib", "lib64")


@dataclass
class World:
    """What a suite needs. ``wanted`` are the paths that must lie in an image."""

    wanted: dict[str, set[str]] = field(default_factory=dict)
    programs: set[str] = field(default_factory=set)
    seen: set[Path] = field(default_factory=set)
    """The contexts whose scripts have been read."""
    filled: set[str] = field(default_factory=set)
    """The paths that a COPY names as its destination: the test tools are links, and real images have none there."""

    def learn(self, dockerfile: bytes, context: Path) -> None:
        """Look at one more Dockerfile; one that cannot be read needs nothing."""
        try:
            graph = build(read(dockerfile.decode("utf-8", "replace")))
        except DockerfileError:
            return
        if context not in self.seen:
            self.seen.add(context)
            for script in islice(context.rglob("*.sh"), _MOST_SCRIPTS):
                if script.is_file() and script.stat().st_size < _LARGEST_SCRIPT:
                    names = called(script.read_text(encoding="utf-8", errors="replace"))
                    self.programs.update(name for name in names if "/" not in name)
        made = [_own_paths(stage.instructions) for stage in graph.stages]
        for stage in graph.stages:
            image = _image(graph, stage.index)
            if image is not None:
                self.wanted.setdefault(image, set())
            for source in graph.sources.get(stage.index, ()):
                origin = source.image if source.stage is None else _image(graph, source.stage)
                chain = () if source.stage is None else graph.chain(source.stage)
                own = {path for index in chain for path in made[index]}
                if origin is not None and "$" not in origin:
                    self.wanted.setdefault(origin, set()).update(
                        path for path in _copied(source.instruction) if not _is_own(path, own, context)
                    )
            for instruction in stage.instructions:
                if instruction.keyword == "RUN":
                    self._learn_programs(instruction, image, made[stage.index])
                elif isinstance(instruction.detail, CopyDetail):
                    self.filled.add(instruction.detail.destination.text.strip("\"'"))

    def _learn_programs(self, instruction: Instruction, image: str | None, own: Collection[str]) -> None:
        text = "\n".join([instruction.operand, *(heredoc.body for heredoc in instruction.heredocs)])
        for word in called(text):
            if "/" not in word:
                self.programs.add(word)
            elif image is not None and word.startswith("/") and word not in own and word.count("/") > 1:
                self.wanted[image].add(word)

    def images(self) -> Iterator[tuple[str, Image]]:
        """Reference and image of everything that is named."""
        description = baseimages.describe()
        for reference, paths in sorted(self.wanted.items()):
            if reference == SCRATCH or not _LEGAL.fullmatch(reference):
                continue  # a digest cannot be made, and a name that no registry takes fails as it should
            layout, config = _similar(description, reference)
            programs = {name for name in self.programs if f"/usr/local/bin/{name}" not in self.filled}
            yield reference, _made(layout, config, base_image(reference), paths, programs)


@cache
def words(kind: str) -> frozenset[str]:
    """A list of images/worlds.yaml."""
    file = baseimages.FOLDER / "worlds.yaml"
    return frozenset(YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))[kind])


def called(text: str) -> set[str]:
    """The programs that a shell text calls, roughly."""
    found = {match["word"] for start in _STARTS.finditer(text) if (match := _WORD.match(text, start.end()))}
    return {word for word in found if re.fullmatch(r"/?[A-Za-z][\w./+-]*", word) and word not in words("shell")}


def _image(graph: StageGraph, index: int) -> str | None:
    """The image at the root of a stage."""
    reference = graph.stages[graph.chain(index)[-1]].reference
    return None if reference is None or "$" in reference else reference


def _own_paths(instructions: Iterable[Instruction]) -> set[str]:
    """The paths that a stage makes itself: its WORKDIRs, where its COPYs go, and what a RUN makes with mkdir."""
    found, folder = set(), "/"
    for instruction in instructions:
        if instruction.keyword == "WORKDIR":
            folder = posixpath.normpath(posixpath.join(folder, instruction.operand.strip("\"'")))
            found.add(folder)
        elif isinstance(instruction.detail, CopyDetail):
            found.add(posixpath.normpath(posixpath.join(folder, instruction.detail.destination.text.strip("\"'"))))
        elif instruction.keyword == "RUN":
            text = "\n".join([instruction.operand, *(heredoc.body for heredoc in instruction.heredocs)])
            found.update(word for words in _MKDIR.findall(text) for word in words.split() if word.startswith("/"))
    return found


def _is_own(path: str, own: Collection[str], context: Path) -> bool:
    """Whether a stage makes ``path`` itself, or has it from the context."""
    return any(path == one or (path.startswith(f"{one}/") and (context / path[len(one) + 1 :]).exists()) for one in own)


def _copied(instruction: Instruction) -> Iterator[str]:
    if instruction.keyword != "COPY" or not isinstance(instruction.detail, CopyDetail):
        return
    for source in instruction.detail.sources:
        text = source.text.strip("\"'")
        if "$" not in text and "[" not in text and text.strip("/."):
            yield f"/{text.lstrip('/')}".replace("*", "some").replace("?", "a")


def _similar(description: Mapping[str, Any], reference: str) -> tuple[str, Mapping[str, Any]]:
    """The layout and config for an image that is called ``reference``."""
    name, known = parse_reference(reference), base_image(reference)
    alpine = "alpine" in reference
    of_name = [
        image
        for image in description["images"].values()
        if name.name in image["names"] and ("alpine" in image["layout"]) == alpine
    ]
    if of_name:
        return of_name[0]["layout"], of_name[0]["config"]
    if known is not None and known.has_shell is False:
        return "empty", description["images"]["empty"]["config"]
    if alpine:
        return "alpine", description["images"]["alpine"]["config"]
    if any(word in reference for word in words("redhat")):
        return "redhat", description["images"]["redhat"]["config"]
    return "tools", description["images"]["tools"]["config"]


def _made(
    layout: str, config: Mapping[str, Any], known: BaseImage | None, paths: Iterable[str], programs: Iterable[str]
) -> Image:
    entries = baseimages.tree(baseimages.layout(baseimages.describe(), layout))
    merged = "/bin" in entries and entries["/bin"].kind == tarfile.SYMTYPE
    shell: dict[str, Entry] = {}
    extra: dict[str, Entry] = {}
    if "/usr/local/bin/record" in entries:
        shell = _shell("bash" if layout == "redhat" or not merged else "dash", merged=merged)
        for tool in sorted(words("tools")):
            name, _, script = tool.partition("=")
            if f"/usr/local/bin/{name}" not in entries:
                target = f"{baseimages.TOOLS}/{script or name}"
                extra[f"/usr/local/bin/{name}"] = Entry(tarfile.SYMTYPE, 0o777, target=target)
        for name in programs:
            if not any(f"{folder}/{name}" in (entries | extra) for folder in _ON_PATH):
                link = Entry(tarfile.SYMTYPE, 0o777, target=f"{baseimages.TOOLS}/record")
                extra[f"/usr/local/bin/{name}"] = link
    for path in sorted(paths, key=len, reverse=True):
        _put(extra, entries, _resolved(path, merged=merged))
    changed = dict(config)
    if known is not None:
        changed |= _known(known, config)
        extra |= _account(known.user or "", entries)
        if layout == "empty" and known.folders is not None and "/home" not in known.folders:
            # The layout has more than the image: what nobody knows of is root's.
            owned = {path: entry for path, entry in entries.items() if entry.owner != (0, 0)}
            extra |= {path: replace(entry, owner=(0, 0)) for path, entry in owned.items()}
    return baseimages.make({"layout": layout, "config": changed}, shell, extra)


def _shell(name: str, *, merged: bool) -> dict[str, Entry]:
    """A shell of this machine as /bin/sh: busybox's prefers its own programs to those on PATH."""
    found = baseimages.program_of_machine(name)
    if merged:
        return {**found, "/usr/bin/sh": Entry(tarfile.SYMTYPE, 0o777, target=name)}
    links = {f"/{path.split('/')[2]}/{path.split('/')[3]}" for path in found if path.startswith("/usr/lib")}
    more = {path: Entry(tarfile.SYMTYPE, 0o777, target=f"/usr{path}") for path in links}
    return {**found, **more, "/bin/sh": Entry(tarfile.SYMTYPE, 0o777, target=f"/usr/bin/{name}")}


def _known(known: BaseImage, config: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config that are known of an image."""
    have = {item.partition("=")[0] for item in config.get("Env", [])}
    more = [f"{name}=test" for name in known.environment or () if name not in have]
    found: dict[str, Any] = {"Env": [*config.get("Env", []), *more]}
    if known.user not in (None, "root", "0"):
        found["User"] = known.user
    if known.shell:
        found["Shell"] = list(known.shell)
    return found


def _account(user: str, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """A line in /etc/passwd and a home for an image's own user."""
    passwd = entries.get("/etc/passwd")
    if passwd is None or not user or user.isdigit() or f"{user}:" in passwd.data.decode():
        return {}
    line = f"{user}:x:1000:1000::/home/{user}:/bin/sh\n"
    return {
        "/etc/passwd": Entry(passwd.kind, passwd.mode, data=passwd.data + line.encode()),
        f"/home/{user}": Entry(tarfile.DIRTYPE, 0o755, (1000, 1000)),
    }


def _resolved(path: str, *, merged: bool) -> str:
    first = path.strip("/").partition("/")[0]
    return f"/usr{path}" if merged and first in _MERGED else path


def _put(extra: dict[str, Entry], entries: Mapping[str, Entry], path: str) -> None:
    """A file or folder at ``path``, unless there is one."""
    path = path.rstrip("/")
    above = [str(parent) for parent in PurePosixPath(path).parents]
    if (
        path in entries
        or path in extra
        or any(one in entries and entries[one].kind != tarfile.DIRTYPE for one in above)
    ):
        return
    if any(one in extra and extra[one].kind != tarfile.DIRTYPE for one in above):
        return
    name = path.rpartition("/")[2]
    if any(other.startswith(f"{path}/") for other in (*extra, *entries)):
        return
    if name in words("folders") or name.startswith("python3"):
        extra[path] = Entry(tarfile.DIRTYPE)
        extra[f"{path}/made"] = Entry(tarfile.REGTYPE, 0o644, data=f"{path}\n".encode())
    else:
        text = f"#!/bin/sh\n# {path}\nexit 0\n" if "." not in name or name.endswith(".sh") else f"{path}\n"
        extra[path] = Entry(tarfile.REGTYPE, 0o755 if text.startswith("#!") else 0o644, data=text.encode())


def push(world: World, address: str) -> Iterable[str]:
    """Bring all images of a world to a registry; gives their references."""
    with baseimages.connected(address) as registry:
        for reference, image in world.images():
            name = parse_reference(reference)
            repository = baseimages.path_of(name.name)
            registry.upload(repository, image)
            registry.manifest(repository, name.tag or "latest", image.index, baseimages.INDEX)
            yield reference
