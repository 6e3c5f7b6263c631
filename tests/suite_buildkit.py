"""The Dockerfiles in BuildKit's own tests: taken out of its Go files when they are needed, never kept.

Each literal Dockerfile becomes a folder with the files that its test makes, and the build arguments, secrets and target
that its first build gets. What a test only knows when it runs (addresses of servers, digests) is not known here: such a
Dockerfile fails to build, or is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TESTS = "frontend/dockerfile"
_FUNCTION = re.compile(r"^func (?P<name>test\w+)\(t \*testing\.T.*?^}", re.MULTILINE | re.DOTALL)
_TOKEN = re.compile(
    r'//[^\n]*|(?P<text>`[^`]*`|"(?:[^"\\\n]|\\.)*")|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<sign>:=|\[\]byte|[^\s])'
)
_VERB = re.compile(r"%(?:\[(\d+)\])?[sdqv]")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_NO_DOCKERFILE = re.compile(r"(?im)nanoserver|servercore|^\s*(FROM|COPY|ADD)\b.*%(\[\d\])?[sdqv]")


@dataclass
class Found:
    """One Dockerfile of a test. ``files`` are text, or None for a folder; ``links`` name what they point to."""

    name: str
    dockerfile: str
    files: dict[str, str | None] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    target: str | None = None

    def write(self, folder: Path) -> None:
        """Make the build context."""
        folder.mkdir(parents=True)
        for name, text in self.files.items():
            place = folder / name
            if place.exists() or any(above.is_file() for above in place.parents):
                continue  # two contexts of one test, which are one here
            (place if text is None else place.parent).mkdir(parents=True, exist_ok=True)
            if text is not None:
                place.write_text(text, encoding="utf-8", newline="")
                place.chmod(0o755 if text.lstrip().startswith("#!") else 0o644)
        for name, target in self.links.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(target)
        (folder / "Dockerfile").write_text(self.dockerfile, encoding="utf-8", newline="")


def dockerfiles(source: Path) -> Iterator[Found]:
    """All that stand in the tests of the BuildKit sources at ``source``."""
    for file in sorted((source / TESTS).glob("*_test.go")):
        for function in _FUNCTION.finditer(file.read_text(encoding="utf-8")):
            name = f"{file.stem.removesuffix('_test').removeprefix('dockerfile_')}/{function['name']}"
            found = _Test(function[0]).dockerfiles()
            # What several Dockerfiles of a test lack, an earlier one was given.
            for number, one in enumerate(found, 1):
                one.name = f"{name}-{number}"
                for earlier in found:
                    one.files = one.files or earlier.files
                    one.links = one.links or earlier.links
                yield one


class _Test:
    """Reads one test function from top to bottom; knows the strings that its variables hold."""

    def __init__(self, body: str) -> None:
        self.tokens = [match for match in _TOKEN.finditer(body) if match.lastgroup]
        self.variables: dict[str, str] = {}
        self.found: list[Found] = []
        self.place = 0

    def dockerfiles(self) -> list[Found]:
        while self.place < len(self.tokens):
            self.step()
        return self.found

    def step(self) -> None:
        """One statement, as far as it is of interest."""
        token = self.tokens[self.place]
        if token["name"] and self.at(1) in (":=", "=") and self.at(2) != "=":
            name = token["name"]
            self.place += 2
            self.keep(name, self.value())
        elif token["name"] in ("fstest.CreateFile", "fstest.CreateDir", "fstest.Symlink"):
            self.place += 1
            self.entry(token["name"], self.arguments())
        elif token["text"] and self.at(1) == ":":
            self.place += 2
            self.attribute(_text(token["text"]), self.value())
        elif token["text"] or token["sign"] == "[]byte":
            self.keep("", self.value())
        else:
            self.place += 1

    def keep(self, name: str, value: str | None) -> None:
        """A string: a variable's, or one that stands by itself. Some are Dockerfiles."""
        if name and value is not None:
            self.variables[name] = value
        if name.lower().startswith(("expect", "want")) or value is None or "\n" not in value:
            return
        if re.search(r"(?im)^\s*FROM\s+\S", value) and not _NO_DOCKERFILE.search(value):
            self.found.append(Found("", value))

    def entry(self, kind: str, values: list[str | None]) -> None:
        """A file, folder or link of the context."""
        name = values[0] if values else None
        if not self.found or name is None or name in ("Dockerfile", "Containerfile"):
            return
        if kind == "fstest.Symlink" and len(values) > 1 and values[1] is not None:
            self.found[-1].links[values[1]] = name
        elif kind == "fstest.CreateDir":
            self.found[-1].files.setdefault(name, None)
        elif kind == "fstest.CreateFile":
            content = values[1] if len(values) > 1 else None
            self.found[-1].files[name] = "contents\n" if content is None else content

    def attribute(self, key: str, value: str | None) -> None:
        """A pair of a map: build arguments and the target of a build, or a secret."""
        if not self.found or value is None:
            return
        last = self.found[-1]
        if key.startswith("build-arg:BUILDKIT_"):
            return  # an option of the builder
        if key.startswith("build-arg:"):
            last.arguments.setdefault(key.removeprefix("build-arg:"), value)
        elif key == "target":
            last.target = last.target or value
        elif any(token[0] == "secretsprovider.FromMap" for token in self.tokens[max(0, self.place - 24) : self.place]):
            last.secrets.setdefault(key, value)

    # --- expressions --------------------------------------------------------------------------------------------------

    def at(self, offset: int = 0) -> str:
        index = self.place + offset
        return self.tokens[index][0] if index < len(self.tokens) else ""

    def value(self) -> str | None:
        """A sum of strings, None when one of them is not known."""
        total = self.operand()
        while self.at() == "+":
            self.place += 1
            more = self.operand()
            total = None if total is None or more is None else total + more
        return total

    def operand(self) -> str | None:
        if self.place >= len(self.tokens):
            return None
        token = self.tokens[self.place]
        self.place += 1
        if token["text"]:
            return _text(token["text"])
        name = token[0]
        if self.at() != "(" or not (token["name"] or name == "[]byte"):
            return self.variables.get(name)
        if name not in ("[]byte", "string", "integration.UnixOrWindows", "fmt.Sprintf"):
            return None
        values = self.arguments()
        if name == "fmt.Sprintf":
            return _formatted(values)
        return values[0] if values else None

    def arguments(self) -> list[str | None]:
        """The values between parentheses."""
        values: list[str | None] = []
        if self.at() != "(":
            return values
        self.place += 1
        while self.place < len(self.tokens) and self.at() != ")":
            values.append(self.value())
            depth = 0
            while self.place < len(self.tokens) and (depth or self.at() not in (",", ")")):
                depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(self.at(), 0)
                self.place += 1
            self.place += self.at() == ","
        self.place += 1
        return values


def _formatted(values: list[str | None]) -> str | None:
    if not values or values[0] is None:
        return None
    rest, text, end = values[1:], "", 0
    for count, match in enumerate(_VERB.finditer(values[0]), 1):
        index = int(match[1]) if match[1] else count
        filler = rest[index - 1] if index <= len(rest) else None
        if filler is None:
            return None
        text += values[0][end : match.start()] + filler
        end = match.end()
    return (text + values[0][end:]).replace("%%", "%")


def _text(literal: str) -> str:
    """What a Go string says."""
    if literal.startswith("`"):
        return literal[1:-1]
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), literal[1:-1])
