"""What the real builders say about the golden pairs: ``python dev.py verdicts [-k CASE] [--stale] [--jobs 2]``.

Each pair is built on both sides and compared by the code behind ``earthmigrate verify``; the verdict is stored beside
it in verdict.json, with the versions of the tools and a digest of what it is about, and docs/verdicts.md is written
anew from all of them. Without ``--registry`` the daemons of daemons.py are started; with it, those that BUILDKIT_HOST
and EARTH_BUILDKIT_HOST name are used. Exit code 1 when a pair differs and no diagnostic says so.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import daemons
from ruamel.yaml import YAML
from test_golden import FOLDERS, GOLDEN, converted

from migrate.mappings import builtin
from migrate.report.verdicts import render
from migrate.report.verification import described
from migrate.verify.builders import DockerfileBuild, EarthfileBuild, Inputs, Secret
from migrate.verify.builders.buildctl import Buildctl
from migrate.verify.builders.earth import Earth
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Job, Pair, jobs
from migrate.verify.processes import Runner
from migrate.verify.run import read_image
from migrate.verify.session import Plan, Result, Session
from migrate.verify.session import Verdict as Outcome
from migrate.verify.workplace import prepared

TABLE = GOLDEN.parent / "docs" / "verdicts.md"
FILE = "verdict.json"
DOCKER_SIDE = "the Dockerfile"
"""How an error names the side."""
SECONDS = 180.0
"""One build may take so long."""
REFUSED = "refused"
"""The Docker builder refuses the file, and so does earth, or we convert nothing."""
_CHANGING = re.compile(r"\b[0-9a-z]{25}(::[0-9a-z]{25})?\b|sha256:[0-9a-f]{64}")
"""References and digests that a builder mentions."""
NOT_CONVERTED = "not converted"
"""We convert nothing, though it can be built."""
ABOUT = ("Dockerfile", "Earthfile", ".earthlyignore", "options.yaml")
"""The files of a pair that a verdict depends on, apart from its context."""


@dataclass(frozen=True)
class Verdict:
    """One verdict as it is stored.

    ``rows`` are the differences in groups, or the last lines of a builder that failed. ``announced`` are the codes of
    the diagnostics that promise a difference. ``about`` is the digest of what was built.
    """

    verdict: str
    announced: list[str]
    rows: list[str]
    tools: dict[str, str]
    about: str

    @property
    def silent(self) -> bool:
        """Whether something is different, or fails, and no diagnostic has said so."""
        return self.verdict in (Outcome.DIFFERS.value, Outcome.NOT_BUILT.value) and not self.announced


def stored(folder: Path) -> Verdict | None:
    """The verdict that lies beside a pair."""
    file = folder / FILE
    return Verdict(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def digest(folder: Path) -> str:
    """What a pair is made of: two pairs with one digest get one verdict."""
    found = hashlib.sha256()
    files = [folder / name for name in ABOUT] + sorted((folder / "context").rglob("*"))
    files += sorted(folder.glob("Dockerfile.*"))
    for path in files:
        name = path.relative_to(folder).as_posix().encode()
        if path.is_symlink():
            found.update(b"link %b\0%b\0" % (name, os.fsencode(os.readlink(path))))
        elif path.is_file():
            runs = b"x" if path.stat().st_mode & 0o100 else b"-"
            found.update(b"file %b\0%b%d\0%b" % (name, runs, path.stat().st_size, path.read_bytes()))
    return f"sha256:{found.hexdigest()}"


@cache
def options(folder: Path) -> Mapping[str, Any]:
    """options.yaml of a pair."""
    file = folder / "options.yaml"
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")) or {} if file.exists() else {}


def unbuilt(folder: Path) -> str:
    """Why a pair has no verdict, "" when it must have one."""
    found = options(folder)
    return "it needs the network" if found.get("network") else str(found.get("unbuilt", ""))


# --- building ---------------------------------------------------------------------------------------------------------


class Silence:
    """Watches a session and says nothing."""

    def step(self, text: str) -> None:
        """A session's step."""

    def line(self, text: str) -> None:
        """A builder's line."""


