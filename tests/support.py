"""Small helpers of the core's tests: convert a few lines, look at one recipe, a context made of a dictionary."""

from __future__ import annotations

import io
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from migrate.archives import kind_of, members_of
from migrate.context import Member
from migrate.convert import Conversion, convert
from migrate.dockerfile import words as docker_words
from migrate.dockerfile.model import HealthcheckDetail, Instruction, PairsDetail, WordsDetail
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.earthfile import expansion as earth_words
from migrate.earthfile.flags import flags_and_args, run_text
from migrate.earthfile.reader import read as read_earthfile
from migrate.earthfile.tree import Statement
from migrate.images import base_image
from migrate.mappings import builtin
from migrate.plan import Plan, make
from migrate.recipe import DEFAULT_PATH
from migrate.settings import Settings
from migrate.stages import StageGraph, build
from migrate.wildcards import Automaton, component
from migrate.words import Literal, Part, ShellOut, Word

BASE = "FROM alpine:3.20\n"
"""A base that is known: root, a shell, no variables of its own but PATH."""


class DictContext:
    """A known build context: path -> bytes of a file, None for a folder, text for a link."""

    def __init__(
        self, entries: Mapping[str, bytes | str | None], ignore: str | None = None, own: str | None = None
    ) -> None:
        self.entries = dict(entries)
        self.ignore = ignore
        self.own = own
        self.modes: dict[str, int] = {}

    def exists(self, path: str) -> bool | None:
        return path in self.entries

    def is_directory(self, path: str) -> bool | None:
        return path in self.entries and self.entries[path] is None

    def link_target(self, path: str) -> str | None:
        found = self.entries.get(path)
        return found if isinstance(found, str) else None

    def head(self, path: str, size: int = 512) -> bytes | None:
        found = self.entries.get(path)
        return found[:size] if isinstance(found, bytes) else None

    def archive_kind(self, path: str) -> str | None:
        found = self.entries.get(path)
        return kind_of(io.BytesIO(found)) if isinstance(found, bytes) else None

    def archive_members(self, path: str) -> tuple[Member, ...] | None:
        found = self.entries.get(path)
        return members_of(io.BytesIO(found), 1000) if isinstance(found, bytes) else None

    def matches(self, pattern: str) -> tuple[str, ...] | None:
        wanted = [component(part) for part in pattern.strip("/").split("/")]
        return tuple(sorted(path for path in self.entries if _fits(path.split("/"), wanted)))

    def mode(self, path: str) -> int | None:
        return self.modes.get(path, 0o755 if self.is_directory(path) else 0o644)

    def children(self, path: str) -> tuple[str, ...] | None:
        above = f"{path}/" if path else ""
        names = {below.removeprefix(above).partition("/")[0] for below in self.entries if below.startswith(above)}
        return tuple(sorted(names))

    def is_ignored(self, path: str) -> bool:
        return False

    def ignore_text(self) -> tuple[str, str] | None:
        return None if self.ignore is None else (".dockerignore", self.ignore)

    def earth_ignore_text(self) -> tuple[str, str] | None:
        return None if self.own is None else (".earthlyignore", self.own)

    def known(self) -> bool:
        return True


def _fits(parts: list[str], wanted: list[Automaton | None]) -> bool:
    pairs = zip(parts, wanted, strict=False)
    return len(parts) == len(wanted) and all(one is not None and one.matches(part) for part, one in pairs)


def converted(text: str, context: DictContext | None = None, **options: Any) -> Conversion:
    """``text`` converted in a folder named ``app``; what an Earthfile cannot say stays as a comment."""
    options.setdefault("name", "app")
    options.setdefault("fallback", "comment")
    return convert(text, Settings(**options), context=context)


def graph_of(text: str) -> StageGraph:
    """The stage graph of ``text``."""
    return build(read_dockerfile(text))


def plan_of(text: str, **options: Any) -> tuple[Plan, list[str]]:
    """The plan of ``text`` and the codes that planning reported."""
    found: list[str] = []

    def report(code: str, span: object, /, **fields: object) -> None:
        found.append(code)

    return make(graph_of(text), Settings(**options), builtin(), report), found


def codes(conversion: Conversion) -> list[str]:
    """The codes of what was found at a place of the text, in text order."""
    return [found.code for found in conversion.diagnostics if found.span is not None]


def file_codes(conversion: Conversion) -> set[str]:
    """The codes of what concerns the whole file: ignore files, timestamps, an unknown --target."""
    return {found.code for found in conversion.diagnostics if found.span is None}


