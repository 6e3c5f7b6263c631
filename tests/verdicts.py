"""What the real builders say about the golden pairs: ``python dev.py verdicts [-k CASE] [--stale] [--jobs 2]``.

Each pair is built on both sides and compared by the code behind ``earthmigrate verify``; the verdict is stored beside
it in verdict.json, with the versions of the tools and a digest of what it is about, and docs/verdicts.md is written
anew from all of them. Without ``--registry`` the daemons of daemons.py are started; with it, those that BUILDKIT_HOST
and EARTH_BUILDKIT_HOST name are used. Exit code 1 when a pair differs and no diagnostic says so.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from judges import needs_dockerfile
from realbuilds import Judgement, Judges, judges
from ruamel.yaml import YAML
from test_golden import FOLDERS, GOLDEN, converted

from migrate.verify.builders import Inputs, Secret
from migrate.verify.pairs import Pair

TABLE = GOLDEN.parent / "docs" / "verdicts.md"
FILE = "verdict.json"
ABOUT = ("Dockerfile", "Earthfile", ".earthlyignore", "options.yaml")
"""The files of a pair that a verdict depends on, apart from its context."""


@dataclass(frozen=True)
class Verdict(Judgement):
    """A judgement as it is stored, with the digest of what it is about."""

    tools: dict[str, str] = field(default_factory=dict)
    about: str = ""


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
    return str(options(folder).get("unbuilt", ""))


# --- building ---------------------------------------------------------------------------------------------------------


def verdict(found: Judges, tools: dict[str, str], folder: Path) -> Verdict:
    """Build a pair and compare."""
    conversion = converted(folder)
    with tempfile.TemporaryDirectory(prefix="earthmigrate-verdict-") as top:
        context = _context(folder, Path(top) / "context")
        dockerfile = _dockerfile(folder, context)
        pair = Pair(folder.name, dockerfile, context, conversion, conversion.earthfile or "", conversion.files)
        judged = found.judge(pair, options(folder).get("target"), _inputs(folder, Path(top)))
    return Verdict(**asdict(judged), tools=tools, about=digest(folder))


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


def table(
    verdicts: Mapping[str, Verdict],
    reasons: Mapping[str, str],
    earthfiles: Mapping[str, str],
    migrated: Mapping[str, str],
) -> str:
    """docs/verdicts.md: ``verdicts`` by name of the pair, ``reasons`` for those that have none; Earthfile by name.

    ``migrated`` are the Earthfiles of the golden repositories, which are built by no verdict.
    """
    counts = Counter(item.verdict for item in verdicts.values())
    silent = sorted(name for name, item in verdicts.items() if item.silent)
    early = sorted(name for name, item in verdicts.items() if item.equal and item.announced)
    tools = sorted({f"{side}: {tool}" for item in verdicts.values() for side, tool in item.tools.items()})
    lines = [HEAD + f"{len(verdicts) + len(reasons)} pairs, {len(verdicts)} with a verdict:"]
    lines += [f"{', '.join(f'{count} {name}' for name, count in counts.most_common())}.", ""]
    lines += [
        f"- Different without a word: {_names(silent)}.",
        f"- Equal although a difference was announced: {_names(early)}.",
    ]
    others = {name: text for name, text in earthfiles.items() if _construct(name) != "fallback"}
    lines += [f"- {_share(earthfiles)}.", f"- Without the pairs that are about the fallback: {_share(others)}."]
    lines += [f"- With the Earthfiles of the golden repositories: {_share({**earthfiles, **migrated})}."]
    lines += [f"- {tool}" for tool in tools]
    lines += ["", *_by_construct(verdicts, reasons)]
    for construct in sorted({_construct(name) for name in (*verdicts, *reasons)}):
        lines += ["", f"## {construct}", "", "| Pair | Verdict | Announced | What |", "| --- | --- | --- | --- |"]
        for name in sorted({*verdicts, *reasons}):
            if _construct(name) == construct:
                lines.append(_row(name, verdicts[name]) if name in verdicts else f"| {name} | - | | {reasons[name]} |")
    return "\n".join(lines) + "\n"


def _by_construct(verdicts: Mapping[str, Verdict], reasons: Iterable[str]) -> list[str]:
    """How many pairs of each construct came out how."""
    columns = ("equal", "diagnosed", "silent", "refused or not converted", "no verdict")
    found: dict[str, Counter[str]] = {}
    for name, item in verdicts.items():
        column = "silent" if item.silent else "equal" if item.equal else columns[3]
        if not item.silent and item.verdict in ("differs", "not built"):
            column = "diagnosed"
        found.setdefault(_construct(name), Counter())[column] += 1
    for name in reasons:
        found.setdefault(_construct(name), Counter())["no verdict"] += 1
    lines = [f"| Construct | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for construct, counts in [*sorted(found.items()), ("all", sum(found.values(), Counter()))]:
        lines.append(f"| {construct} | {' | '.join(str(counts[column]) for column in columns)} |")
    return lines


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


def _share(earthfiles: Mapping[str, str]) -> str:
    """How many Earthfiles have no FROM DOCKERFILE, and what the others have it for."""
    kinds = Counter(map(needs_dockerfile, earthfiles.values()))
    native, whole = kinds["nothing"], len(earthfiles)
    rest = f"{kinds['single lines']} have it for single lines, {kinds['whole stages']} for whole stages"
    return f"{native} of {whole} Earthfiles ({100 * native // max(whole, 1)} %) have no FROM DOCKERFILE; {rest}"


def write_table() -> None:
    """docs/verdicts.md from what is stored."""
    TABLE.write_text(current_table(), encoding="utf-8", newline="\n")


def current_table() -> str:
    """What docs/verdicts.md must say."""
    verdicts = {folder.name: found for folder in FOLDERS if (found := stored(folder)) is not None}
    reasons = {folder.name: why for folder in FOLDERS if (why := unbuilt(folder)) and folder.name not in verdicts}
    earthfiles = {folder.name: folder / "Earthfile" for folder in FOLDERS}
    texts = {name: file.read_text(encoding="utf-8") for name, file in earthfiles.items() if file.exists()}
    migrated = {str(file): file.read_text(encoding="utf-8") for file in GOLDEN.glob("*/repo/after/**/Earthfile")}
    return table(verdicts, reasons, texts, migrated)


# --- the command line -------------------------------------------------------------------------------------------------


def store(folder: Path, verdict: Verdict) -> None:
    """Keep a verdict beside its pair."""
    text = json.dumps(asdict(verdict), indent=2, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8", newline="\n")


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
            for folder, made in zip(wanted, pool.map(partial(verdict, found, tools), wanted), strict=True):
                store(folder, made)
                silent += made.silent
                print(_line(folder.name, made), flush=True)
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
