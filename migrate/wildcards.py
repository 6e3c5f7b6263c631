"""Patterns of file names, matched in time linear to the name: all states are followed together, nothing is tried twice.

``component`` reads one by the rules of Go's filepath.Match, as a COPY source does; migrate.ignorematch builds on the
same automaton.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from migrate.lateregex import late

#: One bracket of filepath.Match: a list of characters and ranges, ``-`` and ``]`` only behind a backslash.
BRACKET = r"(?:\[\^|\[(?!\^))(?:(?:\\.|[^\]\\-])(?:-(?:\\.|[^\]\\-]))?)+\]"
NOT_SLASH = "[^/]"
#: One character beyond ASCII, to patterns of COPY and of ignore files. earth cannot pass on such a character itself.
NOT_ASCII = "[^!-~]"
_PIECE = rf"(\*)|(\?)|({BRACKET})|\\(.)|([^\\\[*?])"


class Step(NamedTuple):
    """One piece of a pattern: a test of one character, or what needs none (a start anchor, ``(.*/)?``)."""

    test: re.Pattern[str] | None
    repeats: bool = False
    is_start: bool = False
    is_deep: bool = False


class Automaton:
    """A pattern made of steps."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)
        self._start = _closed({0}, self._steps, at_start=True)
        self._moves: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Whether all of ``text`` fits."""
        states = self._start
        for char in text:
            key = (states, char)
            if key not in self._moves:
                self._moves[key] = _follow(states, char, self._steps)
            states = self._moves[key]
            if not states:
                return False
        return 2 * len(self._steps) in states


@lru_cache(maxsize=256)
def component(pattern: str) -> Automaton | None:
    """One component of a COPY pattern; None for a malformed one."""
    steps = []
    position = 0
    for match in re.finditer(_PIECE, pattern, re.DOTALL):
        if match.start() != position:
            return None
        position = match.end()
        star, one, bracket, escaped, char = match.groups()
        text = NOT_SLASH if star or one else bracket_regex(bracket) if bracket else re.escape(escaped or char)
        try:
            made = re.compile(text, re.DOTALL) if bracket else late(text, re.DOTALL)
            steps.append(Step(made, repeats=bool(star)))
        except re.error:  # a range that runs backwards
            return None
    return Automaton(steps) if position == len(pattern) else None


def bracket_regex(text: str) -> str:
    """A bracket as Python's regular expressions write it."""
    start = 2 if text.startswith("[^") else 1
    return text[:start] + re.sub(r"\\.|[\[&~|^]", _protected, text[start:-1], flags=re.DOTALL) + "]"


def _protected(match: re.Match[str]) -> str:
    return "\\" + match[0][-1] if not match[0][-1].isalnum() else match[0][-1]


def _closed(states: set[int], steps: Sequence[Step], *, at_start: bool = False) -> frozenset[int]:
    """``states`` and all that are reached without a character. 2n is "before step n", 2n+1 "inside the deep step n"."""
    queue = list(states)
    while queue:
        index, inside = divmod(queue.pop(), 2)
        if inside or index == len(steps):
            continue
        step = steps[index]
        if (step.repeats or step.is_deep or (step.is_start and at_start)) and 2 * index + 2 not in states:
            states.add(2 * index + 2)
            queue.append(2 * index + 2)
    return frozenset(states)


def _follow(states: frozenset[int], char: str, steps: Sequence[Step]) -> frozenset[int]:
    found: set[int] = set()
    for state in states:
        index = state // 2
        if index == len(steps):
            continue
        step = steps[index]
        if step.is_deep:
            if char != "\n":
                found.add(2 * index + 1)
            if char == "/":
                found.add(2 * index + 2)
        elif step.test is not None and step.test.match(char):
            found.add(2 * index if step.repeats else 2 * index + 2)
    return _closed(found, steps)
