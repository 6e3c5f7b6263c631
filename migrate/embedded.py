"""What the Dockerfile frontend inside earth and its daemon get wrong: listed in mappings/fallback.yaml, found here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from migrate import folders
from migrate.artifacts import clean
from migrate.diagnostics import Diagnostic
from migrate.dockerfile.model import CopyDetail, Instruction, OnbuildDetail, PairsDetail, RunDetail
from migrate.dockerfile.words import parse_word
from migrate.mappings import Mappings
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import Stage, StageGraph
from migrate.words import variables

#: The builder expands nothing in the text of these; the shell does.
_LITERAL_TEXT = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK", "MAINTAINER"})
_PATTERN_EXPANSION = r"\$\{[A-Za-z_][A-Za-z0-9_]*(?:#|%|/)"
_BUILD_PLATFORM = r"\bBUILD(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)\b"


class Refusal(NamedTuple):
    """Why FROM DOCKERFILE would be no equal, and the instruction that says so."""

    reason: str
    span: Span


class _Site(NamedTuple):
    """One instruction, or the trigger in an ONBUILD, and where it stands; ``stage`` None is before the first FROM."""

    instruction: Instruction
    stage: Stage | None
    graph: StageGraph
    settings: Settings
    selected: frozenset[int]
    """The stages that a FROM DOCKERFILE of their own selects."""
    delivered: frozenset[int]
    """The stages whose config ends in an image."""
    found: frozenset[tuple[int, str]]
    """(line, code) of what the native conversion found."""
    mappings: Mappings


def refusal(
    selected: frozenset[int],
    delivered: frozenset[int],
    graph: StageGraph,
    findings: Iterable[Diagnostic],
    settings: Settings,
    mappings: Mappings,
) -> Refusal | None:
    """The first reason against building ``selected``, and all that they are made from, FROM DOCKERFILE."""
    entries = mappings.fallback["refuses"]
    found = frozenset((item.span.start.line, item.code) for item in findings if item.span is not None)
    for site in _sites(selected, delivered, found, graph, settings, mappings):
        for entry in entries.values():
            if _matches(entry, site):
                return Refusal(entry["reason"], site.instruction.span)
    return None


def _sites(
    selected: frozenset[int],
    delivered: frozenset[int],
    found: frozenset[tuple[int, str]],
    graph: StageGraph,
    settings: Settings,
    mappings: Mappings,
) -> Iterator[_Site]:
    for instruction in graph.arguments:
        yield _Site(instruction, None, graph, settings, selected, delivered, found, mappings)
    for index in sorted({index for member in selected for index in graph.reachable(member)}):
        stage = graph.stages[index]
        for instruction in (stage.instruction, *stage.instructions):
            yield _Site(instruction, stage, graph, settings, selected, delivered, found, mappings)
            if isinstance(instruction.detail, OnbuildDetail):
                yield _Site(instruction.detail.trigger, stage, graph, settings, selected, delivered, found, mappings)


def _matches(entry: Mapping[str, Any], site: _Site) -> bool:
    if "flag" in entry:
        flag = site.instruction.flag(entry["flag"]["name"])
        return site.instruction.keyword == entry["flag"]["instruction"] and flag is not None and flag.value != "false"
    if "finding" in entry:
        lines = range(site.instruction.span.start.line, site.instruction.span.end.line + 1)
        return any((line, entry["finding"]) in site.found for line in lines)
    if "mount" in entry:
        return any(
            mount.type == entry["mount"] and ("option" not in entry or mount.has(entry["option"]))
            for mount in _mounts(site)
        )
    return CHECKS[entry["check"]](site)


def _mounts(site: _Site) -> Iterable[Any]:
    detail = site.instruction.detail
    return detail.mounts if isinstance(detail, RunDetail) else ()


def _network_host(site: _Site) -> bool:
    flag = site.instruction.flag("network")
    return site.instruction.keyword == "RUN" and flag is not None and flag.value == "host"


def _mode(site: _Site) -> str:
    flag = site.instruction.flag("chmod")
    return (flag.value or "") if flag is not None and isinstance(site.instruction.detail, CopyDetail) else ""


def _symbolic_mode(site: _Site) -> bool:
    mode = _mode(site)
    return bool(mode) and "$" not in mode and (not mode.isdigit() or bool(set(mode) & set("89")))


def _special_mode(site: _Site) -> bool:
    mode = _mode(site)
    return mode.isdigit() and not set(mode) & set("89") and int(mode, 8) > 0o777


def _new_folder_mode(site: _Site) -> bool:
    """Whether a --chmod may create folders: a destination that is neither a standard folder nor a WORKDIR."""
    mode, detail = _mode(site), site.instruction.detail
    if mode in ("", "755", "0755") or site.stage is None or not isinstance(detail, CopyDetail):
        return False
    target = detail.destination.text
    if target in (".", "./"):
        return False
    path = clean(target) if target.startswith("/") and "$" not in target else None
    if path is None:
        return True
    chain = site.graph.chain(site.stage.index)
    rooted = not site.graph.stages[chain[-1]].is_scratch
    made = {
        clean(item.operand)
        for index in chain
        for item in site.graph.stages[index].instructions
        if item.keyword == "WORKDIR" and item.operand.startswith("/") and item.span < site.instruction.span
    }
    folder = path if target.endswith("/") else path.rpartition("/")[0] or "/"
    return not (folder == "/" or folder in made or (rooted and folders.is_standard(folder, site.mappings)))


def _expanded_text(site: _Site) -> str:
    """What the builder itself expands in an instruction."""
    item = site.instruction
    if item.keyword in _LITERAL_TEXT or isinstance(item.detail, OnbuildDetail):
        return item.text[: item.operand_start]
    return item.text + "".join(heredoc.body for heredoc in item.heredocs if heredoc.expand and item.keyword != "RUN")


def _pattern_expansion(site: _Site) -> bool:
    return re.search(_PATTERN_EXPANSION, _expanded_text(site)) is not None


def _bare_platform_argument(site: _Site) -> bool:
    detail = site.instruction.detail
    return (
        site.stage is None
        and isinstance(detail, PairsDetail)
        and any(pair.value is None and pair.key.startswith(("TARGET", "BUILD")) for pair in detail.pairs)
    )


def _build_platform(site: _Site) -> bool:
    return site.instruction.keyword in ("ARG", "FROM") and re.search(_BUILD_PLATFORM, site.instruction.text) is not None


def _several_arguments(site: _Site) -> bool:
    """Whether a pair of an ARG in a stage reads one in front of it on the same line."""
    detail = site.instruction.detail
    if site.stage is None or site.instruction.keyword != "ARG" or not isinstance(detail, PairsDetail):
        return False
    before: set[str] = set()
    for pair in detail.pairs:
        word = parse_word(pair.value or "", site.graph.dockerfile.escape)
        if before & {used.name for used in variables(word)}:
            return True
        before.add(pair.key)
    return False


def _broken_array(site: _Site) -> bool:
    """Whether an operand begins with a whole array and goes on after it."""
    item = site.instruction
    if item.exec_form is not None or isinstance(item.detail, OnbuildDetail):
        return False
    return re.match(r"""\s*\[(?:\s*"(?:[^"\\]|\\.)*"\s*,?)*\s*\]""", item.operand) is not None


