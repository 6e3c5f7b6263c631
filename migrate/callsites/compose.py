"""Compose files: each service with ``build:``, which stays and gets the ``image:`` that the Earthfile saves.

Source: the Compose specification, "build" (context, dockerfile, target, args, tags) and "image".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from migrate.callsites import shellwriting, yamltext
from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, located
from migrate.callsites.translate import Left, Note
from migrate.callsites.values import Piece, Value, literal, literal_piece

_INTERPOLATION = re.compile(r"\$\$|\$\{[^}]*\}|\$[A-Za-z_]\w*")
_PLAIN_VARIABLE = re.compile(r"(?<!\$)\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([\w./-]+))?\})")
_ENVIRONMENT_LINE = re.compile(
    r"^(?:export[ \t]+)?([A-Za-z_]\w*)=([\w./-]+|\"[\w./-]+\"|'[\w./-]+')[ \t\r]*$", re.MULTILINE
)
_LARGEST_ENVIRONMENT = 64 * 1024
_MAIN_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
#: Keys of ``build:`` that change the image, or how it is built, in a way that no call of earth can say.
_LEFT = frozenset(
    ("dockerfile_inline", "additional_contexts", "ssh", "secrets", "network", "isolation", "entitlements")
)


class Service(NamedTuple):
    """One service that is built: its name, its node, and the image name that its file gives it."""

    name: str
    key: Node
    node: Node
    build: tuple[Node, Node]
    image: Node | None
    default_image: str


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The services that are built. Raises YamlError."""
    found = []
    for root in yamltext.documents(text):
        project = yamltext.scalar(yamltext.get(root, "name")) or posixpath.basename(posixpath.dirname(path))
        for name, key, node in yamltext.entries(yamltext.get(root, "services")):
            pairs = {entry: (entry_key, value) for entry, entry_key, value in yamltext.entries(node)}
            if "build" not in pairs:
                continue
            image = pairs["image"][1] if "image" in pairs else None
            default = f"{project}-{name}" if project and "$" not in project else name
            service = Service(name, key, node, pairs["build"], image, default.lower())
            found.append(_site(service, text, path, tree, data))
    return found


def _site(service: Service, text: str, path: str, tree: Tree, data: Data) -> Site:
    key, value = service.build
    first, last = yamltext.start(key), yamltext.end(value)
    last = first + len(text[first:last].rstrip())
    site = Site(path, "compose", first, last, detail=service)
    folder = posixpath.dirname(path)
    try:
        call = _call(service, data, _environment(folder, tree))
        dockerfile, context = _located(call, folder, tree)
    except Left as left:
        return replace(site, why=str(left))
    if service.image is None and (main := _main_file(path, tree)):
        return replace(site, why=f"it may be merged with the service in {main}; its image must be named there")
    suggested = service.default_image if service.image is None else None
    return replace(site, call=call, folder=folder, dockerfile=dockerfile, context=context, suggested=suggested)


def _main_file(path: str, tree: Tree) -> str:
    """The file that compose reads first where ``path`` is one of those that it merges into it, else ""."""
    folder, _, name = path.rpartition("/")
    if name in _MAIN_FILES:
        return ""
    return next((main for main in _MAIN_FILES if tree.is_file(posixpath.join(folder, main))), "")


def _located(call: BuildCall, folder: str, tree: Tree) -> tuple[str, str]:
    """Compose looks for ``dockerfile`` in the context, not in its own folder."""
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


def _call(service: Service, data: Data, environment: Mapping[str, str]) -> BuildCall:
    build = service.build[1]
    options: list[Option] = []

    def add(option: str, value: Value) -> None:
        options.append(Option(option, data.docker_flags[option], value))

    context = yamltext.scalar(build)
    if context is None:
        if not isinstance(build, MappingNode):
            raise Left("its build is neither a folder nor a mapping")
        keys = {name: node for name, _, node in yamltext.entries(build)}
        if "<<" in keys:
            raise Left("its build merges an anchor")
        for name in keys:
            if name in _LEFT:
                raise Left(f"build.{name} has no equal in a call of earth")
        context = yamltext.scalar(keys.get("context")) or "."
        for key, option in (("dockerfile", "file"), ("target", "target")):
            if key in keys:
                add(option, _value(_filled(yamltext.scalar(keys[key]) or "", environment)))
        for argument in _arguments(keys.get("args")):
            add("build-arg", argument)
    image = yamltext.scalar(service.image)
    add("tag", _value(image) if image else literal(service.default_image))
    return BuildCall("docker", True, tuple(options), _value(_filled(context, environment)))


def _environment(folder: str, tree: Tree) -> dict[str, str]:
    """The plain values of the ``.env`` beside a compose file, which compose reads for its variables."""
    raw = tree.read(posixpath.join(folder, ".env"), _LARGEST_ENVIRONMENT)
    text = raw.decode("utf-8", "replace") if raw is not None else ""
    return {name: value.strip("\"'") for name, value in _ENVIRONMENT_LINE.findall(text)}


def _filled(text: str, environment: Mapping[str, str]) -> str:
    """``text`` with the variables that ``environment`` gives, or else their default, where both are plain."""

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1) or match.group(2), match.group(3)
        found = environment.get(name) or default
        return match.group() if found is None else found

    return _PLAIN_VARIABLE.sub(value, text)


def _arguments(node: Node | None) -> Iterator[Value]:
    """``args:`` as a mapping or a list; a name without a value comes from the environment."""
    if isinstance(node, SequenceNode):
        yield from (_value(yamltext.scalar(item) or "") for item in node.value)
    for name, _, value in yamltext.entries(node):
        text = yamltext.scalar(value)
        if text is None:
            raise Left(f"its argument {name} is no text")
        is_null = str(value.tag).endswith(":null")
        yield literal(name) if is_null else Value((Piece(f"{name}=", f"{name}="), *_value(text).pieces))


def _value(text: str) -> Value:
    """``text`` with Compose's interpolation: a shell reads ``${X:-d}`` alike, ``$$`` is a dollar sign."""
    pieces: list[Piece] = []
    position = 0
    for match in _INTERPOLATION.finditer(text):
        if match.start() > position:
            pieces.append(literal_piece(text[position : match.start()]))
        pieces.append(literal_piece("$") if match.group() == "$$" else Piece(match.group(), None, '"'))
        position = match.end()
    if position < len(text):
        pieces.append(literal_piece(text[position:]))
    return Value(tuple(pieces))


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edit for one of ``sites``: the name that the Earthfile saves, where the service has none."""
    if site.why:
        return Outcome(site, why=site.why)
    try:
        made = translate(site)
    except Left as left:
        return Outcome(site, why=str(left))
    service: Service = site.detail
    notes = tuple(note for note in made.notes if note.code != "EM802")
    words = [literal(tool), *made.flags, literal(made.reference), *made.arguments]
    command = " ".join(shellwriting.spelled(word) for word in words)
    notes = (*notes, Note("EM807", {"service": service.name, "command": command}))
    if service.image is not None:
        return Outcome(site, notes=notes)
    if not isinstance(service.node, MappingNode) or service.node.flow_style:
        return Outcome(site, why="the service is written on one line")
    key = service.build[0]
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = " " * key.start_mark.column
    start = yamltext.start(key)
    edit = Edit(start, start, f"image: {service.default_image}{newline}{indent}")
    return Outcome(site, (edit,), notes)
