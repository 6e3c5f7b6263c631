"""The targets that build all images of a compose project, and the calls of them.

A variable of the compose file is an ``ARG`` of the target: its default is what ``.env`` says, and a caller passes it
when its environment has it, as Compose looks at the environment first.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from migrate.callsites.composecall import variable_piece
from migrate.callsites.composefile import MAIN_FILES, OVERRIDES, Reader
from migrate.callsites.model import Site, Tree, reference
from migrate.callsites.translate import EarthCall, Left
from migrate.callsites.values import Piece, Value
from migrate.disk import LARGEST_INPUT
from migrate.earthfile.expansion import WordError
from migrate.earthfile.flags import expanded_words
from migrate.earthfile.quoting import UnrenderableError, render, render_argument
from migrate.earthfile.reader import read
from migrate.earthfile.tree import EarthfileError
from migrate.plan import unique_name
from migrate.words import Literal, Part, Variable, merged

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:-)([\w./:@-]*)|(:?\?)[^{}$`\"\\]*)?\})")
#: ``name`` without a value in ``args:``, as translate writes it for a shell.
_WHEN_SET = re.compile(r"\$\{([A-Za-z_]\w*)\+--\1=\"\$\1\"\}")
_PLAIN = re.compile(r"[\w./:@%=,~ -]*", re.ASCII)
_ARG = re.compile(r"^[ \t]*ARG[ \t]+(?:--\w+[ \t]+)*(\w+)", re.MULTILINE)
_REFERENCE = re.compile(r"[\w./\\+-]+", re.ASCII)


class ProjectTarget(NamedTuple):
    """A target that builds what the compose files ``files`` build. ``keys`` are the services, as (file, name).

    ``variables``: (the name in the environment, the ARG). ``lines`` are the recipe's.
    """

    folder: str
    name: str
    files: tuple[str, ...]
    lines: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    keys: frozenset[tuple[str, str]] = frozenset()

    def call(self, start: str, flags: Sequence[Value], visible: str | None = None) -> EarthCall:
        """The call of it for a command that runs in ``start``; ``visible`` names every variable that it can see."""
        arguments = [
            Value((variable_piece(name) if name == argument else _renamed(name, argument),))
            for name, argument in self.variables
            if visible is None or re.search(rf"\b{name}\b", visible)
        ]
        return EarthCall(list(flags), reference(self.folder, start, self.name), arguments)

    def text(self) -> list[str]:
        """The lines of the target in the Earthfile."""
        names = ", ".join(posixpath.relpath(path, self.folder or ".") for path in self.files)
        return [f"# Builds the images of {names}.", f"{self.name}:", *(f"    {line}" for line in self.lines)]


def _renamed(name: str, argument: str) -> Piece:
    return Piece(f'${{{name}+--{argument}="${name}"}}', None)


def one_call(calls: Iterable[EarthCall]) -> bool:
    """Whether ``calls`` are one and the same."""
    return len({_shown(call) for call in calls}) < 2


def _shown(call: EarthCall) -> str:
    words = [*call.flags, *call.arguments]
    return " ".join(
        [call.reference, *("".join(piece.raw or piece.text or "" for piece in word.pieces) for word in words)]
    )


def in_shell(call: EarthCall, environment: Mapping[str, str]) -> EarthCall:
    """``call`` with the values of ``.env`` as defaults: the shell does not read that file."""
    call.arguments = [
        Value(tuple(_with_default(piece, environment) for piece in word.pieces), word.start, word.end)
        for word in call.arguments
    ]
    return call


def _with_default(piece: Piece, environment: Mapping[str, str]) -> Piece:
    found = _VARIABLE.fullmatch(piece.raw) if piece.text is None else None
    unset = _WHEN_SET.fullmatch(piece.raw) if piece.text is None else None
    if unset is not None and unset.group(1) in environment:
        name = unset.group(1)
        return Piece(f'--{name}="${{{name}-{environment[name]}}}"', None)
    if found is None or (found.group(1) or found.group(2)) not in environment:
        return piece
    name = found.group(1) or found.group(2)
    operator = ":-" if found.group(3) or (found.group(5) or "").startswith(":") else "-"
    return piece._replace(raw=f"${{{name}{operator}{environment[name]}}}")


class Recipes:
    """Makes the targets of projects.

    ``taken`` gives the target names that the Earthfile of a folder has, None where no Earthfile may be written;
    ``text`` gives that Earthfile. ``earlier`` are the targets of earlier runs.
    """

    def __init__(
        self,
        tree: Tree,
        taken: Callable[[str], set[str] | None],
        text: Callable[[str], str],
        earlier: Sequence[ProjectTarget] = (),
    ) -> None:
        self.tree, self.taken, self.text = tree, taken, text
        self.earlier = earlier
        self.reader = Reader(tree)

    def check(self, call: EarthCall, site: Site) -> None:
        """Raise Left for a call that no target can make."""
        if not _REFERENCE.fullmatch(call.reference) or not _REFERENCE.fullmatch(site.context or "x"):
            raise Left("an Earthfile cannot name its folder")
        for word in call.arguments:
            if self._when_set(word, site) is not None:
                continue
            for piece in word.pieces:
                if piece.text is None and not _VARIABLE.fullmatch(piece.raw):
                    raise Left(f"{piece.raw} is more than a variable with a default")
            _argument(word, lambda name, _default=None, _required=False: name)

    def known(self, files: tuple[str, ...]) -> ProjectTarget | None:
        """The target that an earlier run made for a project."""
        return next((item for item in self.earlier if item.files == files), None)

    def _when_set(self, word: Value, site: Site) -> tuple[str, str] | None:
        """The name of an argument that is passed when the environment has it, and the Dockerfile's default."""
        match = _WHEN_SET.fullmatch(word.pieces[0].raw) if len(word.pieces) == 1 else None
        if match is None:
            return None
        name = match.group(1)
        source = (self.tree.read(site.dockerfile or "", LARGEST_INPUT) or b"").decode("utf-8", "replace")
        found = re.findall(rf"(?im)^[ \t]*ARG[ \t]+{name}(?:=(\S*))?[ \t\r]*$", source)
        defaults = {text for text in found if text}
        if re.search(rf"(?im)^[ \t]*ARG[ \t].*[ \t]{name}(?:=|[ \t]|$)", source) or len(defaults) > 1:
            raise Left(f"which default {name} has, is not clear")
        default = next(iter(defaults), "")
        plain = default.strip("\"'")
        if not _PLAIN.fullmatch(plain) or " " in plain:
            raise Left(f"the default of {name} cannot be passed on")
        return name, plain

    def target(
        self,
        files: tuple[str, ...],
        keys: frozenset[tuple[str, str]],
        calls: Sequence[EarthCall],
        sites: Sequence[Site],
    ) -> ProjectTarget | None:
        """The target that makes ``calls``, None where it cannot stand."""
        folder = posixpath.dirname(files[0])
        taken = self.taken(folder)
        if taken is None:
            return None
        environment = self.reader.environment(folder)
        arguments: dict[str, str] = {}
        names: dict[str, str] = {}
        builds: dict[str, None] = {}
        try:
            for call, site in zip(calls, sites, strict=True):
                builds[self._line(call, site, environment, arguments, names, self._leaking(folder, calls))] = None
        except Left:
            return None
        known = self.known(files)
        wanted = _name(files)
        wanted = "compose" if wanted == "all" and wanted in taken else wanted
        name = known.name if known is not None else unique_name(wanted, taken)
        lines = [f"ARG {text}" for text in arguments.values()]
        variables = dict(names)
        if known is not None:
            lines = list(dict.fromkeys([*known.lines, *lines]))
            lines.sort(key=lambda line: not line.startswith("ARG "))
            variables = {**dict(known.variables), **variables}
            keys = frozenset()  # it builds more than these
        lines += [line for line in builds if line not in lines]
        return ProjectTarget(folder, name, files, tuple(lines), tuple(variables.items()), keys)

    def _leaking(self, folder: str, calls: Sequence[EarthCall]) -> Callable[[str], bool]:
        """Whether an argument of a call would also reach targets of the same Earthfile that must not get it."""
        text = self.text(folder)

        def leaks(name: str) -> bool:
            return any(
                name in _declared(text, call.reference[1:])
                for call in calls
                if call.reference.startswith("+")
                and not any(word.head.startswith(f"--{name}=") for word in call.arguments)
            )

        return leaks

    def _line(
        self,
        call: EarthCall,
        site: Site,
        environment: Mapping[str, str],
        arguments: dict[str, str],
        names: dict[str, str],
        leaks: Callable[[str], bool],
    ) -> str:
        def argument(name: str, default: str | None, required: bool = False) -> str:
            """The ARG for a variable of the environment; its default must be the same everywhere."""
            mine = names.setdefault(name, f"compose_{name}" if leaks(name) else name)
            value = environment.get(name, default)
            text = f"--required {mine}" if required and value is None else mine
            text = f"{mine}={render_argument((Literal(value),))}" if value else text
            if arguments.setdefault(name, text) != text:
                raise Left(f"{name} has several defaults")
            return mine

        words = [*("".join(piece.text or "" for piece in flag.pieces) for flag in call.flags), call.reference]
        for word in call.arguments:
            unset = self._when_set(word, site)
            if unset is not None:
                words.append(f"--{unset[0]}=${argument(unset[0], unset[1] or None)}")
                continue
            words.append(_argument(word, argument))
        return "BUILD " + " ".join(words)


