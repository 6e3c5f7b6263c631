"""``dev.py migrations CLONE...``: ``repo`` on copies of real repositories, and the table of docs/real-repositories.md.

Each clone is copied twice. The patch is applied to one with git, ``--write`` changes the other: both trees must be
equal, and a second run must change nothing.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "real-repositories.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


class Row(NamedTuple):
    """What came out for one repository."""

    name: str
    commit: str
    counts: dict[str, Any]
    files: int
    differences: str
    again: int
    seconds: float


def migrated(folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "migrate.cli", "repo", "--docs", *options, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def judged(clone: Path) -> Row:
    """Migrate copies of ``clone`` in both ways."""
    with tempfile.TemporaryDirectory() as place:
        one, two = Path(place, "one", clone.name), Path(place, "two", clone.name)
        for copy in (one, two):
            shutil.copytree(clone, copy, symlinks=True)
        begun = time.monotonic()
        data = json.loads(migrated(one, "--format=json").stdout)
        seconds = time.monotonic() - begun
        patch = migrated(one).stdout
        applied = subprocess.run(["git", "apply", "-p1"], cwd=one, input=patch, capture_output=True, check=False)
        differences = applied.stderr.decode() if applied.returncode else ""
        migrated(two, "--write", "--allow-dirty", "--quiet")
        differences = differences or ", ".join(different(one, two))
        again = len(json.loads(migrated(two, "--format=json").stdout)["changes"])
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, check=False, text=True
        ).stdout
    return Row(
        clone.name.replace("+", "/"), commit[:10], data["counts"], len(data["changes"]), differences, again, seconds
    )


def different(one: Path, two: Path) -> Iterator[str]:
    """The paths at which two trees differ, git's own left out."""
    stack = [filecmp.dircmp(one, two, ignore=[".git"], hide=[])]
    while stack:
        both = stack.pop()
        yield from (*both.left_only, *both.right_only, *both.funny_files)
        files = [name for name in both.common_files if not Path(both.left, name).is_symlink()]
        yield from filecmp.cmpfiles(both.left, both.right, files, shallow=False)[1]
        stack += both.subdirs.values()


def table(rows: Sequence[Row]) -> str:
    """The table, a line for each repository."""
    head = (
        "Repository",
        "Commit",
        "Dockerfiles",
        "Grades",
        "Call sites",
        "Rewritten",
        "Reported",
        "Left",
        "Files",
        "Same",
    )
    lines = [head, ("---",) * len(head)]
    for row in rows:
        sites = row.counts["call_sites"]
        grades = ", ".join(f"{number} {grade}" for grade, number in row.counts["grades"].items())
        same = "yes" if not row.differences and not row.again else "NO"
        numbers = (sites["found"], sites["rewritten"], sites["reported"], sites["left"], row.files)
        lines.append((row.name, f"`{row.commit}`", str(row.counts["dockerfiles"]), grades, *map(str, numbers), same))
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def main(arguments: Sequence[str]) -> int:
    """Migrate the clones named in ``arguments``; 1 when one is not the same both ways."""
    rows = []
    for name in arguments:
        row = judged(Path(name).resolve())
        rows.append(row)
        print(f"{row.name}: {row.seconds:.1f} s, {row.differences or 'same'}, {row.again} changes again", flush=True)
    text = PAGE.read_text(encoding="utf-8")
    found = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    made = f"{BEGIN}{table(rows)}{END}"
    PAGE.write_text(found.sub(lambda _: made, text), encoding="utf-8", newline="\n")
    return 1 if any(row.differences or row.again for row in rows) else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
