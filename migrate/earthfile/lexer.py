"""The characters of an Earthfile: where arguments, comments and lines end.

Facts: EarthBuild's hand-written lexer (``internal/earthfile/lex.go``), facts/earthfile.md section 1. In short: a
backslash protects the next character inside both kinds of quotes, ``$(...)`` is one piece, a backslash before blanks
and a newline (or a ``#``!) continues the line, ``#`` starts a comment only after a blank or at a line's start.
"""

from __future__ import annotations

import re

from migrate.lateregex import late


class LexError(Exception):
    """Text that earth's lexer refuses; ``position`` is an index into the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


# A stretch of one argument that needs no nesting: plain text, closed quotes without a shell-out, escaped characters.
_STRETCH = re.compile(
    r"""(?:
        [^ \t\r\n#\\"'$]+
      | (?<![ \t\r\n])\#
      | "[^"\\$]*(?:(?:\\[\s\S]|\$(?!\())[^"\\$]*)*"
      | '[^'\\]*(?:\\[\s\S][^'\\]*)*'
      | \\(?![ \t]*(?:[\#\r\n]|\Z))[\s\S]
      | \$(?!\()
    )+""",
    re.VERBOSE,
)
_SIMPLE_LINE = re.compile(r"""([^\\"'$#\r\n]*)(?:\r?\n|\Z)""")
_WORDS = re.compile(r"[^ \t]+")
_BLANKS = re.compile(r"[ \t]*")
_CONTINUATION = re.compile(r"\\(?:[ \t\r\n]+|#[^\r\n]*)*")
_COMMENT = re.compile(r"#[^\r\n]*")
_NEWLINE = re.compile(r"\r\n?|\n")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=[ \t=\r\n#]|\Z)")
_FLAG = re.compile(r"-[^ \t\r\n#=]*")
_IN_DOUBLE = late(r'["\\]|\$\(')
_IN_SHELL = late(r"""["'\\)]|\$\(""")
_SINGLE = late(r"'[^'\\]*(?:\\[\s\S][^'\\]*)*'")
_STRIP = re.compile(
    r"\\[ \t]*(?:#[^\n\r]*)?\r?\n[ \t]*(?:(?:#[^\n\r]*)?\r?\n[ \t]*)*|\\[\s\S]?",
)

_SEPARATOR = re.compile("[='\"]")

_MAY_BE_EXEC = frozenset(("RUN", "CMD", "ENTRYPOINT", "VOLUME"))
_JSON_ITEM = late(r'[, \t\r\n]*"([^"\\]*(?:\\[\s\S][^"\\]*)*)"')
_JSON_BLANK = late(r"[, \t\r\n]*")
_JSON_ESCAPE = late(r"\\([\s\S])")
_JSON_MEANING = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

#: How a run of arguments ended.
AT_NEWLINE, AT_COMMENT, AT_END = range(3)

Items = list[str]


def words(text: str, position: int) -> tuple[Items, int, int]:
    """The arguments from ``position`` to the end of the logical line, the index after it, and how it ended.

    Arguments keep their quotes and the continuations inside them. Raises LexError for an unclosed quote or ``$(``.
    """
    simple = _SIMPLE_LINE.match(text, position)
    if simple is not None:
        end = simple.end()
        return _WORDS.findall(simple[1]), end, AT_NEWLINE if end > simple.end(1) else AT_END
    items, end, ended = pieces(text, position)
    return [item for item in items if item[0] not in " \t"], end, ended


def pieces(text: str, position: int) -> tuple[Items, int, int]:
    """Like ``words``, with the blanks between arguments as items of their own."""
    items: Items = []
    start = position
    while True:
        stretch = _STRETCH.match(text, position)
        if stretch is not None:
            position = stretch.end()
        char = text[position : position + 1]
        if char == "\\":
            after = _end_of(_CONTINUATION, text, position)
            start = after if start == position else start
            position = after
        elif char == '"' or char == "'" or char == "$":
            position = _nested(text, position, start)
        else:
            if position > start:
                items.append(text[start:position])
            if char == " " or char == "\t":
                start, position = position, position + 1
                if text.startswith((" ", "\t"), position):
                    position = _end_of(_BLANKS, text, position)
                items.append(text[start:position])
                start = position
            elif char == "#":
                return items, _end_of(_COMMENT, text, position), AT_COMMENT
            elif char:
                return items, _end_of(_NEWLINE, text, position), AT_NEWLINE
            else:
                return items, position, AT_END


def key_and_value(text: str, position: int, command: str) -> tuple[list[str], int, int]:
    """The arguments of ENV, ARG, LET and SET: flags, key, ``=``, and the rest of the line as one value.

    Raises LexError when the key is not an identifier (facts/earthfile.md section 5).
    """
    args: list[str] = []
    position = _end_of(_BLANKS, text, position)
    while (flag := _FLAG.match(text, position)) is not None:
        args.append(flag[0])
        position = _end_of(_BLANKS, text, flag.end())
    key = _KEY.match(text, position)
    if key is not None:
        position = key.end()
        equals = text[position : position + 1] == "="
        items, end, ended = pieces(text, position + 1 if equals else position)
        return args + _assignment(key[0], equals, items), end, ended
    if text[position : position + 1] not in ("", "#", "\r", "\n"):
        raise LexError(f"invalid {command} key definition", position)
    items, end, ended = pieces(text, position)
    return args + (assignment(items) or args), end, ended


def assignment(items: Items) -> list[str]:
    """The arguments of a key-value command from its pieces: a key that may hold its ``=``, then the value."""
    if not items:
        return []
    separator = separator_index(items[0])
    if separator < 0:
        return _assignment(items[0], False, items[1:])
    value = "".join([items[0][separator + 1 :], *items[1:]]).rstrip(" \t\r\n")
    return [items[0][:separator], "=", value]


def flags_and_assignment(items: Items) -> list[str]:
    """Like ``assignment`` for pieces that may begin with flags: ``WITH ENV``, which earth's parser accepts."""
    flags: list[str] = []
    items = _without_blank(items)
    while items and items[0][0] == "-":
        flags.append(items[0])
        items = _without_blank(items[1:])
    return flags + (assignment(items) or flags)


def _assignment(key: str, equals: bool, items: Items) -> list[str]:
    if not equals:
        items = _without_blank(items)
        equals = items[:1] == ["="]
        items = items[1:] if equals else items
    if equals:
        items = _without_blank(items)
    value = "".join(items).rstrip(" \t\r\n")
    return [key, "=", value] if value or equals else [key]


def _without_blank(items: Items) -> Items:
    return items[1:] if items and items[0][0] in " \t" else items


def separator_index(argument: str) -> int:
    """The index of the first ``=`` outside quotes, or -1. Backslashes do not count here, as in earth's parser."""
    if "'" not in argument and '"' not in argument:
        return argument.find("=")
    quote = ""
    for found in _SEPARATOR.finditer(argument):
        char = found[0]
        if char == "=":
            if not quote:
                return found.start()
        elif not quote:
            quote = char
        elif quote == char:
            quote = ""
    return -1


def without_continuations(argument: str) -> str:
    """``argument`` with the continued lines inside it joined, in quotes too (``\\`` + newline + the next indent)."""
    if "\n" not in argument:
        return argument
    # Nothing after the last line's indent can be a continuation; leaving it out keeps the search linear.
    last = _end_of(_BLANKS, argument, argument.rindex("\n") + 1)
    return _STRIP.sub(_escape_only, argument[:last]) + argument[last:]


def _escape_only(match: re.Match[str]) -> str:
    return "" if "\n" in match[0] else match[0]


def finished(name: str, args: list[str]) -> tuple[list[str], bool]:
    """A command's arguments as the tree shows them, and whether they are the exec form."""
    args = [without_continuations(arg) if "\\" in arg else arg for arg in args]
    if name in _MAY_BE_EXEC:
        decoded = exec_items(args)
        return (args, False) if decoded is None else (decoded, True)
    if name == "LABEL":
        return [part for arg in args for part in label_parts(arg)], False
    return args, False


def label_parts(arg: str) -> list[str]:
    index = separator_index(arg)
    parts = [arg] if index < 0 else [arg[:index], "=", arg[index + 1 :]]
    return [part for part in parts if part]


def exec_items(args: list[str]) -> list[str] | None:
    """The strings of a JSON-like array (commas may be missing), or None: shell form; facts/earthfile.md section 2."""
    if not args or args[0][:1] != "[" or args[-1][-1:] != "]":
        return None
    text = "".join(args)[1:-1]
    items: list[str] = []
    position = 0
    while (item := _JSON_ITEM.match(text, position)) is not None:
        items.append(_JSON_ESCAPE.sub(_decoded, item[1]) if "\\" in item[1] else item[1])
        position = item.end()
    return items if _end_of(_JSON_BLANK, text, position) == len(text) else None


def _decoded(escape: re.Match[str]) -> str:
    return _JSON_MEANING.get(escape[1], escape[0])


def _nested(text: str, position: int, start: int) -> int:
    """The index after the quote or ``$(...)`` that opens at ``position``, shell-outs inside it included."""
    if text[position] == "'":
        return _single(text, position, start)
    stack = [0 if text[position] == '"' else 1]
    position += 1 if text[position] == '"' else 2
    while stack:
        inside_shell = stack[-1] > 0
        found = (_IN_SHELL if inside_shell else _IN_DOUBLE).search(text, position)
        if found is None:
            raise LexError("unclosed shell substitution" if inside_shell else "unclosed double quote", start)
        char = found[0]
        position = found.end()
        if char == "\\":
            position = min(position + 1, len(text))
        elif char == "'":
            position = _single(text, position - 1, start)
        elif char == '"':
            if inside_shell:
                stack.append(0)
            else:
                stack.pop()
        elif char == ")":
            stack[-1] -= 1
            if stack[-1] == 0:
                stack.pop()
        elif inside_shell:
            stack[-1] += 1
        else:
            stack.append(1)
    return position


def _single(text: str, position: int, start: int) -> int:
    quoted = _SINGLE.match(text, position)
    if quoted is None:
        raise LexError("unclosed single quote", start)
    return quoted.end()


def starts_line(text: str, position: int) -> bool:
    """Whether only blanks stand before ``position`` on its line."""
    while position and text[position - 1] in " \t":
        position -= 1
    return position == 0 or text[position - 1] in "\r\n"


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found is not None else position
