"""The reader of Dockerfiles: text in, frozen instructions with exact spans out, or the first error."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.dockerfile import errors
from migrate.dockerfile.checks import check_expansion
from migrate.dockerfile.directives import check_rules, frontend
from migrate.dockerfile.errors import BrokenTrigger, DockerfileError
from migrate.dockerfile.instructions import first_pass, second_pass
from migrate.dockerfile.lines import Scan, scan
from migrate.dockerfile.model import Dockerfile, FromDetail, Instruction, RefusedDetail
from migrate.dockerfile.refusals import (
    LITERAL,
    is_docker_frontend,
    is_windows_image,
    is_windows_platform,
    is_windows_shell,
    template_mark,
)
from migrate.dockerfile.split import split
from migrate.dockerfile.statements import Statement, physical, statement
from migrate.spans import Span

_ABOUT_THE_FILE = (errors.NO_STAGE, errors.UNTERMINATED_HEREDOC)
_ABOUT_A_WORD = (
    *(errors.UNKNOWN_FLAG, errors.BAD_FLAG_VALUE, errors.DUPLICATE_FLAG),
    *(errors.BAD_MOUNT, errors.BAD_SUBSTITUTION),
)


def read(source: str | bytes, *, every_stage: bool = True) -> Dockerfile:
    """Read a Dockerfile as BuildKit reads it.

    Raises DockerfileError with the first thing that BuildKit refuses, or that is not for Docker itself (a template, a
    foreign frontend), or that is for Windows. Without ``every_stage`` an instruction that is only refused when its
    stage is built has no keyword, and a RefusedDetail.
    """
    text = _decoded(source)
    found = scan(text)
    _check_frontend(found, text)
    try:
        return _read(found, every_stage=every_stage)
    except DockerfileError as error:
        raise _template(found, error) or error from None


def _decoded(source: str | bytes) -> str:
    if isinstance(source, str) and source.isascii():
        text = source
    else:
        data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            place = _point(data[: error.start].decode())
            raise DockerfileError(errors.NOT_UTF8, place, {"byte": f"0x{data[error.start]:02x}"}) from None
    if "\0" in text:
        raise DockerfileError(errors.NUL_BYTE, _point(text[: text.index("\0")]))
    return text


def _point(before: str) -> Span:
    """The span of the one character that follows ``before``."""
    lines = before.removeprefix("\ufeff").split("\n")
    return Span.of(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def _check_frontend(found: Scan, text: str) -> None:
    wanted = frontend(found.lines, text)
    if wanted is not None and not is_docker_frontend(wanted.value):
        span = Span.of(wanted.line, 1, wanted.line, len(found.lines[wanted.line - 1]) + 1)
        raise DockerfileError(errors.FOREIGN_FRONTEND, span, {"frontend": wanted.value})


def _read(found: Scan, *, every_stage: bool) -> Dockerfile:
    """The order of the checks is BuildKit's: its parser, its instruction reader, its expansion."""
    if not found.lines:
        raise DockerfileError(errors.EMPTY_FILE, None)
    check_rules(found.lines)
    statements, done = _statements(found)
    for one in statements:
        first_pass(one, found.escape)
    if not statements and (found.error is None or found.error.code == errors.LINE_TOO_LONG):
        raise DockerfileError(errors.NO_INSTRUCTIONS, None)
    if found.error:
        raise found.error
    instructions, broken = _instructions(statements, found.escape)
    first_stage = next(index for index, item in enumerate(instructions) if item.keyword == "FROM")
    for index, error in check_expansion(instructions, found.escape).items():
        if every_stage or index < first_stage or error.span is None or _template(found, error) is not None:
            raise error
        refused = RefusedDetail(error.code, error.span, error.fields)
        instructions[index] = instructions[index]._replace(keyword="", detail=refused)
    if broken:
        raise broken
    return Dockerfile(
        tuple(instructions),
        tuple(found.directives),
        physical(found, done, len(found.lines)),
        found.escape,
        found.newline,
        tuple(found.lines),
    )


