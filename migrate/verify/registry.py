"""Images in a registry, over HTTP as the OCI distribution specification describes it."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import re
import time
from typing import IO, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from migrate import __version__
from migrate.verify import credentials
from migrate.verify.errors import VerifyError
from migrate.verify.manifests import ACCEPT, Descriptor
from migrate.verify.model import Image
from migrate.verify.reading import Progress, read_image
from migrate.verify.reference import Reference, checked
from migrate.verify.sources import read_small

_TIMEOUT = 60
_BUSY = (429, 502, 503, 504)
_WAITS = (1, 3)
"""Seconds before the second and the third try of a request that a busy registry turned down."""
_PARAMETER = re.compile(r'([A-Za-z_]+)="((?:[^"\\]|\\.)*)"')


def read_registry(
    host: str,
    repository: str,
    wanted: str,
    *,
    platform: str | None = None,
    plain_http: bool | None = None,
    progress: Progress | None = None,
) -> Image:
    """The image ``host/repository``, ``wanted`` being its tag or digest. Raises VerifyError."""
    source = Registry(checked(Reference(host, repository, wanted)), plain_http=plain_http)
    return read_image(source, platform=platform, progress=progress)


class Registry:
    """One image in a registry. ``plain_http`` None: only for a registry on this machine."""

    def __init__(self, image: Reference, *, plain_http: bool | None = None) -> None:
        self.where = str(image)
        self._reference = image
        self._plain = image.is_local if plain_http is None else plain_http
        self._opener = _opener(image, self._plain)
        self._authorization = ""

    def top(self) -> tuple[bytes, str]:
        """The manifest or index of the tag, and its digest."""
        wanted = self._reference.wanted
        with self._get(f"manifests/{wanted}", ", ".join(ACCEPT)) as response:
            body = read_small(cast("IO[bytes]", _Body(response, self)))
        found = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if wanted.startswith("sha256:") and found != wanted:
            raise VerifyError("EM903", image=self.where, what="its manifest", found=found, expected=wanted)
        return body, found

    def open(self, blob: Descriptor) -> IO[bytes]:
        """A blob's or a manifest's bytes as they arrive."""
        if not re.fullmatch(r"sha(256|384|512):[0-9a-f]{64,128}", blob.digest):
            raise VerifyError("EM909", image=self.where, what="manifest", reason=f"{blob.digest} is no digest")
        kind, accept = ("manifests", blob.media_type) if blob.media_type in ACCEPT else ("blobs", "*/*")
        return cast("IO[bytes]", _Body(self._get(f"{kind}/{blob.digest}", accept), self))

    def unreachable(self, reason: object) -> VerifyError:
        """The error for a connection that fails."""
        return VerifyError("EM910", registry=self._reference.host, image=self.where, reason=reason)

    def _get(self, path: str, accept: str) -> http.client.HTTPResponse:
        scheme = "http" if self._plain else "https"
        url = f"{scheme}://{self._reference.server}/v2/{self._reference.repository}/{path}"
        response = self._tried(url, accept)
        if response.status == 401:
            challenge = response.headers.get("WWW-Authenticate", "")
            response.close()
            self._authorization = self._answer(challenge)
            response = self._tried(url, accept)
        if response.status == 200:
            return response
        with response:
            raise self._refused(response)

    def _tried(self, url: str, accept: str) -> http.client.HTTPResponse:
        for wait in _WAITS:
            response = self._send(url, accept, self._authorization)
            if response.status not in _BUSY:
                return response
            response.close()
            time.sleep(wait)
        return self._send(url, accept, self._authorization)

    def _send(self, url: str, accept: str, authorization: str, data: bytes | None = None) -> http.client.HTTPResponse:
        request = Request(url, data, {"Accept": accept, "User-Agent": f"earthmigrate/{__version__}"})
        if authorization:
            # Not for the host that a registry may redirect to.
            request.add_unredirected_header("Authorization", authorization)
        try:
            return cast("http.client.HTTPResponse", self._opener.open(request, timeout=_TIMEOUT))
        except HTTPError as error:
            return cast("http.client.HTTPResponse", error)
        except URLError as error:
            raise self.unreachable(error.reason) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self.unreachable(error or type(error).__name__) from None

    def _refused(self, response: http.client.HTTPResponse) -> VerifyError:
        if response.status == 404:
            return VerifyError("EM912", image=self.where, registry=self._reference.host)
        said = _message(response) or response.reason
        if response.status in (401, 403):
            return VerifyError("EM911", image=self.where, registry=self._reference.host, reason=said)
        return self.unreachable(f"it answers {response.status} {said}")

    def _answer(self, challenge: str) -> str:
        """The Authorization header that a challenge asks for."""
        known = credentials.find(self._reference.host)
        if known and self._plain and not self._reference.is_local:
            raise VerifyError("EM913", image=self.where, what="credentials would travel unencrypted")
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return known.basic if known else ""
        parameters = dict(_PARAMETER.findall(rest)) if scheme.lower() == "bearer" else {}
        return "Bearer " + self._token(parameters, known) if "realm" in parameters else ""

    def _token(self, parameters: dict[str, str], known: credentials.Credentials | None) -> str:
        realm = parameters["realm"]
        if not realm.startswith("https://") and not (self._plain and realm.startswith("http://")):
            raise VerifyError("EM913", image=self.where, what=f"its login {realm} is not encrypted")
        query = {"service": parameters.get("service", ""), "scope": parameters.get("scope") or self._scope()}
        if known and known.identity_token:
            query.update(grant_type="refresh_token", client_id="earthmigrate", refresh_token=known.identity_token)
            response = self._send(realm, "*/*", "", urlencode(query).encode())
        else:
            separator = "&" if urlsplit(realm).query else "?"
            response = self._send(realm + separator + urlencode(query), "*/*", known.basic if known else "")
        with response:
            if response.status != 200:
                raise self._refused(response)
            return _text_in(_small_json(response), "token", "access_token")

    def _scope(self) -> str:
        return f"repository:{self._reference.repository}:pull"


class _Body(io.RawIOBase):
    """A response's bytes; a connection that breaks is a VerifyError."""

    def __init__(self, response: http.client.HTTPResponse, registry: Registry) -> None:
        super().__init__()
        self._response = response
        self._registry = registry

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._response.readinto(buffer)
        except (OSError, http.client.HTTPException) as error:
            raise self._registry.unreachable(error or type(error).__name__) from None

    def close(self) -> None:
        self._response.close()
        super().close()


