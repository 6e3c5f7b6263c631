"""Progress: a line per step; the newest line of output only on a terminal."""

from __future__ import annotations

import io

from migrate.verify.progress import Progress


def test_in_ci_each_step_is_a_line_and_output_is_silent() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=False)
    progress.step("one")
    progress.line("#1 noise")
    progress.step("two")
    progress.close()
    assert stream.getvalue() == "one\ntwo\n"


def test_on_a_terminal_the_newest_line_stands_in_place() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=True)
    progress.step("one")
    progress.line("  #1 working " + "x" * 500)
    progress.line("too soon after the other")
    progress.step("two")
    progress.close()
    text = stream.getvalue()
    assert "#1 working" in text
    assert "too soon" not in text
    assert max(len(part) for part in text.replace("\r", "\n").split("\n")) < 300
    assert text.startswith("\r\x1b[Kone\n")
    assert text.endswith("\r\x1b[Ktwo\n\r\x1b[K")


def test_a_closed_stream_stops_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    Progress(stream, live=True).step("one")
    Progress(None, live=True).step("one")