def _statements(found: Scan) -> tuple[list[Statement], int]:
    """The instructions on the lines that the library names, and the number of lines up to the last one's end."""
    statements = []
    done = 0
    for block, (first, last) in zip(found.blocks, split(found), strict=True):
        statements.append(statement(found, done, first, last, block))
        done = block.end + 1
    return statements, done


def _instructions(statements: list[Statement], escape: str) -> tuple[list[Instruction], BrokenTrigger | None]:
    """The finished instructions, and the first ONBUILD that is left out because its trigger is broken."""
    instructions: list[Instruction] = []
    broken: BrokenTrigger | None = None
    stages: set[str] = set()
    started = False
    for one in statements:
        try:
            instruction = second_pass(one, escape)
        except BrokenTrigger as error:
            broken = broken or error
            instruction = one.finished()
        else:
            instructions.append(instruction)
        started = started or instruction.keyword == "FROM"
        if not started and instruction.keyword != "ARG":
            raise one.error(errors.BEFORE_FROM)
        _refuse(instruction, stages)
    if not started:
        raise DockerfileError(errors.NO_STAGE, None)
    return instructions, broken


def _refuse(instruction: Instruction, stages: set[str]) -> None:
    """Raise DockerfileError for templates and Windows; ``stages`` are the names so far, a FROM adds its own."""
    origin = instruction.flag("from") if instruction.keyword == "COPY" else None
    start = origin.start if origin else instruction.operand_start
    literal = instruction.text[start : origin.end if origin else None]
    mark = template_mark(literal) if origin or instruction.keyword in LITERAL else None
    if mark is not None:
        place = instruction.span_of(start + mark[0], start + mark[1])
        raise DockerfileError(errors.TEMPLATE, place, {"mark": literal[slice(*mark)]})
    if instruction.keyword == "SHELL" and is_windows_shell(instruction.exec_form or ()):
        place = instruction.span_of(0, len(instruction.text))
        raise DockerfileError(errors.WINDOWS_SHELL, place, {"shell": (instruction.exec_form or ("",))[0]})
    if isinstance(instruction.detail, FromDetail):
        _refuse_windows(instruction, instruction.detail, stages)
        stages.add(instruction.detail.name or "")


def _refuse_windows(instruction: Instruction, detail: FromDetail, stages: set[str]) -> None:
    image, platform = detail.image, detail.platform
    if platform is not None and is_windows_platform(platform.value or ""):
        place = instruction.span_of(platform.start, platform.end)
        raise DockerfileError(errors.WINDOWS_IMAGE, place, {"image": f"--platform={platform.value}"})
    if image.text not in stages and is_windows_image(image.text):
        place = instruction.span_of(image.start, image.end)
        raise DockerfileError(errors.WINDOWS_IMAGE, place, {"image": image.text})


def _template(found: Scan, error: DockerfileError) -> DockerfileError | None:
    """The same failure told as "this is a template", when a template's mark stands where reading failed."""
    for number, start, end in _where(found, error):
        text = found.lines[number - 1][start:end]
        mark = template_mark(text) if found.kinds[number - 1] != "comment" else None
        if mark is not None:
            span = Span.of(number, start + mark[0] + 1, number, start + mark[1] + 1)
            return DockerfileError(errors.TEMPLATE, span, {"mark": text[slice(*mark)]})
    return None


def _where(found: Scan, error: DockerfileError) -> Iterator[tuple[int, int, int | None]]:
    """Where the fault of an error may lie: line numbers, and the stretch of each line."""
    span = None if error.code in _ABOUT_THE_FILE else error.span
    first, last = (span.start.line, span.end.line) if span else (1, len(found.lines))
    for number in range(first, last + 1):
        narrow = span is not None and error.code in _ABOUT_A_WORD
        start = span.start.column - 1 if span and narrow and number == first else 0
        yield number, start, span.end.column - 1 if span and narrow and number == last else None
