"""The reader of Dockerfiles: text in, frozen instructions with exact spans out, or the first error."""

from __future__ import annotations

from migrate.dockerfile import errors
from migrate.dockerfile.checks import check_expansion
from migrate.dockerfile.directives import check_rules, frontend
from migrate.dockerfile.errors import BrokenTrigger, DockerfileError
from migrate.dockerfile.instructions import first_pass, second_pass
from migrate.dockerfile.lines import Scan, scan
from migrate.dockerfile.model import Dockerfile, FromDetail, Instruction
from migrate.dockerfile.refusals import (
    is_docker_frontend,
    is_windows_image,
    is_windows_platform,
    is_windows_shell,
    template_mark,
)
from migrate.dockerfile.split import split
from migrate.dockerfile.statements import Statement, physical, statement
from migrate.spans import Position, Span


def read(source: str | bytes) -> Dockerfile:
    """Read a Dockerfile as BuildKit reads it.

    Raises DockerfileError with the first thing that BuildKit refuses, or that nobody but its author's tools can read
    (a template, a foreign frontend), or that is for Windows.
    """
    text = _decoded(source)
    found = scan(text)
    _check_frontend(found, text)
    try:
        return _read(found)
    except DockerfileError as error:
        raise _template(found, error) or error from None


def _decoded(source: str | bytes) -> str:
    data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    try:
        text = data.decode() if isinstance(source, bytes) or not source.isascii() else source
    except UnicodeDecodeError as error:
        raise DockerfileError(errors.NOT_UTF8, _point(data[: error.start].decode()), {"byte": f"{data[error.start]:02x}"}) from None
    if "\0" in text:
        raise DockerfileError(errors.NUL_BYTE, _point(text[: text.index("\0")]))
    return text


def _point(before: str) -> Span:
    lines = before.removeprefix("\ufeff").split("\n")
    return Span.of(len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def _check_frontend(found: Scan, text: str) -> None:
    wanted = frontend(found.lines, text)
    if wanted is not None and not is_docker_frontend(wanted.value):
        span = Span.of(wanted.line, 1, wanted.line, len(found.lines[wanted.line - 1]) + 1)
        raise DockerfileError(errors.FOREIGN_FRONTEND, span, {"frontend": wanted.value})


def _read(found: Scan) -> Dockerfile:
    if not found.lines:
        raise DockerfileError(errors.EMPTY_FILE, None)
    check_rules(found.lines)
    statements, last = _statements(found)
    for one in statements:
        first_pass(one, found.escape)
    if found.error and not (found.error.code == errors.LINE_TOO_LONG and not statements):
        raise found.error
    if not statements:
        raise DockerfileError(errors.NO_INSTRUCTIONS, None)
    instructions, broken = _instructions(statements, found.escape)
    check_expansion(instructions, found.escape)
    if broken:
        raise broken
    trailing = physical(found, last, len(found.lines))
    directives = tuple(found.directives)
    lines = tuple(found.lines)
    return Dockerfile(tuple(instructions), directives, trailing, found.escape, found.newline, lines)


def _statements(found: Scan) -> tuple[list[Statement], int]:
    """The instructions on the lines that the library names, and the number of lines up to the last one's end."""
    statements = []
    done = 0
    for block, (first, last) in zip(found.blocks, split(found), strict=True):
        one = statement(found, first, last, block.end, block.heredocs)
        one.above = physical(found, done, first)
        statements.append(one)
        done = block.end + 1
    return statements, done


def _instructions(statements: list[Statement], escape: str) -> tuple[list[Instruction], BrokenTrigger | None]:
    """The finished instructions, and the first ONBUILD that is left out because its trigger is broken."""
    instructions: list[Instruction] = []
    broken: BrokenTrigger | None = None
    stages: set[str] | None = None
    for one in statements:
        try:
            instruction = second_pass(one, escape)
        except BrokenTrigger as error:
            broken = broken or error
            instruction = one.finished()
        else:
            instructions.append(instruction)
        if isinstance(instruction.detail, FromDetail):
            stages = _stage(instruction, instruction.detail, stages or set())
        elif stages is None and instruction.keyword != "ARG":
            raise one.error(errors.BEFORE_FROM)
        elif instruction.keyword == "SHELL" and is_windows_shell(instruction.exec_form or ()):
            raise one.error(errors.WINDOWS_SHELL, None, shell=(instruction.exec_form or ("",))[0])
    if stages is None:
        raise DockerfileError(errors.NO_STAGE, None)
    return instructions, broken


def _stage(instruction: Instruction, detail: FromDetail, stages: set[str]) -> set[str]:
    """The names of the stages so far, this one included; raises DockerfileError for what no stage can be made of."""
    mark = template_mark(instruction.operand) if instruction.operand.isascii() or True else None
    if mark is not None:
        start = instruction.operand_start
        fields = {"mark": instruction.operand[slice(*mark)]}
        raise DockerfileError(errors.TEMPLATE, instruction.span_of(start + mark[0], start + mark[1]), fields)
    image, platform = detail.image, detail.platform
    if is_windows_platform(platform.value if platform else None) or (
        image.text not in stages and is_windows_image(image.text)
    ):
        place = instruction.span_of(image.start, image.end)
        raise DockerfileError(errors.WINDOWS_IMAGE, place, {"image": image.text})
    return stages | {detail.name} if detail.name else stages


_ABOUT_THE_FILE = (errors.NO_STAGE, errors.UNTERMINATED_HEREDOC)
_NARROW = (errors.UNKNOWN_FLAG, errors.BAD_FLAG_VALUE, errors.DUPLICATE_FLAG, errors.BAD_MOUNT, errors.BAD_SUBSTITUTION)


def _template(found: Scan, error: DockerfileError) -> DockerfileError | None:
    """The same failure told as "this is a template", when a template's mark stands where it failed."""
    if error.code in (errors.TEMPLATE, errors.FOREIGN_FRONTEND):
        return None
    first, last = (error.span.start, error.span.end) if error.span else (Position(1, 1), Position(len(found.lines), 1))
    whole = error.span is None or error.code in _ABOUT_THE_FILE
    for number in range(1 if whole else first.line, (len(found.lines) if whole else last.line) + 1):
        text = found.lines[number - 1]
        low = first.column - 1 if error.code in _NARROW and number == first.line else 0
        mark = template_mark(text[low:])
        if mark is not None and not (whole and text.lstrip()[:1] == "#"):
            span = Span.of(number, low + mark[0] + 1, number, low + mark[1] + 1)
            return DockerfileError(errors.TEMPLATE, span, {"mark": text[low:][slice(*mark)]})
    return None
