"""Call sites in shell scripts, and in every other carrier whose commands a POSIX shell runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import islice

from migrate.callsites import buildcall, composecall, shellloops, shellwords
from migrate.callsites.buildcall import BuildCall, Option, shown
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, placed
from migrate.callsites.shellanchors import Anchors, place
from migrate.callsites.shellchecks import is_whole, reads_again
from migrate.callsites.shellfolders import Folders
from migrate.callsites.shellholes import tools_in, with_holes, with_tools
from migrate.callsites.shellloops import Loops
from migrate.callsites.shellwords import Command, Loop
from migrate.callsites.shellwriting import like_before, spelled
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Value, literal

#: Commands that run the command behind them: how many words of their own stand in between is read by _skip_runner.
_RUNNERS = frozenset(
    ("sudo", "time", "nice", "exec", "command", "env", "timeout", "retry", "travis_retry", "nohup", "cross-env")
)
_RUNNER_VALUES = {"sudo": ("-u", "-g"), "nice": ("-n",), "timeout": ("-k", "-s"), "env": ("-u",)}
_OWN_WORDS = {
    "env": re.compile(r"[A-Za-z_]\w*="),
    "cross-env": re.compile(r"[A-Za-z_]\w*="),
    "timeout": re.compile(r"[0-9.]+[smhd]?$"),
    "retry": re.compile(r"[0-9]+$"),
}
#: Commands whose words are only text.
_TALKERS = frozenset(
    ("echo", "printf", "log", "info", "warn", "error", "die", "fail", "grep", "which", "type", "alias", "cat", "test")
)
_TOOL_VARIABLE = re.compile(
    r"\$\{?(?:DOCKER(?:_CMD|_BIN|CMD)?|docker|CONTAINER_(?:CLI|ENGINE|TOOL|RUNTIME|CMD))(?::?-docker)?\}?"
)


@dataclass(frozen=True, slots=True)
class _Words:
    """Where the build stands in its command: the index of the tool's word, and the command."""

    command: Command
    tool: int


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls in the shell script ``text``. Raises ShellError for one that cannot be followed."""
    return found(text, path, tree, data.docker_flags)


def found(
    text: str,
    path: str,
    tree: Tree,
    flags: Mapping[str, object],
    start: str | None = None,
    holes: Iterable[str] = (),
    tools: Iterable[str] = (),
    known: Iterable[Loop] = (),
) -> list[Site]:
    """The build calls in the commands ``text`` of the file ``path``.

    ``start`` is the folder in which they run; None: it is taken from where the files of a call are; UNKNOWN: nobody
    knows. ``holes`` stand for text that another program fills in before the shell reads it, also inside quotes.
    ``tools`` are variables, as they are written, that are surely docker; ``known`` holes that take a few values.
    Raises ShellError for a script that cannot be followed.
    """
    commands = [with_holes(command, tuple(holes)) for command in shellwords.commands(text)]
    sure = {*tools, *tools_in(commands)}
    commands = [with_tools(command, sure) for command in commands] if sure else commands
    around = tuple(known)
    commands = [replace(item, loops=(*around, *item.loops)) for item in commands] if around else commands
    return list(_sites(commands, text, path, tree, flags, start))


def _sites(
    commands: Sequence[Command], text: str, path: str, tree: Tree, flags: Mapping[str, object], start: str | None
) -> Iterable[Site]:
    folders = Folders(commands, path, start)
    platform = any(_sets_platform(command) for command in commands)
    places = {word.start for command in commands for word in command.words}
    loops = Loops(commands, path, start)
    for index, command in enumerate(commands):
        here = folders.at(command)
        if (found := _build_words(command)) is not None:
            site = _site(found, here, folders.anchors, loops, _reader(commands, index), text, path, tree, flags)
            yield replace(site, why=site.why or _PLATFORM_UNREAD) if platform else site
        elif (composed := composecall.site(command, _RUNNERS, here, text)) is not None:
            yield replace(composed, path=path)
        elif (other := _other_builder(command)) is not None:
            yield replace(other, path=path)
        elif (hidden := _hidden(command, text, places)) is not None:
            yield replace(hidden, path=path)


def _reader(commands: Sequence[Command], index: int) -> str:
    """The command that reads what the one at ``index`` prints, "" when none does; ``tee`` shows it only."""
    command = commands[index]
    if command.after not in ("|", "|&"):
        return ""
    following = islice(commands, index + 1, None)
    reader = next((item for item in following if item.scope == command.scope and item.start >= command.end), None)
    name = (reader.name if reader is not None else None) or "?"
    return "" if name in ("tee", "cat", "ts", "sed", "indent") else name


def _other_builder(command: Command) -> Site | None:
    """A build by another tool, or by docker from another file than a Dockerfile alone."""
    words = [word.text or "?" for word in command.words]
    while words and words[0] in _RUNNERS:
        words.pop(0)
    site = Site("", "shell", command.start, command.end)
    tool = words[0].rpartition("/")[2] if words else ""
    if words[:3] == ["docker", "buildx", "bake"]:
        return replace(site, why="bake builds what its file says; of a compose file, what has build:")
    elif (tool == "executor" and "kaniko" in words[0]) or (tool == "buildah" and words[1:2] in (["bud"], ["build"])):
        return replace(site, why=f"{words[0]} builds without the engine that earth needs")
    return None


def _hidden(command: Command, text: str, starts: Set[int]) -> Site | None:
    """A build in the text of a word: a string that something else runs, or a variable that holds a command."""
    if command.name in _TALKERS or command.name in buildcall.TOOLS:
        return None
    for word in (*command.assignments, *command.words[1:]):
        found = _HIDDEN.search(text, word.start, word.end)
        if found is None or (found.start() in starts and found.start() != word.start):
            continue
        if word in command.assignments:
            why = f"the variable {word.head.partition('=')[0].rstrip('+')} holds it"
        elif command.name in _STRING_RUNNERS:
            why = f"it is a string that {command.name} runs"
        else:
            continue
        return Site("", "shell", found.start(), word.end, why=why)
    return None


#: A call inside a word, as far as its first operand.
_HIDDEN = re.compile(
    r"(?<![\w./-])(?:docker|podman)\s+(?:buildx\s+|image\s+|builder\s+)?build(?=\s+[^\s\"'&;|]|\s*[\"')])"
)
#: Words of ``docker buildx build``, and more.
_LONGEST_VERB = 16
_STRING_RUNNERS = frozenset(
    ("eval", "bash", "sh", "dash", "zsh", "ksh", "ssh", "su", "xargs", "parallel", "watch", "trap")
)


def _build_words(command: Command) -> _Words | None:
    """Where in ``command`` a build starts, None when nowhere."""
    words = command.words
    if any(word.text == "--help" for word in words):
        return None
    index = 0
    while index < len(words):
        text = words[index].text
        if _is_tool(words[index]) and buildcall.verb_length(words[index:]):
            return _Words(command, index)
        if index == 0 and text in _TALKERS:
            return None
        if text not in _RUNNERS:
            later = [at for at in range(index + 1, len(words)) if words[at].text in buildcall.TOOLS]
            wrapped = next((at for at in later if buildcall.verb_length(words[at : at + _LONGEST_VERB])), None)
            return None if wrapped is None else _Words(command, -wrapped)
        index = _skip_runner(words, index)
    return None


def _is_tool(word: Value) -> bool:
    """``docker``, a path to it, or a variable of that name."""
    text = word.text
    if text is not None:
        return text.rpartition("/")[2] in buildcall.TOOLS
    raw = "".join(piece.raw for piece in word.pieces)
    return bool(_TOOL_VARIABLE.fullmatch(raw))


def _skip_runner(words: Sequence[Value], index: int) -> int:
    name = words[index].text or ""
    index += 1
    while index < len(words):
        text = words[index].text or ""
        if text.startswith("-"):
            index += 2 if text in _RUNNER_VALUES.get(name, ()) else 1
        elif name in _OWN_WORDS and _OWN_WORDS[name].match(words[index].head):
            index += 1
        else:
            break
    return index


def _site(
    found: _Words,
    folders: tuple[str | None, ...],
    anchors: Anchors,
    loops: Loops,
    reader: str,
    text: str,
    path: str,
    tree: Tree,
    flags: Mapping[str, object],
) -> Site:
    command, tool = found.command, abs(found.tool)
    words = command.words[tool:]
    call = buildcall.read(words, flags)
    call = _here(call, text) if call is not None else None
    site = Site(path, "shell", command.start, command.end, call, detail=_Words(command, tool))
    if found.tool < 0:
        # ``docker run IMAGE docker build .``: nobody knows where it runs, and on which files.
        return replace(site, why=f"{_raw(command.words[0], text)} decides what is run")
    site = place(site, folders, anchors, text, tree) or placed(site, folders, tree)
    stays = _stays(found, call, reader, text)
    # A compound command takes no sudo and no variables in front.
    if site.why and not stays and site.call is not None and not tool and not command.assignments:
        site = loops.varied(site, command, tree) or site
    if site.moving and (tool or command.assignments):
        stays = stays or f"{_raw(command.words[0], text)} runs no command that goes to a folder first"
    return replace(site, why=stays or site.why)


def tool_word(site: Site) -> Value | None:
    """The word of a site's command that names the tool, None where that is not docker itself."""
    found = site.detail
    return found.command.words[found.tool] if isinstance(found, _Words) else None


