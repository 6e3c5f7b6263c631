"""Layer archives: every tar dialect that layers come in, odd names, damage."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
import zlib
from typing import IO

import pytest
from imagefiles import directory, hard_link, layer, link, member

from migrate.verify.flatten import BadEntry, Item
from migrate.verify.layers import MOST_BYTES, Hashing, items, unpacked
from migrate.verify.model import Entry, Kind

FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def read(data: bytes | IO[bytes]) -> list[Item]:
    return list(items(io.BytesIO(data) if isinstance(data, bytes) else data))


def entries(data: bytes) -> list[Entry]:
    return [item.entry for item in read(data)]


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_entry(form: int) -> None:
    found = entries(
        layer(
            directory("d/", mode=0o1777),
            member("f", content=b"abc", mode=0o4755, uid=1000, gid=50, mtime=1_700_000_000),
            link("l", "../f"),
            member("c", tarfile.CHRTYPE, devmajor=1, devminor=3),
            member("b", tarfile.BLKTYPE, devmajor=8, devminor=1),
            member("p", tarfile.FIFOTYPE),
            form=form,
        )
    )
    digest = hashlib.sha256(b"abc").digest()
    assert found == [
        Entry(b"d", Kind.DIRECTORY, 0o1777, mtime=0),
        Entry(b"f", Kind.FILE, 0o4755, 1000, 50, size=3, sha256=digest, mtime=1_700_000_000 * 10**9),
        Entry(b"l", Kind.LINK, 0o777, target=b"../f", mtime=0),
        Entry(b"c", Kind.CHARACTER_DEVICE, 0o644, device=(1, 3), mtime=0),
        Entry(b"b", Kind.BLOCK_DEVICE, 0o644, device=(8, 1), mtime=0),
        Entry(b"p", Kind.FIFO, 0o644, mtime=0),
    ]


def test_a_hard_link_names_its_file() -> None:
    first, second = read(layer(member("a", content=b"x"), hard_link("b", "./a")))
    assert (first.link_to, second.link_to) == (None, b"./a")


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_odd_names(form: int) -> None:
    latin = b"\xff\xfe latin".decode("utf-8", "surrogateescape")
    names = ["n" * 300, "d/" * 120 + "f", "umläut\u2603", latin, "a\nb", " "]
    found = entries(layer(*(member(name) for name in names), link("l", names[0]), link("m", names[3]), form=form))
    assert [entry.path for entry in found[:6]] == [name.encode("utf-8", "surrogateescape") for name in names]
    assert found[6].target == b"n" * 300
    assert found[7].target == b"\xff\xfe latin"


def test_large_numbers() -> None:
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        (entry,) = entries(layer(member("f", uid=2**31, gid=2_100_000_000, mtime=2**34), form=form))
        assert (entry.uid, entry.gid, entry.mtime) == (2**31, 2_100_000_000, 2**34 * 10**9)


def test_extended_attributes_and_times_come_from_pax_records() -> None:
    capability = b"\x01\x00\x00\x02\n\x00\xff=".decode("utf-8", "surrogateescape")
    records = {"SCHILY.xattr.security.capability": capability, "SCHILY.xattr.user.a": "1", "mtime": "12.000000345"}
    (entry,) = entries(layer(member("f", pax_headers={**records, "comment": "no attribute"})))
    assert entry.xattrs == (("security.capability", b"\x01\x00\x00\x02\n\x00\xff="), ("user.a", b"1"))
    assert entry.mtime == 12_000_000_345


def pax_sparse(name: str, size: int, content: bytes, at: int) -> bytes:
    """A file of ``size`` bytes, all zero but ``content``, in the PAX 1.0 form that GNU tar writes."""
    table = f"1\n{at}\n{len(content)}\n".encode().ljust(512, b"\0")
    records = {"major": "1", "minor": "0", "name": name, "realsize": str(size)}
    headers = {f"GNU.sparse.{key}": value for key, value in records.items()}
    return layer(member("Sparse.0/x", content=table + content, pax_headers=headers), member("next", content=b"n"))


def test_sparse_files_are_hashed_with_their_holes() -> None:
    sparse, after = entries(pax_sparse("hole", 5000, b"data", 4096))
    assert (sparse.path, sparse.size) == (b"hole", 5000)
    assert sparse.sha256 == hashlib.sha256(b"\0" * 4096 + b"data" + b"\0" * 900).digest()
    assert after.sha256 == hashlib.sha256(b"n").digest()


def test_a_claim_of_endless_size_is_not_followed() -> None:
    with pytest.raises(BadEntry, match="unpacks to more than 1024 GiB"):
        read(pax_sparse("hole", MOST_BYTES + 1, b"data", 4096))


def test_a_large_extension_header_is_refused() -> None:
    record = b"x" * (1 << 20)
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, len(record) + 512
    with pytest.raises(BadEntry, match="extension header of 1049088 bytes"):
        read(info.tobuf(tarfile.USTAR_FORMAT) + record)


def test_a_global_header_is_no_entry() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "abc"}) as archive:
        archive.addfile(tarfile.TarInfo("f"))
    assert [entry.path for entry in entries(buffer.getvalue())] == [b"f"]


def test_an_archive_may_end_without_a_mark() -> None:
    assert read(b"") == []
    assert read(layer()) == []
    whole = layer(member("f", content=b"x"))
    assert len(read(whole[:1024])) == 1


def test_a_damaged_header_is_not_the_end() -> None:
    data = bytearray(layer(member("a", content=b"x"), member("b"), member("c")))
    data[1024 + 5] ^= 1
    with pytest.raises(BadEntry, match="bad checksum at byte 1024"):
        read(bytes(data))
    with pytest.raises(BadEntry, match="truncated header"):
        read(layer(member("a"))[:700])


def test_a_file_that_ends_early() -> None:
    with pytest.raises((BadEntry, tarfile.TarError)):
        read(layer(member("a", content=b"x" * 5000))[:2000])


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(BadEntry, match="unknown type b'Q'"):
        read(layer(member("a", b"Q")))


def test_damage_never_gets_out_as_anything_else() -> None:
    """Layers with random damage: read, or refused in one of the ways that the reader knows."""
    rng = random.Random(7)
    whole = layer(
        directory("d"),
        member("n" * 200, content=b"x" * 700, pax_headers={"SCHILY.xattr.user.a": "1"}),
        link("l", "m" * 150),
    ) + pax_sparse("s", 5000, b"data", 512)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            data[at] = rng.choice([0, 32, 48, 55, 0x80, 0xFF, rng.randrange(256)])
            if rng.random() < 0.5:
                mend_checksum(data, at - at % 512)
        try:
            read(bytes(data))
        except (BadEntry, tarfile.TarError, ValueError):
            continue


def mend_checksum(data: bytearray, block: int) -> None:
    """Make the header at ``block`` look right, so that its damage is believed."""
    data[block + 148 : block + 156] = b" " * 8
    data[block + 148 : block + 156] = b"%06o\0 " % sum(data[block : block + 512])


def test_compression_is_told_by_the_bytes() -> None:
    plain = layer(member("f", content=b"x"))
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(plain) + packer.flush()
    for data in (plain, packed):
        with unpacked(Hashing(io.BytesIO(data)), "layer") as stream:
            assert stream.read() == plain


def test_several_gzip_members_are_one_stream() -> None:
    plain = layer(member("f", content=b"x" * 3000))
    parts = []
    for piece in (plain[:1000], plain[1000:]):
        packer = zlib.compressobj(wbits=31)
        parts.append(packer.compress(piece) + packer.flush())
    with unpacked(Hashing(io.BytesIO(b"".join(parts))), "layer") as stream:
        assert stream.read() == plain


def test_the_hash_is_that_of_everything_read_or_not() -> None:
    stream = Hashing(io.BytesIO(b"abc" * 100_000))
    assert stream.read(5) == b"abcab"
    assert stream.finish() == "sha256:" + hashlib.sha256(b"abc" * 100_000).hexdigest()
    assert stream.length == 300_000
    assert Hashing(io.BytesIO(b"a"), "sha512").finish() == "sha512:" + hashlib.sha512(b"a").hexdigest()
