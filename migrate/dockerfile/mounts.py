"""``RUN --mount`` and ``--device``: the comma-separated form, and what BuildKit accepts in it.

Source: instructions/commands_runmount.go, commands_rundevice.go, go-csvvalue and go-units. Values are not expanded
here: what holds a variable is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import TypeAlias

from migrate.dockerfile.errors import suggestion
from migrate.dockerfile.gotext import TRUTHS, lower
from migrate.dockerfile.words import parse_word
from migrate.words import literal_text

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARING = ("shared", "private", "locked")
FLAG_KEYS = ("readonly", "ro", "readwrite", "rw")
KEYS = (
    *("type", "from", "source", "src", "target", "dst", "destination", *FLAG_KEYS),
    *("required", "size", "id", "sharing", "mode", "uid", "gid", "env"),
)
_OWNED = ("secret", "ssh", "cache")

Options: TypeAlias = tuple[tuple[str, str | None], ...]


class MountError(Exception):
    """A mount that BuildKit refuses; its text says why."""


def csv_fields(text: str) -> list[str]:
    """The fields of one line of comma-separated values; raises MountError for an empty line or stray quotes."""
    if not text:
        raise MountError("it is empty")
    fields: list[str] = []
    position = 0
    while True:
        if text.startswith('"', position):
            field, position = _quoted(text, position + 1)
        else:
            comma = text.find(",", position)
            end = len(text) if comma < 0 else comma
            field, position = text[position:end], end
            if '"' in field:
                raise MountError("a quote stands inside a field")
        fields.append(field)
        if position >= len(text):
            return fields
        position += 1


def parse_options(text: str) -> Options:
    """The options of a ``--mount`` value in order, keys lower-cased, bare ones with None; raises MountError."""
    options = []
    for field in csv_fields(text):
        key, equals, value = field.partition("=")
        key = lower(key)
        dollar = value.find("$")
        if key == "from" and dollar not in (-1, len(value) - 1):
            raise MountError("'from' takes no variable: name a stage for it instead")
        options.append((key, value if equals else None))
    return tuple(options)


def mount_type(options: Options, escape: str) -> str | None:
    """The type that the options ask for (``bind`` by default), None when a variable decides."""
    found: str | None = "bind"
    for key, value in options:
        if key == "type" and value is not None:
            text = literal_text(parse_word(value, escape))
            found = None if text is None else lower(text)
    return found


def check_options(options: Options, escape: str) -> None:
    """What BuildKit checks when it runs the instruction; raises MountError, or WordError for a broken value."""
    seen: dict[str, str | None] = {"type": "bind"}
    for key, value in options:
        if value is None:
            _check_bare(key, seen["type"])
            continue
        text = literal_text(parse_word(value, escape))
        if key not in KEYS:
            raise MountError(f"'{key}' is no option of a mount{suggestion(key, list(KEYS))}")
        _check_value(key, text, seen)
        seen[_CANONICAL.get(key, key)] = text
    _check_together(seen)


def parse_device(text: str) -> None:
    """Raise MountError unless ``text`` is a ``--device`` value."""
    name = ""
    for field in csv_fields(text):
        key, equals, value = field.partition("=")
        key = lower(key)
        if key == "required" and (not equals or value in TRUTHS):
            continue
        if key == "required":
            raise MountError(f"'{value}' is no boolean")
        if name:
            raise MountError(f"'{field}' stands after the device's name")
        name = value if key == "name" and equals else field


_CANONICAL: Mapping[str, str] = {"src": "source", "dst": "target", "destination": "target"}


def _quoted(text: str, position: int) -> tuple[str, int]:
    field = ""
    while True:
        quote = text.find('"', position)
        if quote < 0:
            raise MountError("a quote is not closed")
        field += text[position:quote]
        position = quote + 1
        if text.startswith('"', position):
            field += '"'
            position += 1
        elif position == len(text) or text[position] == ",":
            return field, position
        else:
            raise MountError("text follows a closing quote")


def _check_bare(key: str, kind: str | None) -> None:
    if key in FLAG_KEYS:
        return
    if key != "required":
        raise MountError(f"'{key}' needs a value")
    if kind not in ("secret", "ssh", None):
        raise MountError(f"'required' does not go with type {kind} (or stands before the type)")


def _check_value(key: str, text: str | None, seen: Mapping[str, str | None]) -> None:
    kind = seen["type"]
    if key == "size" and kind not in ("tmpfs", None):
        raise MountError(f"'size' does not go with type {kind} (or stands before the type)")
    if key == "required":
        _check_bare(key, kind)
    if text is None:
        return
    if key == "type":
        _check_choice(key, text, TYPES)
    elif key == "sharing":
        _check_choice(key, text, SHARING)
    elif key in FLAG_KEYS or key == "required":
        _check_choice(key, text, TRUTHS, folded=False)
    elif key == "size" and not is_size(text):
        raise MountError(f"'{text}' is no size")
    elif key in ("mode", "uid", "gid") and not _is_number(text, 8 if key == "mode" else 10):
        raise MountError(f"'{text}' is no {'octal mode' if key == 'mode' else key}")


def _check_choice(key: str, text: str, choices: Iterable[str], *, folded: bool = True) -> None:
    if (lower(text) if folded else text) not in choices:
        known = "true or false" if choices is TRUTHS else ", ".join(choices)
        raise MountError(f"'{key}' cannot be '{text}' ({known})")


def _check_together(seen: Mapping[str, str | None]) -> None:
    kind = lower(seen["type"]) if seen["type"] is not None else None
    if kind is None:
        return
    if kind not in _OWNED:
        for key in ("mode", "uid", "gid"):
            if key in seen:
                raise MountError(f"'{key}' does not go with type {kind}")
    if kind == "secret":
        _check_secret(seen)
    if kind != "cache" and seen.get("sharing", "") != "":
        raise MountError(f"'sharing' does not go with type {kind}")


def _check_secret(seen: Mapping[str, str | None]) -> None:
    if seen.get("from", "") != "":
        raise MountError("a secret has no 'from'")
    if all(seen.get(key, "") == "" for key in ("source", "target", "id")):
        raise MountError("a secret needs an 'id' or a 'target'")
    # A variable may still turn out empty, so only two literal names contradict each other.
    if seen.get("source") and seen.get("id"):
        raise MountError("'source' and 'id' name a secret twice")


def is_size(text: str) -> bool:
    """Whether ``text`` is a size in bytes such as ``64m`` or ``1.5 GiB``."""
    cut = max(text.rfind(char) for char in "0123456789. ")
    if cut < 0:
        return False
    number = text[:cut] if text[cut] == " " else text[: cut + 1]
    suffix = lower(text[cut + 1 :])
    plain = "b", *(unit + rest for unit in "kmgtp" for rest in ("", "b", "ib"))
    return _is_float(number) and (not suffix or suffix in plain)


def _is_float(text: str) -> bool:
    if not text.isascii() or text != text.strip() or text.startswith("-"):
        return False
    try:
        return 0 <= float(text) < inf
    except ValueError:
        return False


def _is_number(text: str, base: int) -> bool:
    digits = "01234567" if base == 8 else "0123456789"
    if not text or any(char not in digits for char in text) or len(text.lstrip("0")) > 11:
        return False
    return int(text, base) < 1 << 32
