"""Commands of docker compose that build: their words, and the same command with earth in front where build: is gone.

How each command reads its words is mappings/compose.yaml. A plan (migrate.composeplan) says what earth must build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

from migrate.callsites import shellwords
from migrate.callsites.buildcall import shown
from migrate.callsites.data import builtin
from migrate.callsites.edits import Edit, apply
from migrate.callsites.model import Outcome, Site, Translator
from migrate.callsites.shellreading import ShellError
from migrate.callsites.shellwords import Command
from migrate.callsites.shellwriting import spelled
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Piece, Value, literal

_VARIABLE = re.compile(r"\$[({]?\w*(?:COMPOSE|compose)\w*[)}]?|\$[({]?(?:DC|dc)[)}]?")
#: Variables in front of the command that only Docker reads.
_DEAD = frozenset(("DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD", "BUILDKIT_PROGRESS", "COMPOSE_BAKE"))
_COMPOSE_FILE = re.compile(r"\bCOMPOSE_(?:FILE|PROFILES|ENV_FILES)\b")


@dataclass(frozen=True, slots=True)
class ComposeCall:
    """A command that makes Compose build. ``words`` are its own, the tool's first; offsets are the script's.

    ``files`` are those of ``-f``. ``services`` are the names behind the verb, () for all. ``builds`` is the place of
    ``--build``. ``flags`` are words for earth, ``arguments`` build arguments for every service. ``problem`` completes
    "this call stays: ...".
    """

    words: tuple[Value, ...]
    verb: str
    files: tuple[str, ...] = ()
    profiles: frozenset[str] = frozenset()
    services: tuple[str, ...] = ()
    service_words: tuple[Value, ...] = ()
    builds: Value | None = None
    needs: bool = False
    flags: tuple[Value, ...] = ()
    arguments: tuple[Value, ...] = ()
    problem: str = ""
    folders: tuple[str | None, ...] = ()
    """Where it may run, the likeliest first; None: nobody knows."""
    command: Command | None = None
    plain: bool = False
    """Whether it only starts services: Compose built missing images by itself then."""


class Steps(NamedTuple):
    """What a command becomes: calls of earth first; the services that Compose goes on building."""

    calls: tuple[EarthCall, ...]
    kept: tuple[str, ...]
    all_kept: bool = False
    """Whether Compose builds all that it built."""


@runtime_checkable
class Projects(Protocol):
    """A translator that knows what takes the place of Compose's builds; None: every build stays."""

    steps: Callable[[ComposeCall, Site], Steps] | None


@dataclass
class _Reader:
    words: list[Value]
    entry: Mapping[str, Any]
    options: list[tuple[str, Value | None, Value]] = field(default_factory=list)
    operands: list[Value] = field(default_factory=list)
    problem: str = ""

    def read(self, *, first_ends: bool) -> None:
        """Options and operands; ``first_ends``: what follows the first operand is another command's."""
        while self.words:
            word = self.words.pop(0)
            head = word.head
            if not head.startswith("-"):
                self.operands.append(word)
                if first_ends:
                    return
                continue
            if word.text is None and "=" not in head:
                self.problem = self.problem or f"the option {shown(word)} is only known when it runs"
                continue
            name, equals, _ = head.partition("=")
            if equals:
                self.options.append((name, word.after(len(name) + 1), word))
            elif name in self.entry["values"]:
                self.options.append((name, self.words.pop(0) if self.words else None, word))
            elif not name.startswith("--") and len(name) > 2 and name[:2] in self.entry["values"]:
                self.options.append((name[:2], literal(name[2:]), word))
            else:
                self.options.append((name, None, word))


