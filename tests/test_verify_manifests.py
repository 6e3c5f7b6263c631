"""Which manifest an index leads to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from imagefiles import INDEX, MANIFEST

from migrate.verify.errors import VerifyError
from migrate.verify.manifests import Descriptor, Manifest, check_platform, find, normalized

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def image(name: str, layer: str = LAYER) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "config": {"mediaType": "x", "digest": f"sha256:config-{name}", "size": 1},
        "layers": [{"mediaType": layer, "digest": "sha256:l", "size": 2}],
    }


def listed(name: str, platform: str = "", **annotations: str) -> dict[str, Any]:
    item: dict[str, Any] = {"mediaType": MANIFEST, "digest": name, "size": 1, "annotations": annotations or None}
    if platform:
        item["platform"] = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    return item


def index(*items: dict[str, Any]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(items)}


def nested(name: str) -> dict[str, Any]:
    return {"mediaType": INDEX, "digest": name, "size": 1}


def chosen(top: Any, *, platform: str | None = None, name: str | None = None, **inner: Any) -> str:
    """The name of the image that ``top`` leads to; ``inner`` are the indexes it names."""

    def fetch(blob: Descriptor) -> bytes:
        return json.dumps(inner.get(blob.digest) or image(blob.digest)).encode()

    manifest = find(json.dumps(top).encode(), "sha256:top", fetch, "image.tar", platform, name)
    return manifest.config.digest.removeprefix("sha256:config-")


def refused(*arguments: Any, **options: Any) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        chosen(*arguments, **options)
    return caught.value


def test_a_manifest_alone() -> None:
    found = find(json.dumps(image("a")).encode(), "sha256:top", lambda _: b"", "image.tar", None, None)
    config, layer = Descriptor("x", "sha256:config-a", 1), Descriptor(LAYER, "sha256:l", 2)
    assert found == Manifest("sha256:top", config, (layer,))


def test_one_image_is_taken_whatever_its_platform() -> None:
    assert chosen(index(listed("a", "linux/arm64"))) == "a"
    assert chosen(index(listed("a", "linux/arm64")), platform="linux/amd64") == "a"
    assert chosen(index(listed("a"), listed("a"))) == "a"


def test_what_buildx_adds_is_no_image() -> None:
    proof = listed("proof", "unknown/unknown", **{"vnd.docker.reference.type": "attestation-manifest"})
    assert chosen(index(nested("inner")), inner=index(listed("a", "linux/amd64"), proof)) == "a"


def test_the_platform_chooses() -> None:
    many = index(listed("a", "linux/amd64"), listed("b", "linux/arm64/v8"), listed("c", "linux/arm/v7"))
    assert chosen(many, platform="linux/arm64") == "b"
    assert chosen(many, platform="linux/arm/v7") == "c"
    assert chosen(many, platform="linux/amd64") == "a"
    error = refused(many, platform="linux/s390x")
    assert (error.code, error.fields["choices"]) == ("EM907", "linux/amd64, linux/arm/v7, linux/arm64/v8")
    assert refused(many).code == "EM908"


def test_the_name_chooses() -> None:
    many = index(
        listed("a", **{"io.containerd.image.name": "docker.io/library/x:1"}),
        listed("b", **{"org.opencontainers.image.ref.name": "2"}),
    )
    assert chosen(many, name="2") == "b"
    assert chosen(many, name="docker.io/library/x:1") == "a"
    assert refused(many, name="3").fields["choices"] == "2, docker.io/library/x:1"


def test_nothing_to_choose_from() -> None:
    assert refused(index()).code == "EM902"


@pytest.mark.parametrize(
    "top",
    [
        [],
        {"schemaVersion": 2, "manifests": 5},
        {"schemaVersion": 2, "layers": [], "config": 5},
        {"schemaVersion": 2, "layers": [{"digest": 5}], "config": {"digest": "x", "size": 1}},
        index({"mediaType": MANIFEST, "digest": "x", "size": "large"}),
    ],
)
def test_a_malformed_manifest(top: Any) -> None:
    assert refused(top).code == "EM909"


def test_an_index_that_names_itself() -> None:
    assert refused(index(nested("loop")), loop=index(nested("loop"))).code == "EM909"


@pytest.mark.parametrize(
    ("top", "kind"),
    [
        ({"schemaVersion": 1, "fsLayers": []}, "a manifest of version 1"),
        ({"schemaVersion": 2, "mediaType": "application/x.artifact"}, "application/x.artifact"),
        (image("a", "application/vnd.in-toto+json"), "a layer of the type application/vnd.in-toto+json"),
        (image("a", LAYER + "+encrypted"), f"a layer of the type {LAYER}+encrypted"),
    ],
)
def test_what_is_no_image(top: Any, kind: str) -> None:
    error = refused(top)
    assert (error.code, error.fields["kind"]) == ("EM914", kind)


def test_spellings_of_platforms() -> None:
    assert normalized("linux/arm64/v8") == normalized("Linux/aarch64") == "linux/arm64"
    assert normalized("linux/x86_64") == "linux/amd64"
    assert normalized("linux/arm/v6") != normalized("linux/arm/v7") == normalized("linux/arm")


def test_an_image_of_another_platform() -> None:
    check_platform("linux/arm64/v8", "linux/arm64", "image.tar")
    check_platform("linux/amd64", None, "image.tar")
    with pytest.raises(VerifyError) as caught:
        check_platform("linux/amd64", "linux/arm64", "image.tar")
    assert (caught.value.code, caught.value.fields["choices"]) == ("EM907", "linux/amd64")