@dataclass(frozen=True)
class Judges:
    """The builders of both sides."""

    docker: Buildctl
    earth: Earth

    @classmethod
    def at(cls, found: daemons.Daemons) -> Judges:
        """Those that use ``found``."""
        earth = Earth(_program("earth"), found.earth_buildkit, found.registry)
        return cls(Buildctl(_program("buildctl"), found.buildkit), earth)

    def tools(self) -> dict[str, str]:
        """Side -> name and version."""
        sides = {"Dockerfile": self.docker.tool(Runner()), "Earthfile": self.earth.tool(Runner())}
        return {side: described(tool) for side, tool in sides.items()}

    def verdict(self, folder: Path, tools: dict[str, str]) -> Verdict:
        """Build a pair and compare."""
        with tempfile.TemporaryDirectory(prefix="earthmigrate-verdict-") as top:
            context = _context(folder, Path(top) / "context")
            inputs = _inputs(folder, Path(top))
            if converted(folder).earthfile is None:
                return self._unconverted(folder, context, inputs, tools)
            job, result, refused = self._result(folder, context, inputs)
        codes = sorted({item.code for item in job.announced})
        rows = [] if result.comparison is None else render("", result.comparison).splitlines()[1:]
        if result.error is not None:
            rows = [_said(result.error), *refused]
        verdict = REFUSED if refused else result.verdict.value
        return Verdict(verdict, codes, [" ".join(row.split()) for row in rows], tools, digest(folder))

    def _result(self, folder: Path, context: Path, inputs: Inputs) -> tuple[Job, Result, list[str]]:
        """The result, and what earth says, where the Docker builder refuses and earth does so, too."""
        conversion, settings = converted(folder), options(folder)
        assert conversion.earthfile is not None
        dockerfile = _dockerfile(folder, context)
        pair = Pair(folder.name, dockerfile, context, conversion, conversion.earthfile, conversion.files)
        (job,) = jobs(pair, [settings["target"]] if "target" in settings else [], every=False)
        plan = Plan(inputs, builtin().noise, timeout=SECONDS)
        session = Session(self.docker, self.earth, plan, read_image, Silence())
        with prepared(pair, own_frontend=True) as place:
            result = session.verify(job, place)
            if result.error is None or result.error.fields.get("what") != DOCKER_SIDE:
                return job, result, []
            asked = EarthfileBuild(place.earthfiles, f"{place.reference}+{job.target}", inputs)
            try:
                built = self.earth.build(asked, place.archives / "image.tar", Runner().within(SECONDS))
            except VerifyError as error:
                return job, result, [_said(error)]
            self.earth.discard(built)
        return job, result, []

    def _unconverted(self, folder: Path, context: Path, inputs: Inputs, tools: dict[str, str]) -> Verdict:
        asked = DockerfileBuild(_dockerfile(folder, context), context, options(folder).get("target"), inputs)
        codes = sorted({item.code for item in converted(folder).diagnostics if item.grade is not None})
        rows: list[str] = []
        try:
            self.docker.build(asked, context.parent / "image.tar", Runner().within(SECONDS))
        except VerifyError as error:
            rows = [_said(error)]
        return Verdict(REFUSED if rows else NOT_CONVERTED, codes, rows, tools, digest(folder))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not on PATH")
    return found


def _context(folder: Path, place: Path) -> Path:
    """A copy of a pair's context with the Dockerfile in it, as in most repositories."""
    if (folder / "context").is_dir():
        shutil.copytree(folder / "context", place, symlinks=True)
    else:
        place.mkdir()
    there = _dockerfile(folder, place)
    there.parent.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("Dockerfile*"):
        shutil.copy(file, there.with_name(there.name + file.name.removeprefix("Dockerfile")))
    return place


def _dockerfile(folder: Path, context: Path) -> Path:
    """Where the Dockerfile of a pair stands."""
    return Path(os.path.normpath(context / (options(folder).get("dockerfile") or "Dockerfile")))


def _inputs(folder: Path, place: Path) -> Inputs:
    found, secrets = options(folder), []
    for number, (name, text) in enumerate(found.get("secrets", {}).items()):
        file = place / f"secret-{number}"
        file.write_text(text, encoding="utf-8")
        secrets.append(Secret(name, file))
    return Inputs(tuple(found.get("build-args", {}).items()), tuple(secrets))


def _said(error: VerifyError) -> str:
    """The side, and the last line of its builder that says what is wrong, without what changes from run to run."""
    found = error.fields.get("lines")
    lines = [str(line) for line in found if str(line).strip()] if isinstance(found, (list, tuple)) else []
    told = [line for line in lines if "rror" in line] or lines or [str(error.fields.get("reason", error))]
    return f"{error.fields.get('what', error.code)}: {_CHANGING.sub('...', told[-1].strip())}"


# --- the table --------------------------------------------------------------------------------------------------------

HEAD = """\
# Verdicts on the golden pairs

Written by `python3 dev.py verdicts`, which builds both files of every pair in [golden/](../golden) with the real
builders on the test base images ([tests/images/](../tests/images)), compares the images as `earthmigrate verify` does,
and keeps each verdict in the pair's `verdict.json`. Do not edit.

| Verdict | Meaning |
| --- | --- |
| equal, exact | the images are the same |
| differs | they are not, and the diagnostics that are named say so; in bold where none does |
| not built | one side cannot be built; in bold where no diagnostic says so |
| refused | the Docker builder refuses the file, and so does earth, or nothing is converted |
| not converted | nothing is converted, and a diagnostic says why |
| - | cannot be built here, and options.yaml says why |

"""


