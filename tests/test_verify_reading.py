"""Reading images from files: layouts, archives, platforms, damage."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from imagefiles import (
    MANIFEST,
    Blobs,
    config,
    digest,
    directory,
    hard_link,
    layer,
    member,
    write_folder,
    write_tar,
)

from migrate.verify.errors import VerifyError
from migrate.verify.reading import read_path

LOWER = layer(directory("etc"), member("etc/passwd", content=b"root"), member("gone", content=b"x"))
UPPER = layer(member(".wh.gone"), member("etc/passwd", content=b"root\nweb"))
Files = dict[str, bytes]


def layout(*layers: bytes, **outer: Any) -> Files:
    blobs = Blobs()
    return blobs.files(blobs.index(blobs.image(layers or (LOWER, UPPER), {"Env": ["A=1"]}, **outer)))


def docker_archive(*tags: str) -> Files:
    """What docker save wrote before version 25, one image for each of ``tags``."""
    blob = config([LOWER, UPPER], {"Env": ["A=1"]})
    name = digest(blob).removeprefix("sha256:")
    images = [{"Config": f"{name}.json", "RepoTags": [tag], "Layers": ["1/layer.tar", "2/layer.tar"]} for tag in tags]
    return {
        f"{name}.json": blob,
        "1/layer.tar": LOWER,
        "2/layer.tar": UPPER,
        "manifest.json": json.dumps(images).encode(),
    }


def packed(files: Files) -> list[str]:
    return [name for name, data in files.items() if data[:2] == b"\x1f\x8b"]


def refused(path: Path, **options: Any) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        read_path(path, **options)
    return caught.value


@pytest.mark.parametrize("write", [write_folder, write_tar])
@pytest.mark.parametrize("files", [layout(), docker_archive("x:1")], ids=["layout", "docker"])
def test_an_image_in_files(write: Callable[[Path, Files], Path], files: Files, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    image = read_path(write(tmp_path / "image", files), progress=lambda number, of: seen.append((number, of)))
    assert image.layers == 2
    assert image.config.env == ("A=1",)
    assert sorted(image.tree) == [b"", b"etc", b"etc/passwd"]
    assert image.tree[b"etc/passwd"].size == 8
    assert seen == [(1, 2), (2, 2)]


def test_names_with_a_dot_in_front(tmp_path: Path) -> None:
    files = {f"./{name}": data for name, data in layout().items()}
    assert read_path(write_tar(tmp_path / "image.tar", files)).layers == 2


def test_the_digest_is_the_manifests(tmp_path: Path) -> None:
    files = layout()
    wanted = json.loads(files["index.json"])["manifests"][0]["digest"]
    assert read_path(write_folder(tmp_path, files)).digest == wanted


def test_one_of_several_by_name(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "image.tar", docker_archive("x:1", "y:2"))
    assert read_path(path, name="y:2").layers == 2
    error = refused(path)
    assert (error.code, error.fields["choices"]) == ("EM908", "x:1, y:2")
    assert refused(path, name="z").code == "EM908"


def test_one_of_several_by_platform(tmp_path: Path) -> None:
    blobs = Blobs()
    items = []
    for machine in ("amd64", "arm64"):
        item = blobs.image([layer(member(machine))], architecture=machine)
        items.append({**item, "platform": {"os": "linux", "architecture": machine}})
    path = write_folder(tmp_path, blobs.files(blobs.index(*items)))
    assert read_path(path, platform="linux/arm64").config.architecture == "arm64"
    assert refused(path).code == "EM908"
    assert refused(path, platform="linux/s390x").code == "EM907"


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
def test_layers_packed_with_zstd_and_not_at_all(tmp_path: Path) -> None:
    small = subprocess.run(["zstd", "-q", "-c"], input=LOWER, capture_output=True, check=True).stdout
    blobs = Blobs()
    kinds = ("application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.oci.image.layer.v1.tar")
    layers = [blobs.add(data, kind) for data, kind in zip((small, UPPER), kinds, strict=True)]
    inner = blobs.add(config([LOWER, UPPER]), "application/vnd.oci.image.config.v1+json")
    manifest = blobs.add(json.dumps({"schemaVersion": 2, "config": inner, "layers": layers}).encode(), MANIFEST)
    assert b"etc/passwd" in read_path(write_folder(tmp_path, blobs.files(blobs.index(manifest)))).tree


# Damage: the message names the layer.


def damaged(files: Files, change: Callable[[bytes], bytes], tmp_path: Path) -> VerifyError:
    name = packed(files)[-1]
    return refused(write_folder(tmp_path, {**files, name: change(files[name])}))


def test_a_damaged_layer(tmp_path: Path) -> None:
    error = damaged(layout(), lambda data: data[:-1] + b"?", tmp_path)
    assert (error.code, error.fields["what"]) == ("EM903", "layer 2 of 2")


def test_a_layer_that_is_cut_short(tmp_path: Path) -> None:
    error = damaged(layout(), lambda data: data[:50], tmp_path)
    assert (error.code, error.fields["what"]) == ("EM904", "layer 2 of 2")
    assert str(error.fields["reason"]).startswith("50 of ")


@pytest.mark.parametrize("form", ["layout", "docker"])
def test_a_layer_that_is_missing(form: str, tmp_path: Path) -> None:
    files = layout() if form == "layout" else docker_archive("x:1")
    files.pop(packed(files)[0] if form == "layout" else "1/layer.tar")
    assert refused(write_folder(tmp_path, files)).code == "EM904"


def test_a_docker_archive_with_a_damaged_layer(tmp_path: Path) -> None:
    """Its files have no digests, but the config knows those of the layers."""
    files = docker_archive("x:1") | {"2/layer.tar": LOWER}
    error = refused(write_tar(tmp_path / "x.tar", files))
    assert (error.code, error.fields["what"]) == ("EM903", "layer 2 of 2")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no tar at all" * 100, "invalid header at byte 0"),
        (layer(hard_link("a", "missing")), "a hard link leads to missing, which does not exist"),
        (gzip.compress(b"x" * 2000)[:-3], "Compressed file ended before the end-of-stream marker was reached"),
    ],
    ids=["text", "link", "gzip"],
)
def test_a_layer_that_nothing_could_unpack(data: bytes, reason: str, tmp_path: Path) -> None:
    blobs = Blobs()
    inner = blobs.add(config([data]), "application/vnd.oci.image.config.v1+json")
    item = blobs.add(data, "application/vnd.oci.image.layer.v1.tar")
    manifest = blobs.add(json.dumps({"schemaVersion": 2, "config": inner, "layers": [item]}).encode(), MANIFEST)
    error = refused(write_folder(tmp_path, blobs.files(blobs.index(manifest))))
    assert (error.code, error.fields["what"], error.fields["reason"]) == ("EM905", "layer 1 of 1", reason)


def test_a_config_for_other_layers(tmp_path: Path) -> None:
    error = refused(write_folder(tmp_path / "count", layout(rootfs={"diff_ids": ["sha256:1"]})))
    assert (error.code, str(error.fields["reason"])) == ("EM909", "it names 1 layers, the manifest 2")
    other = layout(rootfs={"diff_ids": [digest(UPPER), digest(LOWER)]})
    assert refused(write_folder(tmp_path / "order", other)).code == "EM903"


# What is no image


def test_a_file_system_is_no_image(tmp_path: Path) -> None:
    assert refused(write_tar(tmp_path / "rootfs.tar", {"etc/passwd": b"root"})).code == "EM902"
    assert refused(write_folder(tmp_path / "rootfs", {"etc/passwd": b"root"})).code == "EM902"


def test_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello", encoding="utf-8")
    assert refused(path).code == "EM902"
    path.write_bytes(gzip.compress(LOWER))
    assert refused(path).code == "EM902"


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing.tar")
    assert (error.code, error.fields) == ("EM901", {"image": "missing.tar", "reason": "No such file or directory"})


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    files = docker_archive("x:1")
    write_folder(tmp_path, {"layer.tar": LOWER})
    files["manifest.json"] = files["manifest.json"].replace(b"1/layer.tar", b"../layer.tar")
    assert refused(write_folder(tmp_path / "image", files)).code == "EM904"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("manifest.json", b"{"),
        ("manifest.json", b"[]"),
        ("manifest.json", b'[{"Config": "x"}]'),
        ("manifest.json", b'[{"Config": "../../../etc/passwd", "Layers": []}]'),
        ("index.json", b"[" * 100_000),
        ("index.json", b'{"manifests": [{"digest": "sha256:../../../etc/passwd", "size": 1, "mediaType": ""}]}'),
    ],
    ids=range(6),
)
def test_odd_documents(name: str, data: bytes, tmp_path: Path) -> None:
    files = {"oci-layout": b"{}", name: data} if name == "index.json" else {name: data}
    assert refused(write_folder(tmp_path, files)).code in ("EM904", "EM908", "EM909")