@lru_cache(maxsize=64)
def _declared(text: str, target: str) -> frozenset[str]:
    """The arguments that ``target`` of an Earthfile declares, and all targets that it uses; global ones too."""
    base, *blocks = re.split(r"^(?=[a-zA-Z][\w.-]*:[ \t]*\r?$)", text, flags=re.MULTILINE)
    recipes = {block.partition(":")[0]: block for block in blocks}
    seen: dict[str, None] = {}
    waiting = [target]
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen[here] = None
            waiting += re.findall(r"(?<![\w./\\])\+([\w.-]+)", recipes.get(here, ""))
    texts = [base, *(recipes.get(name, "") for name in seen)]
    return frozenset(name for part in texts for name in _ARG.findall(part))


def _argument(word: Value, argument: Callable[..., str]) -> str:
    """``word``, an argument of a call, as it stands behind BUILD. Raises Left for one that earth would not read so."""
    head, _, _ = word.head.partition("=")
    value = merged([_part(piece, argument) for piece in word.after(len(head) + 1).pieces])
    try:
        text = f"{head}={render(value, path=True) if value else ''}"
        tree = read(f"VERSION 0.8\n\nall:\n    BUILD +all {text}\n")
        found = expanded_words(tree.targets[0].statements[0])[1:]
    except (UnrenderableError, WordError, EarthfileError):
        found = ()
    if found != (merged([Literal(f"{head}="), *value]),):
        raise Left(
            f"a target cannot pass on {head[2:]}={''.join(piece.text or piece.raw for piece in word.pieces[1:])}"
        )
    return text