def targets(conversion: Conversion) -> dict[str, list[str]]:
    """Target name -> its lines without their indentation and without blank ones; ``""`` is the base recipe."""
    text = conversion.earthfile
    assert text is not None, conversion.diagnostics
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in text.split("\n")[1:]:
        header = re.fullmatch(r"([A-Za-z0-9._-]+):", line)
        if header is not None:
            name = header[1]
            found[name] = []
        elif line.strip():
            found[name].append(line.removeprefix("    ") if name else line)
    return found


def body(conversion: Conversion, target: str | None = None) -> list[str]:
    """The lines of one target (the last one) below its FROM, its SAVE IMAGE left out."""
    recipes = targets(conversion)
    lines = recipes[target if target is not None else list(recipes)[-1]]
    return [line for line in lines if not line.startswith(("FROM ", "SAVE IMAGE "))]


def assert_lines(instructions: str, expected: str, wanted: Iterable[str] = (), *, base: str = BASE) -> None:
    """``instructions`` below ``base`` become the lines ``expected``, with exactly the codes ``wanted``."""
    conversion = converted(base + instructions + "\n")
    assert body(conversion) == [line for line in expected.split("\n") if line.strip()]
    assert codes(conversion) == list(wanted)


# --- what both builders would set -------------------------------------------------------------------------------------

PLATFORM = {
    "TARGETARCH": "amd64",
    "TARGETPLATFORM": "linux/amd64",
    "NATIVEARCH": "arm64",
    "NATIVEPLATFORM": "linux/arm64",
}
"""The requested platform and the builder's: unlike, so that a mix-up shows."""
BUILDKIT = {**PLATFORM, "BUILDARCH": "arm64", "BUILDPLATFORM": "linux/arm64"}
PATH = "/bin"
#: What the configs of unknown images may hold; a converter that guesses is wrong with one of them.
HIDDEN = {"A": "image-a", "VERSION": "image-v", "flavour": "image-f"}


@dataclass
class Config:
    """What one stage or target ends with; ``seen`` is the environment of each RUN, by Dockerfile line."""

    env: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    ports: set[str] = field(default_factory=set)
    volumes: set[str] = field(default_factory=set)
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    healthcheck: str | None = None
    signal: str | None = None
    cmd_is_own: bool = False
    table: dict[str, str] = field(default_factory=dict)
    """Docker: ENV and ARG, the last writer wins. Earth: ARG and LET of this target."""
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    seen: dict[int, dict[str, str]] = field(default_factory=dict)

    def child(self) -> Config:
        """What a stage that is FROM this one starts with: ENV is applied again, over what an ARG said [built].

        So is the ENV of an image, but what an unknown image sets is left out of this here.
        """
        made = replace(self, cmd_is_own=False, seen={})
        written = {name: value for name, value in self.env.items() if HIDDEN.get(name) != value}
        made.env, made.labels, made.table = dict(self.env), dict(self.labels), {**self.table, **written}
        made.ports, made.volumes = set(self.ports), set(self.volumes)
        return made

    def facts(self) -> dict[str, object]:
        """What the image's config says."""
        names = ("env", "labels", "user", "workdir", "ports", "volumes", "cmd", "entrypoint", "healthcheck", "signal")
        return {name: getattr(self, name) for name in names}

    def enter(self, folder: str) -> None:
        """WORKDIR."""
        if folder:
            self.workdir = posixpath.normpath(posixpath.join(self.workdir, folder)).replace("//", "/")

    def command(self, keyword: str, items: tuple[str, ...]) -> None:
        """CMD and ENTRYPOINT; the latter clears a CMD that this stage did not set."""
        if keyword == "CMD":
            self.cmd, self.cmd_is_own = items, True
        elif keyword == "ENTRYPOINT":
            self.entrypoint = items
            self.cmd = self.cmd if self.cmd_is_own else None


def image_config(reference: str) -> Config:
    """The config of an image: what the mappings list, everything for the unknown ones."""
    known = base_image(reference)
    hidden = HIDDEN if known is None or known.environment is None else {}
    env = {"PATH": DEFAULT_PATH if reference == "scratch" else PATH, **hidden}
    return Config(env, table=dict(env), shell=(known and known.shell) or ("/bin/sh", "-c"))


def docker_configs(text: str, build_args: Mapping[str, str]) -> list[Config]:
    """What BuildKit makes of every stage (facts/dockerfile.md 3, 5, 8)."""
    graph = graph_of(text)
    header: dict[str, str] = {}
    for instruction in graph.arguments:
        assert isinstance(instruction.detail, PairsDetail)
        for pair in instruction.detail.pairs:
            if pair.value is not None:
                word = docker_words.parse_word(pair.value, graph.dockerfile.escape)
                header[pair.key] = docker_words.expand(word, {**BUILDKIT, **header})
            if pair.key in build_args:
                header[pair.key] = build_args[pair.key]
    configs: list[Config] = []
    for stage in graph.stages:
        reference = docker_words.expand(stage.image, {**BUILDKIT, **header})
        config = configs[stage.base].child() if stage.base is not None else image_config(reference)
        builder = _DockerStage(config, build_args, header, graph.dockerfile.escape)
        for instruction in stage.instructions:
            builder.do(instruction)
        configs.append(config)
    return configs


