"""One stage while it becomes a recipe: its state, and the helpers that every rule uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from migrate.context import Context
from migrate.dockerfile import words as docker_words
from migrate.dockerfile.model import Instruction, Pair, PairsDetail
from migrate.earthfile import quoting
from migrate.earthfile.model import Command, Item, Remark, Target, TextLine, Words
from migrate.images import BaseImage
from migrate.mappings import Mappings
from migrate.scope import ENVIRONMENT, Binding, Scope, without_variables
from migrate.settings import Settings
from migrate.spans import Span
from migrate.words import Literal, Part, Variable, Word, literal_text, merged

if TYPE_CHECKING:
    from migrate.arguments import Arguments

DEFAULT_SHELL = ("/bin/sh", "-c")
#: What both tools write into the config of an image that sets no PATH (BuildKit: util/system/path.go).
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: ``-``, ``+`` and ``?`` ask "unset?"; an Earthfile only knows "unset or empty".
_LOOSER = {"-": ":-", "+": ":+", "?": ":?"}
#: Without a wildcard in the pattern the longest match is the shortest.
_LITERAL_PATTERN = {"##": "#", "%%": "%", "#": "#", "%": "%"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%,=")


class NotExpressible(Exception):
    """The instruction has no native form; the driver keeps it as a comment and reports ``code``."""

    def __init__(self, code: str, span: Span | None = None, **fields: object) -> None:
        super().__init__(code)
        self.code = code
        self.span = span
        self.fields = fields


class User(NamedTuple):
    """Who runs the next RUN: ``text`` as written (None: the base image's), ``root`` None when unknown."""

    text: str | None
    root: bool | None


@dataclass(slots=True)
class Recipe:
    """The state of one stage at one point. Rules read it, change it as Docker would, and yield items.

    ``report`` takes a code, a span and the fields of its message.
    """

    stage: int
    target: str
    scope: Scope
    escape: str
    report: Reporter
    user: User
    arguments: Arguments
    settings: Settings
    context: Context
    text: str = ""
    """The raw text of the stage's RUNs."""
    own_arguments: frozenset[str] = frozenset()
    """Names that the stage declares before it mentions them."""
    moved_arguments: set[str] = field(default_factory=set)
    """Platform arguments that stand above FROM; their own ARG line goes."""
    runs: bool = False
    """Whether the stage has a RUN."""
    again: set[str] = field(default_factory=set)
    """Arguments that a line would give another value although what a caller passes counts there, too."""
    proxies: set[str] = field(default_factory=set)
    """The proxy arguments, in lower case, that a RUN has read."""
    shell: tuple[str, ...] = DEFAULT_SHELL
    workdir: str | None = None
    unclean_workdir: tuple[str, Word] | None = None
    """The last WORKDIR (spelling, meaning) when it was an absolute path with superfluous parts."""
    has_shell: bool | None = None
    delivered: bool = False
    extra: list[Target] = field(default_factory=list)
    """Helper targets that rules asked for, printed in front of this one."""
    image: str = ""
    """The image at the root of this stage's chain, as written."""
    image_span: Span | None = None
    is_from_scratch: bool = False
    """Whether the chain begins at ``scratch``, without any default argument."""
    base: BaseImage | None = None
    """What is known of that image."""
    made: set[str] = field(default_factory=set)
    """Directories that exist for certain."""
    gone: set[str] = field(default_factory=set)
    """Paths that commands of our own have cleared away."""
    perhaps: set[str] = field(default_factory=set)
    """Paths that a COPY made, folder or file, nobody knows."""
    brought: list[tuple[str, str | None]] = field(default_factory=list)
    """Where a COPY or ADD put folders that may hold others, and the path in the context that they are from, if any."""
    copies: bool = False
    """Whether a COPY was written."""
    context_sources: list[str] = field(default_factory=list)
    """What COPY takes from the build context, with wildcards for variables."""
    leftovers: set[str] = field(default_factory=set)
    """Those of them that stay in this stage: nothing takes the folder that they are copied to."""
    owners: set[str] = field(default_factory=set)
    """Directories (absolute, no slash at the end) that the text gives another owner or mode than root 0755."""

    def is_root(self) -> bool:
        """Whether the next command is certain to run as root; says so once per image when nobody knows."""
        if self.user.root is None and self.user.text is None:
            self.report("EM205", self.image_span, image=self.image)
        return self.user.root is True

    def report_unknown_environment(self) -> None:
        """Say, once per image, that its ENV is taken to have none of the names in question."""
        self.report("EM251", self.image_span, image=self.image)

    def warn(
        self, code: str, instruction: Instruction, start: int | None = None, end: int | None = None, /, **fields: object
    ) -> None:
        """Report ``code`` at ``instruction.text[start:end]``, or at the whole instruction."""
        span = instruction.span if start is None else instruction.span_of(start, end if end is not None else start)
        self.report(code, span, **fields)

    def word(self, text: str, instruction: Instruction, how: str = "word") -> tuple[str, Word]:
        """How an Earthfile says the Docker word ``text``: its spelling, and the parts earth must read in it.

        The spelling is the one of the Dockerfile wherever earth reads the same in it. ``how`` is the place it stands
        in:
        ``word``, ``path``, ``argument`` (ARG, LET, SET) or ``flag``. Raises NotExpressible.
        """
        if _PLAIN.issuperset(text):
            return text, (Literal(text),) if text else ()
        meaning = self.adapt(docker_words.parse_word(text, self.escape), instruction)
        return self.spell(meaning, text, how), meaning

    def spell(self, meaning: Word, written: str | None = None, how: str = "word") -> str:
        """The spelling of ``meaning``: ``written`` when earth reads the same in it, otherwise a rendered one."""
        try:
            return _SPELLINGS[how](meaning, written)
        except quoting.UnrenderableError as error:
            raise NotExpressible("EM320", None, text=str(error)) from None

    def adapt(self, word: Word, instruction: Instruction) -> Word:
        """``word`` with every variable that an Earthfile would read otherwise replaced by one it reads alike."""
        if all(isinstance(part, Literal) for part in word):
            return word
        return merged([new for part in word for new in self._adapt_part(part, instruction)])

    def _adapt_part(self, part: Part, instruction: Instruction) -> Word:
        if not isinstance(part, Variable):
            return (part,)
        if not part.name.isidentifier() or not part.name.isascii():
            return ()  # $1, $@, $$: always empty in Docker
        if part.name == "HOME" and self.scope.bindings.get("HOME") is None:
            return self._home(part, instruction)
        if part.name == "PATH" and self.is_from_scratch and self.scope.bindings.get("PATH") is None:
            # earth would ask a shell that is not there.
            return without_variables((part,), {"PATH": (Literal(DEFAULT_PATH),)})
        if part.name in self.scope.fixed:
            value = self.scope.fixed[part.name]
            part = replace(part, operand=self.adapt(part.operand, instruction))
            return without_variables((part,), {part.name: None if value is None else (Literal(value),)})
        if not part.operator:
            return (part,)
        return self._adapt_operator(part, instruction)

    def _home(self, part: Variable, instruction: Instruction) -> Word:
        """Docker knows HOME only from ENV and ARG; earth asks the container's shell."""
        if "HOME" in (self.scope.image_environment or ()) or (self.base is not None and "HOME" in self.base.sets):
            return (part,)
        known = self.scope.image_environment is not None
        self.warn("EM308" if known else "EM309", instruction)
        return self.adapt(part.operand, instruction) if part.operator in (":-", "-") else ()

    def _adapt_operator(self, part: Variable, instruction: Instruction) -> Word:
        operand = self.adapt(part.operand, instruction)
        written = _written(part)
        if part.operator in (":-", ":+", ":?"):
            return (replace(part, operand=operand),)
        if part.operator in _LOOSER:
            return self._unset_test(part, operand, instruction)
        pattern = literal_text(operand)
        if part.operator in _LITERAL_PATTERN and pattern is not None and not set(pattern) & set("*?[\\"):
            return (Variable(part.name, _LITERAL_PATTERN[part.operator], operand),)
        value = self.scope.static((part,))
        if value is None or self.scope.is_bare_argument(part.name):
            raise NotExpressible("EM307", None, written=written)
        if self.scope.is_overridable((part,)):
            self.warn("EM306", instruction, written=written, value=value, name=part.name)
        return (Literal(value),)

    def _unset_test(self, part: Variable, operand: Word, instruction: Instruction) -> Word:
        """``-``, ``+`` and ``?`` ask whether a name is unset: known from the text, or loosened to "unset or empty"."""
        if self.scope.is_always_set(part.name):
            return operand if part.operator == "+" else (Variable(part.name),)
        if self.scope.is_never_set(part.name) and part.operator != "?":
            return operand if part.operator == "-" else ()
        looser = _LOOSER[part.operator]
        written = _written(part)
        if part.name not in self.scope.bindings and part.operator != "?":
            self.report_unknown_environment()
            return (Variable(part.name, looser, operand),)
        self.warn("EM305", instruction, written=written, instead=looser, name=part.name)
        return (Variable(part.name, looser, operand),)

    def known(self, text: str) -> str | None:
        """The value of the Docker word ``text`` when no build argument is passed, None when that is not certain."""
        return self.scope.static(docker_words.parse_word(text, self.escape))


def _written(part: Variable) -> str:
    """The substitution as it stands in the Dockerfile, quotes left out."""
    operand = literal_text(part.operand)
    tail = f"/{literal_text(part.replacement)}" if part.operator in ("/", "//") else ""
    return f"${{{part.name}{part.operator}{'...' if operand is None else operand}{tail}}}"


class Reporter(Protocol):
    """The signature of ``Recipe.report``: a code, a span, and the fields of its message."""

    def __call__(self, code: str, span: Span | None, /, **fields: object) -> object:
        """Record one diagnostic."""


_SPELLINGS: Mapping[str, Callable[[Word, str | None], str]] = {
    "word": lambda meaning, written: quoting.render(meaning, prefer=written),
    "path": lambda meaning, written: quoting.render(meaning, path=True, prefer=written),
    "argument": lambda meaning, written: quoting.render_argument(meaning, prefer=written),
    "flag": lambda meaning, written: quoting.render_flag(meaning, prefer=written),
}


def refuse_flags(instruction: Instruction, mappings: Mappings) -> None:
    """Raise NotExpressible for the first flag that mappings/instructions.yaml gives a diagnostic."""
    known = mappings.instructions[instruction.keyword]["flags"]
    for flag in instruction.flags:
        code = known[flag.name].get("diagnostic")
        if code is not None and flag.value != "false":
            written = f"--{flag.name}={flag.value}" if flag.value is not None else f"--{flag.name}"
            raise NotExpressible(code, instruction.span_of(flag.start, flag.end), flag=written)


def command(
    keyword: str, arguments: Iterable[tuple[str, Word]], instruction: Instruction, *, separator: str = " "
) -> Command:
    """A command on one line from (spelling, meaning) arguments, with what earth must read in it."""
    pairs = list(arguments)
    text = separator.join(spelling for spelling, _ in pairs)
    return Command.of(keyword, text, source=instruction.span, meaning=Words(tuple(meaning for _, meaning in pairs)))


def with_lines(base: Command, lines: tuple[TextLine, ...]) -> Command:
    """``base`` written on ``lines`` first, on its one line when earth does not read the same in them."""
    return base._replace(lines=lines, alternatives=(base.lines, *base.alternatives)) if len(lines) > 1 else base


def not_converted(instruction: Instruction, code: str) -> Remark:
    """The instruction as a comment in place: every line of it, none of it executable."""
    first, *rest = [line.text.strip() if line.kind != "heredoc" else line.text.rstrip() for line in instruction.lines]
    return Remark((f"# {code}, not converted: {first}", *(f"#     {line}".rstrip() for line in rest)), instruction.span)


def pair_not_converted(
    pair: Pair, problem: NotExpressible, instruction: Instruction, stage: Recipe, above: tuple[str, ...] = ()
) -> Remark:
    """One pair of an ENV, LABEL or ARG as a comment; the other pairs stay."""
    span = instruction.span_of(pair.start, pair.end)
    stage.report(problem.code, problem.span or span, **problem.fields)
    text = " ".join(instruction.text[pair.start : pair.end].split())
    return Remark((*above, f"# {problem.code}, not converted: {instruction.keyword} {text}"), span)


def forget(instruction: Instruction, stage: Recipe) -> None:
    """Docker does what ``instruction`` says although no command says it here: what it sets is unknown from now on."""
    if instruction.keyword == "USER":
        stage.user = User(instruction.operand, None)
    elif instruction.keyword == "WORKDIR":
        stage.workdir = None
    elif instruction.keyword == "ENV" and isinstance(instruction.detail, PairsDetail):
        values = {pair.key: stage.known(pair.value or "") for pair in instruction.detail.pairs}
        for key, value in values.items():
            stage.scope.bind(key, Binding(ENVIRONMENT, value))
            stage.scope.environment[key] = Binding(ENVIRONMENT, value)


def attach(items: list[Item], above: tuple[str, ...]) -> list[Item]:
    """``items`` with the comment and blank lines that stood above their instruction."""
    if not above:
        return items
    if not items:
        return [Remark(above)]
    first, *rest = items
    if isinstance(first, Command):
        return [first._replace(above=above + first.above), *rest]
    return [first._replace(lines=above + first.lines), *rest]
