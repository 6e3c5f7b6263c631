"""How earth expands one argument: quotes, backslashes, variables and shell-outs.

Facts: ``util/shell/lex.go`` and ``expandArgs`` in ``earthfile2llb/interpreter.go``; facts/earthfile.md section 1.
Before expanding, earth writes ``\\+`` as ``\\\\+``; afterwards it turns ``\\+`` into ``+`` again, except in the values
of ARG, LET and SET: so ``\\+`` protects a plus of a path from being read as an artifact.
"""

from __future__ import annotations

import re

from migrate.lateregex import late
from migrate.words import Literal, Part, ShellOut, Variable, Word, merged


class WordError(Exception):
    """Text that earth's expansion refuses."""


_OPERATORS = {"-": ":-", "+": ":+", "?": ":?"}
_SPECIAL = re.compile(r"""["'$\\]""")
_NAME = re.compile(r"\d+|[@*#?\-$!]|[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"""[^"'$\\]+""")
_PLAIN_OPERAND = late(r"""[^"'$\\}]+""")
_PLAIN_QUOTED = re.compile(r"""[^"$\\]+""")
_IN_COMMAND = late(r"""['"()\\]""")
_IN_COMMAND_QUOTES = late(r"""[^"\\]*(?:\\[\s\S][^"\\]*)*\"""")


def parse_word(text: str, *, keep_plus: bool = False) -> Word:
    """What one argument stands for; raises WordError where earth's expansion fails.

    ``keep_plus`` is for the values of ARG, LET and SET, where ``\\+`` stays as it is.
    """
    text = text.removeprefix("\ufeff")
    if _SPECIAL.search(text) is None:
        return (Literal(text),) if text else ()
    word = merged(_Expansion(text.replace("\\+", "\\\\+")).parts(""))
    return word if keep_plus or "\\" not in text else _without_plus_escapes(word)


def _without_plus_escapes(word: Word) -> Word:
    return tuple(_without_plus_escape(part) for part in word)


def _without_plus_escape(part: Part) -> Part:
    if isinstance(part, Literal):
        return Literal(part.text.replace("\\+", "+"))
    if isinstance(part, Variable) and part.operator in (":-", ":+"):
        return Variable(part.name, part.operator, _without_plus_escapes(part.operand))
    return part


class _Expansion:
    """A cursor over the text of one argument."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def take(self) -> str:
        char = self.text[self.position : self.position + 1]
        self.position += 1
        return char

    def run(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        if found is None:
            return ""
        self.position = found.end()
        return found[0]

    def parts(self, stop: str) -> list[Part]:
        """The parts up to ``stop`` (``}`` inside a variable), or to the end of the text."""
        found: list[Part] = []
        plain = _PLAIN_OPERAND if stop else _PLAIN
        while True:
            run = self.run(plain)
            if run:
                found.append(Literal(run))
            char = self.take()
            if not char:
                if stop:
                    raise WordError("missing '}' in a substitution")
                return found
            if char == stop:
                return found
            if char == "\\":
                found.append(Literal(self.take()))
            elif char == "'":
                found.append(Literal(self.single()))
            elif char == '"':
                found += self.double()
            else:
                found.append(self.dollar())

    def single(self) -> str:
        end = self.text.find("'", self.position)
        if end < 0:
            raise WordError("unclosed single quote")
        text = self.text[self.position : end]
        self.position = end + 1
        return text

    def double(self) -> list[Part]:
        found: list[Part] = []
        while True:
            run = self.run(_PLAIN_QUOTED)
            if run:
                found.append(Literal(run))
            char = self.take()
            if not char:
                raise WordError("unclosed double quote")
            if char == '"':
                return found
            if char == "$":
                found.append(self.dollar())
                continue
            following = self.text[self.position : self.position + 1]
            if following and following in '"$\\':
                found.append(Literal(self.take()))
            else:
                found.append(Literal("\\"))

    def name(self) -> str:
        found = self.run(_NAME)
        if found and not (found[0].isalpha() or found[0] == "_"):
            return found
        begin = self.position
        while (char := self.text[self.position : self.position + 1]) and (
            char.isalpha() or char.isdecimal() or char == "_"
        ):
            self.position += 1
        return found + self.text[begin : self.position]

    def dollar(self) -> Part:
        following = self.text[self.position : self.position + 1]
        if following == "(":
            self.position += 1
            return ShellOut(self.command())
        if following == "{":
            self.position += 1
            return self.braces()
        name = self.name()
        return Variable(name) if name else Literal("$")

    def braces(self) -> Variable:
        if self.text[self.position : self.position + 1] in ("", "{", "}", ":"):
            raise WordError("bad substitution")
        name = self.name()
        char = self.take()
        if char == "}":
            return Variable(name)
        if char in ("?", "#", "%"):
            return Variable(name, char, merged(self.parts("}")))
        if char != ":":
            raise WordError("missing ':' in a substitution")
        operator = _OPERATORS.get(self.take())
        if operator is None:
            raise WordError("unsupported modifier in a substitution")
        return Variable(name, operator, merged(self.parts("}")))

    def command(self) -> str:
        """The text of ``$(...)``: quotes stay, backslashes outside quotes go, parentheses are counted."""
        found: list[str] = []
        depth = 1
        while (special := _IN_COMMAND.search(self.text, self.position)) is not None:
            found.append(self.text[self.position : special.start()])
            self.position = special.end()
            char = special[0]
            if char == "\\":
                found.append(self.take())
                continue
            if char == "'":
                char = f"'{self.single()}'"
            elif char == '"':
                quoted = self.run(_IN_COMMAND_QUOTES)
                if not quoted:
                    raise WordError("unclosed double quote")
                char = '"' + quoted
            else:
                depth += 1 if char == "(" else -1
                if depth == 0:
                    return "".join(found)
            found.append(char)
        raise WordError("missing ')' in a substitution")
