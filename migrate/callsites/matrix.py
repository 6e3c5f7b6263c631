"""The values of ``${{ matrix.x }}`` and ``${{ env.x }}`` that a workflow writes out.

Source: GitHub's workflow syntax, jobs.<job_id>.strategy.matrix with include and exclude, and its expressions: a number
is shown as JavaScript shows it, so only texts and plain whole numbers are taken here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from migrate.callsites import yamltext
from migrate.callsites.yamlnodes import is_mapping, is_scalar, is_sequence

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_MOST = 256
_REFERENCE = re.compile(r"\$\{\{\s*(matrix|env)\.([\w.-]+)\s*\}\}")
_NUMBER_OR_WORD = re.compile(r"[-+]?(?:\.?[0-9][0-9a-fA-Fox_.eE+-]*|\.inf|\.nan)|(?i:true|false|null|~|yes|no|on|off)|")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")

Values = Mapping[str, str]
"""``matrix.x`` or ``env.x`` -> its text, in one of the job's runs."""


def combinations(job: Node | None) -> tuple[Values, ...] | None:
    """The runs of a job: each with the values that it knows; None where they are only known when it runs."""
    matrix = yamltext.get(job, "strategy", "matrix")
    if matrix is None:
        return ({},)
    if not is_mapping(matrix):
        return None
    axes, include, exclude = {}, [], []
    for name, _, node in yamltext.entries(matrix):
        if not is_sequence(node):
            return None
        if name == "include":
            include = [_flat(item, "") for item in node.value]
        elif name == "exclude":
            exclude = [_flat(item, "") for item in node.value]
        else:
            axes[name] = [_flat(item, name) for item in node.value]
    size = 1
    for values in axes.values():
        size *= len(values)
    if size > _MOST or len(include) > _MOST:
        return None
    product = itertools.product(*axes.values()) if axes else ()
    runs = [{key: value for part in parts for key, value in part.items()} for parts in product]
    runs = [run for run in runs if not any(_matches(run, item) for item in exclude)]
    return tuple(_included(runs, include, axes))


def _matches(run: Mapping[str, str | None], item: Mapping[str, str | None]) -> bool:
    return all(run.get(key) == value for key, value in item.items())


def _included(
    runs: list[dict[str, str | None]], include: Iterable[Mapping[str, str | None]], axes: Iterable[str]
) -> list[Values]:
    """``runs`` with what include adds: to those whose own values stay, otherwise as a run of its own."""
    tops = frozenset(axes)
    found: list[dict[str, str | None]] = [dict(run) for run in runs]
    for item in include:
        own = {key: value for key, value in item.items() if key.partition(".")[0] in tops}
        fits = [index for index, run in enumerate(runs) if all(key in run and run[key] == own[key] for key in own)]
        for index in fits:
            found[index].update(item)
        if not fits:
            found.append(dict(item))
    return [{f"matrix.{key}": value for key, value in run.items() if value is not None} for run in found]


def _flat(node: Node, name: str) -> dict[str, str | None]:
    """The texts below ``node`` by their dotted names; None for one that only the run knows."""
    if is_mapping(node):
        found: dict[str, str | None] = {}
        for key, _, value in yamltext.entries(node):
            found |= _flat(value, f"{name}.{key}" if name else key)
        return found
    return {name: _text(node)}


def _text(node: Node) -> str | None:
    """The text that an expression gives for a scalar."""
    if not is_scalar(node) or "${{" in node.value:
        return None
    text = str(node.value)
    plain = node.style not in ("'", '"', "|", ">")
    return None if plain and _NUMBER_OR_WORD.fullmatch(text) and not _WHOLE.fullmatch(text) else text


def variables(nodes: Iterable[Node | None], text: str) -> Values:
    """``env.x`` -> its text for the ``env:`` mappings ``nodes``, the nearest last; without those that a step sets."""
    found: dict[str, str | None] = {}
    for node in nodes:
        for name, _, value in yamltext.entries(node):
            found[name] = _text(value)
    return {f"env.{name}": value for name, value in found.items() if value is not None and not _sets(name, text)}


def _sets(name: str, text: str) -> bool:
    return f"{name}=" in text and re.search(rf"(?<![\w$]){re.escape(name)}=", text) is not None


def filled(text: str, values: Values) -> str | None:
    """``text`` with its expressions replaced; None where one is not known."""
    known = _REFERENCE.sub(lambda match: values.get(f"{match.group(1)}.{match.group(2)}", match.group()), text)
    return None if "${{" in known else known
