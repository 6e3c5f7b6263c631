from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
import verdicts
from daemons import Daemons
from realbuilds import Judges
from test_golden import FOLDERS, GOLDEN, converted
from verdicts import Verdict, digest, stored, table, unbuilt, verdict

REPRESENTATIVES = (
    "arg-global-in-tag-and-imported",
    "cmd-shell-form",
    "copy-file-and-folder",
    "copy-from-owner-chown-in-run",
    "copy-from-nested-paths",
    "copy-from-whole-root-scratch",
    "env-old-values",
    "from-variable-selects-stage",
    "hard-gate-everything-native",
    "heredoc-copy-expanding",
    "label-quoting",
    "mount-cache-two-stages",
)
"""Built in every run of the suite that has the builders; `python3 dev.py verdicts` builds all of them."""

TOOLS = {"Dockerfile": "buildctl 1", "Earthfile": "earth 2"}
built = pytest.mark.parametrize(
    "folder", [folder for folder in FOLDERS if not unbuilt(folder)], ids=lambda folder: folder.name
)


def made(name: str, announced: tuple[str, ...] = (), rows: tuple[str, ...] = ()) -> Verdict:
    return Verdict(name, list(announced), list(rows), TOOLS, "sha256:0")


@built
def test_every_pair_has_a_verdict_and_none_differs_without_a_word(folder: Path) -> None:
    found = stored(folder)
    if found is None or (os.name == "posix" and found.about != digest(folder)):
        pytest.skip(f"stale verdict: python3 dev.py verdicts -k {folder.name}")
    assert not found.silent, found.rows


def test_nine_of_ten_pairs_can_be_built() -> None:
    assert 10 * sum(not unbuilt(folder) for folder in FOLDERS) >= 9 * len(FOLDERS)


def test_the_table_is_what_is_stored() -> None:
    if not all(unbuilt(folder) or verdicts.is_fresh(folder) for folder in FOLDERS):
        pytest.skip(
            "stale verdict: there are pairs without one, and python3 dev.py verdicts --stale writes the table, too"
        )
    assert verdicts.TABLE.read_text(encoding="utf-8") == verdicts.current_table(), "python3 dev.py verdicts --table"


def test_a_digest_follows_everything_that_is_built(tmp_path: Path) -> None:
    pair = tmp_path / "pair"
    (pair / "context").mkdir(parents=True)
    seen = {digest(pair)}

    def changed() -> bool:
        before = len(seen)
        seen.add(digest(pair))
        return len(seen) > before

    (pair / "diagnostics.txt").write_text("grades: docker equal\n", encoding="utf-8")
    assert not changed()
    for name in ("Dockerfile", "Earthfile", ".earthlyignore", "options.yaml", "context/a"):
        (pair / name).write_text("FROM a\n", encoding="utf-8")
        assert changed(), name
    (pair / "context" / "a").rename(pair / "context" / "b")
    assert changed()
    if os.name == "posix":
        (pair / "context" / "b").chmod(0o755)
        assert changed()
        (pair / "context" / "c").symlink_to("b")
        assert changed()


@pytest.mark.parametrize(
    ("name", "announced", "silent"),
    [
        ("equal", (), False),
        ("equal", ("EM404",), False),
        ("differs", ("EM404",), False),
        ("differs", (), True),
        ("not built", (), True),
        ("not built", ("EM404",), False),
        ("refused", (), False),
    ],
)
def test_what_is_silent(name: str, announced: tuple[str, ...], silent: bool) -> None:
    assert made(name, announced).silent is silent


def test_the_table_counts_and_names_what_matters() -> None:
    found: Mapping[str, Verdict] = {
        "copy-a": made("equal"),
        "copy-b": made("differs", ("EM404",), ("mode 0755 -> 0644: /a|b",)),
        "run-c": made("differs", (), ("content: /x",)),
        "run-d": made("equal", ("EM501",)),
    }
    one_line = "    FROM DOCKERFILE --build-arg image=a -f +stop-signal/Dockerfile ."
    earthfiles = {"copy-a": "FROM a", "copy-b": "FROM DOCKERFILE .", "run-c": "FROM b", "run-d": one_line}
    text = table(found, {"add-url": "it needs a device"}, {**earthfiles, "fallback-e": "FROM DOCKERFILE ."}, {"r": ""})
    assert "- 2 of 5 Earthfiles (40 %) have no FROM DOCKERFILE; 1 have it for single lines, 2 for whole stages." in text
    assert "- Without the pairs that are about the fallback: 2 of 4 Earthfiles (50 %) have no" in text
    assert "- With the Earthfiles of the golden repositories: 3 of 6 Earthfiles (50 %) have no" in text
    assert "5 pairs, 4 with a verdict:\n2 equal, 2 differs." in text
    assert "Different without a word: run-c." in text
    assert "Equal although a difference was announced: run-d." in text
    assert "| add-url | - | | it needs a device |" in text
    assert "| copy-b | differs | EM404 | `` mode 0755 -> 0644: /a\\|b `` |" in text
    assert "| run-c | **differs** |  | `` content: /x `` |" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## add", "## copy", "## run"]


def test_a_stored_verdict_is_read_back(tmp_path: Path) -> None:
    found = made("differs", ("EM404",), ("content: /ü",))
    verdicts.store(tmp_path, found)
    assert stored(tmp_path) == found
    assert json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["verdict"] == "differs"


# --- with the real builders -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judges(builders: Daemons) -> Judges:
    return Judges.at(builders)


@pytest.mark.e2e
@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_a_pair_gets_its_verdict_again(name: str, judges: Judges) -> None:
    folder = GOLDEN / name
    found, now = stored(folder), verdict(judges, TOOLS, folder)
    assert found is not None
    assert (now.verdict, now.announced, now.rows) == (found.verdict, found.announced, found.rows)
    assert not now.silent


@pytest.mark.e2e
def test_what_both_builders_refuse_shows_what_they_say(judges: Judges, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo no >&2; exit 7\n", encoding="utf-8")
    now = verdict(judges, TOOLS, tmp_path)
    assert now.verdict == "refused"
    assert not now.silent
    assert now.rows[0].startswith("the Dockerfile: ")
    assert "exit code: 7" in now.rows[0]
    assert now.rows[1].startswith("the Earthfile: ")


@pytest.mark.e2e
def test_a_pair_that_differs_is_seen(judges: Judges, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo one >/a\nLABEL b=one\n", encoding="utf-8")
    right = converted(tmp_path)
    wrong = tuple(file._replace(text=file.text.replace("one", "two")) for file in right.files)
    monkeypatch.setattr(verdicts, "converted", lambda folder: right._replace(files=wrong))
    now = verdict(judges, TOOLS, tmp_path)
    assert now.verdict == "differs"
    assert now.silent
    assert now.rows == ["config Labels b: one -> two", "content, 4 bytes on both sides: /a"]