@dataclass
class _DockerStage:
    """Runs the instructions of one stage on a Config."""

    config: Config
    build_args: Mapping[str, str]
    header: Mapping[str, str]
    escape: str

    def value(self, text: str) -> str:
        return docker_words.expand(docker_words.parse_word(text, self.escape), self.config.table)

    def do(self, instruction: Instruction) -> None:
        config, detail = self.config, instruction.detail
        items = (*config.shell, instruction.operand) if instruction.exec_form is None else instruction.exec_form
        if isinstance(detail, PairsDetail):
            self.pairs(instruction.keyword, detail)
        elif isinstance(detail, HealthcheckDetail):
            text = detail.text if detail.exec_form is None else repr(detail.exec_form)
            config.healthcheck = "NONE" if detail.none else text
        elif instruction.keyword == "STOPSIGNAL":
            config.signal = self.value(instruction.operand)
        elif instruction.keyword == "RUN":
            config.seen[instruction.span.start.line] = dict(config.table)
        elif instruction.keyword == "EXPOSE" and isinstance(detail, WordsDetail):
            config.ports |= {port_name(port) for item in detail.operands for port in self.value(item.text).split()}
        elif instruction.keyword == "VOLUME" and isinstance(detail, WordsDetail):
            config.volumes |= {self.value(item.text) for item in detail.operands}
        elif instruction.keyword == "SHELL":
            config.shell = items
        elif instruction.keyword == "USER":
            config.user = self.value(instruction.operand)
        elif instruction.keyword == "WORKDIR":
            config.enter(self.value(instruction.operand))
        elif instruction.keyword in ("CMD", "ENTRYPOINT"):
            config.command(instruction.keyword, items)

    def pairs(self, keyword: str, detail: PairsDetail) -> None:
        if keyword == "ARG":
            for pair in detail.pairs:
                found = self.build_args.get(pair.key)
                if found is None and pair.value is not None:
                    found = self.value(pair.value)
                elif found is None:
                    found = self.header.get(pair.key, BUILDKIT.get(pair.key))
                if found is not None:
                    self.config.table[pair.key] = found
            return
        values = {self.value(pair.key): self.value(pair.value or "") for pair in detail.pairs}
        if keyword == "LABEL":
            self.config.labels.update(values)
        else:
            self.config.env.update(values)
            self.config.table.update(values)


def earth_configs(text: str, build_args: Mapping[str, str]) -> dict[str, Config]:
    """What earth makes of every target (facts/earthfile.md 1, 2, 5, 7); the lines of ``seen`` are the Earthfile's."""
    tree = read_earthfile(text)
    base = _EarthTarget(Config({}), build_args, {}, {})
    for statement in tree.base:
        base.do(statement)
    configs: dict[str, Config] = {}
    waiting = {target.name: target for target in tree.targets}

    def written(name: str) -> str:
        run = next(item for item in waiting[name].statements if item.name == "RUN")
        return "\n".join(shlex.split(run_text(run))[2:-2]) + "\n"

    def made(name: str) -> Config:
        if name not in configs:
            builder = _EarthTarget(Config({}), build_args, base.everywhere, configs, made, written)
            for statement in waiting[name].statements:
                builder.do(statement)
            configs[name] = builder.config
        return configs[name]

    for name in waiting:
        made(name)
    return configs


#: What migrate.runprefix puts in front of a RUN.
_PREFIX = re.compile(r"""(?:unset ([\w ]+)|export (\w+)=('[^']*'|[\w.:/-]*)|\[ -n "\$(\w+)" \] \|\| unset \w+);\s*""")


