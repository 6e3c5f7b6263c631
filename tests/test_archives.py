"""What is an archive: by content as BuildKit sees it, and what a COPY of it would do to existing folders."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import pytest
from support import DictContext, graph_of

from migrate.archives import (
    has_archive_name,
    has_foreign_owners,
    is_git,
    is_mergeable,
    is_url,
    kind_of,
    looked_at,
    members,
    members_of,
)
from migrate.context import ARCHIVE, PLAIN, UNKNOWN, Member, UnknownContext


def tar(*names: str, owner: int = 0) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as file:
        for name in names:
            member = tarfile.TarInfo(name.rstrip("/"))
            member.uid = owner
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            file.addfile(member)
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (tar("a"), ARCHIVE),
        (gzip.compress(tar("a")), ARCHIVE),
        (bz2.compress(tar("a")), ARCHIVE),
        (lzma.compress(tar("a")), ARCHIVE),
        (gzip.compress(tar("a"))[:60], PLAIN),
        (tar(), PLAIN),
        (b"", PLAIN),
        (b"a", PLAIN),
        (b"a" * 1024, PLAIN),
        (b"PK\3\4" + b"a" * 600, PLAIN),
        # BuildKit knows the xz form only.
        (lzma.compress(tar("a"), format=lzma.FORMAT_ALONE), PLAIN),
        (b"\x28\xb5\x2f\xfdxxxx", UNKNOWN),
    ],
)
def test_kind(content: bytes, kind: str) -> None:
    assert kind_of(io.BytesIO(content)) == kind


def test_members() -> None:
    found = members_of(io.BytesIO(tar("./", "./a/", "./a/f", owner=7)), 10)
    assert found == (Member("", True, 7, 0), Member("a", True, 7, 0), Member("a/f", False, 7, 0))
    assert members_of(io.BytesIO(tar("a", "b")), 1) is None
    assert members_of(io.BytesIO(b"no archive"), 9) is None
    context = DictContext({"a.tar": tar("a"), "b.tar": tar("b"), "plain": b""})
    assert [one.path for one in members(["*.tar"], context) or ()] == ["a", "b"]
    assert members(["plain"], context) is None


@pytest.mark.parametrize(
    ("text", "git", "url"),
    [
        ("https://e.com/a", False, True),
        ("ftp://e.com/a", False, True),
        ("https://e.com/a.git", True, False),
        ("https://e.com/a.git#x", True, False),
        ("https://e.com/a.git/x", False, True),
        ("git@e.com:a", True, False),
        ("a.git", False, False),
        ("e.com/a", False, False),
    ],
)
def test_where_a_source_is(text: str, *, git: bool, url: bool) -> None:
    assert (is_git(text), is_url(text)) == (git, url)


def test_looking() -> None:
    context = DictContext({"a": tar("x"), "b": b"", "d": None, "z": b"\x28\xb5\x2f\xfd"})
    assert looked_at("/a", context) is True
    assert looked_at("./b", context) is False
    assert looked_at("d", context) is False
    assert looked_at("[ab]", context) is True
    assert looked_at("b*", context) is False
    assert looked_at("z", context) is None
    assert looked_at("missing", context) is None
    assert looked_at("a", UnknownContext()) is None
    assert looked_at("a/", UnknownContext()) is False
    assert [has_archive_name(name) for name in ("a.tar.gz", "a.TXZ", "a.zip", "tar")] == [True, True, False, False]


FOLDER, DEEP = Member("d", True, 0, 0), Member("d/e/f", False, 0, 0)


@pytest.mark.parametrize(
    ("target", "found", "expected"),
    [
        ("/srv", None, True),
        ("/x", None, False),
        ("/x/y", None, False),
        ("/", None, False),  # /x lies below it
        ("/x", (FOLDER,), True),
        ("/x", (FOLDER, DEEP), False),
        ("/srv", (FOLDER, DEEP), True),
        ("/x", (Member("f", False, 1, 0),), False),
        ("/srv", (Member("f", False, 0, 1),), True),
        ("/", (Member("bin/f", False, 0, 0),), False),
        ("/", (Member("x/f", False, 0, 0),), False),
        ("/", (Member("x", True, 0, 0), Member("x/f", False, 0, 0)), True),
    ],
)
def test_mergeable(target: str, found: tuple[Member, ...] | None, *, expected: bool) -> None:
    assert is_mergeable(target, found, ("/x",)) is expected


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("ADD own /x", True),
        ("ADD root /x", False),
        ("ADD --chown=5 own /x", False),
        ("ADD --unpack=false own /x", False),
        ("ADD plain root https://e.com/own.tar /x/", False),
        ("ADD $X.tar /x/", True),
        ("ADD $X /x/", False),
        ("COPY own /x", False),
    ],
)
def test_foreign_owners(instruction: str, *, expected: bool) -> None:
    (written,) = graph_of(f"FROM a\n{instruction}\n").stages[0].instructions
    context = DictContext({"own": tar("a", owner=1), "root": tar("a"), "plain": b""})
    assert has_foreign_owners(written, context) is expected