def _stays(found: _Words, call: BuildCall | None, reader: str, text: str) -> str:
    """Why a call stays wherever its files are, "" when it may go."""
    command, word = found.command, found.command.words[abs(found.tool)]
    if word.text is None:
        return f"which program {_raw(word, text)} is, is only known when it runs"
    if call is None or call.tool != "docker":
        return "podman may build without the engine that earth needs"
    if command.substituted:
        return "its output is used"
    if reader or (call.switched("quiet") and (command.after in ("|", "|&") or _keeps_output(command, text))):
        return f"{reader} reads its output" if reader else "its output is used"
    return ""


def _keeps_output(command: Command, text: str) -> bool:
    """Whether what the call prints goes to a file."""
    targets = [text[start:end] for operator, start, end in command.redirections if operator in (">", ">>", "&>", "1>")]
    return any("/dev/null" not in target and "/dev/stderr" not in target for target in targets)


_HERE = re.compile(r"(?:\$PWD|\$\{PWD\}|\$\(pwd\)|`pwd`)((?:/[\w./-]*)?)")
_WHERE_MAKE_RUNS = re.compile(r"\$(?:\(CURDIR\)|\{CURDIR\})((?:/[\w./-]*)?)")


def _here(call: BuildCall, text: str) -> BuildCall:
    """``call`` with a context such as ``$PWD`` as the plain dot that it means.

    $(CURDIR) is where make runs: the same where no line of ``text`` goes elsewhere.
    """
    stays = "CURDIR" in text and not re.search(r"\b(?:cd|pushd)\b", text)
    shapes = (_HERE, _WHERE_MAKE_RUNS) if stays else (_HERE,)

    def plain(value: Value | None) -> Value | None:
        if value is None or value.text is not None:
            return value
        match = next((match for shape in shapes if (match := shape.fullmatch(shown(value)))), None)
        return value if match is None else literal(f".{match.group(1)}")

    options = tuple(
        option._replace(value=plain(option.value)) if stays and option.entry["becomes"] == "file" else option
        for option in call.options
    )
    return replace(call, context=plain(call.context), options=options)


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edit for ``site``, or the reason to leave it. ``tool`` is the word to call: earth or earthly."""
    if site.why:
        return Outcome(site, why=site.why)
    if isinstance(site.detail, composecall.ComposeCall):
        return composecall.rewritten(site, text, translate, tool)
    if site.variants:
        return _in_loop(site, text, translate, tool)
    found: _Words = site.detail
    try:
        made = translate(_with_platform(site, found.command))
    except Left as left:
        return Outcome(site, why=str(left))
    words = found.command.words[found.tool :]
    notes = list(made.notes)
    if any(word.text == "sudo" for word in found.command.words[: found.tool]):
        notes.append(Note("EM885", {}))
    inside = [item for item in found.command.redirections if words[0].start < item[1] < words[-1].end]
    if site.moving and any(flag.text == "--secret-file" for flag in made.flags):
        return Outcome(site, why="its secret's file is named from another folder than the build context")
    line = like_before(made, text, words, tool)
    new = f"(cd {site.moving} && {line})" if site.moving else line
    new += "".join(f" {text[start:end]}" for _, start, end in inside)
    if made.silent and not any(operator in (">", "&>", ">>") for operator, _, _ in found.command.redirections):
        new += " >/dev/null 2>&1"
    edits = [Edit(words[0].start, words[-1].end, new), *_environment(found.command, made)]
    moved = int(bool(site.moving))
    if not reads_again(text, edits, inside=moved) or not (moved or is_whole(text, edits, made, tool)):
        return Outcome(site, why="the script would not read the same around the new call")
    return Outcome(site, tuple(edits), tuple(notes))


def _with_platform(site: Site, command: Command) -> Site:
    """``site`` with the platform that a variable in front of the command sets, as an option of its call."""
    assert site.call is not None
    for word in command.assignments:
        if word.head.startswith(f"{_PLATFORM}=") and not site.call.values("platform"):
            option = Option("platform", {"becomes": "platform", "value": True}, word.after(len(_PLATFORM) + 1))
            return replace(site, call=replace(site.call, options=(*site.call.options, option)))
    return site


def _in_loop(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edit for a site that builds one image in each run of a loop."""
    found: _Words = site.detail
    words = found.command.words[found.tool :]
    try:
        calls = shellloops.translated(site, translate)
    except Left as left:
        return Outcome(site, why=str(left))
    new = shellloops.written(site, calls, tool)
    made = next(iter(calls.values()))
    inside = any(words[0].start < start < words[-1].end for _, start, _ in found.command.redirections)
    edits = [Edit(words[0].start, words[-1].end, new + (" >/dev/null 2>&1" if made.silent else ""))]
    moved = int(new.startswith(("(", "case")))
    if inside or made.environment or not reads_again(text, edits, inside=moved):
        return Outcome(site, why="the loop would not read the same around the new call")
    notes = {str(note): note for one in calls.values() for note in one.notes}
    return Outcome(site, tuple(edits), tuple(notes.values()))


