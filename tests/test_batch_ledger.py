"""The report folder: nothing that was written is lost, a cut line is no harm, one run at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.batch.inputs import Entry
from migrate.batch.ledger import Ledger, LedgerError
from migrate.results import Result

A = Result("./a", "a", "done", settings="s", state="x", commit="c", changes=(("Earthfile", "create"),), identity="1")
B = Result("https://h/b", "b", "done", ref="v1", settings="s", state="y", patch="b.patch", identity="2")


def entry(name: str, identity: str) -> Entry:
    return Entry(f"./{name}", name, f"/{name}", False, identity)


def written(folder: Path, *results: Result) -> None:
    ledger = Ledger(folder)
    ledger.start(mode="audit")
    ledger.add(results)
    ledger.close()


def test_what_was_written_is_known_to_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    written(folder, A, B, A._replace(name="c", status="failed"), A._replace(name="d", status="not reached"))
    written(folder, A._replace(state="z", status="unchanged"))
    ledger = Ledger(folder)
    known = ledger.earlier(entry("a", "1"), None)
    assert known is not None
    assert (known.state, known.changes) == ("z", ("Earthfile",))
    assert ledger.again("b") == B._replace(status="unchanged")
    assert list(ledger.results(["b", "a", "nobody"])) == [B, A._replace(state="z", status="unchanged")]
    for name in ("c", "d", "nobody"):
        assert ledger.earlier(entry(name, "1"), None) is None
        assert not ledger.known(entry(name, "1"))
    assert ledger.known(entry("a", "1"))
    assert not ledger.known(entry("a", "3")), "another repository of that name"
    ledger.close()


def test_another_repository_of_that_name_is_another(tmp_path: Path) -> None:
    written(tmp_path, A, B)
    ledger = Ledger(tmp_path)
    assert ledger.earlier(entry("a", "3"), None) is None
    assert ledger.names() == {"1": "a", "2": "b"}
    ledger.close()


def test_a_patch_that_is_gone_is_made_again(tmp_path: Path) -> None:
    written(tmp_path / "report", B)
    ledger = Ledger(tmp_path / "report")
    assert ledger.earlier(entry("b", "2"), tmp_path) is None
    (tmp_path / "b.patch").touch()
    assert ledger.earlier(entry("b", "2"), tmp_path) is not None
    ledger.close()


@pytest.mark.parametrize("cut", [1, 50, 400])
def test_a_line_that_a_crash_cut_is_taken_off(tmp_path: Path, cut: int) -> None:
    written(tmp_path, A, B)
    file = tmp_path / "results.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-1][:cut])
    ledger = Ledger(tmp_path)
    assert file.read_bytes() == whole
    ledger.add([A])
    ledger.close()
    assert file.read_bytes().startswith(whole)
    assert file.read_bytes().count(b"\n") == whole.count(b"\n") + 1


def test_a_file_that_is_one_cut_line_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_bytes(b'{"format":1,"kind":"run"' + b" " * 200_000)
    Ledger(tmp_path).close()
    assert (tmp_path / "results.jsonl").read_bytes() == b""


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    first = Ledger(tmp_path)
    with pytest.raises(LedgerError, match="another run"):
        Ledger(tmp_path)
    first.close()
    Ledger(tmp_path).close()


@pytest.mark.parametrize("damaged", [b"{", b"\xff", b"[]"])
def test_what_is_damaged_is_said_with_its_line(tmp_path: Path, damaged: bytes) -> None:
    written(tmp_path, A, B)
    file = tmp_path / "results.jsonl"
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([*lines[:2], damaged, *lines[2:], b""]))
    with pytest.raises(LedgerError, match="line 3: "):
        Ledger(tmp_path)


@pytest.mark.parametrize("text", ["not ours\n", "not ours", "{"])
def test_what_is_no_report_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.jsonl").write_text(text + "\n[]" * (text == "{"), encoding="utf-8")
    with pytest.raises(LedgerError, match="no report"):
        Ledger(tmp_path)
    assert (tmp_path / "results.jsonl").read_text(encoding="utf-8").startswith(text)
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger(tmp_path / "file")
