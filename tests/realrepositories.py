"""``dev.py migrations CLONE...``: ``repo`` on copies of real repositories, and the table of docs/real-repositories.md.

The patch is applied with git to a copy of each clone, then taken back, and ``--write`` makes the change: both trees
must be equal, and a second run must change nothing.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
    """Migrate a copy of ``clone`` in both ways."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, clone.name)
        shutil.copytree(clone, copy, symlinks=True)
        begun = time.monotonic()
        data = json.loads(migrated(copy, "--format=json").stdout)
        seconds = time.monotonic() - begun
        paths = [item["path"] for item in data["changes"]]
        before = tree(copy, paths)
        patch = data["diff"].encode("utf-8", "surrogateescape")
        done = subprocess.run(["git", "apply", "-p1"], cwd=copy, input=patch, capture_output=True, check=False)
        applied = tree(copy, paths)
        for path in paths:
            restore(copy / path, before.get(path))
        # Clones without their largest files look dirty to git.
        migrated(copy, "--write", "--allow-dirty", "--quiet")
        written = tree(copy, paths)
        wrong = sorted(path for path in {*applied, *written} if applied.get(path) != written.get(path))
        differences = done.stderr.decode() if done.returncode else ", ".join(wrong)
        again = len(json.loads(migrated(copy, "--format=json").stdout)["changes"])
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=copy, capture_output=True, check=True, text=True)
    name = clone.name.replace("+", "/")
    return Row(name, asked.stdout[:10], data["counts"], len(paths), differences, again, seconds)


def tree(root: Path, paths: Sequence[str]) -> dict[str, bytes | None]:
    """The bytes of ``paths``, and the name of every file."""
    found: dict[str, bytes | None] = {
        file.relative_to(root).as_posix(): None
        for file in root.rglob("*")
        if file.relative_to(root).parts[0] not in (".git", ".earthmigrate-backup")
    }
    return {**found, **{path: (root / path).read_bytes() for path in paths if (root / path).is_file()}}


def restore(file: Path, data: bytes | None) -> None:
    if data is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(data)


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
        head, _, rest = text.partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}{table(rows)}{END}{rest.partition(END)[2]}", encoding="utf-8", newline="\n")
    return 1 if any(row.differences or row.again for row in rows) else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
