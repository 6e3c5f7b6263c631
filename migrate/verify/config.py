"""The config blob of an image, as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from migrate.verify.errors import VerifyError
from migrate.verify.model import Healthcheck, ImageConfig

_OUTER = {"os", "architecture", "variant", "author", "config", "rootfs"}
_INNER = {
    "Env",
    "Cmd",
    "Entrypoint",
    "User",
    "WorkingDir",
    "Labels",
    "ExposedPorts",
    "Volumes",
    "Healthcheck",
    "StopSignal",
    "Shell",
    "OnBuild",
}
"""The fields that ``ImageConfig`` names; rootfs only lists the layers."""


class Malformed(Exception):
    """A part of a JSON document that is not what it must be; the text says which."""


def read_config(blob: bytes, where: str) -> tuple[ImageConfig, tuple[str, ...]]:
    """The config and the digests of the unpacked layers (``diff_ids``). ``where`` names the image in errors."""
    try:
        data = json_object(blob)
        inner = _object(data.get("config"), "config")
        rootfs = _object(data.get("rootfs"), "rootfs")
        return _config(data, inner), _strings(rootfs.get("diff_ids"), "rootfs.diff_ids")
    except Malformed as error:
        raise VerifyError("EM909", image=where, what="config", reason=error) from None


def json_object(blob: bytes) -> dict[str, Any]:
    """``blob`` as a JSON object. Raises Malformed."""
    try:
        return _object(json.loads(blob), "the whole")
    except (ValueError, RecursionError) as error:
        raise Malformed(f"no JSON: {error}") from None


def _config(data: Mapping[str, Any], inner: Mapping[str, Any]) -> ImageConfig:
    return ImageConfig(
        os=_text(data, "os"),
        architecture=_text(data, "architecture"),
        variant=_text(data, "variant"),
        author=_text(data, "author"),
        env=_strings(inner.get("Env"), "Env"),
        cmd=_strings(inner.get("Cmd"), "Cmd"),
        entrypoint=_strings(inner.get("Entrypoint"), "Entrypoint"),
        user=_text(inner, "User"),
        working_dir=_text(inner, "WorkingDir"),
        labels={name: str(value) for name, value in _object(inner.get("Labels"), "Labels").items()},
        exposed_ports=frozenset(_object(inner.get("ExposedPorts"), "ExposedPorts")),
        volumes=frozenset(_object(inner.get("Volumes"), "Volumes")),
        healthcheck=_healthcheck(_object(inner.get("Healthcheck"), "Healthcheck")),
        stop_signal=_text(inner, "StopSignal"),
        shell=_strings(inner.get("Shell"), "Shell"),
        on_build=_strings(inner.get("OnBuild"), "OnBuild"),
        others={**_rest(inner, _INNER, ""), **_rest(data, _OUTER, ".")},
    )


def _healthcheck(data: Mapping[str, Any]) -> Healthcheck | None:
    numbers = (_number(data, name) for name in ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"))
    found = Healthcheck(_strings(data.get("Test"), "Healthcheck.Test"), *numbers)
    return found if any(found) else None


def _rest(data: Mapping[str, Any], known: set[str], before: str) -> dict[str, str]:
    unknown = [(name, value) for name, value in data.items() if value and name not in known]
    return {before + name: json.dumps(value, sort_keys=True) for name, value in unknown}


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"{name} is not an object")
    return value or {}


def _strings(value: Any, name: str) -> tuple[str, ...]:
    # Old images hold a lone text where newer ones hold a list.
    items = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Malformed(f"{name} is not a list of texts")
    return tuple(items)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    return value or ""


def _number(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if value is not None and not isinstance(value, int):
        raise Malformed(f"Healthcheck.{name} is not a whole number")
    return value or 0
