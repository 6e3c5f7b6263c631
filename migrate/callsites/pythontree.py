"""What the parser of Python says of a file: whether libcst has to read it, and calls that helpers or libraries make."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from migrate.callsites import buildcall
from migrate.callsites.model import Site
from migrate.callsites.translate import Note

RUNNERS = frozenset(("run", "call", "check_call", "check_output", "Popen", "system", "popen", "getoutput"))
#: docker-py, its low-level client, and python-on-whales.
_SDK = re.compile(r"(?:\.images\.build|(?:^|\.)docker(?:\.buildx)?\.(?:build|bake)|\bapi(?:_client)?\.build)$")
HINT = re.compile(r"\b(?:docker|podman)\b")


def is_candidate(module: ast.Module) -> bool:
    """Whether a call of one of the runners has a list or a string with docker as its first argument."""
    for node in ast.walk(module):
        if isinstance(node, ast.List | ast.Tuple) and _is_argv(node):
            return True
        if isinstance(node, ast.Call) and _SDK.search(ast.unparse(node.func)):
            return True
        if isinstance(node, ast.Call) and len(node.args) > 2 and ast.unparse(node.args[0]) in ("'docker'", "'podman'"):
            return True
        if isinstance(node, ast.Call) and node.args and name_of(ast.unparse(node.func)) in RUNNERS:
            first = node.args[0]
            if not isinstance(first, ast.Name) and HINT.search(ast.unparse(first)):
                return True
    return False


def _is_argv(node: ast.List | ast.Tuple) -> bool:
    """Whether a list starts like a call of docker: a name in the place of the tool counts where it is called so."""
    if len(node.elts) < 3:
        return False
    tool, verb = node.elts[0], ast.unparse(node.elts[1])
    named = isinstance(tool, ast.Name | ast.Attribute) and "docker" in ast.unparse(tool).lower()
    known = isinstance(tool, ast.Constant) and tool.value in buildcall.TOOLS
    return (known or named) and verb in ("'build'", "'buildx'", "'image'", "'builder'")


def kept(module: ast.Module, text: str, calls: Sequence[Site], path: str) -> Iterator[Site]:
    """Lists that are calls of docker and that a helper or a variable's user runs, and builds with a library."""
    asserted = {
        id(inner) for node in ast.walk(module) if isinstance(node, ast.Assert | ast.Compare) for inner in ast.walk(node)
    }
    lines = re.split(r"(?<=\n)", text)
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _SDK.search(ast.unparse(node.func)):
            name = ast.unparse(node.func)
            start = _offset(lines, node.lineno, node.col_offset)
            yield Site(path, "python", start, start + len(name), detail=Note("EM813", {"call": name}))
        if not isinstance(node, ast.List | ast.Tuple) or id(node) in asserted or not _is_argv(node):
            continue
        if not any(ast.unparse(item) == "'build'" for item in node.elts[1:3]):
            continue
        start = _offset(lines, node.lineno, node.col_offset)
        end = _offset(lines, node.end_lineno or node.lineno, node.end_col_offset or 0)
        if not any(site.start <= start <= site.end or start <= site.start <= end for site in calls):
            yield Site(path, "python", start, end, why="a variable or a helper decides where the list is run")


def _offset(lines: Sequence[str], line: int, column: int) -> int:
    """The offset in characters of a place that the parser gives in bytes."""
    before = sum(len(item) for item in lines[: line - 1])
    return before + len(lines[line - 1].encode("utf-8", "surrogateescape")[:column].decode("utf-8", "surrogateescape"))


def name_of(function: str) -> str:
    return function.rpartition(".")[2]
