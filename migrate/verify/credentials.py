"""The user's own registry credentials, where docker and podman keep them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_DOCKER_HUB = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
_HELPER = re.compile(r"[A-Za-z0-9_.-]+")
_TIMEOUT = 30


class Credentials(NamedTuple):
    """A name and a password; or an identity token, to be exchanged, and no password."""

    user: str
    password: str = ""
    identity_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.user!r}, ...)"  # never into a log or a traceback

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def find(host: str) -> Credentials | None:
    """What the user's configuration holds for the registry ``host``, None for nothing that can be read.

    A file that is damaged counts as absent: the registry then says that it wants credentials.
    """
    names = _DOCKER_HUB if host in _DOCKER_HUB else (host, f"https://{host}", f"https://{host}/v2/", f"http://{host}")
    for config in _configs():
        helpers, auths = _object(config, "credHelpers"), _object(config, "auths")
        helper = next((helpers[name] for name in names if name in helpers), config.get("credsStore"))
        for name in names:
            found = _helped(helper, name) if helper else None
            found = found or _written(_object(auths, name))
            if found:
                return found
    return None


def _configs() -> Iterator[Mapping[str, Any]]:
    """docker's file first, then podman's."""
    home = os.path.expanduser("~")
    runtime, chosen = os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("REGISTRY_AUTH_FILE")
    paths = [os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.join(home, ".docker"), "config.json")]
    paths += [chosen] if chosen else []
    paths += [os.path.join(runtime, "containers", "auth.json")] if runtime else []
    for path in paths:
        try:
            data = json.loads(Path(path).read_bytes())
        except (OSError, ValueError, RecursionError):
            continue  # absent, or not ours to mend
        if isinstance(data, dict):
            yield data


def _written(entry: Mapping[str, Any]) -> Credentials | None:
    try:
        text = base64.b64decode(str(entry.get("auth", ""))).decode()
    except ValueError:
        return None  # no Base64, or no text
    user, _, password = text.partition(":")
    token = str(entry.get("identitytoken") or "")
    return Credentials(user, password.rstrip("\0"), token) if text or token else None


def _helped(helper: object, host: str) -> Credentials | None:
    """What ``docker-credential-<helper>`` knows of ``host``."""
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        return None
    try:
        command = [f"docker-credential-{helper}", "get"]
        done = subprocess.run(command, input=host.encode(), capture_output=True, timeout=_TIMEOUT, check=True)
        data = json.loads(done.stdout)
        user, secret = str(data["Username"]), str(data["Secret"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None  # the helper is not installed, or has nothing for this host
    return Credentials("", "", secret) if user == "<token>" else Credentials(user, secret)


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}
