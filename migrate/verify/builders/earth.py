"""``earth`` (EarthBuild) and ``earthly``: the image of a target, by way of an engine or of a registry.

What is built is a target of our own, ``FROM`` the one that is asked for and saved under a name that nobody else uses:
what the user's Earthfile saves or pushes itself is not done, because only BUILD takes that along (earthfile2llb,
prepBuildTarget), and ``--strict`` forbids LOCALLY.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from migrate.verify.builders import (
    CLEANING,
    QUESTION,
    Built,
    EarthfileBuild,
    Registry,
    Tool,
    first_line,
    run_build,
)
from migrate.verify.builders.engine import Engine, unique_name
from migrate.verify.errors import VerifyError
from migrate.verify.processes import Runner

TARGET = "verified"
_CONFIG_VARIABLES = ("EARTH_CONFIG", "EARTHLY_CONFIG")
_OFF = ("CI", "PUSH", "OUTPUT", "NO_OUTPUT", "INTERACTIVE", "NO_CACHE", "AUTO_SKIP")
"""Settings in the environment that would change what is built or where it goes."""
_PATHS = ("tlsca", "tlsca_key", "tlscert", "tlskey", "buildkitd_tlscert", "buildkitd_tlskey")
"""Settings that are relative to the folder of the file they stand in."""


@dataclass(frozen=True, slots=True)
class Earth:
    """``program`` is earth or earthly; ``address`` its BuildKit daemon, None: what the user's settings say.

    The image goes to ``registry``, ``HOST[:PORT][/PREFIX]``, or else into ``engine``.
    """

    program: str
    address: str | None = None
    registry: str | None = None
    engine: Engine | None = None
    labels: bool = True

    def tool(self, runner: Runner) -> Tool:
        """Name and version. A build of one's own has none."""
        text = runner.within(QUESTION).output([self.program, "--version"])
        if text is None:
            raise VerifyError("EM922", program=self.program, reason="it fails when asked for its version")
        if self.registry is None and self.engine is None:
            raise VerifyError("EM926", program=Path(self.program).stem)
        # A build of one's own says no version, but then that of the system follows.
        found = re.match(r"\S+ version v?(\d\S*)", first_line(text))
        return Tool(Path(self.program).stem, found[1] if found else "")

    def build(self, asked: EarthfileBuild, archive: Path, runner: Runner) -> Built:
        """Build and leave the image in the registry, or save it from the engine to ``archive``."""
        with tempfile.TemporaryDirectory(prefix="earthmigrate-earth-", dir=asked.folder) as private:
            if self.registry is not None:
                image = _place(self.registry)
                self._run(asked, image.name, Path(private), runner)
                return Built(image)
            assert self.engine is not None
            name = unique_name()
            try:
                self._run(asked, name, Path(private), runner)
                self.engine.save(name, archive, runner)
            finally:
                self.engine.remove(name, runner)
            return Built(archive)

    def _run(self, asked: EarthfileBuild, name: str, private: Path, runner: Runner) -> None:
        # Started in our folder: earth reads .env, .arg and .secret where it is started.
        command = self.command(asked, name, private)
        environment = self._environment(private)
        run_build(runner, command, what="the Earthfile", environment=environment, folder=asked.folder)

    def _environment(self, private: Path) -> dict[str, str | None]:
        prefix = "EARTHLY" if "earthly" in Path(self.program).stem else "EARTH"
        return {
            "NO_COLOR": "1",
            **{f"{tool}_{name}": None for tool in ("EARTH", "EARTHLY") for name in _OFF},
            # A daemon of one's own need not have the registry from which the engine would pull; a tar always does.
            f"{prefix}_DISABLE_REMOTE_REGISTRY_PROXY": "true",
            # What it writes on the way to an engine goes with the folder.
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(private)),
            **_path_to(self.engine, os.environ.get("PATH", "")),
        }

    def discard(self, built: Built) -> bool:
        """Remove a pushed image; a registry may forbid that."""
        if not isinstance(built.image, Registry):
            return True
        from migrate.verify.builders.registry import remove

        return remove(built.image, "http" if is_loopback(built.image.host) else "https", CLEANING)

    def command(self, asked: EarthfileBuild, name: str, private: Path) -> list[str]:
        """The whole command line, after writing what it refers to into ``private`` and ``asked.folder``."""
        inputs = asked.inputs
        (asked.folder / "Earthfile").write_text(self._earthfile(asked.reference, name), encoding="utf-8")
        command = [self.program, "--strict"]
        if config := configuration(self.address, self.engine, os.environ, Path.home()):
            (private / "config.yml").write_text(config, encoding="utf-8")
            command += ["--config", str(private / "config.yml")]
        command += ["--buildkit-host", self.address] if self.address is not None else []
        command += ["--push", "--no-output"] if self.registry is not None else []
        command += ["--no-cache"] if inputs.no_cache else []
        command += ["--platform", inputs.platform] if inputs.platform is not None else []
        for number, secret in enumerate(inputs.secrets):
            file = secret.file
            if secret.variable is not None:
                file = private / f"secret-{number}"
                with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    out.write(os.fsencode(os.environ[secret.variable]))
            command += ["--secret-file", f"{secret.id}={file}"]
        return [*command, f"+{TARGET}", *(f"--{key}={value}" for key, value in inputs.arguments)]

    def _earthfile(self, reference: str, name: str) -> str:
        version = "" if self.labels else "--allow-without-earthly-labels "
        flags = ["--push"] if self.registry is not None else []
        flags += ["--insecure"] if self.registry is not None and is_loopback(self.registry) else []
        flags += [] if self.labels else ["--without-earthly-labels"]
        save = " ".join(["SAVE IMAGE", *flags, name])
        return f"VERSION {version}0.8\n\n{TARGET}:\n    FROM --pass-args {reference}\n    {save}\n"


