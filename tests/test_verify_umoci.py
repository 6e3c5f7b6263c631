"""Our flattening against umoci, which unpacks the same layers to a disk. Needs umoci and root (owners, devices)."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from imagefiles import Blobs, Member, directory, hard_link, layer, link, member, write_folder

from migrate.verify.errors import VerifyError
from migrate.verify.model import Entry, Kind
from migrate.verify.reading import read_path

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not installed"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may make any owner"),
]
KINDS = {
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.LINK,
    stat.S_IFCHR: Kind.CHARACTER_DEVICE,
    stat.S_IFBLK: Kind.BLOCK_DEVICE,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFREG: Kind.FILE,
}


def on_disk(root: bytes) -> dict[bytes, Entry]:
    """The tree that stands at ``root``; a folder's time is that of the unpacking."""
    paths = [root]
    for top, folders, files in os.walk(root):
        paths += [os.path.join(top, name) for name in (*folders, *files)]
    found: dict[bytes, Entry] = {}
    inodes: dict[int, list[bytes]] = {}
    for path in paths:
        name = b"" if path == root else os.path.relpath(path, root)
        found[name] = entry(path, name)
        if os.lstat(path).st_nlink > 1 and found[name].kind is not Kind.DIRECTORY:
            inodes.setdefault(os.lstat(path).st_ino, []).append(name)
    groups = {name: min(names) for names in inodes.values() for name in names}
    return {name: found[name]._replace(group=groups.get(name, b"")) for name in found}


def entry(path: bytes, name: bytes) -> Entry:
    info = os.lstat(path)
    kind = KINDS[stat.S_IFMT(info.st_mode)]
    content = Path(os.fsdecode(path)).read_bytes() if kind is Kind.FILE else b""
    return Entry(
        name,
        kind,
        stat.S_IMODE(info.st_mode),
        info.st_uid,
        info.st_gid,
        os.readlink(path) if kind is Kind.LINK else b"",
        len(content),
        hashlib.sha256(content).digest() if kind is Kind.FILE else b"",
        (os.major(info.st_rdev), os.minor(info.st_rdev)),
        (),
        None if kind is Kind.DIRECTORY else info.st_mtime_ns,
    )


def steps(rng: random.Random) -> list[Member]:
    """One layer. Folders are a and b, files f and g, links l; names are few, so that entries meet."""
    found: list[Member] = []
    for _ in range(rng.randint(2, 8)):
        folder = "/".join(rng.choice("aabl") for _ in range(rng.randint(1, 3)))
        file, other = f"{folder}/{rng.choice('fg')}", rng.choice(["a", "b", "a/b"])
        mode, owner = rng.choice([0o600, 0o755, 0o4711]), rng.randrange(3)
        found += rng.choice(
            [
                [directory(folder, mode=mode, uid=owner)],
                [member(file, content=rng.choice([b"", b"x"]), mode=mode, gid=owner, mtime=owner)],
                [member(file, tarfile.CHRTYPE, devmajor=1, devminor=owner + 3)],
                [link(f"{folder}/l", rng.choice([other, f"/{other}", f"../../{other}"]))],
                # The header of a hard link repeats the file's; where it does not, umoci keeps the first one's
                # owner and mode, and containerd takes the last.
                [member(file, content=b"y", mode=mode), hard_link(f"{folder}/h", file, mode=mode)],
                [member(f"{folder}/.wh.{rng.choice('abfgl')}")],
                [member(f"{folder}/.wh..wh..opq")],
                [rng.choice([member("a"), link("b", "a"), directory("a/l"), member(".wh.a")])],
            ]
        )
    # Removals first, as builders write them; which of two orders counts is said nowhere.
    return sorted(found, key=lambda item: ".wh." not in item[0].name)


@pytest.mark.parametrize("seed", range(40))
def test_both_unpack_the_same(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    blobs = Blobs()
    item = blobs.image([layer(*steps(rng)) for _ in range(3)])
    item["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    write_folder(tmp_path / "image", blobs.files(blobs.index(item)))
    command = ["umoci", "unpack", "--image", f"{tmp_path}/image:latest", str(tmp_path / "bundle")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "not a directory" in done.stderr:
        return  # something stands below a file: Docker's own store makes a folder of it, as we do
    if done.returncode != 0:
        with pytest.raises(VerifyError):
            read_path(tmp_path / "image")
        return
    tree = read_path(tmp_path / "image").tree
    ours = {path: entry._replace(mtime=None) if entry.kind is Kind.DIRECTORY else entry for path, entry in tree.items()}
    assert on_disk(os.fsencode(tmp_path / "bundle" / "rootfs")) == ours