def table(verdicts: Mapping[str, Verdict], reasons: Mapping[str, str]) -> str:
    """docs/verdicts.md: ``verdicts`` by name of the pair, ``reasons`` for those that have none."""
    counts = Counter(item.verdict for item in verdicts.values())
    silent = sorted(name for name, item in verdicts.items() if item.silent)
    early = sorted(name for name, item in verdicts.items() if is_equal(item) and item.announced)
    tools = sorted({f"{side}: {tool}" for item in verdicts.values() for side, tool in item.tools.items()})
    lines = [HEAD + f"{len(verdicts) + len(reasons)} pairs, {len(verdicts)} with a verdict:"]
    lines += [f"{', '.join(f'{count} {name}' for name, count in counts.most_common())}.", ""]
    lines += [
        f"- Different without a word: {_names(silent)}.",
        f"- Equal although a difference was announced: {_names(early)}.",
    ]
    lines += [f"- {tool}" for tool in tools]
    for construct in sorted({_construct(name) for name in (*verdicts, *reasons)}):
        lines += ["", f"## {construct}", "", "| Pair | Verdict | Announced | What |", "| --- | --- | --- | --- |"]
        for name in sorted({*verdicts, *reasons}):
            if _construct(name) == construct:
                lines.append(_row(name, verdicts[name]) if name in verdicts else f"| {name} | - | | {reasons[name]} |")
    return "\n".join(lines) + "\n"


def is_equal(verdict: Verdict) -> bool:
    """Whether the images are the same."""
    return verdict.verdict in (Outcome.EXACT.value, Outcome.EQUAL.value)


def _row(name: str, verdict: Verdict) -> str:
    what = "<br>".join(_cell(row) for row in verdict.rows)
    shown = f"**{verdict.verdict}**" if verdict.silent else verdict.verdict
    return f"| {name} | {shown} | {' '.join(verdict.announced)} | {what} |"


def _cell(text: str) -> str:
    """``text`` as code in a cell of a Markdown table."""
    cut = text if len(text) <= 160 else f"{text[:159]}…"
    return "`` " + cut.replace("|", "\\|").replace("`", "'") + " ``"


def _construct(name: str) -> str:
    return name.partition("-")[0]


def _names(found: Iterable[str]) -> str:
    return ", ".join(found) or "none"


def write_table() -> None:
    """docs/verdicts.md from what is stored."""
    TABLE.write_text(current_table(), encoding="utf-8", newline="\n")


def current_table() -> str:
    """What docs/verdicts.md must say."""
    verdicts = {folder.name: found for folder in FOLDERS if (found := stored(folder)) is not None}
    reasons = {folder.name: why for folder in FOLDERS if (why := unbuilt(folder)) and folder.name not in verdicts}
    return table(verdicts, reasons)


# --- the command line -------------------------------------------------------------------------------------------------


def store(folder: Path, verdict: Verdict) -> None:
    """Keep a verdict beside its pair."""
    text = json.dumps(asdict(verdict), indent=2, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def judges(registry: str | None) -> Iterator[Judges]:
    """The builders, with daemons of one's own unless ``registry`` is given."""
    if registry is None:
        with daemons.running() as found:
            yield Judges.at(found)
        return
    hosts = os.environ["BUILDKIT_HOST"], os.environ["EARTH_BUILDKIT_HOST"]
    yield Judges.at(daemons.Daemons(registry, *hosts, folder=""))


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="dev.py verdicts", description="Build the golden pairs, keep the verdicts.")
    parser.add_argument("-k", default="", metavar="TEXT", help="only pairs whose name contains TEXT")
    parser.add_argument("--jobs", type=int, default=1, help="pairs at a time")
    parser.add_argument("--stale", action="store_true", help="only pairs without a verdict on what they are now")
    parser.add_argument(
        "--table", action="store_true", help="build nothing, write docs/verdicts.md from what is stored"
    )
    parser.add_argument("--registry", help="HOST:PORT of a registry that has the images, with daemons that use it")
    chosen = parser.parse_args(arguments)
    wanted = [folder for folder in FOLDERS if chosen.k in folder.name and not chosen.table]
    for folder in wanted:
        if unbuilt(folder):
            (folder / FILE).unlink(missing_ok=True)
    wanted = [folder for folder in wanted if not unbuilt(folder) and not (chosen.stale and is_fresh(folder))]
    silent = 0
    if wanted:
        with judges(chosen.registry) as found, ThreadPoolExecutor(chosen.jobs) as pool:
            tools = found.tools()
            for folder, verdict in zip(wanted, pool.map(partial(found.verdict, tools=tools), wanted), strict=True):
                store(folder, verdict)
                silent += verdict.silent
                print(_line(folder.name, verdict), flush=True)
    write_table()
    return 1 if silent else 0


def is_fresh(folder: Path) -> bool:
    """Whether a pair's verdict is about what the pair is now."""
    found = stored(folder)
    return found is not None and found.about == digest(folder)


def _line(name: str, verdict: Verdict) -> str:
    codes = f" ({', '.join(verdict.announced)})" if verdict.announced else ""
    loud = "  NOT ANNOUNCED" if verdict.silent else ""
    return "\n".join([f"{name}: {verdict.verdict}{codes}{loud}", *(f"    {row}" for row in verdict.rows)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
