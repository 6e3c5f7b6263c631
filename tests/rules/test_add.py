"""ADD is a COPY where it adds plain files; archives, URLs and git stay comments."""

from __future__ import annotations

import gzip

import pytest
from support import BASE, DictContext, assert_lines, body, codes, converted

TAR = b"\0" * 257 + b"ustar\0" + b"\0" * 249


@pytest.mark.parametrize(
    ("instructions", "expected", "wanted"),
    [
        ("ADD a.txt /x/", "COPY a.txt /x/", ["EM423"]),
        ("ADD . /x/", "COPY . /x/", []),
        ("ADD src/ /x/", "COPY src/ /x/", []),
        ("ADD --unpack=false a.tar /x/", "COPY a.tar /x/", []),
        ("ADD --chown=5:5 a /x/", "COPY --chown=5:5 a /x/", ["EM423"]),
        # Without a scheme it is a path.
        ("ADD github.com/x/y /x/", "COPY github.com/x/y /x/", ["EM423"]),
    ],
)
def test_add(instructions: str, expected: str, wanted: list[str]) -> None:
    assert_lines(instructions, expected, wanted)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("https://example.com/a.txt", "EM421"),
        ("HTTP://example.com/a.txt", "EM421"),
        ("https://example.com/x.git", "EM422"),
        ("https://example.com/x.git#v1:sub", "EM422"),
        ("https://example.com/x.git?ref=v1", "EM422"),
        ("git@example.com:x/y.git", "EM422"),
        ("ssh://git@example.com/x", "EM422"),
        ("git://example.com/x", "EM422"),
        ("a.tar.gz", "EM420"),
        ("a.tgz", "EM420"),
        ("rootfs.tar.xz", "EM420"),
        ("a.TAR", "EM420"),
    ],
)
def test_what_is_no_copy(source: str, code: str) -> None:
    assert_lines(f"ADD {source} /x/", f"# {code}, not converted: ADD {source} /x/", [code])


def test_a_variable_is_looked_through() -> None:
    assert codes(converted(f"{BASE}ARG U=https://e.com/\nADD ${{U}}f /x\n")) == ["EM421"]
    assert codes(converted(f"{BASE}ADD https://e.com/$V/f /x\n")) == ["EM421"]


@pytest.mark.parametrize(
    ("content", "is_copy"),
    [
        (b"text", True),
        (b"", True),
        (TAR, False),
        (gzip.compress(b"x"), False),
        (b"BZh91AY", False),
        (b"\xfd7zXZ\0", False),
    ],
)
def test_the_content_decides_and_not_the_name(content: bytes, *, is_copy: bool) -> None:
    for name in ("plain.tar.gz", "data"):
        conversion = converted(f"{BASE}ADD {name} /x/\n", DictContext({name: content}))
        assert codes(conversion) == ([] if is_copy else ["EM420"])
        assert body(conversion)[0].startswith("COPY " if is_copy else "# EM420")


def test_a_heredoc_is_written() -> None:
    assert "printf '%s\\n'" in (converted(f"{BASE}ADD <<EOF /etc/x\na\nEOF\n").earthfile or "")
