"""What the Dockerfile frontend inside earth and its daemon get wrong: listed in mappings/fallback.yaml, found here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from migrate import folders
from migrate.archives import is_git, looked_at
from migrate.artifacts import clean
from migrate.context import Context
from migrate.dockerfile.model import (
    CopyDetail,
    HealthcheckDetail,
    Instruction,
    OnbuildDetail,
    Pair,
    PairsDetail,
    RunDetail,
    WordsDetail,
)
from migrate.dockerfile.words import parse_word
from migrate.fallen import PassedArgument
from migrate.mappings import Mappings
from migrate.settings import Settings
from migrate.spans import Span
from migrate.stages import Stage, StageGraph
from migrate.words import Variable, literal_text, variables

#: The builder expands nothing in the text of these; the shell does.
_LITERAL_TEXT = frozenset({"RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK", "MAINTAINER"})
_PATTERN_EXPANSION = r"\$\{[A-Za-z_][A-Za-z0-9_]*(?:#|%|/)"
_OWN_LABELS = frozenset(f"dev.earthly.{name}" for name in ("version", "git-sha", "built-by"))
_UNKNOWN_PLATFORM = r"\b(?:TARGETSTAGE|(?:BUILD|TARGET)OSVERSION)\b"
_SSH_ADDRESS = re.compile(r"ssh://|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:", re.IGNORECASE)


class Refusal(NamedTuple):
    """Why FROM DOCKERFILE would be no equal, and the instruction that says so."""

    reason: str
    span: Span


class Group(NamedTuple):
    """The stages that would fall together, and what there is to know about them."""

    graph: StageGraph
    selected: frozenset[int]
    """Each gets a FROM DOCKERFILE of its own."""
    delivered: frozenset[int]
    """The stages whose config ends in an image."""
    passed: tuple[PassedArgument, ...]
    settings: Settings
    mappings: Mappings
    context: Context
    found: frozenset[tuple[int, str]]
    """(line, code) of what the native conversion found."""


class _Site(NamedTuple):
    """One instruction, or the trigger in an ONBUILD, and where it stands; ``stage`` None is before the first FROM."""

    instruction: Instruction
    stage: Stage | None
    group: Group


def refusal(group: Group) -> Refusal | None:
    """The first reason against building ``group``, and all that it is made from, FROM DOCKERFILE."""
    entries = group.mappings.fallback["refuses"].values()
    needed = {index for member in group.selected for index in group.graph.reachable(member)}
    others = set(range(len(group.graph.stages))) - needed
    unreadable = [entry for entry in entries if entry.get("anywhere")]
    for stages, known in ((needed, entries), (others, unreadable)):
        for site in _sites(group, stages):
            for entry in known:
                if _matches(entry, site):
                    return Refusal(entry["reason"], site.instruction.span)
    return None


def _sites(group: Group, stages: Iterable[int]) -> Iterator[_Site]:
    graph = group.graph
    for instruction in graph.arguments:
        yield _Site(instruction, None, group)
    for index in sorted(stages):
        stage = graph.stages[index]
        for instruction in (stage.instruction, *stage.instructions):
            yield _Site(instruction, stage, group)
            if isinstance(instruction.detail, OnbuildDetail):
                yield _Site(instruction.detail.trigger, stage, group)


def _matches(entry: Mapping[str, Any], site: _Site) -> bool:
    if "flag" in entry:
        flag = site.instruction.flag(entry["flag"]["name"])
        return site.instruction.keyword == entry["flag"]["instruction"] and flag is not None and flag.value != "false"
    if "finding" in entry:
        lines = range(site.instruction.span.start.line, site.instruction.span.end.line + 1)
        return any((line, entry["finding"]) in site.group.found for line in lines)
    if "mount" in entry:
        return any(
            mount.type == entry["mount"] and ("option" not in entry or mount.has(entry["option"]))
            for mount in _mounts(site)
        )
    return CHECKS[entry["check"]](site)


def _mounts(site: _Site) -> Iterable[Any]:
    detail = site.instruction.detail
    return detail.mounts if isinstance(detail, RunDetail) else ()


def _overwritten_label(site: _Site) -> bool:
    """Whether a LABEL has a key that SAVE IMAGE writes."""
    detail = site.instruction.detail
    if site.instruction.keyword != "LABEL" or not isinstance(detail, PairsDetail):
        return False
    escape = site.group.graph.dockerfile.escape
    keys = {literal_text(parse_word(pair.key, escape)) for pair in detail.pairs}
    return site.group.settings.fidelity != "exact" and bool(_OWN_LABELS & keys)


def _network_host(site: _Site) -> bool:
    flag = site.instruction.flag("network")
    return site.instruction.keyword == "RUN" and flag is not None and flag.value == "host"


def _mode(site: _Site) -> str:
    flag = site.instruction.flag("chmod")
    return (flag.value or "") if flag is not None and isinstance(site.instruction.detail, CopyDetail) else ""


def _is_octal(mode: str) -> bool:
    return mode.isdigit() and not set(mode) & set("89")


def _symbolic_mode(site: _Site) -> bool:
    mode = _mode(site)
    return bool(mode) and "$" not in mode and not _is_octal(mode)


def _variable_mode(site: _Site) -> bool:
    return "$" in _mode(site)


def _special_mode(site: _Site) -> bool:
    return _is_octal(_mode(site)) and int(_mode(site), 8) > 0o777


def _new_folder_mode(site: _Site) -> bool:
    """Whether a --chmod may create folders: a destination that is neither a standard folder nor a WORKDIR."""
    detail, stage = site.instruction.detail, site.stage
    if _mode(site) in ("", "755", "0755") or stage is None or not isinstance(detail, CopyDetail):
        return False
    target = detail.destination.text
    if target in (".", "./"):
        return False
    if not target.startswith("/") or "$" in target:
        return True
    folder = clean(target) if target.endswith("/") else clean(target).rpartition("/")[0] or "/"
    chain = site.group.graph.chain(stage.index)
    made = {
        clean(item.operand)
        for index in chain
        for item in site.group.graph.stages[index].instructions
        if item.keyword == "WORKDIR" and item.operand.startswith("/") and item.span < site.instruction.span
    }
    is_image = not site.group.graph.stages[chain[-1]].is_scratch
    return folder != "/" and folder not in made and not (is_image and folders.is_standard(folder, site.group.mappings))


def _sources(site: _Site) -> tuple[str, ...]:
    """What an ADD takes."""
    detail = site.instruction.detail
    if site.instruction.keyword != "ADD" or not isinstance(detail, CopyDetail):
        return ()
    return tuple(source.text for source in detail.sources if source.heredoc is None)


def _owner_of_unpacked(site: _Site) -> bool:
    """Whether an ADD with --chown may unpack something: what cannot be looked at may be an archive."""
    local = [source for source in _sources(site) if "://" not in source]
    return site.instruction.flag("chown") is not None and any(
        looked_at(source, site.group.context) is not False for source in local
    )


def _unpack_flag(site: _Site) -> bool:
    """Also ``--unpack=false`` is a flag that it does not know."""
    return site.instruction.keyword == "ADD" and site.instruction.flag("unpack") is not None


def _git_over_ssh(site: _Site) -> bool:
    return any(_SSH_ADDRESS.match(source) for source in _sources(site))


def _expanded_text(site: _Site) -> str:
    """What the builder itself expands in an instruction."""
    item = site.instruction
    if item.keyword in _LITERAL_TEXT or isinstance(item.detail, OnbuildDetail):
        return item.text[: item.operand_start]
    return item.text + "".join(heredoc.body for heredoc in item.heredocs if heredoc.expand)


def _pattern_expansion(site: _Site) -> bool:
    return re.search(_PATTERN_EXPANSION, _expanded_text(site)) is not None


def _expose_substitution(site: _Site) -> bool:
    """Whether a port has text in front of a substitution with an operator."""
    detail = site.instruction.detail
    if site.instruction.keyword != "EXPOSE" or not isinstance(detail, WordsDetail):
        return False
    words = [parse_word(operand.text, site.group.graph.dockerfile.escape) for operand in detail.operands]
    return any(isinstance(part, Variable) and part.operator for word in words for part in word[1:])


def _pairs(site: _Site) -> tuple[Pair, ...]:
    """The pairs of an ARG."""
    detail = site.instruction.detail
    return detail.pairs if site.instruction.keyword == "ARG" and isinstance(detail, PairsDetail) else ()


def _emptied_argument(site: _Site) -> bool:
    """Whether a bare global ARG follows one with a default, and that default is not passed on."""
    if site.stage is not None:
        return False
    before = {
        pair.key
        for item in site.group.graph.arguments
        if item.span < site.instruction.span and isinstance(item.detail, PairsDetail)
        for pair in item.detail.pairs
        if pair.value is not None
    }
    names = {pair.key for pair in _pairs(site) if pair.value is None} & before
    return any(item.name in names and item.default is None for item in site.group.passed)


def _unknown_platform_argument(site: _Site) -> bool:
    return site.instruction.keyword in ("ARG", "FROM") and bool(re.search(_UNKNOWN_PLATFORM, site.instruction.text))


def _mixed_platform_argument(site: _Site) -> bool:
    """Whether a BUILD argument has a default in one place and none in another."""
    names = [pair.key for pair in _pairs(site) if pair.key.startswith("BUILD") and pair.value is not None]
    return any(item.name in names and item.default is None for item in site.group.passed)


def _several_arguments(site: _Site) -> bool:
    """Whether a pair of an ARG in a stage reads one in front of it on the same line."""
    before: set[str] = set()
    for pair in _pairs(site) if site.stage is not None else ():
        word = parse_word(pair.value or "", site.group.graph.dockerfile.escape)
        if before & {used.name for used in variables(word)}:
            return True
        before.add(pair.key)
    return False


def _broken_array(site: _Site) -> bool:
    """Whether a JSON array stands at the beginning of an operand that is no array as a whole."""
    item = site.instruction
    if isinstance(item.detail, OnbuildDetail) or item.exec_form is not None or item.heredocs:
        return False
    text = item.operand.lstrip()
    if isinstance(item.detail, HealthcheckDetail):
        text = "" if item.detail.exec_form is not None else item.detail.text
    if not text.startswith("["):
        return False
    try:
        json.JSONDecoder().raw_decode(text)
    except ValueError:
        return False
    return True


def _heredoc_after_blank(site: _Site) -> bool:
    return bool(site.instruction.heredocs) and re.search(r"<<-?[ \t]", site.instruction.text) is not None


def _check_directive(site: _Site) -> bool:
    names = [directive.name for directive in site.group.graph.dockerfile.directives]
    return "check" in names and "escape" in names[names.index("check") :]


def _escape_in_flags(site: _Site) -> bool:
    flags = site.instruction.text[: site.instruction.operand_start]
    return site.group.graph.dockerfile.escape != "\\" and bool(set(flags) & {"\\", "`"})


def _trigger_with_source(site: _Site) -> bool:
    trigger = site.instruction.detail.trigger if isinstance(site.instruction.detail, OnbuildDetail) else None
    if trigger is None:
        return False
    mounts = trigger.detail.mounts if isinstance(trigger.detail, RunDetail) else ()
    return trigger.flag("from") is not None or any(mount.has("from") for mount in mounts)


def _git_source(site: _Site) -> bool:
    return any(map(is_git, _sources(site)))


def _selected(site: _Site) -> Stage | None:
    """The stage, at its FROM, when a FROM DOCKERFILE of its own selects it."""
    stage = site.stage
    if stage is None or site.instruction is not stage.instruction or stage.index not in site.group.selected:
        return None
    return stage


def _named_context(site: _Site) -> bool:
    stage = site.stage
    return stage is not None and site.instruction is stage.instruction and stage.index in site.group.graph.named


def _unnamed(site: _Site) -> bool:
    stage = _selected(site)
    return stage is not None and stage.name is None and stage is not site.group.graph.stages[-1]


def _hidden(site: _Site) -> bool:
    stage = _selected(site)
    return stage is not None and stage.name is not None and site.group.graph.find_target(stage.name) != stage.index


def _artifact_path(site: _Site) -> bool:
    return _selected(site) is not None and re.search(r"\+[^+]*/", site.group.settings.dockerfile or "") is not None


def _standard_input(site: _Site) -> bool:
    return _selected(site) is not None and site.group.settings.dockerfile is None


CHECKS: Mapping[str, Callable[[_Site], bool]] = {
    check.__name__.removeprefix("_"): check
    for check in (
        _network_host,
        _overwritten_label,
        _symbolic_mode,
        _variable_mode,
        _special_mode,
        _new_folder_mode,
        _owner_of_unpacked,
        _unpack_flag,
        _git_over_ssh,
        _pattern_expansion,
        _expose_substitution,
        _emptied_argument,
        _unknown_platform_argument,
        _mixed_platform_argument,
        _several_arguments,
        _broken_array,
        _heredoc_after_blank,
        _check_directive,
        _escape_in_flags,
        _trigger_with_source,
        _git_source,
        _named_context,
        _unnamed,
        _hidden,
        _standard_input,
        _artifact_path,
    )
}
"""The tests that mappings/fallback.yaml names."""
