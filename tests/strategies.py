"""Generated Dockerfiles: valid ones that mean something, the same with broken bytes, and their parts."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

NAMES = ("APP_VERSION", "VERSION", "CC", "A", "B", "flavour")
"""Variables of the generated files; VERSION and CC are names that programs read."""

_IMAGES = ("alpine:3.20", "debian:12", "scratch", "example.com/own:1", "gcr.io/distroless/static", "node:22", "nginx")
_LITERALS = ("x", "1.2", "a/b.c", "v1+2", "a=b", "é", "a:b", "~", "x#y", "it\\'s", "a\\ b", "100%", "\\$A")
_QUOTED = (
    '"x y"',
    "'x y'",
    '"it\'s"',
    "'say \"x\"'",
    '"a\\"b"',
    "'a\\b'",
    '""',
    "''",
    '"$(id)"',
    "'$A'",
    '"# no"',
    '"a  b"',
)
_RUN_PIECES = (
    "true",
    "make -j2 all",
    "echo $A ${B:-b} ${VERSION-none}",
    "echo \"a  b\" 'c  d'",
    "echo it\\'s",
    'echo "it\'s" \'say "x"\'',
    "sed -e 's#a#b#' -i /etc/x",
    "echo a#b $(date '+%s')",
    "printf '%s\\n' \"$CC\"",
    "IFS='\\' read -r x",
    "[ -d /x ]",
    "{ a; b; }",
    "(cd /x && ls)",
    "case $A in x) y;; *) z;; esac",
    "x=`date`",
    "if a; then b; fi",
    "for i in 1 2; do echo $i; done",
    "chown -R app:app /app",
    "tar xzf /tmp/a.tgz",
    "cat <in >out 2>&1",
    "echo \\# \\\\ \\;",
    "-x",
)
_SHELLS = (
    'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
    'SHELL ["/bin/sh", "-c"]',
    'SHELL ["/bin/ash", "-eo", "pipefail", "-c"]',
)
_SOURCES = (
    "a.txt",
    "/a.txt",
    "src",
    "src/",
    ".",
    "*.json",
    "d/*.c",
    "lock*",
    "a/../b",
    "$A/x",
    "my-file",
    "é.txt",
    "./",
    "fil?.c",
)
_PATHS = ("/app", "/app/x", "/out/bin/", "out", "/usr/lib/*.so", "/", "/tmp/x", "/etc/app.conf", "/a$B/x", "/out")
_DESTINATIONS = ("/app/", "/x", ".", "./", "/usr/local/bin/", "/tmp/", "d/", "$A/", "/home/app/")
_MOUNTS = (
    "type=cache,target=/c",
    "type=cache,target=/var/cache/apt,sharing=locked",
    "type=cache,dst=/c,id=x,uid=1000",
    "type=cache,target=/c,mode=755",
    "type=secret,id=s",
    "type=secret,id=s,env=TOKEN",
    "type=secret,id=s,dst=/s,mode=0440",
    "type=tmpfs,target=/t",
    "type=tmpfs,destination=/t,size=64m",
    "type=ssh",
    "type=bind,target=/src",
    "target=/src",
    "type=bind,source=a,target=/b,rw",
)


class File:
    """A Dockerfile while it is drawn: its lines, and what later lines may refer to."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.escape = "\\"
        self.lines: list[str] = []
        self.stages: list[str | None] = []
        self.counter = 0

    def pick(self, *choices: str) -> str:
        """One of ``choices``."""
        return self.draw(st.sampled_from(choices))

    def chance(self, of: int = 4) -> bool:
        """True once in ``of`` draws."""
        return self.draw(st.integers(0, of - 1)) == of - 1

    def comment(self) -> str:
        """A comment that no other line of the file has."""
        self.counter += 1
        text, end = self.pick("note", "it is", "why:", "RUN x"), self.pick("", "'", '"', " &&", " é")
        return f"# {text} {self.counter}.{end}"

    def between(self) -> None:
        """Comments and blank lines between two instructions."""
        for _ in range(self.draw(st.sampled_from((0, 0, 0, 1, 2)))):
            self.lines.append(self.pick("", self.comment(), "  " + self.comment()))

    def spread(self, words: list[str]) -> None:
        """An instruction on one line, or broken between its words, with comments and blank lines inside."""
        text = words[0]
        for word in words[1:]:
            if not self.chance(5):
                text += " " + word
                continue
            self.lines.append(text + self.pick(" ", "  ", "\t") + self.escape + self.pick("", "", " "))
            if self.chance(3):
                self.lines.append("    " + self.comment())
            if self.chance(8):
                self.lines.append("")
            text = self.pick("    ", "\t", "", "  ") + word
        self.lines.append(text)

    def keyword(self, name: str) -> str:
        """``name`` in one of the spellings that Docker takes."""
        return name.lower() if self.chance(12) else name

    def value(self) -> str:
        """A word of ENV, LABEL or ARG: literals, quotes, variables."""
        name = self.pick(*NAMES)
        forms = (
            f"${name}",
            f"${{{name}}}",
            f"${{{name}:-d}}",
            f"${{{name}:+s}}",
            f"${{{name}-d}}",
            f'"${name} x"',
            f"${{{name}#x}}",
        )
        pieces = [self.pick(*_LITERALS, *_QUOTED, *forms) for _ in range(self.draw(st.sampled_from((1, 1, 1, 2))))]
        text = "".join(pieces)
        if self.escape != "\\":
            text = text.replace("\\'", "").replace("\\ ", "").replace("\\$", "").replace('\\"', "")
        return text

    def pairs(self, most: int = 3) -> list[str]:
        """``NAME=value`` words."""
        return [f"{self.pick(*NAMES)}={self.value()}" for _ in range(self.draw(st.integers(1, most)))]

    def shell_text(self) -> list[str]:
        """Words of a shell command."""
        words: list[str] = []
        for index in range(self.draw(st.integers(1, 3))):
            words += [self.pick("&&", "||", ";", "|")] if index else []
            words += self.pick(*_RUN_PIECES).split(" ")
        if self.escape != "\\":
            words = [word for word in words if not set(word) & {"\\", "`"}]
        return words or ["true"]