class _Redirects(HTTPRedirectHandler):
    """Follows redirections, as blobs often need, but not from https to http."""

    def __init__(self, plain: bool, image: str) -> None:
        self._plain = plain
        self._image = image

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        target = urljoin(req.full_url, newurl)
        if not self._plain and not target.startswith("https://"):
            what = f"it redirects to {urlsplit(target).netloc} without encryption"
            raise VerifyError("EM913", image=self._image, what=what)
        return super().redirect_request(req, fp, code, msg, headers, target)


def _opener(image: Reference, plain: bool) -> OpenerDirector:
    # A proxy cannot reach what listens on this machine alone.
    proxies = [ProxyHandler({})] if image.is_local else []
    return build_opener(_Redirects(plain, str(image)), *proxies)


def _small_json(response: http.client.HTTPResponse) -> dict[str, Any]:
    try:
        data = json.loads(response.read(1 << 20))
    except (ValueError, OSError, http.client.HTTPException, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _text_in(data: dict[str, Any], *names: str) -> str:
    return next((str(data[name]) for name in names if data.get(name)), "")


def _message(response: http.client.HTTPResponse) -> str:
    """What the registry says of an error: ``{"errors": [{"message": ...}]}``."""
    errors = _small_json(response).get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return _text_in(first, "message", "code")
