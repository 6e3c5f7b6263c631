"""The ignore file that keeps an Earthfile's context equal to the Dockerfile's (design 5.10, earthfile.md 3)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from migrate.context import Context
from migrate.ignorematch import IgnoreRules, PatternError, patterns
from migrate.mappings import Mappings
from migrate.recipe import Reporter
from migrate.visible import Difference, VisibleContext, difference
from migrate.wildcards import NOT_ASCII, Automaton, component

NAME = ".earthlyignore"
#: Files that only the Earthfile side has in its context.
OWN_FILES = ("Earthfile", NAME)
_OTHER_NAME = ".earthignore"
_SHOWN = 4


def applied(context: Context) -> Context:
    """``context`` as BuildKit sends it: without what Docker's ignore file leaves out, where that can be told."""
    found = context.ignore_text()
    try:
        rules = IgnoreRules(found[1] if found is not None else "")
    except PatternError:
        return context  # ``needed`` says so
    return VisibleContext(context, rules) if rules.patterns else context


class Taken(NamedTuple):
    """What the stages take from the context: paths with wildcards for variables, and those of them that reach no image.

    ``by_dockerfile``: a stage is built FROM DOCKERFILE, which reads .dockerignore and leaves out our own files itself.
    """

    sources: tuple[str, ...]
    leftovers: frozenset[str] = frozenset()
    by_dockerfile: bool = False


def needed(what: Taken, context: Context, mappings: Mappings, report: Reporter, *, writes: bool) -> str | None:
    """The text of the .earthlyignore that must stand beside the Earthfile, None when none is needed or it exists.

    Findings go to ``report``.
    """
    sources = what.sources
    if not sources and not (what.by_dockerfile and _is_needed_by_dockerfile(context)):
        return None
    taken = taker(sources)
    takes_own = any(taken(name) for name in OWN_FILES)
    if not context.known():
        reaching = taker([source for source in sources if source not in what.leftovers])
        if any(reaching(name) for name in OWN_FILES):
            report("EM705", None)
        elif takes_own or any("." not in source.rpartition("/")[2] for source in sources):
            report("EM702", None)
        return None
    docker = context.ignore_text()
    text = docker[1] if docker is not None else ""
    _check(docker, report)
    wanted = with_own_files(plain_ascii(text)) if takes_own or patterns(text) else ""
    existing = context.earth_ignore_text()
    if existing is not None:
        source = posixpath.basename(docker[0]) if docker is not None else "the Docker build's side, which has none"
        _compare(existing, wanted, source, taken, context, mappings, report)
        return None
    if not wanted:
        return None
    if patterns(plain_ascii(text)) != patterns(text):
        report("EM710", None, name=NAME, pattern=NOT_ASCII)
    if not writes:
        source = posixpath.basename(docker[0]) if docker is not None else "no .dockerignore"
        has_effect = takes_own or _differs(context, "", wanted, taken)
        report("EM701" if has_effect else "EM708", None, source=source, text=" ".join(_lines(wanted)))
    return wanted


def _check(docker: tuple[str, str] | None, report: Reporter) -> None:
    if docker is not None:
        try:
            IgnoreRules(docker[1])
        except PatternError as problem:
            report("EM709", None, name=docker[0], problem=problem)


def _is_needed_by_dockerfile(context: Context) -> bool:
    """Whether FROM DOCKERFILE reads another ignore file than Docker does: not the Dockerfile's own, and ours first."""
    docker, own = context.ignore_text(), context.earth_ignore_text()
    return own is not None or (docker is not None and posixpath.basename(docker[0]) != ".dockerignore")


def with_own_files(text: str) -> str:
    """``text`` with the files that only the Earthfile side has, last so that no ``!`` line brings them back."""
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text if not text or text.endswith("\n") else text + ending
    last: set[str] = set()
    for line in reversed(lines.splitlines()):
        if line.strip() not in OWN_FILES:
            break
        last.add(line.strip())
    added = [name for name in OWN_FILES if name not in last]
    return lines + "".join(f"{name}{ending}" for name in added)


