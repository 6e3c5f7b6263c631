from __future__ import annotations

import io
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import website
from website import Website

COMMIT = "f8e614f76aa9b27353e74e77c8bf5fa4bfcefd38"
"""The tagged commit: golden pairs name it."""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("git") is None, reason="git's wrapper is a shell script"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Website]:
    with website.serving(tmp_path_factory.mktemp("site") / "files") as found:
        yield found


def fetched(site: Website, url: str) -> bytes:
    proxies = urllib.request.ProxyHandler(dict.fromkeys(("http", "https"), f"http://{site.address}"))
    trusting = ssl.create_default_context(cafile=str(site.folder / "authority.pem"))
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=trusting))
    with opener.open(url, timeout=10) as answer:
        content: bytes = answer.read()
    return content


@pytest.mark.parametrize("url", ["http://example.com/a", "https://example.com/a%20b?c=d", "https://other.example/"])
def test_a_file_names_its_url(site: Website, url: str) -> None:
    assert fetched(site, url) == f"{url}\n".encode()


def test_an_archive_holds_that_file(site: Website) -> None:
    url = "https://example.com/tool.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(fetched(site, url))) as archive:
        packed = archive.extractfile("packed/url.txt")
        assert packed is not None
        assert packed.read() == f"{url}\n".encode()


def test_some_things_are_nowhere(site: Website) -> None:
    for path in (website.MISSING, "/v2/library/alpine/manifests/latest"):
        with pytest.raises(urllib.error.HTTPError, match="404") as raised:
            fetched(site, f"https://example.com{path}")
        raised.value.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_any_repository_is_cloned(site: Website, scheme: str, tmp_path: Path) -> None:
    environment = {**os.environ, **site.environment(os.environ["PATH"]), "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "clone", "--quiet", "--depth=1", "--branch=v1.0", f"{scheme}://git.example.com/team/app.git", "x"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "x" / "README").read_text() == "one\n"
    head = subprocess.run(["git", "-C", "x", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True)
    assert head.stdout.decode().strip() == COMMIT
