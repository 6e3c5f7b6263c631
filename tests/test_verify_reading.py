"""Reading images from files: layouts, archives, platforms, damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from imagefiles import Blobs, directory, layer, member, write_folder, write_tar

from migrate.verify.errors import VerifyError
from migrate.verify.reading import read_path

LOWER = layer(directory("etc"), member("etc/passwd", content=b"root"), member("gone", content=b"x"))
UPPER = layer(member(".wh.gone"), member("etc/passwd", content=b"root\nweb"))


@pytest.mark.parametrize("write", [write_folder, write_tar])
def test_a_layout_is_read(write: object, tmp_path: Path) -> None:
    blobs = Blobs()
    index = blobs.index(blobs.image([LOWER, UPPER], {"Env": ["A=1"]}))
    path = (write_folder if write is write_folder else write_tar)(tmp_path / "image", blobs.files(index))
    image = read_path(path)
    assert image.layers == 2
    assert image.config.env == ("A=1",)
    assert sorted(image.tree) == [b"", b"etc", b"etc/passwd"]
    assert image.tree[b"etc/passwd"].size == 8


def test_a_damaged_layer_is_named(tmp_path: Path) -> None:
    blobs = Blobs()
    index = blobs.index(blobs.image([LOWER]))
    files = blobs.files(index)
    name = next(name for name, data in files.items() if data[:2] == b"\x1f\x8b")
    files[name] = files[name][:-1] + b"?"
    with pytest.raises(VerifyError) as caught:
        read_path(write_folder(tmp_path, files))
    assert caught.value.code == "EM903"
    assert caught.value.fields["what"] == "layer 1 of 1"
