"""Diagnostics as people see them."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from migrate.convert import Conversion, OutputFile, TargetResult
from migrate.diagnostics import Diagnostic, Grade, Severity
from migrate.report.text import excerpt, render, summary, together
from migrate.spans import Span


def diagnostic(
    severity: Severity = Severity.WARNING, span: Span | None = None, message: str = "a message", hint: str = "a hint"
) -> Diagnostic:
    return Diagnostic("EM999", "some-name", severity, Grade.DIFFERS, message, hint, "web/Dockerfile", span)


def conversion(
    *found: Diagnostic, lines: tuple[str, ...] = ("FROM alpine", "\tRUN x\ty # z"), **fields: object
) -> Conversion:
    files = (OutputFile("Earthfile", "VERSION 0.8\n"),)
    return Conversion("web/Dockerfile", files, found, lines=lines, **fields)  # type: ignore[arg-type]


def test_place_code_message_line_caret_hint() -> None:
    text = render(conversion(diagnostic(span=Span.of(1, 6, 1, 12))))
    assert text == (
        "web/Dockerfile:1:6: EM999[some-name] warning: a message\n"
        "  |\n"
        "1 | FROM alpine\n"
        "  |      ^^^^^^\n"
        "  = help: a hint\n\n"
    )


def test_without_a_place_and_without_a_hint() -> None:
    assert render(conversion(diagnostic(hint=""))) == "web/Dockerfile: EM999[some-name] warning: a message\n\n"


def test_a_place_past_the_end_of_the_file() -> None:
    text = render(conversion(diagnostic(span=Span.of(7, 1, 7, 2), hint="")))
    assert text == "web/Dockerfile:7:1: EM999[some-name] warning: a message\n\n"


def test_tabs_keep_the_caret_in_place() -> None:
    line = "\tRUN x\ty"
    text, carets = excerpt(line, 1, Span.of(1, 8, 1, 9))
    assert text == "    RUN x   y"
    assert carets == "            ^"


def test_wide_and_combining_characters() -> None:
    text, carets = excerpt("日本e\u0301x", 1, Span.of(1, 5, 1, 6))
    assert text == "日本e\u0301x"
    assert carets == "     ^"


def test_control_characters_are_shown_not_sent() -> None:
    text, carets = excerpt("a\x1b[31mb\u202ec", 1, Span.of(1, 7, 1, 8))
    assert text == "a\\x1b[31mb\\u202ec"
    assert carets == "         ^"
    rendered = render(conversion(diagnostic(message="x\x1b]0;\ny", hint="\x07")))
    assert rendered == "web/Dockerfile: EM999[some-name] warning: x\\x1b]0;\\ny\n = help: \\x07\n\n"


def test_a_span_over_several_lines_marks_its_first() -> None:
    assert excerpt("RUN a \\  ", 3, Span.of(3, 1, 4, 5)) == ("RUN a \\  ", "^" * 7)


def test_an_empty_span_still_has_a_caret() -> None:
    assert excerpt("RUN", 1, Span.of(1, 4, 1, 4)) == ("RUN", "   ^")
    assert excerpt("", 1, Span.of(1, 1, 1, 1)) == ("", "^")


def test_long_lines_are_cut_around_the_span() -> None:
    line = "a" * 500 + "HERE" + "b" * 500
    text, carets = excerpt(line, 1, Span.of(1, 501, 1, 505))
    assert len(text) <= 162
    assert text.startswith("…a")
    assert text.endswith("b…")
    assert text[carets.index("^") : carets.rindex("^") + 1] == "HERE"


def test_a_long_line_whose_span_is_near_its_start_keeps_its_start() -> None:
    text, carets = excerpt("RUN " + "x" * 500, 1, Span.of(1, 1, 1, 4))
    assert text.startswith("RUN xxx")
    assert carets == "^^^"


def width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in text
    )


@given(st.text(max_size=400).filter(lambda text: "\n" not in text), st.integers(1, 450), st.integers(0, 450))
def test_any_line_is_shown_on_one_line_with_a_caret(line: str, start: int, length: int) -> None:
    text, carets = excerpt(line, 1, Span.of(1, start, 1, start + length))
    assert text.isprintable()
    assert "^" in carets
    assert not set(carets) - {" ", "^"}
    assert width(text) <= 162 + 10


def test_colour_adds_only_escapes() -> None:
    item = conversion(diagnostic(span=Span.of(1, 6, 1, 12)), diagnostic(Severity.ERROR), diagnostic(Severity.INFO))
    import click

    assert click.unstyle(render(item, color=True)) == render(item)
    assert "\x1b[" in render(item, color=True)
    assert "\x1b[" not in render(item)


def test_least_severity() -> None:
    item = conversion(diagnostic(Severity.ERROR), diagnostic(Severity.WARNING), diagnostic(Severity.INFO))
    assert render(item, least=Severity.ERROR).count("EM999") == 1
    assert render(item).count("EM999") == 3


def test_summary() -> None:
    nothing = Conversion("Dockerfile", (), (diagnostic(Severity.ERROR),))
    two = [diagnostic(), diagnostic(Severity.INFO), diagnostic(Severity.INFO, message="b")]
    targets = (TargetResult("build", "build", Grade.DIFFERS), TargetResult("docker", None, Grade.EQUAL))
    assert summary([conversion()]) == "1 file converted"
    assert summary([nothing]) == "0 files converted: 1 error"
    assert summary([conversion(*two, targets=targets)]) == "1 file converted, grade differs: 1 warning, 2 infos"
    assert summary([conversion(), nothing, conversion(*two)]) == "2 files converted: 1 error, 1 warning, 2 infos"
    assert summary([conversion(hidden=(diagnostic(),))]) == "1 file converted (1 ignored)"


def test_equal_messages_of_one_file_stand_once_and_name_the_other_lines() -> None:
    spans = [Span.of(line, 1, line, 2) for line in range(3, 9)]
    found = together([diagnostic(span=span) for span in spans])
    assert [item.message for item in found] == ["a message (also on lines 4, 5, 6 and 2 more)"]
    assert found[0].span == spans[0]
    two = together([diagnostic(span=spans[0]), diagnostic(span=spans[1]), diagnostic(span=spans[2], hint="another")])
    assert [item.message for item in two] == ["a message (also on line 4)", "a message"]


def test_warnings_of_other_files_stay_and_infos_name_them() -> None:
    there = diagnostic()._replace(path="api/Dockerfile")
    assert together([diagnostic(), there]) == [diagnostic(), there]
    infos = [diagnostic(Severity.INFO), there._replace(severity=Severity.INFO)]
    assert [item.message for item in together(infos)] == ["a message (also in api/Dockerfile)"]
