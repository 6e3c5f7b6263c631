"""The build of a compose service as a build call, and whether two files of one project mean the same build.

Source: the Compose specification, "build" and "interpolation". mappings/compose.yaml holds every key.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from migrate.callsites import yamltext
from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.composefile import Entry, Service, merged
from migrate.callsites.data import Data
from migrate.callsites.model import Tree, located
from migrate.callsites.translate import Left
from migrate.callsites.values import Piece, Value, literal, literal_piece
from migrate.callsites.yamlnodes import is_mapping, is_scalar, is_sequence

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

INTERPOLATION = re.compile(r"\$\$|\$\{(?:[^{}]|\{[^{}]*\})*\}|\$[A-Za-z_]\w*")
_PLAIN_VARIABLE = re.compile(r"(?<!\$)\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([\w./-]+))?\})")


def keys(service: Service) -> dict[str, Entry]:
    """The keys of its ``build:``, merge keys followed; a bare folder is the key context. Raises Left."""
    assert service.build is not None
    node = service.build.value
    if is_scalar(node):
        return {"context": service.build}
    if not is_mapping(node):
        raise Left("its build is neither a folder nor a mapping")
    return merged(node, service.build.path)


def read(service: Service, image: str, data: Data, environment: Mapping[str, str | None]) -> BuildCall:
    """The call that builds ``service`` and names its image ``image``. Raises Left."""
    options: list[Option] = []

    def add(option: str, value: Value) -> None:
        options.append(Option(option, data.docker_flags[option], value))

    if service.problem:
        raise Left(service.problem)
    found, entries = keys(service), data.compose["build"]
    for name, entry in found.items():
        known = entries.get(name)
        if known is None and not name.startswith("x-"):
            raise Left(f"build.{name} is not known")
        if known is not None and known["becomes"] == "left":
            raise Left(f"build.{name}: {known['reason']}")
        if str(entry.value.tag) in ("!reset", "!override"):
            raise Left(f"build.{name} has {entry.value.tag}")
    context = yamltext.scalar(found["context"].value) if "context" in found else "."
    for key, option in (("dockerfile", "file"), ("target", "target")):
        if key in found:
            add(option, value_of(_filled(yamltext.scalar(found[key].value) or "", environment)))
    for argument in _arguments(found.get("args")):
        add("build-arg", argument)
    for platform in _platforms(service, found):
        add("platform", value_of(platform))
    add("tag", value_of(image))
    for tag in yamltext.items(found["tags"].value if "tags" in found else None):
        add("tag", value_of(yamltext.scalar(tag) or ""))
    return BuildCall("docker", True, tuple(options), value_of(_filled(context or ".", environment)))


def place(call: BuildCall, folder: str, tree: Tree) -> tuple[str, str]:
    """(Dockerfile, context): Compose looks for ``dockerfile`` in the context, not in its own folder. Raises Left."""
    file = call.last("file")
    if file is None or call.context is None:
        return located(call, folder, tree)
    if file.text is None:
        raise Left("which Dockerfile it uses is only known when it runs")
    if call.context.text is None:
        raise Left("its build context is only known when it runs")
    moved = literal(posixpath.join(call.context.text, file.text))
    options = tuple(
        option._replace(value=moved) if option.entry["becomes"] == "file" else option for option in call.options
    )
    return located(replace(call, options=options), folder, tree)


def _platforms(service: Service, found: Mapping[str, Entry]) -> Iterator[str]:
    listed = yamltext.items(found["platforms"].value if "platforms" in found else None)
    yield from (yamltext.scalar(item) or "" for item in listed)
    if not listed and "platform" in service.entries:
        yield yamltext.scalar(service.entries["platform"].value) or ""


def _filled(text: str, environment: Mapping[str, str | None]) -> str:
    """``text`` with the variables that ``environment`` gives (None: not plain), or else their default, where plain."""

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1) or match.group(2), match.group(3)
        found = environment.get(name) or default
        unclear = environment.get(name, "") is None
        return match.group() if found is None or unclear else found

    return _PLAIN_VARIABLE.sub(value, text)


def _arguments(entry: Entry | None) -> Iterator[Value]:
    """``args:`` as a mapping or a list; a name without a value comes from the environment."""
    node = entry.value if entry is not None else None
    if is_sequence(node):
        yield from (value_of(yamltext.scalar(item) or "") for item in node.value)
    for name, found in merged(node).items():
        text = yamltext.scalar(found.value)
        if text is None:
            raise Left(f"its argument {name} is no text")
        is_null = str(found.value.tag).endswith(":null")
        yield literal(name) if is_null else Value((Piece(f"{name}=", f"{name}="), *value_of(text).pieces))


def value_of(text: str) -> Value:
    """``text`` with Compose's interpolation: a shell reads ``${X:-d}`` alike, ``$$`` is a dollar sign."""
    pieces: list[Piece] = []
    position = 0
    for match in INTERPOLATION.finditer(text):
        if match.start() > position:
            pieces.append(literal_piece(text[position : match.start()]))
        pieces.append(literal_piece("$") if match.group() == "$$" else Piece(match.group(), None, '"'))
        position = match.end()
    if position < len(text):
        pieces.append(literal_piece(text[position:]))
    return Value(tuple(pieces))


