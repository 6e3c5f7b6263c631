"""Fuzzing: ``python dev.py fuzz --seconds N`` converts generated and damaged Dockerfiles until the time is up.

A crash is an exception, an output that does not read back, or a second conversion that differs. One input that takes
more than two seconds (of processor time) counts as well. Each failure is made small and saved. Exit code 1 for any.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import strategies
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from judges import OracleMissing, Verdict, judge, oracle

from migrate.convert import convert
from migrate.dockerfile.flags import flag_table
from migrate.earthfile.reader import read as read_earthfile
from migrate.settings import Settings

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SLOW = 2.0
_PIECES = [
    *(b"\\", b"\\\n", b"`", b"\n", b"\r\n", b"\t", b" ", b"'", b'"', b"$", b"${", b"${A:-", b"}", b"$(", b")", b"#"),
    *(b"\n# x\n", b"<<EOF", b"\nEOF\n", b"<<-'E'", b"[", b"]", b'["a"]', b",", b"=", b"/", b"*", b"?", b"~", b"\\+"),
    *(
        b"--",
        b"--from=0",
        b"--mount=",
        b"type=",
        b" AS ",
        b"# escape=`\n",
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"\xff",
        b"\0",
    ),
    *(f"\n{keyword} ".encode() for keyword in flag_table()),
]


@dataclass
class Tally:
    """How many inputs, the slowest one, and what failed: kind of failure -> file."""

    tried: int = 0
    converted: int = 0
    slowest: float = 0.0
    slowest_input: bytes = b""
    failures: dict[str, Path] = field(default_factory=dict)
    judged: int = 0


def main(arguments: list[str]) -> int:
    """Fuzz as the options say."""
    parser = argparse.ArgumentParser(prog="dev.py fuzz", description="Convert generated and damaged Dockerfiles.")
    parser.add_argument("--seconds", type=float, default=60, help="stop after that time (default: 60)")
    parser.add_argument("--inputs", type=int, default=sys.maxsize, help="or after so many inputs")
    parser.add_argument("--seed", type=int, default=None, help="for the same inputs again (default: the time)")
    parser.add_argument("--oracle", action="store_true", help="compare the reading with BuildKit, too; needs Go")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else int(time.time())
    print(f"seed {seed}", flush=True)
    tally = Tally()
    end = time.monotonic() + options.seconds
    rounds = 0
    while time.monotonic() < end and tally.tried < options.inputs:
        batch = _generated(seed + rounds) if rounds % 4 == 3 else _damaged(random.Random(seed + rounds))
        for source in batch:
            _try(source, tally)
        if options.oracle:
            _judge(batch, tally)
        rounds += 1
        if rounds % 40 == 0:
            print(f"{tally.tried} inputs, slowest {tally.slowest:.2f} s, {len(tally.failures)} failures", flush=True)
    judged = f", {tally.judged} compared with BuildKit" if options.oracle else ""
    print(f"{tally.tried} inputs tried, {tally.converted} converted, {len(tally.failures)} kinds of failure{judged}")
    print(f"slowest input: {tally.slowest:.2f} s, {len(tally.slowest_input)} bytes, {_saved(tally.slowest_input)}")
    for kind, path in tally.failures.items():
        print(f"FAILED: {kind}\n    {path}")
    return 1 if tally.failures else 0


def _try(source: bytes, tally: Tally) -> None:
    tally.tried += 1
    start = time.process_time()
    kind = failure(source)
    spent = time.process_time() - start
    tally.converted += kind == ""
    if spent > tally.slowest:
        tally.slowest, tally.slowest_input = spent, source
    if kind == "" or kind is None:
        if spent <= SLOW:
            return
        kind = "slow"
    if kind not in tally.failures:
        small = source if kind == "slow" else minimal(source, lambda data: failure(data) == kind)
        tally.failures[kind] = _saved(small)
        print(f"FAILED: {kind}\n    {tally.failures[kind]}", flush=True)


def failure(source: bytes) -> str | None:
    """What goes wrong with an input: None when it is refused, "" when it is converted as it should be."""
    try:
        conversion = convert(source, Settings(name="app"))
        if conversion.earthfile is None:
            return None
        read_earthfile(conversion.earthfile)
        if len(source) % 8 == 0 and convert(source, Settings(name="app")) != conversion:
            return "a second conversion differs"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno} {place.name}"
    return ""


def minimal(source: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """A smaller input that fails in the same way: whole lines go first, then single bytes."""
    for parts in (source.splitlines(keepends=True), None):
        found = [source[at : at + 1] for at in range(len(source))] if parts is None else parts
        size = max(len(found) // 2, 1)
        while size:
            at = 0
            while at < len(found):
                shorter = found[:at] + found[at + size :]
                if fails(b"".join(shorter)):
                    found = shorter
                else:
                    at += size
            size //= 2
        source = b"".join(found)
    return source


def _saved(source: bytes) -> Path:
    with tempfile.NamedTemporaryFile(prefix="earthmigrate-fuzz-", suffix=".Dockerfile", delete=False) as file:
        file.write(source)
    return Path(file.name)


def _judge(batch: list[bytes], tally: Tally) -> None:
    try:
        answers = oracle().answers(batch)
    except OracleMissing as missing:
        sys.exit(f"--oracle: {missing}")
    for source, answer in zip(batch, answers, strict=True):
        tally.judged += 1
        kind = _disagreement(judge(source, answer))
        if kind and kind not in tally.failures:
            small = minimal(source, partial(_disagrees, kind))
            told = judge(small, oracle().answers([small])[0]).differences[0]
            tally.failures[kind] = _saved(small)
            print(f"FAILED: not as BuildKit: {told}\n    {tally.failures[kind]}", flush=True)


def _disagrees(kind: str, source: bytes) -> bool:
    return _disagreement(judge(source, oracle().answers([source])[0])) == kind


def _disagreement(verdict: Verdict) -> str:
    """The kind of the first difference: its text without what differs from file to file."""
    return re.sub(r"\{.*?\}|'.*'|\".*\"|\d+", "", verdict.differences[0])[:60] if verdict.differences else ""


def _generated(seed: int) -> list[bytes]:
    """Two hundred inputs from hypothesis: whole files, damaged ones, and noise."""
    found: list[bytes] = []

    @seeded(seed)
    @settings(
        max_examples=200, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(st.one_of(strategies.dockerfiles(), strategies.mutated(), strategies.arbitrary()))
    def collect(source: str | bytes) -> None:
        found.append(source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source)

    collect()
    return found


def _damaged(dice: random.Random) -> list[bytes]:
    """Five hundred golden Dockerfiles with a few bytes cut, doubled, replaced or taken from another one."""
    sources = [path.read_bytes() for path in sorted(GOLDEN.glob("*/Dockerfile"))]
    return [_damage(dice, sources) for _ in range(500)]


def _damage(dice: random.Random, sources: list[bytes]) -> bytes:
    data = dice.choice(sources)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 6))):
        start = dice.randint(0, len(data))
        end = min(len(data), start + dice.choice((0, 0, 1, 1, 4, 30)))
        kind = dice.randrange(8)
        if kind == 0:
            other = dice.choice(sources)
            at = dice.randint(0, len(other))
            piece = other[at : at + dice.choice((10, 40, 200))]
        elif kind == 1:
            piece = data[start:end] * dice.choice((2, 3, 100))
        elif kind == 2:
            piece = bytes(dice.randrange(256) for _ in range(dice.randint(1, 3)))
        else:
            piece = dice.choice(_PIECES)
        data = data[:start] + piece + data[end:]
    return data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
