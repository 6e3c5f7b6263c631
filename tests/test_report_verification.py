"""What ``verify`` prints: for people, and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from migrate.convert import Conversion, OutputFile
from migrate.diagnostics import Diagnostic, Grade, Severity
from migrate.mappings import builtin
from migrate.report import verification
from migrate.spans import Span
from migrate.verify.builders import Tool
from migrate.verify.compare import Aspect, Comparison, Difference
from migrate.verify.errors import VerifyError
from migrate.verify.pairs import Job, Pair
from migrate.verify.run import Checked, Outcome
from migrate.verify.session import Result, Verdict

TEXT = "VERSION 0.8\napp:\n    FROM alpine\n    ENV A=2\n"
SOURCE = b"FROM alpine\nENV A=1\nSTOPSIGNAL 9\n"
FINDING = Diagnostic(
    "EM611", "stop-signal", Severity.WARNING, Grade.DIFFERS, "cannot", "", "web/Dockerfile", Span.of(3, 1, 3, 5)
)
EXPLAIN = verification.explainer(builtin())
ENV = Difference(Aspect.CONFIG, b"", "A=1", "A=2", "Env", "A")
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    (tmp_path / "Dockerfile").write_bytes(SOURCE)
    conversion = Conversion("web/Dockerfile", (OutputFile("Earthfile", TEXT),), ())
    return Pair("web/Dockerfile", tmp_path / "Dockerfile", tmp_path, conversion, TEXT)


def outcome(*results: Result) -> Outcome:
    tools = {"Dockerfile": Tool("buildctl", "0.29.0", "1.23.0"), "Earthfile": Tool("earth", "")}
    return Outcome(results, tools, ())


def compared(grade: Grade, *differences: Difference, unstable: tuple[bytes, ...] = ()) -> Comparison:
    return Comparison(grade, differences, unstable, 10)


def test_an_equal_target(pair: Pair) -> None:
    job = Job(pair, None, "app", Grade.EQUAL)
    comparison = compared(Grade.EQUAL, unstable=(b"etc/random",))
    result = Result(job, Verdict.EQUAL, comparison, None, {"docker.io/library/alpine:3": DIGEST}, 1.0, True)
    assert verification.text(outcome(result), EXPLAIN) == (
        "Dockerfile built by buildctl 0.29.0 (Dockerfile frontend 1.23.0)\n"
        "Earthfile built by earth\n"
        f"base image docker.io/library/alpine:3 is {DIGEST}\n"
        "\n"
        "web/Dockerfile +app: equal, 1 unstable path\n"
        "  unstable, as two builds of the Dockerfile differ there: /etc/random\n"
        "\n"
        "1 target: 1 equal\n"
    )


def lines(result: Result) -> list[str]:
    return verification.text(outcome(result), EXPLAIN).splitlines()[3:-2]


def test_what_does_not_count_is_named(pair: Pair) -> None:
    noisy = Comparison(Grade.EQUAL, (), (), 5, (".created", "timestamps"))
    done = Result(Job(pair, None, "app", Grade.EQUAL), Verdict.EQUAL, noisy)
    assert verification.text(outcome(done), EXPLAIN).splitlines()[-2:] == [
        "different, but no difference that counts (mappings/noise.yaml says why): created, timestamps",
        "1 target: 1 equal",
    ]


def test_an_announced_difference_names_the_lines_of_both_files(pair: Pair) -> None:
    job = Job(pair, None, "app", Grade.DIFFERS, (FINDING,))
    found = lines(Result(job, Verdict.DIFFERS, compared(Grade.DIFFERS, ENV)))
    assert found[0].startswith("web/Dockerfile +app: differs in 1 config field")
    assert "config Env A: 1 -> 2" in found[1]
    assert "(Dockerfile line 2, Earthfile line 4)" in found[1]
    assert found[2:] == [
        "  The conversion announces a difference:",
        "    web/Dockerfile:3: EM611[stop-signal] cannot",
    ]


def test_a_difference_that_nothing_announces_asks_for_a_report(pair: Pair) -> None:
    job = Job(pair, None, "app", Grade.EQUAL)
    found = lines(Result(job, Verdict.DIFFERS, compared(Grade.DIFFERS, ENV)))
    assert "please report it" in found[-1]


def test_with_an_old_builder_a_difference_may_be_its_own(pair: Pair) -> None:
    result = Result(Job(pair, None, "app", Grade.EQUAL), Verdict.DIFFERS, compared(Grade.DIFFERS, ENV))
    note = FINDING._replace(code="EM936")
    text = verification.text(outcome(result)._replace(notes=(note,)), EXPLAIN)
    assert "please report" not in text
    assert "with a current BuildKit" in text


def test_a_changed_earthfile_is_not_our_defect(pair: Pair) -> None:
    job = Job(replace(pair, earthfile=TEXT + "\n"), None, "app", Grade.EQUAL)
    found = lines(Result(job, Verdict.DIFFERS, compared(Grade.DIFFERS, ENV)))
    assert "is not the one that earthmigrate writes" in found[-1]


def test_what_was_not_built_shows_the_last_lines(pair: Pair) -> None:
    error = VerifyError("EM923", what="the Earthfile", program="earth", code=1, lines=("Error: \x1b[31mno", "{x}"))
    job = Job(pair, None, "app", Grade.EQUAL)
    assert lines(Result(job, Verdict.NOT_BUILT, error=error)) == [
        "web/Dockerfile +app: not built",
        "  EM923[build-failed]: earth did not build the Earthfile (exit code 1)",
        "  help: the builder's last lines are below; run it by hand with the same options to see all of them",
        "  | Error: \\x1b[31mno",
        "  | {x}",
    ]


def test_json_holds_everything(pair: Pair) -> None:
    job = Job(pair, "app", "app", Grade.DIFFERS, (FINDING,))
    error = VerifyError("EM925", what="the Dockerfile", seconds="5", lines=("slow",))
    results = (
        Result(job, Verdict.DIFFERS, compared(Grade.DIFFERS, ENV), None, {"a": DIGEST}, 2.34, True),
        Result(job, Verdict.NOT_BUILT, error=error),
    )
    data = json.loads(verification.to_json(outcome(*results), EXPLAIN))
    assert data["builders"]["dockerfile"]["frontend"] == "1.23.0"
    first, second = data["results"]
    assert (first["verdict"], first["promised"], first["unannounced"], first["seconds"]) == (
        "differs",
        "differs",
        False,
        2.3,
    )
    assert [item["code"] for item in first["announced"]] == ["EM611"]
    assert first["comparison"]["differences"][0]["dockerfile_line"] == 2
    assert first["bases"] == {"a": DIGEST}
    assert (second["verdict"], second["comparison"]) == ("not built", None)
    assert (second["error"]["code"], second["error"]["lines"]) == ("EM925", ["slow"])


def test_the_static_level_never_says_that_it_verified() -> None:
    checked = [Checked("a", ()), Checked("b", (FINDING,))]
    text = verification.static_text(checked)
    assert text.splitlines()[-1] == "static check only, nothing was built or compared: 2 Earthfiles, 1 finding"
    assert "web/Dockerfile:3: EM611[stop-signal]: cannot" in text
    data = json.loads(verification.static_json(checked))
    assert (data["static"], [len(result["findings"]) for result in data["results"]]) == (True, [0, 1])
    assert "verdict" not in json.dumps(data)


def test_the_last_line_counts(pair: Pair) -> None:
    job = Job(pair, None, "app", Grade.EQUAL)
    results = [Result(job, verdict) for verdict in (Verdict.EQUAL, Verdict.NOT_BUILT, Verdict.EQUAL, Verdict.DIFFERS)]
    assert verification.summary(results) == "4 targets: 2 equal, 1 differs, 1 not built"
    assert verification.summary([]) == "0 targets"
