"""A small registry on loopback that tests start, with the moods that real ones have."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import loopback
from imagefiles import digest


@dataclass
class Shop:
    """What the registry holds, how it behaves, and what it was asked.

    ``login`` is ``user:password`` when one is wanted; ``scheme`` says how: Basic or Bearer. ``broken`` cuts every blob
    short, ``busy`` answers so many requests with 503, ``elsewhere`` sends whoever asks for a blob to that host.
    """

    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    login: str = ""
    scheme: str = "Bearer"
    realm: str = ""
    identity_token: str = ""
    broken: bool = False
    busy: int = 0
    elsewhere: str = ""
    host: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, tag: str, manifest: bytes) -> None:
        """Keep ``manifest`` under its digest and ``tag``."""
        self.manifests[tag] = self.manifests[digest(manifest)] = manifest


@contextmanager
def serving(shop: Shop) -> Iterator[Shop]:
    """``shop`` open for business; its ``host`` says where."""

    class Handler(_Handler):
        goods = shop

    with loopback.listening(Handler) as shop.host:
        yield shop


class _Handler(BaseHTTPRequestHandler):
    goods: Shop

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.goods.asked.append((self.path, {"form": str(sorted(form))}))
        known = form.get("refresh_token") == [self.goods.identity_token]
        self._answer(200 if known else 401, json.dumps({"access_token": "key"} if known else {}).encode())

    def do_GET(self) -> None:
        shop = self.goods
        shop.asked.append((self.path, dict(self.headers)))
        path = urlsplit(self.path).path
        if path == "/token":
            self._token()
        elif shop.busy:
            shop.busy -= 1
            self._answer(503, b"later")
        elif not self._welcome():
            challenge = f'{shop.scheme} realm="{shop.realm or f"http://{shop.host}/token"}",service="shop"'
            body = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}).encode()
            self._answer(401, body, {"WWW-Authenticate": challenge})
        else:
            self._goods(path)

    def _token(self) -> None:
        basic = "Basic " + base64.b64encode(self.goods.login.encode()).decode()
        known = self.headers.get("Authorization") == basic
        self._answer(200 if known else 401, json.dumps({"token": "key"} if known else {}).encode())

    def _welcome(self) -> bool:
        shop = self.goods
        key = "Bearer key" if shop.scheme == "Bearer" else "Basic " + base64.b64encode(shop.login.encode()).decode()
        return not (shop.login or shop.identity_token) or self.headers.get("Authorization") == key

    def _goods(self, path: str) -> None:
        kind, name = path.split("/")[-2:]
        found = (self.goods.manifests if kind == "manifests" else self.goods.blobs).get(name)
        if found is None:
            self._answer(404, json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]}).encode())
        elif kind == "blobs" and self.goods.elsewhere:
            self._answer(307, b"", {"Location": f"http://{self.goods.elsewhere}{self.path}"})
        else:
            self._answer(200, found, cut=kind == "blobs" and self.goods.broken)

    def _answer(self, code: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
