"""Python: literal argument lists and literal shell strings in calls of subprocess and os.system.

Three gates keep it fast: the bytes name docker, the standard parser finds a call of that shape, and only then libcst
reads the file. The edit replaces the list or the string alone.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import buildcall, composecall, embeddedshell
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, placed
from migrate.callsites.pythontree import HINT, RUNNERS, is_candidate, kept, name_of
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Piece, Value, literal, literal_piece
from migrate.callsites.yamltext import Embedded

if TYPE_CHECKING:
    import libcst

_READERS = frozenset(("check_output", "getoutput", "popen"))
_UNCERTAIN = "the folder in which it runs is not certain"


class _Composed(NamedTuple):
    """A list that calls docker compose."""

    call: composecall.ComposeCall
    argv: _Argv


class _Argv(NamedTuple):
    """A literal list of words, and the brackets around it."""

    opening: str
    closing: str
    trailing_comma: bool
    apart: bool = False
    """Whether the words are arguments of their own."""


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls. A file that Python cannot parse is reported."""
    if not HINT.search(text):
        return []
    try:
        module = ast.parse(text)
        candidate = is_candidate(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return embeddedshell.unread(text, path, "python", "the file is no Python that can be read")
    if not candidate:
        return []
    import libcst  # a heavy import: only for files with a candidate
    from libcst.metadata import MetadataWrapper, PositionProvider

    wrapper = MetadataWrapper(libcst.parse_module(text), unsafe_skip_copy=True)
    places = wrapper.resolve(PositionProvider)
    offsets = [0]
    for line in re.split(r"(?<=\n)", text):
        offsets.append(offsets[-1] + len(line))

    def span(node: libcst.CSTNode) -> tuple[int, int]:
        found = places[node]
        return offsets[found.start.line - 1] + found.start.column, offsets[found.end.line - 1] + found.end.column

    found: list[Site] = []
    for call in _calls(wrapper.module):
        found += _sites_of(call, span, wrapper.module, text, path, tree, data)
    return sorted([*found, *kept(module, text, found, path)], key=lambda site: site.start)


def _calls(module: libcst.Module) -> Iterator[libcst.Call]:
    import libcst

    stack: list[libcst.CSTNode] = [module]
    while stack:
        node = stack.pop()
        if isinstance(node, libcst.Call):
            yield node
        stack += reversed(node.children)


def _sites_of(
    call: libcst.Call,
    span: object,
    module: libcst.Module,
    text: str,
    path: str,
    tree: Tree,
    data: Data,
) -> Iterator[Site]:
    import libcst

    name = name_of(module.code_for_node(call.func))
    if not call.args or call.args[0].keyword is not None:
        return
    if name not in RUNNERS or any(item.star for item in call.args):
        if _starts_like_argv(call):
            start, end = span(call.args[0].value)  # type: ignore[operator]
            why = "its words are put together when it runs" if name in RUNNERS else "a helper decides how they are run"
            yield Site(path, "python", start, end, why=why)
        if name not in RUNNERS:
            return
    first = call.args[0].value
    code = module.code_for_node(first)
    apart = _words_apart(call)
    if not apart and (not HINT.search(code) or "build" not in code):
        return
    start, end = span(first)  # type: ignore[operator]
    if apart:
        end = span(apart[-1].value)[1]  # type: ignore[operator]
    site = Site(path, "python", start, end)
    keywords = {
        argument.keyword.value: module.code_for_node(argument.value)
        for argument in call.args
        if argument.keyword is not None
    }
    folder, why = _folder(keywords)
    used = name in _READERS or any(key in keywords for key in ("stdout", "capture_output", "silent")) or name == "Popen"
    string, split = (first, False) if isinstance(first, libcst.SimpleString) else (_split_string(first, module), True)
    if apart:
        together = libcst.Tuple([libcst.Element(item.value) for item in apart], lpar=[], rpar=[])
        why = why or ("a comment stands between its words" if re.search(r"#[^\n\"']*\n", text[start:end]) else "")
        yield from _list_site(site, together, module, folder, why, used, tree, data)
    elif isinstance(first, libcst.List | libcst.Tuple):
        yield from _list_site(site, first, module, folder, why, used, tree, data)
    elif string is not None:
        inner = _embedded(string, span(string)[0])  # type: ignore[operator]
        if inner is None:
            yield replace(site, why="its string has escapes")
            return
        if split and re.search(r"[$`*?\[~;&|<>]", inner.text):
            yield replace(site, why="no shell reads its words")
            return
        for found in embeddedshell.sites(inner, path, tree, data.docker_flags, folder, "python"):
            reason = why or ("its output is used" if used else "")
            yield replace(found, why=found.why or reason)
    elif re.search(r"\b(?:docker|podman)\b[^\n]*\bbuild\b", code):
        yield replace(site, why="the command is put together when it runs")


def _starts_like_argv(call: libcst.Call) -> bool:
    """Whether ``docker`` is the first argument of a call, and ``build`` one of the others."""
    import libcst

    texts = [
        item.value.evaluated_value
        for item in call.args
        if isinstance(item.value, libcst.SimpleString) and not item.keyword and not item.star
    ]
    return len(call.args) > 2 and texts[:1] == ["docker"] and "build" in texts


def _words_apart(call: libcst.Call) -> list[libcst.Arg]:
    """The words of a call such as ``session.run("docker", "build", ".")``; nothing for any other call."""
    import libcst

    words = [item for item in call.args if item.keyword is None]
    if len(words) < 3 or any(item.star for item in words) or not isinstance(call.func, libcst.Attribute):
        return []
    first = words[0].value
    return words if isinstance(first, libcst.SimpleString) and first.evaluated_value in buildcall.TOOLS else []


def _split_string(node: libcst.BaseExpression, module: libcst.Module) -> libcst.SimpleString | None:
    """The string in ``shlex.split("...")`` and ``"...".split()``."""
    import libcst

    if not isinstance(node, libcst.Call) or any(item.keyword or item.star for item in node.args):
        return None
    values: list[libcst.BaseExpression] = [item.value for item in node.args]
    if isinstance(node.func, libcst.Attribute) and node.func.attr.value == "split":
        if module.code_for_node(node.func.value) != "shlex":
            values.append(node.func.value)
    elif not (isinstance(node.func, libcst.Name) and node.func.value == "split"):
        return None
    return values[0] if len(values) == 1 and isinstance(values[0], libcst.SimpleString) else None


def _folder(keywords: dict[str, str]) -> tuple[str | None, str]:
    """The working directory that ``cwd=`` names, and why it is not known."""
    written = keywords.get("cwd")
    if written is None or written == "None":
        return None, ""
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return None, _UNCERTAIN
    return str(value).removeprefix("./").rstrip("/"), ""


def _list_site(
    site: Site,
    node: libcst.List | libcst.Tuple,
    module: libcst.Module,
    folder: str | None,
    why: str,
    used: bool,
    tree: Tree,
    data: Data,
) -> Iterator[Site]:
    import libcst

    code = module.code_for_node(node)
    words: list[Value] = []
    for element in node.elements:
        if isinstance(element, libcst.StarredElement):
            if words and words[0].text in buildcall.TOOLS and buildcall.verb_length(words):
                yield replace(site, why="its words are put together when it runs")
            return
        words.append(_word(element.value, module))
    call = buildcall.read(words, data.docker_flags) if words and words[0].text in buildcall.TOOLS else None
    if call is None:
        composed = composecall.read(words) if words and words[0].text is not None else None
        if composed is not None and not composed.plain:
            folders = ("", site.path.rpartition("/")[0]) if folder is None else (folder,)
            problem = composed.problem or why or ("its output is used" if used else "")
            composed = replace(composed, folders=(None,) if why == _UNCERTAIN else folders, problem=problem)
            yield replace(site, detail=_Composed(composed, _argv(code)))
        return
    if "#" in code and re.search(r"#[^\n\"']*$", code, re.MULTILINE):
        why = "a comment stands between its words"
    elif call.tool != "docker":
        why = "podman may build without the engine that earth needs"
    elif used:
        why = why or "its output is used"
    # A folder that is not certain would give the files of another build.
    found = _located(site, call, folder, code, tree) if why != _UNCERTAIN else site
    yield replace(found, why=why or found.why)


def _located(
    site: Site,
    call: buildcall.BuildCall,
    folder: str | None,
    code: str,
    tree: Tree,
) -> Site:
    own = site.path.rpartition("/")[0]
    return placed(replace(site, call=call, detail=_argv(code)), ("", own) if folder is None else (folder,), tree)


def _argv(code: str) -> _Argv:
    # A tuple's place does not include its parentheses.
    is_list = code.startswith("[")
    apart = not is_list and not code.startswith("(")
    return _Argv("[" if is_list else "", "]" if is_list else "", bool(re.search(r",\s*[\])]$", code)), apart)


def _word(node: libcst.BaseExpression, module: libcst.Module) -> Value:
    import libcst

    if isinstance(node, libcst.SimpleString | libcst.ConcatenatedString) and isinstance(node.evaluated_value, str):
        return literal(node.evaluated_value)
    if isinstance(node, libcst.FormattedString):
        pieces = []
        for part in node.parts:
            if isinstance(part, libcst.FormattedStringText):
                pieces.append(literal_piece(part.value))
            else:
                pieces.append(Piece(module.code_for_node(part), None, "hole"))
        return Value(tuple(pieces))
    return Value((Piece(module.code_for_node(node), None, "expression"),))


def _embedded(node: libcst.SimpleString, start: int) -> Embedded | None:
    raw, value = node.raw_value, node.evaluated_value
    if raw != value or "b" in node.prefix.lower():
        return None
    offset = start + len(node.prefix) + len(node.quote)
    return Embedded(raw, '"' if '"' in node.quote else "'", ((0, offset),))


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    if site.why:
        return Outcome(site, why=site.why)
    if isinstance(site.detail, Note):
        return Outcome(site, notes=(site.detail,))
    if isinstance(site.detail, _Composed):
        return _composed(site, text, translate, tool)
    if not isinstance(site.detail, _Argv):
        return embeddedshell.rewritten(site, translate, tool)
    try:
        made = translate(site)
        written = _words(made, tool)
    except Left as left:
        return Outcome(site, why=str(left))
    return Outcome(site, (Edit(site.start, site.end, _layout(written, site, text, site.detail)),), tuple(made.notes))


def _words(made: EarthCall, tool: str) -> list[str]:
    if made.environment:
        raise Left("a secret comes from a variable of another name")
    return [_expression(word) for word in [literal(tool), *made.flags, literal(made.reference), *made.arguments]]


def _composed(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """A list that calls docker compose: one call of earth can take the place of a build, not of anything else."""
    found: _Composed = site.detail
    try:
        steps = composecall.decided(found.call, site, translate)
        if steps is None:
            return Outcome(site, notes=(Note("EM810", {}),))
        if found.call.verb != "build" or len(steps.calls) > 1 or steps.kept:
            raise Left("a list holds one command")
        written = _words(steps.calls[0], tool)
    except Left as left:
        return Outcome(site, why=f"{left}; {composecall.FIRST}")
    return Outcome(site, (Edit(site.start, site.end, _layout(written, site, text, found.argv)),))


def _layout(words: Sequence[str], site: Site, text: str, argv: _Argv) -> str:
    """On one line, or one word a line where the old list was on several."""
    old = text[site.start : site.end]
    if "\n" not in old:
        return f"{argv.opening}{', '.join(words)}{argv.closing}"
    indents = re.findall(r"\n([ \t]*)\S", old)
    newline = "\r\n" if "\r\n" in old else "\n"
    last = indents[-1] if old.rstrip(argv.closing).endswith(("\n", " ", "\t")) else None
    lines = f",{newline}{indents[0]}".join(words)
    if argv.apart:
        return lines
    if last is None:
        return f"{argv.opening}{newline}{indents[0]}{lines}{argv.closing}"
    comma = "," if argv.trailing_comma else ""
    return f"{argv.opening}{newline}{indents[0]}{lines}{comma}{newline}{last}{argv.closing}"


def _expression(word: Value) -> str:
    """``word`` as a Python expression."""
    if word.text is not None:
        return json.dumps(word.text, ensure_ascii=False)
    if len(word.pieces) == 1 and word.pieces[0].quote == "expression":
        return word.pieces[0].raw
    result = ""
    for piece in word.pieces:
        if piece.text is not None:
            result += piece.text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
        elif piece.quote == "hole":
            result += piece.raw
        elif piece.quote == "expression":
            if '"' in piece.raw or "\n" in piece.raw or "\\" in piece.raw or piece.raw.startswith("{"):
                raise Left(f"{piece.raw} cannot stand inside an f-string")
            result += f"{{{piece.raw}}}"
        else:
            raise Left("a value from the environment has no form without a shell")
    return f'f"{result}"'
