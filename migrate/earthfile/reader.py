"""Reading an Earthfile exactly as EarthBuild's ``earth debug ast`` does, and what its RUN lines hand to the shell.

Facts: ``internal/earthfile/{lex,parse}.go``; facts/earthfile.md sections 1, 2 and 9. Flags are in ``flags.py``, what
characters mean in ``lexer.py``, what holds for a whole file in ``checks.py``. One thing differs on purpose: a WITH
without a command is refused here, while earth takes whatever follows for the command's name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from migrate.earthfile import checks, lexer
from migrate.earthfile.flags import expanded_words, flags_and_args, run_text
from migrate.earthfile.lexer import LexError
from migrate.earthfile.tree import Block, EarthfileError, Recipe, Statement, Tree
from migrate.lateregex import late

__all__ = [
    "Block",
    "EarthfileError",
    "Recipe",
    "Statement",
    "Tree",
    "expanded_words",
    "flags_and_args",
    "read",
    "run_text",
]

_ONE_WORD = """
    ADD ARG BUILD CACHE CATCH CMD COMMAND COPY DO ELSE END ENTRYPOINT ENV EXPOSE FINALLY FOR FROM FUNCTION HEALTHCHECK
    HOST IF IMPORT LABEL LET LOCALLY ONBUILD PROJECT RUN SET SHELL STOPSIGNAL TRY USER VOLUME WAIT WITH WORKDIR
