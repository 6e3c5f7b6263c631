"""Golden pairs: golden/<case>/Dockerfile must become golden/<case>/Earthfile, with golden/<case>/diagnostics.txt."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from migrate import imagefacts
from migrate.context import Context, UnknownContext
from migrate.convert import Conversion, convert
from migrate.diagnostics import Severity
from migrate.disk import DiskContext
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.earthfile.reader import read as read_earthfile
from migrate.mappings import Mappings, builtin
from migrate.report.diff import unified
from migrate.settings import Settings

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FOR_BUILDS = ("links", "build-args", "secrets", "unbuilt")
"""What options.yaml says about building a pair, not about converting it."""
VANISHING = frozenset({"ARG"})
"""Instructions that may leave no line of their own: an ARG that nothing can see has no effect."""


@dataclass(frozen=True)
class Case:
    """One folder of golden/."""

    folder: Path
    settings: Settings
    context: Context
    mappings: Mappings

    def converted(self) -> Conversion:
        """The case's Dockerfile, converted."""
        source = (self.folder / "Dockerfile").read_bytes()
        return convert(source, self.settings, path="Dockerfile", context=self.context, mappings=self.mappings)


def load(folder: Path) -> Case:
    """The case in ``folder`` with the options it names."""
    file = folder / "options.yaml"
    options: dict[str, Any] = (
        YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) if file.exists() else {}
    )
    for name in FOR_BUILDS:
        options.pop(name, None)
    known = bool(options.pop("context", False))
    context = DiskContext(folder / "context", folder / "Dockerfile") if known else UnknownContext()
    options["images"] = tuple(options.get("images", ()))
    options["build_contexts"] = tuple(options.get("build_contexts", {}).items())
    options.setdefault("name", "app")
    options.setdefault("writes", known)  # a pair with a context keeps its .earthlyignore too
    facts = folder / "image-facts.json"
    mappings = builtin()
    if facts.exists():
        mappings = replace(mappings, inspected=imagefacts.section(imagefacts.read(facts.read_text(encoding="utf-8"))))
    return Case(folder, Settings(**options), context, mappings)


@cache
def converted(folder: Path) -> Conversion:
    """The conversion of a case, once for all tests that look at it."""
    return load(folder).converted()


def diagnostics_text(conversion: Conversion) -> str:
    """Grades on the first line, then each diagnostic with its hint indented below it."""
    grades = ", ".join(f"{target.target} {target.grade.label}" for target in conversion.targets)
    lines = [f"grades: {grades or 'none'}"]
    for found, hidden in [
        *((item, "") for item in conversion.diagnostics),
        *((item, " (ignored)") for item in conversion.hidden),
    ]:
        place = f"{found.span.start.line}:{found.span.start.column} " if found.span else ""
        lines.append(f"{place}{found.code}[{found.name}] {found.severity.label}{hidden} {found.message}")
        lines += [f"    {found.hint}"] if found.hint else []
    return "\n".join(lines) + "\n"


def lacks_links(folder: Path) -> bool:
    """Whether ``links`` of options.yaml names files that are no links here: Git on Windows writes text files."""
    file = folder / "options.yaml"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    links = YAML(typ="safe", pure=True).load(text)["links"] if "links:" in text else []
    return not all((folder / "context" / name).is_symlink() for name in links)


FOLDERS = sorted(path for path in GOLDEN.iterdir() if (path / "Dockerfile").is_file()) if GOLDEN.is_dir() else []
NO_LINKS = pytest.mark.skip(reason="this checkout has no symbolic links")
cases = pytest.mark.parametrize(
    "folder",
    [pytest.param(path, marks=NO_LINKS) if lacks_links(path) else path for path in FOLDERS],
    ids=[path.name for path in FOLDERS],
)


def test_there_are_cases() -> None:
    if not FOLDERS and not os.environ.get("CI"):
        pytest.skip("golden/ is empty")
    assert FOLDERS


@cases
def test_pair(folder: Path, request: pytest.FixtureRequest) -> None:
    conversion = converted(folder)
    outputs = {file.name: file.text for file in conversion.files}
    outputs["diagnostics.txt"] = diagnostics_text(conversion)
    names = ["Earthfile", ".earthlyignore", "diagnostics.txt"]
    assert set(outputs) <= set(names)
    differences = []
    for name in names:
        path = folder / name
        stored = path.read_bytes().decode() if path.exists() else ""
        wanted = outputs.get(name, "")
        if request.config.getoption("--update-golden") and stored != wanted:
            path.write_bytes(wanted.encode()) if wanted else path.unlink()
        else:
            differences.append(unified(stored, wanted, f"{folder.name}/{name}", f"{folder.name}/{name}"))
    if any(differences):
        pytest.fail("run python3 dev.py golden if this is right:\n" + "".join(differences), pytrace=False)


@cases
def test_again_gives_the_same_bytes(folder: Path) -> None:
    assert load(folder).converted() == converted(folder)


@cases
def test_every_instruction_is_accounted_for(folder: Path) -> None:
    """Each instruction is a line of the Earthfile, or has a diagnostic, or is of a kind that may vanish."""
    conversion = converted(folder)
    if not conversion.files:
        assert any(found.severity is Severity.ERROR for found in conversion.diagnostics)
        return
    dockerfile = read_dockerfile((folder / "Dockerfile").read_bytes().decode("utf-8-sig"), every_stage=False)
    lines = {number for _, span in conversion.source_map for number in range(span.start.line, span.end.line + 1)}
    spans = [found.span for found in (*conversion.diagnostics, *conversion.hidden) if found.span]
    lines |= {number for span in spans for number in range(span.start.line, span.end.line + 1)}
    lost = [
        item
        for item in dockerfile.instructions
        if item.keyword not in VANISHING and not lines & set(range(item.span.start.line, item.span.end.line + 1))
    ]
    assert not lost


@cases
def test_source_map_points_at_real_lines(folder: Path) -> None:
    conversion = converted(folder)
    written = len((conversion.earthfile or "").split("\n"))
    for line, span in conversion.source_map:
        assert 1 <= line <= written
        assert 1 <= span.start.line <= span.end.line <= max(len(conversion.lines), 1)


@cases
def test_output_reads_back(folder: Path) -> None:
    earthfile = converted(folder).earthfile
    if earthfile is not None:
        read_earthfile(earthfile)


@cases
@pytest.mark.earth
def test_earth_accepts_it(folder: Path, tmp_path: Path) -> None:
    earthfile = converted(folder).earthfile
    if earthfile is None:
        return
    (tmp_path / "Earthfile").write_bytes(earthfile.encode())
    done = subprocess.run(["earth", "debug", "ast", "Earthfile"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
