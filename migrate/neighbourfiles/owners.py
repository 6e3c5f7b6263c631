"""Lines of ``pattern rest``: who owns a file (CODEOWNERS), and how git treats it (.gitattributes).

Sources: GitHub and GitLab on CODEOWNERS (the last line that fits decides, in GitLab for each section);
gitattributes(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from migrate.callsites.edits import Edit
from migrate.neighbourfiles.model import Found, Said, Scene, line_end, lines, newline
from migrate.neighbourfiles.naming import names_dockerfile, spelled
from migrate.pathpatterns import PathPattern, pattern

_MOST_LINES = 5000
_LINE = re.compile(r"((?:\\.|[^\s\\#])(?:\\.|[^\s\\])*)([ \t]*)([^#]*)(?:#.*)?")
#: Attributes that are as right for an Earthfile. linguist-language and the like are not.
_CARRIED = re.compile(r"[-!]?(?:text|crlf|diff|whitespace|export-ignore|export-subst|ident)(?:=\S+)?|-?eol=\w+|binary")


class _Rule(NamedTuple):
    start: int
    pattern: str
    gap: str
    rest: str
    compiled: PathPattern | None


def code_owners(text: str, path: str, scene: Scene) -> Found:
    """Give each Earthfile the owners that its Dockerfile has, where a line names the Dockerfile."""
    edits: dict[tuple[int, str], None] = {}
    said: dict[tuple[int, str], Said] = {}
    for rules in _sections(text):
        for move in scene.moves:
            ignore = _last(rules, move.docker_ignore)
            named = ignore is not None and names_dockerfile(ignore.pattern)
            both = ((move.dockerfile, move.earthfile), (move.docker_ignore if named else move.dockerfile, move.ignore))
            for source, target in both:
                old, new = _last(rules, source), _last(rules, target)
                if not target or old is None or (new is not None and new.rest.split() == old.rest.split()):
                    continue
                if names_dockerfile(old.pattern):
                    edits[old.start, _line(old, target)] = None
                elif new is not None and target == move.earthfile:
                    fields = {"earthfile": target, "dockerfile": source, "owners": old.rest or "nobody"}
                    fields["others"] = new.rest or "nobody"
                    said[new.start, target] = Said(new.start, new.start + len(new.pattern), "EM853", fields)
    return Found(_inserted(text, edits), tuple(said.values()))


def attributes(text: str, path: str, scene: Scene) -> Found:
    """Give Earthfiles the line endings and the like that lines give to Dockerfiles."""
    edits: dict[tuple[int, str], None] = {}
    rules = _rules(text, 0)
    done: list[list[str]] = []
    for rule in rules:
        kept = " ".join(word for word in rule.rest.split() if _CARRIED.fullmatch(word))
        if not kept or not names_dockerfile(rule.pattern):
            continue
        for move in scene.moves:
            for source, targets in ((move.dockerfile, move.files), (move.docker_ignore, (move.ignore,))):
                if not _fits(rule, source):
                    continue
                for target in targets:
                    covered = any(_fits(one, target) and kept in one.rest for one in rules)
                    line = _line(rule._replace(rest=kept), target)
                    if target and not covered and line.split() not in done:
                        edits[rule.start, line] = None
                        done.append(line.split())
    return Found(_inserted(text, edits))


def _line(rule: _Rule, target: str) -> str:
    """``rule`` for ``target``, what follows the pattern in the same column where it can be."""
    new = spelled(rule.pattern, target, floating=True)
    new = re.sub(r"([\s#\\])", r"\\\1", new)
    gap = rule.gap if "\t" in rule.gap else " " * max(1, len(rule.pattern) + len(rule.gap) - len(new))
    return f"{new}{gap if rule.rest else ''}{rule.rest}"


def _inserted(text: str, new: dict[tuple[int, str], None]) -> tuple[Edit, ...]:
    places: dict[int, str] = {}
    for start, line in new:
        end = line_end(text, start)
        places[end] = places.get(end, "") + newline(text) + line
    return tuple(Edit(end, end, added) for end, added in places.items())


def _sections(text: str) -> Iterator[Sequence[_Rule]]:
    """GitLab's sections stand for themselves; without one the file is a single section."""
    starts = [0, *(match.start() for match in re.finditer(r"^\^?\[", text, re.MULTILINE)), len(text)]
    for first, last in pairwise(starts):
        yield _rules(text[first:last], first)


def _rules(text: str, offset: int) -> list[_Rule]:
    found = []
    for start, line in lines(text)[:_MOST_LINES]:
        bare = line.lstrip(" \t")
        match = _LINE.fullmatch(bare)
        if match is None or bare.startswith(("[", "^[", "#", "!")):
            continue
        name = match[1].replace("\\ ", " ").replace("\\#", "#")
        anchored = "/" in name.rstrip("/")
        compiled = pattern(name.strip("/"), anchored=anchored) if name.strip("/") else None
        found.append(_Rule(offset + start + len(line) - len(bare), name, match[2], match[3].rstrip(), compiled))
    return found


def _last(rules: Sequence[_Rule], path: str) -> _Rule | None:
    return next((rule for rule in reversed(rules) if _fits(rule, path)), None)


def _fits(rule: _Rule, path: str) -> bool:
    """Whether the pattern is for ``path`` or for a folder above it; ``*`` at the end of a path stays in its folder."""
    if rule.compiled is None or not path:
        return False
    if rule.compiled.matches(path):
        return not rule.pattern.endswith("/")
    if rule.pattern.endswith("/*"):
        return False
    parts = path.split("/")
    return any(rule.compiled.matches("/".join(parts[:size])) for size in range(1, len(parts)))