_PLATFORM = "DOCKER_DEFAULT_PLATFORM"
_PLATFORM_UNREAD = f"{_PLATFORM} may choose its platform, and earth does not read it"


def _sets_platform(command: Command) -> bool:
    """Whether a command sets the platform for those that follow."""
    words = command.words[1:] if command.words else command.assignments
    return any(word.head.startswith(_PLATFORM) for word in words)


#: Variables that only Docker's builder reads.
_DEAD_VARIABLES = frozenset(
    [_PLATFORM, "DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD", "BUILDKIT_PROGRESS", "BUILDX_NO_DEFAULT_ATTESTATIONS"]
)


def _environment(command: Command, made: EarthCall) -> list[Edit]:
    """Assignments in front of the call: those that only docker reads go, those that secrets need come."""
    edits = []
    for word in command.assignments:
        if word.head.partition("=")[0] in _DEAD_VARIABLES:
            following = [*command.assignments, *command.words]
            after = following[following.index(word) + 1]
            edits.append(Edit(word.start, after.start, ""))
    if made.environment:
        start = command.words[0].start
        new = "".join(f"{name}={spelled(value)} " for name, value in made.environment)
        edits.append(Edit(start, start, new))
    return edits


def _raw(word: Value, text: str) -> str:
    return text[word.start : word.end]
