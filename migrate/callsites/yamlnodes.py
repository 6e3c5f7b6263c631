"""What kind a node of ruamel.yaml is, without loading it: a run without YAML must not pay for a parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


def is_mapping(node: Node | None) -> TypeGuard[MappingNode]:
    """Whether ``node`` holds keys and values."""
    return getattr(node, "id", "") == "mapping"


def is_sequence(node: Node | None) -> TypeGuard[SequenceNode]:
    """Whether ``node`` holds items."""
    return getattr(node, "id", "") == "sequence"


def is_scalar(node: Node | None) -> TypeGuard[ScalarNode]:
    """Whether ``node`` is text."""
    return getattr(node, "id", "") == "scalar"
