"""The patterns of ``${name#p}``, ``${name%p}`` and ``${name/p/r}``: BuildKit's, not a shell's.

``*`` and ``?`` do not match a newline, there are no bracket expressions, and a backslash escapes only ``* ? \\``
(before ``}`` and ``/`` it merely disappears). Source: shell/lex.go, run against it.
"""

from __future__ import annotations

from collections.abc import Sequence

ANY = "?"
STAR = "*"


class PatternError(Exception):
    """A pattern that BuildKit refuses; its text says why."""


def glob(pattern: str, *, backwards: bool = False) -> list[tuple[str, bool]]:
    """``pattern`` as (character, is a wildcard); ``backwards`` gives the pattern for a reversed text."""
    chars = _reversed(pattern) if backwards else list(pattern)
    tokens: list[tuple[str, bool]] = []
    index = 1 if chars[:1] == ["\ufeff"] else 0
    while index < len(chars):
        char = chars[index]
        index += 1
        if char != "\\":
            tokens.append((char, char in (STAR, ANY)))
            continue
        following = chars[index] if index < len(chars) else ""
        if following in ("}", "/") and following:
            continue
        if following not in ("*", "?", "\\"):
            raise PatternError(f"'\\{following}' is no escape in a pattern")
        tokens.append((following, False))
        index += 1
    return tokens


def cut_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """``value`` without the prefix that ``pattern`` matches."""
    end = _match_end(glob(pattern), value, 0, longest)
    return value if end is None else value[end:]


def cut_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """``value`` without the suffix that ``pattern`` matches."""
    end = _match_end(glob(pattern, backwards=True), value[::-1], 0, longest)
    return value if end is None else value[: len(value) - end]


def replace(value: str, pattern: str, replacement: str, *, every: bool) -> str:
    """``value`` with the first match of ``pattern`` replaced, or with every one.

    Only for every one does ``$0`` in the replacement mean the match (Go's template), other ``$name`` vanish.
    """
    tokens = glob(pattern)
    result, position, done = "", 0, 0
    while position <= len(value):
        found = _search(tokens, value, position)
        if found is None:
            break
        start, end = found
        if not every:
            return value[:start] + replacement + value[end:]
        result += value[done:start]
        if end > done or start == 0:
            result += _filled(replacement, value[start:end])
        done = end
        position = end if end > position else position + 1
    return result + value[done:]


def _reversed(pattern: str) -> list[str]:
    last = len(pattern) - 1
    result = [""] * len(pattern)
    index = 0
    while index <= last:
        place = last - index
        if pattern[index] == "\\" and index != last:
            result[place - 1], result[place] = "\\", pattern[index + 1]
            index += 2
        else:
            result[place] = pattern[index]
            index += 1
    return result


def _search(tokens: Sequence[tuple[str, bool]], value: str, position: int) -> tuple[int, int] | None:
    for start in range(position, len(value) + 1):
        end = _match_end(tokens, value, start, longest=True)
        if end is not None:
            return start, end
    return None


def _match_end(tokens: Sequence[tuple[str, bool]], value: str, start: int, longest: bool) -> int | None:
    """Where a match that begins at ``start`` ends: all states at once, so no pattern takes exponential time."""
    states = _closed({0}, tokens)
    end = start if len(tokens) in states else None
    for index in range(start, len(value)):
        if not states or (end is not None and not longest):
            break
        states = _closed({state for old in states for state in _after(old, tokens, value[index])}, tokens)
        if len(tokens) in states:
            end = index + 1
    return end


def _after(state: int, tokens: Sequence[tuple[str, bool]], char: str) -> list[int]:
    if state == len(tokens):
        return []
    token, wild = tokens[state]
    if wild:
        return [] if char == "\n" else [state if token == STAR else state + 1]
    return [state + 1] if token == char else []


def _closed(states: set[int], tokens: Sequence[tuple[str, bool]]) -> set[int]:
    for state in tuple(states):
        while state < len(tokens) and tokens[state] == (STAR, True):
            state += 1
            states.add(state)
    return states


def _filled(template: str, match: str) -> str:
    """Go's ``Regexp.Expand`` for an expression without groups."""
    result, index = "", 0
    while index < len(template):
        if template[index] != "$":
            result += template[index]
            index += 1
            continue
        name, after = _reference(template, index + 1)
        if template.startswith("$", index + 1):
            result, after = result + "$", index + 2
        elif not name:
            result, after = result + "$", index + 1
        elif name == "0":
            result += match
        index = after
    return result


def _reference(template: str, index: int) -> tuple[str, int]:
    braced = template.startswith("{", index)
    start = end = index + braced
    while end < len(template) and (template[end] == "_" or template[end].isalpha() or template[end].isdecimal()):
        end += 1
    if braced and not template.startswith("}", end):
        return "", index
    return template[start:end], end + braced