def _part(piece: Piece, argument: Callable[..., str]) -> Part:
    if piece.text is not None:
        return Literal(piece.text)
    match = _VARIABLE.fullmatch(piece.raw)
    assert match is not None
    name = argument(match.group(1) or match.group(2), None, bool(match.group(5)))
    if match.group(3) and match.group(4):
        return Variable(name, ":-", (Literal(match.group(4)),))
    return Variable(name)


def _name(files: Sequence[str]) -> str:
    """``all`` for what Compose reads by default, ``all-prod`` for docker-compose.prod.yml."""
    last = posixpath.basename(files[-1])
    if last in MAIN_FILES or last in OVERRIDES:
        return "all"
    stem = re.sub(r"\.ya?ml$|^(?:docker-)?compose|[^A-Za-z0-9]+", " ", last).strip().lower()
    return "-".join(["all", *stem.split()])


def names_of(text: str) -> set[str]:
    """The targets of an Earthfile."""
    return set(re.findall(r"^([a-zA-Z][\w.-]*):[ \t]*$", text, re.MULTILINE))


def with_targets(text: str, targets: Iterable[ProjectTarget]) -> str:
    """The Earthfile ``text`` with ``targets`` behind its own."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [line for target in targets for line in ("", *target.text())]
    return text + "".join(f"{line}{newline}" for line in lines)
