"""What all tests share: the --update-golden option, and a loud line about tests whose tools are missing."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Generator, Iterator

import daemons
import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

NEEDS = {"earth": ("earth",), "oracle": ("go",), "e2e": ("earth", "buildctl", *daemons.PROGRAMS)}
"""Marker -> the programs without which its tests are skipped."""
PACKAGES = {"dask": "distributed"}
"""Marker -> the package without which its tests are skipped."""
STALE = "stale verdict"
"""Why tests/test_verdicts.py skips a pair."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``: write what the tests see instead of comparing."""
    parser.addoption("--update-golden", action="store_true", help="write the golden pairs anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a program that is not on PATH."""
    for item in items:
        for marker, programs in NEEDS.items():
            missing = [program for program in programs if not shutil.which(program)]
            why = f"{', '.join(missing)} not on PATH" if missing else daemons.unable() if marker == "e2e" else ""
            if why and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{marker}: {why}"))
        for marker, package in PACKAGES.items():
            if item.get_closest_marker(marker) and importlib.util.find_spec(package) is None:
                item.add_marker(pytest.mark.skip(reason=f"{marker}: {package} is not installed"))


@pytest.fixture(scope="session")
def builders() -> Iterator[daemons.Daemons]:
    """The daemons of the end-to-end tests: started once, gone with all their state when the run ends.

    A machine on which they do not start is one without the tools: the tests are skipped, and the last lines count them.
    """
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(daemons.running())
        except daemons.DaemonError as problem:
            pytest.skip(f"e2e: {problem}")
        yield found


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say at the very end how many tests of which kind did not run: a green run without them proves less."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    counts = Counter(marker for report in skipped for marker in (*NEEDS, *PACKAGES) if marker in report.keywords)
    stale = sum(STALE in str(report.longrepr) for report in skipped)
    if stale:
        line = f"STALE: {stale} golden pairs have no verdict on what they are now (python3 dev.py verdicts --stale)"
        terminalreporter.write_line(line, red=True, bold=True)
    if counts:
        kinds = ", ".join(f"{count} {marker}" for marker, count in sorted(counts.items()))
        terminalreporter.write_line(f"NOT RUN, their tools are missing: {kinds}", red=True, bold=True)
