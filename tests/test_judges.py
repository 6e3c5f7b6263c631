"""Our readers against BuildKit and earth: on every golden case with the stored answers, on more where the tools are."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from judges import (
    Json,
    OracleMissing,
    digest,
    earth_answers,
    earth_version,
    judge,
    judge_earthfile,
    oracle,
    pruned,
    stored_text,
)

from migrate.convert import convert

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FOLDERS = sorted(path for path in GOLDEN.iterdir() if (path / "Dockerfile").is_file()) if GOLDEN.is_dir() else []
cases = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
RENEW = "run python3 dev.py golden where go and earth are on PATH, and read the diff"


@cache
def fresh_from_buildkit() -> dict[Path, Json]:
    """What BuildKit says about every golden Dockerfile, asked at once."""
    sources = [(folder / "Dockerfile").read_bytes() for folder in FOLDERS]
    try:
        return dict(zip(FOLDERS, oracle().answers(sources), strict=True))
    except OracleMissing as missing:  # go without its modules: no network
        pytest.skip(f"oracle: {missing}")


@cache
def version() -> str:
    return earth_version()


def keep(path: Path, answer: Json | None, request: pytest.FixtureRequest) -> None:
    """With ``--update-golden`` store the answer, otherwise compare it with the stored one."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = {} if answer is None else answer
    if _told(stored) == _told(wanted):
        return  # a newer tool that says the same is no news
    if not request.config.getoption("--update-golden"):
        pytest.fail(f"{path.parent.name}/{path.name} is not what the tool says now: {RENEW}", pytrace=False)
    if answer is None:
        path.unlink()
    else:
        path.write_bytes(stored_text(answer).encode())


def _told(answer: Json) -> Json:
    return {key: value for key, value in answer.items() if key != "tool"}


def stored(path: Path, source: bytes, tool: str, request: pytest.FixtureRequest) -> Json:
    """The stored answer; when it is about another text, only the tool can give a new one."""
    answer = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if answer.get("sha256") != digest(source):
        if not shutil.which({"oracle": "go"}.get(tool, tool)):  # where it is there, the test above tells
            request.node.add_marker(tool)  # so that the last lines of the run count this one
        pytest.skip(f"{tool}: {path.parent.name}/{path.name} is missing or about another text; {RENEW}")
    return answer


@cases
@pytest.mark.oracle
def test_the_stored_answer_is_what_buildkit_says(folder: Path, request: pytest.FixtureRequest) -> None:
    keep(folder / "buildkit.json", fresh_from_buildkit()[folder], request)


@cases
def test_we_read_a_dockerfile_as_buildkit_does(folder: Path, request: pytest.FixtureRequest) -> None:
    source = (folder / "Dockerfile").read_bytes()
    assert not judge(source, stored(folder / "buildkit.json", source, "oracle", request)).differences


@cases
@pytest.mark.earth
def test_the_stored_answer_is_what_earth_says(folder: Path, request: pytest.FixtureRequest) -> None:
    earthfile = folder / "Earthfile"
    found = earth_answers([earthfile.read_bytes()], version()) if earthfile.exists() else [None]
    keep(folder / "earth-ast.json", found[0], request)


@cases
def test_we_read_an_earthfile_as_earth_does(folder: Path, request: pytest.FixtureRequest) -> None:
    earthfile = folder / "Earthfile"
    if earthfile.exists():
        source = earthfile.read_bytes()
        answer = stored(folder / "earth-ast.json", source, "earth", request)
        assert "error" not in answer
        assert not judge_earthfile(source, answer).differences


@cases
def test_a_judge_notices_what_is_changed(folder: Path, request: pytest.FixtureRequest) -> None:
    """Each instruction of the stored answer, spoilt in one place: the comparison must not be blind."""
    source = (folder / "Dockerfile").read_bytes()
    answer = stored(folder / "buildkit.json", source, "oracle", request)
    if judge(source, answer).kind != "read":
        return
    for index, node in enumerate(answer["nodes"]):
        for key in ("keyword", "start_line", "end_line", "args", "heredocs", "instruction"):
            if node.get(key):
                spoilt = deepcopy(answer)
                spoilt["nodes"][index][key] = _spoilt(node[key])
                assert judge(source, spoilt).differences, (index, key)


def _spoilt(value: Json) -> Json:
    if isinstance(value, dict):
        return {**value, "spoilt": 1}
    return value * 2 if isinstance(value, list) else value + type(value)(1)


# --- generated files --------------------------------------------------------------------------------------------------

#: One example asks several processes, and files that BuildKit refuses are as welcome as others.
many = settings(max_examples=300, suppress_health_check=list(HealthCheck))


@pytest.mark.oracle
@many
@given(source=st.one_of(strategies.dockerfiles(), strategies.mutated(), strategies.arbitrary()))
def test_generated_dockerfiles(source: str | bytes) -> None:
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    try:
        (answer,) = oracle().answers([data])
    except OracleMissing as missing:
        pytest.skip(f"oracle: {missing}")
    assert not judge(data, answer).differences


SPARE = "VERSION 0.8\na:\n    FROM alpine\n    RUN a 'b c' \\\n        d\n"
PIECES = [
    *("\\", "\\\n", "\\\n# it's\n    ", "\n", "\n\n", "\r\n", "\t", " ", "    ", "'", '"', " #", "# note", "$("),
    *(")", "=", "[", "]", ":", "-", "é", "\\#", "\\ ", "END\n", "\n    END", "\n    IF a\n        RUN b\n"),
    *("ELSE\n", "\nfoo:\n", "\n    WITH DOCKER --load x=+y\n"),
]


@st.composite
def earthfiles(draw: DrawFn) -> str:
    """What we write for a generated Dockerfile, then a few characters cut or put in."""
    text = (
        convert(draw(strategies.dockerfiles())).earthfile
        or "VERSION 0.8\na:\n    FROM alpine\n    RUN a 'b c' \\\n        d\n"
    )
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[start + draw(st.sampled_from((0, 0, 1, 3))) :]
    return text


@pytest.mark.earth
@many
@given(text=earthfiles())
def test_generated_earthfiles(text: str) -> None:
    source = text.encode("utf-8", "surrogateescape")
    (answer,) = earth_answers([source])
    assert not judge_earthfile(source, answer).differences


def test_pruning_keeps_the_empty_value() -> None:
    before = {"value": "", "other": "", "list": [], "inner": {"value": None, "no": False}, "items": [{"a": 0, "b": 1}]}
    assert pruned(before) == {"value": "", "items": [{"b": 1}]}
