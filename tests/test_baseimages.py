from __future__ import annotations

import io
import re
import tarfile

import baseimages
import pytest
import suite_worlds
from baseimages import Entry, archive, describe, layout, path_of, references, tree

TOOLS = baseimages.FOLDER / "tools"


@pytest.fixture(autouse=True)
def small_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images without the programs of this machine, which may have none of them."""
    monkeypatch.setattr(baseimages, "busybox", lambda: (b"busybox", ("bin/sh", "usr/bin/awk", "sbin/ip")))
    monkeypatch.setattr(baseimages, "program_of_machine", lambda name: {f"/usr/bin/{name}": Entry(tarfile.REGTYPE)})


def layouts() -> list[str]:
    return list(describe()["layouts"])


def test_every_tool_is_used_and_every_used_one_exists() -> None:
    lists = [*(layout(describe(), name)["tools"] for name in layouts()), suite_worlds.words("tools")]
    named = {tool.partition("=")[2] or tool for tools in lists for tool in tools}
    installed = set(re.findall(r"provide \S+ (\w+);? ", (TOOLS / "packages").read_text(encoding="utf-8")))
    assert named | installed | {"record"} == {path.name for path in TOOLS.iterdir()}


def test_every_layout_is_used_by_an_image() -> None:
    used = {image["layout"] for image in references(describe()).values()}
    parents = {own["like"] for own in describe()["layouts"].values() if "like" in own}
    assert used | parents == set(layouts())


def test_no_reference_is_described_twice() -> None:
    count = sum(len(tags) for image in describe()["images"].values() for tags in image["names"].values())
    assert len(references(describe())) == count


def test_an_image_that_dockerfiles_name_by_digest_has_that_digest() -> None:
    pinned = [image for image in describe()["images"].values() if "digest" in image]
    assert pinned
    for image in pinned:
        assert baseimages.digest(baseimages.make(image).index) == image["digest"]


@pytest.mark.parametrize("name", layouts())
def test_nothing_lies_below_a_link_or_a_file(name: str) -> None:
    entries = tree(layout(describe(), name))
    for path in entries:
        above = path.rpartition("/")[0]
        while above:
            assert above not in entries or entries[above].kind == tarfile.DIRTYPE, path
            above = above.rpartition("/")[0]


@pytest.mark.parametrize("name", layouts())
def test_users_have_their_group_and_are_listed_once(name: str) -> None:
    entries = tree(layout(describe(), name))
    if "/etc/passwd" not in entries:
        return
    users = [line.split(":") for line in entries["/etc/passwd"].data.decode().splitlines()]
    groups = {line.split(":")[2] for line in entries["/etc/group"].data.decode().splitlines()}
    assert {user[3] for user in users} <= groups
    assert len({user[0] for user in users}) == len(users)


def test_a_merged_layout_has_its_programs_below_usr() -> None:
    entries = tree(layout(describe(), "debian"))
    assert {"/usr/bin/sh", "/usr/bin/awk", "/usr/sbin/ip", "/usr/bin/busybox", "/usr/bin/bash"} <= set(entries)
    assert entries["/bin"].target == "usr/bin"


def test_an_archive_has_the_folders_above_and_the_same_bytes_each_time() -> None:
    entries = {"/a/b/c": Entry(tarfile.REGTYPE, 0o4755, (3, 4), b"text"), "/a/l": Entry(tarfile.SYMTYPE, target="b")}
    made = archive(entries)
    assert made == archive(dict(reversed(entries.items())))
    with tarfile.open(fileobj=io.BytesIO(made)) as opened:
        found = {
            member.name: (member.type, oct(member.mode), member.uid, member.gid, member.linkname) for member in opened
        }
    assert found == {
        "a": (tarfile.DIRTYPE, "0o755", 0, 0, ""),
        "a/b": (tarfile.DIRTYPE, "0o755", 0, 0, ""),
        "a/b/c": (tarfile.REGTYPE, "0o4755", 3, 4, ""),
        "a/l": (tarfile.SYMTYPE, "0o755", 0, 0, "b"),
    }


@pytest.mark.parametrize(
    ("repository", "path"),
    [
        ("alpine", "library/alpine"),
        ("acme/tool", "acme/tool"),
        ("ghcr.io/acme/tool", "acme/tool"),
        ("registry.example.com:5000/team/tool", "team/tool"),
        ("localhost/tool", "localhost/tool"),
    ],
)
def test_where_a_mirror_keeps_an_image(repository: str, path: str) -> None:
    assert path_of(repository) == path


def test_tools_are_scripts_that_say_what_they_are() -> None:
    for tool in TOOLS.iterdir():
        assert re.match(r"#!/bin/sh\n# A test tool", tool.read_text(encoding="utf-8")), tool.name