def _stored_trigger(site: _Site) -> bool:
    return site.instruction.keyword == "ONBUILD" and site.stage is not None and site.stage.index in site.delivered


def _is_selected(site: _Site) -> bool:
    stage = site.stage
    return stage is not None and site.instruction is stage.instruction and stage.index in site.selected


def _unnamed(site: _Site) -> bool:
    stage = site.stage
    return _is_selected(site) and stage is not None and stage.name is None and stage is not site.graph.stages[-1]


def _hidden(site: _Site) -> bool:
    stage = site.stage
    if not _is_selected(site) or stage is None or stage.name is None:
        return False
    return site.graph.find_target(stage.name) != stage.index


def _standard_input(site: _Site) -> bool:
    return _is_selected(site) and site.settings.dockerfile is None


CHECKS: Mapping[str, Callable[[_Site], bool]] = {
    "network_host": _network_host,
    "symbolic_mode": _symbolic_mode,
    "special_mode": _special_mode,
    "new_folder_mode": _new_folder_mode,
    "pattern_expansion": _pattern_expansion,
    "bare_platform_argument": _bare_platform_argument,
    "build_platform": _build_platform,
    "several_arguments": _several_arguments,
    "broken_array": _broken_array,
    "stored_trigger": _stored_trigger,
    "unnamed": _unnamed,
    "hidden": _hidden,
    "standard_input": _standard_input,
}
"""The tests that mappings/fallback.yaml names."""
