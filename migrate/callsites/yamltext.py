"""Positions in YAML text: the nodes that ruamel.yaml composes, never its output. Offsets count characters.

Aliases are not expanded, so a bomb of them costs nothing; size and depth are bounded.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from migrate.callsites.unread import YamlError as YamlError
from migrate.callsites.yamlnodes import is_mapping, is_scalar, is_sequence

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node, ScalarNode

LARGEST = 1024 * 1024
#: What is kept of some texts of this length at most: nodes take a hundred times the memory of their text.
_LARGEST_KEPT = 32 * 1024
_DEEPEST = 200


def documents(text: str) -> list[Node]:
    """The root nodes of all documents in ``text``, which nobody changes. Raises YamlError."""
    return list(_kept(text) if len(text) <= _LARGEST_KEPT else _documents(text))


@lru_cache(maxsize=16)
def _kept(text: str) -> tuple[Node, ...]:
    """Call sites and path filters of a workflow are looked for one after the other."""
    return _documents(text)


def _documents(text: str) -> tuple[Node, ...]:
    from ruamel.yaml import YAML  # a heavy import: only where there is YAML to read
    from ruamel.yaml.error import ReusedAnchorWarning, YAMLError

    if len(text) > LARGEST:
        raise YamlError(f"it has more than {LARGEST // 1024} KiB")
    if _depth(text) > _DEEPEST:
        raise YamlError("it is nested too deeply")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)  # an anchor may be set again: the last one counts
            return tuple(node for node in YAML(pure=True).compose_all(text) if node is not None)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise YamlError(str(getattr(error, "problem", error)), mark.line + 1 if mark else 1) from None
    except (RecursionError, ValueError, AssertionError, IndexError, AttributeError) as error:
        raise YamlError(f"it cannot be read ({type(error).__name__})") from None


def _depth(text: str) -> int:
    """A bound on the nesting that does not need a parser: open flow brackets, and indentation steps."""
    flow = deepest = 0
    for char in re.findall(r"[\[{\]}]", text):
        flow += (char in "[{") - (char in "]}" and flow > 0)
        deepest = max(deepest, flow)
    indents = [len(match.group()) for match in re.finditer(r"^[ -]*", text, re.MULTILINE)]
    return max(deepest, max(indents, default=0) // 2)


def entries(node: Node | None) -> Iterator[tuple[str, Node, Node]]:
    """(key, key node, value node) of a mapping whose keys are scalars; nothing for another node."""
    if is_mapping(node):
        for key, value in node.value:
            if is_scalar(key):
                yield str(key.value), key, value


def items(node: Node | None) -> list[Node]:
    """The items of a sequence; nothing for another node."""
    return list(node.value) if is_sequence(node) else []


def get(node: Node | None, *keys: str) -> Node | None:
    """The node below ``keys``, None when there is none."""
    for key in keys:
        node = next((value for name, _, value in entries(node) if name == key), None)
    return node


def scalar(node: Node | None) -> str | None:
    """The text of a scalar, None for anything else."""
    if not is_scalar(node):
        return None
    # ruamel.yaml marks in a folded text where lines were joined.
    return str(node.value).replace("\a", "") if node.style == ">" else str(node.value)


def start(node: Node) -> int:
    """Where ``node`` starts."""
    return int(node.start_mark.index)


def end(node: Node) -> int:
    """Just after the last character of ``node``; a block collection ends with its last scalar."""
    if (is_mapping(node) or is_sequence(node)) and not node.flow_style and node.value:
        last = node.value[-1]
        below = last[1] if isinstance(last, tuple) else last
        own = end(last[0]) if isinstance(last, tuple) else start(node)
        return max(own, end(below)) if start(below) >= start(node) else own
    return int(node.end_mark.index)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A scalar's value as text of its own, and the way from its offsets back to the file's.

    ``indent`` is put after each new line; ``places`` are (offset in ``text``, offset in the file) of line starts.
    ``style``: ``|``, ``>``, ``"``, ``'`` or "" for a plain one.
    """

    text: str
    style: str
    places: tuple[tuple[int, int], ...]
    indent: str = ""

    def outer(self, offset: int) -> int:
        """The file's offset for one of ``text``."""
        inner, outer = next((item for item in reversed(self.places) if item[0] <= offset), self.places[0])
        return outer + offset - inner

    def written(self, new: str) -> str | None:
        """``new``, a part of the value, as it must stand in the file; None when this scalar cannot hold it."""
        if self.style == "|":
            return new.replace("\n", "\n" + self.indent)
        if "\n" in new:
            return None
        if self.style == "":
            return None if re.search(r": |:$| #|^[-?:,\[\]{}#&*!|>'\"%@`]", new) else new
        if self.style == "'":
            return new.replace("'", "''")
        if self.style == '"':
            return new.replace("\\", "\\\\").replace('"', '\\"')
        return None


def embedded(node: Node | None, text: str) -> Embedded | None:
    """The value of a scalar with its places; None where the file does not hold it character by character."""
    if not is_scalar(node):
        return None
    first, last = start(node), end(node)
    raw = text[first:last]
    if node.style in ("|", ">"):
        return _block(node, raw, first)
    inner = raw[1:-1] if node.style in ("'", '"') else raw
    if inner != node.value or "\n" in inner:
        return None
    return Embedded(inner, node.style or "", ((0, first + len(raw) - len(inner) - (node.style in ("'", '"'))),))


def _block(node: ScalarNode, raw: str, first: int) -> Embedded | None:
    header, newline, body = raw.partition("\n")
    if not newline or (node.style == ">" and len(body.strip().split("\n")) > 1):
        return None
    lines = body.split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    if not indents or re.search(r"[0-9]", header):
        return None
    indent = indents[0]
    places, value, offset = [], "", first + len(header) + 1
    for line in lines:
        places.append((len(value), offset + min(indent, len(line))))
        value += line[indent:].rstrip("\r") + "\n"
        offset += len(line) + 1
    value = value.rstrip("\n") + "\n"
    if node.value.rstrip("\n") != value.rstrip("\n"):
        return None
    style = "|" if node.style == "|" else ">"
    return Embedded(value, style, tuple(places), " " * indent)