def _env(file: File) -> None:
    if file.chance(6):
        file.spread([file.keyword("ENV"), file.pick(*NAMES), file.pick("x y", "x", "a  b", "$A c", "b # c")])
    else:
        file.spread([file.keyword("ENV"), *file.pairs()])


def _label(file: File) -> None:
    keys = ("k", "org.x.y", '"a b"')
    file.spread([file.keyword("LABEL"), *(f"{file.pick(*keys)}={file.value()}" for _ in range(2))])


def _arg(file: File) -> None:
    name = file.pick(*NAMES, "TARGETARCH", "TARGETPLATFORM", "BUILDARCH")
    plain = name.startswith(("TARGET", "BUILD")) or file.chance(3)
    file.spread([file.keyword("ARG"), name if plain else f"{name}={file.value()}"])


def _run(file: File) -> None:
    flags = [f"--mount={file.pick(*_MOUNTS)}" for _ in range(file.draw(st.sampled_from((0, 0, 0, 1, 2))))]
    flags += [file.pick("--network=none", "--network=default", "--network=host")] if file.chance(10) else []
    form = file.draw(st.integers(0, 9))
    if form == 0:
        file.spread(
            [file.keyword("RUN"), *flags, json.dumps([file.pick("a", "/bin/x", "it's"), file.pick("b c", "$A", "é")])]
        )
    elif form == 1:
        _heredoc_run(file, flags)
    else:
        words = file.shell_text()
        guard = ["true", "&&"] if words[0].startswith("-") and flags else []
        file.spread([file.keyword("RUN"), *flags, *guard, *words])
        if file.chance(8) and file.escape == "\\":
            file.lines[-1] += ' && echo "open \\'
            file.lines.append("   " + file.pick("close", "  x  y") + '"')


