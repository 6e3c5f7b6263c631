"""Compose files as Compose reads them: services with merge keys and ``extends`` followed, and what a project holds.

Sources: the Compose specification, "merge" (files in order), "extends", "fragments" (``<<:``), "profiles" and
"include"; compose-go's order of default file names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import yamltext
from migrate.callsites.edits import decoded
from migrate.callsites.model import Tree, joined
from migrate.callsites.yamlnodes import is_mapping, is_sequence
from migrate.callsites.yamltext import YamlError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

MAIN_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_MOST_EXTENDED = 10
_ENVIRONMENT_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=([\w./:@+-]*|\"[\w./:@ +-]*\"|'[\w./:@ +-]*')[ \t\r]*(?:[ \t]#[^\n]*)?$",
    re.MULTILINE,
)
_ENVIRONMENT_NAME = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*[=:]", re.MULTILINE)
_LARGEST_ENVIRONMENT = 64 * 1024


class Entry(NamedTuple):
    """``key: value`` where it stands: in the mapping ``holder`` of the file ``path``."""

    path: str
    key: Node
    value: Node
    holder: Node

    @property
    def place(self) -> tuple[str, int]:
        """The same for one entry that several services share."""
        return self.path, yamltext.start(self.key)


@dataclass(frozen=True, slots=True)
class Service:
    """A service of one file. ``entries`` are its own, those of merge keys, and those of what it extends.

    ``bases`` are the services that it extends, as (file, name). ``problem`` says why its build is not certain.
    """

    name: str
    path: str
    key: Node
    node: Node
    entries: Mapping[str, Entry]
    bases: tuple[tuple[str, str], ...] = ()
    needs: frozenset[str] = frozenset()
    """The services that are started, and so built, before this one."""
    problem: str = ""
    default_image: str = ""
    """The name that is given to its image where the file gives none."""

    @property
    def build(self) -> Entry | None:
        """Its ``build:``, None for a service that is not built."""
        return self.entries.get("build")

    @property
    def image(self) -> str | None:
        """The text of its ``image:``."""
        return yamltext.scalar(self.entries["image"].value) if "image" in self.entries else None

    @property
    def profiles(self) -> frozenset[str]:
        """The profiles that it belongs to; one without any always runs."""
        entry = self.entries.get("profiles")
        return frozenset(yamltext.scalar(item) or "" for item in yamltext.items(entry.value if entry else None))


def merged(node: Node | None, path: str = "", depth: int = 0) -> dict[str, Entry]:
    """The entries of a mapping, those of its ``<<`` included: its own win, then the first of several."""
    found: dict[str, Entry] = {}
    if not is_mapping(node) or depth > _MOST_EXTENDED:
        return found
    for name, key, value in yamltext.entries(node):
        if name != "<<":
            found[name] = Entry(path, key, value, node)
    for name, _, value in yamltext.entries(node):
        if name == "<<":
            for base in value.value if is_sequence(value) else [value]:
                found = {**merged(base, path, depth + 1), **found}
    return found


@dataclass
class Reader:
    """Reads the compose files of a repository, each once."""

    tree: Tree
    known: dict[str, list[Node]] = field(default_factory=dict)
    found: dict[str, dict[str, Service]] = field(default_factory=dict)
    reading: set[str] = field(default_factory=set)

    def roots(self, path: str) -> list[Node]:
        """The documents of a file. Raises YamlError."""
        if path not in self.known:
            raw = self.tree.read(path, yamltext.LARGEST)
            text = decoded(raw) if raw is not None else None
            if text is None:
                raise YamlError(f"{path} cannot be read")
            self.known[path] = yamltext.documents(text)
        return self.known[path]

    def take(self, path: str, text: str) -> list[Node]:
        """Like ``roots`` for a file whose text is at hand."""
        if path not in self.known:
            self.known[path] = yamltext.documents(text)
        return self.known[path]

    def services(self, path: str) -> dict[str, Service]:
        """The services that a file names. Raises YamlError."""
        if path not in self.found:
            self.reading.add(path)
            self.found[path] = self._services(path)
            self.reading.discard(path)
        return self.found[path]

    def _services(self, path: str) -> dict[str, Service]:
        found: dict[str, Service] = {}
        first: dict[tuple[str, int], str] = {}
        for root in self.roots(path):
            project = yamltext.scalar(yamltext.get(root, "name")) or posixpath.basename(posixpath.dirname(path))
            for name, key, node in yamltext.entries(yamltext.get(root, "services")):
                service = self._service(name, key, node, path, 0)
                default = (f"{project}-{name}" if project and "$" not in project else name).lower()
                if service.build is not None and service.image is None:
                    default = self._inherited(service) or first.setdefault(service.build.place, default)
                found[name] = replace(service, default_image=default)
        return found

    def _inherited(self, service: Service) -> str:
        """The image of the service of another file whose build, and so whose image, this one has."""
        entry = service.build
        if entry is None or entry.path == service.path or entry.path in self.reading:
            return ""
        others = [other for other in self.services(entry.path).values() if other.build is not None]
        found = next((other for other in others if other.build and other.build.place == entry.place), None)
        return found.default_image if found is not None else ""

    def _service(self, name: str, key: Node, node: Node, path: str, depth: int) -> Service:
        own = merged(node, path)
        needs = frozenset(_needs(own))
        problem = "; ".join(_problems(own))
        extends = own.get("extends")
        if extends is None:
            return Service(name, path, key, node, own, (), needs, problem)
        base = self._extended(extends.value, path, depth)
        if base is None:
            return Service(name, path, key, node, own, (), needs, problem or "what it extends is not found")
        if "build" in own and base.build is not None:
            problem = problem or f"its build is merged with that of {base.name}, which it extends"
        bases = ((base.path, base.name), *base.bases)
        entries = {**base.entries, **own}
        return Service(name, path, key, node, entries, bases, needs | base.needs, problem or base.problem)

    def _extended(self, node: Node, path: str, depth: int) -> Service | None:
        name = yamltext.scalar(node) or yamltext.scalar(yamltext.get(node, "service"))
        file = yamltext.scalar(yamltext.get(node, "file"))
        where = joined(posixpath.dirname(path), file) if file is not None else path
        if name is None or not where or depth > _MOST_EXTENDED:
            return None
        try:
            roots = self.roots(where)
        except YamlError:
            return None
        for root in roots:
            for found, key, value in yamltext.entries(yamltext.get(root, "services")):
                if found == name:
                    return self._service(name, key, value, where, depth + 1)
        return None

    def included(self, path: str) -> list[str]:
        """The files that ``include:`` of a file names, those of included files too. Raises YamlError."""
        found: list[str] = []
        waiting = [path]
        while waiting:
            here = waiting.pop(0)
            for root in self.roots(here):
                for item in yamltext.items(yamltext.get(root, "include")):
                    for name in _included(item):
                        where = joined(posixpath.dirname(here), name)
                        if not where or not self.tree.is_file(where):
                            raise YamlError(f"the file {name}, which {here} includes, is not in the repository")
                        if where not in (*found, path):
                            found.append(where)
                            waiting.append(where)
        return found

    def default_files(self, folder: str) -> list[str]:
        """What Compose reads in ``folder``, or in the nearest folder above it, when no file is named."""
        while True:
            names = [name for name in MAIN_FILES if self.tree.is_file(posixpath.join(folder, name))]
            if names:
                overrides = [name for name in OVERRIDES if self.tree.is_file(posixpath.join(folder, name))]
                return [posixpath.join(folder, name) for name in (names[0], *overrides[:1])]
            if not folder:
                return []
            folder = posixpath.dirname(folder)

    def environment(self, folder: str) -> dict[str, str]:
        """The plain values of the ``.env`` beside a compose file, which Compose reads for its variables."""
        return {name: value.strip("\"'") for name, value in _ENVIRONMENT_LINE.findall(self._environment_text(folder))}

    def unclear(self, folder: str) -> frozenset[str]:
        """The names that this ``.env`` gives other than plain values, or values that are not read here."""
        text = self._environment_text(folder)
        plain = [name for name, _ in _ENVIRONMENT_LINE.findall(text)]
        named = _ENVIRONMENT_NAME.findall(text)
        return frozenset(name for name in named if named.count(name) > plain.count(name))

    def _environment_text(self, folder: str) -> str:
        raw = self.tree.read(posixpath.join(folder, ".env"), _LARGEST_ENVIRONMENT)
        return raw.decode("utf-8", "replace") if raw is not None else ""


def main_file(path: str, tree: Tree) -> str:
    """The file that Compose reads first where ``path`` may be merged into it, else ""."""
    folder, _, name = path.rpartition("/")
    if name in MAIN_FILES:
        return ""
    mains = [posixpath.join(folder, main) for main in MAIN_FILES]
    return next((main for main in mains if tree.is_file(main)), "")


def _problems(own: Mapping[str, Entry]) -> Iterator[str]:
    for name in ("build", "image", "extends"):
        if name in own and str(own[name].value.tag) in ("!reset", "!override"):
            yield f"its {name} has {own[name].value.tag}"


def _needs(entries: Mapping[str, Entry]) -> Iterator[str]:
    """The services that Compose starts first: depends_on, links, volumes_from, and shared namespaces."""
    for name in ("depends_on", "links", "volumes_from"):
        if name not in entries:
            continue
        node = entries[name].value
        yield from (key for key, _, _ in yamltext.entries(node))
        yield from ((yamltext.scalar(item) or "").partition(":")[0] for item in yamltext.items(node))
    for name in ("network_mode", "ipc", "pid"):
        text = yamltext.scalar(entries[name].value) if name in entries else None
        if text is not None and text.startswith("service:"):
            yield text.removeprefix("service:")


def _included(item: Node) -> Iterator[str]:
    """The paths of one item of ``include:``: a path, or a mapping with one or more."""
    text = yamltext.scalar(item)
    node = yamltext.get(item, "path")
    if text is not None:
        yield text
    elif is_sequence(node):
        yield from (yamltext.scalar(part) or "" for part in node.value)
    elif yamltext.scalar(node) is not None:
        yield yamltext.scalar(node) or ""


def project_services(files: Sequence[str], reader: Reader) -> dict[str, list[Service]]:
    """Service -> how each file of a project, in order, names it; included files first. Raises YamlError."""
    found: dict[str, list[Service]] = {}
    for path in files:
        for part in (*reader.included(path), path):
            for name, service in reader.services(part).items():
                if service not in found.setdefault(name, []):
                    found[name].append(service)
    return found