def _prefixes(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while match := _PREFIX.match(text, position):
        yield match
        position = match.end()


def without_prefix(text: str) -> str:
    """The text of a RUN without what migrate.runprefix puts in front."""
    return text[max((match.end() for match in _prefixes(text)), default=0) :]


def _prefixed(environment: dict[str, str], text: str) -> dict[str, str]:
    """``environment`` as the command behind the prefix of a RUN sees it."""
    for match in _prefixes(text):
        gone, exported, value, tested = match.groups()
        for name in (gone or "").split():
            environment.pop(name, None)
        if exported:
            environment[exported] = value.strip("'")
        if tested and not environment.get(tested):
            environment.pop(tested, None)
    return environment


@dataclass
class _EarthTarget:
    """Runs the statements of one target, or of the base recipe, on a Config."""

    config: Config
    build_args: Mapping[str, str]
    everywhere: dict[str, str]
    """``ARG --global``: weaker than ENV."""
    configs: Mapping[str, Config]
    target: Callable[[str], Config] | None = None
    written: Callable[[str], str] | None = None
    """The Dockerfile that a target writes."""
    platform: dict[str, str] = field(default_factory=lambda: dict(PLATFORM))

    def seen(self) -> dict[str, str]:
        return {**self.everywhere, **self.config.env, **self.config.table}

    def value(self, text: str, *, keep_plus: bool = False) -> str:
        return self.expanded(earth_words.parse_word(text, keep_plus=keep_plus))

    def expanded(self, word: Word) -> str:
        return "".join(self.part(part) for part in word)

    def part(self, part: Part) -> str:
        if isinstance(part, Literal):
            return part.text
        if isinstance(part, ShellOut):
            return f"<output of {part.command}>"
        found = self.seen().get(part.name, "/root" if part.name == "HOME" else "")
        operand = self.expanded(part.operand)
        if part.operator == ":-":
            return found or operand
        if part.operator == ":+":
            return operand if found else ""
        if part.operator == "#":
            return found.removeprefix(operand)
        if part.operator == "%":
            return found.removesuffix(operand)
        assert not part.operator, part
        return found

    def do(self, statement: Statement) -> None:
        flags, args = flags_and_args(statement)
        config, name = self.config, statement.name
        if name in ("ARG", "LET", "SET"):
            self.argument(name, dict(flags), args)
        elif name == "ENV":
            config.env[args[0]] = self.value(" ".join(args[2:]))
        elif name == "LABEL":
            keys, values = map(self.value, args[::3]), map(self.value, args[2::3])
            config.labels.update(dict(zip(keys, values, strict=True)))
        elif name == "FROM DOCKERFILE":
            self.start_dockerfile(flags)
        elif name == "FROM":
            self.start(dict(flags), self.value(args[0]))
        elif name == "RUN":
            config.seen[statement.line] = _prefixed(self.seen(), "" if statement.exec_form else run_text(statement))
        elif name == "EXPOSE":
            config.ports |= {port_name(self.value(arg)) for arg in args}
        elif name == "VOLUME":
            config.volumes |= {self.value(arg) for arg in args}
        elif name == "USER":
            (user,) = map(self.value, args)
            config.user = user
        elif name == "WORKDIR":
            (folder,) = map(self.value, args)
            config.enter(folder)
        elif name == "HEALTHCHECK":
            config.healthcheck = "NONE" if args == ("NONE",) else " ".join(map(self.value, args[1:]))
        elif name in ("CMD", "ENTRYPOINT"):
            words = args if statement.exec_form else ("/bin/sh", "-c", " ".join(map(self.value, args)))
            config.command(name, words)

    def argument(self, keyword: str, flags: Mapping[str, str | None], args: tuple[str, ...]) -> None:
        name = args[0]
        found = self.value(" ".join(args[2:]), keep_plus=True) if len(args) > 1 else self.platform.get(name, "")
        if keyword == "ARG":
            assert name not in self.config.table, f"ARG {name}: declared twice"
            found = self.build_args.get(name, found)
        if "global" in flags:
            self.everywhere[name] = found
        else:
            self.config.table[name] = found

    def start_dockerfile(self, flags: tuple[tuple[str, str | None], ...]) -> None:
        """The image of a helper Dockerfile; what the file itself names there is the image of its FROM."""
        options = dict(flags)
        assert self.written is not None
        text = self.written((options["f"] or "")[1:].removesuffix("/Dockerfile"))
        passed = {key: self.value(value) for key, _, value in ((one or "").partition("=") for one in _passed(flags))}
        platform = {key: value for key, value in options.items() if key == "platform"}
        (made,) = docker_configs(text, passed)
        self.start(platform, passed.get("image", "scratch"))
        self.config.healthcheck, self.config.signal = made.healthcheck, made.signal

    def start(self, flags: Mapping[str, str | None], base: str) -> None:
        table = self.config.table
        if base.startswith("+"):
            assert self.target is not None
            self.config = self.target(base[1:]).child()
        else:
            self.config = image_config(base)
            platform = self.value(flags.get("platform") or "")
            if platform:
                architecture = platform.rpartition("/")[2].replace("native", "arm64")
                self.platform |= {"TARGETARCH": architecture, "TARGETPLATFORM": f"linux/{architecture}"}
        self.config.table = table


def _passed(flags: tuple[tuple[str, str | None], ...]) -> list[str | None]:
    return [value for name, value in flags if name == "build-arg"]


def port_name(text: str) -> str:
    """``80`` and ``80/tcp`` are one port."""
    assert text, "no port specified: <empty>"
    return text.lower() if "/" in text else f"{text}/tcp"