def _heredoc_run(file: File, flags: list[str]) -> None:
    name = file.pick("EOF", "'EOF'", "END_1")
    header = file.pick(f"<<{name}", f"<<{name}", f"cat <<{name} >/x", f"<<{name} sh")
    file.lines.append(" ".join([file.keyword("RUN"), *flags, header]))
    body = [" ".join(file.shell_text()) for _ in range(file.draw(st.integers(0, 4)))]
    file.lines += [line if not line.endswith("\\") else line + " x" for line in body]
    if file.chance(4):
        file.lines.insert(len(file.lines) - len(body), file.pick("set -eux", "#!/bin/sh", "# why", "if a; then"))
    file.lines.append(name.strip("'"))


def _copy(file: File) -> None:
    keyword = file.pick("COPY", "COPY", "COPY", "copy", "ADD")
    flags = [f"--chown={file.pick('app', '0:0', '1000:1000', '$A')}"] if file.chance(4) else []
    flags += [f"--chmod={file.pick('755', '0640', 'u+x')}"] if file.chance(6) else []
    flags += ["--link"] if file.chance(6) else []
    count = file.draw(st.sampled_from((1, 1, 2)))
    if keyword != "ADD" and (file.stages[:-1] or file.chance(5)) and file.chance(2):
        source = _earlier(file) if file.stages[:-1] and not file.chance(6) else file.pick("nginx:1", "busybox")
        words = [f"--from={source}", *(file.pick(*_PATHS) for _ in range(count))]
    elif file.chance(12):
        file.lines += [
            f"{keyword} <<EOF {file.pick('/etc/x', '/etc/', 'f')}",
            file.pick("a b", "$A \\n", "it's"),
            "EOF",
        ]
        return
    else:
        words = [file.pick(*_SOURCES) for _ in range(count)]
    destination = file.pick(*_DESTINATIONS)
    if file.chance(6):
        operands = [word for word in words if not word.startswith("--from")]
        flags += [word for word in words if word.startswith("--from")]
        file.spread([keyword, *flags, json.dumps([*operands, destination])])
    else:
        file.spread([keyword, *flags, *words, destination])


def _earlier(file: File) -> str:
    index = file.draw(st.integers(0, len(file.stages) - 2))
    name = file.stages[index]
    return name if name is not None and not file.chance(4) else str(index)


def _command(file: File) -> None:
    keyword = file.pick("CMD", "ENTRYPOINT")
    if file.chance(2):
        file.spread([keyword, json.dumps([file.pick("a", "$A"), file.pick("it's", "é", "x y")])])
    else:
        words = file.shell_text()
        file.spread([keyword, *(["exec"] if words[0].startswith("-") else []), *words])


def _healthcheck(file: File) -> None:
    flag = file.pick("--interval=5s ", "--timeout=3s --retries=2 ", "")
    text = file.pick("curl -f http://x/", "test -f $A", '["a", "b"]', "echo 'x' || exit 1")
    file.lines.append(f"HEALTHCHECK {flag}CMD {text}")


def _simple(file: File) -> None:
    file.lines.append(
        file.pick(
            "EXPOSE 80 443/tcp",
            "EXPOSE $A",
            "EXPOSE 53/UDP",
            "VOLUME /data /log",
            'VOLUME ["/a b"]',
            "USER app",
            "USER root",
            "USER $A",
            "WORKDIR /app",
            "WORKDIR sub/d",
            "WORKDIR /a b",
            "WORKDIR $A",
            "STOPSIGNAL SIGINT",
            "ONBUILD RUN make",
            "MAINTAINER Jane",
            "HEALTHCHECK NONE",
            "ENV HOME=/root",
            "ENV PATH=/x:$PATH",
            "LABEL h=$HOME",
            *_SHELLS,
        )
    )


def _show(file: File) -> None:
    file.lines.append("RUN env")


_INSTRUCTIONS = (_env, _env, _label, _arg, _arg, _run, _run, _copy, _copy, _command, _healthcheck, _simple, _simple)
_SETTINGS = (_env, _env, _arg, _arg, _label, _show)


def _stage(file: File, index: int, instructions: tuple[Callable[[File], None], ...]) -> None:
    named = [name for name in file.stages if name is not None]
    if named and file.chance(3):
        base = file.pick(*named)
    else:
        base = file.pick(*_IMAGES, "alpine:3.20", "node:${APP_VERSION:-20}", "alpine:${VERSION:-3.20}")
    flag = f"--platform={file.pick('$BUILDPLATFORM', '$TARGETPLATFORM', 'linux/arm64')} " if file.chance(8) else ""
    name = file.pick("build", "base", "my_app", "v1.2", "Final") + (str(index) if file.chance(2) else "")
    is_named = not file.chance(3) and name.lower() not in named
    alias = f" {file.pick('AS', 'as')} {name}" if is_named else ""
    file.lines.append(f"{file.keyword('FROM')} {flag}{base}{alias}")
    file.stages.append(name.lower() if is_named else None)
    for _ in range(file.draw(st.integers(0, 6))):
        file.between()
        file.draw(st.sampled_from(instructions))(file)


@st.composite
def dockerfiles(draw: DrawFn, settings_only: bool = False) -> str:
    """A whole Dockerfile that BuildKit accepts (bar rare combinations); ``settings_only``: only ARG, ENV, LABEL and
    ``RUN env``."""
    file = File(draw)
    if file.chance(5):
        file.lines.append(file.pick("# syntax=docker/dockerfile:1", "#check=skip=all"))
    if file.chance(6):
        file.escape = "`"
        file.lines.append("# escape=`")
    file.between()
    for _ in range(draw(st.sampled_from((0, 0, 1, 2, 3)))):
        _header_argument(file)
        file.between()
    for index in range(draw(st.integers(1, 4))):
        if index:
            file.between()
        _stage(file, index, _SETTINGS if settings_only else _INSTRUCTIONS)
    file.between()
    newline = "\r\n" if not settings_only and file.chance(6) else "\n"
    return newline.join(file.lines) + (newline if not file.chance(6) else "")


def _header_argument(file: File) -> None:
    name = file.pick(*NAMES)
    file.spread(["ARG", name if file.chance(5) else f"{name}={file.value()}"])


@st.composite
def mutated(draw: DrawFn) -> bytes:
    """The bytes of a Dockerfile with a few stretches cut, doubled, moved or replaced."""
    data = draw(dockerfiles()).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(st.one_of(_noise(), st.just(data[start:end] * 2), st.just(b"")))
        data = data[:start] + piece + data[end:]
    return data


def _noise() -> SearchStrategy[bytes]:
    marks = (
        b"\\",
        b"\n",
        b"\r",
        b"'",
        b'"',
        b"$",
        b"${",
        b"$(",
        b"<<",
        b"#",
        b"[",
        b"--",
        b"`",
        b"\t",
        b" \\\n",
        b"\xff",
        b"\0",
        b"FROM ",
    )
    return st.one_of(st.sampled_from(marks), st.binary(max_size=4))


def arbitrary() -> SearchStrategy[str | bytes]:
    """Text and bytes of any kind, some of them nearly Dockerfiles."""
    words = st.sampled_from(
        (
            "FROM a",
            "RUN",
            "ARG",
            "ENV A=",
            "COPY",
            "--from=0",
            "\\\n",
            "\n",
            " ",
            "<<EOF",
            "EOF",
            "$",
            "${",
            "'",
            '"',
            "[",
            "]",
            "# x",
            "AS b",
        )
    )
    nearly = st.lists(st.one_of(words, st.text(max_size=3)), max_size=12).map("".join)
    return st.one_of(nearly, nearly.map(lambda text: "FROM a\n" + text), st.text(), st.binary())
