"""Our readers and the whole conversion over many real files: ``python dev.py judge LISTFILE``.

The list has one path a line; files named Earthfile or ``*.earth`` are read as Earthfiles, all others as Dockerfiles.
Needs Go (for tests/oracle) and earth on PATH. Exit code 1 when anything is not as it should be.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from judges import (
    Json,
    Verdict,
    earth_answers,
    earth_version,
    judge,
    judge_earthfile,
    needs_dockerfile,
    oracle,
)

from migrate.convert import Conversion, convert
from migrate.diagnostics import Severity
from migrate.disk import DiskContext
from migrate.dockerfile.reader import read
from migrate.earthfile.reader import EarthfileError
from migrate.earthfile.reader import read as read_earthfile
from migrate.settings import Settings

_VANISHING = frozenset({"ARG"})
_SHOWN = 20


@dataclass
class Findings:
    """What went wrong, and what was counted."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, what: str, path: str, detail: str = "") -> None:
        """Something that should not be."""
        self.wrong.setdefault(what, []).append(f"{path}: {detail}" if detail else path)

    def count(self, table: str, names: Iterable[str]) -> None:
        """Something that is."""
        self.counts.setdefault(table, Counter()).update(names)

    def verdict(self, what: str, path: str, verdict: Verdict) -> None:
        """The outcome of one comparison."""
        self.count(what, [verdict.kind])
        for line in verdict.differences[:1]:
            self.add(f"{what}: disagreement", path, line)


def main(arguments: list[str]) -> int:
    """Judge the files of a list."""
    if len(arguments) != 1:
        print("usage: judge_corpus.py LISTFILE", file=sys.stderr)
        return 2
    paths = [line for line in Path(arguments[0]).read_text(encoding="utf-8").split("\n") if line]
    earthfiles = [path for path in paths if path.endswith(".earth") or Path(path).name == "Earthfile"]
    known = set(earthfiles)
    findings = Findings()
    _dockerfiles([path for path in paths if path not in known], findings)
    _earthfiles(earthfiles, findings)
    for table, counts in findings.counts.items():
        print(f"\n{table}")
        for name, count in counts.most_common():
            print(f"{count:8} {name}")
    print()
    for what, lines in findings.wrong.items():
        print(f"WRONG, {len(lines)} times: {what}")
        print("\n".join(f"    {line[:500]}" for line in lines[:_SHOWN]))
    print(f"{len(paths)} files, {sum(map(len, findings.wrong.values()))} findings")
    return 1 if findings.wrong else 0


def _dockerfiles(paths: list[str], findings: Findings) -> None:
    sources = [Path(path).read_bytes() for path in paths]
    answers = oracle().answers(sources)
    print(f"{len(paths)} Dockerfiles, {answers[0]['tool'] if answers else ''}")
    print(f"{sum(len(answer.get('nodes', ())) for answer in answers)} instructions", end=", ")
    print(f"{sum(len(answer.get('words', ())) for answer in answers)} expansions of words compared", flush=True)
    outputs: list[tuple[str, str]] = []
    start = time.process_time()
    for path, source, answer in zip(paths, sources, answers, strict=True):
        try:
            findings.verdict("reading, against BuildKit", path, judge(source, answer))
            conversion = _conversion(path, source)
            again = _conversion(path, source)
        except Exception as error:
            findings.add("crash", path, repr(error))
            continue
        if again != conversion:
            findings.add("the second conversion differs", path)
        _convertible(path, source, conversion, findings)
        if conversion.earthfile is not None:
            outputs.append((path, conversion.earthfile))
    print(f"judged and converted twice in {time.process_time() - start:.1f} s", flush=True)
    _outputs(outputs, findings)


def _conversion(path: str, source: bytes) -> Conversion:
    folder = Path(path).parent
    return convert(source, Settings(name="app"), path=path, context=DiskContext(folder, Path(path)))


def _convertible(path: str, source: bytes, conversion: Conversion, findings: Findings) -> None:
    found = conversion.diagnostics
    findings.count("diagnostics, most frequent first", [f"{item.code} {item.name}" for item in found])
    findings.count("files that have them", {f"{item.severity.label}" for item in found} or {"no diagnostic"})
    findings.count("grades of targets", [item.grade.label for item in conversion.targets])
    if conversion.earthfile is not None:
        findings.count("what needs FROM DOCKERFILE", [needs_dockerfile(conversion.earthfile)])
    if not conversion.files:
        if not any(item.severity is Severity.ERROR for item in found):
            findings.add("nothing produced and no error", path)
        findings.count(
            "not converted", [f"{item.code} {item.name}" for item in found if item.severity is Severity.ERROR]
        )
        return
    spans = [span for _, span in conversion.source_map] + [item.span for item in found if item.span]
    told = {line for span in spans for line in range(span.start.line, span.end.line + 1)}
    for item in read(source).instructions:
        if item.keyword not in _VANISHING and not told & set(range(item.span.start.line, item.span.end.line + 1)):
            findings.add(
                "an instruction neither emitted nor diagnosed", path, f"{item.span.start.line}: {item.keyword}"
            )


def _outputs(outputs: list[tuple[str, str]], findings: Findings) -> None:
    texts = [text.encode("utf-8", "surrogateescape") for _, text in outputs]
    for (path, text), source, answer in zip(outputs, texts, earth_answers(texts, earth_version()), strict=True):
        try:
            read_earthfile(text)
        except EarthfileError as error:
            findings.add("output that our reader refuses", path, str(error))
        if "error" in answer:
            findings.add("output that earth refuses", path, answer["error"])
        findings.verdict("our Earthfiles, against earth", path, judge_earthfile(source, answer))


def _earthfiles(paths: list[str], findings: Findings) -> None:
    sources = [Path(path).read_bytes() for path in paths]
    answers: list[Json] = earth_answers(sources, earth_version()) if paths else []
    if paths:
        print(f"{len(paths)} Earthfiles, {answers[0]['tool']}")
    for path, source, answer in zip(paths, sources, answers, strict=True):
        findings.verdict("Earthfiles, against earth", path, judge_earthfile(source, answer))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