def read(words: Sequence[Value]) -> ComposeCall | None:
    """The command that ``words`` (the tool's first) are, None where Compose builds nothing by it."""
    data = builtin().compose
    start = _tool(words)
    if not start:
        return None
    index = start
    files: list[str] = []
    profiles: set[str] = set()
    problem = "" if words[0].text is not None else f"which program {shown(words[0])} is, is only known when it runs"
    while index < len(words) and (words[index].head.startswith("-") or words[index].text is None):
        name, equals, _ = words[index].head.partition("=")
        if words[index].text is None and not equals:
            problem = problem or f"which files {shown(words[index])} names is only known when it runs"
            index += 1
            continue
        value = words[index].after(len(name) + 1) if equals else None
        if not equals and name in data["global-values"]:
            index += 1
            value = words[index] if index < len(words) else None
        index += 1
        if name in ("-f", "--file", "--profile"):
            if value is None or value.text is None:
                problem = problem or "which files it reads is only known when it runs"
            elif name == "--profile":
                profiles.add(value.text)
            else:
                files.append(value.text)
        elif name in ("--project-directory", "--env-file", "-H", "--host", "-c", "--context"):
            problem = problem or f"{name} changes what it builds"
    verb = words[index].text if index < len(words) else None
    entry = data["commands"].get(verb or "")
    if entry is None:
        return None
    reader = _Reader(list(words[index + 1 :]), entry)
    reader.read(first_ends=verb == "run")
    call = ComposeCall(tuple(words), verb or "", tuple(files), frozenset(profiles), needs=entry["needs"])
    return _finished(call, reader, entry, problem)


def _finished(call: ComposeCall, reader: _Reader, entry: Mapping[str, Any], problem: str) -> ComposeCall:
    builds: Value | None = None
    flags: list[Value] = []
    arguments: list[Value] = []
    needs = call.needs
    for name, value, word in reader.options:
        if name == "--build" and value is not None and value.text == "false":
            continue
        if name == "--build":
            builds = word
        elif name == "--no-build":
            entry = {**entry, "builds": "never"}
        elif name == "--build-arg" and value is not None:
            if "=" not in value.head:
                problem = problem or f"--build-arg {shown(value)}: its value comes from the environment"
            arguments.append(value)
        elif name in entry["earth"] and (value is None or value.text == "true"):
            flags.append(literal(entry["earth"][name]))
        elif name in entry["left"] or (entry["builds"] == "always" and name in entry["earth"]):
            problem = problem or f"{name} asks for more than a build"
        elif name == "--with-dependencies":
            needs = True
        elif name == "--no-deps":
            needs = False
        elif entry["builds"] == "always" and name not in entry["lost"]:
            problem = problem or f"{name} is not known"
    unknown = [word for word in reader.operands if word.text is None]
    if unknown:
        problem = problem or f"which services {shown(unknown[0])} names is only known when it runs"
    return replace(
        call,
        services=tuple(word.text or "?" for word in reader.operands),
        service_words=tuple(reader.operands),
        builds=builds,
        needs=needs,
        flags=tuple(flags),
        arguments=tuple(arguments),
        problem=problem or reader.problem,
        plain=entry["builds"] != "always" and builds is None,
    )


def _tool(words: Sequence[Value]) -> int:
    """How many words name the tool; 0 for another."""
    if not words:
        return 0
    first = words[0].text
    if first is None:
        return 1 if _VARIABLE.fullmatch("".join(piece.raw for piece in words[0].pieces)) else 0
    name = first.rpartition("/")[2]
    if name == "docker-compose":
        return 1
    return 2 if name in ("docker", "podman") and len(words) > 1 and words[1].text == "compose" else 0


def site(command: Command, runners: frozenset[str], folders: tuple[str | None, ...], text: str) -> Site | None:
    """The site of a shell command that makes Compose build, None for another. ``runners`` run what follows them."""
    index = 0
    while index < len(command.words):
        call = read(command.words[index:])
        if call is not None:
            break
        if index == 0 and command.words[0].text not in runners:
            return None
        index += 1
    else:
        return None
    problem = call.problem
    if command.words[0].text == "podman" or call.words[0].text == "podman":
        return None
    if not call.files and _COMPOSE_FILE.search(text):
        problem = problem or "COMPOSE_FILE or COMPOSE_PROFILES decides what it builds"
    found = replace(call, problem=problem, folders=folders, command=command)
    return Site("", "shell", command.start, command.end, detail=found, passive=call.plain)


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one ``site``: earth first, then what is left for Compose."""
    call: ComposeCall = site.detail
    try:
        steps = decided(call, site, translate)
        if steps is None:
            return Outcome(site, notes=(Note("EM810", {}),))
        edits = _edits(call, steps, text, tool)
    except Left as left:
        return Outcome(site, why=f"{left}; {FIRST}")
    if not _reads_again(text, edits, len(steps.calls) - (not _goes_on(call, steps))):
        return Outcome(site, why="the script would not read the same around the new call")
    notes = tuple(note for made in steps.calls for note in made.notes)
    return Outcome(site, tuple(edits), notes)


FIRST = "build with earth before it, because build: is gone"


def decided(call: ComposeCall, site: Site, translate: Translator) -> Steps | None:
    """What ``call`` becomes, None where Compose goes on building. Raises Left."""
    steps = translate.steps(call, site) if isinstance(translate, Projects) and translate.steps is not None else None
    return None if steps is None or steps.all_kept else steps


def _goes_on(call: ComposeCall, steps: Steps) -> bool:
    """Whether a command of Compose stays behind the calls of earth."""
    return call.verb != "build" or bool(steps.kept)


def _edits(call: ComposeCall, steps: Steps, text: str, tool: str) -> list[Edit]:
    command = call.command
    assert command is not None
    sudo = "sudo " if command.words[0].text == "sudo" else ""
    if sudo and command.words[1] is not call.words[0]:
        raise Left("sudo has options of its own")
    own = {word.head.partition("=")[0].rstrip("+") for word in command.assignments} - _DEAD
    if own and (len(steps.calls) > 1 or _goes_on(call, steps) or _mentioned(own, steps)):
        raise Left(f"{sorted(own)[0]} is set for this command alone")
    chain = " && ".join(sudo + _spelled(made, tool) for made in steps.calls)
    edits = [*_dead_assignments(command)]
    grouped = _needs_braces(command, text)
    if not _goes_on(call, steps):
        first, last = (command.words[0] if sudo else call.words[0]).start, call.words[-1].end
        inside = [item for item in command.redirections if first < item[1] < last]
        chain += "".join(f" {text[start:end]}" for _, start, end in inside)
        several = len(steps.calls) > 1 and (grouped or command.redirections)
        return [*edits, Edit(first, last, f"{{ {chain}; }}" if several else chain)]
    start = command.start
    edits = [edit for edit in edits if edit.start != start]
    edits.append(Edit(start, start, f"{'{ ' if grouped else ''}{chain} && "))
    if grouped:
        edits.append(Edit(command.end, command.end, "; }"))
    if call.verb == "build":
        kept = [word for word in call.service_words if word.text in steps.kept]
        gone = [word for word in call.service_words if word not in kept]
        edits += [Edit(*_with_blank(word, text), "") for word in gone]
    elif call.builds is not None and not steps.kept:
        edits.append(Edit(*_with_blank(call.builds, text), ""))
    return edits


def _with_blank(word: Value, text: str) -> tuple[int, int]:
    """A word with the blanks before it, so that no line of a continued command becomes empty."""
    before = re.search(r"[ \t]*(?:\\\r?\n[ \t]*)?$", text[: word.start])
    assert before is not None
    return before.start(), word.end


def _mentioned(names: set[str], steps: Steps) -> bool:
    return any(
        name in piece.raw for made in steps.calls for word in made.arguments for piece in word.pieces for name in names
    )


def _spelled(made: EarthCall, tool: str) -> str:
    if made.environment:
        raise Left("a secret comes from a variable of another name")
    return " ".join([tool, *(spelled(word) for word in [*made.flags, literal(made.reference), *made.arguments])])


def _needs_braces(command: Command, text: str) -> bool:
    """Whether ``a && b`` in the command's place would not be one command to what stands around it."""
    negated = re.search(r"(?:^|[\s;(&|])!\s+$", text[: command.start]) is not None
    return negated or command.before in ("||", "|", "|&") or command.after in ("|", "|&", "&")


def _dead_assignments(command: Command) -> Iterator[Edit]:
    following = [*command.assignments, *command.words]
    for word in command.assignments:
        if word.head.partition("=")[0] in _DEAD:
            yield Edit(word.start, following[following.index(word) + 1].start, "")


def _reads_again(text: str, edits: Sequence[Edit], more: int) -> bool:
    """Whether the script has ``more`` commands than before, and the same around them."""
    try:
        before, after = shellwords.commands(text), shellwords.commands(apply(text, edits))
    except ShellError:
        return False
    return len(after) == len(before) + more


def of(site: Site) -> ComposeCall | None:
    """The command behind a site, in whatever carrier it stands; None for a site that is none."""
    detail = site.detail
    while detail is not None and not isinstance(detail, ComposeCall):
        detail = getattr(detail, "call", None) or getattr(getattr(detail, "site", None), "detail", None)
    return detail


def variable_piece(name: str) -> Piece:
    """``${name+--name="$name"}``: passed when it is set, in every POSIX shell."""
    return Piece(f'${{{name}+--{name}="${name}"}}', None)