def lost(service: Service, data: Data) -> Iterator[tuple[str, str]]:
    """(key, reason) of what no call of earth can say and that changes no image."""
    for name in keys(service):
        known = data.compose["build"].get(name)
        if known is not None and known["becomes"] == "lost":
            yield f"build.{name}", known["reason"]


def needs_compose(service: Service, data: Data) -> str:
    """Why ``build:`` must stay although earth can build the image too, "" when it need not."""
    for name in keys(service):
        known = data.compose["build"].get(name)
        if known is not None and known["becomes"] == "kept":
            return f"build.{name}: {known['reason']}"
    if "develop" in service.entries:
        return "its develop.watch rebuilds the image"
    policy = service.entries.get("pull_policy")
    text = yamltext.scalar(policy.value) if policy is not None else None
    if policy is not None and text not in ("build", "never", "missing", "if_not_present"):
        return f"its pull_policy {text} asks a registry for the image"
    return ""


def same_when_merged(first: Service, second: Service) -> bool:
    """Whether ``second`` has the same build alone as when its file is merged over that of ``first``."""
    try:
        below, above = _described(first), _described(second)
    except Left:
        return False
    default = {"context": posixpath.normpath(posixpath.dirname(second.path) or ".")}
    together, both = default | below | above, below.keys() & above.keys()
    return together == default | above and all(
        below[key] == above[key] for key in both if key.partition(".")[0] not in _SCALARS
    )


_SCALARS = frozenset(("args", "context", "dockerfile", "target", "network", "shm_size"))


def _described(service: Service) -> dict[str, Any]:
    """The build of a service such that equal builds are equal values."""
    found: dict[str, Any] = {}
    folder = posixpath.dirname(service.path)
    for name, entry in keys(service).items():
        text = yamltext.scalar(entry.value)
        if name == "context":
            text = posixpath.normpath(posixpath.join(folder or ".", text or "."))
        if name == "args":
            values = [_shown(item) for item in _arguments(entry)]
            found |= {f"args.{item.partition('=')[0]}": item for item in values}
        else:
            found[name] = text if text is not None else _plain(entry.value)
    return found


def _shown(value: Value) -> str:
    return "".join(piece.raw or piece.text or "" for piece in value.pieces)


def _plain(node: Node) -> Any:
    if is_mapping(node):
        return tuple((name, _plain(value)) for name, _, value in yamltext.entries(node))
    if is_sequence(node):
        return tuple(_plain(item) for item in node.value)
    return yamltext.scalar(node)


def variables(values: Iterable[Value]) -> Iterator[str]:
    """What a run decides in ``values``, as it is written."""
    for value in values:
        yield from (piece.raw for piece in value.pieces if piece.text is None)
