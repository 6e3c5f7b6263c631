"""What a repository says about its own migration: ``[tool.earthmigrate]`` in pyproject.toml, .earthmigrate.yaml.

The repository may be a stranger's. A setting chooses among what the tool does anyway; none writes, builds, asks the
network, or names a file outside the repository.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from migrate.disk import shown
from migrate.records import NAME

_PYPROJECT = "pyproject.toml"
_LARGEST = 1024 * 1024
_TABLE = re.compile(r"^\s*\[\s*tool\s*\.\s*\"?earthmigrate\"?\s*\]", re.MULTILINE)
_YAML_KEY = re.compile(rb"^(?!migrated[ \t]*:)[A-Za-z\"'{?&!]", re.MULTILINE)


class ConfigurationError(ValueError):
    """A file whose settings cannot be used; the text starts with file, line and column."""


class Setting(NamedTuple):
    """One setting: its value as the command line would have it, and where it stands."""

    value: Any
    place: str


def _choice(*names: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"{' or '.join(names)} expected")
        return value

    return read


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false expected")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text expected")
    return value


def _names(value: Any) -> str:
    """A list of names, or one text with commas between them, as the command line has it."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("a list of names expected")
    return ",".join(value)


#: Every setting, named like its option, and what reads its value. What writes, removes or overwrites files, starts
#: builds or asks a network stays on the command line.
KEYS: Mapping[str, Callable[[Any], Any]] = {
    "tool": _choice("earth", "earthly"),
    "only": _names,
    "skip": _names,
    "docs": _switch,
    "compose": _choice("keep", "replace"),
    "fail-on": _choice("error", "warning", "info", "never"),
    "fidelity": _choice("clean", "exact"),
    "fallback": _choice("dockerfile", "comment", "fail"),
    "helper-image": _text,
    "mappings": _text,
}


def read(root: Path) -> dict[str, Setting]:
    """The settings of the repository in ``root``; .earthmigrate.yaml wins. Raises ConfigurationError."""
    found = {**dict(_pyproject(root)), **dict(_yaml(root))}
    if "mappings" in found:
        found["mappings"] = _inside(root, found["mappings"])
    return found


def root_of(path: Path) -> Path | None:
    """The nearest folder above ``path`` (or itself) with settings, not beyond its repository; None without one."""
    path = Path(os.path.abspath(path))
    here = path if path.is_dir() else path.parent
    for folder in (here, *here.parents):
        text = _bytes(folder / NAME)
        if (text is not None and _YAML_KEY.search(text)) or b"earthmigrate" in (_bytes(folder / _PYPROJECT) or b""):
            return folder
        if (folder / ".git").exists():
            return None
    return None


def _bytes(path: Path) -> bytes | None:
    """The bytes of a plain file; None for anything else: a link may lead out of the repository."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError:
        return None
    return data if len(data) <= _LARGEST else None


def _yaml(root: Path) -> Iterator[tuple[str, Setting]]:
    data = _bytes(root / NAME)
    if data is None or not _YAML_KEY.search(data):
        return
    from migrate.mappings import MappingError
    from migrate.mappings_compile import read_yaml  # a YAML library: only where such a key exists

    name = shown(root / NAME)
    try:
        document = read_yaml(data.decode("utf-8", "replace"), name)
    except MappingError as error:
        raise ConfigurationError(str(error)) from None
    for key, value in document.data.items():
        if key != "migrated":
            line, column = document.places[key,]
            yield key, _setting(key, value, f"{name}:{line + 1}:{column + 1}")


def _pyproject(root: Path) -> Iterator[tuple[str, Setting]]:
    data = _bytes(root / _PYPROJECT)
    if data is None or b"earthmigrate" not in data:
        return
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # the same, for Python 3.10

    name = shown(root / _PYPROJECT)
    text = data.decode("utf-8", "replace")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = f"{where.group(1)}:{where.group(2)}" if where else "1:1"
        raise ConfigurationError(f"{name}:{place}: {str(error).partition(' (at line')[0]}") from None
    tool = document.get("tool")
    table = tool.get("earthmigrate") if isinstance(tool, dict) else None
    if table is None:
        return
    if not isinstance(table, dict):
        raise ConfigurationError(f"{name}:1:1: tool.earthmigrate is no table")
    for key, value in table.items():
        yield key, _setting(key, value, f"{name}:{_toml_place(text, key)}")


def _toml_place(text: str, key: str) -> str:
    """Where ``key`` stands below its table, as far as that can be seen in the text."""
    table = _TABLE.search(text)
    start = table.end() if table else 0
    found = re.compile(rf"(?:^|[{{,.])[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", re.MULTILINE).search(text, start)
    where = found.start() if found else start
    return f"{text.count(chr(10), 0, where) + 1}:1"


def _setting(key: str, value: Any, place: str) -> Setting:
    reader = KEYS.get(key)
    if reader is None:
        close = difflib.get_close_matches(key, KEYS, 1)
        known = f"did you mean {close[0]}?" if close else f"known are {', '.join(KEYS)}"
        raise ConfigurationError(f"{place}: {key} is no setting; {known}")
    try:
        return Setting(reader(value), place)
    except ValueError as error:
        raise ConfigurationError(f"{place}: {key}: {error}") from None


def _inside(root: Path, setting: Setting) -> Setting:
    """The path of a file in the repository, whole; no link stands on its way."""
    parts = setting.value.split("/")
    odd = "\\" in setting.value or "\0" in setting.value or ":" in setting.value
    if odd or ".." in parts or setting.value.startswith(("/", "~")):
        raise ConfigurationError(f"{setting.place}: mappings: {setting.value} is no path below this folder")
    here = root
    for part in parts:
        here = here / part
        if here.is_symlink():
            raise ConfigurationError(f"{setting.place}: mappings: {setting.value} leads through a link")
    if not here.is_file() or here.stat().st_size > _LARGEST:
        raise ConfigurationError(f"{setting.place}: mappings: there is no file {setting.value}, or it is too large")
    return setting._replace(value=str(here))