"""
_KEYWORDS = frozenset(_ONE_WORD.split()) | {"ELSE IF", "FROM DOCKERFILE", "GIT CLONE", "SAVE ARTIFACT", "SAVE IMAGE"}
_BLOCKS = frozenset(("IF", "FOR", "WITH", "WAIT", "TRY"))
_CLOSING = frozenset(("ELSE IF", "ELSE", "CATCH", "FINALLY", "END"))
_KEY_VALUE = frozenset(("ENV", "ARG", "SET", "LET"))

_KEYWORD = re.compile(r"(?:SAVE (?:ARTIFACT|IMAGE)|GIT CLONE|FROM DOCKERFILE|ELSE IF)(?=[ \t\r\n]|\Z)|[A-Za-z0-9_]*")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.\-]*")
_FUNCTION_NAME = late(r"[A-Za-z0-9_\-]*:?")
_BLANKS = re.compile(r"[ \t]*")
_COMMENT = re.compile(r"#[^\r\n]*")
_NEWLINE = re.compile(r"\r\n?|\n")
_CODE_LINE = late(r"(?<=[\r\n])([ \t]*)[^ \t\r\n#][^#\r\n]*(?=[\r\n]|\Z)")


def read(text: str, *, strict: bool = True) -> Tree:
    """The tree of an Earthfile's ``text``; raises EarthfileError where earth would refuse it before building.

    ``strict=False`` leaves out what ``earth ls`` checks and ``earth debug ast`` does not: that VERSION comes first, its
    flags, and the form of every ARG in a target.
    """
    tree = _tree(text)
    checks.check(tree, strict=strict)
    return tree


@lru_cache(maxsize=4)
def _tree(text: str) -> Tree:
    """A migration reads the text that a conversion has just checked."""
    parser = _Parser(text)
    try:
        return parser.file()
    except LexError as error:
        raise parser.error(error.message, error.position) from None
    except RecursionError:
        raise EarthfileError("blocks are nested too deeply", 1, 1) from None


_NL, _COMMENT_LINE, _TRAILING, _INDENT, _DEDENT, _TARGET, _FUNCTION, _WORD, _END = range(9)


class _Parser:
    """A cursor over the text. ``kind``, ``value`` and ``start`` describe the token in front of it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.in_recipe = False
        self.indented = False
        self.kind = _NL
        self.value = ""
        self.start = 0
        self.ended = 0
        """Where the last arguments ended."""
        self._counted = 0
        self._line = 1
        self._line_start = 0
        self._code_line = (0, 0)

    # Places

    def error(self, message: str, position: int) -> EarthfileError:
        line = self.text.count("\n", 0, position) + 1
        return EarthfileError(message, line, position - self.text.rfind("\n", 0, position))

    def place(self) -> tuple[int, int]:
        """Line and column of the current token; tokens come in order, so newlines are counted once."""
        newlines = self.text.count("\n", self._counted, self.start)
        if newlines:
            self._line += newlines
            self._line_start = self.text.rfind("\n", self._counted, self.start) + 1
        self._counted = self.start
        return self._line, self.start - self._line_start + 1

    # Tokens

    def advance(self) -> None:
        """Read the next token."""
        if self.in_recipe:
            self._recipe_token()
        else:
            self._top_token()

    def _recipe_token(self) -> None:
        text, position = self.text, self.position
        if position == 0 or text[position - 1] == "\n":
            if self._indentation():
                return
            if not self.in_recipe:
                self._top_token()
                return
        if not self._line_token():
            if self.position == len(text):
                self.kind = _DEDENT if self.indented else _END
                self.indented = False
            else:
                self._keyword()

    def _indentation(self) -> bool:
        """At a line's start: skip the indent; True when the recipe begins or ends here, which is a token of its own."""
        text, begin = self.text, self.position
        position = self.position = self.start = _end(_BLANKS, text, begin)
        indent = position - begin
        char = text[position : position + 1]
        if char == "#":
            if indent or not self.indented or self._next_indent(position):
                return False
        elif char in ("", "\r", "\n"):
            return False
        elif indent:
            if self.indented:
                return False
            self.indented, self.kind = True, _INDENT
            return True
        self.in_recipe = False
        if self.indented:
            self.indented, self.kind = False, _DEDENT
            return True
        return False

    def _next_indent(self, position: int) -> int:
        """The indent of the first line after ``position`` that has text and no ``#`` anywhere: earth's look-ahead."""
        found_at, indent = self._code_line
        if found_at <= position:
            found = _CODE_LINE.search(self.text, _end(_COMMENT, self.text, position))
            found_at, indent = (found.start(), len(found[1])) if found else (len(self.text) + 1, 0)
            self._code_line = found_at, indent
        return indent

    def _top_token(self) -> None:
        if self._line_token():
            return
        text, start = self.text, self.position
        if start == len(text):
            self.kind = _END
            return
        identifier = _IDENTIFIER.match(text, start)
        assert identifier is not None
        name, end = identifier[0], identifier.end()
        if not name:
            raise LexError(f"unexpected character in identifier: U+{ord(text[start]):04X}", start)
        if name == "VERSION" or name == "PROJECT":
            self.kind, self.value, self.position = _WORD, name, end
        elif name in ("COMMAND", "FUNCTION") and text[end : end + 1] in (" ", "\t"):
            self.position = _end(_FUNCTION_NAME, text, end + 1)
            self._recipe_begins(_FUNCTION, text[start : self.position])
        elif text[end : end + 1] == ":":
            self.position = end + 1
            self._recipe_begins(_TARGET, name)
        else:
            self._keyword()
            self.in_recipe = True

    def _recipe_begins(self, kind: int, value: str) -> None:
        self.kind, self.value = kind, value
        self.in_recipe, self.indented = True, False

    def _line_token(self) -> bool:
        """A newline or a comment, after blanks that mean nothing here."""
        text, position = self.text, self.position
        char = text[position : position + 1]
        if char == " " or char == "\t":
            position = _end(_BLANKS, text, position)
            char = text[position : position + 1]
        self.position = self.start = position
        if char == "\n" or char == "\r":
            self.position = position + 1 if char == "\n" else _end(_NEWLINE, text, position)
            self.kind = _NL
            return True
        if char == "#":
            self.position = _end(_COMMENT, text, position)
            self.value = text[position : self.position]
            self.kind = _COMMENT_LINE if lexer.starts_line(text, position) else _TRAILING
            return True
        return False

    def _keyword(self) -> None:
        keyword = _KEYWORD.match(self.text, self.position)
        assert keyword is not None
        self.kind, self.value, self.position = _WORD, keyword[0], keyword.end()
        if keyword[0] not in _KEYWORDS:
            raise LexError(f'unknown command keyword: "{keyword[0]}"', self.start)

    # Arguments: the token in front becomes the one after them.

    def _after_arguments(self, end: int, ended: int) -> None:
        self.position = self.ended = end
        if end == len(self.text) and ended != lexer.AT_NEWLINE:
            # earth's lexer stops here without closing the recipe's indentation.
            self.kind, self.start, self.indented = _END, end, False
        else:
            self.advance()

    def arguments(self) -> list[str]:
        """The arguments up to the end of the line, continuations inside them kept."""
        found, end, ended = lexer.words(self.text, self.position)
        self._after_arguments(end, ended)
        return found

    def command(self) -> Statement:
        """The command in front, without docs."""
        name = self.value
        line, column = self.place()
        exec_form = False
        if name in _KEY_VALUE:
            args, end, ended = lexer.key_and_value(self.text, self.position, name)
        else:
            args, end, ended = lexer.words(self.text, self.position)
        self._after_arguments(end, ended)
        args, exec_form = lexer.finished(name, args)
        return Statement(name, tuple(args), exec_form, line, column)

    # Grammar

    def file(self) -> Tree:
        """The whole file."""
        version: tuple[str, ...] | None = None
        version_line = 0
        base: list[Statement] = []
        targets: list[Recipe] = []
        functions: list[Recipe] = []
        notes: list[str] = []
        blank = False
        self.advance()
        while self.kind != _END:
            kind = self.kind
            if kind == _NL:
                if blank:
                    notes = []
                blank = not blank
                self.advance()
                continue
            if kind == _TRAILING:
                self.advance()
                continue
            if kind == _COMMENT_LINE:
                notes.append(self.value)
                self.advance()
            elif kind == _WORD and self.value == "VERSION":
                notes = []
                version_line = version_line or self.place()[0]
                version = self._version()
            elif kind == _TARGET:
                targets.append(self._recipe(notes))
                notes = []
            elif kind == _FUNCTION:
                functions.append(self._recipe([]))
            elif kind == _WORD and self.value in _BLOCKS:
                blank = blank and self.value in ("TRY", "WAIT")  # as earth does: it decides which comments are docs
                base.append(self._block_statement())
                continue
            elif kind == _WORD and self.value not in _CLOSING:
                self._at_margin("command at top level")
                base.append(_documented(self.command(), notes))
                notes = []
            else:
                raise self.error("unexpected indentation or keyword at top level", self.start)
            blank = False
        plain = [target for target in targets if not _is_function(target)]
        functions += filter(_is_function, targets)
        return Tree(version, tuple(base), tuple(plain), tuple(functions), version_line)

    def _at_margin(self, what: str) -> None:
        if self.place()[1] > 1:
            raise self.error(f"{what} must start at the beginning of the line", self.start)

    def _version(self) -> tuple[str, ...]:
        self._at_margin("VERSION command")
        found, end, ended = lexer.words(self.text, self.position)
        self._after_arguments(end, ended)
        return tuple(found)

    def _recipe(self, notes: list[str]) -> Recipe:
        self._at_margin("target")
        name = self.value
        line, column = self.place()
        header = self.ended = self.position
        self.advance()
        body = self._recipe_body()
        newlines = self.text.count("\n", header, self.ended)
        return Recipe(name, _docs(notes), line, column, body, line + newlines - self.text.endswith("\n", 0, self.ended))

    def _recipe_body(self) -> tuple[Statement, ...]:
        """The commands below a target's header, the closing dedent consumed."""
        notes: list[str] = []
        while self.kind in (_NL, _TRAILING, _COMMENT_LINE):
            if self.kind == _COMMENT_LINE:
                notes.append(self.value)
            self.advance()
        if self.kind in (_END, _TARGET, _FUNCTION):
            return ()
        if self.kind != _INDENT:
            raise self.error(f"expected block indentation, got {self.value}", self.start)
        self.advance()
        found: list[Statement] = []
        blank = False
        while self.kind not in (_END, _DEDENT):
            kind = self.kind
            if kind == _NL:
                if blank:
                    notes = []
                blank = not blank
                self.advance()
                continue
            if kind == _TRAILING:
                self.advance()
                continue
            blank = False
            if kind == _COMMENT_LINE:
                notes.append(self.value)
                self.advance()
            elif kind != _WORD or self.value in _CLOSING:
                raise self.error("unexpected indentation or keyword in recipe block", self.start)
            elif self.value in _BLOCKS:
                notes = notes if self.value == "WITH" else []
                found.append(self._block_statement())
            else:
                found.append(_documented(self.command(), notes))
                notes = []
        if self.kind == _DEDENT:
            self.advance()
        return tuple(found)

    def _body(self) -> tuple[Statement, ...]:
        """The commands inside a block statement, up to the token that ends them."""
        found: list[Statement] = []
        notes: list[str] = []
        while self.kind not in (_END, _DEDENT) and not (self.kind == _WORD and self.value in _CLOSING):
            kind = self.kind
            if kind == _COMMENT_LINE:
                notes.append(self.value)
                self.advance()
            elif kind in (_NL, _TRAILING, _INDENT):
                self.advance()
            elif kind != _WORD:
                raise self.error("unexpected target in recipe block", self.start)
            elif self.value in _BLOCKS:
                notes = []
                found.append(self._block_statement())
            else:
                statement = self.command()
                found.append(_with_docs(statement, "\n".join(notes)) if notes else statement)
                notes = []
        return tuple(found)

    def _block_statement(self) -> Statement:
        keyword = self.value
        line, column = self.place()
        if keyword == "WITH":
            return self._with(line, column)
        blocks = [self._block(keyword)]
        more = {"IF": ("ELSE IF", "ELSE"), "TRY": ("CATCH", "FINALLY")}.get(keyword, ())
        while True:
            if self.kind == _DEDENT:  # keywords at column 0, as in base recipes
                self.advance()
            elif self.kind == _WORD and self.value in more:
                blocks.append(self._block(self.value))
            else:
                break
        self._close(keyword)
        first = blocks[0]
        return Statement(keyword, first.args, first.exec_form, line, column, "", tuple(blocks))

    def _block(self, keyword: str) -> Block:
        line, column = self.place()
        args = self.arguments()
        exec_form = False
        if keyword in ("IF", "ELSE IF"):
            decoded = lexer.exec_items(args)
            exec_form = decoded is not None
            args = args if decoded is None else decoded
        elif keyword != "FOR":
            args = []
        return Block(keyword, tuple(args), exec_form, line, column, self._body())

    def _with(self, line: int, column: int) -> Statement:
        items, end, ended = lexer.pieces(self.text, self.position)
        items = items[1:] if items and items[0][0] in " \t" else items
        if not items:
            raise self.error("WITH needs a command", self.start)
        self._after_arguments(end, ended)
        name, rest = items[0], items[1:]
        if name in _KEY_VALUE:
            args = lexer.flags_and_assignment(rest)
        else:
            args = [item for item in rest if item[0] not in " \t"]
        args, exec_form = lexer.finished(name, args)
        body = self._body()
        if self.kind == _DEDENT:
            self.advance()
        self._close("WITH")
        block = Block("WITH", tuple(args), exec_form, line, column, body)
        return Statement(f"WITH {name}", block.args, exec_form, line, column, "", (block,))

    def _close(self, keyword: str) -> None:
        if self.kind != _WORD or self.value != "END":
            raise self.error(f"expected END to close {keyword} statement", self.start)
        self.arguments()


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found is not None else position


def _is_function(recipe: Recipe) -> bool:
    return bool(recipe.statements) and recipe.statements[0].name in ("COMMAND", "FUNCTION")


def _documented(statement: Statement, notes: list[str]) -> Statement:
    return _with_docs(statement, _docs(notes)) if notes else statement


def _with_docs(statement: Statement, docs: str) -> Statement:
    return Statement(statement.name, statement.args, statement.exec_form, statement.line, statement.column, docs)


def _docs(notes: list[str]) -> str:
    """Comment lines as documentation: without ``#`` and the first line's indent."""
    lines = [note.strip().removeprefix("#") for note in notes]
    if not lines:
        return ""
    margin = lines[0][: _end(_BLANKS, lines[0], 0)]
    return "".join(line.removeprefix(margin) + "\n" for line in lines)
