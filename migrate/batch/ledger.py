"""The folder of ``--report``: its ``results.jsonl`` only grows, and one run at a time writes to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

from migrate import locks, results
from migrate.batch.inputs import Entry
from migrate.batch.jobs import Earlier
from migrate.disk import reason
from migrate.results import Result

NAME = "results.jsonl"
_LOCK = ".lock"
_HEAD = b'{"format":'
_KEPT = ("done", "unchanged")


class LedgerError(Exception):
    """A report folder that cannot be used; the text says why."""


class _Line(NamedTuple):
    """Where the last line of a repository stands, and what it says."""

    offset: int
    status: str
    identity: str
    patch: str | None
    earlier: Earlier


class Ledger:
    """An open report folder. What earlier runs found is looked up by name; only offsets are kept in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._lines: dict[str, _Line] = {}
        self._open = ExitStack()
        try:
            with ExitStack() as stack:
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(_locked(folder / _LOCK))
                self._file = stack.enter_context(self.path.open("a+b"))
                # Its own, and raw: what a full disk has not taken would be tried again when it is closed.
                self._end = stack.enter_context(self.path.open("ab", buffering=0))
                self._mend()
                self._read()
                self._open = stack.pop_all()
        except OSError as error:
            raise LedgerError(f"{folder} cannot be used for the report: {reason(error)}") from None
        except results.ResultError as error:
            raise LedgerError(f"{self.path} is no report of this version: {error}") from None

    def _mend(self) -> None:
        """Cut off a last line that a crash left without its end."""
        size = end = self._file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 65536)
            self._file.seek(start)
            found = self._file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end != size:
            self._file.seek(end)
            if not self._file.read(len(_HEAD)).startswith(_HEAD[: size - end]):
                raise LedgerError(f"{self.path} is no report of this version")
            self._file.truncate(end)

    def _read(self) -> None:
        self._file.seek(0)
        offset = 0
        for number, raw in enumerate(self._file, start=1):
            for result in results.read([raw.decode("utf-8", "replace")], number):
                self._note(result, offset)
            offset += len(raw)

    def _note(self, result: Result, offset: int) -> None:
        known = Earlier(
            result.state,
            result.settings,
            result.commit,
            tuple(path for path, _ in result.changes),
            result.branch,
            result.images,
        )
        self._lines[result.name] = _Line(offset, result.status, result.identity, result.patch, known)

    def names(self) -> dict[str, str]:
        """Identity of each repository -> its name in this report."""
        return {line.identity or name: name for name, line in self._lines.items()}

    def earlier(self, entry: Entry, patches: Path | None) -> Earlier | None:
        """What was found of a repository, if that may still hold."""
        line = self._finished(entry)
        if line is None:
            return None
        if line.patch is not None and (patches is None or not (patches / line.patch).is_file()):
            return None
        return line.earlier

    def known(self, entry: Entry) -> bool:
        """Whether an earlier run has a finished result of that repository."""
        return self._finished(entry) is not None

    def _finished(self, entry: Entry) -> _Line | None:
        line = self._lines.get(entry.name)
        return line if line is not None and line.status in _KEPT and line.identity == entry.identity else None

    def again(self, name: str) -> Result:
        """The last result of a repository, as one that has not changed."""
        return results.at(self._file, self._lines[name].offset)._replace(status="unchanged")

    def start(self, **facts: object) -> None:
        """The line of a new run. Raises LedgerError."""
        self._write(results.run_line(**facts).encode())

    def add(self, found: Sequence[Result]) -> None:
        """Append results; they are on the disk when this returns. Raises LedgerError."""
        offset = self._file.seek(0, os.SEEK_END)
        lines = [results.line(result).encode() for result in found]
        if lines:
            self._write(b"".join(lines))
        for result, data in zip(found, lines, strict=True):
            self._note(result, offset)
            offset += len(data)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._end.write(data) :]
            os.fsync(self._end.fileno())
        except OSError as error:
            raise LedgerError(f"{self.path} cannot be written: {reason(error)}") from None

    def size(self) -> int:
        """How many repositories it knows."""
        return len(self._lines)

    def results(self, names: Iterable[str]) -> Iterator[Result]:
        """The last result of each of ``names``, one after the other."""
        for name in names:
            if name in self._lines:
                yield results.at(self._file, self._lines[name].offset)

    def close(self) -> None:
        """Let another run have the folder."""
        self._open.close()


def _locked(path: Path) -> IO[bytes]:
    """A lock that the system takes back when this process ends, however that happens. Raises LedgerError."""
    file = locks.taken(path)
    if file is None:
        raise LedgerError(f"another run is writing to {path.parent}")
    return file
