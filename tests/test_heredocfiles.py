"""COPY <<EOF: what the builder writes, where, with which mode and owner."""

from __future__ import annotations

import pytest
from support import BASE, body, codes, converted

HEREDOC = "COPY <<EOF {path}\n{line}\nEOF\n"


def lines(instructions: str, *, base: str = BASE) -> str:
    return "\n".join(body(converted(base + instructions)))


@pytest.mark.parametrize(
    ("before", "line", "written"),
    [
        ("ARG V=1\n", "v=$V", '"v=${V}"'),
        ("ARG V=1\nENV W=$V\n", "w=$W", '"w=${W}"'),
        ("ENV V=1\n", 'it\'s $V "q"', "'it'\"'\"'s '\"${V}\"' \"q\"'"),
        ("ENV V=1\n", "${V:-a b} ${V:+x}", '"${V:-a b} ${V:+x}"'),
        ("", "$PATH", '"${PATH}"'),
        # Nobody sets these, and a shell would know some of them.
        ("", "$NONE ${NONE:-n} $HOME $1 $@ ${1:-p}", "' n    p'"),
        ("", "\\$V `t` $(c)", "'$V `t` $(c)'"),
    ],
)
def test_values(before: str, line: str, written: str) -> None:
    conversion = converted(f"FROM alpine:3.20\n{before}{HEREDOC.format(path='/etc/new', line=line)}")
    assert f"\n    {written} \\\n" in "\n".join(body(conversion))
    assert codes(conversion) == []


def test_values_that_a_helper_is_passed() -> None:
    before = "FROM registry.example.com/a:1\nARG V=1\nARG B\nENV HOME=/h$B\n"
    text = before + "COPY <<EOF /a\n$V $HOME $PATH ${B:-it's} $B\nEOF\n"
    conversion = converted(text)
    helper = body(conversion, "docker-files")
    assert helper[:4] == ["ARG V=1", "ARG home", "ARG path", "ARG B"]
    assert '"${V} ${home} ${path} ${B:-it\'s} ${B}" \\' in "\n".join(helper)
    assert "(+docker-files/EOF --home=$HOME --path=$PATH --B=$B) /a" in body(conversion)[-1]
    assert "EM416" not in codes(conversion)


@pytest.mark.parametrize("line", ["$HOME", "$UNKNOWN ${X-y}"])
def test_values_that_nobody_knows(line: str) -> None:
    text = f"FROM registry.example.com/a:1\nUSER 0\nRUN a\n{HEREDOC.format(path='/etc/new', line=line)}"
    assert "EM416" in codes(converted(text, fallback="comment"))


@pytest.mark.parametrize(
    ("before", "path", "chmod"),
    [
        ("", "/etc/new", False),
        ("", "/usr/local/bin/tool", True),
        ("", "/etc/sudoers", True),
        ("WORKDIR /app\nCOPY . .\n", "/app/x.conf", True),
        ("WORKDIR /app\nCOPY . .\n", "/etc/x.conf", False),
        ("COPY a /etc/\n", "/etc/x.conf", True),
        ("COPY $X .\n", "/etc/x.conf", True),
        ("RUN chmod 600 /etc/x.conf\n", "/etc/x.conf", True),
        ("COPY <<EOF /etc/x.conf\nEOF\n", "/etc/x.conf", True),
        ("COPY <<EOF /etc/y.conf\nEOF\n", "/etc/x.conf", False),
    ],
)
def test_a_file_that_may_be_there_gets_its_mode(before: str, path: str, chmod: bool) -> None:
    found = lines(before + HEREDOC.format(path=path, line="x"))
    assert (f">{path} && chmod 644 {path}" in found or "+" in found.splitlines()[-1]) == chmod


@pytest.mark.parametrize(
    ("before", "flag"),
    [
        ("USER 1000\n", "--chown=0:0 "),
        ("RUN mkdir /opt/a && chown 7 /opt/a && chmod g+s /opt/a\n", ""),
        ("RUN touch /opt/a/f && chown 7 /opt/a/f\n", ""),
    ],
)
def test_where_a_run_would_not_do(before: str, flag: str) -> None:
    conversion = converted(f"{BASE}{before}COPY <<EOF /opt/a/f\nx\nEOF\n")
    assert body(conversion)[-1] == f"COPY {flag}+docker-files/EOF /opt/a/f"
    assert "EM418" in codes(conversion)


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/resolv.conf", "/dev/x", "/proc/y"])
def test_what_a_container_has_of_its_own(path: str) -> None:
    assert lines(HEREDOC.format(path=path, line="x")) == f"COPY +docker-files/EOF {path}"


def test_a_helper_declares_the_arguments_it_reads() -> None:
    text = f"{BASE}ARG V=1\nARG W\nENV E=e\nUSER 1000\nCOPY <<EOF /etc/f\n$V $E\nEOF\n"
    assert body(converted(text), "docker-files") == [
        "ARG V=1",
        "RUN mkdir -p /files && printf '%s\\n' \\",
        '    "${V} e" \\',
        "    >/files/EOF",
        "SAVE ARTIFACT /files/EOF /EOF",
    ]


def test_a_helper_cannot_read_the_rest() -> None:
    text = f"{BASE}ARG V=1\nENV E=$V\nUSER 1000\nCOPY <<EOF /etc/f\n${{E#x}}\nEOF\n"
    assert "EM306" in codes(converted(text, fallback="comment"))


def test_several_files() -> None:
    text = f"{BASE}USER 1000\nCOPY --chmod=755 <<a <<b /d/\nx\na\ny\nb\n"
    assert body(converted(text))[-1] == "COPY --chown=0:0 +docker-files/a +docker-files/b /d/"
    text = f"{BASE}USER 1000\nCOPY --chmod=755 <<a <<b /d\nx\na\ny\nb\n"
    assert body(converted(text))[-1] == "COPY --chown=0:0 +docker-files/b /d"
