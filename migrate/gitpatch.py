"""Changes to files as one patch in git's format, for ``git apply -p1`` at the repository's root."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NO_NEWLINE = b"\\ No newline at end of file\n"
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


class FileChange(NamedTuple):
    """A file before (None: missing) and after (None: removed). ``path`` is relative to the root, with ``/``."""

    path: str
    before: bytes | None
    after: bytes | None
    executable: bool = False


def patch(changes: Iterable[FileChange]) -> bytes:
    """All ``changes`` in the order of their paths; a change that changes nothing is left out."""
    return b"".join(b"".join(_file(change)) for change in sorted(changes) if change.before != change.after)


def _file(change: FileChange) -> Iterator[bytes]:
    old, new = _quoted(f"a/{change.path}"), _quoted(f"b/{change.path}")
    mode = b"100755" if change.executable else b"100644"
    yield b"diff --git " + old + b" " + new + b"\n"
    if change.before is None:
        yield b"new file mode " + mode + b"\n"
    if change.after is None:
        yield b"deleted file mode " + mode + b"\n"
    before, after = _lines(change.before or b""), _lines(change.after or b"")
    if not before and not after:
        return  # an empty file comes or goes: the mode line says it all
    yield b"--- " + (b"/dev/null" if change.before is None else _name(old)) + b"\n"
    yield b"+++ " + (b"/dev/null" if change.after is None else _name(new)) + b"\n"
    for line in _hunks(before, after):
        yield line if line.endswith(b"\n") else line + b"\n" + _NO_NEWLINE


def _name(name: bytes) -> bytes:
    """git ends a name with blanks in it by a tab."""
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name


def _hunks(before: list[bytes], after: list[bytes]) -> Iterator[bytes]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        old, new = _range(first[1], last[2]), _range(first[3], last[4])
        yield f"@@ -{old} +{new} @@\n".encode()
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (b" " + line for line in before[start:end])
                continue
            yield from (b"-" + line for line in before[start:end])
            yield from (b"+" + line for line in after[new_start:new_end])


def _range(start: int, end: int) -> str:
    size = end - start
    first = start + 1 if size else start
    return str(first) if size == 1 else f"{first},{size}"


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _quoted(name: str) -> bytes:
    """``name`` as git writes it: in C quotes when it holds more than plain ASCII."""
    data = name.encode("utf-8", "surrogateescape")
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in data):
        return data
    return b'"' + b"".join(_escaped(byte) for byte in data) + b'"'


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPES:
        return b"\\" + _ESCAPES[byte].encode()
    return bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte
