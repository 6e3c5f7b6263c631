"""The one error that reading a Dockerfile raises."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.spans import Span


class DockerfileError(Exception):
    """A Dockerfile that cannot be read: the first thing that BuildKit would refuse, or that this tool must refuse.

    ``code`` is a code of mappings/diagnostics/reading.yaml, ``fields`` fill its message and hint, ``span`` is the place
    (None when the whole file is meant).
    """

    def __init__(self, code: str, span: Span | None, fields: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.span = span
        self.fields = dict(fields or {})
        super().__init__(code, span, self.fields)


class BrokenTrigger(DockerfileError):
    """An ONBUILD whose instruction is broken: BuildKit notices when it fires, so other errors come first."""


NOT_UTF8 = "EM101"
NUL_BYTE = "EM102"
EMPTY_FILE = "EM103"
NO_INSTRUCTIONS = "EM104"
NO_STAGE = "EM105"
BEFORE_FROM = "EM106"
UNKNOWN_INSTRUCTION = "EM107"
UNKNOWN_FLAG = "EM108"
BAD_FLAG_VALUE = "EM109"
DUPLICATE_FLAG = "EM110"
BAD_ARGUMENTS = "EM111"
BAD_PAIR = "EM112"
BAD_JSON = "EM113"
UNTERMINATED_HEREDOC = "EM114"
BAD_HEREDOC = "EM115"
LINE_TOO_LONG = "EM116"
BAD_DIRECTIVE = "EM117"
DUPLICATE_DIRECTIVE = "EM118"
TEMPLATE = "EM119"
FOREIGN_FRONTEND = "EM120"
WINDOWS_IMAGE = "EM121"
WINDOWS_SHELL = "EM122"
BAD_STAGE_NAME = "EM123"
BAD_TRIGGER = "EM124"
BAD_SUBSTITUTION = "EM125"
BAD_MOUNT = "EM126"
INVALID_PORT = "EM127"
INVALID_SIGNAL = "EM128"


def suggestion(word: str, candidates: list[str]) -> str:
    """``, did you mean X?`` when ``word`` is close to one of the candidates, else an empty string."""
    from difflib import get_close_matches

    found = get_close_matches(word, candidates, 1)
    return f", did you mean {found[0]}?" if found else ""
