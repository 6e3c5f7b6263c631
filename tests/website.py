"""The internet of the test daemons: a proxy on loopback that answers for every host itself.

A file is a text that names its URL (an archive that holds it, where the name says ``.tar.gz``); what lies below a path
that ends in ``.git`` is one small Git repository with fixed commits. TLS works, with a certificate authority made for
the run. So an ADD of a URL or of a repository is built for real, and nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import ssl
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import loopback
import trustme

GIT = shutil.which("git") or "git"
MISSING = "/missing"
"""A path that no host has."""
_IDENTITY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "x"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "x@example.com"),
    **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2020-02-03T04:05:06+00:00"),
}
TAGS = ("v1.0", "v0.10.1")


@dataclass
class Website:
    """Where the proxy listens, and what makes a program use and trust it. ``folder`` holds its files."""

    folder: Path
    address: str = ""
    authority: trustme.CA = field(default_factory=trustme.CA)
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    def environment(self, path: str) -> dict[str, str]:
        """The variables of a daemon whose programs are found on ``path``.

        BuildKit hands hardly anything but PATH to git (util/gitutil/git_cli.go), so a ``git`` stands in front of the
        real one and brings proxy and certificate.
        """
        proxy = f"http://{self.address}"
        trusted = str(self.folder / "authority.pem")
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        return {
            **dict.fromkeys(names, proxy),
            "SSL_CERT_FILE": trusted,
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{path}",
        }

    def tls(self, host: str) -> ssl.SSLContext:
        """The server's side of TLS for ``host``."""
        if host not in self.contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.authority.issue_cert(host).configure_cert(context)
            self.contexts[host] = context
        return self.contexts[host]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Website]:
    """The website, with its files in ``folder``, until the block ends."""
    website = Website(folder)
    folder.mkdir()
    website.authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    (folder / "bin").mkdir()
    repository(folder / "any.git")

    class Handler(_Handler):
        site = website

    with loopback.listening(Handler) as website.address:
        wrapper(website)
        yield website


def wrapper(website: Website) -> None:
    """A program ``git`` that uses and trusts the website."""
    proxy, trusted = f"http://{website.address}", website.folder / "authority.pem"
    program = website.folder / "bin" / "git"
    settings = f"http_proxy={proxy} https_proxy={proxy} GIT_SSL_CAINFO={trusted}"
    program.write_text(f'#!/bin/sh\n{settings} exec {GIT} "$@"\n', encoding="utf-8")
    program.chmod(0o755)


def repository(place: Path) -> str:
    """The repository that every host has, bare at ``place``: two commits on main, the first one tagged; gives its id.

    It is the same everywhere: names, dates and files are fixed.
    """
    work = place.with_suffix(".work")

    def git(*arguments: str) -> str:
        command = [GIT, "-C", str(work), "-c", "core.autocrlf=false", "-c", "core.fileMode=true", *arguments]
        environment = {**os.environ, **_IDENTITY}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    work.mkdir()
    git("init", "--quiet", "--initial-branch=main", "--template=")
    for name, text in {"README": "one\n", "cmd/run.sh": "#!/bin/sh\necho run\n", "docs/guide.txt": "guide\n"}.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_bytes(text.encode())
    (work / "cmd" / "run.sh").chmod(0o755)
    (work / "docs" / "link").symlink_to("guide.txt")
    git("add", "--all")
    git("commit", "--quiet", "--message", "one")
    for tag in TAGS:
        git("tag", tag)
    first = git("rev-parse", "HEAD")
    (work / "README").write_bytes(b"two\n")
    git("commit", "--quiet", "--all", "--message", "two")
    git("clone", "--quiet", "--bare", "--template=", str(work), str(place))
    for name in ("allowAnySHA1InWant", "allowFilter"):
        subprocess.run([GIT, "-C", str(place), "config", f"uploadpack.{name}", "true"], check=True)
    shutil.rmtree(work)
    return first


def file(url: str) -> bytes:
    """What a URL that is no repository holds."""
    text = f"{url}\n".encode()
    if not urlsplit(url).path.endswith((".tar.gz", ".tgz")):
        return text
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w") as archive,
    ):
        entry = tarfile.TarInfo("packed/url.txt")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


class _Handler(BaseHTTPRequestHandler):
    """One connection: requests with whole URLs, or a tunnel that ends here and then speaks TLS."""

    site: Website
    protocol_version = "HTTP/1.1"
    origin = ""

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        self.send_response(200, "connected")
        self.end_headers()
        self.connection = self.site.tls(host).wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.origin = f"https://{host}"
        self.close_connection = False

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes only the socket that it has given

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = f"{self.origin}{self.path}"
        path = urlsplit(url).path
        _, dot, rest = path.partition(".git/")
        if dot and rest:
            headers, content = self._git(f"/any.git/{rest}", urlsplit(url).query, body)
            self._send(200, headers, content)
        elif path == MISSING or path.startswith("/v2/"):  # there is no registry here
            self._send(404, {}, b"")
        else:
            self._send(200, {"Content-Type": "application/octet-stream"}, file(url))

    def _send(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _git(self, path: str, query: str, body: bytes) -> tuple[dict[str, str], bytes]:
        """What git's own server answers (git-http-backend(1))."""
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.site.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run([GIT, "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")]
        return {name: value for name, _, value in lines if name != "Status"}, content

    def log_message(self, format: str, *args: object) -> None:
        """The tests' output is not a log."""
