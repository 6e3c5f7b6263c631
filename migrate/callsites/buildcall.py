"""One call of a tool that builds images from a Dockerfile, read as the tool itself reads its command line.

Sources: the docker CLI's and buildx's references; spf13/pflag for the forms of options (``--f v``, ``--f=v``, ``-tv``,
``-qt v``, options anywhere, ``--`` ends them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from migrate.callsites.values import Value

TOOLS = ("docker", "podman")
#: The words behind the tool that start a build.
_VERBS = (("build",), ("image", "build"), ("builder", "build"), ("buildx", "build"), ("buildx", "b"))
#: Options of the tool itself, in front of the verb, that take a value.
_GLOBAL_VALUES = frozenset(("--config", "--context", "-c", "--host", "-H", "--log-level", "-l", "--tlscacert"))


class Option(NamedTuple):
    """One option as it was used: its long name, its entry in mappings/docker-flags.yaml, and its value, if any."""

    name: str
    entry: Mapping[str, Any]
    value: Value | None


@dataclass(frozen=True, slots=True)
class BuildCall:
    """A call: which tool, the options in order, the build context (None: missing), and what could not be read.

    ``problem`` is "" for a call that was read whole; otherwise it completes the sentence "this call stays: ...".
    """

    tool: str
    buildx: bool
    options: tuple[Option, ...]
    context: Value | None
    problem: str = ""

    def values(self, becomes: str) -> tuple[Value, ...]:
        """The values of all options of one kind, in order."""
        return tuple(
            option.value for option in self.options if option.entry["becomes"] == becomes and option.value is not None
        )

    def last(self, becomes: str) -> Value | None:
        """The value that counts for an option that may stand once."""
        return (self.values(becomes) or (None,))[-1]

    def switched(self, name: str) -> bool:
        """Whether a switch is on."""
        on = False
        for option in self.options:
            if option.name == name:
                on = option.value is None or option.value.text in ("true", "1", "t", "T", "TRUE", "True")
        return on


def verb_length(words: Sequence[Value]) -> int:
    """How many of ``words`` (the first is the tool's name) say "build"; 0 when it is another command."""
    index = 1
    while index < len(words):
        text = words[index].text
        if text is None or not text.startswith("-"):
            break
        index += 2 if text in _GLOBAL_VALUES else 1
    rest = tuple(word.text for word in words[index : index + 2])
    for verb in _VERBS:
        if rest[: len(verb)] == verb:
            return index + len(verb)
    return 0


def read(words: Sequence[Value], flags: Mapping[str, Any]) -> BuildCall | None:
    """The build that ``words`` (the first is the tool's name) start, None when they start none.

    ``flags`` is mappings/docker-flags.yaml.
    """
    start = verb_length(words)
    if not start or any(word.text == "--help" for word in words[start:]):
        return None
    tool = (words[0].text or "docker").rpartition("/")[2]
    buildx = any(word.text == "buildx" for word in words[:start])
    call = _Parser(tool, buildx, list(words[start:]), flags).call()
    for word in words[1:start]:
        name = (word.text or "").split("=")[0]
        if name in ("--context", "-c", "--host", "-H"):
            return replace(call, problem=f"{word.text} asks for another engine")
        if name == "--config":
            return replace(call, problem="--config names other settings: set DOCKER_CONFIG for earth")
    return call


class _Parser:
    def __init__(self, tool: str, buildx: bool, words: list[Value], flags: Mapping[str, Any]) -> None:
        self.tool, self.buildx, self.words, self.flags = tool, buildx, words, flags
        self.shorts = {entry["short"]: name for name, entry in flags.items() if "short" in entry}
        self.options: list[Option] = []
        self.operands: list[Value] = []
        self.problem = ""

    def call(self) -> BuildCall:
        literal_only = False
        while self.words and not self.problem:
            word = self.words.pop(0)
            head = word.head
            if literal_only or not head.startswith("-") or word.text == "-":
                self.operands.append(word)
            elif word.text == "--":
                literal_only = True
            elif head.startswith("--"):
                self._long(word)
            else:
                self._short(word)
        if not self.problem and len(self.operands) > 1:
            # $OPTIONS in front of the context is one word to us, and any number of them when it runs.
            unknown = [word for word in self.operands if word.text is None and not word.head]
            self.problem = f"{shown(unknown[0])} may hold options" if unknown else "it names more than one context"
        certain = [word for word in self.operands if word.head]
        context = next(iter(certain or self.operands), None)
        return BuildCall(self.tool, self.buildx, tuple(self.options), context, self.problem)

    def _long(self, word: Value) -> None:
        name, equals, _ = word.head[2:].partition("=")
        entry = self.flags.get(name)
        if not equals and word.text is None:
            self.problem = f"the option {shown(word)} is only known when it runs"
        elif entry is None:
            self.problem = f"--{name} is not known"
        elif equals:
            self.options.append(Option(name, entry, word.after(len(name) + 3)))
        elif entry["value"]:
            self._next_value(name, entry)
        else:
            self.options.append(Option(name, entry, None))

    def _short(self, word: Value) -> None:
        head = word.head
        index = 1
        while index < len(head):
            name = self.shorts.get(head[index])
            if name is None:
                self.problem = f"-{head[index]} is not known"
                return
            entry = self.flags[name]
            if entry["value"]:
                skipped = index + 1 + (head[index + 1 : index + 2] == "=")
                if word.text is None or skipped < len(head):
                    self.options.append(Option(name, entry, word.after(skipped)))
                else:
                    self._next_value(name, entry)
                return
            self.options.append(Option(name, entry, None))
            index += 1
        if word.text is None:
            self.problem = f"the options {shown(word)} are only known when it runs"

    def _next_value(self, name: str, entry: Mapping[str, Any]) -> None:
        if not self.words:
            self.problem = f"--{name} lacks its value"
            return
        self.options.append(Option(name, entry, self.words.pop(0)))


def shown(word: Value) -> str:
    """The word as it was written, its quotes left out."""
    return "".join(piece.raw or piece.text or "" for piece in word.pieces)