def _path_to(engine: Engine | None, path: str) -> dict[str, str | None]:
    """PATH with the folder of ``engine`` in front, where it is not in it: earth starts engines by their names."""
    folder = os.path.dirname(engine.program) if engine is not None else ""
    return {} if not folder or folder in path.split(os.pathsep) else {"PATH": os.pathsep.join((folder, path))}


def configuration(address: str | None, engine: Engine | None, environment: Mapping[str, str], home: Path) -> str | None:
    """The text of a configuration for earth, None when the user's own does.

    earth speaks TLS with every daemon at a ``tcp://`` address unless a configuration file says otherwise, and that file
    is the only way to say it; and it prefers docker to podman.
    """
    before, folder = _own_configuration(environment, home)
    settings = before.get("global") if isinstance(before.get("global"), dict) else {}
    assert isinstance(settings, dict)
    changes: dict[str, Any] = {}
    host = address or environment.get("EARTH_BUILDKIT_HOST") or environment.get("EARTHLY_BUILDKIT_HOST")
    if host and host.startswith("tcp://") and is_loopback(host[6:]) and "tls_enabled" not in settings:
        changes["tls_enabled"] = False
    if engine is not None and engine.kind == "podman" and "container_frontend" not in settings:
        changes["container_frontend"] = "podman-shell"
    if not changes:
        return None
    rooted = {name: str(folder / settings[name]) for name in _PATHS if isinstance(settings.get(name), str)}
    return _yaml({**before, "global": {**settings, **rooted, **changes}})


def _own_configuration(environment: Mapping[str, str], home: Path) -> tuple[dict[str, Any], Path]:
    named = next((environment[name] for name in _CONFIG_VARIABLES if environment.get(name)), None)
    files = [Path(named)] if named else [home / ".earthly" / "config.yml", home / ".earthly" / "config.yaml"]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            data = YAML(typ="safe", pure=True).load(text)
        except YAMLError as error:
            raise VerifyError("EM922", program=str(file), reason=first_line(str(error))) from None
        return (data if isinstance(data, dict) else {}), file.parent
    return {}, home / ".earthly"


def _yaml(data: Mapping[str, Any]) -> str:
    """YAML is a superset of JSON."""
    import json

    return json.dumps(data, default=str) + "\n"


def _place(registry: str) -> Registry:
    host, _, prefix = registry.partition("/")
    parts = [part for part in (prefix.strip("/"), "earthmigrate-verify", secrets.token_hex(8)) if part]
    return Registry(host, "/".join(parts), "latest")


def is_loopback(address: str) -> bool:
    """Whether ``HOST[:PORT][/...]`` is this machine."""
    try:
        host = urlsplit(f"//{address}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
