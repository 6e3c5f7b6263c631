"""Reads and checks mappings as people write them (YAML), and compiles the JSON files that a run loads.

Only ``python -m migrate.mappings_compile`` (that is ``python dev.py mappings``) and ``--mappings FILE`` come here.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from migrate.mappings import SECTIONS, MappingError, read_data

Steps: TypeAlias = tuple[str | int, ...]
"""The way to a value from the top of its file: keys and indices."""

CALL_SITES = (
    "docker_flags",
    "build_push_action",
    "compose",
    "descriptions",
    "discovery",
    "earth_tools",
    "neighbours",
    "reporters",
)
"""The mappings that only a run over a repository loads (migrate.callsites.data)."""

CORE_FIELDS = ("name", "severity", "grade", "message", "hint")
TEXT_FIELDS = ("what", "why", "do", "before", "after")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its data, and where each value and key stands (0-based line and column)."""

    path: str
    data: Any
    places: Mapping[Steps, tuple[int, int]]

    def error(self, steps: Steps, message: str) -> MappingError:
        """``message`` at the value that ``steps`` lead to."""
        line, column = self.places.get(steps, (0, 0))
        return MappingError(f"{self.path}:{line + 1}:{column + 1}: {message}")


def compile_folder(folder: Path) -> dict[str, str]:
    """File name -> text of the files compiled from ``folder``. Raises MappingError."""
    catalogue = _catalogue(folder)
    core: dict[str, Any] = {"diagnostics": {code: _pick(entry, CORE_FIELDS) for code, entry in catalogue.items()}}
    for name in SECTIONS:
        path = folder / f"{name.replace('_', '-')}.yaml"
        core[name] = _expanded(name, _checked_file(path, name).data) if path.exists() else {}
    texts = {code: _pick(entry, TEXT_FIELDS) for code, entry in catalogue.items()}
    calls = {name: _checked_file(folder / f"{name.replace('_', '-')}.yaml", name).data for name in CALL_SITES}
    return {"compiled.json": _dumped(core), "catalogue.json": _dumped(texts), "callsites.json": _dumped(calls)}


def read_overlay(text: str, path: str) -> dict[str, Any]:
    """The data sections of an overlay file by their names in ``Mappings``. Raises MappingError."""
    document = read_yaml(text, path)
    check(document, "overlay")
    sections = {key.replace("-", "_"): value for key, value in document.data.items()}
    return {name: _expanded(name, value) for name, value in sections.items()}


def read_yaml(text: str, path: str) -> Document:
    """``text`` as plain data with positions, without anchors, tags and repeated keys. Raises MappingError."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise MappingError(f"{path}:{line}:{column}: {error.problem}") from None
    except (YAMLError, RecursionError) as error:
        raise MappingError(f"{path}:1:1: {str(error).splitlines()[0]}") from None
    places: dict[Steps, tuple[int, int]] = {}
    document = Document(path, None if root is None else _plain(root, (), places, path), places)
    if not isinstance(document.data, dict):
        raise document.error((), "a mapping of names to values is expected here")
    return document


def check(document: Document, definition: str) -> None:
    """Hold ``document`` against one definition of schema.json. Raises MappingError at the first difference."""
    schema = json.loads(read_data("schema.json"))
    for steps, message in _violations(document.data, schema["$defs"][definition], schema["$defs"], ()):
        raise document.error(steps, message)


def _catalogue(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted((folder / "diagnostics").glob("*.yaml")):
        document = _checked_file(path, "diagnostics")
        for code, entry in document.data.items():
            if code in found:
                raise document.error((code,), f"{code} is already defined in another file")
            found[code] = entry
    return dict(sorted(found.items()))


def _checked_file(path: Path, definition: str) -> Document:
    document = read_yaml(path.read_text(encoding="utf-8"), path.as_posix())
    check(document, definition)
    return document


def _expanded(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Some files list names by their reason, for people; a run looks the reason up by name."""
    if name in ("environment_names", "secret_files"):
        return {entry: reason for reason, entries in data.items() for entry in entries}
    return data


def _pick(entry: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: str(entry.get(field, "")).strip("\n") for field in fields}


def _dumped(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _plain(node: Node, steps: Steps, places: dict[Steps, tuple[int, int]], path: str) -> Any:
    places.setdefault(steps, (node.start_mark.line, node.start_mark.column))
    if node.anchor is not None:
        raise _refused(node, path, "anchors and aliases are not used in mappings")
    if isinstance(node, ScalarNode):
        return _scalar(node, path)
    if not isinstance(node, MappingNode):
        return [_plain(item, (*steps, index), places, path) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key, str):
            raise _refused(key_node, path, "a key must be a name")
        if key in result:
            raise _refused(key_node, path, f"{key} stands here twice")
        below = (*steps, key)
        places[below] = (key_node.start_mark.line, key_node.start_mark.column)
        result[key] = _plain(value_node, below, places, path)
    return result


def _scalar(node: ScalarNode, path: str) -> str | int | bool | None:
    kind, text = str(node.tag).rpartition(":")[2], node.value
    if kind == "str":
        return str(text)
    if kind == "null":
        return None
    if kind == "bool":
        return bool(text.lower() == "true")
    if kind == "int" and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    raise _refused(node, path, f"{text!r} is neither text, a whole number, true, false nor null; quote it")


def _refused(node: Node, path: str, message: str) -> MappingError:
    return MappingError(f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}: {message}")


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
}


def _violations(data: Any, schema: Any, definitions: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """The small part of JSON Schema that schema.json uses, so that errors can name a line."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", list(_TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(type(data) in _TYPES[kind] for kind in kinds):
        yield steps, f"{' or '.join(kinds)} expected, not {_shown(data)}"
        return
    if "enum" in schema and data not in schema["enum"]:
        yield steps, f"{_shown(data)} is none of {', '.join(_shown(item) for item in schema['enum'])}"
    if isinstance(data, str) and not re.search(schema.get("pattern", ""), data):
        yield steps, f"{_shown(data)} does not look like {schema['pattern']}"
    if type(data) is int and data < schema.get("minimum", data):
        yield steps, f"{data} is less than {schema['minimum']}"
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _violations(item, schema.get("items", {}), definitions, (*steps, index))
    if isinstance(data, dict):
        yield from _object_violations(data, schema, definitions, steps)


def _object_violations(data: Any, schema: Any, definitions: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
    for key in schema.get("required", ()):
        if key not in data:
            yield steps, f"{key} is missing"
    for key, value in data.items():
        names = schema.get("propertyNames", {}).get("pattern", "")
        if not re.search(names, key):
            yield (*steps, key), f"the name {key} does not look like {names}"
        if key in known:
            yield from _violations(value, known[key], definitions, (*steps, key))
        elif rest is False:
            yield (*steps, key), f"{key} is not known here; known are {', '.join(known)}"
        else:
            yield from _violations(value, rest, definitions, (*steps, key))


def _shown(data: Any) -> str:
    if isinstance(data, str | int | bool) or data is None:
        return json.dumps(data, ensure_ascii=False)
    return "a list" if isinstance(data, list) else "a mapping"


def main(folder: Path) -> int:
    """Write the compiled files into ``folder``; 1 when a mapping is wrong."""
    try:
        texts = compile_folder(folder)
    except (MappingError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{folder.name}/{name}: {len(text)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent / "mappings"))
