"""The registry client against a registry on loopback: images, logins, redirections, failures."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from imagefiles import Blobs, digest, directory, layer, member
from registryserver import Shop, serving

from migrate.verify import registry
from migrate.verify.errors import VerifyError
from migrate.verify.reference import parse
from migrate.verify.registry import Registry, read_registry

BASE = layer(directory("etc"), member("etc/passwd", content=b"root"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: nobody's credentials, no waiting."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(registry, "_WAITS", (0, 0))
    return tmp_path


@pytest.fixture
def shop() -> Iterator[Shop]:
    blobs = Blobs()
    image = blobs.image([BASE], {"User": "web"})
    with serving(Shop(blobs=blobs.data)) as opened:
        opened.put("1", blobs.data[image["digest"]])
        yield opened


def log_in(folder: Path, shop: Shop, login: str = "me:secret", **more: str) -> None:
    entry = {"auth": base64.b64encode(login.encode()).decode(), **more}
    (folder / "config.json").write_text(json.dumps({"auths": {shop.host: entry}}), encoding="utf-8")


def refused(shop: Shop, tag: str = "1", **options: Any) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        read_registry(shop.host, "team/app", tag, **options)
    return caught.value


def test_an_image_by_tag_and_by_digest(shop: Shop) -> None:
    image = read_registry(shop.host, "team/app", "1")
    assert image.config.user == "web"
    assert b"etc/passwd" in image.tree
    assert read_registry(shop.host, "team/app", image.digest) == image
    assert {path.rpartition("/")[0] for path, _ in shop.asked} == {"/v2/team/app/manifests", "/v2/team/app/blobs"}


def test_a_platform_of_an_index(shop: Shop) -> None:
    blobs = Blobs()
    items = []
    for machine in ("amd64", "arm64"):
        item = blobs.image([layer(member(machine))], architecture=machine)
        items.append({**item, "platform": {"os": "linux", "architecture": machine}})
    shop.blobs |= blobs.data
    shop.manifests |= {item["digest"]: blobs.data[item["digest"]] for item in items}
    shop.put("many", blobs.index(*items))
    assert b"arm64" in read_registry(shop.host, "team/app", "many", platform="linux/arm64/v8").tree
    assert refused(shop, "many", platform="linux/s390x").code == "EM907"


def test_what_is_not_there(shop: Shop) -> None:
    error = refused(shop, "2")
    assert (error.code, error.fields["image"]) == ("EM912", f"{shop.host}/team/app:2")


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_login(shop: Shop, home: Path, scheme: str) -> None:
    shop.login, shop.scheme = "me:secret", scheme
    error = refused(shop)
    assert (error.code, error.fields["registry"]) == ("EM911", shop.host)
    log_in(home, shop)
    assert read_registry(shop.host, "team/app", "1").config.user == "web"
    log_in(home, shop, "me:wrong")
    assert refused(shop).code == "EM911"
    assert "wrong" not in repr(refused(shop))


def test_the_reason_that_a_registry_gives(shop: Shop) -> None:
    shop.login, shop.scheme = "me:secret", "Basic"
    assert refused(shop).fields["reason"] == "authentication required"


def test_an_identity_token(shop: Shop, home: Path) -> None:
    shop.identity_token = "long-lived"
    log_in(home, shop, "", identitytoken="long-lived")
    assert read_registry(shop.host, "team/app", "1").config.user == "web"


@pytest.mark.parametrize(
    ("plain", "challenge", "what"),
    [
        (False, 'Bearer realm="http://r.example.com/token"', "its login http://r.example.com/token is not encrypted"),
        (True, 'Basic realm="x"', "credentials would travel unencrypted"),
    ],
)
def test_no_credentials_travel_unencrypted(home: Path, plain: bool, challenge: str, what: str) -> None:
    log_in(home, Shop(host="r.example.com"))
    with pytest.raises(VerifyError) as caught:
        Registry(parse("r.example.com/app"), plain_http=plain)._answer(challenge)
    assert (caught.value.code, caught.value.fields["what"]) == ("EM913", what)


def test_credentials_do_not_follow_a_redirection(shop: Shop, home: Path) -> None:
    shop.login = "me:secret"
    log_in(home, shop)
    with serving(Shop(blobs=shop.blobs)) as other:
        shop.elsewhere = other.host
        assert read_registry(shop.host, "team/app", "1").config.user == "web"
        assert other.asked
        assert not [headers for _, headers in other.asked if "Authorization" in headers]


def test_a_redirection_to_plain_http_is_not_followed() -> None:
    handler = registry._Redirects(False, "r.example.com/app:1")
    request = Request("https://r.example.com/v2/app/blobs/x")
    with pytest.raises(VerifyError) as caught:
        handler.redirect_request(request, None, 307, "", {}, "http://cdn.example.com/x")
    assert caught.value.code == "EM913"
    followed = handler.redirect_request(request, None, 307, "", {}, "/other")
    assert followed is not None
    assert followed.full_url == "https://r.example.com/other"


def test_a_blob_that_breaks_off(shop: Shop) -> None:
    shop.broken = True
    assert refused(shop).code in ("EM904", "EM910")


def test_damage_on_the_way(shop: Shop) -> None:
    for name, data in shop.blobs.items():
        if data[:2] == b"\x1f\x8b":
            shop.blobs[name] = data[:-1] + b"?"
    assert refused(shop).code == "EM903"


def test_a_manifest_that_is_another(shop: Shop) -> None:
    wanted = "sha256:" + "0" * 64
    shop.manifests[wanted] = shop.manifests["1"]
    assert refused(shop, wanted).code == "EM903"


def test_a_busy_registry_is_asked_again(shop: Shop) -> None:
    shop.busy = 2
    assert read_registry(shop.host, "team/app", "1").config.user == "web"
    shop.busy = 3
    error = refused(shop)
    assert (error.code, error.fields["reason"]) == ("EM910", "it answers 503 Service Unavailable")


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(VerifyError) as caught:
        read_registry(host, "app", "1")
    assert caught.value.code == "EM910"
    assert "refused" in str(caught.value.fields["reason"])


def test_plain_http_is_for_this_machine_only(shop: Shop) -> None:
    """Another host is asked over HTTPS: this one here does not speak it."""
    assert refused(shop, plain_http=False).code == "EM910"


def test_a_proxy_is_not_asked_for_this_machine(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert read_registry(shop.host, "team/app", "1").config.user == "web"


def test_a_digest_that_is_none_is_not_asked_for(shop: Shop) -> None:
    manifest = json.loads(shop.manifests["1"])
    manifest["layers"][0]["digest"] = "sha256:../../../secrets"
    shop.put("odd", json.dumps(manifest).encode())
    assert refused(shop, "odd").code == "EM909"


def test_no_answer_that_is_no_registry(shop: Shop) -> None:
    shop.put("page", b"<html>")
    assert refused(shop, "page").code == "EM909"
    shop.put("artifact", b'{"schemaVersion": 1, "fsLayers": []}')
    assert refused(shop, "artifact").code == "EM914"


def test_the_digest_of_an_image(shop: Shop) -> None:
    assert Registry(parse(f"{shop.host}/team/app:1")).top()[1] == digest(shop.manifests["1"])