def plain_ascii(text: str) -> str:
    """``text`` with patterns that earth reads as Docker does."""
    if text.isascii():
        return text
    lines = text.removeprefix("\ufeff").split("\n")
    return "\n".join(line if line.startswith("#") else _plain_pattern(line) for line in lines)


def _plain_pattern(line: str) -> str:
    whole = re.sub(r"\[[^\]]*[^\x00-\x7f][^\]]*\]", "[^/]", line)
    return re.sub(r"\\?[^\x00-\x7f]", NOT_ASCII, whole)


def taker(sources: Sequence[str]) -> Callable[[str], bool]:
    """Tells of a context path whether one of the COPY ``sources`` takes it: it, or a folder above it, is named."""
    wanted = [_components(source) for source in sources]

    def takes(path: str) -> bool:
        parts = path.split("/")
        return any(
            len(pattern) <= len(parts)
            and all(one is None or one.matches(part) for one, part in zip(pattern, parts, strict=False))
            for pattern in wanted
        )

    return takes


@lru_cache(maxsize=1024)
def _components(source: str) -> tuple[Automaton | None, ...]:
    return tuple(component(part) for part in posixpath.normpath("/" + source).split("/") if part)


def _compare(
    existing: tuple[str, str],
    wanted: str,
    source: str,
    taken: Callable[[str], bool],
    context: Context,
    mappings: Mappings,
    report: Reporter,
) -> None:
    """Report what an ignore file that exists does otherwise than the one that would be written."""
    name, text = posixpath.basename(existing[0]), existing[1]
    if context.exists(_OTHER_NAME) and context.exists(NAME):
        report("EM712", None)
    if _without_own(text) == _without_own(wanted) and (not taken("Earthfile") or "Earthfile" in patterns(text)):
        return
    found = _difference(context, text, wanted, taken)
    if found is None or not text.isascii():
        report("EM703", None, name=name, source=source, difference="the patterns are others")
        return
    if not found.only_first and not found.only_second:
        report("EM711", None, name=name, source=source)
        return
    parts = [("copies", found.only_first), ("leaves out", found.only_second)]
    told = " and ".join(f"{verb} {_listed(paths)}" for verb, paths in parts if paths)
    report("EM703", None, name=name, source=source, difference=f"it {told}")
    secrets = [path for path in found.only_first if _looks_secret(path, mappings)]
    if secrets:
        report("EM707", None, name=name, files=_listed(secrets))


def _difference(context: Context, text: str, wanted: str, taken: Callable[[str], bool]) -> Difference | None:
    """What a COPY takes with one of the two texts alone; our own files count where they would enter an image."""
    try:
        first, second = IgnoreRules(text), IgnoreRules(wanted)
    except PatternError:
        return None
    found = difference(context, first, second)
    if found is None:
        return None
    sides = [tuple(path for path in side if taken(path) and path not in (*OWN_FILES, _OTHER_NAME)) for side in found]
    enters = ("Earthfile",) if taken("Earthfile") and not first.excludes("Earthfile") else ()
    return Difference((*enters, *sides[0]), sides[1])


def _differs(context: Context, text: str, wanted: str, taken: Callable[[str], bool]) -> bool:
    found = _difference(context, text, wanted, taken)
    return found is None or bool(found.only_first or found.only_second)


def _looks_secret(path: str, mappings: Mappings) -> bool:
    return IgnoreRules("\n".join(f"**/{pattern}" for pattern in mappings.secret_files)).excludes(path)


def _without_own(text: str) -> list[str]:
    return [pattern for pattern in patterns(text) if pattern not in OWN_FILES]


def _listed(paths: Sequence[str]) -> str:
    shown = [path for path in paths if path.rpartition("/")[0] not in paths]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
