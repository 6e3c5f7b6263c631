"""One ignore file for two: what a migration needs left out, and what somebody else's targets copy.

Patterns join an existing file only where both sides then take exactly what they should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from migrate.context import Context
from migrate.earthfile.flags import flags_and_args
from migrate.earthfile.tree import EarthfileError, Recipe
from migrate.ignorefile import NAME, OWN_FILES, plain_ascii, taker
from migrate.ignorematch import IgnoreRules, PatternError, patterns
from migrate.standing import each
from migrate.visible import Difference, difference

_SHOWN = 4


class Joined(NamedTuple):
    """The text that the ignore file should have, None for as it is; ``problem``: why it cannot serve both.

    ``is_other``: it stays, and leaves out the same of today's files only.
    """

    text: str | None = None
    problem: str = ""
    is_other: bool = False


class Sides(NamedTuple):
    """What new targets copy, and what those of somebody else do.

    ``own``: the Earthfile is new, so the first must not take it.
    """

    ours: Sequence[str]
    theirs: Sequence[str]
    own: bool


def sources(recipes: Iterable[Recipe]) -> tuple[str, ...]:
    """What the targets of an Earthfile copy from the context; "." where that cannot be told."""
    found: list[str] = []
    for recipe in recipes:
        for statement in each(recipe.statements):
            if statement.name in ("DO", "FROM DOCKERFILE"):
                found.append(".")
            elif statement.name == "COPY":
                try:
                    words = flags_and_args(statement)[1]
                except EarthfileError:
                    words = (".", "")
                found += [_pattern(word) for word in words[:-1] if not word.lstrip("(").startswith(("+", "./+", "../"))]
    return tuple(dict.fromkeys(found))


def _pattern(word: str) -> str:
    plain = word.strip("\"'")
    return "." if "$" in plain else plain


def joined(existing: str | None, wanted: str, sides: Sides, context: Context) -> Joined:
    """The ignore file for targets that need the patterns in ``wanted``; ``existing`` is its text now."""
    wanted = plain_ascii(wanted)
    try:
        now, needed = IgnoreRules(existing or ""), IgnoreRules(wanted)
        mine = _difference(context, now, needed, sides.ours)
        if mine is None:
            return Joined(problem="nobody can tell what it leaves out")
        if mine.only_second:
            return Joined(problem=f"it leaves out {_listed(mine.only_second)}, which the Dockerfile copies")
        enters = sides.own and taker(sides.ours)("Earthfile") and not now.excludes("Earthfile")
        if not mine.only_first and not enters:
            return Joined(is_other=existing is not None and bool(sides.ours) and _plain(existing) != _plain(wanted))
        text = _appended(existing, wanted)
        rules = IgnoreRules(text)
        after, other = _difference(context, rules, needed, sides.ours), _difference(context, rules, now, sides.theirs)
    except PatternError as problem:
        return Joined(problem=str(problem))
    if after is None or other is None or after.only_first or after.only_second:
        return Joined(problem=f"it copies {_listed(mine.only_first)}, which the Docker build leaves out")
    if other.only_first or other.only_second:
        taken = _listed(other.only_second or other.only_first)
        return Joined(problem=f"the Docker build leaves out {taken}, which other targets copy")
    return Joined(text)


def unlike(shared: str, own: str, copied: Sequence[str], context: Context) -> str:
    """What one Dockerfile copies otherwise with the patterns of another ignore file than its own, "" for nothing."""
    try:
        found = _difference(context, IgnoreRules(plain_ascii(shared)), IgnoreRules(plain_ascii(own)), copied)
    except PatternError as problem:
        return str(problem)
    if found is None:
        return "nobody can tell what they leave out"
    sides = (("copies", found.only_first), ("leaves out", found.only_second))
    return " and ".join(f"it {verb} {_listed(paths)}" for verb, paths in sides if paths)


def _plain(text: str) -> list[str]:
    return [pattern for pattern in patterns(text) if pattern not in OWN_FILES]


def _difference(context: Context, first: IgnoreRules, second: IgnoreRules, copied: Sequence[str]) -> Difference | None:
    takes: Callable[[str], bool] = taker(copied)
    found = difference(context, first, second)
    if found is None:
        return None
    return Difference(*(tuple(path for path in side if takes(path) and path not in OWN_FILES) for side in found))


def _appended(existing: str | None, wanted: str) -> str:
    """``existing`` with the lines of ``wanted`` behind it, each pattern that is the last of its kind once."""
    if existing is None:
        return wanted + ("" if wanted.endswith("\n") else "\n") + (f"{NAME}\n" if NAME not in patterns(wanted) else "")
    newline = "\r\n" if "\r\n" in existing else "\n"
    there = frozenset(patterns(existing))
    exceptions = any(pattern.startswith("!") for pattern in (*there, *patterns(wanted)))
    lines = [line.strip() for line in wanted.splitlines()]
    added = [line for line in lines if patterns(line) and (exceptions or not there.issuperset(patterns(line)))]
    start = existing if not existing or existing.endswith("\n") else existing + newline
    return start + "".join(line + newline for line in added)


def _listed(paths: Sequence[str]) -> str:
    shown = [path for path in paths if path.rpartition("/")[0] not in paths]
    return ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
